import Faults
import Tensors
import Testing

@testable import Chips
@testable import Spiking

/// Neurons with more inputs than fit, divided among neurons that add up parts of them.
@Suite struct FanInSplitTests {
  private func chip(_ fanIn: Int) -> Chip {
    PlacementSamples.chip(columns: 16, rows: 16, limits: [.fanIn: fanIn, .inputAxons: 64])
  }

  private func split(_ network: Network, _ chip: Chip, rate: Float = 0.2) throws -> (network: Network, splits: [FanInSplit]) {
    let rules = try CoreRules(chip, weightBits: nil)
    let rounded = try ChipNetwork(network, on: chip, rules: rules).network
    let rates = network.graph.populations.map { [Float](repeating: rate, count: $0.neurons) }
    return try network.splittingFanIn(rounded: rounded, rules: rules, chip: chip, rates: rates)
  }

  @Test func whatFitsStaysAsItIs() throws {
    let network = try PlacementSamples.network([8, 5])
    #expect(try split(network, chip(8)).splits.isEmpty)
    #expect(try split(network, PlacementSamples.chip()).splits.isEmpty)
  }

  /// Over time the partial sums pass on all that arrives, but for what is still less than theta in each.
  @Test func sumsArrive() throws {
    let network = try PlacementSamples.network([30, 4], seed: 2)
    let (divided, splits) = try split(network, chip(10))
    let part = try #require(splits.first)
    #expect(part.fanIn == 30 && part.limit == 10 && part.groups >= 2 && part.groups <= 4)
    #expect(divided.layers.count == 4 && divided.outputs == 4)
    let connectome = try Connectome(divided.graph)
    for population in 1..<connectome.sizes.count {
      for neuron in 0..<connectome.sizes[population] {
        #expect(connectome.fanIn(population: population, neuron: neuron) <= 10)
      }
    }
    let steps = 200
    var draws = RandomStream(seed: 1, purpose: "test")
    let input = (0..<steps * 30).map { _ in Float(draws.uniformDouble() < 0.2 ? 1 : 0) }
    // The drives of both, added up over all steps.
    let weights = network.layers[0].parameters[0].value.scalars
    var wanted = [Float](repeating: 0, count: 4)
    for (place, spike) in input.enumerated() where spike != 0 {
      for output in 0..<4 { wanted[output] += weights[place % 30 * 4 + output] }
    }
    var open = try Network(inputShape: [30])
    for layer in divided.layers.dropLast() { open = try open.appending(layer, seed: 0) }
    let drives = try open.run(.spikes(try Spikes(try Tensor(input, shape: [steps, 1, 30])))).tensor().scalars
    var found = [Float](repeating: 0, count: 4)
    for (place, drive) in drives.enumerated() { found[place % 4] += drive }
    for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 2 * Float(part.groups) * part.threshold * 1.5) }
  }

  /// The network that was too wide is placed, with its partial sums, and takes a step longer.
  @Test func theReportTellsAndChargesIt() throws {
    let network = try PlacementSamples.network([30, 12, 5], seed: 3)
    let tight = chip(12)
    let fault = #expect(throws: Fault.self) { try place(network, on: tight) }
    #expect(fault?.help?.contains("split_fan_in=true") == true && fault?.help?.contains("hardware_loss") == true)
    var options = PlaceOptions()
    options.splitsFanIn = true
    options.steps = 20
    let report = try place(network, on: tight, options)
    #expect(report.splits.count == 1 && report.steps == 21)
    #expect(report.neurons == 12 + 5 + report.splits[0].neurons - report.removedNeurons)
    #expect(report.placed.demands.allSatisfy { $0.excess(report.rules) == nil })
    #expect(abs(report.placed.cost.latency / report.placed.cost.stepTime - 21) < 1e-9)
  }

  @Test func convolutionsAreDividedByChannels() throws {
    let conv = ConvLayer(outputs: 3, kernel: .init(3, 3), padding: .init(1, 1))
    let network = try Network(inputShape: [6, 5, 4]).appending(conv, seed: 1).appending(NeuronLayer(LIF()), seed: 1)
    let (divided, splits) = try split(network, chip(20))
    #expect(splits.count == 1 && divided.outputShape == [3, 5, 4])
    let connectome = try Connectome(divided.graph)
    #expect((0..<60).allSatisfy { connectome.fanIn(population: 2, neuron: $0) <= 20 })
    #expect((0..<connectome.sizes[1]).allSatisfy { connectome.fanIn(population: 1, neuron: $0) <= 20 })
  }

  @Test func recurrentSynapsesAreRefused() throws {
    let network = try Network(inputShape: [3]).appending(DenseLayer(outputs: 20), seed: 0)
      .appending(RecurrentLayer(LIF()), seed: 0)
    let fault = #expect(throws: Fault.self) { try split(network, chip(10)) }
    #expect(fault?.kind == .limit)
  }
}
