// Training in a loop of one's own: batches, an optimiser's steps, one time step at a time, and other weights.

import Faults
import Machine
import Spiking
import Tensors

/// batches, update, step and with.
let loopBuiltins: [Builtin] = [
  Builtin(
    "batches",
    [
      .required("data", .foreign("dataset"), "what to go through"),
      .optional("size", .int, default: "64", "samples in each batch but the last"),
      .optional("encode", .foreign("encoder") | .nil, default: "nil", "the code of the samples; not for samples that have a time axis"),
      .optional("shuffle", .bool, default: "true", "whether the samples come in another order with each call"),
    ],
    returns: "batches", subject: "training",
    """
    The batches of a data set, for a loop of one's own: each is `(x, y)`, with the activity `[time, batch, ...]` and the
    targets, the classes `[batch]` or the numbers `[batch, ...]`; targets of steps come as `[time, batch, ...]`. A batch is
    made when the loop comes to it.
    """,
    example: """
      let corners = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
      for (x, y) in batches(corners, 3, encode=rate(steps=10)) {
        print(x.shape, y.shape)
      }
      # expect: [10, 3, 2] [3]
      # expect: [10, 1, 2] [1]
      """
  ) { (call) throws(Fault) in
    let encoder = call.isGiven("encode") ? try call.foreign(2, as: EncoderValue.self).encoder : nil
    var stream = call.machine.nextStream("batches")
    return .foreign(
      BatchesValue(
        batches: try Batches(
          try call.samples(0, by: encoder), size: try call.int(1, default: 64, atLeast: 1), encoder: encoder,
          shuffles: try call.bool(3, default: true), seed: stream.nextBits())))
  },
  Builtin(
    "class_weights", [.required("data", .foreign("dataset"), "samples of which some classes are rarer than others")],
    returns: "list", subject: "training",
    """
    For each class the number of samples over the number of classes and its own: `n / (classes n_c)`, for the `class_weights`
    of a cross-entropy, so that all classes count alike. A class without samples gets 0.
    """,
    example: """
      let d = data.from(zeros([4, 1]), [0, 0, 0, 1])
      print(class_weights(d))   # expect: [0.6666666666666666, 2.0]
      """
  ) { (call) throws(Fault) in
    let data = try call.dataset(0)
    try data.checkLabels(for: "`class_weights`")
    let classes = Double(data.classCount)
    return .list(data.classSizes.map { .float($0 == 0 ? 0 : Double(data.count) / (classes * Double($0))) })
  },
  Builtin(
    "update",
    [
      .required("optimizer", .foreign("optimizer"), "the rule, with what it remembers of the steps before"),
      .required("model", .any, "what to move: a network, a layer, a number, a tensor, or a list, tuple or map of these"),
      .required("slope", .any, "its gradient, in the form of the model, as grad and value_and_grad give it"),
    ],
    returns: "(model, optimizer)", subject: "training",
    """
    One step of an optimizer: the model with its parameters moved against the gradient, and the optimizer, which remembers
    the step. Both are new values; the given ones stay as they are.
    """,
    example: """
      var (w, rule) = (5.0, sgd(lr=0.1))
      for k in 0..50 { (w, rule) = update(rule, w, grad(w => (w - 2) ^ 2)(w)) }
      print(round(w * 1000) / 1000)   # expect: 2.0
      """
  ) { (call) throws(Fault) in
    let rule = try call.foreign(0, as: OptimizerValue.self)
    let step = UpdateStep(rule)
    let moved = try step.moved(call[1], slope: call[2])
    return .tuple([moved, .foreign(step.optimizer)])
  },
  Builtin(
    "step",
    [
      .required("network", .foreign("network") | .foreign("encoder"), "what to run: a network, or a code"),
      .required("input", .array, "what enters at this step, [batch, ...features]"),
      .optional("state", .foreign(NetworkStateValue.typeName) | .foreign(EncoderStateValue.typeName) | .nil, default: "nil", "as the last step left it; nil before the first"),
    ],
    returns: "(output, state)", subject: "networks",
    """
    Runs a network by one step: what leaves its last layer, `[batch, ...]` (spikes as 0 and 1), and the state of its neurons for the next step.
    Step by step the outputs are those of `net(x)` over all steps. States are values: one kept can be gone back to. A
    gradient flows through both; `detach(state)` ends it.

    A code encodes one step: of a value that stays, the steps are those of its code word, and a new word begins after them;
    of one that changes, each step is that of the word of the value as it is now. `delta` goes on without an end.
    """,
    example: """
      let net = input(1) |> dense(1, weight=[[1.0]], bias=[0.0]) |> li(beta=0.5)
      let (first, state) = step(net, [[1.0]])
      let (second, _) = step(net, [[0.0]], state)
      print(first[0, 0], second[0, 0])   # expect: 1.0 0.5
      """
  ) { (call) throws(Fault) in
    if let encoder = call[0].asForeign(EncoderValue.self)?.encoder { return try encodedStep(encoder, call) }
    let network = try call.recordable(0, as: NetworkValue.self).network
    let values = try call.tensor(1)
    try values.checkFinite("the currents into a network")
    let input = TapedSignal(try values.reshaped([1] + values.shape))
    let before = call.isGiven("state") ? try call.recordable(2, as: NetworkStateValue.self).state : nil
    var pass = Pass()
    pass.noise = call.machine.seed
    let (output, after) = try network.step(input, before, pass)
    let value = Value.tensor(try output.tensor().reshaped(Array(output.plain.shape.dropFirst())))
    return .tuple([value, .foreign(NetworkStateValue(network: try network.detached(), state: after))])
  },
  Builtin(
    "with",
    [
      .required("network", .foreign("network"), "a network; it stays as it is"),
      .required("layer", .int, "the number of the layer, from 0; negative from the end"),
      .required("values", .map, "new values of its parameters by name: {weight: w, bias: b}"),
    ],
    returns: "network", subject: "networks",
    """
    The network with other values in the place of a layer's parameters, whose names `net.layers[i]` shows. They then count as
    given: `fit` does not draw them anew.
    """,
    example: """
      let net = input(2) |> dense(1) |> li()
      print((net |> with(0, {weight: [[1.0], [2.0]]})).layers[0].weight[1, 0])   # expect: 2.0
      """
  ) { (call) throws(Fault) in try replaceParameters(call) },
]

private func replaceParameters(_ call: Call) throws(Fault) -> Value {
  let network = try call.recordable(0, as: NetworkValue.self).network
  let given = try call.int(1)
  let index = given < 0 ? given + network.layers.count : given
  guard network.layers.indices.contains(index) else {
    throw call.wrong(1, "must be a layer of the network, found \(given)", help: "it has \(counted(network.layers.count, "layer")), counted from 0")
  }
  var values: [String: Tensor] = [:]
  for pair in call[2].asMap?.pairs ?? [] {
    let name = pair.key.asString ?? ""
    guard let tensor = try pair.value.convertedToTensor() else {
      throw call.wrong(2, "must be numbers, found \(pair.value.description(of: .kind)) for `\(name)`", kind: .type)
    }
    values[name] = tensor
  }
  return .foreign(NetworkValue(try network.replacingParameters(of: index, values)))
}

/// The batches of a data set.
struct BatchesValue: ForeignValue {
  static let typeName = "batches"
  let batches: Batches

  var summary: String { "\(counted(batches.count, "batch", "batches")) of \(batches.data.name)" }
  var count: Int? { batches.count }

  func element(at index: Int) throws(Fault) -> Value {
    let (input, target) = try batches.batch(index)
    return .tuple([try signalValue(input), .tensor(target)])
  }

  func isEqual(to other: any ForeignValue) -> Bool { false }
}

/// One step of a code, and what it carries on.
private func encodedStep(_ encoder: any Encoder, _ call: Call) throws(Fault) -> Value {
  var state: EncoderState
  if call.isGiven("state") {
    guard let known = call[2].asForeign(EncoderStateValue.self)?.state else {
      throw call.wrong(2, "must be a state that a step of a code gave, found \(call[2].description(of: .kind))", kind: .type)
    }
    state = known
  } else {
    var stream = call.machine.nextStream("encode step")
    state = EncoderState(seed: stream.nextBits())
  }
  let coded = try encoder.step(try call.tensor(1), &state)
  let output = try coded.tensor().reshaped(Array(coded.shape.dropFirst()))
  return .tuple([.tensor(output), .foreign(EncoderStateValue(state: state))])
}

/// What a code carries from one step to the next.
struct EncoderStateValue: ForeignValue {
  static let typeName = "code state"
  let state: EncoderState

  var summary: String { "state of a code after \(counted(state.step, "step"))" }
  func isEqual(to other: any ForeignValue) -> Bool { (other as? EncoderStateValue)?.state == state }
}

/// What the neurons of a network carry from one step to the next.
struct NetworkStateValue: ForeignValue {
  static let typeName = "state"
  /// Names the states.
  let network: Network
  let state: NetworkState

  var summary: String { "state of \(counted(network.populations.count, "population")), \(counted(state.batch, "sample"))" }
  var tape: Tape? { state.tape }
  func detached() -> any ForeignValue { NetworkStateValue(network: network, state: state.detached) }
  var count: Int? { network.populations.count }

  /// The states of a population by name, `[batch, ...features]`.
  func element(at index: Int) throws(Fault) -> Value {
    let named = try state.named(network)
    return .map((named.indices.contains(index) ? named[index] : []).map { ($0.name, .tensor($0.values)) })
  }

  func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? NetworkStateValue, let own = try? state.named(network),
      let others = try? other.state.named(other.network), own.count == others.count
    else { return false }
    return zip(own, others).allSatisfy { mine, theirs in
      mine.count == theirs.count
        && zip(mine, theirs).allSatisfy { $0.name == $1.name && Tensor.identical($0.values, $1.values) }
    }
  }
}

/// One step of an optimiser through a model of any form.
private final class UpdateStep {
  var optimizer: OptimizerValue
  private var before: ArraySlice<[Tensor]>
  private var after: [[Tensor]] = []

  init(_ optimizer: OptimizerValue) {
    self.optimizer = optimizer
    before = optimizer.memory[...]
    self.optimizer.steps += 1
  }

  func moved(_ model: Value, slope: Value) throws(Fault) -> Value {
    var slopes: [Value] = []
    defer { slopes.forEach { $0.release() } }
    try GradientArgument.rebuilt(slope) { (part) throws(Fault) in
      slopes.append(part.retained())
      return .nil
    }.release()
    var rest = slopes[...]
    let result = try GradientArgument.rebuilt(model) { (part) throws(Fault) in
      guard let slope = rest.popFirst() else { throw Self.misfit }
      return try self.part(part, slope)
    }
    guard rest.isEmpty else {
      result.release()
      throw Self.misfit
    }
    optimizer.memory = after
    return result
  }

  private static let misfit = Fault(
    .value, "the gradient has another form than the model", label: "the parts of one have no counterpart in the other",
    help: "let (loss, slope) = value_and_grad(f)(model), then update(optimizer, model, slope)")

  private func part(_ model: Value, _ slope: Value) throws(Fault) -> Value {
    if model.tape != nil || slope.tape != nil { throw Tape.leaving("`update`") }
    if let network = model.asForeign(NetworkValue.self)?.network {
      guard let gradient = slope.asForeign(NetworkValue.self)?.network else { throw Self.misfit }
      let (moved, memory) = try optimizer.optimizer.moved(
        network, gradient: gradient, memory: &before, step: optimizer.steps)
      after += memory
      return .foreign(NetworkValue(moved))
    }
    if model.asForeign(LayerValue.self) != nil {
      throw Fault(
        .type, "`update` moves networks, tensors and numbers", label: "found a layer",
        help: "put it into a network: input(…) |> \(model.description(of: .plain))")
    }
    guard let value = try model.convertedToTensor(), let gradient = try slope.convertedToTensor() else { throw Self.misfit }
    var memory = before.popFirst() ?? []
    let moved = try optimizer.optimizer.moved(value, gradient: gradient, memory: &memory, step: optimizer.steps)
    after.append(memory)
    return Machine.scalarOrTensor(moved)
  }
}
