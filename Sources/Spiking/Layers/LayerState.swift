// What layers carry from one window of time to the next, and what gradients carry back.

import Faults
import Tensors

/// The states of a layer's neurons between two windows of time; also the gradients of these states on the way back.
enum LayerState: Sendable {
  /// Nothing is carried.
  case none
  case neurons(NeuronState)
  /// Neurons that hear each other: their states, and the spikes of the last step, or the gradient of the drive of the
  /// step after them, `[1, batch, neurons]`.
  case recurrent(NeuronState, heard: Tensor?)
  /// What entered a layer with delays in the last steps, or the gradient of it.
  case past(Signal)
  case row([LayerState])
  /// The states of a layer of tensor operations.
  case tensors([Tensor])
}

extension Layer {
  /// Runs the layer over a window of time that begins with a state, and leaves the state at its end.
  func forward(_ input: consuming Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    switch self {
    case let neurons as NeuronLayer: return try neurons.run(input, pass, from: &state)
    case let recurrent as RecurrentLayer: return try recurrent.run(input, pass, from: &state)
    case let branches as BranchLayer: return try branches.run(input, pass, from: &state)
    case let formula as any FormulaLayer: return try formula.run(input, pass, from: &state)
    case let late as any LateLayer: return try late.run(input, pass, from: &state)
    default: return try forward(consume input, pass)
    }
  }

  /// The gradients of a window of time.
  ///
  /// - Parameter later: the gradient of the state at its end and, on return, of that at its beginning; `.none` for a state
  ///   that nobody used.
  func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass, later: inout LayerState
  ) throws(Fault) -> LayerGradient {
    switch self {
    case let neurons as NeuronLayer: return try neurons.gradients(gradient, memory, pass, later: &later)
    case let recurrent as RecurrentLayer: return try recurrent.gradients(gradient, memory, pass, later: &later)
    case let branches as BranchLayer: return try branches.gradients(gradient, memory, wantsInput, pass, later: &later)
    case let formula as any FormulaLayer: return try formula.gradients(gradient, memory, wantsInput, pass, later: &later)
    case let late as any LateLayer: return try late.gradients(gradient, memory, wantsInput, pass, later: &later)
    default: return try backward(consume gradient, memory: memory, wantsInput: wantsInput, pass)
    }
  }
}

extension NeuronLayer {
  fileprivate func run(_ input: Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    let drive = try input.tensor()
    let before: NeuronState
    if case .neurons(let carried) = state { before = carried } else {
      before = try model.initialState(neurons: drive.shape.dropFirst().reduce(1, *))
    }
    var carried: NeuronState? = before
    let run = try model.run(drive, for: pass.isTraining ? .training : .output, state: &carried)
    if let carried { state = .neurons(carried) }
    var memory = LayerMemory(tensors: run.kept)
    if pass.isTraining { memory.states = [before] }
    return LayerRun(output: run.output, memory: memory)
  }

  fileprivate func gradients(
    _ gradient: Tensor, _ memory: LayerMemory, _ pass: Pass, later: inout LayerState
  ) throws(Fault) -> LayerGradient {
    var carried: NeuronState? = nil
    if case .neurons(let slopes) = later { carried = slopes } else { carried = memory.states.first?.zeros }
    let answer = try model.gradients(
      gradient, kept: memory.tensors, surrogate: pass.surrogate, state: memory.states.first, later: &carried)
    if let carried { later = .neurons(carried) }
    return LayerGradient(input: answer.drive, parameters: answer.parameters)
  }
}

extension LateLayer {
  fileprivate func run(_ input: Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    var past: Signal?
    if case .past(let before) = state { past = before }
    let whole = try input.after(past)
    var run = try forward(whole, pass)
    run.output = try run.output.lastSteps(input.steps)
    run.memory.inputShape = whole.shape
    state = .past(try whole.lastSteps(delays.longest))
    return run
  }

  fileprivate func gradients(
    _ gradient: Tensor, _ memory: LayerMemory, _ wantsInput: Bool, _ pass: Pass, later: inout LayerState
  ) throws(Fault) -> LayerGradient {
    let steps = gradient.shape[0]
    let before = max(0, (memory.inputShape.first ?? steps) - steps)
    let silence = try Tensor.zeros([before] + gradient.shape.dropFirst())
    let whole = before == 0 ? gradient : try Tensor.concatenate([silence, gradient])
    var answer = try backward(whole, memory: memory, wantsInput: wantsInput, pass)
    guard var flow = answer.input else { return answer }
    // What later windows took from this one's steps.
    if case .past(let slopes) = later {
      let from = flow.shape[0] - slopes.steps
      let added = try slopes.tensor()
      flow = from == 0 ? try flow + added
        : try Tensor.concatenate([try flow.steps(0..<from), try flow.steps(from..<flow.shape[0]) + added])
    }
    later = before == 0 ? .none : .past(.tensor(try flow.steps(0..<before)))
    answer.input = try flow.steps(before..<flow.shape[0])
    return answer
  }
}

extension LayerRow {
  /// Runs the layers over a window of time from their states.
  static func forward(
    _ layers: [any Layer], _ input: Signal, _ pass: Pass, from states: inout [LayerState]
  ) throws(Fault) -> Run {
    var pass = pass
    var signal = try input.unrolled()
    var memories: [LayerMemory] = []
    var activity: [(place: [Int], output: Signal)] = []
    for index in layers.indices {
      pass.layerIndex = index
      let run = try layers[index].drawing(from: pass).forward(signal, pass, from: &states[index])
      signal = run.output
      memories.append(run.memory)
      for inner in run.activity { activity.append((place: [index] + inner.place, output: inner.output)) }
      if layers[index].isNeurons { activity.append((place: [index], output: signal)) }
    }
    return Run(output: signal, memories: memories, activity: activity)
  }

  /// The gradients of a window of time.
  ///
  /// - Parameter later: for each layer the gradient of the state at the window's end and, on return, at its beginning.
  static func backward(
    _ layers: [any Layer], gradient: Tensor?, memories: [LayerMemory], direct: [[Int]: Tensor], wantsInput: Bool,
    _ pass: Pass, later: inout [LayerState]
  ) throws(Fault) -> (input: Tensor?, parameters: [[Tensor]]) {
    var pass = pass
    var gradients = [[Tensor]](repeating: [], count: layers.count)
    let first = wantsInput ? 0 : layers.firstIndex { !$0.parameters.isEmpty } ?? layers.count
    var arriving = gradient
    for index in layers.indices.reversed() where index >= first {
      var memory = memories[index]
      if let own = direct[[index]] { arriving = try arriving.map { (flow) throws(Fault) in try flow + own } ?? own }
      for (place, flow) in direct where place.count > 1 && place[0] == index {
        memory.innerGradients[Array(place.dropFirst())] = flow
      }
      guard let flow = arriving else {
        for parameter in layers[index].parameters { gradients[index].append(try Tensor.zeros(parameter.value.shape)) }
        continue
      }
      pass.layerIndex = index
      let answer = try layers[index].drawing(from: pass).backward(
        flow, memory: memory, wantsInput: wantsInput || index > first, pass, later: &later[index])
      gradients[index] = answer.parameters
      arriving = answer.input
    }
    return (wantsInput ? arriving : nil, gradients)
  }
}
