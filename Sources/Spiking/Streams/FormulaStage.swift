// Layers of tensor operations in a running stream: gated cells and sliding parallel neurons.

import Faults
import Tensors

/// A layer of tensor operations, and what it carries from step to step of one sample.
private struct FormulaSteps {
  let layer: any FormulaLayer
  let inputShape: [Int]
  private(set) var states: [Tensor]

  init(_ layer: any FormulaLayer, inputShape: [Int]) throws(Fault) {
    self.layer = layer
    self.inputShape = inputShape
    states = []
    try reset()
  }

  mutating func reset() throws(Fault) {
    states = try layer.stateShapes(for: inputShape).map { (shape) throws(Fault) in try Tensor.zeros([1] + shape) }
  }

  /// The output of the next step.
  mutating func step(_ input: Signal) throws(Fault) -> Signal {
    let run = try layer.evaluate(
      try input.reshaped(features: inputShape).tensor().detached, states: states,
      parameters: layer.parameters.map(\.value.detached), surrogate: Pass().surrogate)
    states = run.states
    return try layer.signal(run.output).plain
  }
}

/// Cells that send numbers: an LSTM, a GRU.
final class FormulaStage: StreamStage {
  private var steps: FormulaSteps

  init(_ layer: any FormulaLayer, input: StepBuffer, inputShape: [Int], shape: [Int]) throws(Fault) {
    steps = try FormulaSteps(layer, inputShape: inputShape)
    super.init(input: input, output: StepBuffer(shape: shape, isSpikes: false))
  }

  override func step() throws(Fault) -> Bool {
    output.take(try steps.step(try input.signal()))
    output.isUnchanged = false
    return true
  }

  override func reset() throws(Fault) { try steps.reset() }
}

/// Cells and parallel neurons that fire; their thresholds stay.
final class FormulaSpikingStage: SpikingStage {
  private var steps: FormulaSteps

  init(_ layer: any FormulaLayer, name: String, input: StepBuffer, inputShape: [Int], shape: [Int]) throws(Fault) {
    steps = try FormulaSteps(layer, inputShape: inputShape)
    super.init(name: name, input: input, output: StepBuffer(shape: shape, isSpikes: true), baseThreshold: nil)
  }

  override func step() throws(Fault) -> Bool {
    let previous = output.count
    output.take(try steps.step(try input.signal()))
    output.isUnchanged = previous == 0 && output.count == 0
    return true
  }

  override func withPotential(_ body: (UnsafeBufferPointer<Float>) -> Void) {
    guard let place = steps.layer.stateNames.firstIndex(of: "v"), steps.states.indices.contains(place) else {
      return super.withPotential(body)
    }
    steps.states[place].scalars.withUnsafeBufferPointer(body)
  }

  override func reset() throws(Fault) {
    try steps.reset()
    output.silence()
    output.isUnchanged = false
  }
}
