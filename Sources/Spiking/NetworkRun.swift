// How a network runs, is recorded, and sends gradients back.

import Faults
import Tensors

/// All that a forward pass leaves for the loss and for the backward pass.
public struct NetworkTrace: Sendable {
  /// One for each layer.
  public var memories: [LayerMemory] = []
  /// The spikes (or potentials) of each population of neurons, by its place: the position of its layer, and where it
  /// is inside a branch, its positions there.
  public var activity: [(place: [Int], output: Signal)] = []
  /// What left the last layer.
  public var output: Signal
}

extension Network {
  /// Runs the network.
  ///
  /// - Parameter input: spikes or currents `[time, batch, ...features]`.
  /// - Returns: the output of the last layer, `[time, batch, ...features]`.
  /// - Throws: `.shape` when the input doesn't fit.
  public func run(_ input: Signal) throws(Fault) -> Signal {
    try trace(input, Pass()).output
  }

  /// Runs the network and keeps what the loss needs and, in a training pass, what `gradients` needs.
  public func trace(_ input: Signal, _ pass: Pass) throws(Fault) -> NetworkTrace {
    let run = try LayerRow.forward(layers, try fitted(input), pass)
    return NetworkTrace(memories: run.memories, activity: run.activity, output: run.output)
  }

  /// The gradients of all parameters, from those of the layers' outputs.
  ///
  /// - Parameters:
  ///   - trace: of a training pass; it is used up layer by layer.
  ///   - outputGradients: by place, the gradient that the loss sends into the output of a layer or population.
  /// - Returns: for each layer, one gradient for each parameter.
  public func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [[Int]: Tensor], _ pass: Pass
  ) throws(Fault) -> [[Tensor]] {
    try LayerRow.backward(
      layers, gradient: nil, memories: trace.memories, direct: outputGradients, wantsInput: false, pass
    ).parameters
  }

  /// The same, with the gradients by layer.
  public func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [Int: Tensor], _ pass: Pass
  ) throws(Fault) -> [[Tensor]] {
    var byPlace: [[Int]: Tensor] = [:]
    for (layer, gradient) in outputGradients { byPlace[[layer]] = gradient }
    return try gradients(trace, outputGradients: byPlace, pass)
  }

  /// Runs the network and keeps every state and the spikes of each neuron layer.
  ///
  /// - Returns: one recording for each population, in order, named by its layer and place: "lif 1", "lif 3.1".
  public func record(_ input: Signal) throws(Fault) -> [Recording] {
    try LayerRow.recorded(layers, try fitted(input), Pass(), place: "").recordings
  }
}
