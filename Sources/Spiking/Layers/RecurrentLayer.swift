// Neurons that hear each other: their own spikes come back one step later.

import Faults
import Tensors

/// Neurons of any firing model with a dense connection from each to each:
/// `drive[t] = input[t] + spikes[t - 1] @ recurrent`, without spikes before the first step; or with a kernel that slides over
/// their image or row, in the place of the product.
///
/// Unlike other layers it walks through time itself, one step of the model after the other; its gradient is that of
/// backpropagation through time, through the neurons' states and through the connections.
public struct RecurrentLayer: DrawnLayer {
  public let name = "recurrent"
  public var model: any NeuronModel
  /// The size of the kernel by which they hear those around them; nil where each hears all.
  public let kernel: Window.Pair?
  /// `[neurons, neurons]`, from the row's neuron to the column's, or `[channels, channels, …kernel]`; nil before the layer is
  /// part of a network.
  public var recurrent: Tensor? { didSet { isAsDrawn = false } }
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// What a running population carries from one step to the next; a value, so that a copy is a snapshot.
  public struct State: Sendable {
    public var neurons: NeuronState
    /// The spikes of the last step, `[1, batch, ...features]`; nil before the first.
    public var spikes: Spikes?
  }

  /// - Parameter initializer: how the first recurrent weights are found; nil leaves it to the network.
  public init(
    _ model: any NeuronModel, recurrent: Tensor? = nil, kernel: Window.Pair? = nil, initializer: (any Initializer)? = nil
  ) {
    self.model = model
    self.kernel = recurrent.flatMap { Feedback.geometry($0.shape)?.kernel } ?? kernel
    self.recurrent = recurrent
    self.initializer = initializer
  }

  public var settings: [(name: String, value: Setting)] {
    guard let kernel else { return [] }
    return [("kernel", recurrent?.rank == 3 ? .integer(kernel.x) : kernel.setting)]
  }
  public var callText: String {
    "recurrent(\(model.callText)\(settings.first.map { ", kernel=\($0.value.description)" } ?? "")\(initializer.map { ", init=\($0.callText)" } ?? ""))"
  }
  public var isNeurons: Bool { true }
  public var parameters: [(name: String, value: Tensor)] {
    (recurrent.map { [("recurrent", $0)] } ?? []) + model.learnables
  }

  public var parameterScales: [ParameterScale] { (recurrent == nil ? [] : [.weight]) + model.learnableScales }
  public func unit(of parameter: String) -> ParameterUnit? { model.unit(of: parameter) }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    try model.check()
    guard model.isSpiking else {
      throw Fault(
        .value, "`recurrent` needs neurons that fire", label: "`\(model.name)` never does",
        help: "what comes back one step later are spikes: recurrent(lif())")
    }
    return input
  }

  /// Draws the weights by the layer's rule, or else the standard one for recurrent weights.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    let count = try Shape.count(try outputShape(for: input))
    if let kernel { return try built(for: input, shape: try Feedback.kernelShape(kernel, for: input), stream) }
    if let recurrent {
      guard recurrent.shape == [count, count] else {
        throw Fault(
          .shape, "the weights of this `recurrent` layer are for another number of neurons",
          label: "the weight is \(Shape.text(recurrent.shape)), and there are \(counted(count, "neuron"))",
          help: "its axes are [neurons, neurons], from the row's neuron to the column's")
      }
      var layer = self
      layer.model = try model.built(for: input)
      return layer
    }
    let rule = initializer ?? Kaiming.standardRecurrent
    var layer = self
    layer.model = try model.built(for: input)
    layer.recurrent = try rule.weights([count, count], inputs: count, stream: stream)
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  /// The same with a kernel of the given shape.
  private func built(for input: [Int], shape: [Int], _ stream: RandomStream) throws(Fault) -> RecurrentLayer {
    var layer = self
    layer.model = try model.built(for: input)
    if let recurrent {
      guard recurrent.shape == shape else {
        throw Fault(
          .shape, "the weights of this `recurrent` layer are for other neurons",
          label: "the weight is \(Shape.text(recurrent.shape)), and the neurons are \(Shape.text(input))",
          help: "these neurons need weights \(Shape.text(shape))")
      }
      return layer
    }
    let rule = initializer ?? Kaiming.standardRecurrent
    layer.recurrent = try rule.weights(shape, inputs: try Shape.count(Array(shape.dropFirst())), stream: stream)
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  /// The connection, where its weights are there.
  func feedback(_ features: [Int]) throws(Fault) -> Feedback {
    guard let recurrent else { throw unbuilt }
    return Feedback(recurrent, features: features)
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> RecurrentLayer {
    var layer = self
    if let recurrent { layer.recurrent = try rule.weights(recurrent.shape, inputs: try Shape.count(Array(recurrent.shape.dropFirst())), stream: stream) }
    return layer
  }

  public func scaled(by factor: Float) throws(Fault) -> RecurrentLayer {
    var layer = self
    if let recurrent { layer.recurrent = try recurrent * factor }
    layer.initializer = nil
    return layer
  }

  public func synapses(for input: [Int]) -> Int {
    if let kernel, let first = input.first {
      return GroupedConvLayer(outputs: first, Feedback.geometry(axes: input.count - 1, kernel: kernel)).synapses(for: input)
    }
    let count = input.reduce(1, *)
    let (number, overflow) = count.multipliedReportingOverflow(by: count)
    return overflow ? Int.max : number
  }

  // MARK: one step

  /// The state at rest.
  ///
  /// - Parameter neurons: of all samples that run side by side.
  public func initialState(neurons: Int) throws(Fault) -> State {
    State(neurons: try model.initialState(neurons: neurons), spikes: nil)
  }

  /// Runs one step, `[1, batch, ...features]`, from a state.
  ///
  /// - Parameter threshold: what stands for the model's own in this step; nil for its own.
  /// - Returns: the spikes; the same, step by step, as those of a run over all steps.
  public func step(
    _ input: consuming Signal, state: inout State, threshold: Float? = nil
  ) throws(Fault) -> Signal {
    let drive = try drive(try input.tensor(), after: state.spikes)
    let output = try model.step(drive, state: &state.neurons, threshold: threshold)
    state.spikes = output.spikes
    return output
  }

  private func drive(_ input: consuming Tensor, after spikes: Spikes?) throws(Fault) -> Tensor {
    guard recurrent != nil else { throw unbuilt }
    guard let spikes else { return input }
    return try input + feedback(Array(input.shape.dropFirst(2))).forward(.spikes(spikes))
  }

  // MARK: all steps

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    var state = LayerState.none
    return try run(input, pass, from: &state)
  }

  /// Runs a window of time from a state.
  func run(_ input: consuming Signal, _ pass: Pass, from state: inout LayerState) throws(Fault) -> LayerRun {
    let walk = try walk(input, for: pass.isTraining ? .training : .output, from: &state)
    guard pass.isTraining else { return LayerRun(output: .spikes(walk.spikes)) }
    var memory = LayerMemory(signal: .spikes(walk.spikes))
    memory.inner = walk.kept.map { LayerMemory(tensors: $0) }
    memory.states = walk.states
    memory.tensors = walk.heard.map { [$0] } ?? []
    return LayerRun(output: .spikes(walk.spikes), memory: memory)
  }

  /// What a run over all steps leaves, step by step.
  private struct Walk {
    var spikes: Spikes
    var kept: [[Tensor]] = []
    /// The states before each step.
    var states: [NeuronState] = []
    /// The spikes that the first step heard, `[1, batch, ...features]`; nil for none.
    var heard: Tensor?
  }

  private func walk(
    _ input: consuming Signal, for purpose: RunPurpose, from begin: inout LayerState
  ) throws(Fault) -> Walk {
    let shape = input.shape
    let values = try input.tensor()
    let (steps, width) = (shape[0], shape.dropFirst().reduce(1, *))
    var walk = Walk(spikes: try Spikes(shape: shape))
    var state: NeuronState?
    var last: Spikes?
    if case .recurrent(let carried, let heard) = begin {
      state = carried
      walk.heard = heard
      last = try heard.map { (heard) throws(Fault) in try Spikes(heard) }
    } else {
      state = try model.initialState(neurons: width)
    }
    for t in 0..<steps {
      try Interrupt.check()
      if purpose == .training, let state { walk.states.append(state) }
      let drive = try drive(try values.step(t), after: last)
      let run = try model.run(drive, for: purpose, state: &state)
      guard let fired = run.output.spikes else { throw unbuilt }
      if purpose != .output { walk.kept.append(run.kept) }
      let place = t * fired.words.count
      walk.spikes.words.replaceSubrange(place..<place + fired.words.count, with: fired.words)
      last = fired
    }
    if let state { begin = .recurrent(state, heard: try last.map { (last) throws(Fault) in try last.tensor() }) }
    return walk
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    var later = LayerState.none
    return try gradients(gradient, memory, pass, later: &later)
  }

  /// The gradients of a window of time; see `Layer.backward`.
  func gradients(
    _ gradient: consuming Tensor, _ memory: LayerMemory, _ pass: Pass, later end: inout LayerState
  ) throws(Fault) -> LayerGradient {
    guard case .spikes(let spikes)? = memory.signal else { throw unbuilt }
    let flow = gradient
    let shape = flow.shape
    let steps = shape[0]
    let width = shape.dropFirst().reduce(1, *)
    let feedback = try feedback(Array(shape.dropFirst(2)))
    var drives = try Tensor.zeros(shape)
    var later: NeuronState?
    var after: Tensor?
    if case .recurrent(let slopes, let drive) = end { (later, after) = (slopes, drive) } else {
      later = try model.initialState(neurons: width).zeros
    }
    var learnt: [Tensor] = []
    for parameter in model.learnables { learnt.append(try Tensor.zeros(parameter.value.shape)) }
    for t in (0..<steps).reversed() {
      try Interrupt.check()
      var arriving = try flow.step(t)
      if let after {
        // The spikes of this step drove the next one.
        arriving = try arriving + feedback.inputGradient(try after.reshaped(arriving.shape))
      }
      let slope = try model.gradients(
        arriving, kept: memory.inner[t].tensors, surrogate: pass.surrogate, state: memory.states[t], later: &later)
      try drives.setStep(t, slope.drive)
      for index in learnt.indices { learnt[index] = try learnt[index] + slope.parameters[index] }
      after = slope.drive
    }
    let weight: Tensor
    if steps > 1 {
      weight = try feedback.weightGradient(.spikes(try spikes.timeSlice(0..<steps - 1)), try drives.steps(1..<steps))
    } else {
      weight = try Tensor.zeros(feedback.weight.shape)
    }
    if let later { end = .recurrent(later, heard: after) }
    guard let heard = memory.tensors.first else { return LayerGradient(input: drives, parameters: [weight] + learnt) }
    // What the first step heard came from before the window.
    let first = try feedback.weightGradient(.tensor(heard), try drives.step(0))
    return LayerGradient(input: drives, parameters: [try weight + first] + learnt)
  }

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    var begin = LayerState.none
    let walk = try walk(input, for: .recording, from: &begin)
    var states: [(name: String, values: Tensor)] = []
    for (index, name) in model.stateNames.enumerated() {
      var parts: [Tensor] = []
      for kept in walk.kept where index < kept.count { parts.append(kept[index]) }
      if !parts.isEmpty { states.append((name: name, values: try Tensor.concatenate(parts, along: 0))) }
    }
    let recording = Recording(name: "\(name) \(place)", states: states, spikes: walk.spikes)
    return (.spikes(walk.spikes), [recording])
  }

  public func bare() throws(Fault) -> any Layer { RecurrentLayer(model.bare, recurrent: recurrent?.detached) }

  public mutating func updateParameters(
    _ body: (Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    if var matrix = recurrent {
      recurrent = nil
      defer { recurrent = matrix }
      try body(0, &matrix)
    }
    try model.updateLearnables { (index, value) throws(Fault) in try body(index + 1, &value) }
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `recurrent` layer has no weights yet",
      help: "it gets them in a network: input(64) |> dense(100) |> \(callText)")
  }
}

extension Tensor {
  /// One step `[1, batch, ...]` of `[time, batch, ...]`, copied.
  func step(_ t: Int) throws(Fault) -> Tensor { try steps(t..<t + 1) }

  /// Some steps of `[time, batch, ...]`, copied; the range lies within.
  func steps(_ range: Range<Int>) throws(Fault) -> Tensor {
    let width = shape.dropFirst().reduce(1, *)
    return try Tensor(shape: [range.count] + shape.dropFirst()) { (target) throws(Fault) in
      withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        to.update(from: from + range.lowerBound * width, count: range.count * width)
      }
    }
  }

  /// Writes one step.
  mutating func setStep(_ t: Int, _ values: Tensor) throws(Fault) {
    let width = values.count
    _ = try withUnsafeMutableBuffer { (target) throws(Fault) in
      values.withUnsafeBuffer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        (to + t * width).update(from: from, count: width)
      }
    }
  }
}
