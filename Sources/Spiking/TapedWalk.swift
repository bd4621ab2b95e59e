// Recordings on a tape: a gradient may arrive at each state of each neuron at each step, so the neurons' equations are
// recorded operation by operation. The values are those of the run without a tape; the tape only adds how they depend on
// what was before.

import Faults
import Kernels
import Tensors

/// The walk of a recording through a row of layers.
struct TapedWalk {
  /// Says the surrogate, whether dropout drops, and where it draws from.
  let pass: Pass

  private var surrogate: any Surrogate { pass.surrogate }

  /// - Parameter plain: the recordings of the row without a tape, in order.
  func row(
    _ layers: [any Layer], _ input: Tensor, _ plain: [Recording]
  ) throws(Fault) -> (output: Tensor, recordings: [TapedRecording]) {
    var signal = input
    var rest = plain[...]
    var recordings: [TapedRecording] = []
    for (index, layer) in layers.enumerated() {
      if let branches = layer as? BranchLayer {
        var outputs: [Tensor] = []
        for (number, branch) in branches.branches.enumerated() {
          let count = branch.layers.reduce(0) { $0 + $1.populations.count }
          var inner = pass
          inner.layerIndex = index
          inner.noise = branches.noise(inside: inner, number)
          let run = try TapedWalk(pass: inner).row(branch.layers, signal, Array(rest.prefix(count)))
          rest = rest.dropFirst(count)
          recordings += run.recordings
          outputs.append(run.output)
        }
        signal = try branches.join.taped(outputs)
      } else if let formula = layer as? any FormulaLayer {
        let run = try formula.recorded(signal, surrogate: surrogate, plain: formula.isNeurons ? rest.popFirst() : nil)
        if let recording = run.recording { recordings.append(recording) }
        signal = run.output
      } else if layer.isNeurons {
        guard let known = rest.popFirst() else { break }
        let recurrent = layer as? RecurrentLayer
        guard let plainModel = recurrent?.model ?? (layer as? NeuronLayer)?.model else { break }
        var own = pass
        own.layerIndex = index
        let model = plainModel.drawing(from: own)
        let run = try neurons(model, signal, known, recurrent: recurrent?.recurrent)
        recordings.append(run.recording)
        signal = run.output
      } else {
        signal = try through(layer, signal, index)
      }
    }
    return (signal, recordings)
  }

  /// A layer without neurons, as one operation with its own way back.
  func through(_ layer: any Layer, _ input: Tensor, _ index: Int) throws(Fault) -> Tensor {
    let parameters = layer.trackedParameters
    var pass = pass
    pass.isTraining = true
    pass.layerIndex = index
    let bare = try layer.bare()
    let run = try bare.forward(.tensor(input.detached), pass)
    let output = try run.output.tensor()
    let inputs = [input] + parameters.map(\.value)
    guard let tape = try Tape.common(inputs) else { return output }
    let (wantsInput, shape, memory, backPass) = (input.isTracked, input.shape, run.memory, pass)
    return try tape.record(inputs: inputs, output: output) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let slopes = try bare.backward(gradient, memory: memory, wantsInput: wantsInput, backPass)
      let slope = wantsInput ? try slopes.input.map { (slope) throws(Fault) in try slope.reshaped(shape) } : nil
      return [slope] + parameters.map { slopes.parameters[$0.number] }
    }
  }

  /// Neurons, step by step.
  ///
  /// - Parameters:
  ///   - plain: what they did.
  ///   - recurrent: the weights by which their own spikes come back one step later; nil for none.
  func neurons(
    _ model: any NeuronModel, _ drive: Tensor, _ plain: Recording, recurrent: Tensor?
  ) throws(Fault) -> (output: Tensor, recording: TapedRecording) {
    let equations = try model.byEquations()
    let steps = drive.shape[0]
    let width = [1] + drive.shape.dropFirst()
    let drives = try drive.perStep()
    let states = try plain.states.map { (state) throws(Fault) in try state.values.perStep() }
    let spikes = try plain.spikes.map { (spikes) throws(Fault) in try spikes.tensor().perStep() }
    let parameters = try parameters(of: equations, Array(drive.shape.dropFirst(2)))
    var before: [Tensor] = []
    for value in equations.initialStates { before.append(try Tensor(filledWith: value, shape: width)) }
    var recorded = states.map { _ in [Tensor]() }
    var fired: [Tensor] = []
    for t in 0..<steps {
      try Interrupt.check()
      var entering = drives[t]
      if let recurrent, let last = fired.last {
        entering = try entering + Feedback.taped(last, weight: recurrent, like: entering)
      }
      let step = try step(
        equations, input: entering, states: before, parameters: parameters, known: states.map { $0[t] },
        spikes: spikes?[t])
      for (index, value) in step.updated.enumerated() { recorded[index].append(value) }
      before = step.after
      if let spikes = step.spikes { fired.append(spikes) }
    }
    var named: [(name: String, values: Tensor)] = []
    for (state, parts) in zip(plain.states, recorded) {
      named.append((name: state.name, values: parts.isEmpty ? state.values : try Tensor.concatenate(parts)))
    }
    guard let spikes = plain.spikes else {
      let output = named.first?.values ?? drive
      return (output, TapedRecording(name: plain.name, states: named, spikes: nil))
    }
    let output = fired.isEmpty ? try spikes.tensor() : try Tensor.concatenate(fired)
    let signal = TapedSignal(.spikes(spikes), tracked: output.isTracked ? output : nil)
    return (output, TapedRecording(name: plain.name, states: named, spikes: signal))
  }

  /// The parameters of neurons for a layer of the given features, those of a tape among them.
  private func parameters(of equations: EquationNeuron, _ features: [Int]) throws(Fault) -> [Tensor] {
    var parameters: [Tensor] = []
    for (place, number) in equations.parameters.enumerated() {
      let built = try equations.tensors[place]?.built(for: features, label: equations.program.parameterNames[place])
      if let built { parameters.append(built.values) } else { parameters.append(try Tensor.scalar(number)) }
    }
    return parameters
  }

  /// One step of neurons from a state, whose results take the known values.
  ///
  /// - Parameters:
  ///   - drive: `[1, batch, ...features]`.
  ///   - before: each state before the step.
  ///   - plain: what they did: the states as the threshold saw them, those after the step, and the spikes.
  func advance(
    _ model: any NeuronModel, _ drive: Tensor, from before: [Tensor],
    plain: (updated: [Tensor], after: [Tensor], spikes: Spikes?)
  ) throws(Fault) -> (output: TapedSignal, after: [Tensor]) {
    let equations = try model.byEquations()
    let parameters = try parameters(of: equations, Array(drive.shape.dropFirst(2)))
    let step = try step(
      equations, input: drive, states: before, parameters: parameters, known: plain.updated,
      spikes: try plain.spikes?.tensor())
    var after: [Tensor] = []
    for (value, known) in zip(step.after, plain.after) { after.append(try value.broadcast(to: drive.shape).taking(known)) }
    guard let spikes = plain.spikes, let fired = step.spikes else {
      return (TapedSignal(step.updated.first ?? drive), after)
    }
    return (TapedSignal(.spikes(spikes), tracked: fired.isTracked ? fired : nil), after)
  }

  /// One step of the equations, whose results take the known values.
  private func step(
    _ equations: EquationNeuron, input: Tensor, states: [Tensor], parameters: [Tensor], known: [Tensor], spikes: Tensor?
  ) throws(Fault) -> (updated: [Tensor], after: [Tensor], spikes: Tensor?) {
    let program = equations.program
    var values: [Tensor] = []
    for (place, operation) in program.operations.enumerated() {
      var value: Tensor
      switch operation {
      case .input: value = input
      case .state(let index): value = states[index]
      case .parameter(let index): value = parameters[index]
      case .constant(let number): value = try Tensor.scalar(number)
      case .noise(let form, let draw, let time):
        value = try equations.noise.values(
          form, draw: draw, time: values[time].detached.scalars.first ?? 0, shape: input.shape)
      case .unary(let kernel, let a): value = try Self.unary(kernel, values[a])
      case .binary(let kernel, let a, let b): value = try Self.binary(kernel, values[a], values[b])
      case .select(let test, let a, let b): value = try Tensor.choose(where: values[test], values[a], values[b])
      }
      for (state, update) in program.updates.enumerated() where update == place {
        value = try value.broadcast(to: input.shape).taking(known[state])
      }
      values.append(value)
    }
    let updated = try program.updates.map { (place) throws(Fault) in try values[place].broadcast(to: input.shape) }
    guard let spikes, let distance = program.distance else { return (updated, updated, nil) }
    var after: [Tensor] = []
    for (index, place) in program.resets.enumerated() {
      after.append(try Tensor.choose(where: spikes, values[place], updated[index]))
    }
    return (updated, after, try fire(try values[distance].broadcast(to: input.shape), spikes))
  }

  /// The spikes, whose slope by the distance to the threshold is the surrogate's.
  private func fire(_ distance: Tensor, _ spikes: Tensor) throws(Fault) -> Tensor {
    try distance.firing(spikes, surrogate)
  }

  private static func unary(_ kernel: UnaryKernel, _ x: Tensor) throws(Fault) -> Tensor {
    if kernel == .isZero { return try x.logicalNot() }
    guard let operation = UnaryOperation.allCases.first(where: { $0.kernel == kernel }) else { throw unknown("\(kernel)") }
    return try x.unary(operation)
  }

  private static func binary(_ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    if let operation = BinaryOperation.allCases.first(where: { $0.kernel == kernel }) {
      return try Tensor.binary(operation, a, b)
    }
    if let comparison = Comparison.allCases.first(where: { $0.kernel == kernel }) {
      return try Tensor.compare(comparison, a.detached, b.detached)
    }
    switch kernel {
    case .and: return try Tensor.logical(.and, a.detached, b.detached)
    case .or: return try Tensor.logical(.or, a.detached, b.detached)
    default: throw unknown("\(kernel)")
    }
  }

  private static func unknown(_ operation: String) -> Fault {
    Fault(
      .value, "`\(operation)` in a neuron's equations has no gradient in a recording",
      help: "the same neuron in a network has one: net(x) in place of record(net, x)")
  }
}

extension Tensor {
  /// Spikes, whose slope by these distances to the threshold is the surrogate's.
  func firing(_ spikes: Tensor, _ surrogate: any Surrogate) throws(Fault) -> Tensor {
    guard let tape = trace?.tape else { return spikes }
    let slope = try Tensor(surrogate.derivative(at: scalars), shape: shape)
    return try tape.record(inputs: [self], output: spikes) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient * slope]
    }
  }

  /// The steps `[1, batch, ...]` of `[time, batch, ...]`, as one operation of the tape.
  func perStep() throws(Fault) -> [Tensor] {
    var parts: [Tensor] = []
    for t in 0..<shape[0] { parts.append(try detached.step(t)) }
    guard let tape = trace?.tape, !parts.isEmpty else { return parts }
    let shape = self.shape
    return try tape.record(inputs: [self], outputs: parts) { (gradients: [Tensor?]) throws(Fault) -> [Tensor?] in
      var whole = try Tensor.zeros(shape)
      for (t, gradient) in gradients.enumerated() { if let gradient { try whole.setStep(t, gradient) } }
      return [whole]
    }
  }

  /// The same place on the tape with other values.
  func taking(_ values: Tensor) throws(Fault) -> Tensor {
    guard let tape = trace?.tape else { return values }
    return try tape.record(inputs: [self], output: values) { (gradient: Tensor) throws(Fault) -> [Tensor?] in [gradient] }
  }
}
