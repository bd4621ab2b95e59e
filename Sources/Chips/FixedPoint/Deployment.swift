// `deploy`: a network as a chip computes it, in whole numbers, and what that does to its answers.

import Faults
import Spiking
import Tensors

/// How a network shall be deployed.
public struct DeployOptions: Sendable {
  /// Samples that both networks answer; nil for none.
  public var data: Dataset?
  /// The code of the samples; nil for the network's own.
  public var encoder: (any Encoder)?
  /// Bits of a weight; nil for the chip's own.
  public var weightBits: Int?
  /// Whether neurons with more inputs than a core has are divided among neurons that add up parts of them.
  public var splitsFanIn = false
  /// On a chip with axon types: what stands for a leak by a share, and what is left to chance.
  public var modes = AxonTypeModes()
  /// Names the draws of random codes and of neurons that draw.
  public var seed: UInt64 = 0

  public init() {}
}

/// A network on a chip, in whole numbers.
///
/// It computes step by step what the chip would, overflow included, but for the steps that spikes need on their way: a
/// layer answers in the step in which its inputs fire, so that its output stands beside that of the network. On the chip each
/// layer is a step behind the one before.
public struct Deployment: Sendable {
  public let chip: Chip
  /// The network that was given, with its normalisation folded in; divided, where its inputs were.
  public let network: Network
  public let program: FixedPointNetwork
  public let layers: [RoundedPopulation]
  public let weightBits: Int
  public let splits: [FanInSplit]
  /// What a user must know before trusting it.
  public private(set) var warnings: [String]
  /// On the samples: the share that is right with the network's own numbers, with the chip's, and that is read alike.
  public private(set) var accuracyFloat: Double?
  public private(set) var accuracy: Double?
  public private(set) var agreement: Double?
  /// Spikes of each population in a sample, with the network's numbers and the chip's.
  public private(set) var spikesFloat: [Double] = []
  public private(set) var spikes: [Double] = []
  public private(set) var samples = 0

  private let outputShape: [Int]
  /// Whether the output is spikes, at most one in a step; else numbers.
  public let givesSpikes: Bool
  private let takesNumbers: Bool

  /// - Throws: `.value` for a chip that does not count in whole numbers, or a layer, neuron or number that it cannot hold;
  ///   `.limit` for neurons with too many inputs; `.interrupt`.
  public init(_ given: Network, on chip: Chip, _ options: DeployOptions = DeployOptions()) throws(Fault) {
    guard let arithmetic = chip.arithmetic else {
      throw Fault(
        .value, "nothing is known of how \(chip.name) computes in whole numbers",
        label: chip.isDense ? "it computes in floating-point numbers" : "its file has no section `arithmetic`",
        help: chip.isDense
          ? "run the network itself, or write it as C: save(net, \"net.c\")"
          : "give `cell` and bits in `arithmetic`, as in chips.loihi1")
    }
    let rules = try CoreRules(chip, weightBits: options.weightBits)
    var network = try given.forChips()
    var splits: [FanInSplit] = []
    if options.splitsFanIn { (network, splits) = try Self.divided(network, chip, rules, options) }
    let wired = try WiredNetwork(network, for: chip.name)
    guard options.modes == AxonTypeModes() || arithmetic.cell == .axonTypes else {
      throw Fault(
        .value, "\(chip.name) has no leak by a constant, and nothing that is left to chance",
        label: "its neurons compute by \(arithmetic.cell.rawValue)", help: "`leak` and `chance` are for chips.truenorth")
    }
    let rounding = CellRounding(chip: chip, arithmetic: arithmetic, rules: rules, seed: options.seed, modes: options.modes)
    var populations: [FixedPointNetwork.Population] = []
    var layers: [RoundedPopulation] = []
    for (number, population) in wired.populations.enumerated() {
      let (own, report) = try rounding.population(population, number: number)
      populations.append(own)
      layers.append(report)
    }
    self.chip = chip
    self.network = network
    self.splits = splits
    self.layers = layers
    program = FixedPointNetwork(populations)
    weightBits = rules.weightBits
    warnings = layers.flatMap(\.notes)
    for layer in layers where layer.weights > 0 && 2 * layer.zeroed > layer.weights {
      warnings.append(
        "rounding takes \(Misfit.count(layer.zeroed)) of the \(Misfit.count(layer.weights)) weights of \(layer.name) to zero: "
          + "a few large ones set the scale")
    }
    outputShape = network.outputShape
    let isSingle = arithmetic.cell != .integrate && arithmetic.cell != .shiftedDecay
    givesSpikes = isSingle && wired.populations.last?.fires == true
    takesNumbers = arithmetic.cell != .axonTypes && arithmetic.cell != .exponential
    if let data = options.data { try measure(data, options) }
  }

  /// The network with partial sums in the place of neurons that have too many inputs.
  private static func divided(
    _ network: Network, _ chip: Chip, _ rules: CoreRules, _ options: DeployOptions
  ) throws(Fault) -> (Network, [FanInSplit]) {
    var (divided, splits) = (network, [FanInSplit]())
    for _ in 0..<3 {
      let rounded = try ChipNetwork(divided, on: chip, rules: rules).network
      let rates =
        try options.data.map { (data) throws(Fault) in
          try rounded.rates(on: data, encoder: options.encoder, seed: options.seed)
        } ?? rounded.graph.populations.map { [Float](repeating: 0.1, count: $0.neurons) }
      let more = try divided.splittingFanIn(rounded: rounded, rules: rules, chip: chip, rates: rates)
      if more.splits.isEmpty { break }
      splits += more.splits
      divided = more.network
    }
    return (divided, splits)
  }

  // MARK: Running

  /// The network's answer in whole numbers, `[time, batch, …features]`: spikes; or numbers, where a step can have several of
  /// them or potentials leave the network, which are then scaled back.
  ///
  /// - Throws: `.shape` for input that does not fit, `.value` for numbers where the chip takes spikes alone, `.interrupt`.
  public func run(_ input: Signal) throws(Fault) -> Signal { try answers(input).output }

  /// The same with the spikes of each population, summed over all samples.
  public func answers(_ input: Signal) throws(Fault) -> (output: Signal, spikes: [Int]) {
    let features = network.inputShape.reduce(1, *)
    guard input.shape.count >= 2, input.features == features, input.steps > 0 else {
      throw Fault(
        .shape, "the input does not fit the network",
        label: "it is \(Shape.text(input.shape)), and the network takes [time, batch] and \(Shape.text(network.inputShape))",
        help: "encode samples first: x |> rate(steps=20)")
    }
    var spikes = input.spikes
    var drive: Tensor?
    if spikes == nil {
      let values = try input.tensor()
      // Numbers that are all 0 and 1 are spikes.
      if values.withUnsafeBuffer({ $0.allSatisfy { $0 == 0 || $0 == 1 } }) { spikes = try Spikes(values) } else { drive = values }
    }
    if drive != nil, !takesNumbers {
      throw Fault(
        .value, "\(chip.name) takes spikes, and the input is numbers", label: "some are neither 0 nor 1",
        help: "encode samples as spikes: rate(steps=20), hybrid(steps=20) or latency(steps=20)")
    }
    let (steps, batch, outputs) = (input.steps, input.batch, outputShape.reduce(1, *))
    let last = program.populations.count - 1
    let scale = layers.last.map { $0.scale } ?? 1
    let fires = layers.last.map { $0.threshold > 0 } ?? false
    // One sample after the other or side by side: they know nothing of each other.
    let runs = try sideBySide(batch) { (sample) throws(Fault) in
      var state = program.initialState(sample: sample)
      var output = [Float](repeating: 0, count: steps * outputs)
      var counts = [Int](repeating: 0, count: program.populations.count)
      var events: [FixedPointNetwork.Event] = []
      for step in 0..<steps {
        try Interrupt.check()
        events.removeAll(keepingCapacity: true)
        if let spikes {
          spikes.forEachActive(step: step, sample: sample) { events.append(.init(source: Int32(truncatingIfNeeded: $0))) }
        }
        if let drive {
          drive.withUnsafeBuffer { values in
            let start = (step * batch + sample) * features
            program.advance(&state, events: [], drive: UnsafeBufferPointer(rebasing: values[start..<(start + features)]))
          }
        } else {
          program.advance(&state, events: events)
        }
        for number in counts.indices { counts[number] += state.spikes[number].reduce(0) { $0 + Int($1) } }
        if fires {
          for (neuron, times) in state.spikes[last].enumerated() { output[step * outputs + neuron] = Float(times) }
        } else {
          for (neuron, potential) in state.cells[last].potentials.enumerated() {
            output[step * outputs + neuron] = Float(Double(potential) / scale)
          }
        }
      }
      return (output, counts)
    }
    var values = [Float](repeating: 0, count: steps * batch * outputs)
    var counts = [Int](repeating: 0, count: program.populations.count)
    for (sample, run) in runs.enumerated() {
      for step in 0..<steps {
        let place = (step * batch + sample) * outputs
        values.replaceSubrange(place..<(place + outputs), with: run.0[(step * outputs)..<((step + 1) * outputs)])
      }
      for number in counts.indices { counts[number] += run.1[number] }
    }
    let tensor = try Tensor(values, shape: [steps, batch] + outputShape)
    return (givesSpikes ? .spikes(try Spikes(tensor)) : .tensor(tensor), counts)
  }

  // MARK: Measuring

  private mutating func measure(_ data: Dataset, _ options: DeployOptions) throws(Fault) {
    let hasClasses = data.targets == nil && data.classCount > 0 && data.labels.allSatisfy { $0 < network.outputs }
    guard options.encoder != nil || network.encoder != nil || data.sampleShape.count > 1 else {
      throw Fault(
        .value, "the network has no code to see \(data.name) with", label: "it was not trained, and no encoder is given",
        help: "train it first, or name a code: deploy(…, on=\(data.name), encode=rate(steps=25))")
    }
    let decoder = network.standardDecoder
    var classes: [Int] = []
    var counts = [Int](repeating: 0, count: program.populations.count)
    let deployed = self
    let measured = try network.ratesAndSteps(on: data, encoder: options.encoder, seed: options.seed) {
      (batch, _) throws(Fault) in
      let (output, spikes) = try deployed.answers(batch)
      for number in counts.indices { counts[number] += spikes[number] }
      if hasClasses { classes += try decoder.classes(output) }
    }
    samples = data.count
    let share = 1 / Double(max(1, data.count))
    spikes = counts.map { Double($0) * share }
    spikesFloat = measured.rates.dropFirst().map { rates in
      rates.reduce(0.0) { $0 + Double($1) } * Double(measured.steps)
    }
    guard hasClasses else { return }
    accuracy = Double(zip(classes, data.labels).count { $0 == $1 }) * share
    let float = try evaluate(network, data, encoder: options.encoder, decoder: decoder, seed: options.seed)
    accuracyFloat = float.accuracy
    agreement = Double(zip(classes, float.predictions).count { $0 == $1 }) * share
    if let accuracy, let accuracyFloat, accuracyFloat - accuracy > 0.05 {
      let points = ((accuracyFloat - accuracy) * 1000).rounded() / 10
      warnings.append("in whole numbers the network is right \(points) points less often")
    }
  }
}
