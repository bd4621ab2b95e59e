// Weights copied to where inference finds them soonest.

import Kernels
import Synchronization
import Tensors

/// The panels of one matrix of weights, made when it is used for the second time: a copy costs about two runs on a short
/// sample. Whoever changes the matrix begins with new panels.
final class WeightPanels: Sendable {
  /// The weights of a larger matrix leave every cache, wherever they are.
  private static let mostWeights = 1 << 24

  private struct State {
    var uses = 0
    var panels: Tensor?
  }
  private let state = Mutex(State())

  /// The panels of a matrix, always the same one; nil where it is better used as it is.
  func find(_ weight: Tensor) -> Tensor? {
    if weight.count > WeightPanels.mostWeights { return nil }
    return state.withLock { state in
      state.uses += 1
      if state.uses == 2 { state.panels = WeightPanels.copy(weight) }
      return state.panels
    }
  }

  /// Nil where there is no memory for a copy.
  private static func copy(_ weight: Tensor) -> Tensor? {
    let (features, columns) = (weight.shape[0], weight.shape[1])
    return try? Tensor(shape: [kernels.spikePanelCount(features: features, columns: columns)]) { target in
      weight.withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        kernels.copySpikePanels(from, features: features, columns: columns, to: to)
      }
    }
  }
}
