// A loss on potentials, for networks that end in leaky integrators.

import Faults
import Tensors

extension Losses {
  /// Softmax cross-entropy with each class's highest (or mean) potential over time as its score.
  ///
  /// - Parameter output: potentials `[time, batch, classes]`, as a last layer `li` gives them.
  public static func membraneCrossEntropy(
    _ output: Tensor, _ labels: Tensor, mean: Bool = false
  ) throws(Fault) -> Tensor {
    try check(output, labels, of: "membrane_cross_entropy")
    return try crossEntropy(try output.reduced(mean ? .mean : .maximum, over: [0]), labels)
  }
}
