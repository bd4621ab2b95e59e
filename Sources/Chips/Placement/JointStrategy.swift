// Divides and places with the whole cost in view: many complete mappings are made, and the true cost of each decides.

import Faults
import Tensors

/// Packs layers together, balances cores, orders neurons and anneals places, for the problem's objective.
///
/// Without a core budget it gives the fewest cores with which the objective is no worse than the sequential mapping's,
/// (or than the problem's allowance), and the best mapping that it finds with so many: full cores, but not at the price of
/// what is to be small. With a
/// budget it gives the best mapping with at most so many cores, since more cores are often faster. The sequential
/// mapping is always a candidate. The search compares the times of mean steps; what it finds is held against the
/// sequential mapping step by step. How many candidates are tried depends on the size of the network alone, never on the
/// clock, so that the same seed gives the same mapping.
public struct JointStrategy: MappingStrategy {
  public static let name = "joint"
  /// About how many synapses may be looked at for one problem.
  static let work = 1_200_000_000
  /// Parts a core, on average, into which layers are divided before they are laid into cores.
  private static let grains = [1.0, 2, 4, 8]

  public init() {}

  public func place(_ problem: PlacementProblem) throws(Fault) -> PlacedMapping {
    var refusal: Fault?
    var best: PlacedMapping?
    do throws(Fault) {
      best = try SequentialStrategy().place(problem)
    } catch {
      // Cores that are shared may hold what a core a layer cannot.
      guard error.kind == .limit else { throw error }
      refusal = error
    }
    let baseline = best
    do throws(Fault) {
      best = try search(problem, baseline: baseline) { best = $0 } ?? best
    } catch {
      // What was found before Ctrl-C is a mapping like any other.
      guard error.kind == .limit || error.kind == .interrupt && best != nil else { throw error }
      if best == nil { throw refusal ?? error }
      if error.kind == .interrupt {
        Interrupt.clear()
        best?.isInterrupted = true
      }
    }
    guard var best else { throw refusal ?? Fault(.limit, "the network does not fit on \(problem.chip.name)") }
    best = problem.timed(best)
    // The search goes by mean steps: step by step the baseline may be the better one.
    if best.cost.timedSteps > 0, problem.allowance == nil, let baseline,
      baseline.mapping.cores.count <= problem.coreBudget ?? .max
    {
      let timed = problem.timed(baseline)
      if timed.score < best.score {
        let isInterrupted = best.isInterrupted
        best = timed
        best.isInterrupted = isInterrupted
      }
    }
    best.strategy = Self.name
    return best
  }

  /// The best mapping found, or nil when none is as good as the baseline; `report` is given each that is better than
  /// all before and no worse than the baseline.
  private func search(
    _ problem: PlacementProblem, baseline: PlacedMapping?, report: (PlacedMapping) -> Void
  ) throws(Fault) -> PlacedMapping? {
    var left = max(8, Self.work / (10 * problem.connectome.work))
    var starts: [Start] = []
    for orders in problem.orderings { starts.append(try Start(problem, orders)) }
    let fewest = starts.map(\.packed.count).min() ?? 0
    guard fewest > 0 else { return nil }
    if fewest > problem.cores, let first = starts.first { throw Misfit.cores(problem, first.whole, cores: fewest) }
    let most = min(problem.cores, max(fewest, problem.coreBudget ?? baseline?.mapping.cores.count ?? problem.cores))
    let enough = problem.allowance ?? baseline?.score ?? .infinity
    // With equal cores the mapping with less of the objective wins; the first count that is good enough ends the search.
    var best = problem.coreBudget.map { ($0, baseline) }.flatMap { budget, baseline in
      baseline.flatMap { $0.mapping.cores.count <= budget ? $0 : nil }
    }
    // What is good enough step by step, and the last candidate that was held against it.
    let pace = problem.allowance ?? baseline.map { problem.timed($0).score } ?? .infinity
    var checked: Cost?
    for count in counts(from: fewest, to: most) {
      var found: [Candidate] = []
      for start in starts {
        if start.packed.count == count { found.append(Candidate(start.packed, problem)) }
        for grain in Self.grains where left > 0 {
          left -= 1
          try Interrupt.check()
          if let cores = try start.balanced(problem, count: count, grain: grain) {
            found.append(Candidate(cores, problem))
          }
        }
      }
      if let suggestion = problem.suggestion, suggestion.count == count { found.append(Candidate(suggestion, problem)) }
      if let baseline, baseline.mapping.cores.count == count { found.append(Candidate(baseline)) }
      found = found.filter { candidate in
        candidate.cores.count <= most && candidate.activity.demands.allSatisfy { $0.excess(problem.rules) == nil }
      }
      found.sort { $0.placed.score < $1.placed.score }
      for (rank, candidate) in found.prefix(3).enumerated() {
        let stream = RandomStream(seed: problem.seed, purpose: "place", index: UInt64(count * 4 + rank))
        let placed = annealed(candidate, problem, stream: stream)
        if placed.score < best?.score ?? .infinity {
          best = placed
          if placed.score <= baseline?.score ?? .infinity { report(placed) }
        }
        try Interrupt.check()
      }
      if problem.coreBudget == nil, let found = best, found.score <= enough * (1 + 1e-12) {
        // More cores may be what it takes to be no slower step by step.
        let isNew = found.cost != checked
        checked = found.cost
        if isNew, problem.timed(found).score <= pace * (1 + 1e-12) { return found }
      }
    }
    if problem.coreBudget == nil, let baseline, let found = best, found.score > baseline.score { return nil }
    return best
  }

  /// All numbers of cores between two, or eight of them.
  private func counts(from low: Int, to high: Int) -> [Int] {
    if high - low < 12 { return Array(low...max(low, high)) }
    // Close together where cores are few: there a core more matters most.
    var counts: [Int] = []
    for step in 0..<12 {
      let share = Double(step) / 11
      let count = low + Int((Double(high - low) * share * share).rounded())
      if count != counts.last { counts.append(count) }
    }
    return counts
  }

  private func annealed(_ candidate: Candidate, _ problem: PlacementProblem, stream: RandomStream) -> PlacedMapping {
    let plane = MeshPlane(problem.chip, chips: problem.chipsNeeded(candidate.cores.count))
    let annealing = MeshAnnealing(problem, candidate.activity, plane: plane)
    let places = annealing.improved(
      candidate.placed.mapping.cores.map(\.place), work: 20_000_000, stream: stream)
    let annealed = problem.placed(candidate.cores, at: places, candidate.activity)
    return annealed.score < candidate.placed.score ? annealed : candidate.placed
  }
}

/// A division into cores with a first guess of their places.
private struct Candidate {
  var cores: [[Mapping.Slice]]
  var activity: CoreActivity
  var placed: PlacedMapping

  init(_ placed: PlacedMapping) {
    cores = placed.mapping.cores.map(\.slices)
    activity = placed.activity
    self.placed = placed
  }

  init(_ cores: [[Mapping.Slice]], _ problem: PlacementProblem) {
    self.cores = cores
    activity = problem.activity(of: cores)
    let plane = MeshPlane(problem.chip, chips: problem.chipsNeeded(cores.count))
    placed = problem.placed(cores, at: cores.indices.map { plane.place($0) }, activity)
  }
}

/// One order of the neurons: the fewest parts, packed, and what divisions into more of them begin with.
private struct Start {
  let orders: [[Int32]]
  let whole: Partition
  let packed: [[Mapping.Slice]]
  /// How long each population keeps cores busy in a step.
  let seconds: [Double]

  init(_ problem: PlacementProblem, _ orders: [[Int32]]) throws(Fault) {
    self.orders = orders
    whole = try problem.partition(
      PartitionPlan(orders: orders, caps: [Int](repeating: Int.max, count: orders.count)))
    let (packing, seconds) = problem.packing(whole)
    self.seconds = seconds
    // Finer parts fill cores better; each neuron then needs more destinations, so that both are tried.
    var packed = packing.slices(packing.fewest())
    for grain in [4.0, 16] where packed.count > 1 {
      let caps = Self.caps(orders, whole: whole, seconds: seconds, parts: grain * Double(packed.count))
      let finer = problem.packing(try problem.partition(PartitionPlan(orders: orders, caps: caps))).packing
      let cores = finer.slices(finer.fewest())
      if cores.count < packed.count { packed = cores }
    }
    self.packed = packed
  }

  /// The population's parts over a number of cores, none of them busy much longer than the others.
  func balanced(_ problem: PlacementProblem, count: Int, grain: Double) throws(Fault) -> [[Mapping.Slice]]? {
    let caps = Self.caps(orders, whole: whole, seconds: seconds, parts: Double(count) * grain)
    let packing = problem.packing(try problem.partition(PartitionPlan(orders: orders, caps: caps))).packing
    return packing.balanced(count).map { packing.slices($0) }
  }

  /// The most neurons of each layer in a part, when all layers together shall have about so many parts of about the same
  /// time.
  private static func caps(_ orders: [[Int32]], whole: Partition, seconds: [Double], parts: Double) -> [Int] {
    let total = max(seconds.reduce(0, +), .leastNormalMagnitude)
    return orders.indices.map { population in
      let neurons = orders[population].count
      if neurons == 0 { return Int.max }
      let share = Int((parts * seconds[population] / total).rounded())
      let wanted = max(1, whole.parts[population].count, min(neurons, share, 4096))
      return (neurons + wanted - 1) / wanted
    }
  }
}

extension PlacementProblem {
  /// The parts of a partition ready for packing, and how long each population keeps cores busy in a step.
  fileprivate func packing(_ partition: Partition) -> (packing: CorePacking, seconds: [Double]) {
    let parts = Array(partition.parts.joined())
    let activity = activity(of: parts.map { [Mapping.Slice(population: $0.population, neurons: $0.neurons)] })
    let seconds = activity.loads.map { chip.busySeconds($0) }
    var sums = [Double](repeating: 0, count: partition.parts.count)
    for (part, time) in zip(parts, seconds) { sums[part.population] += time }
    return (CorePacking(rules: rules, parts: parts, seconds: seconds), sums)
  }
}

extension Chip {
  /// About how long a core is busy with a load in a step.
  func busySeconds(_ load: Load.CoreLoad) -> Double {
    func seconds(_ event: Event) -> Double { max(time[event]?.value ?? 0, 0) }
    let known = EventRates(time).operations(of: load, isDense: false) + load.neurons * seconds(.neuronUpdate)
      + load.activeNeurons * seconds(.activeUpdate) + load.spikes * seconds(.spike)
      + load.packetsIn * seconds(.axonIn) + load.packetsOut * seconds(.axonOut)
    // A chip that names no times still has larger and smaller loads.
    return known > 0 ? known : load.synapticOperations * 1e-9 + load.neurons * 1e-9
  }
}
