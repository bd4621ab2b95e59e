// Dense layers beside leaky integrate-and-fire neurons, run as one where that keeps large tensors out of memory. Forward,
// the results are those of the layers one by one to the last bit; backward, but for rounding.

import Faults
import Kernels
import Tensors

/// A dense layer whose sums go into LIF neurons, for rare spikes.
struct DenseIntoLIF {
  /// With more steps, the potentials of even one sample leave the cache.
  private static let mostSteps = 1000

  private let spikes: Spikes
  private let total: Int
  private let dense: DenseLayer
  private let weight: Tensor
  private let neurons: LIF

  /// The two layers at a place of a row, where they can be run as one on this input.
  init?(_ layers: [any Layer], at index: Int, _ input: Signal) {
    guard index + 1 < layers.count, let dense = layers[index] as? DenseLayer, let weight = dense.weight,
      let neurons = (layers[index + 1] as? NeuronLayer)?.model as? LIF, case .spikes(let spikes) = input,
      spikes.features == weight.shape[0], spikes.steps <= DenseIntoLIF.mostSteps
    else { return nil }
    total = spikes.total
    if spikes.isDense(total, columns: weight.shape[1]) { return nil }
    (self.spikes, self.dense, self.weight, self.neurons) = (spikes, dense, weight, neurons)
  }

  /// The neurons' spikes and, for a training pass, what both layers keep.
  func forward(_ pass: Pass) throws(Fault) -> (spikes: Spikes, memories: [LayerMemory]) {
    try neurons.check()
    let columns = weight.shape[1]
    let panels = pass.isTraining ? nil : dense.panels.find(weight)
    let bias = dense.bias
    var output = try Spikes(shape: [spikes.steps, spikes.batch, columns])
    let room = kernels.spikeGemmWorkspace(rows: spikes.rows, features: spikes.features, total: total)
    var potentials = try Tensor(shape: pass.isTraining ? [spikes.steps, spikes.batch, columns] : [0]) { _ in }
    _ = try Tensor(shape: [room]) { (scratch) throws(Fault) in
      _ = try potentials.withUnsafeMutableBuffer { (membrane) throws(Fault) in
        _ = try output.withUnsafeMutableWords { (out) throws(Fault) in
          try spikes.withUnsafeWords { (words) throws(Fault) in
            (panels ?? weight).withUnsafeBuffer { weights in
              (bias ?? weight).withUnsafeBuffer { offsets in
                guard let weights = weights.baseAddress, let scratch = scratch.baseAddress else { return }
                kernels.spikeLif(
                  neurons.constants, steps: spikes.steps, batch: spikes.batch, features: spikes.features,
                  columns: columns, spikes: words, wordsPerRow: spikes.wordsPerRow, total: total, weights: weights,
                  arePanels: panels != nil, bias: bias == nil ? nil : offsets.baseAddress,
                  membrane: pass.isTraining ? membrane.baseAddress : nil, out: out,
                  workspace: UnsafeMutableRawPointer(scratch).bindMemory(to: Int32.self, capacity: room),
                  shouldStop: { Interrupt.isRequested })
              }
            }
          }
        }
      }
    }
    try Interrupt.check()
    guard pass.isTraining else { return (output, [LayerMemory(), LayerMemory()]) }
    return (output, [LayerMemory(signal: .spikes(spikes)), LayerMemory(tensors: [potentials])])
  }
}

/// LIF neurons whose way back is one with that of the layer behind them.
protocol FusedNeurons {
  /// The gradient of the neurons' drive, from that of the output of the layer behind them; summed over time where the
  /// drive was the same at each step.
  ///
  /// - Parameter memory: what the neurons have kept.
  func driveGradient(_ outputGradient: Tensor, memory: LayerMemory, _ pass: Pass) throws(Fault) -> Tensor

  /// The gradients of the weights and the bias of a dense layer below the neurons, in whose input nobody is interested;
  /// nil where it is better worked out from the drive's gradient.
  ///
  /// - Parameters:
  ///   - below: what that layer has kept.
  ///   - memory: what the neurons have kept.
  func weightGradient(
    _ outputGradient: Tensor, below: LayerMemory, memory: LayerMemory, _ pass: Pass
  ) throws(Fault) -> (weight: Tensor, bias: Tensor)?
}

extension FusedNeurons {
  func weightGradient(
    _ outputGradient: Tensor, below: LayerMemory, memory: LayerMemory, _ pass: Pass
  ) throws(Fault) -> (weight: Tensor, bias: Tensor)? { nil }
}

extension LayerMemory {
  /// What LIF neurons have kept: their potentials, or a drive that was the same at each step.
  func lifKept() throws(Fault) -> Tensor {
    guard let kept = tensors.first else {
      throw Fault(.value, "`lif` has no potentials to go back through", label: "the pass was not for training")
    }
    return kept
  }
}

/// LIF neurons whose spikes go into a dense layer of few outputs.
struct LIFIntoDense: FusedNeurons {
  /// From more outputs on, a product by itself is faster.
  private static let mostOutputs = 32
  /// Fewer neurons make too few panels for the threads.
  private static let fewestNeurons = 256
  /// With more steps and samples, a panel's gradient leaves the cache and takes memory of each thread.
  private static let mostRows = 65_536

  private let neurons: LIF
  private let weight: Tensor

  /// The neurons at a place of a row, where their way back can be one with that of the dense layer behind them.
  init?(_ layers: [any Layer], at index: Int) {
    guard index >= 0, index + 1 < layers.count, let neurons = (layers[index] as? NeuronLayer)?.model as? LIF,
      let weight = (layers[index + 1] as? DenseLayer)?.weight, weight.shape[1] <= LIFIntoDense.mostOutputs
    else { return nil }
    (self.neurons, self.weight) = (neurons, weight)
  }

  func driveGradient(_ outputGradient: Tensor, memory: LayerMemory, _ pass: Pass) throws(Fault) -> Tensor {
    let kept = try memory.lifKept()
    let size = ScanSize([outputGradient.shape[0]] + kept.shape.dropFirst())
    let (outputs, surrogate) = (weight.shape[1], pass.surrogate.shape)
    return try Tensor(shape: kept.shape) { (target) throws(Fault) in
      try withPointers(kept, outputGradient) { (kept, arriving, weights) throws(Fault) in
        guard let out = target.baseAddress else { return }
        try inParallel(size.blocks, workPerItem: (128 + 8 * outputs) * size.steps) { blocks in
          kernels.lifProductBackward(
            neurons.constants, surrogate: surrogate, steps: size.steps, rows: size.rows, neurons: size.neurons,
            trace: memory.isSteady ? .drive(kept) : .potentials(kept), outputs: outputs, outputGradient: arriving,
            packed: weights, out: out, blocks: blocks)
        }
      }
    }
  }

  func weightGradient(
    _ outputGradient: Tensor, below: LayerMemory, memory: LayerMemory, _ pass: Pass
  ) throws(Fault) -> (weight: Tensor, bias: Tensor)? {
    let membrane = try memory.lifKept()
    let size = ScanSize(membrane.shape)
    guard case .spikes(let spikes) = below.signal, size.neurons >= LIFIntoDense.fewestNeurons, !spikes.isDenseGradient,
      spikes.rows <= LIFIntoDense.mostRows
    else { return nil }
    let surrogate = pass.surrogate.shape
    let slopes = try spikes.weightGradient(columns: size.neurons) { (turned, out) throws(Fault) in
      try withPointers(membrane, outputGradient) { (potentials, arriving, weights) throws(Fault) in
        let room = kernels.spikeGemmWorkspace(rows: spikes.features + 1, features: spikes.rows, total: turned.total)
        _ = try Tensor(shape: [room]) { scratch in
          guard let scratch = scratch.baseAddress else { return }
          kernels.lifProductWeightGradient(
            neurons.constants, surrogate: surrogate, steps: size.steps, rows: size.rows, neurons: size.neurons,
            membrane: potentials, outputs: weight.shape[1], outputGradient: arriving, packed: weights,
            spikes: turned.words, features: spikes.features + 1, total: turned.total, out: out,
            workspace: UnsafeMutableRawPointer(scratch).bindMemory(to: Int32.self, capacity: room),
            shouldStop: { Interrupt.isRequested })
        }
      }
    }
    try Interrupt.check()
    return slopes
  }

  /// Calls `body` with what the neurons have kept, the gradient of the outputs, and the weights as the kernels want them.
  private func withPointers(
    _ membrane: Tensor, _ outputGradient: Tensor,
    _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) throws(Fault) -> Void
  ) throws(Fault) {
    let (count, outputs) = (weight.shape[0], weight.shape[1])
    let packed = try Tensor(
      shape: [kernels.packedOutputWeightCount(neurons: count, outputs: outputs)]
    ) { (target) throws(Fault) in
      weight.withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        kernels.packOutputWeights(from, neurons: count, outputs: outputs, packed: to)
      }
    }
    try membrane.withUnsafeBuffer { (potentials) throws(Fault) in
      try outputGradient.withUnsafeBuffer { (arriving) throws(Fault) in
        try packed.withUnsafeBuffer { (weights) throws(Fault) in
          guard let potentials = potentials.baseAddress, let arriving = arriving.baseAddress,
            let weights = weights.baseAddress
          else { return }
          try body(potentials, arriving, weights)
        }
      }
    }
  }
}
