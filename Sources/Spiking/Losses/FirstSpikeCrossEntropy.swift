import Faults
import Tensors

/// Softmax cross-entropy with minus the times of first spikes as scores: the class of the label must fire first.
public struct FirstSpikeCrossEntropy: DeclaredLoss {
  var weighting = ClassWeighting()

  public init() {}

  public static let declaration = Declaration<FirstSpikeCrossEntropy>(
    "first_spike_cross_entropy",
    "Softmax cross-entropy with minus the times of first spikes as scores: the class of the label must fire first.",
    SettingDeclaration.weighting(\.weighting))

  public let targets = TargetKind.classes
  public var decoder: Decoder? { .firstSpike }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    try weighting.crossEntropy(given, of: name) { (output) throws(Fault) in try Self.times(output) * -1 }
  }

  /// The step of each neuron's first spike, and the number of steps for a silent one: `[batch, classes]` from spikes
  /// `[time, batch, classes]`, differentiable.
  ///
  /// The time is `sum over t of product over k <= t of (1 - s[k])`, which counts the steps up to the first spike, and
  /// its gradient is that of this polynomial: a spike that is missing before the first one would bring the time
  /// forward to its own step, and the first one holds it off from the second.
  public static func times(_ output: Tensor) throws(Fault) -> Tensor {
    let steps = output.shape[0]
    let columns = output.count / max(1, steps)
    let values = output.scalars
    var first = [Int](repeating: steps, count: columns)
    var second = [Int](repeating: steps, count: columns)
    for t in 0..<steps {
      for column in 0..<columns where values[t * columns + column] != 0 {
        if first[column] == steps {
          first[column] = t
        } else if second[column] == steps {
          second[column] = t
        }
      }
    }
    let times = try Tensor(first.map(Float.init), shape: Array(output.shape.dropFirst()))
    guard let tape = output.trace?.tape else { return times }
    let shape = output.shape
    let (firsts, seconds) = (first, second)
    return try tape.record(inputs: [output], output: times) { (gradient) throws(Fault) in
      let arrived = gradient.scalars
      var flow = [Float](repeating: 0, count: steps * columns)
      for column in 0..<columns {
        for t in 0..<min(steps, firsts[column] + 1) {
          let gain = t == firsts[column] ? seconds[column] - t : firsts[column] - t
          flow[t * columns + column] = -arrived[column] * Float(gain)
        }
      }
      return [try Tensor(flow, shape: shape)]
    }
  }
}
