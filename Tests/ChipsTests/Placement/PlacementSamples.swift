// Small chips and networks for tests of the mapper, and the naive counts that it is compared with.

import Faults
import Spiking
import Tensors

@testable import Chips

enum PlacementSamples {
  /// A mesh of tiles with one core each, every event at a price, and only the given limits.
  static func chip(
    columns: Int = 2, rows: Int = 2, coresPerTile: Int = 1, chips: Int = 1, limits: [Resource: Int] = [:],
    weightBits: Int = 8, indexBits: Int = 6, axonBits: Int = 10, wordBits: Int = 1, shares: Bool = false
  ) -> Chip {
    func figure(_ value: Double) -> Figure { Figure(value, grade: .derived, source: "a test") }
    func whole(_ value: Int) -> Figure { figure(Double(value)) }
    var chip = Chip(
      name: "small", title: "Small",
      mesh: Chip.Mesh(
        columns: whole(columns), rows: whole(rows), coresPerTile: whole(coresPerTile), chips: whole(chips)),
      power: Chip.StaticPower(perChip: figure(1e-3), perCore: nil), step: Chip.StepTime(fixed: nil),
      synapses: Chip.SynapseFormat(
        weightBits: whole(weightBits), indexBits: whole(indexBits), axonBits: whole(axonBits),
        wordBits: whole(wordBits), sharesConvolution: shares))
    chip.synapses.allowsFullRows = true
    chip.limits = limits.mapValues { whole($0) }
    chip.energy = [
      .synapticOperation: figure(20e-12), .neuronUpdate: figure(50e-12), .activeUpdate: figure(30e-12),
      .hopHorizontal: figure(3e-12), .hopVertical: figure(4e-12), .hopBetweenChips: figure(100e-12),
    ]
    chip.time = [.synapticOperation: figure(3e-9), .neuronUpdate: figure(5e-9), .hopHorizontal: figure(4e-9)]
    if chips > 1 {
      chip.time[.hopBetweenChips] = figure(40e-9)
      chip.step.chipBarrier = [(chips: 2, seconds: figure(1e-6)), (chips: 8, seconds: figure(3e-6))]
    }
    return chip
  }

  /// A layer with random weights, a share of them zero.
  static func dense(_ inputs: Int, _ outputs: Int, zeros: Double, _ draws: inout RandomStream) throws -> DenseLayer {
    var weights: [Float] = []
    for _ in 0..<inputs * outputs { weights.append(draws.uniformDouble() < zeros ? 0 : draws.normal()) }
    return try DenseLayer(weight: try Tensor(weights, shape: [inputs, outputs]), bias: nil)
  }

  /// A row of dense layers with neurons behind each.
  static func network(_ sizes: [Int], zeros: Double = 0, seed: UInt64 = 0) throws -> Network {
    var draws = RandomStream(seed: seed, purpose: "test network")
    var network = try Network(inputShape: [sizes[0]])
    for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
      network = try network.appending(try dense(inputs, outputs, zeros: zeros, &draws), seed: 0)
      network = try network.appending(NeuronLayer(LIF()), seed: 0)
    }
    return network
  }

  /// Two convolutions with a pool between them, and a dense layer.
  static func convolutional(seed: UInt64 = 0) throws -> Network {
    var network = try Network(inputShape: [2, 7, 6])
    for layer in [
      ConvLayer(outputs: 3, kernel: .init(3, 3), padding: .init(1, 1)), NeuronLayer(LIF()), PoolLayer(size: .init(2, 2)),
      ConvLayer(outputs: 4, kernel: .init(2, 2)), NeuronLayer(LIF()), FlattenLayer(), DenseLayer(outputs: 5),
      NeuronLayer(LIF()),
    ] as [any Layer] {
      network = try network.appending(layer, seed: seed)
    }
    return network
  }

  static func problem(
    _ network: Network, _ chip: Chip, objective: Objective = .energyDelay, rates: [[Float]]? = nil, chips: Int? = nil,
    weightBits: Int? = nil, cores: Int? = nil, fill: CoreUse = .objective, seed: UInt64 = 0
  ) throws(Fault) -> PlacementProblem {
    let graph = network.graph
    var standard: [[Float]] = []
    for population in graph.populations {
      let count = population.neurons
      standard.append((0..<count).map { (neuron: Int) -> Float in Float((neuron * 7 + count) % 10) / 20 })
    }
    return try PlacementProblem(
      Workload(graph: graph, rates: rates ?? standard, steps: 10), on: chip, objective: objective, chips: chips,
      weightBits: weightBits, coreBudget: cores, fill: fill, seed: seed)
  }

  /// All synapses with a weight, as pairs of neurons numbered through.
  static func synapses(_ graph: NetworkGraph) -> [(projection: Int, source: Int, target: Int)] {
    var starts = [0]
    for population in graph.populations { starts.append(starts[starts.count - 1] + population.neurons) }
    var result: [(Int, Int, Int)] = []
    for (index, projection) in graph.projections.enumerated() {
      let inputs = graph.populations[projection.source].neurons
      let outputs = graph.populations[projection.target].neurons
      let weights = projection.weight?.scalars ?? []
      let isMatrix = projection.wiring == .all && projection.weight?.shape == [inputs, outputs]
      for target in 0..<outputs {
        projection.wiring.forEachInput(of: target, inputs: inputs) { source in
          if isMatrix, weights[source * outputs + target] == 0 { return }
          result.append((index, starts[projection.source] + source, starts[projection.target] + target))
        }
      }
    }
    return result
  }

  /// The needs of cores by plain enumeration, without shared kernels and copies.
  static func demands(_ problem: PlacementProblem, _ cores: [[Mapping.Slice]]) -> [Demand] {
    let graph = problem.workload.graph
    let rules = problem.rules
    let homes = problem.homes(of: cores)
    let synapses = synapses(graph)
    return cores.indices.map { core in
      var demand = Demand()
      demand.neurons = homes.count { Int($0) == core }
      let arriving = synapses.filter { Int(homes[$0.target]) == core }
      demand.synapses = arriving.count
      demand.inputAxons = Set(arriving.map(\.source)).count
      let leaving = synapses.filter { Int(homes[$0.source]) == core && homes[$0.target] >= 0 }
      demand.outputAxons = Set(leaving.map { [$0.source, Int(homes[$0.target])] }).count
      for projection in graph.projections.indices {
        let own = arriving.filter { $0.projection == projection }
        let width = Set(own.map(\.target)).count
        let rows: [Int] = Dictionary(grouping: own, by: \.source).values.map(\.count)
        func words(_ bits: Int) -> Int { (bits + rules.wordBits - 1) / rules.wordBits * rules.wordBits }
        var list = 0
        for row in rows { list += words(rules.axonBits + row * (rules.weightBits + rules.indexBits)) }
        let open = rows.count * words(rules.axonBits + width * rules.weightBits)
        demand.memoryBits += min(list, open)
      }
      return demand
    }
  }
}
