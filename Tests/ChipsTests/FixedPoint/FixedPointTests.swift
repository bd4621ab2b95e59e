import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// Neurons in whole numbers: hand vectors of the tools, and what must hold of any deployment.
@Suite struct FixedPointTests {
  /// Potentials of one neuron over steps in which some of its inputs fire.
  private func potentials(_ cell: any FixedPointCell, _ synapses: [SynapseTable.Synapse], _ rows: [String], isLate: Bool = false) -> [Int64] {
    let inputs = rows[0].count
    let network = FixedPointNetwork([
      .init(
        name: "one", cell: cell,
        links: [.init(source: nil, table: SynapseTable(synapses, sources: inputs, targets: cell.count), isLate: isLate)])
    ])
    var state = network.initialState
    return rows.map { row in
      let events = row.enumerated().filter { $0.element == "1" }.map { FixedPointNetwork.Event(source: Int32($0.offset)) }
      network.advance(&state, events: events)
      return state.cells[0].potentials[0]
    }
  }

  private func synapses(_ weights: [Int32], delays: [Int] = [], ports: [Int] = []) -> [SynapseTable.Synapse] {
    weights.enumerated().map {
      .init(
        source: $0.offset, target: 0, weight: $0.element, port: ports.isEmpty ? 0 : ports[$0.offset],
        delay: delays.isEmpty ? 0 : delays[$0.offset])
    }
  }

  // Numbers of nengo-loihi 1.1's emulator.
  @Test func loihiByNengo() {
    var own = MultipliedDecayCell.Parameters(keepCurrent: 4095 - 741, keep: 4096 - 200, threshold: 179_712, bias: 1755)
    (own.least, own.most) = (-131_071, 8_388_607)
    var rules = MultipliedDecayCell.Rules()
    rules.sumOverflow = .wraps(bits: 21)
    rules.currentOverflow = .wraps(bits: 23)
    rules.addsBiasToCurrent = true
    let rows = ["0110", "1010", "0000", "0111", "0011", "0001", "1000", "0000", "0000", "1000", "0000"]
    let found = potentials(MultipliedDecayCell([own], rules), synapses([5760, 6272, 16_256, -512]), rows, isLate: true)
    #expect(found == [1755, 25_952, 66_902, 98_523, 144_613, 0, 47_087, 89_422, 121_922, 146_474, 170_378])
  }

  // Numbers of Lava 0.10's bit-accurate models.
  @Test func loihiByLava() {
    #expect(LavaWeights.rounded([107, -13, -12, -10], bits: 8) == [106, -14, -12, -10])
    #expect(Brian2LoihiWeights.rounded([107, -13, -12, -10], exponent: 0, isMixed: true, bits: 8) == [106, -12, -12, -10].map { $0 * 64 })
    var rules = MultipliedDecayCell.Rules()
    (rules.sumExponent, rules.sumShift, rules.currentOverflow) = (1, 6, .wrapsAbove(bits: 23))
    let own = MultipliedDecayCell.Parameters(keepCurrent: 4095 - 1024, keep: 4096 - 200, threshold: 400 << 6)
    let rows = ["0001", "1010", "1000", "0001", "1100", "1100", "0110", "0000", "0000"]
    let found = potentials(MultipliedDecayCell([own], rules), synapses([106, -14, -12, -10]), rows, isLate: true)
    #expect(found == [0, -1280, 9856, 0, 15_117, 0, 0, 18_491, 0])
  }

  // Numbers of XyloSim 0.1.3.
  @Test func xylo() {
    let cell = ShiftedDecayCell(
      [.init(currentShifts: [4], shift: 3, threshold: 328)], ports: 1, most: 31)
    #expect(potentials(cell, synapses([127]), [String](repeating: "1", count: 7)) == [120, 9, 17, 122, 306, 226, 237])
  }

  @Test func trueNorth() {
    var own = AxonTypeCell.Parameters(weights: [12, -18, 18, -12], threshold: 143, floor: 1 << 18)
    (own.leak, own.reset) = (3, .none)
    let cell = AxonTypeCell([own], random: RandomStream(seed: 0, purpose: "test"))
    let rows = ["1011", "1111", "0111", "1001", "0111", "1111"]
    #expect(potentials(cell, synapses([1, 1, 1, 1], ports: [2, 2, 1, 0]), rows) == [15, 48, 63, 96, 111, 144])
  }

  @Test func chanceOfTrueNorthIsThatOfItsNumbers() {
    var own = AxonTypeCell.Parameters(weights: [64], threshold: 1 << 18, floor: 1 << 18)
    (own.isStochastic, own.leak, own.leakIsStochastic) = ([true], -128, true)
    let cell = AxonTypeCell([own], types: 1, random: RandomStream(seed: 3, purpose: "test"))
    // A quarter of a step up for each spike, and half a step down.
    let last = potentials(cell, synapses([1]), [String](repeating: "1", count: 4000)).last ?? 0
    #expect(abs(Double(last) + 1000) < 150)
    var noisy = AxonTypeCell.Parameters(weights: [10], threshold: 10, floor: 1 << 18)
    noisy.mask = 15
    let fires = potentials(AxonTypeCell([noisy], types: 1, random: RandomStream(seed: 3, purpose: "test")), synapses([1]), ["1", "1", "1", "1"])
    #expect(fires.allSatisfy { $0 >= 0 && $0 < 25 })
  }

  // Numbers of sPyNNaker's equations.
  @Test func spiNNaker() {
    let own = ExponentialCell.Parameters(
      rest: -2_129_920, reset: -2_293_760, threshold: -1_802_240, resistance: 655_360, keep: 31_170, offset: 1638, restSteps: 2,
      currentKeep: [3_516_421_808, 3_516_421_808], currentGain: [3_892_727_436, 3_892_727_436], shifts: [4, 4])
    let rows = ["101", "001", "111", "000", "001", "110", "011"]
    let found = potentials(ExponentialCell([own]), synapses([922, 1828, 1604], delays: [2, 4, 8]), rows)
    #expect(found == [-2_128_322, -2_126_802, -2_112_316, -2_100_901, -2_078_938, -2_061_994, -2_023_256])
  }

  @Test func speckFiresSeveralTimesAStep() {
    let cell = IntegrateCell([.init(threshold: 10, bias: 1, least: -10)])
    #expect(potentials(cell, synapses([34, -90]), ["10", "00", "01", "10"]) == [5, 6, -10, 5])
  }

  @Test func whatOverflowsWrapsOrStays() {
    #expect((Int64(1) << 21).wrapped(bits: 21) == -(1 << 21))
    #expect((Int64(1) << 21 - 1).wrapped(bits: 21) == 1 << 21 - 1)
    #expect((-(Int64(1) << 21) - 1).wrapped(bits: 21) == 1 << 21 - 1)
    #expect(MultipliedDecayCell.Overflow.wrapsAbove(bits: 23).of(1 << 23) == 1 << 23)
    #expect(MultipliedDecayCell.Overflow.wrapsAbove(bits: 23).of(1 << 23 + 1) == -(1 << 23) + 1)
    #expect(MultipliedDecayCell.Overflow.unbounded.of(.max) == largestState)
    #expect(Int64(-7).kept(2048) == -3)
  }

  // MARK: Deployments

  private func spikes(_ shape: [Int], share: Float, seed: UInt64) throws -> Spikes {
    var random = RandomStream(seed: seed, purpose: "spikes")
    let values = try Tensor((0..<shape.reduce(1, *)).map { _ in random.uniform() < share ? 1 : 0 }, shape: shape)
    return try Spikes(values)
  }

  /// Weights in steps of 1/128 up to 127 of them: what 8 bits with a sign hold exactly, and sums of floats too.
  private func weights(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var random = RandomStream(seed: seed, purpose: "weights")
    var values = (0..<shape.reduce(1, *)).map { _ in Float(random.integer(below: 200) - 80) / 128 }
    values[0] = 127 / 128
    return try Tensor(values, shape: shape)
  }

  private func network(_ reset: LIF.Reset, beta: Float = 1) throws -> Network {
    let cell = NeuronLayer(LIF(beta: beta, threshold: 2, reset: reset))
    return try Network(inputShape: [12])
      .appending(try DenseLayer(weight: try weights([12, 9], seed: 1), bias: nil), seed: 0).appending(cell, seed: 0)
      .appending(try DenseLayer(weight: try weights([9, 5], seed: 2), bias: nil), seed: 0).appending(cell, seed: 0)
  }

  @Test(arguments: ["loihi1", "loihi2"], [LIF.Reset.zero, .subtract])
  func whatHasTheRightNumbersLosesNothing(chip: String, reset: LIF.Reset) throws {
    let network = try network(reset)
    let deployed = try Deployment(network, on: try ChipFiles.chip(chip))
    let input = try spikes([200, 3, 12], share: 0.3, seed: 5)
    let ours = try network.run(.spikes(input)).spikes
    #expect(try deployed.run(.spikes(input)).spikes == ours)
    #expect(ours?.total ?? 0 > 500)
    #expect(deployed.warnings.isEmpty)
  }

  @Test func recurrencesAndBranchesRunStepByStep() throws {
    let cell = LIF(beta: 1, threshold: 2, reset: .zero)
    let network = try Network(inputShape: [6])
      .appending(try DenseLayer(weight: try weights([6, 6], seed: 1), bias: nil), seed: 0)
      .appending(RecurrentLayer(cell, recurrent: try weights([6, 6], seed: 4)), seed: 0)
      .appending(BranchLayer(residual: [try DenseLayer(weight: try weights([6, 6], seed: 2), bias: nil), NeuronLayer(cell)]), seed: 0)
      .appending(try DenseLayer(weight: try weights([6, 4], seed: 3), bias: nil), seed: 0).appending(NeuronLayer(cell), seed: 0)
    let input = try spikes([100, 2, 6], share: 0.3, seed: 5)
    let deployed = try Deployment(network, on: try ChipFiles.chip("loihi1"))
    #expect(try deployed.run(.spikes(input)).spikes == (try network.run(.spikes(input)).spikes))
  }

  @Test func leaksAreNearlyTheNetworks() throws {
    let network = try network(.zero, beta: 0.9)
    let input = try spikes([400, 4, 12], share: 0.3, seed: 6)
    let ours = try network.run(.spikes(input)).tensor().scalars
    for chip in ["loihi1", "spinnaker"] {
      let theirs = try Deployment(network, on: try ChipFiles.chip(chip)).run(.spikes(input)).tensor().scalars
      let same = zip(ours, theirs).count { $0 == $1 }
      #expect(Double(same) / Double(ours.count) > 0.95, "\(chip)")
    }
  }

  @Test func trueNorthHoldsFourBitsExactly() throws {
    var random = RandomStream(seed: 9, purpose: "weights")
    var values = (0..<60).map { _ in Float(random.integer(below: 13) - 5) / 8 }
    values[0] = 7 / 8
    let network = try Network(inputShape: [12])
      .appending(try DenseLayer(weight: try Tensor(values, shape: [12, 5]), bias: try Tensor([1, 0, -1, 2, 0].map { $0 / 8 }, shape: [5])), seed: 0)
      .appending(NeuronLayer(LIF(beta: 1, threshold: 2, reset: .subtract)), seed: 0)
    let input = try spikes([150, 2, 12], share: 0.3, seed: 7)
    let deployed = try Deployment(network, on: try ChipFiles.chip("truenorth"))
    #expect(deployed.weightBits == 4)
    #expect(try deployed.run(.spikes(input)).spikes == (try network.run(.spikes(input)).spikes))
  }

  @Test func potentialsLeaveInTheNetworksUnits() throws {
    let network = try Network(inputShape: [12])
      .appending(try DenseLayer(weight: try weights([12, 5], seed: 1), bias: nil), seed: 0)
      .appending(NeuronLayer(LeakyIntegrator(beta: 1)), seed: 0)
    // A network of integrators alone has nothing to fire.
    #expect(throws: Fault.self) { try Deployment(network, on: try ChipFiles.chip("loihi1")) }
    let read = try self.network(.zero).appending(try DenseLayer(weight: try weights([5, 3], seed: 8), bias: nil), seed: 0)
      .appending(NeuronLayer(LeakyIntegrator(beta: 0.5)), seed: 0)
    let input = try spikes([50, 2, 12], share: 0.4, seed: 7)
    let ours = try read.run(.spikes(input)).tensor().scalars
    let theirs = try Deployment(read, on: try ChipFiles.chip("loihi1")).run(.spikes(input)).tensor().scalars
    #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < 0.01 })
  }

  @Test func numbersAtTheInputAreCurrents() throws {
    let network = try network(.zero)
    let values = try Tensor((0..<(40 * 12)).map { Float($0 * 7 % 3) }, shape: [40, 1, 12])
    let theirs = try Deployment(network, on: try ChipFiles.chip("loihi1")).run(.tensor(values)).tensor().scalars
    let ours = try network.run(.tensor(values)).tensor().scalars
    #expect(ours == theirs)
    #expect(throws: Fault.self) { try Deployment(network, on: try ChipFiles.chip("truenorth")).run(.tensor(values)) }
  }

  @Test func whatAChipDoesNotHaveIsSaid() throws {
    func message(_ network: Network, _ chip: String) -> String {
      do {
        _ = try Deployment(network, on: try ChipFiles.chip(chip))
        return ""
      } catch { return ((error as? Fault)?.title ?? "") + "; " + ((error as? Fault)?.label ?? "") }
    }
    #expect(message(try network(.subtract, beta: 0.9), "truenorth").contains("leak is a constant"))
    #expect(message(try network(.zero), "gpu").contains("floating-point"))
    #expect(message(try network(.zero), "spinnaker").contains("beta is 1"))
    let pooled = try Network(inputShape: [1, 4, 4]).appending(PoolLayer(size: .init(2, 2), kind: .max), seed: 0)
      .appending(FlattenLayer(), seed: 0).appending(DenseLayer(outputs: 3), seed: 1).appending(NeuronLayer(LIF()), seed: 0)
    #expect(message(pooled, "loihi1").contains("the largest of several spikes"))
    let reset = try Deployment(try network(.subtract, beta: 0.9), on: try ChipFiles.chip("spinnaker"))
    #expect(reset.warnings.contains { $0.contains("resets with \"subtract\"") })
  }

  @Test func wideNeuronsAreDividedWhereAsked() throws {
    let network = try Network(inputShape: [90]).appending(DenseLayer(outputs: 4), seed: 1)
      .appending(NeuronLayer(LIF(beta: 1, threshold: 1, reset: .subtract)), seed: 0)
    let chip = try ChipFiles.chip("truenorth")
    #expect(throws: Fault.self) { try Deployment(network, on: chip) }
    var options = DeployOptions()
    options.splitsFanIn = true
    let divided = try Deployment(network, on: chip, options)
    #expect(!divided.splits.isEmpty)
    let output = try divided.run(.spikes(try spikes([30, 1, 90], share: 0.3, seed: 2)))
    #expect(output.shape == [30, 1, 4])
  }

  @Test func arithmeticIsPartOfAChipsFile() throws {
    let text = ChipFiles.small + """

      arithmetic:
        cell: multiplied_decay
        resets: [subtract]
        potential_bits: {value: 12, grade: published, source: a test}
      """
    let chip = try ChipFiles.read(text)
    #expect(chip.arithmetic?.cell == .multipliedDecay)
    #expect(chip.arithmetic?.resets == [.subtract])
    #expect(chip.arithmetic?.numbers[.potentialBits]?.value == 12)
    #expect(chip.arithmetic?.bits(.currentBits, default: 24) == 24)
    #expect(try ChipFiles.chip("loihi1_fitted").arithmetic == (try ChipFiles.chip("loihi1")).arithmetic)
    for (wrong, reason) in [
      ("cell: multiplied", "multiplied_decay"), ("resets: [zero]", "no `cell`"), ("cell: integrate\n  resets: zero", "a list is expected"),
      ("cell: integrate\n  resets: [soft]", "subtract"),
    ] {
      do {
        _ = try ChipFiles.read(ChipFiles.small + "\narithmetic:\n  \(wrong)\n")
        Issue.record("\(wrong) was read")
      } catch {
        let fault = error as? Fault
        let said = (fault?.label ?? "") + " " + (fault?.help ?? "")
        #expect(said.contains(reason), "\(said)")
      }
    }
  }

  // MARK: Chips of one's own

  private func chip(_ arithmetic: String) throws -> Chip {
    try ChipFiles.read("name: mine\nbased_on: loihi2\narithmetic:\n  \(arithmetic)\n")
  }

  @Test func aChipLikeSpeckFiresSeveralTimesAStep() throws {
    let network = try network(.subtract)
    let deployed = try Deployment(
      network, on: try chip("cell: integrate\n  resets: [subtract]\n  potential_bits: {value: 16, grade: code, source: sinabs}"))
    #expect(!deployed.givesSpikes)
    let output = try deployed.run(.spikes(try spikes([40, 2, 12], share: 0.6, seed: 5))).tensor().scalars
    #expect((output.max() ?? 0) > 1)
    // All weights of a layer have one scale, which the threshold has too.
    #expect(deployed.layers[0].threshold == 256)
    #expect(throws: Fault.self) { try Deployment(try self.network(.subtract, beta: 0.9), on: try self.chip("cell: integrate")) }
  }

  @Test func aChipLikeXyloShiftsItsLeaks() throws {
    let network = try network(.subtract, beta: 0.875)
    let deployed = try Deployment(network, on: try chip("cell: shifted_decay\n  resets: [subtract]"))
    #expect(deployed.layers.map(\.leak) == [3, 3])
    #expect(deployed.layers[0].beta == 0.875)
    #expect(deployed.warnings.contains { $0.contains("lose half of themselves") })
    #expect(try deployed.run(.spikes(try spikes([40, 2, 12], share: 0.6, seed: 5))).shape == [40, 2, 5])
  }

  // MARK: Training

  @Test func trainingGoesThroughTheSameNumbers() throws {
    let conv = try Network(inputShape: [1, 6, 6]).appending(PoolLayer(size: .init(2, 2)), seed: 0)
      .appending(ConvLayer(outputs: 3, kernel: .init(2, 2)), seed: 1).appending(NeuronLayer(LIF(beta: 0.8, threshold: 0.7, reset: .subtract)), seed: 0)
      .appending(FlattenLayer(), seed: 0).appending(DenseLayer(outputs: 4), seed: 2).appending(NeuronLayer(LIF(beta: 0.9, reset: .zero)), seed: 0)
    let chip = try ChipFiles.chip("loihi1")
    let rounded = try ChipRounding(chip).rounded(conv)
    // What is rounded once stays as it is, and the chip runs the same network for both.
    let again = try ChipRounding(chip).rounded(rounded)
    for (one, two) in zip(rounded.parameterTensors, again.parameterTensors) {
      #expect(zip(one.scalars, two.scalars).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($0)) })
    }
    let input = try spikes([60, 3, 1, 6, 6], share: 0.4, seed: 4)
    let ours = try rounded.run(.spikes(input)).tensor().scalars
    let theirs = try Deployment(conv, on: chip).run(.spikes(input)).tensor().scalars
    #expect(Double(zip(ours, theirs).count { $0 == $1 }) / Double(ours.count) > 0.98)
    #expect(throws: Fault.self) { try ChipRounding(try ChipFiles.chip("truenorth")) }
  }
}

extension Network {
  fileprivate var parameterTensors: [Tensor] { layers.flatMap { $0.parameters.map(\.value) } }
}
