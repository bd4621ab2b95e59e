// Losses that count spikes: rate-coded outputs.

import Faults
import Tensors

extension Losses {
  /// Softmax cross-entropy with the spike counts over all steps as scores, unscaled: a class that fires once more than
  /// another is taken to be e times as likely. The gradient of each spike is `(softmax - truth) / batch`.
  public static func spikeCountCrossEntropy(_ output: Tensor, _ labels: Tensor) throws(Fault) -> Tensor {
    try check(output, labels, of: "spike_count_cross_entropy")
    return try crossEntropy(try output.sum(over: [0]), labels)
  }

  /// The mean squared distance of each class's firing rate (spikes a step) from its target: `correct` for the class of
  /// the label and `incorrect` for the others.
  public static func spikeRateMeanSquare(
    _ output: Tensor, _ labels: Tensor, correct: Float = 0.8, incorrect: Float = 0.05
  ) throws(Fault) -> Tensor {
    try check(output, labels, of: "spike_rate_mse")
    let truth = try Tensor.oneHot(labels.detached, classes: output.shape[2])
    let target = try truth * (correct - incorrect) + incorrect
    return try (output.mean(over: [0]) - target).unary(.square).mean()
  }
}
