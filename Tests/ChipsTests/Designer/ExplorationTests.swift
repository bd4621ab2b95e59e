import Faults
import Kernels
import Spiking
import Synchronization
import Tensors
import Testing

@testable import Chips

/// Two of eight inputs, and which of them: three classes that a few neurons can tell apart.
private func data(_ count: Int, seed: UInt64 = 1) throws -> Dataset {
  var draws = RandomStream(seed: seed, purpose: "exploration data")
  var (values, labels): ([Float], [Int]) = ([], [])
  for sample in 0..<count {
    labels.append(sample % 3)
    values += (0..<8).map { input in (input / 3 == sample % 3 ? 0.8 : 0.1) + 0.1 * Float(draws.uniformDouble()) }
  }
  return try Dataset(name: "toy", features: try Tensor(values, shape: [count, 8]), labels: labels)
}

private func network(_ hidden: Int, seed: UInt64) throws -> Network {
  var network = try Network(inputShape: [8]).appending(DenseLayer(outputs: hidden), seed: seed)
    .appending(NeuronLayer(LIF()), seed: seed).appending(DenseLayer(outputs: 3), seed: seed + 1)
    .appending(NeuronLayer(LIF()), seed: seed + 1)
  network.encoder = RateEncoder(steps: 6)
  return network
}

/// Six widths, each without a price and with one.
private func plan(_ widths: [Int] = [3, 5, 8, 12, 17, 24], seeds: Int = 1, limits: [Resource: Int] = [:]) throws -> Exploration {
  var training = FitOptions()
  training.optimizer = Adam(learningRate: 1e-2)
  training.epochs = 4
  training.batch = 16
  let designs = try widths.enumerated().map { index, width in
    Design(
      networks: try (0..<seeds).map { try network(width, seed: UInt64(index * 10 + $0)) }, training: training)
  }
  let chip = PlacementSamples.chip(columns: 4, rows: 4, limits: limits)
  var hardware = HardwareLoss.Options()
  hardware.weight = 0.1
  let candidates = try designs.indices.flatMap { design in
    [
      DesignCandidate(design: design, hardware: nil, placing: PlaceOptions()),
      DesignCandidate(design: design, hardware: try HardwareLoss(chip, hardware), placing: PlaceOptions()),
    ]
  }
  return Exploration(
    chip: chip, data: try data(60), validation: try data(30, seed: 2), halving: try Halving(rungs: 3, keep: 0.5),
    designs: designs, candidates: candidates, seed: 5)
}

private func isSame(_ a: Exploration.Outcome, _ b: Exploration.Outcome) -> Bool {
  zip(a.findings, b.findings).allSatisfy { first, second in
    first.rung == second.rung && first.problem == second.problem && first.trials.count == second.trials.count
      && zip(first.trials, second.trials).allSatisfy { left, right in
        left.figures == right.figures
          && zip(left.network.namedParameters, right.network.namedParameters).allSatisfy {
            Tensor.identical($0.value, $1.value)
          }
      }
  }
}

/// Keeps trials in memory, and may refuse to go on after some.
private final class MemoryStore: TrialStore {
  let trials = Mutex<[String: Trial]>([:])
  /// Trials that were asked for and there.
  let found = Mutex(0)

  func trial(_ key: String) throws(Fault) -> Trial? {
    let trial = trials.withLock { $0[key] }
    if trial != nil { found.withLock { $0 += 1 } }
    return trial
  }

  func keep(_ trial: Trial, as key: String) throws(Fault) { trials.withLock { $0[key] = trial } }
}

// The thread pool and the interrupt are one for the process.
@Suite(.serialized) struct ExplorationTests {
  @Test func rungsLeaveTheBetterPartOver() throws {
    let outcome = try plan().run()
    #expect(!outcome.interrupted && !outcome.isCutShort)
    #expect(outcome.findings.count == 12)
    // Six designs, of which 4 are kept, and of these no fewer.
    let finished = outcome.findings.indices.filter { outcome.findings[$0].rung == 3 }
    #expect(finished.count == 8)
    #expect(outcome.findings.count { $0.rung == 1 && $0.isLeftBehind } == 4)
    #expect(finished.allSatisfy { !outcome.findings[$0].isLeftBehind })
    // Candidates of one design go together.
    for candidate in outcome.findings.indices.filter({ $0 % 2 == 0 }) {
      #expect(outcome.findings[candidate].rung == outcome.findings[candidate + 1].rung)
    }
    for index in finished {
      let trial = try #require(outcome.findings[index].trials.first)
      #expect(trial.network.history?.epochs == 4)
      // The chip stood in the loss of those that pay.
      #expect(trial.network.history?.terms.isEmpty == (index % 2 == 0))
    }
    let best = finished.flatMap { outcome.findings[$0].trials }.map(\.figures.accuracy).max()
    #expect(best ?? 0 > 0.8)
  }

  @Test func threadsDoNotChangeTheResult() throws {
    let before = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = before }
    ThreadPool.shared.threads = 1
    let one = try plan().run()
    ThreadPool.shared.threads = 3
    let three = try plan().run()
    var serial = try plan()
    serial.isSerial = true
    #expect(isSame(one, three))
    #expect(isSame(one, try serial.run()))
  }

  @Test func whatWasStoppedGoesOnToTheSameResult() throws {
    let whole = try plan().run()
    for least in [2, 7, 11, 15] {
      let store = MemoryStore()
      var first = try plan()
      first.store = store
      first.isOver = { store.trials.withLock { $0.count } >= least }
      let part = try first.run()
      #expect(part.isCutShort)
      let done = store.trials.withLock { $0.count }
      #expect(done >= least)
      var second = try plan()
      second.store = store
      let resumed = try second.run()
      #expect(store.found.withLock { $0 } == done)
      #expect(!resumed.isCutShort)
      #expect(isSame(resumed, whole))
    }
  }

  @Test func severalSeedsAreTrainedFromTheirOwnWeights() throws {
    let outcome = try plan([4, 8], seeds: 2).run()
    for finding in outcome.findings {
      #expect(finding.rung == 3 && finding.trials.count == 2)
      let weights = finding.trials.map { $0.network.namedParameters[0].value }
      #expect(!Tensor.identical(weights[0], weights[1]))
    }
    // More seeds leave the first as it is.
    let alone = try plan([4, 8]).run()
    for (one, two) in zip(alone.findings, outcome.findings) { #expect(one.trials[0].figures == two.trials[0].figures) }
  }

  @Test func whatFailsIsLeftBehind() throws {
    // A core keeps 100 synapses: no neuron of the last layer can have 120 inputs.
    let outcome = try plan([4, 120], limits: [.synapses: 100]).run()
    #expect(outcome.findings[0].rung == 3 && outcome.findings[0].problem == nil)
    #expect(outcome.findings[2].problem?.kind == .limit)
    let error = #expect(throws: Fault.self) { _ = try plan([200], limits: [.synapses: 100]).run() }
    #expect(error?.kind == .limit)
  }

  @Test func progressCountsEachRung() throws {
    let seen = Mutex<[ExplorationProgress]>([])
    var plan = try plan()
    plan.progress = { report in seen.withLock { $0.append(report) } }
    _ = try plan.run()
    let reports = seen.withLock { $0 }
    for (rung, count) in [(1, 6), (2, 4), (3, 8)] {
      let own = reports.filter { $0.rung == rung }
      #expect(own.first?.done == 0 && own.last?.done == count && own.allSatisfy { $0.count == count && $0.rungs == 3 })
      #expect(own.last?.bestAccuracy ?? 0 > 0.3)
    }
  }

  @Test func anInterruptKeepsWhatWasFinished() throws {
    let threads = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = threads }
    let whole = try plan().run()
    for (count, stop) in [(1, 3), (3, 3), (3, 9)] {
      ThreadPool.shared.threads = count
      let store = MemoryStore()
      let seen = Mutex(0)
      var stopped = try plan()
      stopped.store = store
      stopped.progress = { report in
        if report.done == 0 { return }
        seen.withLock { seen in
          seen += 1
          if seen == stop { Interrupt.request() }
        }
      }
      let part = try Interrupt.inOwnRun {
        let part = try stopped.run()
        #expect(!Interrupt.isRequested)
        return part
      }
      #expect(part.interrupted && !part.isCutShort)
      #expect(part.findings.contains { $0.rung > 0 && !$0.isLeftBehind } && part.findings.contains { $0.rung < 3 })
      // What runs beside the one that saw the request first is stopped too, and nothing half done is kept.
      var resumed = try plan()
      resumed.store = store
      #expect(isSame(try resumed.run(), whole))
    }
  }
}
