// What one training run with a chip in its loss knows.

import Faults
import Glibc
import Spiking
import Tensors

/// The gates, the last mapping and its price, and where training stands.
struct HardwareState: Sendable {
  /// The share of training in which lambda rises from 0.
  private static let ramp = 0.1
  /// A layer with fewer spikes a sample than this, or than this share of what it had, is about to fall silent.
  private static let fewestSpikes = 1.0
  private static let leastActivity = 0.02

  let chip: Chip
  let options: HardwareLoss.Options
  let course: TrainingCourse
  let strategy: any MappingStrategy
  let graph: NetworkGraph
  let rules: CoreRules
  /// For each population of the graph, its number among those of the gates; nil where units cannot be told apart.
  let gated: [Int?]
  /// For each population of the graph, its units and the neurons of each.
  let units: [(units: Int, neuronsPerUnit: Int)]
  var gates: NetworkGates
  var price: HardwarePrice
  var mapping: PricedMapping?
  /// Whether the network pays for what it is charged.
  var isCharging = false
  /// Of the last mapping.
  var cores = 0
  var coreUtilization = 0.0
  /// Decided when the gates froze, where whole cores are to be filled.
  var settledCores: Int?
  /// Layers whose neurons have more inputs than fit.
  let wide: [FanInLimit]
  /// How far their inputs, and the smallest weights, are taken away, from 0 to 1.
  private var narrowed = 0.0
  private var thinned = 0.0
  private var progress = 0.0
  /// Of the batch that runs.
  private var gateSlopes: [[Double]] = []
  private var pressure = 0.0
  /// The task's loss of the last batches, and what it was, with the price, when the network began to pay.
  private var taskLoss: Double?
  private var taskLossAtFirst = 0.0
  private var priceAtFirst = 0.0
  /// What is left of lambda while the task suffers more than the price has fallen, from 0 to 1.
  private var relief = 1.0
  /// For each population and neuron, spikes since the last mapping, and the steps of all samples.
  var counts: [[Double]]
  var rows = 0
  /// For each population, the spikes of a sample when it began to pay.
  private var activityAtFirst: [Double] = []
  private var warned: Set<Int> = []
  private var warnings: [String] = []
  /// Of the epoch: sums over its batches, when it began, and the mapper's time in it.
  private var joules = 0.0
  private var seconds = 0.0
  private var batches = 0
  private var began = Clock.now
  var mappingTime = 0.0

  init(_ network: Network, _ course: TrainingCourse, _ chip: Chip, _ options: HardwareLoss.Options) throws(Fault) {
    self.chip = chip
    self.options = options
    self.course = course
    strategy = try mappingStrategy(options.strategy)
    var gating = NetworkGates.Options()
    gating.start = options.warmup
    gating.freeze = options.freeze
    gating.gatesInput = true
    gates = NetworkGates(network, course, gating)
    let graph = network.graph
    self.graph = graph
    rules = try CoreRules(chip, weightBits: options.weightBits, delays: network.delayNeeds(whileLearnt: true))
    let known = gates.graph.populations
    let gated = graph.populations.map { population -> Int? in
      population.place.count > 1 ? nil : known.firstIndex { $0.layer == population.layer }
    }
    self.gated = gated
    units = graph.populations.indices.map { number in
      gated[number].map { (known[$0].units, known[$0].neuronsPerUnit) } ?? (1, graph.populations[number].neurons)
    }
    // Without a weight nothing is taken away, and what does not fit is refused.
    wide = options.weight > 0 ? try FanInLimit.limits(of: network, rules: rules) : []
    var weights = HardwarePrice.Weights(options.objective)
    weights.utilization = options.utilization
    weights.communication = options.communication
    weights.memory = options.memory
    weights.operations = options.operations
    price = HardwarePrice(weights)
    counts = graph.populations.map { [Double](repeating: 0, count: $0.neurons) }
  }

  /// For each population of the graph and each of its units, g; 1 as long as gates are not in use.
  private var values: [[Double]] {
    graph.populations.indices.map { number in
      if isCharging, let population = gated[number] { return gates.values[population].map(Double.init) }
      return [Double](repeating: 1, count: units[number].units)
    }
  }

  mutating func beginEpoch(_ epoch: Int, _ network: Network) throws(Fault) {
    (joules, seconds, batches) = (0, 0, 0)
    // The time of the first mapping belongs to the first epoch.
    if epoch > 0 {
      (began, mappingTime) = (Clock.now, 0)
      try renew(network)
    }
  }

  var notes: [(name: String, value: Double)] {
    let count = Double(max(1, batches))
    return [
      ("cores", Double(cores)), ("utilization", coreUtilization), ("energy", joules / count), ("latency", seconds / count),
      ("mapping_share", min(1, mappingTime / max(1e-9, Clock.now - began))),
    ]
  }

  mutating func takeWarnings() -> [String] {
    defer { warnings = [] }
    return warnings
  }

  // MARK: Price

  mutating func charge(input: Signal, trace: NetworkTrace) throws(Fault) -> ObjectiveCharge {
    guard let mapping else { return ObjectiveCharge(value: 0, terms: []) }
    var batch = counts.map { [Double](repeating: 0, count: $0.count) }
    try trace.addCounts(of: graph, input: input, to: &batch)
    let samples = input.steps * input.batch
    rows += samples
    for number in counts.indices {
      for neuron in counts[number].indices { counts[number][neuron] += batch[number][neuron] }
    }
    let rates = batch.indices.map { number in
      let size = units[number].neuronsPerUnit
      return (0..<units[number].units).map { unit in
        batch[number][unit * size..<(unit + 1) * size].reduce(0, +) / Double(samples)
      }
    }
    let gates = values
    let terms = price.terms(gates: gates, rates: rates, mapping: mapping)
    joules += terms.joules
    seconds += terms.seconds
    batches += 1
    gateSlopes = terms.gateSlopes
    self.gates.samples = input.batch
    let activity = zip(gates, rates).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 } * Double(input.steps) }
    adapt(terms.total, isSilent: isCharging && isFallingSilent(activity))
    var flows: [Int: Tensor] = [:]
    for (number, population) in graph.populations.enumerated() where population.place.count == 1 && pressure > 0 {
      guard let layer = population.layer, terms.rateSlopes[number].contains(where: { $0 != 0 }) else { continue }
      let size = units[number].neuronsPerUnit
      let row = terms.rateSlopes[number].flatMap { slope in
        [Float](repeating: Float(pressure * slope / Double(samples)), count: size)
      }
      flows[layer] = try Tensor(shape: [input.steps, input.batch] + population.shape) { values in
        for start in stride(from: 0, to: values.count, by: row.count) {
          for (place, value) in row.enumerated() { values[start + place] = value }
        }
      }
    }
    return ObjectiveCharge(
      value: terms.total,
      terms: [
        ("energy", terms.energy), ("latency", terms.latency), ("utilization", terms.utilization),
        ("communication", terms.communication), ("memory", terms.memory),
      ] + (options.operations > 0 ? [("operations", terms.operations)] : []),
      outputGradients: flows)
  }

  mutating func observe(taskLoss loss: Double) {
    taskLoss = taskLoss.map { 0.8 * $0 + 0.2 * loss } ?? loss
  }

  /// Decides how much is paid. What the task loses must not be more than what lambda says the saving is worth: several
  /// units that go together may cost more than each alone, and then fewer go.
  private mutating func adapt(_ price: Double, isSilent: Bool) {
    let loss = taskLoss ?? 0
    guard isCharging else {
      taskLossAtFirst = loss
      priceAtFirst = price
      pressure = 0
      return
    }
    let worth = options.weight * max(0, priceAtFirst - price)
    // Batches differ: twice the loss is no sign yet.
    let isOver = loss > 2 * taskLossAtFirst + worth
    relief = isSilent ? relief / 2 : isOver ? max(1e-3, relief * 0.85) : min(1, relief * 1.1)
    pressure = isSilent ? 0 : options.weight * rise * relief
  }

  /// The share of lambda that counts now.
  private var rise: Double { min(1, max(0, (progress - options.warmup) / Self.ramp)) }

  /// Whether a layer hardly fires any more: its last spikes would be the cheapest to save, and nothing would come back.
  ///
  /// - Parameter activity: for each population, the spikes of a sample.
  private mutating func isFallingSilent(_ activity: [Double]) -> Bool {
    if activityAtFirst.isEmpty { activityAtFirst = activity }
    var isSilent = false
    for (number, population) in graph.populations.enumerated() where !population.isInput && population.isSpiking {
      let least = max(Self.fewestSpikes, Self.leastActivity * activityAtFirst[number])
      guard activity[number] < least else { continue }
      isSilent = true
      guard warned.insert(number).inserted else { continue }
      let spikes = (activity[number] * 100).rounded() / 100
      warnings.append(
        "\(population.name) hardly fires any more, \(spikes) spikes a sample: as long as that is so, "
          + "what the chip costs is not charged; train with a smaller `weight` of hardware_loss than \(options.weight)")
    }
    return isSilent
  }

  /// Hands the gates what they need to move: the derivatives of the loss and of the last charge.
  mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    try gates.pullBack(&gradients, network)
    var slopes = gates.values.map { [Double](repeating: 0, count: $0.count) }
    for (number, population) in gated.enumerated() {
      guard let population, number < gateSlopes.count else { continue }
      slopes[population] = gateSlopes[number].map { options.weight * rise * relief * $0 }
    }
    gates.add(slopes)
  }

  // MARK: The course of training

  mutating func advance(_ network: inout Network, progress: Double) throws(Fault) {
    self.progress = progress
    if progress < options.warmup { return }
    isCharging = true
    try narrow(&network)
    if !gates.isFrozen, progress >= options.freeze { try settle(network) }
    try gates.advance(&network, progress: progress)
  }

  /// Takes inputs from neurons that have more than fit, and the smallest weights from all: few at a time and ever fewer (the
  /// cubic course of Zhu and Gupta 2017), so that the others learn to do without.
  private mutating func narrow(_ network: inout Network) throws(Fault) {
    guard !gates.isFrozen else { return }
    let way = min(1, (progress - options.warmup) / max(1e-9, options.freeze - options.warmup))
    // Looking through all weights costs more than a step of training, so it is done some times in all.
    if !wide.isEmpty, way >= 1 || way - narrowed >= 0.02 {
      narrowed = way
      for limit in wide { try gates.mask(limit.layer, limit.mask(network, share: pow(1 - way, 3)), &network) }
    }
    if options.prune > 0, way >= 1 || way - thinned >= 0.1 {
      thinned = way
      try gates.thin(options.prune * (1 - pow(1 - way, 3)), &network)
    }
  }

  /// Decides what stays: units whose gates are more open than shut (or as many as fill the nearest number of whole cores,
  /// where that is asked for), and the weights that the chip can tell from zero.
  private mutating func settle(_ network: Network) throws(Fault) {
    if options.fill == .cores { try fillCores(network) }
    for link in gates.graph.links {
      guard let weight = (network.layers[link.layer] as? any PrunableLayer)?.weight else { continue }
      gates.cuts[link.layer] = cut(weight)
    }
  }

  /// The size below which weights go: half a step of the chip's whole numbers.
  private func cut(_ weight: Tensor) -> Float {
    guard rules.isQuantised, rules.weightBits > 1 else { return 0 }
    let largest = weight.withUnsafeBuffer { $0.reduce(0) { max($0, abs($1)) } }
    return largest / Float((1 << (min(rules.weightBits, 24) - 1)) - 1) / 2
  }
}
