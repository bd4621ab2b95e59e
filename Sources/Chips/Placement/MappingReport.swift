// What a mapping is worth, in numbers that say what they rest on.

import Faults
import Spiking

/// The result of placing a network: where everything lies, how full that is, and what an inference costs. All costs are
/// simulated from the chip's figures; nothing here was measured on a chip.
public struct MappingReport: Sendable {
  /// Where the rates come from.
  public enum Activity: Sendable, Equatable {
    case measured(on: String, samples: Int)
    case assumed(rate: Double)
  }

  /// One population on the chip.
  public struct LayerRow: Sendable, Equatable {
    public var name: String
    public var neurons: Int
    /// Cores that hold neurons of it.
    public var cores: Int
    public var synapses: Int
    /// Mean spikes of a neuron in a step.
    public var rate: Double
  }

  public let chip: Chip
  public let placed: PlacedMapping
  public let graph: NetworkGraph
  public let rules: CoreRules
  public let objective: Objective
  public let activity: Activity
  public let steps: Int
  /// Samples whose steps were timed one by one; 0 where none were.
  public let timedSamples: Int
  public let layers: [LayerRow]
  /// Spikes in a step, of each neuron of each population of `graph`.
  public let rates: [[Float]]
  /// Neurons that are left out because their spikes reach nobody.
  public let removedNeurons: Int
  /// The network that the chip runs; nil where one was mapped without being rounded here.
  public internal(set) var onChip: ChipNetwork?
  /// The network that was given, where its inputs were divided.
  public internal(set) var original: Network?
  /// Layers whose inputs were divided among partial-sum neurons.
  public internal(set) var splits: [FanInSplit] = []
  /// What else is to be said of how the mapping came about.
  public internal(set) var notes: [String] = []
  /// At the chip's weight bits, on the data set; nil without one.
  public var accuracy: Double?
  /// With the network's own weights.
  public var accuracyFloat: Double?

  init(_ problem: PlacementProblem, _ placed: PlacedMapping, activity: Activity) {
    chip = problem.chip
    self.placed = placed
    graph = problem.workload.graph
    rules = problem.rules
    objective = problem.objective
    self.activity = activity
    steps = problem.workload.steps
    timedSamples = placed.cost.timedSteps > 0 ? problem.workload.timeline?.samples ?? 0 : 0
    removedNeurons = problem.connectome.removedNeurons
    rates = problem.workload.rates
    let rates = rates
    let connectome = problem.connectome
    layers = problem.workload.graph.populations.indices.dropFirst().map { population in
      let holding = placed.mapping.cores.filter { core in core.slices.contains { $0.population == population } }
      let neurons = holding.reduce(0) { sum, core in
        core.slices.reduce(sum) { $1.population == population ? $0 + $1.neurons.count : $0 }
      }
      let isPlaced = connectome.isPlaced[population]
      let synapses = isPlaced.indices.reduce(0) { sum, neuron in
        isPlaced[neuron] ? sum + connectome.fanIn(population: population, neuron: neuron) : sum
      }
      let rate = population < rates.count && !rates[population].isEmpty
        ? Double(rates[population].reduce(0, +)) / Double(rates[population].count) : 0
      return LayerRow(
        name: problem.workload.graph.populations[population].name, neurons: neurons, cores: holding.count, synapses: synapses, rate: rate)
    }
  }

  public var cores: Int { placed.mapping.cores.count }
  public var chips: Int { placed.load.chips }
  /// Neurons in cores, copies included.
  public var neurons: Int { placed.demands.reduce(0) { $0 + $1.neurons } }
  /// Synapses of the network that have a weight.
  public var synapses: Int { layers.reduce(0) { $0 + $1.synapses } }
  /// Bytes in all cores.
  public var synapticMemory: Int { placed.demands.reduce(0) { $0 + $1.need(.synapticMemory) } }

  /// For each resource that a core has a limited amount of: need over limit, the mean of the cores in use.
  public var utilizations: [(resource: Resource, mean: Double, most: Double)] {
    Demand.resources.compactMap { resource in
      guard let limit = rules.limit(resource), limit > 0, !placed.demands.isEmpty else { return nil }
      let levels = placed.demands.map { Double($0.need(resource)) / Double(limit) }
      return (resource, levels.reduce(0, +) / Double(levels.count), levels.max() ?? 0)
    }
  }

  /// The resource whose mean use is highest.
  public var bottleneck: Resource? {
    utilizations.reduce(nil as (resource: Resource, mean: Double, most: Double)?) { best, next in
      best.map { $0.mean >= next.mean } ?? false ? best : next
    }?.resource
  }

  /// The mean use of the bottleneck resource over the cores in use, 0 to 1.
  public var utilization: Double {
    guard let bottleneck else { return 0 }
    return utilizations.first { $0.resource == bottleneck }?.mean ?? 0
  }

  /// What a user must know before trusting the numbers, and what would help.
  public var warnings: [String] {
    var texts = onChip?.warnings ?? []
    if let accuracy, let accuracyFloat, accuracyFloat - accuracy > 0.05 {
      let points = ((accuracyFloat - accuracy) * 1000).rounded() / 10
      texts.append("on the chip the network is right \(points) points less often than before it was rounded")
    }
    return texts
  }

  /// Packets between different cores in an inference.
  public var interCoreSpikes: Double { placed.corePackets * Double(steps) }
  /// Packets from the input's port in an inference.
  public var inputPackets: Double { placed.portPackets * Double(steps) }
  /// The hops of a packet that goes to another core or comes from the port, on average.
  public var hops: Double {
    let packets = placed.corePackets + placed.portPackets
    let load = placed.load
    return packets > 0 ? (load.horizontalHops + load.verticalHops + load.chipHops) / packets : 0
  }
  /// Hops of all packets in an inference.
  public var traffic: Double {
    (placed.load.horizontalHops + placed.load.verticalHops + placed.load.chipHops) * Double(steps)
  }
  /// Borders between chips that packets pass in an inference.
  public var chipHops: Double { placed.load.chipHops * Double(steps) }
  /// Packets over the busiest link in a step, between tiles or between chips.
  public var maxLinkLoad: Double { max(placed.load.busiestLink, placed.load.busiestChipLink) }

  /// How many figures of the chip the energies and times of this mapping rest on, by grade, the surest first.
  public var figures: [(grade: Grade, count: Int)] {
    let used = chip.figures(of: placed.load)
    return Grade.allCases.map { grade in (grade, used.count { $0.grade == grade }) }
  }
}

extension Chip {
  /// The figures that the energy and the time of a load are computed from: those of events that happen in it, and those
  /// that hold for so many tiles and chips. A barrier between two given numbers rests on both of them.
  func figures(of load: Load) -> [Figure] {
    func sum(_ part: KeyPath<Load.CoreLoad, Double>) -> Double { load.cores.reduce(0) { $0 + $1[keyPath: part] } }
    let operations = isDense ? sum(\.synapses) : sum(\.synapticOperations)
    let (sparse, shared) = isDense ? (0, 0) : (sum(\.sparseOperations), sum(\.convolutionOperations))
    let own = operations
      - (energy[.sparseOperation] ?? time[.sparseOperation] == nil ? 0 : sparse)
      - (energy[.convolutionOperation] ?? time[.convolutionOperation] == nil ? 0 : shared)
    let counts: [Event: Double] = [
      .synapticOperation: own, .sparseOperation: sparse, .convolutionOperation: shared, .neuronUpdate: sum(\.neurons),
      .activeUpdate: sum(\.activeNeurons), .spike: sum(\.spikes), .axonOut: sum(\.packetsOut),
      .axonIn: sum(\.packetsIn), .hopHorizontal: load.horizontalHops, .hopVertical: load.verticalHops,
      .hopBetweenChips: load.chipHops,
    ]
    var used: [Figure] = []
    for event in Event.allCases where counts[event] ?? 0 > 0 {
      used += [energy[event], time[event]].compactMap { $0 }
    }
    used += [power.perChip, power.perCore, step.fixed].compactMap { $0 }
    if load.chips > 1, !step.chipBarrier.isEmpty {
      return used + Self.around(load.chips, step.chipBarrier.map { ($0.chips, $0.seconds) })
    }
    return used + Self.around(load.tiles, step.barrier.map { ($0.tiles, $0.seconds) })
  }

  /// The entries of a barrier that a number falls on or between.
  private static func around(_ number: Int, _ entries: [(count: Int, seconds: Figure)]) -> [Figure] {
    guard let first = entries.first, let last = entries.last else { return [] }
    if number <= first.count { return [first.seconds] }
    for (low, high) in zip(entries, entries.dropFirst()) where number <= high.count {
      return number == high.count ? [high.seconds] : [low.seconds, high.seconds]
    }
    return [last.seconds]
  }
}
