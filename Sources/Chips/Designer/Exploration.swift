// Many designs of a network, tried side by side on validation data: which of them are worth their price on a chip.
//
// A design is a network and how its task is learnt. A candidate is a design and what it is to pay for on the chip. In all
// rungs but the last, designs learn the task alone: a price that is not yet paid tells no candidates apart, so those of one
// design share this part, and each rung goes on from where the last one ended. Those that are left then go through a whole
// training with the chip in the loss, each from its design's weights: a schedule of warm-up, ramp and freeze that were
// divided among rungs would be none.

import Faults
import Spiking
import Synchronization
import Tensors

/// A network and how it learns its task.
public struct Design {
  /// As it was made, once for each seed.
  public var networks: [Network]
  /// The epochs are those of the last rung.
  public var training: FitOptions

  public init(networks: [Network], training: FitOptions) {
    self.networks = networks
    self.training = training
  }
}

/// A design, and what it pays for.
public struct DesignCandidate {
  /// Its design's number.
  public var design: Int
  /// Nil for one that pays nothing.
  public var hardware: HardwareLoss?
  /// Without samples and seed, which are those of the exploration.
  public var placing: PlaceOptions

  public init(design: Int, hardware: HardwareLoss?, placing: PlaceOptions) {
    self.design = design
    self.hardware = hardware
    self.placing = placing
  }
}

/// One network of a candidate, trained, and what it is worth on validation data.
public struct Trial: Sendable {
  public var network: Network
  public var figures: DesignFigures

  public init(network: Network, figures: DesignFigures) {
    self.network = network
    self.figures = figures
  }
}

/// What is known of a candidate.
public struct Finding: Sendable {
  /// The last rung that it finished, from 1; 0 where it finished none.
  public var rung = 0
  /// One for each seed in the last rung, one before it.
  public var trials: [Trial] = []
  /// Whether a rung left it behind, for others that were better.
  public var isLeftBehind = false
  /// Why it could not go on.
  public var problem: Fault?
}

/// Where finished trials are kept. Keys are short names such as "design-3-rung-1"; calls come from several threads, never
/// two of one key.
public protocol TrialStore: AnyObject {
  /// The trial of a key, or nil where there is none.
  func trial(_ key: String) throws(Fault) -> Trial?
  func keep(_ trial: Trial, as key: String) throws(Fault)
}

/// Where an exploration stands.
public struct ExplorationProgress: Sendable {
  /// From 1.
  public var rung: Int
  public var rungs: Int
  /// Networks of this rung that are done, and all of them.
  public var done: Int
  public var count: Int
  /// Of those done in this rung; nil before the first.
  public var bestAccuracy: Double?
}

/// What is to be explored, and how.
public struct Exploration {
  public var chip: Chip
  /// What networks learn from.
  public var data: Dataset
  /// What they are judged by.
  public var validation: Dataset
  public var halving: Halving
  public var designs: [Design]
  public var candidates: [DesignCandidate]
  public var seed: UInt64
  /// Whether one network is trained after the other, each by all threads: for losses that only one thread can work out.
  public var isSerial = false
  public var store: (any TrialStore)?
  /// Asked before each network: whether none is to be begun any more.
  public var isOver: (() -> Bool)?
  /// Called when a rung begins and after each network, never twice at a time.
  public var progress: ((ExplorationProgress) -> Void)?

  public init(
    chip: Chip, data: Dataset, validation: Dataset, halving: Halving, designs: [Design], candidates: [DesignCandidate],
    seed: UInt64
  ) {
    self.chip = chip
    self.data = data
    self.validation = validation
    self.halving = halving
    self.designs = designs
    self.candidates = candidates
    self.seed = seed
  }

  /// What came of it.
  public struct Outcome: Sendable {
    /// One for each candidate.
    public var findings: [Finding]
    /// Whether the user stopped it. The request is then spent, and what was finished by then is there.
    public var interrupted: Bool
    /// Whether its time was over before it was done.
    public var isCutShort: Bool
  }

  /// Runs all rungs. The result depends neither on the number of threads nor on what a store already held.
  ///
  /// A candidate that fails (it does not fit, its numbers leave the finite ones) is left behind with its problem.
  ///
  /// - Throws: the first problem where all candidates fail; `.file` for a store that cannot be used.
  public func run() throws(Fault) -> Outcome {
    var run = ExplorationRun(self)
    let stopped = try Interrupt.kept { () throws(Fault) in try run.run() }
    if stopped { Interrupt.clear() }
    if !stopped, let problem = run.findings.first(where: { $0.problem != nil })?.problem,
      run.findings.allSatisfy({ $0.problem != nil })
    {
      throw problem
    }
    return Outcome(findings: run.findings, interrupted: stopped, isCutShort: run.isCutShort && !stopped)
  }
}

/// An exploration on its way.
private struct ExplorationRun {
  let plan: Exploration
  var findings: [Finding]
  var isCutShort = false

  init(_ plan: Exploration) {
    self.plan = plan
    findings = plan.candidates.map { _ in Finding() }
  }

  /// Gives whether the user stopped it.
  mutating func run() throws(Fault) -> Bool {
    let last = plan.halving.rungs - 1
    // What each design that is still in the race has learnt.
    var alive = Array(plan.designs.indices)
    var learnt: [Int: Trial] = [:]
    for rung in 0..<last {
      let trials = try row(rung, alive.count) { (place) throws(Fault) in
        let design = alive[place]
        return try trial("design-\(design + 1)-rung-\(rung + 1)", pricedAs: first(of: design)) { () throws(Fault) in
          let start = learnt[design]?.network ?? plan.designs[design].networks[0]
          return try trained(start, of: design, rung: rung, seed: 0, objective: nil)
        }
      }
      for (place, result) in trials.enumerated() { note(result, rung: rung, of: candidates(of: alive[place])) }
      guard let results = finished(trials) else { return Interrupt.isRequested }
      var running: [(design: Int, trial: Trial)] = []
      for (place, result) in results.enumerated() {
        if case .success(let trial) = result { running.append((alive[place], trial)) }
      }
      let order = ParetoFront.order(running.map { $0.trial.figures.merit })
      let kept = order.prefix(plan.halving.survivors(of: running.count)).sorted()
      for place in order.dropFirst(kept.count) {
        for candidate in candidates(of: running[place].design) { findings[candidate].isLeftBehind = true }
      }
      alive = kept.map { running[$0].design }
      learnt = [:]
      for place in kept { learnt[running[place].design] = running[place].trial }
    }
    return try finish(alive, learnt)
  }

  /// The last rung: each candidate of the designs that are left, once for each seed.
  private mutating func finish(_ alive: [Int], _ learnt: [Int: Trial]) throws(Fault) -> Bool {
    let last = plan.halving.rungs - 1
    var jobs: [(candidate: Int, seed: Int)] = []
    for candidate in plan.candidates.indices where alive.contains(plan.candidates[candidate].design) {
      for seed in plan.designs[plan.candidates[candidate].design].networks.indices { jobs.append((candidate, seed)) }
    }
    let trials = try row(last, jobs.count) { (place) throws(Fault) in
      let (number, seed) = jobs[place]
      let candidate = plan.candidates[number]
      return try trial("candidate-\(number + 1)-seed-\(seed + 1)", pricedAs: candidate) { () throws(Fault) in
        var network = plan.designs[candidate.design].networks[seed]
        if seed == 0, let start = learnt[candidate.design] {
          network = start.network
        } else {
          for rung in 0..<last {
            network = try trained(network, of: candidate.design, rung: rung, seed: seed, objective: nil)
          }
        }
        return try trained(network, of: candidate.design, rung: last, seed: seed, objective: candidate.hardware)
      }
    }
    // A candidate counts once all its seeds are done.
    var rows: [Int: [Result<Trial, Fault>?]] = [:]
    for (place, job) in jobs.enumerated() { rows[job.candidate, default: []].append(trials[place]) }
    for (candidate, row) in rows {
      let results = row.compactMap { $0 }
      if case .failure(let fault)? = results.first(where: { (try? $0.get()) == nil }) {
        findings[candidate].problem = fault
      } else if results.count == row.count {
        findings[candidate].rung = last + 1
        findings[candidate].trials = results.compactMap { try? $0.get() }
      }
    }
    _ = finished(trials)
    return Interrupt.isRequested
  }

  /// The results where all are there; nil where the run was stopped.
  private mutating func finished(_ trials: [Result<Trial, Fault>?]) -> [Result<Trial, Fault>]? {
    let results = trials.compactMap { $0 }
    if results.count == trials.count { return results }
    isCutShort = true
    return nil
  }

  private mutating func note(_ result: Result<Trial, Fault>?, rung: Int, of candidates: [Int]) {
    for candidate in candidates {
      switch result {
      case .success(let trial)?:
        findings[candidate].rung = rung + 1
        findings[candidate].trials = [trial]
      case .failure(let fault)?: findings[candidate].problem = fault
      case nil: break
      }
    }
  }

  private func candidates(of design: Int) -> [Int] { plan.candidates.indices.filter { plan.candidates[$0].design == design } }

  /// The candidate by whose settings a design is placed before its candidates part.
  private func first(of design: Int) -> DesignCandidate? { plan.candidates.first { $0.design == design } }

  // MARK: One network

  /// The trial of a key: from the store, or made and put there.
  private func trial(
    _ key: String, pricedAs candidate: DesignCandidate?, _ train: () throws(Fault) -> Network
  ) throws(Fault) -> Trial {
    if let known = try plan.store?.trial(key) { return known }
    let network = try train()
    var options = candidate?.placing ?? PlaceOptions()
    options.data = plan.validation
    options.seed = plan.seed
    let trial = Trial(network: network, figures: try DesignFigures(of: network, on: plan.chip, options))
    // What a request to stop has touched is no finished trial.
    try Interrupt.check()
    try plan.store?.keep(trial, as: key)
    return trial
  }

  private func trained(
    _ network: Network, of design: Int, rung: Int, seed: Int, objective: HardwareLoss?
  ) throws(Fault) -> Network {
    var options = plan.designs[design].training
    let whole = options.epochs
    options.epochs = plan.halving.epochs(rung, of: whole)
    options.objective = objective
    var draws = RandomStream(seed: plan.seed, purpose: "explore, seed \(seed + 1), rung \(rung + 1)", index: UInt64(design))
    options.seed = draws.nextBits()
    let trained = try fit(network, plan.data, options)
    if trained.history?.interrupted == true { throw Fault(.interrupt, "interrupted") }
    return trained
  }

  // MARK: Side by side

  /// What `body` gives for each of some networks, or the fault that kept it from that; nil for those that were not begun
  /// or not finished when the run was stopped.
  private func row(
    _ rung: Int, _ count: Int, _ body: (Int) throws(Fault) -> Trial
  ) throws(Fault) -> [Result<Trial, Fault>?] {
    let state = Mutex((done: 0, best: nil as Double?))
    func report() {
      guard let progress = plan.progress else { return }
      state.withLock { state in
        progress(
          ExplorationProgress(
            rung: rung + 1, rungs: plan.halving.rungs, done: state.done, count: count, bestAccuracy: state.best))
      }
    }
    report()
    return try sideBySide(count, each: plan.isSerial ? nil : 1) { (place) throws(Fault) -> Result<Trial, Fault>? in
      if Interrupt.isRequested || plan.isOver?() == true { return nil }
      var result: Result<Trial, Fault>?
      do throws(Fault) {
        result = .success(try body(place))
      } catch {
        if error.kind == .file { throw error }
        if error.kind == .interrupt { return nil }
        result = .failure(error)
      }
      state.withLock { state in
        state.done += 1
        if case .success(let trial)? = result { state.best = max(state.best ?? 0, trial.figures.accuracy) }
      }
      report()
      return result
    }
  }
}
