// Layers that are written as tensor operations, whose gradient the tape finds.

import Faults
import Tensors

/// A layer given by a formula: what it does to a window of time from a state, in differentiable tensor operations. All else,
/// the way back among it, follows.
public protocol FormulaLayer: Layer {
  /// The names of what it carries from step to step.
  var stateNames: [String] { get }
  /// The shapes of these for a sample; they begin at 0.
  func stateShapes(for input: [Int]) -> [[Int]]
  /// Whether a recording shows these states, which are numbers of its neurons then, as they stand when they fire.
  var recordsStates: Bool { get }
  /// What leaves the layer, and the states after the last step.
  ///
  /// - Parameters:
  ///   - input: `[time, batch, ...features]`.
  ///   - states: before the first step, `[batch, ...]`.
  ///   - parameters: in the order of `parameters`.
  func evaluate(
    _ input: Tensor, states: [Tensor], parameters: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> (output: Tensor, states: [Tensor])
}

/// What a formula left for its way back.
struct FormulaRun: Sendable {
  let tape: Tape
  let input: Tensor
  let parameters: [Tensor]
  let begin: [Tensor]
  let output: Tensor
  let end: [Tensor]
}

extension FormulaLayer {
  public var stateNames: [String] { [] }
  public func stateShapes(for input: [Int]) -> [[Int]] { [] }
  public var recordsStates: Bool { false }
  public var statePlaces: [[Int]] { stateNames.isEmpty ? [] : [[]] }
  public var mapsToSynapses: Bool { false }

  /// The output as spikes, where it is spikes.
  func signal(_ output: Tensor) throws(Fault) -> TapedSignal {
    guard isNeurons else { return TapedSignal(output) }
    return TapedSignal(.spikes(try Spikes(output.detached)), tracked: output.isTracked ? output : nil)
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    var state = LayerState.none
    return try run(input, pass, from: &state)
  }

  /// Runs a window of time from a state.
  func run(_ input: Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    let values = try input.tensor().detached
    var begin: [Tensor] = []
    if case .tensors(let carried) = state { begin = carried } else {
      for shape in stateShapes(for: input.featureShape) { begin.append(try Tensor.zeros([input.batch] + shape)) }
    }
    let plain = parameters.map(\.value.detached)
    guard pass.isTraining else {
      let run = try evaluate(values, states: begin, parameters: plain, surrogate: pass.surrogate)
      if !run.states.isEmpty { state = .tensors(run.states) }
      return LayerRun(output: try signal(run.output).plain)
    }
    let tape = Tape()
    let watched = try tape.watch(values)
    let leaves = try plain.map { (value) throws(Fault) in try tape.watch(value) }
    let starts = try begin.map { (value) throws(Fault) in try tape.watch(value) }
    let run = try evaluate(watched, states: starts, parameters: leaves, surrogate: pass.surrogate)
    if !run.states.isEmpty { state = .tensors(run.states.map(\.detached)) }
    var memory = LayerMemory(inputShape: values.shape)
    memory.formula = FormulaRun(
      tape: tape, input: watched, parameters: leaves, begin: starts, output: run.output, end: run.states)
    return LayerRun(output: try signal(run.output).plain, memory: memory)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    var later = LayerState.none
    return try gradients(gradient, memory, wantsInput, pass, later: &later)
  }

  /// The gradients of a window of time; see `Layer.backward`.
  func gradients(
    _ gradient: Tensor, _ memory: LayerMemory, _ wantsInput: Bool, _ pass: Pass, later: inout LayerState
  ) throws(Fault) -> LayerGradient {
    guard let run = memory.formula else {
      throw Fault(.value, "`\(name)` was not run for training", label: callText)
    }
    var total = try (run.output * gradient).sum()
    if case .tensors(let slopes) = later {
      for (state, slope) in zip(run.end, slopes) { total = try total + (state * slope).sum() }
    }
    let wanted = (wantsInput ? [run.input] : []) + run.parameters + run.begin
    var answers = try run.tape.gradients(of: total, withRespectTo: wanted)[...]
    let input = wantsInput ? answers.popFirst() : nil
    let parameters = Array(answers.prefix(run.parameters.count))
    let begin = Array(answers.dropFirst(run.parameters.count))
    if !begin.isEmpty { later = .tensors(begin) }
    run.tape.close()
    return LayerGradient(input: input, parameters: parameters)
  }

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    guard isNeurons else { return (try forward(input, pass).output, []) }
    let run = try traced(try input.tensor().detached, surrogate: pass.surrogate, parameters: parameters.map(\.value.detached))
    let output = try signal(run.output).plain
    return (output, [Recording(name: "\(name) \(place)", states: run.states, spikes: output.spikes)])
  }

  /// The output on a tape, and what is recorded of neurons.
  func recorded(
    _ input: Tensor, surrogate: any Surrogate, plain: Recording?
  ) throws(Fault) -> (output: Tensor, recording: TapedRecording?) {
    let (output, states) = try traced(input, surrogate: surrogate, parameters: parameters.map(\.value))
    guard let plain else { return (output, nil) }
    return (output, TapedRecording(name: plain.name, states: states, spikes: try signal(output)))
  }

  /// The output, and each state over time, `[time, batch, ...features]`, where a recording shows it: step by step then.
  private func traced(
    _ input: Tensor, surrogate: any Surrogate, parameters: [Tensor]
  ) throws(Fault) -> (output: Tensor, states: [(name: String, values: Tensor)]) {
    var states: [Tensor] = []
    for shape in stateShapes(for: Array(input.shape.dropFirst(2))) { states.append(try Tensor.zeros([input.shape[1]] + shape)) }
    guard recordsStates, input.shape[0] > 0 else {
      return (try evaluate(input, states: states, parameters: parameters, surrogate: surrogate).output, [])
    }
    var outputs: [Tensor] = []
    var traces = states.map { _ in [Tensor]() }
    for step in try input.perStep() {
      try Interrupt.check()
      let run = try evaluate(step, states: states, parameters: parameters, surrogate: surrogate)
      states = run.states
      outputs.append(run.output)
      for (index, state) in states.enumerated() { traces[index].append(try state.reshaped([1] + state.shape)) }
    }
    var named: [(name: String, values: Tensor)] = []
    for (name, trace) in zip(stateNames, traces) { named.append((name, try Tensor.concatenate(trace))) }
    return (try Tensor.concatenate(outputs), named)
  }
}

extension Tensor {
  /// Spikes where a distance to the threshold is 0 or more, with the surrogate as its slope.
  func spiking(_ surrogate: any Surrogate) throws(Fault) -> Tensor {
    let zero = try Tensor.scalar(0)
    return try firing(try Tensor.compare(.greaterOrEqual, detached, zero), surrogate)
  }
}
