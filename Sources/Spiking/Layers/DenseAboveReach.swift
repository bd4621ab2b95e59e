// The way back through a dense layer to neurons whose surrogate ends near the threshold.

import Faults
import Kernels
import Tensors

/// A dense layer whose gradient goes back to LIF neurons through a surrogate that ends near the threshold: most of it
/// would be multiplied by 0.
struct DenseAboveReach {
  private let weight: Tensor
  private let membrane: Tensor
  private let threshold, reach: Float

  /// The dense layer at a place of a row and the neurons below it, where few of their potentials are within reach.
  ///
  /// - Parameters:
  ///   - below: what the neurons have kept.
  ///   - steps: of the run.
  init?(
    _ layers: [any Layer], at index: Int, below: LayerMemory?, steps: Int, _ pass: Pass
  ) throws(Fault) {
    guard index > 0, let weight = (layers[index] as? DenseLayer)?.weight,
      let neurons = (layers[index - 1] as? NeuronLayer)?.model as? LIF, let reach = pass.surrogate(of: index - 1).shape.reach,
      let below, var membrane = below.tensors.first, membrane.shape.last == weight.shape[0]
    else { return nil }
    if below.isSteady {
      guard let recorded = try neurons.run(steady: membrane, steps: steps, for: .recording).kept.first
      else { return nil }
      membrane = recorded
    }
    let threshold = neurons.constants.threshold
    let share = DenseAboveReach.share(of: membrane, threshold: threshold, reach: reach)
    guard share < kernels.denseReachShare(outputs: weight.shape[1]) else { return nil }
    (self.weight, self.membrane, self.threshold, self.reach) = (weight, membrane, threshold, reach)
  }

  /// The share of potentials within reach, by some rows that are spread evenly.
  private static func share(of membrane: Tensor, threshold: Float, reach: Float) -> Double {
    let neurons = membrane.shape.last ?? 1
    let rows = membrane.count / max(1, neurons)
    let step = max(1, rows / 64)
    return membrane.withUnsafeBuffer { potentials in
      guard let start = potentials.baseAddress, rows > 0 else { return 0 }
      var (active, looked) = (0, 0)
      for row in stride(from: 0, to: rows, by: step) {
        active += kernels.countWithinReach(start + row * neurons, count: neurons, threshold: threshold, reach: reach)
        looked += neurons
      }
      return Double(active) / Double(max(1, looked))
    }
  }

  /// The gradient of the neurons' spikes, 0 where the surrogate lets nothing through.
  func inputGradient(_ outputGradient: Tensor) throws(Fault) -> Tensor {
    let (neurons, outputs) = (weight.shape[0], weight.shape[1])
    return try Tensor(shape: membrane.shape) { (target) throws(Fault) in
      membrane.withUnsafeBuffer { potentials in
        outputGradient.withUnsafeBuffer { arriving in
          weight.withUnsafeBuffer { weights in
            guard let out = target.baseAddress, let potentials = potentials.baseAddress,
              let arriving = arriving.baseAddress, let weights = weights.baseAddress
            else { return }
            kernels.productWithinReach(
              rows: target.count / neurons, neurons: neurons, outputs: outputs, membrane: potentials,
              threshold: threshold, reach: reach, gradient: arriving, weights: weights, out: out,
              shouldStop: { Interrupt.isRequested })
          }
        }
      }
      try Interrupt.check()
    }
  }
}
