// A population of neurons as a layer: one neuron for each feature of its input.

import Faults
import Tensors

/// A layer of neurons of any model.
public struct NeuronLayer: Layer {
  public var model: any NeuronModel

  public init(_ model: any NeuronModel) {
    self.model = model
  }

  public var name: String { model.name }
  public var settings: [(name: String, value: Setting)] { model.settings }
  public var callText: String { model.callText }
  public var isNeurons: Bool { true }
  /// The model's learnable parameters.
  public var parameters: [(name: String, value: Tensor)] { model.learnables }
  public var parameterScales: [ParameterScale] { model.learnableScales }
  public func unit(of parameter: String) -> ParameterUnit? { model.unit(of: parameter) }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    try model.check()
    return input
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let isSteady = if case .steady = input { true } else { false }
    let run = try run(input, for: pass.isTraining ? .training : .output)
    var memory = LayerMemory(tensors: run.kept)
    memory.isSteady = isSteady
    return LayerRun(output: run.output, memory: memory)
  }

  /// Runs the neurons, with spikes as input taken as currents of 1.
  func run(_ input: consuming Signal, for purpose: RunPurpose) throws(Fault) -> NeuronRun {
    switch consume input {
    case .tensor(let drive): try model.run(drive, for: purpose)
    case .spikes(let spikes): try model.run(try spikes.tensor(), for: purpose)
    case .steady(let drive, let steps): try model.run(steady: drive, steps: steps, for: purpose)
    }
  }

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    let run = try run(input, for: .recording)
    return (run.output, [model.recording(run, name: "\(name) \(place)")])
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    let answer = memory.isSteady
      ? try model.steadyGradients(gradient, kept: memory.tensors, surrogate: pass.surrogate)
      : try model.gradients(gradient, kept: memory.tensors, surrogate: pass.surrogate)
    return LayerGradient(input: answer.drive, parameters: answer.parameters)
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    NeuronLayer(try model.built(for: input))
  }

  public func bare() throws(Fault) -> any Layer { NeuronLayer(model.bare) }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    try model.updateLearnables(body)
  }
}
