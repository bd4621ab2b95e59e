// Neurons of a running stream: their state stays, their threshold may move, and at rest they are left alone.

import Faults
import Kernels
import Tensors

/// A layer of neurons whose threshold may move from step to step.
class SpikingStage: StreamStage {
  /// The threshold of the model itself; nil where it has none that could move.
  let baseThreshold: Float?
  /// What stands for it in this step; nil for the model's own.
  var threshold: Float?
  /// As in a recording: "lif 1", or "lif 3.1" in a branch.
  let name: String

  init(name: String, input: StepBuffer, output: StepBuffer, baseThreshold: Float?) {
    self.name = name
    self.baseThreshold = baseThreshold
    super.init(input: input, output: output)
  }

  /// Calls `body` with the potentials as the last step left them, after any reset.
  func withPotential(_ body: (UnsafeBufferPointer<Float>) -> Void) { body(UnsafeBufferPointer(start: nil, count: 0)) }
}

/// Leaky integrate-and-fire neurons on their own kernel.
///
/// They rest when the input is that of the step before, no potential changed in it and none reaches the threshold:
/// the same step would follow for ever, so it is left out without changing a bit.
final class LIFStage: SpikingStage {
  private let model: LIF
  private let neurons: Int
  private let membrane: UnsafeMutablePointer<Float>
  private let carried: UnsafeMutablePointer<Float>
  private let before: UnsafeMutablePointer<Float>
  private var restMaximum: Float?

  init(_ model: LIF, name: String, input: StepBuffer, shape: [Int]) {
    self.model = model
    neurons = shape.reduce(1, *)
    let capacity = max(1, neurons)
    membrane = .allocate(capacity: capacity)
    carried = .allocate(capacity: capacity)
    before = .allocate(capacity: capacity)
    for room in [membrane, carried, before] { room.initialize(repeating: 0, count: capacity) }
    super.init(
      name: name, input: input, output: StepBuffer(shape: shape, isSpikes: true), baseThreshold: model.threshold)
  }

  deinit {
    membrane.deallocate()
    carried.deallocate()
    before.deallocate()
  }

  override func step() throws(Fault) -> Bool {
    let threshold = threshold ?? model.threshold
    if input.isUnchanged, let restMaximum, restMaximum < threshold {
      output.silence()
      return false
    }
    input.copyValues(to: membrane)
    if input.isUnchanged { before.update(from: carried, count: neurons) }
    var constants = model.constants
    constants.threshold = threshold
    kernels.lifForward(
      constants, steps: 1, rows: 1, neurons: neurons, membrane: membrane, spikes: output.words, carried: carried,
      blocks: 0..<lifWords(neurons))
    let previous = output.count
    output.count = kernels.countSpikes(output.words, count: output.wordCount)
    output.isUnchanged = previous == 0 && output.count == 0
    restMaximum = nil
    if input.isUnchanged, output.count == 0, isSame(before, carried) {
      restMaximum = UnsafeBufferPointer(start: membrane, count: neurons).max()
    }
    return true
  }

  override func withPotential(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    body(UnsafeBufferPointer(start: carried, count: neurons))
  }

  private func isSame(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Bool {
    for i in 0..<neurons where a[i].bitPattern != b[i].bitPattern { return false }
    return true
  }

  override func reset() {
    carried.update(repeating: 0, count: neurons)
    restMaximum = nil
    output.silence()
    output.isUnchanged = false
  }
}

/// Neurons of any model, through its own steps.
final class NeuronStage: SpikingStage {
  private let model: any NeuronModel
  private var state: NeuronState
  private var isAtRest = false
  private var restThreshold: Float?

  init(_ model: any NeuronModel, name: String, input: StepBuffer, shape: [Int]) throws(Fault) {
    self.model = model
    state = try model.initialState(neurons: shape.reduce(1, *))
    super.init(
      name: name, input: input, output: StepBuffer(shape: shape, isSpikes: model.isSpiking),
      baseThreshold: model.thresholdValue)
  }

  override func step() throws(Fault) -> Bool {
    if input.isUnchanged, isAtRest, threshold == restThreshold {
      output.isUnchanged = true
      return false
    }
    let before = input.isUnchanged ? state : nil
    let previous = output.count
    let signal = try model.step(try drive(), state: &state, threshold: threshold)
    output.take(signal)
    output.isUnchanged = model.isSpiking && previous == 0 && output.count == 0
    // A state that a step left as it was stays so while input and threshold do.
    isAtRest = before == state && (!model.isSpiking || output.count == 0)
    restThreshold = threshold
    return true
  }

  override func withPotential(_ body: (UnsafeBufferPointer<Float>) -> Void) { state.withPotential(of: model, body) }

  /// The input in the shape of the neurons, as numbers.
  private func drive() throws(Fault) -> Tensor {
    try Tensor(shape: [1, 1] + output.shape) { target in
      if let start = target.baseAddress { input.copyValues(to: start) }
    }
  }

  override func reset() throws(Fault) {
    state = try model.initialState(neurons: state.neurons)
    isAtRest = false
    output.silence()
    output.isUnchanged = false
  }
}

/// Neurons that hear their own spikes one step later.
final class RecurrentStage: SpikingStage {
  private let layer: RecurrentLayer
  private var state: RecurrentLayer.State
  private var isAtRest = false
  private var restThreshold: Float?

  init(_ layer: RecurrentLayer, name: String, input: StepBuffer, shape: [Int]) throws(Fault) {
    self.layer = layer
    state = try layer.initialState(neurons: shape.reduce(1, *))
    super.init(
      name: name, input: input, output: StepBuffer(shape: shape, isSpikes: true),
      baseThreshold: layer.model.thresholdValue)
  }

  override func step() throws(Fault) -> Bool {
    let returning = output.count
    if input.isUnchanged, isAtRest, threshold == restThreshold {
      output.silence()
      return false
    }
    let before = input.isUnchanged ? state.neurons : nil
    let signal = try input.signal().reshaped(features: output.shape)
    output.take(try layer.step(signal, state: &state, threshold: threshold))
    let isSilent = returning == 0 && output.count == 0
    output.isUnchanged = isSilent
    isAtRest = isSilent && before == state.neurons
    restThreshold = threshold
    return true
  }

  override func withPotential(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    state.neurons.withPotential(of: layer.model, body)
  }

  override func reset() throws(Fault) {
    state = try layer.initialState(neurons: output.features)
    isAtRest = false
    output.silence()
    output.isUnchanged = false
  }
}

extension NeuronState {
  /// The state named `v`, or the first one of a model that names none so.
  fileprivate func withPotential(of model: any NeuronModel, _ body: (UnsafeBufferPointer<Float>) -> Void) {
    let place = model.stateNames.firstIndex(of: "v") ?? 0
    if place < values.count { values[place].withUnsafeBufferPointer(body) }
  }
}
