// The way back through a pool to the LIF neurons below it, as one: the gradient of the spikes, four times as large as the
// pool's, stays out of memory. The bits are those of the layers one by one.

import Faults
import Kernels
import Tensors

/// LIF neurons whose spikes go into a pool of two by two, side by side.
struct LIFIntoPool: FusedNeurons {
  private let neurons: LIF
  private let shape: WindowShape
  /// What the pool takes of a window: the largest of these spikes, or their sum times a scale.
  private let spikes: Spikes?
  private let scale: Float

  /// The neurons at a place of a row and the pool behind them, where they can be taken as one.
  ///
  /// - Parameter memory: what the pool has kept.
  init?(_ layers: [any Layer], at index: Int, memory: LayerMemory) {
    guard index >= 0, index + 1 < layers.count, let neurons = (layers[index] as? NeuronLayer)?.model as? LIF,
      let pool = layers[index + 1] as? PoolLayer, let shape = pool.window(for: memory.inputShape), shape.isPairs
    else { return nil }
    switch (pool.kind, memory.signal) {
    case (.max, .spikes(let spikes)?): self.spikes = spikes
    case (.average, _), (.sum, _): spikes = nil
    default: return nil
    }
    (self.neurons, self.shape, scale) = (neurons, shape, pool.scale)
  }

  func driveGradient(_ outputGradient: Tensor, memory: LayerMemory, _ pass: Pass) throws(Fault) -> Tensor {
    let kept = try memory.lifKept()
    let size = ScanSize([outputGradient.shape[0]] + kept.shape.dropFirst())
    return try Tensor(shape: kept.shape) { (target) throws(Fault) in
      try kept.withUnsafeBuffer { (kept) throws(Fault) in
        try outputGradient.withUnsafeBuffer { (arriving) throws(Fault) in
          guard let out = target.baseAddress, let kept = kept.baseAddress, let arriving = arriving.baseAddress
          else { return }
          let trace = memory.isSteady ? LifTrace.drive(kept) : .potentials(kept)
          let body = { (pool: SpikePool) throws(Fault) in
            try inParallel(size.rows, workPerItem: 2 * size.neurons * size.steps) { rows in
              kernels.lifPoolBackward(
                neurons.constants, surrogate: pass.surrogate.shape, steps: size.steps, rows: size.rows, shape: shape,
                pool: pool, trace: trace, gradient: arriving, out: out, range: rows)
            }
          }
          guard let spikes else { return try body(.sum(scale: scale)) }
          try spikes.withUnsafeWords { (words) throws(Fault) in
            try body(.largest(words, wordsPerRow: spikes.wordsPerRow))
          }
        }
      }
    }
  }
}
