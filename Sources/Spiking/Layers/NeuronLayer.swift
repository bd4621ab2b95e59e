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
    let run = try run(input, for: pass.isTraining ? .training : .output)
    return LayerRun(output: run.output, memory: LayerMemory(tensors: run.kept))
  }

  /// Runs the neurons, with spikes as input taken as currents of 1.
  func run(_ input: consuming Signal, for purpose: RunPurpose) throws(Fault) -> NeuronRun {
    switch consume input {
    case .tensor(let drive): try model.run(drive, for: purpose)
    case .spikes(let spikes): try model.run(try spikes.tensor(), for: purpose)
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
    let answer = try model.gradients(gradient, kept: memory.tensors, surrogate: pass.surrogate)
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
