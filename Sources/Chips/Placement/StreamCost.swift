// What a stream costs on a chip: the cost model on the spikes that a run really had, each step timed by itself.

import Faults
import Spiking
import Tensors

/// Energy and time of a stream, simulated from a chip's figures and the run's own counts of spikes.
public struct StreamCost: Sendable {
  /// Joules over the whole stream.
  public var energy = Cost.Parts()
  /// Seconds of the whole stream.
  public var duration = 0.0
  /// Seconds of a step inside the labelled samples, the mean over them; without samples, of any step.
  public var sampleStepTime = 0.0
  /// Seconds of the longest step of the stream.
  public var longestStep = 0.0
  /// What decides the length of most steps inside the samples; without samples, of most steps.
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
  private let placed: PlacedMapping
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
    let rules = try CoreRules(chip, weightBits: bits, delays: network.delayNeeds())
    let onChip: ChipNetwork
    if let mapping, let its = mapping.onChip, !mapping.splits.isEmpty {
      // Divided neurons are those of the mapping, so that it must be of this very network, or the divided one itself.
      let same = [mapping.original, its.network].contains { $0?.hasSameParameters(as: network) ?? false }
      guard same else {
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
    // Until the stream has run, all neurons count alike: that gives links their shares of a step's packets.
    let even = Workload(graph: graph, rates: graph.populations.map { [Float](repeating: 0.1, count: $0.neurons) }, steps: 1)
    let problem = try PlacementProblem(even, on: chip, weightBits: bits)
    if let mapping {
      let (mine, its) = (graph.populations.map(\.shape), mapping.graph.populations.map(\.shape))
      guard mine == its else {
        throw Fault(
          .value, "the mapping is of another network",
          label: "its populations are \(its.map { "\($0)" }.joined(separator: ", ")), "
            + "the network's \(mine.map { "\($0)" }.joined(separator: ", "))",
          help: "place this network: place(net, chip)")
      }
      placed = mapping.placed
    } else {
      placed = try SequentialStrategy().place(problem)
    }
    // Weights that were zero when it was mapped may not be now.
    let homes = problem.homes(of: placed.mapping.cores.map(\.slices))
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
  }

  /// What to give a run as its observer, so that its cost can be told.
  public func meter() -> StreamMeter {
    StreamMeter(placed, problem, resolution: network.graph.potentialResolutions(on: chip, problem.rules), minimumStep: minimumStep)
  }

  /// The cost of a run that `meter` has watched: events as they were counted, and the time of each step.
  public func cost(of run: StreamRun, _ meter: StreamMeter) -> StreamCost {
    var total = StreamCost()
    total.cores = placed.mapping.cores.count
    total.chips = placed.load.chips
    total.synapticEvents = events(of: run)
    guard run.steps > 0 else { return total }
    let graph = problem.workload.graph
    var workload = Workload(graph: graph, rates: meter.rates, steps: run.steps)
    workload.busyRates = meter.busyRates
    if let last = graph.populations.last, last.model.isEmpty { workload.busyRates[workload.busyRates.count - 1] = [] }
    let asked = problem.with(workload)
    let cores = placed.mapping.cores
    let cost = asked.placed(cores.map(\.slices), at: cores.map(\.place), asked.activity(of: cores.map(\.slices))).cost
    total.energy = cost.energy
    total.duration = meter.times.sum
    total.energy.standing = chip.standingPower(of: placed.load) * meter.times.sum
    let times = run.sampleSteps > 0 ? meter.sampleTimes : meter.times
    total.sampleStepTime = times.mean
    total.timeLimit = times.limit
    total.longestStep = meter.times.longest
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

extension Network {
  /// Whether another network has the same parameters by name and number.
  fileprivate func hasSameParameters(as other: Network) -> Bool {
    let (mine, others) = (namedParameters, other.namedParameters)
    return mine.count == others.count && zip(mine, others).allSatisfy { $0.name == $1.name && Tensor.identical($0.value, $1.value) }
  }
}

/// Watches a stream and times each of its steps on the chip.
public final class StreamMeter: StreamObserver {
  private var busy: BusyNeurons?
  private var clock: StepClock
  private let minimumStep: Double
  /// How often each neuron of each population fired, and how often it was busy.
  private var fired: [[Int32]]
  private var worked: [[Int32]]
  fileprivate private(set) var times = StepTimes()
  /// Of the steps inside labelled samples.
  fileprivate private(set) var sampleTimes = StepTimes()

  init(_ placed: PlacedMapping, _ problem: PlacementProblem, resolution: [Float], minimumStep: Double) {
    clock = StepClock(problem, placed)
    self.minimumStep = minimumStep
    fired = problem.connectome.sizes.map { [Int32](repeating: 0, count: $0) }
    worked = fired
    busy = BusyNeurons(problem.connectome, chip: problem.chip, resolution: resolution) { [unowned self] in add($0, $1) }
  }

  public func observe(_ step: PopulationStep) { busy?.observe(step) }
  public func endStep(inSample: Bool) { busy?.endStep(inSample: inSample) }
  public func reset() { busy?.reset() }

  /// For each population and neuron, the share of steps in which it fired, and in which it was busy.
  fileprivate var rates: [[Float]] { shares(fired) }
  fileprivate var busyRates: [[Float]] { shares(worked) }

  private func shares(_ counts: [[Int32]]) -> [[Float]] {
    let steps = Double(max(1, times.steps))
    return counts.map { $0.map { Float(Double($0) / steps) } }
  }

  private func add(_ bits: StepBits, _ inSample: Bool) {
    for population in fired.indices {
      if bits.counts[population] > 0 { Self.count(bits.fired[population], into: &fired[population]) }
      Self.count(bits.busy[population], into: &worked[population])
    }
    let (seconds, limit) = clock.add(bits)
    let isShort = seconds < minimumStep
    times.add(max(seconds, minimumStep), isShort ? .asked : limit)
    if inSample { sampleTimes.add(max(seconds, minimumStep), isShort ? .asked : limit) }
  }

  private static func count(_ bits: [UInt64], into counts: inout [Int32]) {
    counts.withUnsafeMutableBufferPointer { counts in bits.forEachBit { counts[$0] &+= 1 } }
  }
}
