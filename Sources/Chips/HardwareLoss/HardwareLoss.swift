// The chip in the loss: L = L_task + lambda · L_hw, and Algorithm 1 of the NeuEdge paper (Eq. 9-10).
//
// Each epoch the mapper places the network as its gates stand, with the rates of the epoch before; each batch pays for
// the memory, the traffic and the badly filled cores of that mapping (`HardwarePrice`), by gates that remove neurons and
// by the spikes themselves. At the freeze the mapper says how many neurons fill the cores to the brim, the others go,
// and the weights that are left learn on. What `place` maps afterwards is what was paid for.

import Faults
import Glibc
import Spiking
import Tensors

/// What a network costs on a chip, as an aim of training.
public struct HardwareLoss: TrainingObjective {
  /// What is paid for, and how.
  public struct Options: Sendable {
    /// Lambda.
    public var weight = 1.0
    /// How much each term of L_hw counts.
    public var utilization = 1.0
    public var communication = 1.0
    public var memory = 1.0
    /// Not in the paper: what arrives over synapses, within cores and between them.
    public var operations = 0.0
    /// The mapper that renews the mapping, and what it makes small.
    public var strategy = JointStrategy.name
    public var objective = Objective.energyDelay
    /// As in `PlaceOptions`.
    public var chips: Int?
    public var weightBits: Int?
    /// The share of training in which the task is learnt alone: a network that does nothing yet has nothing to keep.
    public var warmup = 0.3
    /// The share of training after which nothing more is removed and weights alone learn.
    public var freeze = 0.7
    /// The share of each layer's weights, the smallest first, that go with the units at the freeze; those that the chip's
    /// bits would round to zero go in any case.
    public var prune = 0.0
    public var seed: UInt64 = 0

    public init() {}
  }

  public let name = "hardware"
  public let chip: Chip
  public let options: Options
  private var state: State?

  public var weight: Double { options.weight }

  /// - Throws: `.value` for weights below zero, shares that are none, or a strategy that there isn't.
  public init(_ chip: Chip, _ options: Options = Options()) throws(Fault) {
    let weights = [
      ("weight", options.weight), ("utilization", options.utilization), ("communication", options.communication),
      ("memory", options.memory), ("operations", options.operations),
    ]
    for (name, value) in weights where !(value >= 0 && value < .infinity) {
      throw Fault(.value, "a weight of the hardware loss is a number from 0", label: "\(name) is \(value)")
    }
    guard options.warmup >= 0, options.warmup < options.freeze, options.freeze < 1 else {
      throw Fault(
        .value, "the hardware loss works from `warmup` to `freeze`, shares of training",
        label: "warmup is \(options.warmup), freeze is \(options.freeze)",
        help: "choose 0 ≤ warmup < freeze < 1, such as 0.3 and 0.7")
    }
    guard options.prune >= 0, options.prune < 1 else {
      throw Fault(
        .value, "a part of the weights is a share from 0, and less than 1", label: "prune is \(options.prune)")
    }
    _ = try mappingStrategy(options.strategy)
    self.chip = chip
    self.options = options
  }

  public mutating func begin(_ network: Network, _ course: TrainingCourse) throws(Fault) {
    var state = try State(network, course, chip, options)
    // A network that doesn't fit, or a chip that can't take it, is refused before anything is trained.
    try state.renew(network, softness: State.softness)
    self.state = state
  }

  public mutating func beginEpoch(_ epoch: Int, _ network: Network) throws(Fault) {
    guard epoch > 0, var state = take() else { return }
    defer { self.state = state }
    let progress = Double(epoch) / Double(max(1, state.course.epochs))
    try state.renew(network, softness: State.softness * max(0, 1 - progress / options.freeze))
  }

  /// The cores of the mapping and how full the scarcest resource is there: "loihi2_cores", "loihi2_utilization".
  public var notes: [(name: String, value: Double)] {
    guard let state else { return [] }
    return [(Self.coresNote(chip), Double(state.cores)), ("\(chip.name)_utilization", state.coreUtilization)]
  }

  /// How many cores of a chip a network was trained to fill with the chip's own weights; nil where the chip was not in
  /// its loss, or training ended before that was decided.
  public static func cores(of network: Network, on chip: Chip) -> Int? {
    guard let rules = try? CoreRules(chip, weightBits: nil) else { return nil }
    return RecordedCores(of: network, on: chip, rules: rules).record?.cores
  }

  private static func coresNote(_ chip: Chip) -> String { "\(chip.name)_cores" }

  public func shaped(_ network: Network) throws(Fault) -> Network {
    guard let state, state.isCharging else { return network }
    return try state.gates.shaped(network)
  }

  public mutating func charge(
    _ network: Network, input: Signal, trace: NetworkTrace
  ) throws(Fault) -> ObjectiveCharge {
    guard var state = take() else { return ObjectiveCharge(value: 0, terms: []) }
    defer { self.state = state }
    return try state.charge(input: input, trace: trace)
  }

  public mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    guard var state = take() else { return }
    defer { self.state = state }
    if state.isCharging { try state.pullBack(&gradients, network) }
  }

  public mutating func advance(_ network: inout Network, progress: Double) throws(Fault) {
    guard var state = take() else { return }
    defer { self.state = state }
    // Without a weight the mapping is watched, and nothing changes.
    if progress < options.warmup || weight == 0 { return }
    if !state.isCharging { try state.beginCharging(network) }
    try state.narrow(&network, progress: progress)
    if !state.gates.isFrozen, progress >= options.freeze { try state.settle(network) }
    try state.gates.advance(&network, progress: progress)
  }

  public func finish(_ network: Network) throws(Fault) -> Network {
    guard let state, state.isCharging else { return network }
    var finished = try state.gates.finish(network)
    if let record = try state.record(of: finished) { finished.remember(record) }
    return finished
  }

  /// The state, taken out so that it is changed in place.
  private mutating func take() -> State? {
    defer { state = nil }
    return state
  }
}

/// What one training run knows.
private struct State: Sendable {
  /// How soft the assignment is at first.
  static let softness = 0.5

  let chip: Chip
  let options: HardwareLoss.Options
  let course: TrainingCourse
  let strategy: any MappingStrategy
  let graph: NetworkGraph
  let rules: CoreRules
  /// For each population of the graph, its number among those of the gates; nil where units cannot be told apart.
  let gated: [Int?]
  var gates: NetworkGates
  var price: HardwarePrice
  var assignment: SoftAssignment?
  var demand: MappedDemand?
  /// The objective's number of the whole network's sequential mapping, as it was before it paid for anything; nil where
  /// it doesn't fit like that.
  private var allowance: Double?
  /// Whether the network pays for what it is charged.
  var isCharging = false
  /// Of the last mapping.
  private(set) var cores = 0
  private(set) var coreUtilization = 0.0
  /// Decided when the gates froze.
  private var settledCores: Int?
  /// Layers whose neurons have more inputs than fit.
  private let wide: [FanInLimit]
  /// How far their inputs are taken away, from 0 to 1.
  private var narrowed = 0.0
  /// Of the batch that runs.
  private var gateSlopes: [[Double]] = []
  /// For each population and neuron, spikes since the last mapping, and the steps of all samples.
  private var counts: [[Double]]
  private var rows = 0

  init(_ network: Network, _ course: TrainingCourse, _ chip: Chip, _ options: HardwareLoss.Options) throws(Fault) {
    self.chip = chip
    self.options = options
    self.course = course
    strategy = try mappingStrategy(options.strategy)
    var gating = NetworkGates.Options()
    gating.freeze = options.freeze
    gates = NetworkGates(network, course, gating)
    let graph = network.graph
    self.graph = graph
    rules = try CoreRules(chip, weightBits: options.weightBits)
    let units = gates.graph.populations
    let gated = graph.populations.map { population -> Int? in
      population.place.count > 1 ? nil : units.firstIndex { $0.layer == population.layer }
    }
    self.gated = gated
    let populations = graph.populations.indices.map { number in
      let entry = gated[number].map { units[$0] }
      return PricedNetwork.Population(
        units: entry?.units ?? 1, neuronsPerUnit: entry?.neuronsPerUnit ?? graph.populations[number].neurons,
        isInput: graph.populations[number].isInput)
    }
    // Without a weight nothing is taken away, and what does not fit is refused.
    wide = options.weight > 0 ? try FanInLimit.limits(of: network, rules: rules) : []
    let onChip = try ChipNetwork(try network.narrowed(to: wide), on: chip, rules: rules).network
    let connectome = try Connectome(onChip.graph, countsZeros: chip.countsZeroWeights)
    let sharesKernels = rules.sharesKernels
    let projections = connectome.blocks.map { block in
      let pairs = populations[block.source].units * populations[block.target].units
      return PricedNetwork.Projection(
        source: block.source, target: block.target,
        stored: Double(connectome.stored(block, sharesKernels: sharesKernels)) / Double(max(1, pairs)),
        reached: Double(connectome.stored(block, sharesKernels: false))
          / Double(max(1, pairs * populations[block.source].neuronsPerUnit)))
    }
    price = HardwarePrice(
      PricedNetwork(populations: populations, projections: projections),
      weights: HardwarePrice.Weights(
        utilization: options.utilization, communication: options.communication, memory: options.memory,
        operations: options.operations))
    counts = graph.populations.map { [Double](repeating: 0, count: $0.neurons) }
  }

  /// For each population of the graph and each of its units, g; 1 as long as gates are not in use.
  private var values: [[Double]] {
    graph.populations.indices.map { number in
      if isCharging, let population = gated[number] { return gates.values[population].map(Double.init) }
      return [Double](repeating: 1, count: price.network.populations[number].units)
    }
  }

  // MARK: Mapping

  /// Places the network that the gates leave, and takes over what the mapper found.
  mutating func renew(_ network: Network, softness: Double) throws(Fault) {
    let kept = gates.kept(above: 0.5)
    if !isCharging { try renewAllowance(network) }
    let report = try mapped(network, kept)
    let lists = lists(of: kept)
    let populations = graph.populations.indices.map { number in
      let entry = price.network.populations[number]
      return (units: entry.units, neuronsPerUnit: entry.neuronsPerUnit, kept: lists[number])
    }
    assignment = SoftAssignment(report.placed.mapping, populations: populations, chip: chip, softness: softness)
    cores = report.cores
    coreUtilization = report.utilization
    demand = report.bottleneck.map { resource in
      var open = populations.map { [Double](repeating: 0, count: $0.units) }
      for (number, list) in lists.enumerated() { for unit in list { open[number][unit] = 1 } }
      return MappedDemand(
        resource: resource, cores: report.utilization * Double(report.cores), used: report.cores, gates: open)
    }
    counts = counts.map { [Double](repeating: 0, count: $0.count) }
    rows = 0
  }

  /// For each population of the graph, the units that stay.
  private func lists(of kept: [Int: [Int]]) -> [[Int]] {
    graph.populations.indices.map { number in
      gated[number].flatMap { kept[$0] } ?? Array(0..<price.network.populations[number].units)
    }
  }

  /// What the mapper makes of some units of the network, firing as they did since the last mapping: the fewest cores that
  /// are no worse than the whole network placed without a thought.
  private func mapped(_ network: Network, _ kept: [Int: [Int]]) throws(Fault) -> MappingReport {
    // Not as the gates shape it: a unit whose weights they have made zero would look as if it took no room.
    let problem = try problem(try network.narrowed(to: wide).keeping(kept), kept, allowance: allowance)
    let placed = try strategy.place(problem)
    // The mapper was content with what it had; training stops at its next look.
    if placed.isInterrupted { Interrupt.request() }
    return MappingReport(problem, placed, activity: .assumed(rate: 0))
  }

  /// What the whole network costs when it is placed as toolchains do.
  private mutating func renewAllowance(_ network: Network) throws(Fault) {
    do throws(Fault) {
      allowance = try SequentialStrategy().place(try problem(try network.narrowed(to: wide), [:], allowance: nil)).score
    } catch {
      guard error.kind == .limit else { throw error }
      allowance = nil
    }
  }

  private func problem(
    _ network: Network, _ kept: [Int: [Int]], allowance: Double?
  ) throws(Fault) -> PlacementProblem {
    let lists = lists(of: kept)
    let rates = graph.populations.indices.map { number -> [Float] in
      let size = price.network.populations[number].neuronsPerUnit
      return lists[number].flatMap { unit in
        (unit * size..<(unit + 1) * size).map { rows > 0 ? Float(counts[number][$0] / Double(rows)) : 0.1 }
      }
    }
    let onChip = try ChipNetwork(network, on: chip, rules: rules).network
    return try PlacementProblem(
      Workload(graph: onChip.graph, rates: rates, steps: network.encoder?.steps ?? 25), on: chip,
      objective: options.objective, chips: options.chips, weightBits: options.weightBits,
      coreBudget: settledCores, allowance: allowance, seed: options.seed)
  }

  // MARK: Price

  /// The task is learnt: what the network does now is what later savings are compared with.
  mutating func beginCharging(_ network: Network) throws(Fault) {
    isCharging = true
    try renewAllowance(network)
  }

  mutating func charge(input: Signal, trace: NetworkTrace) throws(Fault) -> ObjectiveCharge {
    guard let assignment else { return ObjectiveCharge(value: 0, terms: []) }
    var batch = counts.map { [Double](repeating: 0, count: $0.count) }
    try trace.addCounts(of: graph, input: input, to: &batch)
    let samples = input.steps * input.batch
    rows += samples
    for number in counts.indices {
      for neuron in counts[number].indices { counts[number][neuron] += batch[number][neuron] }
    }
    let rates = batch.indices.map { number in
      let entry = price.network.populations[number]
      return (0..<entry.units).map { unit in
        batch[number][unit * entry.neuronsPerUnit..<(unit + 1) * entry.neuronsPerUnit].reduce(0, +) / Double(samples)
      }
    }
    // A network that hardly fires yet would make every later spike dear.
    if !isCharging {
      price.trafficAtFirst = nil
      price.operationsAtFirst = nil
    }
    let none = MappedDemand(resource: .neurons, cores: 0, used: 0, gates: values)
    let terms = price.terms(gates: values, rates: rates, assignment: assignment, demand: demand ?? none)
    gateSlopes = terms.gateSlopes
    var flows: [Int: Tensor] = [:]
    let weight = isCharging ? options.weight : 0
    for (number, population) in graph.populations.enumerated() where population.place.count == 1 && weight > 0 {
      guard let layer = population.layer, terms.rateSlopes[number].contains(where: { $0 != 0 }) else { continue }
      let size = price.network.populations[number].neuronsPerUnit
      let row = terms.rateSlopes[number].flatMap { slope in
        [Float](repeating: Float(weight * slope / Double(samples)), count: size)
      }
      flows[layer] = try Tensor(shape: [input.steps, input.batch] + population.shape) { values in
        for start in stride(from: 0, to: values.count, by: row.count) {
          for (place, value) in row.enumerated() { values[start + place] = value }
        }
      }
    }
    return ObjectiveCharge(
      value: terms.total(price.weights),
      terms: [
        ("utilization", terms.utilization), ("communication", terms.communication), ("memory", terms.memory),
      ] + (options.operations > 0 ? [("operations", terms.operations)] : []),
      outputGradients: flows)
  }

  /// Hands the gates what they need to move: the derivatives of the loss and of the last charge.
  mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    try gates.pullBack(&gradients, network)
    var slopes = gates.values.map { [Double](repeating: 0, count: $0.count) }
    for (number, population) in gated.enumerated() {
      guard let population, number < gateSlopes.count else { continue }
      slopes[population] = gateSlopes[number].map { options.weight * $0 }
    }
    gates.add(slopes)
  }

  // MARK: Inputs

  /// Takes inputs from neurons that have more than fit, the smallest weights first: few at a time and ever fewer (the
  /// cubic course of Zhu and Gupta 2017), so that the others learn to do without.
  mutating func narrow(_ network: inout Network, progress: Double) throws(Fault) {
    guard !wide.isEmpty, !gates.isFrozen else { return }
    let way = min(1, max(0, (progress - options.warmup) / max(1e-9, options.freeze - options.warmup)))
    // Looking through all weights costs more than a step of training, so it is done fifty times in all.
    guard way >= 1 || way - narrowed >= 0.02 else { return }
    narrowed = way
    for limit in wide { try gates.mask(limit.layer, limit.mask(network, share: pow(1 - way, 3)), &network) }
  }

  // MARK: The end

  /// The cores that the network was trained to fill, and where its neurons lie in them; nil before that was decided.
  func record(of network: Network) throws(Fault) -> CoreRecord? {
    guard let settledCores else { return nil }
    do throws(Fault) {
      let problem = try problem(network, gates.kept(), allowance: allowance)
      let placed = try strategy.place(problem)
      if placed.isInterrupted { Interrupt.request() }
      return CoreRecord(placed, problem, cores: settledCores)
    } catch {
      guard error.kind == .limit else { throw error }
      return nil
    }
  }

  // MARK: Freezing

  /// Decides what stays: the units that fill the nearest number of whole cores, and the weights that the chip can tell
  /// from zero.
  mutating func settle(_ network: Network) throws(Fault) {
    var report = try mapped(network, gates.kept(above: 0.5))
    let target = max(1, Int((report.utilization * Double(report.cores)).rounded()))
    var scores: [Int: [Float]] = [:]
    var importance: [Int: [Double]] = [:]
    for (number, population) in gated.enumerated() {
      guard let population, gates.graph.populations[population].isRemovable else { continue }
      scores[population] = gates.scores[population]
      importance[population] = outgoing(network, population, number)
    }
    if report.bottleneck != nil, !scores.isEmpty {
      let filling = CoreFilling(scores: scores, importance: importance)
      let choice = try filling.kept(filling: target) { (kept) throws(Fault) in
        try mapped(network, kept).cores
      }
      if let choice {
        gates.shut(allBut: choice)
        report = try mapped(network, choice)
      }
    }
    cores = report.cores
    settledCores = cores
    coreUtilization = report.utilization
    for link in gates.graph.links {
      guard let weight = (network.layers[link.layer] as? any PrunableLayer)?.weight else { continue }
      gates.cuts[link.layer] = cut(weight)
    }
  }

  /// How much each unit says: its spikes times the sizes of its outgoing weights.
  private func outgoing(_ network: Network, _ population: Int, _ number: Int) -> [Double] {
    guard let link = gates.graph.linkOut(of: population),
      let layer = network.layers[link.layer] as? any PrunableLayer, let weight = layer.weight
    else { return [] }
    let size = price.network.populations[number].neuronsPerUnit
    return weight.withUnsafeBuffer { values in
      (0..<gates.graph.populations[population].units).map { unit in
        var sum = 0.0
        for row in unit * link.rowsPerUnit..<(unit + 1) * link.rowsPerUnit {
          for target in 0..<layer.outputUnits {
            let start = layer.blockStart(row: row, unit: target)
            for place in start..<start + layer.blockSize { sum += Double(abs(values[place])) }
          }
        }
        return sum * counts[number][unit * size..<(unit + 1) * size].reduce(0, +)
      }
    }
  }

  /// The size below which weights go: half a step of the chip's whole numbers, or the wanted share of all weights.
  private func cut(_ weight: Tensor) -> Float {
    weight.withUnsafeBuffer { values in
      var cut: Float = 0
      let largest = values.reduce(0) { max($0, abs($1)) }
      if rules.isQuantised, rules.weightBits > 1 {
        cut = largest / Float((1 << (min(rules.weightBits, 24) - 1)) - 1) / 2
      }
      if options.prune > 0 {
        let sizes = values.map { abs($0) }.sorted()
        cut = max(cut, sizes[min(sizes.count - 1, Int(options.prune * Double(sizes.count)))])
      }
      return cut
    }
  }
}

extension Connectome {
  /// Synapses that a chip must keep for a projection: one for each, or the weights of kernels once.
  func stored(_ block: Block, sharesKernels: Bool) -> Int {
    if sharesKernels, let kernel = block.kernel { return kernel.weights * (sizes[block.target] / max(1, kernel.plane)) }
    return (0..<sizes[block.target]).reduce(0) { $0 + fanIn(block, $1) }
  }
}
