import Faults
import Glibc
import Kernels
import Spiking
import Tensors
import Testing

@testable import Chips

/// Two of eight inputs, and which of them: three classes that a few neurons can tell apart.
private func data(_ count: Int, seed: UInt64 = 1) throws -> Dataset {
  var draws = RandomStream(seed: seed, purpose: "hardware data")
  var (values, labels): ([Float], [Int]) = ([], [])
  for sample in 0..<count {
    labels.append(sample % 3)
    values += (0..<8).map { input in
      (input / 3 == sample % 3 ? 0.8 : 0.1) + 0.1 * Float(draws.uniformDouble())
    }
  }
  return try Dataset(name: "toy", features: try Tensor(values, shape: [count, 8]), labels: labels)
}

private func network(_ hidden: Int = 60) throws -> Network {
  try Network(inputShape: [8]).appending(DenseLayer(outputs: hidden), seed: 5).appending(NeuronLayer(LIF()), seed: 5)
    .appending(DenseLayer(outputs: 3), seed: 6).appending(NeuronLayer(LIF()), seed: 6)
}

/// A core keeps 220 synapses, and standing by costs for each core.
private var chip: Chip {
  var chip = PlacementSamples.chip(limits: [.synapses: 220])
  chip.power.perCore = Figure(1e-3, grade: .derived, source: "a test")
  return chip
}

private func options(weight: Double, epochs: Int = 12, fill: CoreUse = .objective) throws -> FitOptions {
  var options = FitOptions()
  options.encoder = RateEncoder(steps: 12)
  options.optimizer = Adam(learningRate: 1e-2)
  options.epochs = epochs
  options.batch = 16
  options.seed = 3
  var hardware = HardwareLoss.Options()
  hardware.weight = weight
  hardware.fill = fill
  options.objective = try HardwareLoss(chip, hardware)
  return options
}

/// The last value of a series of the history.
private func last(_ network: Network, _ name: String) throws -> Double {
  let history = try #require(network.history)
  return try #require(history.terms.first { $0.name == name }?.values.last)
}

private func hidden(_ network: Network) throws -> Int { try #require(network.layers[0] as? DenseLayer).outputs }

// The thread pool and the interrupt are one for the process.
@Suite(.serialized) struct HardwareLossTests {
  @Test func theNetworkBecomesCheaperAndStaysAccurate() throws {
    let plain = try fit(try network(), try data(120), try options(weight: 0))
    let trained = try fit(try network(), try data(120), try options(weight: 0.1))
    #expect(try hidden(trained) < 60)
    #expect(try evaluate(trained, try data(60, seed: 2)).accuracy > 0.9)
    var options = PlaceOptions()
    options.data = try data(60, seed: 2)
    let (before, after) = (try place(plain, on: chip, options), try place(trained, on: chip, options))
    #expect(after.placed.cost.energyDelay < 0.5 * before.placed.cost.energyDelay)
    // No cores are remembered: the mapper takes those that are best.
    #expect(HardwareLoss.cores(of: trained, on: chip) == nil)
  }

  @Test func wholeCoresAreFilledOnRequest() throws {
    let naive = try place(try network(), on: chip, PlaceOptions())
    let trained = try fit(try network(), try data(120), try options(weight: 0.1, fill: .cores))
    #expect(try evaluate(trained, try data(60, seed: 2)).accuracy > 0.9)
    var options = PlaceOptions()
    options.data = try data(60, seed: 2)
    let report = try place(trained, on: chip, options)
    #expect(report.cores <= naive.cores)
    #expect(report.cores == HardwareLoss.cores(of: trained, on: chip))
  }

  /// A dearer chip never gives more of anything.
  @Test func aLargerWeightNeverGivesMore() throws {
    var results: [(units: Int, energy: Double, time: Double)] = []
    var place = PlaceOptions()
    place.data = try data(60, seed: 2)
    for weight in [0, 0.01, 0.1, 1] {
      let trained = try fit(try network(), try data(120), try options(weight: weight))
      let cost = try Chips.place(trained, on: chip, place).placed.cost
      results.append((try hidden(trained), cost.energy.total, cost.latency))
    }
    for (less, more) in zip(results, results.dropFirst()) {
      #expect(more.units <= less.units)
      #expect(more.energy <= less.energy * 1.02)
      #expect(more.time <= less.time * 1.02)
    }
  }

  /// A price that would pay for silence is held, and says so.
  @Test func aNetworkThatFallsSilentIsCaught() throws {
    var options = try options(weight: 20)
    var heard: [String] = []
    options.warn = { heard.append($0) }
    let trained = try fit(try network(), try data(120), options)
    let history = try #require(trained.history)
    #expect(history.warnings.contains { $0.contains("hardly fires any more") && $0.contains("smaller `weight`") })
    #expect(heard.contains { $0.contains("hardly fires") })
    #expect(try #require(history.spikesPerSample.last) > 0)
  }

  @Test func theHistoryTellsTheTermsAndTheMapping() throws {
    let trained = try fit(try network(), try data(60), try options(weight: 0.1, epochs: 6))
    let history = try #require(trained.history)
    #expect(
      history.terms.map(\.name) == [
        "hardware", "hardware_energy", "hardware_latency", "hardware_utilization", "hardware_communication",
        "hardware_memory", "small_cores", "small_utilization", "small_energy", "small_latency", "small_mapping_share",
      ])
    #expect(history.terms.allSatisfy { $0.values.count == 6 })
    // Far from the limits there is no wall.
    for epoch in 0..<6 {
      #expect(abs(history.terms[0].values[epoch] - history.terms[1].values[epoch] - history.terms[2].values[epoch]) < 0.01)
      #expect(history.terms[10].values[epoch] > 0 && history.terms[10].values[epoch] < 1)
    }
    // What training estimates at its end is what the mapper says.
    var options = PlaceOptions()
    options.data = try data(60)
    let cost = try place(trained, on: chip, options).placed.cost
    #expect(abs(log(try last(trained, "small_energy") / cost.energy.total)) < 0.25)
    #expect(abs(log(try last(trained, "small_latency") / cost.latency)) < 0.25)
  }

  @Test func whatIsTrainedIsWhatIsKept() throws {
    // The last epoch's accuracy in training is that of the network with its gates; the cut one must do the same.
    let whole = try data(90)
    var options = try options(weight: 0.3)
    options.validation = whole
    let trained = try fit(try network(), whole, options)
    let history = try #require(trained.history)
    #expect(history.validationAccuracy.last == (try evaluate(trained, whole, seed: 3)).accuracy)
  }

  @Test func withoutAWeightItOnlyWatches() throws {
    var plain = try options(weight: 0)
    let watched = try fit(try network(), try data(60), plain)
    plain.objective = nil
    let trained = try fit(try network(), try data(60), plain)
    #expect(
      watched.layers.flatMap { $0.parameters.map(\.value.scalars) }
        == trained.layers.flatMap { $0.parameters.map(\.value.scalars) })
    #expect(try #require(watched.history).terms.last?.values.allSatisfy { $0 > 0 } == true)
  }

  @Test func theResultIsTheSameOnOneOrTwoThreads() throws {
    let threads = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = threads }
    var results: [[Float]] = []
    for count in [1, 2] {
      ThreadPool.shared.threads = count
      let trained = try fit(try network(70), try data(80), try options(weight: 0.3, epochs: 5))
      results.append(trained.layers.flatMap { $0.parameters.flatMap(\.value.scalars) })
    }
    #expect(results[0] == results[1])
  }

  @Test func convolutionsLoseChannels() throws {
    var draws = RandomStream(seed: 1, purpose: "images")
    var values: [Float] = []
    for sample in 0..<40 { values += (0..<84).map { _ in Float(draws.uniformDouble() < (sample % 2 == 0 ? 0.7 : 0.2) ? 1 : 0) } }
    let images = try Dataset(
      name: "images", features: try Tensor(values, shape: [40, 2, 7, 6]), labels: (0..<40).map { $0 % 2 })
    var options = try options(weight: 2, epochs: 8)
    var hardware = HardwareLoss.Options()
    hardware.weight = 2
    hardware.fill = .objective
    options.objective = try HardwareLoss(PlacementSamples.chip(limits: [.synapses: 900], shares: true), hardware)
    let before = try PlacementSamples.convolutional(seed: 2)
    let trained = try fit(before, images, options)
    #expect(trained.parameterCount < before.parameterCount)
    #expect(trained.outputs == 5)
  }

  @Test func anInterruptKeepsANetworkThatWorks() throws {
    for stop in [30, 60] {
      var options = try options(weight: 0.3, epochs: 12)
      var seen = 0
      options.progress = { _ in
        seen += 1
        if seen == stop { Interrupt.request() }
      }
      let trained = try Interrupt.inOwnRun { try fit(try network(), try data(120), options) }
      let history = try #require(trained.history)
      #expect(history.interrupted)
      #expect(history.terms.allSatisfy { $0.values.count == history.epochs })
      #expect(try evaluate(trained, try data(60, seed: 2)).accuracy > 0.5)
    }
  }

  @Test func smallestWeightsGoOnRequest() throws {
    for (prune, least, most) in [(0.0, 0.0, 0.1), (0.5, 0.45, 0.7)] {
      var options = try options(weight: 1e-6, epochs: 6)
      var hardware = HardwareLoss.Options()
      hardware.weight = 1e-6
      hardware.prune = prune
      options.objective = try HardwareLoss(chip, hardware)
      let trained = try fit(try network(), try data(60), options)
      let weights = try #require(trained.layers[0].parameters.first).value.scalars
      let share = Double(weights.count { $0 == 0 }) / Double(weights.count)
      #expect(share >= least && share <= most, "\(prune): \(share)")
    }
  }

  @Test func whatDoesNotFitIsSaidBeforeTraining() throws {
    var options = try options(weight: 0.3)
    options.objective = try HardwareLoss(PlacementSamples.chip(limits: [.synapses: 7]), HardwareLoss.Options())
    var batches = 0
    options.progress = { _ in batches += 1 }
    let error = #expect(throws: Fault.self) { _ = try fit(try network(), try data(60), options) }
    #expect(error?.kind == .limit)
    #expect(batches == 0)
  }

  @Test func badSettingsAreRefused() throws {
    let changes: [(inout HardwareLoss.Options) -> Void] = [
      { $0.weight = -1 }, { $0.memory = .nan }, { $0.communication = .infinity }, { $0.freeze = 1 }, { $0.warmup = 0.8 },
      { $0.prune = 1 }, { $0.prune = -0.1 }, { $0.strategy = "best" },
    ]
    for change in changes {
      var options = HardwareLoss.Options()
      change(&options)
      let error = #expect(throws: Fault.self) { _ = try HardwareLoss(chip, options) }
      #expect(error?.kind == .value)
    }
  }

  /// Neurons that may have 6 inputs learn to do with as many.
  @Test func fanInFallsToTheLimit() throws {
    var narrow = PlacementSamples.chip(columns: 8, rows: 8, limits: [.fanIn: 6, .inputAxons: 12])
    narrow.power.perCore = Figure(1e-3, grade: .derived, source: "a test")
    var options = try options(weight: 0.05)
    var hardware = HardwareLoss.Options()
    hardware.weight = 0.05
    options.objective = try HardwareLoss(narrow, hardware)
    #expect(throws: Fault.self) { try place(try network(20), on: narrow) }
    let trained = try fit(try network(20), try data(120), options)
    _ = try place(trained, on: narrow)
    let connectome = try Connectome(trained.graph)
    for population in 1..<3 {
      #expect((0..<connectome.sizes[population]).allSatisfy { connectome.fanIn(population: population, neuron: $0) <= 6 })
    }
    #expect(try evaluate(trained, try data(60, seed: 2)).accuracy > 0.85)
    // Only a network that pays for the chip is changed.
    hardware.weight = 0
    options.objective = try HardwareLoss(narrow, hardware)
    #expect(throws: Fault.self) { try fit(try network(20), try data(120), options) }
  }

  /// The number of cores belongs to a chip's limits, not to its name, and stays through more training.
  @Test func theCoresAreRemembered() throws {
    let trained = try fit(try network(), try data(120), try options(weight: 0.1, fill: .cores))
    let record = try #require(trained.coreRecords.first)
    #expect(trained.coreRecords.count == 1 && record.cores == HardwareLoss.cores(of: trained, on: chip))
    #expect(record.mapping.count >= 1 && record.mapping.count <= record.cores)
    let rules = try CoreRules(chip, weightBits: nil)
    var renamed = chip
    renamed.name = "other"
    #expect(RecordedCores(of: trained, on: renamed, rules: rules).record == record)
    var wider = chip
    wider.limits[.synapses] = Figure(440, grade: .derived, source: "a test")
    let there = RecordedCores(of: trained, on: wider, rules: rules)
    #expect(there.record == nil && there.note?.contains("limits.synapses 220 there, 440 here") == true)
    #expect(RecordedCores(of: trained, on: chip, rules: try CoreRules(chip, weightBits: 4)).note?.contains("8 bits") == true)
    var more = try options(weight: 0, epochs: 1)
    more.objective = nil
    let further = try fit(trained, try data(60), more)
    #expect(further.coreRecords == trained.coreRecords)
    #expect(RecordedCores(of: further, on: chip, rules: rules).record == record)
    // A suggestion from a damaged record is none.
    let connectome = try Connectome(trained.graph)
    #expect(record.slices(for: connectome) != nil)
    var damaged = record
    damaged.mapping[0].slices[0][1] = -3
    #expect(damaged.slices(for: connectome) == nil)
    damaged.mapping = []
    #expect(damaged.slices(for: connectome) == nil)
    let grown = try trained.appending(NeuronLayer(LIF()), seed: 0)
    #expect(grown.coreRecords.isEmpty)
  }
}
