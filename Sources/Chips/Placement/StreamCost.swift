// What a stream costs on a chip: the cost model on the spikes that a run really had.

import Faults
import Spiking
import Tensors

/// Energy and time of a stream, simulated from a chip's figures and the run's own counts of spikes.
public struct StreamCost: Sendable {
  /// Joules over the whole stream.
  public var energy = Cost.Parts()
  /// Seconds of the whole stream.
  public var duration = 0.0
  /// Seconds of a step inside the labelled samples; without samples, of any step.
  public var sampleStepTime = 0.0
  /// What decides the length of such a step.
  public var timeLimit = ""
  public var cores = 0
  public var chips = 0
  /// Spikes over a synapse to a neuron that is on the chip: what `energy.synapticOperations` pays for.
  public var synapticEvents = 0

  public var power: Double { duration > 0 ? energy.total / duration : 0 }
}

/// A network on a chip, ready to tell what streams cost.
public struct StreamPlacement: Sendable {
  public let chip: Chip
  /// The network as the chip runs it.
  public let network: Network
  /// What a user must know before trusting the numbers.
  public let warnings: [String]
  private let problem: PlacementProblem
  private let cores: [[Mapping.Slice]]
  private let places: [Mapping.Place]
  private let minimumStep: Double

  /// - Parameters:
  ///   - mapping: where the neurons lie; nil for the sequential strategy's mapping.
  ///   - minimumStep: seconds that a step lasts at least, as when it stands for a stretch of real time.
  /// - Throws: `.limit` for a network that doesn't fit; `.value` for a mapping of another network or weights that are
  ///   not finite.
  public init(
    _ network: Network, on chip: Chip, mapping: MappingReport? = nil, minimumStep: Double = 0
  ) throws(Fault) {
    let bits = mapping.flatMap { $0.rules.isQuantised ? $0.rules.weightBits : nil }
    let rules = try CoreRules(chip, weightBits: bits)
    let onChip: ChipNetwork
    if let mapping, let its = mapping.onChip, !mapping.splits.isEmpty {
      // Divided neurons are those of the mapping, so that it must be of this very network.
      let (mine, others) = (network.namedParameters, mapping.original?.namedParameters ?? [])
      guard mine.count == others.count, zip(mine, others).allSatisfy({ $0.name == $1.name && Tensor.identical($0.value, $1.value) })
      else {
        throw Fault(
          .value, "the mapping is of another network", label: "its inputs were divided for other weights",
          help: "place this network: place(net, chip, split_fan_in=true)")
      }
      onChip = its
    } else {
      let rounding = mapping?.onChip?.rounding
      onChip = try ChipNetwork(
        network, on: chip, rules: rules, scale: rounding?.scale ?? .layer, clip: rounding?.clip ?? 1)
    }
    self.network = onChip.network
    warnings = onChip.warnings
    let graph = onChip.network.graph
    let silent = Workload(graph: graph, rates: graph.populations.map { [Float](repeating: 0, count: $0.neurons) }, steps: 1)
    let problem = try PlacementProblem(silent, on: chip, weightBits: bits)
    let placed: Mapping
    if let mapping {
      let (mine, its) = (graph.populations.map(\.shape), mapping.graph.populations.map(\.shape))
      guard mine == its else {
        throw Fault(
          .value, "the mapping is of another network",
          label: "its populations are \(its.map { "\($0)" }.joined(separator: ", ")), "
            + "the network's \(mine.map { "\($0)" }.joined(separator: ", "))",
          help: "place this network: place(net, chip)")
      }
      placed = mapping.placed.mapping
    } else {
      placed = try SequentialStrategy().place(problem).mapping
    }
    // Weights that were zero when it was mapped may not be now.
    let homes = problem.homes(of: placed.cores.map(\.slices))
    for population in problem.connectome.isPlaced.indices.dropFirst() {
      let start = problem.connectome.starts[population]
      let isPlaced = problem.connectome.isPlaced[population]
      if let neuron = isPlaced.indices.first(where: { isPlaced[$0] && homes[start + $0] < 0 }) {
        throw Fault(
          .value, "the mapping is of another network",
          label: "neuron \(neuron) of \(graph.populations[population].name) is in none of its cores",
          help: "place this network: place(net, chip)")
      }
    }
    self.chip = chip
    self.problem = problem
    self.minimumStep = minimumStep
    cores = placed.cores.map(\.slices)
    places = placed.cores.map(\.place)
  }

  /// The cost of a run. Steps inside samples and idle steps are costed apart, each with its own rates, since a busy step
  /// takes longer than a quiet one.
  public func cost(of run: StreamRun) -> StreamCost {
    var total = StreamCost()
    total.cores = cores.count
    total.chips = Set(places.map(\.chip)).count
    total.synapticEvents = events(of: run)
    let idle = run.steps - run.sampleSteps
    let phases = [
      (steps: run.sampleSteps, counts: { (population: StreamRun.Population, neuron: Int) in population.sampleSent[neuron] }),
      (steps: idle, counts: { population, neuron in population.sent[neuron] - population.sampleSent[neuron] }),
    ]
    for (index, phase) in phases.enumerated() where phase.steps > 0 {
      let rates = problem.workload.graph.populations.map { population -> [Float] in
        let none = [Float](repeating: 0, count: population.neurons)
        guard let ran = run.populations.first(where: { $0.name == population.name }), ran.neurons == population.neurons
        else { return none }
        return none.indices.map { Float(phase.counts(ran, $0)) / Float(phase.steps) }
      }
      let asked = problem.with(Workload(graph: problem.workload.graph, rates: rates, steps: phase.steps))
      let cost = asked.placed(cores, at: places, asked.activity(of: cores)).cost
      let step = max(cost.stepTime, minimumStep)
      total.energy.synapticOperations += cost.energy.synapticOperations
      total.energy.updates += cost.energy.updates
      total.energy.spikes += cost.energy.spikes
      total.energy.hops += cost.energy.hops
      total.energy.standing += cost.stepTime > 0 ? cost.energy.standing * (step / cost.stepTime) : 0
      total.duration += step * Double(phase.steps)
      if index == 0 || run.sampleSteps == 0 {
        total.sampleStepTime = step
        total.timeLimit = step > cost.stepTime ? "the length asked for" : cost.timeLimit
      }
    }
    return total
  }

  /// Each spike counts the synapses by which it leaves to neurons that are placed.
  private func events(of run: StreamRun) -> Int {
    let fanOuts = problem.connectome.fanOuts
    var sum = 0
    for (number, population) in problem.workload.graph.populations.enumerated() {
      guard let ran = run.populations.first(where: { $0.name == population.name }), ran.neurons == population.neurons
      else { continue }
      for neuron in ran.sent.indices { sum &+= Int(ran.sent[neuron]) &* fanOuts[number][neuron] }
    }
    return sum
  }
}
