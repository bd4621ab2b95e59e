// `place` from end to end: rates from samples, the mapping, the report, and the accuracy with the chip's weights.

import Faults
import Spiking
import Tensors

/// How a network shall be placed.
public struct PlaceOptions: Sendable {
  public var strategy = "joint"
  public var objective = Objective.energyDelay
  /// Samples that tell how often each neuron fires; nil for assumed rates.
  public var data: Dataset?
  /// The code of the samples; nil for the network's own.
  public var encoder: (any Encoder)?
  /// How many chips may be used; nil for as many as there may be.
  public var chips: Int?
  /// Bits of a weight; nil for the chip's own.
  public var weightBits: Int?
  /// Which weights share a scale.
  public var weightScale = WeightRounding.Scale.layer
  /// The share of the weights, the smallest first, that keep their size.
  public var clip = 1.0
  /// Whether neurons with more inputs than fit are divided among neurons that add up parts of them.
  public var splitsFanIn = false
  /// Steps of an inference; nil for the encoder's.
  public var steps: Int?
  /// The most cores that `joint` may use; nil for all of one chip, or of as many as `chips` says. For the whole cores that a
  /// network was trained to fill with this chip in its loss, it is these.
  public var cores: Int?
  public var fill = CoreUse.objective
  /// Spikes a neuron and step where no samples tell.
  public var assumedRate: Double = 0.1
  public var seed: UInt64 = 0

  public init() {}
}

/// Places a network on a chip.
///
/// - Throws: `.limit` for what doesn't fit; `.value` for options, weights or data that can't be used; `.interrupt`.
public func place(_ given: Network, on chip: Chip, _ options: PlaceOptions = PlaceOptions()) throws(Fault) -> MappingReport {
  let network = try given.forChips()
  let strategy = try mappingStrategy(options.strategy)
  guard network.neuronLayers.count > 0 else {
    throw Fault(
      .value, "the network has no neurons to place", label: "a chip runs neurons, and it has only other layers",
      help: "put neurons behind its weights: input(64) |> dense(10) |> lif()")
  }
  guard options.assumedRate >= 0, options.assumedRate <= 1 else {
    throw Fault(.value, "a rate lies between 0 and 1 spikes a step", label: "the rate is \(options.assumedRate)")
  }
  if let steps = options.steps, steps < 1 {
    throw Fault(.value, "an inference has at least one step", label: "steps is \(steps)")
  }
  if let data = options.data {
    guard options.encoder != nil || network.encoder != nil || data.sampleShape.count > 1 else {
      throw Fault(
        .value, "the network has no code to see \(data.name) with",
        label: "it was not trained, and no encoder is given",
        help: "train it first, or name a code: place(…, on=\(data.name), encode=rate(steps=25))")
    }
  }
  let rules = try CoreRules(chip, weightBits: options.weightBits, delays: network.delayNeeds())
  func rounded(_ network: Network) throws(Fault) -> ChipNetwork {
    try ChipNetwork(network, on: chip, rules: rules, scale: options.weightScale, clip: options.clip)
  }
  func assumed(_ graph: NetworkGraph) -> [[Float]] {
    graph.populations.map { [Float](repeating: Float(options.assumedRate), count: $0.neurons) }
  }
  // The chip runs the rounded network: it is what takes room, what spikes, what costs, and what is right or wrong.
  var onChip = try rounded(network)
  var splits: [FanInSplit] = []
  if options.splitsFanIn {
    var divided = network
    for _ in 0..<3 {
      let rates =
        try options.data.map { (data) throws(Fault) in
          try onChip.network.rates(on: data, encoder: options.encoder, seed: options.seed)
        } ?? assumed(onChip.network.graph)
      let more = try divided.splittingFanIn(rounded: onChip.network, rules: rules, chip: chip, rates: rates)
      if more.splits.isEmpty { break }
      splits += more.splits
      divided = more.network
      onChip = try rounded(divided)
    }
  }
  let graph = onChip.network.graph
  var steps = options.steps ?? options.encoder?.steps ?? network.encoder?.steps ?? 25
  let recorded = RecordedCores(of: network, on: chip, rules: rules)
  // Weights, bits and chips are checked before any sample is run.
  var problem = try PlacementProblem(
    Workload(graph: graph, rates: assumed(graph), steps: steps + splits.count), on: chip, objective: options.objective,
    chips: options.chips, weightBits: options.weightBits, coreBudget: options.cores ?? recorded.record?.cores,
    fill: options.fill, seed: options.seed)
  problem.suggestion = recorded.record?.slices(for: problem.connectome)
  var activity = MappingReport.Activity.assumed(rate: options.assumedRate)
  if let data = options.data {
    var run = MeasuredRun(onChip.network, problem, samples: data.count)
    let measured = try onChip.network.ratesAndSteps(on: data, encoder: options.encoder, seed: options.seed) {
      (batch, first) throws(Fault) in try run.add(batch, first: first)
    }
    var rates = measured.rates
    steps = options.steps ?? measured.steps
    // What is divided takes a step longer, with the same spikes.
    let share = Float(steps) / Float(steps + splits.count)
    if !splits.isEmpty { rates = rates.map { $0.map { $0 * share } } }
    activity = .measured(on: data.name, samples: data.count)
    var workload = Workload(graph: graph, rates: rates, steps: steps + splits.count)
    run.finish(&workload)
    problem = problem.with(workload)
  }
  let placed = problem.timed(try strategy.place(problem))
  var report = MappingReport(problem, placed, activity: activity)
  report.onChip = onChip
  report.splits = splits
  if !splits.isEmpty { report.original = network }
  if let note = recorded.note, options.cores == nil, options.strategy == JointStrategy.name { report.notes.append(note) }
  if let record = recorded.record, options.cores == nil, options.strategy == JointStrategy.name,
    let note = RecordedCores.note(record, cores: report.cores, synapses: report.synapses)
  {
    report.notes.append(note)
  }
  if let data = options.data, data.targets == nil, data.classCount > 0, data.labels.allSatisfy({ $0 < network.outputs }) {
    report.accuracy = try evaluate(onChip.network, data, encoder: options.encoder, seed: options.seed).accuracy
    report.accuracyFloat =
      rules.isQuantised || !splits.isEmpty
      ? try evaluate(network, data, encoder: options.encoder, seed: options.seed).accuracy : report.accuracy
  }
  return report
}
