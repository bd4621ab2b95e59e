import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// Weights in few bits.
@Suite struct RoundingTests {
  private func weights(_ values: [Float], bits: Int) throws -> [Float] {
    let layer = try DenseLayer(weight: try Tensor(values, shape: [1, values.count]), bias: nil)
    let network = try Network(inputShape: [1]).appending(layer, seed: 0)
    return try network.roundingWeights(bits: bits).layers[0].parameters[0].value.scalars
  }

  @Test func theLargestWeightKeepsItsValue() throws {
    // Three bits: -3 ... 3 times 2/3.
    let rounded = try weights([2, -2, 1, 0.3, 0.4, 0], bits: 3)
    let expected: [Float] = [2, -2, 4 / 3, 0, 2 / 3, 0]
    for (value, wanted) in zip(rounded, expected) { #expect(abs(value - wanted) < 1e-6) }
  }

  @Test func oneBitKeepsSignsAndZeros() throws {
    #expect(try weights([3, -1, 0, 2], bits: 1) == [2, -2, 0, 2])
  }

  @Test func noBitsAreRefused() throws {
    #expect(throws: Fault.self) { try weights([1], bits: 0) }
  }

  @Test func aLayerOfZerosStaysZero() throws {
    #expect(try weights([0, 0], bits: 8) == [0, 0])
  }

  private func network(_ values: [Float], _ shape: [Int], bias: [Float]? = nil, _ neurons: any NeuronModel = LIF()) throws -> Network {
    let layer = try DenseLayer(
      weight: try Tensor(values, shape: shape), bias: try bias.map { (row) throws(Fault) in try Tensor(row, shape: [row.count]) })
    return try Network(inputShape: [shape[0]]).appending(layer, seed: 0).appending(NeuronLayer(neurons), seed: 0)
  }

  private func onChip(
    _ network: Network, _ chip: Chip, bits: Int? = nil, scale: WeightRounding.Scale = .layer, clip: Double = 1
  ) throws(Fault) -> ChipNetwork {
    try ChipNetwork(network, on: chip, rules: try CoreRules(chip, weightBits: bits), scale: scale, clip: clip)
  }

  private func parameter(_ network: Network, _ layer: Int, _ number: Int) -> [Float] {
    network.layers[layer].parameters[number].value.scalars
  }

  /// Q = 2^(b-1) - 1 on both sides, and halves go away from zero.
  @Test func rangesAreSymmetricAndHalvesGoAwayFromZero() throws {
    #expect(try weights([7, -7, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49], bits: 4) == [7, -7, 1, -1, 2, 3, -3, 0])
    let rounded = try weights((-200...200).map { Float($0) / 200 }, bits: 3)
    #expect(Set(rounded.map { ($0 * 3).rounded() }).count == 7)
    for (value, whole) in zip(rounded, rounded.map({ ($0 * 3).rounded() })) { #expect(abs(value * 3 - whole) < 1e-6) }
  }

  @Test func roundingTwiceChangesNothing() throws {
    var draws = RandomStream(seed: 2, purpose: "test")
    for bits in [2, 3, 5, 8, 16] {
      let once = try weights((0..<300).map { _ in draws.normal() }, bits: bits)
      let twice = try weights(once, bits: bits)
      #expect(zip(once, twice).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($0), abs($1)) && ($0 == 0) == ($1 == 0) })
    }
  }

  @Test func anOutlierIsNamedAndClippedAway() throws {
    var draws = RandomStream(seed: 3, purpose: "test")
    var values = (0..<400).map { _ in Float(draws.uniformDouble() - 0.5) }
    values[17] = 100
    let net = try network(values, [20, 20])
    let chip = PlacementSamples.chip()
    let plain = try onChip(net, chip)
    #expect(plain.weights[0].zeroed > 250 && plain.weights[0].clipped == 0)
    #expect(plain.warnings.count == 2)
    #expect(plain.warnings[0].hasPrefix("rounding to 8 bits takes \(plain.weights[0].zeroed) of the 400 weights of layer 0, dense("))
    #expect(plain.warnings[1].hasPrefix("one weight sets the scale of layer 0, dense("))
    #expect(plain.warnings[1].contains("the largest, 100.0, is") && plain.warnings[1].contains("clip=0.999"))
    let clipped = try onChip(net, chip, clip: 0.997)
    #expect(clipped.weights[0].clipped == 1 && clipped.weights[0].zeroed < 10)
    #expect(parameter(clipped.network, 0, 0)[17] == parameter(clipped.network, 0, 0).max())
    let each = try onChip(net, chip, scale: .output)
    #expect(each.weights[0].steps.count == 20 && each.weights[0].zeroed < 40)
    // Weights without outliers, in enough bits, give no warning.
    #expect(try onChip(try network(values.map { min($0, 0.5) }, [20, 20]), chip).warnings.isEmpty)
  }

  /// Each output's largest weight keeps its value.
  @Test func outputsHaveScalesOfTheirOwn() throws {
    let net = try network([1, 100, 0.5, 30, -0.24, 1], [3, 2])
    let rounded = parameter(try onChip(net, PlacementSamples.chip(weightBits: 3), scale: .output).network, 0, 0)
    let expected: [Float] = [1, 100, 2 / 3, 100 / 3, -1 / 3, 0]
    for (value, wanted) in zip(rounded, expected) { #expect(abs(value - wanted) < 1e-4 * max(1, abs(wanted))) }
    let kernels = try ConvLayer(weight: try Tensor([1, 0.5, 100, 20], shape: [2, 1, 1, 2]), bias: nil)
    let conv = try Network(inputShape: [1, 1, 2]).appending(kernels, seed: 0).appending(NeuronLayer(LIF()), seed: 0)
    let channels = parameter(try onChip(conv, PlacementSamples.chip(weightBits: 2), scale: .output).network, 0, 0)
    #expect(channels == [1, 1, 100, 0])
  }

  @Test func aScaleForEachOutputNeedsAThresholdThatTakesIt() throws {
    let recurrent = try Network(inputShape: [3]).appending(DenseLayer(outputs: 3), seed: 0)
      .appending(RecurrentLayer(LIF()), seed: 0)
    let fault = #expect(throws: Fault.self) { try onChip(recurrent, PlacementSamples.chip(), scale: .output) }
    #expect(fault?.title == "a scale for each output cannot be kept on small")
    #expect(fault?.label == "layer 0, dense(outputs=3): recurrent weights of another scale meet it")
  }

  @Test func noMoreScalesThanACoreHasThresholds() throws {
    var chip = PlacementSamples.chip()
    chip.neuron[.thresholdKinds] = Figure(2, grade: .derived, source: "a test")
    let net = try network([1, 2, 3, 4], [1, 4])
    let steps = try onChip(net, chip, scale: .output).weights[0].steps
    #expect(steps == [2, 2, 4, 4].map { $0 / 127 })
  }

  /// An output of large weights has a scale of its own: the others keep theirs to their largest ratio.
  @Test func scalesAreSharedByTheAlike() throws {
    var chip = PlacementSamples.chip()
    chip.neuron[.thresholdKinds] = Figure(2, grade: .derived, source: "a test")
    let steps = try onChip(try network([1.1, 1, 100, 1.2], [1, 4]), chip, scale: .output).weights[0].steps
    #expect(steps == [1.2, 1.2, 100, 1.2].map { $0 / 127 })
    #expect(ChipNetwork.levels(of: [1, 2, 4, 8, 1000], count: 3) == [2, 8, 1000])
    #expect(ChipNetwork.levels(of: [1, 2], count: 3) == [1, 2])
    #expect(ChipNetwork.levels(of: [], count: 1) == [])
  }

  /// Outputs that are left without a weight are named, whatever they were rounded with.
  @Test func outputsWithoutAWeightAreNamed() throws {
    let chip = PlacementSamples.chip()
    let net = try network([1, 0.001, 0, 1, 0.002, 0], [2, 3])
    let rounded = try onChip(net, chip)
    #expect(rounded.weights[0].outputs == 3 && rounded.weights[0].silenced == [1])
    #expect(rounded.warnings.contains { $0.hasPrefix("rounding to 8 bits leaves 1 of the 3 outputs of layer 0") })
    #expect(try onChip(net, chip, scale: .output).weights[0].silenced == [])
  }

  /// The formats of Loihi, by hand.
  @Test func thresholdsBiasesAndDecaysAreRounded() throws {
    let chip = try ChipFiles.chip("loihi1")
    let net = try network([0.5, -0.3, 0.1, 0.2], [2, 2], bias: [0.123, -0.0456], LIF(beta: 0.9, threshold: 1))
    let rounded = try onChip(net, chip)
    let lif = try #require((rounded.network.layers[1] as? NeuronLayer)?.model as? LIF)
    // (1 - 0.9)·4096 = 409.6 is 410 of 4096.
    #expect(lif.beta == Float(1 - 410.0 / 4096))
    // A step of weights is 0.5/127, so that the threshold is 254 of them, and 32,512 in steps of a 128th: exact.
    #expect(lif.threshold == 1)
    // Biases have 2^(7 + 6) steps in one of weights: 0.123 is 255,934.5 of them, 12 bits times 2^6: 3,999·64.
    let unit = 0.5 / 127 / 8192
    #expect(abs(Double(parameter(rounded.network, 0, 1)[0]) - 3999 * 64 * unit) < 1e-8)
    #expect(abs(Double(parameter(rounded.network, 0, 1)[1]) + 2965 * 32 * unit) < 1e-8)
    #expect(rounded.rounded == ["weights (8 bits, one scale a layer)", "thresholds (17 bits)", "biases (12 bits)", "decays (12 bits)"])
    #expect(rounded.kept == ["potentials"])
    // A threshold of 300.4 steps of weights where only whole steps can be kept.
    var coarse = chip
    coarse.neuron[.weightExponent] = Figure(0, grade: .derived, source: "a test")
    let odd = try network([0.127], [1, 1], LIF(beta: 1, threshold: 0.3004))
    let model = try #require((try onChip(odd, coarse).network.layers[1] as? NeuronLayer)?.model as? LIF)
    #expect(abs(model.threshold - 0.3) < 1e-6)
  }

  @Test func whatIsNotRoundedIsSaid() throws {
    let report = try onChip(try network([1], [1, 1]), try ChipFiles.chip("truenorth"))
    #expect(report.rounded.map { $0.prefix(10) } == ["weights (4", "thresholds"])
    #expect(report.kept == ["potentials", "biases, decays (the chip's file names no bits for them)"])
    let floats = try onChip(try network([1], [1, 1]), try ChipFiles.chip("gpu"))
    #expect(floats.rounded.isEmpty && floats.kept == ["all numbers: they are floating-point numbers here"])
    let fixed = try onChip(try network([1], [1, 1], LIF(beta: 0.9, threshold: 0.3)), try ChipFiles.chip("spinnaker"))
    let lif = try #require((fixed.network.layers[1] as? NeuronLayer)?.model as? LIF)
    #expect(lif.beta == Float(29491.0 / 32768) && lif.threshold == Float(9830.0 / 32768))
  }

  /// What is placed, charged and measured is the rounded network.
  @Test func theReportIsOfTheRoundedNetwork() throws {
    var draws = RandomStream(seed: 6, purpose: "test")
    let net = try network((0..<200).map { _ in draws.normal() }, [20, 10])
    var options = PlaceOptions()
    options.weightBits = 2
    let report = try place(net, on: PlacementSamples.chip(), options)
    let kept = try net.roundingWeights(bits: 2).layers[0].parameters[0].value.scalars.count { $0 != 0 }
    #expect(report.synapses == kept && kept < 120)
    let operations = report.placed.load.cores.reduce(0) { $0 + $1.synapticOperations }
    #expect(abs(operations - 0.1 * Double(kept)) < 1e-5)
    let stream = StreamPlacement.self
    let placed = try stream.init(net, on: report.chip, mapping: report)
    #expect(placed.network.layers[0].parameters[0].value.scalars.count { $0 != 0 } == kept)
  }
}
