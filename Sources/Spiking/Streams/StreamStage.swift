// The layers of a running stream: each keeps its state from step to step and does only the work that spikes bring.

import Faults
import Kernels
import Tensors

/// One layer of a running stream: an object with one owner, the run.
class StreamStage {
  let output: StepBuffer
  /// The position of the layer in the network.
  let layer: Int

  init(layer: Int, output: StepBuffer) {
    self.layer = layer
    self.output = output
  }

  /// Moves one step on, from this step's input to `output`. Answers whether there was anything to do.
  func step(_ input: StepBuffer) throws(Fault) -> Bool { false }
  /// Begins again from rest.
  func reset() throws(Fault) {}

  /// A stage for a layer of a network.
  ///
  /// - Throws: `.value` for a layer that cannot run step by step.
  static func make(_ layer: any Layer, at index: Int, input: [Int], output: [Int]) throws(Fault) -> StreamStage {
    switch layer {
    case let dense as DenseLayer:
      return try DenseStage(dense, layer: index, output: output)
    case let neurons as NeuronLayer:
      if let lif = neurons.model as? LIF { return LIFStage(lif, layer: index, shape: output) }
      return try NeuronStage(neurons.model, layer: index, shape: output)
    default:
      guard !layer.isNeurons else {
        throw Fault(.value, "`\(layer.name)` cannot run step by step", label: "layer \(index), \(layer.callText)")
      }
      return ForwardStage(layer, at: index, output: output)
    }
  }
}

/// A layer without state, run as in a batch of one step; its output stands while its input does.
final class ForwardStage: StreamStage {
  private let run: any Layer
  private var hasRun = false
  private let pass: Pass

  init(_ layer: any Layer, at index: Int, output: [Int]) {
    run = layer
    var pass = Pass()
    pass.layerIndex = index
    self.pass = pass
    super.init(layer: index, output: StepBuffer(shape: output, isSpikes: true))
  }

  override func step(_ input: StepBuffer) throws(Fault) -> Bool {
    if hasRun, input.isUnchanged {
      output.isUnchanged = true
      return false
    }
    output.take(try run.forward(try input.signal(), pass).output)
    output.isUnchanged = false
    hasRun = true
    return true
  }

  override func reset() { hasRun = false }
}

/// Weights from every feature to every output: for each spike one row is added, and without spikes nothing is done.
final class DenseStage: StreamStage {
  private let weight: Tensor
  private let bias: Tensor?
  private let outputs: Int
  private var isBias = false
  private var hasRun = false

  init(_ dense: DenseLayer, layer: Int, output: [Int]) throws(Fault) {
    guard let weight = dense.weight else {
      throw Fault(.value, "this `dense` layer has no weights yet", label: "layer \(layer)")
    }
    self.weight = weight.detached
    bias = dense.bias?.detached
    outputs = weight.shape[1]
    super.init(layer: layer, output: StepBuffer(shape: output, isSpikes: false))
  }

  override func step(_ input: StepBuffer) throws(Fault) -> Bool {
    if hasRun, input.isUnchanged || (isBias && input.isSpikes && input.count == 0) {
      output.isUnchanged = true
      return false
    }
    output.isUnchanged = false
    hasRun = true
    guard input.isSpikes, let target = output.values else {
      isBias = false
      output.take(.tensor(try Product.forward(try input.signal(), weight: weight, bias: bias)))
      return true
    }
    isBias = input.count == 0
    if isBias {
      target.update(repeating: 0, count: outputs)
    } else {
      weight.withUnsafeBuffer { weights in
        guard let start = weights.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { scratch in
          guard let workspace = scratch.baseAddress else { return }
          spikeGemm(
            rows: 1, features: input.features, columns: outputs, spikes: input.words, wordsPerRow: input.wordCount,
            weights: start, weightStride: outputs, out: target, outStride: outputs, workspace: workspace)
        }
      }
    }
    bias?.withUnsafeBuffer { values in
      if let start = values.baseAddress { accumulate(count: outputs, scale: 1, start, into: target) }
    }
    return true
  }

  override func reset() { hasRun = false }
}
