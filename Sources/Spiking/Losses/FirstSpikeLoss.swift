// A loss for outputs whose message is the time of their first spike.

import Faults
import Tensors

extension Losses {
  /// Softmax cross-entropy with minus the times of first spikes as scores: the class of the label must fire first.
  public static func firstSpikeCrossEntropy(_ output: Tensor, _ labels: Tensor) throws(Fault) -> Tensor {
    try check(output, labels, of: "first_spike_cross_entropy")
    return try crossEntropy(try firstSpikeTimes(output) * -1, labels)
  }

  /// The step of each neuron's first spike, and the number of steps for a silent one: `[batch, classes]` from spikes
  /// `[time, batch, classes]`, differentiable.
  ///
  /// The time is `sum over t of product over k <= t of (1 - s[k])`, which counts the steps up to the first spike, and
  /// its gradient is that of this polynomial: a spike that is missing before the first one would bring the time
  /// forward to its own step, and the first one holds it off from the second.
  public static func firstSpikeTimes(_ output: Tensor) throws(Fault) -> Tensor {
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
