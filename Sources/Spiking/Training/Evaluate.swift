// How well a network reads labelled samples, and at which price in spikes.

import Faults
import Tensors

/// What a network did on a data set.
public struct Evaluation: Sendable {
  public var samples: Int
  /// The share of samples that were read right.
  public var accuracy: Double
  /// The mean loss.
  public var loss: Double
  /// `[classes, classes]`: how many samples of the class of the row were taken for the class of the column.
  public var confusion: Tensor
  /// The share of each class that was read right; nan for a class without samples.
  public var classAccuracy: [Double]
  /// Spikes of all neuron layers for a sample; those of the encoder are not among them.
  public var spikesPerSample: Double
  /// Spikes of each population of neurons for a sample, in order; those of a branch come before what follows it.
  public var layerSpikes: [Double]
  /// Spikes that enter the network for a sample; 0 for currents.
  public var inputSpikesPerSample: Double
  /// The class that each sample was taken for.
  public var predictions: [Int]
  /// What is wrong with the network's activity: layers that fired nothing, or in each step.
  public var warnings: [String]
  public var classNames: [String]
}

/// Runs a network on each sample and compares what is read from its output with the labels.
///
/// - Parameters:
///   - encoder: the code of the samples; nil for the one that the network remembers.
///   - decoder: the reading of the output; nil for the one that the network remembers.
///   - seed: names the draws of random codes; the same seed gives the same result.
/// - Throws: `.value` or `.shape` when samples or labels don't fit; `.interrupt`.
public func evaluate(
  _ network: Network, _ data: Dataset, encoder: (any Encoder)? = nil, decoder: Decoder? = nil,
  loss: Loss = .spikeCountCrossEntropy, seed: UInt64 = 0
) throws(Fault) -> Evaluation {
  let source = try BatchSource(data, network: network, encoder: encoder ?? network.encoder)
  let decoder = decoder ?? network.standardDecoder
  let classes = network.outputs
  guard classes <= 10_000 else {
    throw Fault(
      .limit, "too many classes to compare", label: "the network has \(classes) outputs",
      help: "an evaluation counts each pair of classes, for at most 10000 of them")
  }
  let size = 256
  var confusion = [Float](repeating: 0, count: classes * classes)
  var predictions: [Int] = []
  var lossSum = 0.0
  var inputSpikes = 0
  var activity = ActivityTally()
  for (batch, start) in stride(from: 0, to: data.count, by: size).enumerated() {
    try Interrupt.check()
    let indices = Array(start..<min(data.count, start + size))
    let input = try source.signal(
      indices, stream: RandomStream(seed: seed, purpose: "evaluate", index: UInt64(batch)))
    inputSpikes += input.spikes?.total ?? 0
    let trace = try network.trace(input, Pass())
    let pass = try LossPass(
      loss, trace, labels: try source.labels(indices), layers: network.layers.count, wantsGradients: false)
    lossSum += pass.value * Double(indices.count)
    _ = activity.add(trace.activity)
    for (guess, index) in zip(try decoder.classes(trace.output), indices) {
      confusion[data.labels[index] * classes + guess] += 1
      predictions.append(guess)
    }
  }
  let samples = Double(data.count)
  let layerSpikes = activity.spikes
  let perClass = (0..<classes).map { label in
    let row = confusion[label * classes..<(label + 1) * classes]
    return Double(row[row.startIndex + label]) / Double(row.reduce(0, +))
  }
  return Evaluation(
    samples: data.count, accuracy: Double(zip(predictions, data.labels).count { $0 == $1 }) / samples,
    loss: lossSum / samples, confusion: try Tensor(confusion, shape: [classes, classes]), classAccuracy: perClass,
    spikesPerSample: Double(layerSpikes.reduce(0, +)) / samples,
    layerSpikes: layerSpikes.map { Double($0) / samples },
    inputSpikesPerSample: Double(inputSpikes) / samples, predictions: predictions,
    warnings: activity.warnings(network).map(\.text), classNames: data.classNames)
}
