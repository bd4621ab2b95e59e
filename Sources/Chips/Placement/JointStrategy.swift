// Divides and places with the whole cost in view: many complete mappings are made, and the true cost of each decides.

import Faults
import Tensors

/// Packs layers together, balances cores, orders neurons and anneals places, and takes the number of cores with which the
/// problem's objective is smallest, among those that the problem grants.
///
/// Cores are worth their place: a number of cores whose gain over fewer is below `leastGain` is not taken. Numbers of cores
/// are searched from coarse to fine (`CoreCounts`) by mappings in which cores lie in order; places are annealed for the
/// best of them alone, and where a run was measured, those are timed step by step before one is taken. The sequential
/// mapping is always a candidate, where its cores are granted. How many candidates are tried depends on the size of the
/// network alone, never on the clock, so that the same seed gives the same mapping.
public struct JointStrategy: MappingStrategy {
  public static let name = "joint"
  /// About how many synapses may be looked at for one problem.
  static let work = 1_200_000_000
  /// What more cores must save of the objective to be taken.
  static let leastGain = 0.02
  /// Parts a core, on average, into which layers are divided before they are laid into cores.
  private static let grains = [1.0, 2, 4, 8]
  /// Mappings whose places are annealed.
  private static let finalists = 6

  public init() {}

  public func place(_ problem: PlacementProblem) throws(Fault) -> PlacedMapping {
    var refusal: Fault?
    var baseline: PlacedMapping?
    do throws(Fault) {
      baseline = try SequentialStrategy().place(problem)
    } catch {
      // Cores that are shared may hold what a core a layer cannot.
      guard error.kind == .limit else { throw error }
      refusal = error
    }
    var survey = CoreSurvey(problem, baseline)
    do throws(Fault) {
      try survey.search()
    } catch {
      // What was found before Ctrl-C is a mapping like any other.
      guard error.kind == .limit || error.kind == .interrupt, let found = survey.best ?? baseline else {
        throw error.kind == .interrupt ? error : refusal ?? error
      }
      guard error.kind == .interrupt else { return problem.timed(found) }
      Interrupt.clear()
      var best = problem.timed(found)
      best.isInterrupted = true
      best.strategy = Self.name
      return best
    }
    guard var best = try survey.choice(finalists: problem.near == nil ? Self.finalists : 1) ?? baseline.map(problem.timed)
    else {
      throw refusal ?? Fault(.limit, "the network does not fit on \(problem.chip.name)")
    }
    best.strategy = Self.name
    return best
  }

  /// Which numbers of cores are tried, from coarse to fine.
  private struct CoreSurvey {
    let problem: PlacementProblem
    let baseline: PlacedMapping?
    /// For each number of cores the best mapping, with cores in order of their contents.
    private var found: [Int: Candidate] = [:]
    private var tried: Set<Int> = []
    private var starts: [Start] = []
    private var left: Int

    init(_ problem: PlacementProblem, _ baseline: PlacedMapping?) {
      self.problem = problem
      self.baseline = baseline
      left = max(8, JointStrategy.work / (10 * problem.connectome.work))
    }

    var best: PlacedMapping? { found.values.map(\.placed).min { $0.score < $1.score } }

    mutating func search() throws(Fault) {
      for orders in problem.orderings { starts.append(try Start(problem, orders)) }
      let fewest = starts.map(\.packed.count).min() ?? 0
      guard fewest > 0 else { return }
      if fewest > problem.cores, let first = starts.first { throw Misfit.cores(problem, first.whole, cores: fewest) }
      let most = problem.granted(fewest)
      if let baseline, baseline.mapping.cores.count <= most { keep(Candidate(baseline)) }
      if let suggestion = problem.suggestion, suggestion.count <= most { keep(Candidate(suggestion, problem)) }
      for start in starts where start.packed.count <= most { keep(Candidate(start.packed, problem)) }
      if let near = problem.near {
        for count in CoreCounts.around(min(max(near, fewest), most), from: fewest, to: most) { try look(at: count) }
        return
      }
      var worse = 0
      for count in CoreCounts.coarse(from: fewest, to: most) {
        let before = best?.score ?? .infinity
        let score = try look(at: count)
        // Beyond the optimum each further core costs more.
        worse = score > 1.25 * before ? worse + 1 : 0
        if worse >= 3 { break }
      }
      while let count = CoreCounts.next(tried: tried, around: best?.mapping.cores.count ?? fewest, from: fewest, to: most) {
        try look(at: count)
      }
    }

    /// Divides the network among so many cores in all ways, and answers with the objective of the best.
    @discardableResult
    private mutating func look(at count: Int) throws(Fault) -> Double {
      guard tried.insert(count).inserted else { return found[count]?.placed.score ?? .infinity }
      var score = Double.infinity
      for start in starts {
        for grain in problem.near == nil ? JointStrategy.grains : [1, 4] where left > 0 {
          left -= 1
          try Interrupt.check()
          guard let cores = try start.balanced(problem, count: count, grain: grain) else { continue }
          let candidate = Candidate(cores, problem)
          score = min(score, candidate.placed.score)
          keep(candidate)
        }
      }
      return score
    }

    private mutating func keep(_ candidate: Candidate) {
      guard candidate.activity.demands.allSatisfy({ $0.excess(problem.rules) == nil }) else { return }
      let count = candidate.cores.count
      if candidate.placed.score < found[count]?.placed.score ?? .infinity { found[count] = candidate }
    }

    /// The mapping to take: the fewest cores whose objective, with annealed places and step by step, is next to the least.
    func choice(finalists: Int) throws(Fault) -> PlacedMapping? {
      guard let least = found.values.map(\.placed.score).min() else { return nil }
      // Fewer cores that are nearly as good stand for themselves, the others in the order of their objective.
      let limit = least * (1 + JointStrategy.leastGain)
      var rank = found.values.sorted { ($0.placed.score, $0.cores.count) < ($1.placed.score, $1.cores.count) }
      if let few = rank.filter({ $0.placed.score <= limit }).min(by: { $0.cores.count < $1.cores.count }) {
        rank.insert(few, at: 0)
      }
      var counts: Set<Int> = []
      var results: [PlacedMapping] = []
      for candidate in rank where counts.count < finalists && candidate.placed.score <= 1.3 * least && counts.insert(candidate.cores.count).inserted {
        if Interrupt.isRequested, !results.isEmpty { break }
        let stream = RandomStream(seed: problem.seed, purpose: "place", index: UInt64(candidate.cores.count))
        results.append(problem.timed(annealed(candidate, stream: stream)))
      }
      if let baseline, found[baseline.mapping.cores.count] != nil { results.append(problem.timed(baseline)) }
      let best = results.map(\.score).min() ?? .infinity
      return results.filter { $0.score <= best * (1 + JointStrategy.leastGain) }
        .min { ($0.mapping.cores.count, $0.score) < ($1.mapping.cores.count, $1.score) }
    }

    private func annealed(_ candidate: Candidate, stream: RandomStream) -> PlacedMapping {
      let plane = MeshPlane(problem.chip, chips: problem.chipsNeeded(candidate.cores.count))
      let annealing = MeshAnnealing(problem, candidate.activity, plane: plane)
      let places = annealing.improved(
        candidate.placed.mapping.cores.map(\.place), work: problem.near == nil ? 10_000_000 : 2_000_000, stream: stream)
      let annealed = problem.placed(candidate.cores, at: places, candidate.activity)
      return relieved(annealed.score < candidate.placed.score ? annealed : candidate.placed, candidate, plane, stream)
    }

    /// Short ways are not all where the busiest link decides the time: exchanges of places that make the objective itself
    /// smaller, some hundred tries.
    private func relieved(
      _ placed: PlacedMapping, _ candidate: Candidate, _ plane: MeshPlane, _ stream: RandomStream
    ) -> PlacedMapping {
      guard candidate.cores.count > 1, placed.links.horizontalHops + placed.links.verticalHops > 0 else { return placed }
      var best = placed
      var draws = stream
      let count = candidate.cores.count
      let sites = plane.places(around: problem.port, count: min(plane.cores, count + 4 * plane.slots))
      let tries = min(problem.near == nil ? 16 * count : 20, 240, max(20, 1_000_000 / (count * count)))
      for _ in 0..<tries {
        if Interrupt.isRequested { break }
        var places = best.mapping.cores.map(\.place)
        let (core, site) = (draws.integer(below: count), sites[draws.integer(below: sites.count)])
        if let other = places.firstIndex(of: site) { places[other] = places[core] }
        places[core] = site
        let moved = problem.placed(candidate.cores, at: places, candidate.activity)
        if moved.score < best.score { best = moved }
      }
      return best
    }
  }
}

/// Numbers of cores that are worth a look.
enum CoreCounts {
  /// From few to many: all where there are few, then each a third more than the one before.
  static func coarse(from low: Int, to high: Int) -> [Int] {
    var counts: [Int] = []
    var count = low
    while count < high {
      counts.append(count)
      count = max(count + 1, Int((Double(count) * 1.34).rounded()))
    }
    return counts + [max(low, high)]
  }

  /// A number, and those that are a little less and a little more.
  static func around(_ count: Int, from low: Int, to high: Int) -> [Int] {
    let counts = [0.84, 1, 1.19].map { min(high, max(low, Int((Double(count) * $0).rounded()))) }
    return Array(Set(counts)).sorted()
  }

  /// The next number to try where some have been: halfway to the neighbours of the best, then next to it; nil when all of
  /// these were tried.
  static func next(tried: Set<Int>, around best: Int, from low: Int, to high: Int) -> Int? {
    let below = tried.filter { $0 < best }.max() ?? low - 1
    let above = tried.filter { $0 > best }.min() ?? high + 1
    for (a, b) in [(below, best), (best, above)] where b - a > 1 {
      // Far from the best one, numbers matter by their ratio.
      return a < 1 ? (a + b) / 2 : min(b - 1, max(a + 1, Int((Double(a) * Double(b)).squareRoot().rounded())))
    }
    return [best - 2, best + 2].first { $0 >= low && $0 <= high && !tried.contains($0) }
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
    let inRows = problem.placed(cores, at: cores.indices.map { plane.place($0) }, activity)
    let aroundPort = problem.placed(cores, at: plane.places(around: problem.port, count: cores.count), activity)
    placed = aroundPort.score < inRows.score ? aroundPort : inRows
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
