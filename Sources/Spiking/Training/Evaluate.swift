// How well a network does on samples, and at which price in spikes.

import Faults
import Tensors

/// What a network did on a data set.
public struct Evaluation: Sendable {
  public var samples: Int
  /// The mean loss.
  public var loss: Double
  /// How well classes were read; nil where the targets are numbers.
  public var classes: ClassFigures?
  /// How near numbers were; nil where the targets are classes.
  public var numbers: NumberFigures?
  /// Spikes of all neuron layers for a sample; those of the encoder are not among them.
  public var spikesPerSample: Double
  /// Spikes of each population of neurons for a sample, in order; those of a branch come before what follows it.
  public var layerSpikes: [Double]
  /// Spikes that enter the network for a sample; 0 for currents.
  public var inputSpikesPerSample: Double
  /// What is wrong with the network's activity: layers that fired nothing, or in each step.
  public var warnings: [String]

  /// The share of samples that were read right; nan where the targets are numbers.
  public var accuracy: Double { classes?.accuracy ?? .nan }
  /// The class that each sample was taken for.
  public var predictions: [Int] { classes?.predictions ?? [] }
}

/// What an evaluation looks at.
public struct EvaluationOptions {
  /// The code of the samples; nil for the one that the network remembers.
  public var encoder: (any Encoder)?
  /// The reading of classes; nil for the one that the network remembers.
  public var decoder: Decoder?
  /// The reading of numbers, from the output `[time, batch, outputs]` to `[batch, outputs]`; nil for that of the loss,
  /// or the one that the network remembers.
  public var read: ((Tensor) throws(Fault) -> Tensor)?
  /// nil for spike-count cross-entropy of classes, and the mean square of numbers.
  public var loss: (any Loss)?
  /// Names the draws of random codes; the same seed gives the same result.
  public var seed: UInt64 = 0
  /// Whether classes are read after each step as well.
  public var byStep = false

  public init() {}
}

extension Dataset {
  /// The loss for these targets where none is named.
  ///
  /// - Parameter network: what it remembers of how numbers are read.
  func standardLoss(_ network: Network) -> any Loss {
    hasClasses ? SpikeCountCrossEntropy() : MeanSquare(read: network.reading ?? .mean)
  }
}

/// Runs a network on each sample and compares what is read from its output with the targets.
///
/// - Throws: `.value` or `.shape` when samples or targets don't fit; `.interrupt`.
public func evaluate(_ network: Network, _ data: Dataset, _ options: EvaluationOptions) throws(Fault) -> Evaluation {
  let loss = options.loss ?? data.standardLoss(network)
  let source = try BatchSource(data, network: network, encoder: options.encoder ?? network.encoder, loss: loss)
  var classes = data.hasClasses
    ? try ClassTally(
      options.decoder ?? network.decoder ?? options.loss?.decoder ?? network.standardDecoder, outputs: network.outputs, byStep: options.byStep) : nil
  var numbers = data.hasClasses ? nil : NumberTally(outputs: network.outputs)
  let readout = loss.readout ?? network.reading ?? .mean
  let size = 256
  var lossSum = 0.0
  var inputSpikes = 0
  var activity = ActivityTally()
  let counting = network.countingPopulations
  for (batch, start) in stride(from: 0, to: data.count, by: size).enumerated() {
    try Interrupt.check()
    let indices = Array(start..<min(data.count, start + size))
    let input = try source.signal(
      indices, stream: RandomStream(seed: options.seed, purpose: "evaluate", index: UInt64(batch)))
    if start + size < data.count { source.prepare(Array(start + size..<min(data.count, start + 2 * size))) }
    if let lengths = source.lengths(indices) {
      inputSpikes += try input.ended(lengths).spikes?.total ?? 0
    } else {
      inputSpikes += input.spikes?.total ?? 0
    }
    let trace = try network.trace(input, Pass())
    let target = try source.targets.batch(indices)
    let lengths = source.lengths(indices)
    if lengths != nil, loss.needs.contains(.states) { try data.checkOneLength(for: "a loss of states") }
    lossSum += (lengths == nil ? try loss.value(of: trace, network, input, target: target) : try LossPass.all(
      loss, trace, target: target, layers: network.layers.count, wantsGradients: false, lengths: lengths,
      isSequence: source.targets.isSequence).value) * Double(indices.count)
    _ = try activity.add(try trace.activity(lengths), counting: counting)
    if let lengths {
      var order: [Int] = []
      for group in LengthGroup.all(lengths) {
        order += group.samples
        let output = try trace.output.picked(group.samples, steps: group.steps)
        if classes != nil {
          let own = try source.targets.labels(group.samples.map { indices[$0] })
          try classes?.add(output, target: own.rank == 2 ? try own.steps(0..<group.steps) : own)
        }
        guard numbers != nil else { continue }
        let flat = try output.tensor().reshaped([group.steps, group.samples.count, network.outputs])
        var given = flat
        if !source.targets.isSequence { given = if let read = options.read { try read(flat) } else { try readout.read(flat) } }
        if given.rank == 2, numbers?.outputs != given.shape[1] { numbers = NumberTally(outputs: max(1, given.shape[1])) }
        try numbers?.add(given, target: try group.cut(target, isSequence: source.targets.isSequence))
      }
      classes?.reorder(order)
      numbers?.reorder(order)
      continue
    }
    try classes?.add(trace.output, target: try source.targets.labels(indices))
    if numbers != nil {
      let output = try trace.output.tensor().reshaped([trace.output.steps, indices.count, network.outputs])
      var given = output
      if !source.targets.isSequence {
        if let read = options.read { given = try read(output) } else { given = try readout.read(output) }
      }
      if given.rank == 2, numbers?.outputs != given.shape[1] { numbers = NumberTally(outputs: max(1, given.shape[1])) }
      try numbers?.add(given, target: target)
    }
  }
  let samples = Double(data.count)
  let layerSpikes = activity.spikes
  return Evaluation(
    samples: data.count, loss: lossSum / samples,
    classes: try classes.map { (tally) throws(Fault) in try tally.figures(names: data.classNames) },
    numbers: try numbers.map { (tally) throws(Fault) in try tally.figures() },
    spikesPerSample: Double(layerSpikes.reduce(0, +)) / samples,
    layerSpikes: layerSpikes.map { Double($0) / samples }, inputSpikesPerSample: Double(inputSpikes) / samples,
    warnings: activity.warnings(network).map(\.text))
}

extension Loss {
  /// The loss alone, of a run that is over.
  func value(of trace: NetworkTrace, _ network: Network, _ input: Signal, target: Tensor) throws(Fault) -> Double {
    if needs.contains(.states) {
      return try StatePass(self, network, input, target: target, Pass()).value
    }
    return try LossPass(self, trace, target: target, layers: network.layers.count, wantsGradients: false).value
  }
}

/// The same with the code, the reading and the loss alone chosen.
public func evaluate(
  _ network: Network, _ data: Dataset, encoder: (any Encoder)? = nil, decoder: Decoder? = nil, loss: (any Loss)? = nil,
  seed: UInt64 = 0
) throws(Fault) -> Evaluation {
  var options = EvaluationOptions()
  (options.encoder, options.decoder, options.loss, options.seed) = (encoder, decoder, loss, seed)
  return try evaluate(network, data, options)
}
