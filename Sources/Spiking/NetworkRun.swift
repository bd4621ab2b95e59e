// How a network runs, is recorded, and sends gradients back.

import Faults
import Tensors

/// All that a forward pass leaves for the loss and for the backward pass.
public struct NetworkTrace: Sendable {
  /// One for each layer.
  public var memories: [LayerMemory] = []
  /// The spikes (or potentials) of each neuron layer, by the layer's position.
  public var activity: [(layer: Int, output: Signal)] = []
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
    var pass = pass
    var signal = try fitted(input)
    var memories: [LayerMemory] = []
    var activity: [(layer: Int, output: Signal)] = []
    for index in layers.indices {
      pass.layerIndex = index
      let run = try layers[index].forward(consume signal, pass)
      signal = run.output
      memories.append(run.memory)
      if layers[index].isNeurons { activity.append((index, signal)) }
    }
    return NetworkTrace(memories: memories, activity: activity, output: signal)
  }

  /// The gradients of all parameters, from those of the layers' outputs.
  ///
  /// - Parameters:
  ///   - trace: of a training pass; it is used up layer by layer.
  ///   - outputGradients: by layer, the gradient that the loss sends into its output.
  /// - Returns: for each layer, one gradient for each parameter.
  public func gradients(
    _ trace: consuming NetworkTrace, outputGradients: [Int: Tensor], _ pass: Pass
  ) throws(Fault) -> [[Tensor]] {
    var pass = pass
    var memories = trace.memories
    var direct = outputGradients
    var gradients = [[Tensor]](repeating: [], count: layers.count)
    let first = layers.firstIndex { !$0.parameters.isEmpty } ?? layers.count
    var arriving: Tensor?
    for index in layers.indices.reversed() where index >= first {
      let memory = memories.removeLast()
      if let own = direct.removeValue(forKey: index) {
        if let before = arriving { arriving = try before + own } else { arriving = own }
      }
      guard let gradient = arriving.take() else {
        for parameter in layers[index].parameters {
          gradients[index].append(try Tensor.zeros(parameter.value.shape))
        }
        continue
      }
      pass.layerIndex = index
      let answer = try layers[index].backward(gradient, memory: memory, wantsInput: index > first, pass)
      gradients[index] = answer.parameters
      arriving = answer.input
    }
    return gradients
  }

  /// Runs the network and keeps every state and the spikes of each neuron layer.
  ///
  /// - Returns: one recording for each neuron layer, in order, named by model and position.
  public func record(_ input: Signal) throws(Fault) -> [Recording] {
    var signal = try fitted(input)
    var recordings: [Recording] = []
    var pass = Pass()
    for index in layers.indices {
      pass.layerIndex = index
      if let neurons = layers[index] as? NeuronLayer {
        let run = try neurons.run(consume signal, for: .recording)
        recordings.append(neurons.model.recording(run, name: "\(neurons.name) \(index)"))
        signal = run.output
      } else {
        signal = try layers[index].forward(consume signal, pass).output
      }
    }
    return recordings
  }
}
