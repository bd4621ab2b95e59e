// Layers one after the other: what a network and a residual branch have in common.

import Faults
import Tensors

/// The walks through a row of layers.
enum LayerRow {
  /// What a forward walk leaves.
  struct Run {
    var output: Signal
    var memories: [LayerMemory]
    var activity: [(place: [Int], output: Signal)]
  }

  static func forward(_ layers: [any Layer], _ input: consuming Signal, _ pass: Pass) throws(Fault) -> Run {
    var pass = pass
    var signal = input
    var memories: [LayerMemory] = []
    var activity: [(place: [Int], output: Signal)] = []
    var next = 0
    while next < layers.count {
      let index = next
      next += 1
      pass.layerIndex = index
      if let fused = DenseIntoLIF(layers, at: index, signal) {
        let run = try fused.forward(pass)
        signal = .spikes(run.spikes)
        memories += run.memories
        activity.append((place: [index + 1], output: signal))
        next += 1
        continue
      }
      let run = try layers[index].drawing(from: pass).run(consume signal, pass)
      signal = run.output
      memories.append(run.memory)
      for inner in run.activity { activity.append((place: [index] + inner.place, output: inner.output)) }
      if layers[index].isNeurons { activity.append((place: [index], output: signal)) }
    }
    return Run(output: signal, memories: memories, activity: activity)
  }

  /// - Parameters:
  ///   - gradient: of the last layer's output; nil when nothing but `direct` arrives.
  ///   - memories: of the forward walk; used up layer by layer.
  ///   - direct: by place, the gradients that the loss sends straight into the output of neurons.
  ///   - wantsInput: whether the gradient of the row's input is of use.
  /// - Returns: the gradient of the input, where it is wanted and something arrives there, and for each layer one for
  ///   each parameter.
  static func backward(
    _ layers: [any Layer], gradient: consuming Tensor?, memories: consuming [LayerMemory], direct: [[Int]: Tensor],
    wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> (input: Tensor?, parameters: [[Tensor]]) {
    var pass = pass
    var memories = memories
    var gradients = [[Tensor]](repeating: [], count: layers.count)
    let first = wantsInput ? 0 : layers.firstIndex { !$0.parameters.isEmpty } ?? layers.count
    var arriving: Tensor? = gradient
    // Neurons that take the gradient of the output of the layer above them, not yet taken through that layer.
    var pending: (any FusedNeurons)?
    for index in layers.indices.reversed() where index >= first {
      var memory = memories.removeLast()
      if let own = direct[[index]] {
        if let before = arriving { arriving = try before + own } else { arriving = own }
      }
      for (place, flow) in direct where place.count > 1 && place[0] == index {
        memory.innerGradients[Array(place.dropFirst())] = flow
      }
      if arriving == nil, !memory.innerGradients.isEmpty { arriving = try Tensor.zeros(memory.inputShape) }
      guard var flow = arriving.take() else {
        for parameter in layers[index].parameters {
          gradients[index].append(try Tensor.zeros(parameter.value.shape))
        }
        continue
      }
      pass.layerIndex = index
      if memory.isSteady, layers[index].isTimeless, flow.shape[0] != 1 { flow = try flow.summedOverTime() }
      if let fused = pending.take() {
        if index - 1 == first, !wantsInput, let dense = layers[first] as? DenseLayer, dense.mask == nil, let below = memories.last,
          let slopes = try fused.weightGradient(flow, below: below, memory: memory, pass)
        {
          gradients[first] = dense.hasBias ? [slopes.weight, slopes.bias] : [slopes.weight]
          return (nil, gradients)
        }
        arriving = try fused.driveGradient(flow, memory: memory, pass)
        continue
      }
      if index > first, direct[[index - 1]] == nil, let fused = LIFIntoDense(layers, at: index - 1) {
        gradients[index] = try layers[index].backward(flow, memory: memory, wantsInput: false, pass).parameters
        arriving = flow
        pending = fused
        continue
      }
      if index > first, direct[[index - 1]] == nil, let fused = LIFIntoPool(layers, at: index - 1, memory: memory) {
        arriving = flow
        pending = fused
        continue
      }
      if index > first, let sparse = try DenseAboveReach(
        layers, at: index, below: memories.last, steps: flow.shape[0], pass) {
        gradients[index] = try layers[index].backward(flow, memory: memory, wantsInput: false, pass).parameters
        arriving = try sparse.inputGradient(flow)
        continue
      }
      // Handed over, so that the layer may write its own gradient over it.
      let answer = try layers[index].drawing(from: pass).backward(
        consume flow, memory: memory, wantsInput: wantsInput || index > first, pass)
      gradients[index] = answer.parameters
      arriving = answer.input
    }
    return (wantsInput ? arriving : nil, gradients)
  }

  /// Runs the layers and keeps every state and the spikes of all neurons.
  ///
  /// - Parameters:
  ///   - place: of the row in the network, such as "3." for a branch; it begins the recordings' names.
  ///   - first: the place of the first layer.
  static func recorded(
    _ layers: [any Layer], _ input: consuming Signal, _ pass: Pass, place: String, first: Int = 0
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    var pass = pass
    var signal = try input.unrolled()
    var recordings: [Recording] = []
    for index in layers.indices {
      pass.layerIndex = index
      let run = try layers[index].drawing(from: pass).recorded(consume signal, pass, place: "\(place)\(first + index)")
      signal = run.output
      recordings += run.recordings
    }
    return (signal, recordings)
  }
}

extension Layer {
  /// `forward`, where what a timeless layer makes of steady input is worked out once and stays steady.
  func run(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    if case .steady(let values, let steps) = input, isTimeless {
      var run = try forward(.tensor(values), pass)
      run.output = .steady(try run.output.tensor(), steps: steps)
      run.memory.isSteady = true
      return run
    }
    if !(self is NeuronLayer) { input = try input.unrolled() }
    return try forward(consume input, pass)
  }
}

extension Tensor {
  /// `[1, batch, ...]`: the sum over the steps of `[time, batch, ...]`.
  func summedOverTime() throws(Fault) -> Tensor { try sum(over: [0]).reshaped([1] + shape.dropFirst()) }
}
