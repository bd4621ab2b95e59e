// The layers of a running stream: each keeps its state from step to step and does only the work that spikes bring.

import Faults
import Kernels
import Tensors

/// One layer of a running stream: an object with one owner, the run.
class StreamStage {
  let input: StepBuffer
  let output: StepBuffer

  init(input: StepBuffer, output: StepBuffer) {
    self.input = input
    self.output = output
  }

  /// Moves one step on, from this step's input to `output`. Answers whether there was anything to do.
  func step() throws(Fault) -> Bool { false }
  /// Begins again from rest.
  func reset() throws(Fault) {}
}

/// The stages of a row of layers, in the order in which a step runs them.
struct StageRow {
  private(set) var stages: [StreamStage] = []
  private(set) var output: StepBuffer

  /// - Parameter place: of the row, such as "3." for a branch.
  /// - Throws: `.value` for a layer that cannot run step by step.
  init(_ layers: [any Layer], input: StepBuffer, shape: [Int], place: String = "", first: Int = 0) throws(Fault) {
    output = input
    var shape = shape
    for (index, layer) in layers.enumerated() {
      let before = shape
      shape = try layer.outputShape(for: shape)
      try add(layer, before, shape, place: "\(place)\(first + index)")
    }
  }

  private mutating func add(_ layer: any Layer, _ before: [Int], _ after: [Int], place: String) throws(Fault) {
    switch layer {
    // They change nothing outside of training but the shape, which no stage looks at.
    case is FlattenLayer, is DropoutLayer: return
    case let dense as DenseLayer:
      stages.append(try DenseStage(dense, input: output, shape: after))
    case let neurons as NeuronLayer:
      let name = "\(layer.name) \(place)"
      if let lif = neurons.model as? LIF {
        stages.append(LIFStage(lif, name: name, input: output, shape: after))
      } else {
        stages.append(try NeuronStage(neurons.model, name: name, input: output, shape: after))
      }
    case let late as any LateLayer: stages.append(DelayStage(late, input: output, inputShape: before, shape: after))
    case let recurrent as RecurrentLayer:
      stages.append(try RecurrentStage(recurrent, name: "\(layer.name) \(place)", input: output, shape: after))
    case let branches as BranchLayer:
      let (straight, shapes) = (output, try branches.shapes(for: before))
      var outputs: [(buffer: StepBuffer, shape: [Int])] = []
      for (number, range) in branches.ranges.enumerated() {
        let row = try StageRow(
          branches.branches[number].layers, input: straight, shape: before, place: "\(place).", first: range.lowerBound)
        stages += row.stages
        outputs.append((row.output, shapes[number].last ?? before))
      }
      stages.append(JoinStage(branches.join, straight, outputs, shape: after))
    case let formula as any FormulaLayer where !formula.stateShapes(for: before).isEmpty:
      if formula.isNeurons {
        let name = "\(layer.name) \(place)"
        stages.append(try FormulaSpikingStage(formula, name: name, input: output, inputShape: before, shape: after))
      } else {
        stages.append(try FormulaStage(formula, input: output, inputShape: before, shape: after))
      }
    default:
      guard layer.populations.isEmpty else {
        throw Fault(.value, "`\(layer.name)` cannot run step by step", label: "layer \(place), \(layer.callText)")
      }
      stages.append(ForwardStage(layer, input: output, inputShape: before, shape: after))
    }
    if let last = stages.last { output = last.output }
  }
}

/// What branches give, joined.
final class JoinStage: StreamStage {
  private let join: BranchJoin
  private let branches: [(buffer: StepBuffer, shape: [Int])]
  private var hasRun = false

  init(_ join: BranchJoin, _ straight: StepBuffer, _ branches: [(buffer: StepBuffer, shape: [Int])], shape: [Int]) {
    self.join = join
    self.branches = branches
    super.init(input: straight, output: StepBuffer(shape: shape, isSpikes: !join.isSum || join.kind == .concat))
  }

  override func step() throws(Fault) -> Bool {
    if hasRun, input.isUnchanged, branches.allSatisfy(\.buffer.isUnchanged) {
      output.isUnchanged = true
      return false
    }
    output.take(
      try join.forward(try branches.map { (branch) throws(Fault) in try branch.buffer.signal().reshaped(features: branch.shape) }))
    output.isUnchanged = false
    hasRun = true
    return true
  }

  override func reset() { hasRun = false }
}

/// A layer without state, run as in a batch of one step; its output stands while its input does.
final class ForwardStage: StreamStage {
  private let layer: any Layer
  private let inputShape: [Int]
  private var hasRun = false
  init(_ layer: any Layer, input: StepBuffer, inputShape: [Int], shape: [Int]) {
    self.layer = layer
    self.inputShape = inputShape
    super.init(input: input, output: StepBuffer(shape: shape, isSpikes: true))
  }

  override func step() throws(Fault) -> Bool {
    if hasRun, input.isUnchanged {
      output.isUnchanged = true
      return false
    }
    output.take(try layer.forward(try input.signal().reshaped(features: inputShape), Pass()).output)
    output.isUnchanged = false
    hasRun = true
    return true
  }

  override func reset() { hasRun = false }
}

/// A layer with delays, run over the steps that it still needs.
final class DelayStage: StreamStage {
  private let layer: any LateLayer
  private let inputShape: [Int]
  private var past: Signal?

  init(_ layer: any LateLayer, input: StepBuffer, inputShape: [Int], shape: [Int]) {
    self.layer = layer
    self.inputShape = inputShape
    super.init(input: input, output: StepBuffer(shape: shape, isSpikes: true))
  }

  override func step() throws(Fault) -> Bool {
    let whole = try input.signal().reshaped(features: inputShape).after(past)
    output.take(try layer.forward(whole, Pass()).output.lastSteps(1))
    output.isUnchanged = false
    past = try whole.lastSteps(layer.delays.longest)
    return true
  }

  override func reset() { past = nil }
}

/// Weights from every feature to every output: for each spike one row is added, and without spikes nothing is done.
final class DenseStage: StreamStage {
  private let weight: Tensor
  private let bias: Tensor?
  private let outputs: Int
  private var isBias = false
  private var hasRun = false

  init(_ dense: DenseLayer, input: StepBuffer, shape: [Int]) throws(Fault) {
    guard let weight = dense.weight else {
      throw Fault(.value, "this `dense` layer has no weights yet", label: dense.callText)
    }
    self.weight = weight.detached
    bias = dense.bias?.detached
    outputs = weight.shape[1]
    super.init(input: input, output: StepBuffer(shape: shape, isSpikes: false))
  }

  override func step() throws(Fault) -> Bool {
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
        let room = kernels.spikeGemmWorkspace(rows: 1, features: input.features, total: input.count)
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: room) { scratch in
          guard let workspace = scratch.baseAddress else { return }
          kernels.spikeGemm(
            rows: 1, features: input.features, columns: outputs, spikes: input.words, wordsPerRow: input.wordCount,
            total: input.count, weights: start, weightStride: outputs, bias: nil, out: target, outStride: outputs,
            workspace: workspace)
        }
      }
    }
    bias?.withUnsafeBuffer { values in
      if let start = values.baseAddress { kernels.accumulate(count: outputs, scale: 1, start, into: target) }
    }
    return true
  }

  override func reset() { hasRun = false }
}
