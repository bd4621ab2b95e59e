// Building networks: the input, the layers, and recording what neurons do.

import Faults
import Machine
import Spiking
import Tensors

let networkSubject = BuiltinParameter.subject(
  "network", .foreign("network") | .foreign("layer"),
  "the network that gets the layer; without it, the layer itself is the result")

/// Networks, layers, recording, and networks in files.
let networkBuiltins: [Builtin] = [
  Builtin(
    "input", [.rest("sizes", .int, "the features of one sample at one step: one size, or several for an image")],
    returns: "network", subject: "networks",
    """
    An empty network that takes samples of the given shape. A network is a function of activity over time,
    `net(x, surrogate = fast_sigmoid(), training = false)`: the surrogate stands in for the derivative of a spike where
    a gradient is taken (`?gradients`), and `training=true` lets dropout drop and batch norm take the mean and variance of the batch.
    """,
    example: """
      let net = input(64) |> dense(10) |> lif()
      print(net)   # expect: input(64) |> dense(outputs=10) |> lif(beta=0.9, threshold=1.0)
      """
  ) { (call) throws(Fault) in
    for size in call.rest where size.tape != nil { throw call.leaving(0) }
    return .foreign(NetworkValue(try Network(inputShape: call.rest.compactMap(\.asInt))))
  },
  Builtin(
    "dense",
    [
      networkSubject, .required("outputs", .int, "the number of output features"),
      .optional(
        "bias", .bool | .array, default: "true",
        "whether each output has an offset, or the offsets, [outputs]"
      ),
      .optional("weight", .array, default: "drawn at random", "the weights, [inputs, outputs]"), initParameter(),
      .optional(
        "connect", .number | .array | .nil, default: "all",
        "which synapses there are: 0.1 for a probability, 16 for so many inputs each, a mask [inputs, outputs], or a list of pairs"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Connects every input feature to every output: `input @ weight + bias`, one product for all time steps.
    First weights are drawn with the variance 1 / inputs, and `fit` then sets their size by `measured()`, or as its own
    `init` says; with an `init` here they are drawn by that rule, and stay. Offsets begin at zero.

    With `connect` the layer has some of the synapses: each with a probability, so many for each output, those of a mask of
    0 and 1, or those of a list of (input, output). All others stay 0 whatever trains them, and are no synapses to a count,
    to `place` and to chips. A whole number of 1 or more is a number of inputs; all of them are connect=1.0.
    """,
    example: """
      let net = input(4) |> dense(3)
      print(net.layers[0].weight.shape, net.parameters)   # expect: [4, 3] 15
      """
  ) { (call) throws(Fault) in try place(try denseLayer(call), call) },
  Builtin(
    "lif",
    [
      networkSubject,
      .optional(
        "beta", .number | .array | .foreign("learnable parameter"), default: "0.9",
        "the share of the potential that remains after a step, 0 to 1; a tensor has one for each neuron, and learn(…) is trained"
      ),
      .optional(
        "threshold", .number | .array | .foreign("learnable parameter"), default: "1.0",
        "the potential at which a neuron fires; a tensor has one for each neuron, and learn(…) is trained"
      ),
      .optional(
        "reset", .string, default: "\"subtract\"",
        "what a spike does: \"subtract\" the threshold, \"zero\" or \"none\""
      ),
    ],
    returns: "network or layer", subject: "networks",
    """
    Leaky integrate-and-fire neurons, one for each feature: `v = beta * v + input`; a spike in the same step when
    `v >= threshold`; then the reset. `v` starts at 0, and the input is not scaled (some libraries multiply it by
    1 - beta).

    The reset comes before the leak: after a spike the next step begins from `beta * (v - threshold)`, as in
    SpikingJelly. snnTorch and NEST take the threshold off after the leak, from `beta * v - threshold`; such a neuron is
    `state v = 0, z = 0; v = beta * v + input - theta * z; z = 0; spike when v >= theta; on spike { z = 1 }`.
    """,
    example: """
      let trace = lif(beta=0.9) |> record(full([100, 1, 1], 0.3))
      print(first_spike(trace.spikes))   # expect: 3
      """
  ) { (call) throws(Fault) in
    let name = try call.string(3, default: "subtract")
    guard let reset = LIF.Reset(rawValue: name) else {
      throw call.wrong(3, "must be \"subtract\", \"zero\" or \"none\", found \"\(name)\"")
    }
    let (beta, threshold) = (try neuronParameter(call, 1), try neuronParameter(call, 2))
    let model = LIF(
      beta: beta == nil ? Float(try call.number(1, default: 0.9)) : 0.9,
      threshold: threshold == nil ? Float(try call.number(2, default: 1)) : 1, reset: reset)
    try model.check()
    if beta != nil || threshold != nil {
      return try place(NeuronLayer(try model.byEquations(beta: beta, threshold: threshold)), call)
    }
    return try place(NeuronLayer(model), call)
  },
  Builtin(
    "li",
    [
      networkSubject,
      .optional(
        "beta", .number | .array | .foreign("learnable parameter"), default: "0.9",
        "the share of the potential that remains after a step, 0 to 1; a tensor has one for each neuron, and learn(…) is trained"
      ),
    ],
    returns: "network or layer", subject: "networks",
    "Leaky integrators: `v = beta * v + input`, without spikes. As the last layer they give potentials to decode.",
    example: "let net = input(4) |> dense(8) |> lif() |> dense(2) |> li()"
  ) { (call) throws(Fault) in
    if let beta = try neuronParameter(call, 1) {
      return try place(NeuronLayer(try LeakyIntegrator().byEquations(beta: beta)), call)
    }
    let model = LeakyIntegrator(beta: Float(try call.number(1, default: 0.9)))
    try model.check()
    return try place(NeuronLayer(model), call)
  },
  Builtin(
    "flatten",
    [networkSubject, .optional("from", .int, default: "0", "the first axis of a sample that becomes a part of the row")],
    returns: "network or layer", subject: "networks",
    """
    Lays the features of a sample out in one row, as `dense` takes them. `from=1` keeps the channels of an image and makes one
    row of its positions, as `conv1d` and `attention` take them.
    """,
    example: """
      let net = input(2, 8, 8) |> flatten() |> dense(10)
      print(net.output_shape)   # expect: [10]
      print((input(2, 8, 8) |> flatten(from=1)).output_shape)   # expect: [2, 64]
      """
  ) { (call) throws(Fault) in try place(FlattenLayer(from: try call.int(1, default: 0, atLeast: 0)), call) },
  Builtin(
    "dropout",
    [networkSubject, .optional("rate", .number, default: "0.5", "the probability of silence, 0 to below 1")],
    returns: "network or layer", subject: "networks",
    "While a network is trained, silences each feature of a sample for all steps with a probability.",
    example: "let net = input(64) |> dense(128) |> lif() |> dropout(0.2) |> dense(10) |> lif()"
  ) { (call) throws(Fault) in
    let layer = DropoutLayer(rate: try call.number(1, default: 0.5))
    _ = try layer.outputShape(for: [1])
    return try place(layer, call)
  },
  Builtin(
    "record",
    [
      .required("cell", .foreign("layer") | .foreign("network"), "neurons, or a whole network"),
      .required("drive", .array, "a current over time, [time, batch, features], or spikes"),
      .optional(
        "surrogate", .foreign("surrogate"), default: "fast_sigmoid()",
        "the derivative that stands in for that of a spike where a gradient is taken"),
    ],
    returns: "map, or a list of maps", subject: "networks",
    """
    Runs neurons under a drive and keeps every state and the spikes over time, each `[time, batch, features]`. States
    are as the threshold saw them: after the step's update and before the reset. A network gives a map for each of its
    neuron layers.
    """,
    example: """
      let trace = lif() |> record(full([5, 1, 1], 0.3))
      print(trace.v.shape, trace.spikes.sum())   # expect: [5, 1, 1] 1
      """
  ) { (call) throws(Fault) in try recordActivity(call) },
  Builtin(
    "save",
    [
      .required("network", .foreign("network") | .foreign("mapping") | .foreign("deployment"), "what to keep"),
      .required("path", .string, "the file, such as \"digits.snnet\"; its ending says which kind"),
      .optional("target", .string, default: "nil", "for .nir: the tool that will run it, such as \"snntorch\""),
      .optional("dt", .quantity, default: "the tool's own", "for .nir: how long a step is", dimension: .time),
      .optional("adapt", .foreign("adaptation") | .nil, default: "nil", "for .c: thresholds that follow activity"),
      .optional("input", .array | .nil, default: "nil", "for .sanafe.yaml and .ranc.json: the spikes of one sample, [time, 1, features]"),
    ],
    returns: "nil, or a report", subject: "networks",
    """
    Writes a network with its weights, encoder and history to a file: first to a temporary file, with a checksum, so
    that a crash or a full disk leaves the old file whole.

    A name that ends in `.c` gets the network as one C99 file: static memory, no library, work for what fires alone. Its
    spikes are the network's (to the bit, where spikes alone meet weights), `adapt=threshold(…)` lets thresholds follow
    activity, and compiled with `-D<NAME>_FIXED=1` it counts in whole numbers as `deploy(net, chips.loihi1)` does;
    `save(deploy(net, chip), "net.c")` takes the numbers of another chip of `multiplied_decay`. Its head says how it is
    called. Layers: dense, conv, pool, flatten, dropout, batch_norm behind weights, lif, recurrent(lif()) and li.

    A mapping is written as `.sanafe.yaml`, which SANA-FE reads as architecture, network and mapping (`input=` gives the
    spikes of its inputs; without it they fire by chance at the measured rates), or as `.hgr`, a hypergraph for partitioners:
    a net for each neuron with its targets, weighted by its spikes.

    A deployment on a chip like Loihi is written as `.net`, the HDF5 file that lava-dl's netx reads (dense, conv and flatten with
    lif(reset="zero")); the answer is a list of what is otherwise there, such as offsets that are rounded to steps of 64. One on
    chips.truenorth is written as `.ranc.json` for RANC's simulator, with `input=` as packets, and its configuration beside
    it as `.ranc.config.json`; there each layer answers a tick after the other.

    A path that ends in `.nir` gets a graph of the Neuromorphic Intermediate Representation (HDF5) for the tool `target`,
    and the report says what became of each layer, what that tool does otherwise, and how many spikes are the same there.
    \(nirDocumentation)

    A path that ends in `.npz` gets the weights alone, by the names and with the axes of a `torch.nn.Sequential`;
    `scripts/weights.py` makes a state dictionary of it, or an ONNX model of one step of time.
    """,
    example: "let keep = net => save(net, \"mine.snnet\")"
  ) { (call) throws(Fault) in try saveFile(call) },
  Builtin(
    "load",
    [
      .required("path", .string, "a file that `save` wrote, a NIR graph, weights, or a network of lava-dl"),
      .optional("source", .string, default: "nil", "for .nir: the tool whose steps the network takes, such as \"snntorch\" or \"exact\""),
      .optional("dt", .quantity, default: "the tool's own", "for .nir: how long a step is", dimension: .time),
      .optional("reset", .string, default: "the tool's own", "for .nir: what a spike does, \"zero\" or \"subtract\", where the file cannot say"),
      .optional("noted", .bool, default: "true", "for .nir: whether what `save` noted beside the graph is read, which other tools do not"),
      .optional("into", .foreign("network") | .nil, default: "nil", "for .npz: the network that takes the weights"),
      .optional("names", .list | .nil, default: "as they come", "for .npz: the module of each layer with weights, such as \"fc1\""),
      .optional("ignore", .list | .nil, default: "nil", "for .npz: names to leave out; a star at one end stands for anything"),
    ],
    returns: "network", subject: "networks",
    """
    Reads a network from a file. A damaged file is an error that says so.

    A path that ends in `.nir` holds a graph of the Neuromorphic Intermediate Representation, and the network steps through
    time as the tool `source` would; what that tool refuses is an error.
    \(nirDocumentation)
    Of a file that `save` wrote, the network comes back as it was, with its code and its readout; `noted=false` gives what
    the tool will make of it.

    \(weightDocumentation)

    A path that ends in `.net` holds blocks of lava-dl in whole numbers, which become floating-point numbers with the same
    spikes; its layers answer at once here, and a step after each other there.
    """,
    example: "let net = try { load(\"no/such.snnet\") } catch e { nil }\nprint(net)   # expect: nil"
  ) { (call) throws(Fault) in try loadFile(call) },
]

/// The layer at the end of the subject network, or the layer itself.
func place(_ layer: any Layer, _ call: Call) throws(Fault) -> Value {
  guard call.has(0) else { return .foreign(LayerValue(layer)) }
  if let alone = call[0].asForeign(LayerValue.self) {
    throw Fault(
      .type, "a network begins with its input", label: "found the layer \(alone.summary) in its place",
      help: "write input(64) |> \(alone.summary) |> \(layer.callText)")
  }
  return try append(layer, to: try call.recordable(0, as: NetworkValue.self).network, call.machine)
}

private func denseLayer(_ call: Call) throws(Fault) -> DenseLayer {
  let outputs = try call.int(1)
  let bias = call.has(2) && call[2].asBool == nil ? try call.tensor(2) : nil
  let hasBias = call[2].asBool ?? true
  let rule = try initializerArgument(4, call)
  guard call.has(3) else {
    if bias != nil { throw call.wrong(2, "can be given only together with `weight`") }
    return DenseLayer(outputs: outputs, bias: hasBias, connect: try connectivity(5, outputs, call), initializer: rule)
  }
  if rule != nil { throw call.wrong(4, "has nothing to do where `weight` is given") }
  let weight = try call.tensor(3)
  guard weight.rank == 2, weight.shape[1] == outputs else {
    throw call.wrong(
      3, "must have the shape [inputs, \(outputs)], found \(Shape.text(weight.shape))", kind: .shape)
  }
  if let connect = try connectivity(5, outputs, call) {
    let offsets = bias == nil && hasBias ? try Tensor.zeros([outputs]) : bias
    return try DenseLayer(weight: weight, bias: offsets, connect: connect, mask: nil)
  }
  if bias == nil, hasBias { return try DenseLayer(weight: weight, bias: try Tensor.zeros([outputs])) }
  return try DenseLayer(weight: weight, bias: bias)
}

/// The synapses that a call asks for; nil for all.
private func connectivity(_ index: Int, _ outputs: Int, _ call: Call) throws(Fault) -> Connectivity? {
  guard call.has(index), !call[index].isNil else { return nil }
  try call.checkPlain(index)
  let connect: Connectivity
  if let count = call[index].asInt {
    connect = .fanIn(count)
  } else if let share = call[index].asNumber {
    connect = .probability(share)
  } else {
    if let pairs = call[index].elements, pairs.first?.tag == .tuple { return try connections(pairs, index, outputs, call) }
    connect = .mask(try call.tensor(index))
  }
  try connect.check()
  return connect
}

/// The synapses of a list of (input, output).
private func connections(
  _ pairs: UnsafeBufferPointer<Value>, _ index: Int, _ outputs: Int, _ call: Call
) throws(Fault) -> Connectivity {
  guard call.has(3), let inputs = try call.tensor(3).shape.first else {
    throw call.wrong(
      index, "as a list of pairs needs `weight`, which says how many inputs there are", help: "or give a mask, [inputs, outputs]")
  }
  var mask = [Float](repeating: 0, count: try Shape.count([inputs, outputs]))
  for pair in pairs {
    guard let places = pair.elements, places.count == 2, let input = places[0].asInt, let output = places[1].asInt else {
      throw call.wrong(index, "must be pairs (input, output) of whole numbers, found \(pair.description(of: .plain))", kind: .type)
    }
    guard (0..<inputs).contains(input), (0..<outputs).contains(output) else {
      throw call.wrong(index, "has a pair out of range: (\(input), \(output)) of [\(inputs), \(outputs)]")
    }
    mask[input * outputs + output] = 1
  }
  return .mask(try Tensor(mask, shape: [inputs, outputs]))
}

private func recordActivity(_ call: Call) throws(Fault) -> Value {
  var pass = Pass()
  pass.noise = call.machine.seed
  if call.has(2) { pass.surrogate = try call.foreign(2, as: SurrogateValue.self).surrogate }
  if let network = call[0].asForeign(NetworkValue.self)?.network {
    return .list(try network.record(try driveSignal(call), pass).map { (recording) throws(Fault) in try recordingValue(recording) })
  }
  let layer = try call.recordable(0, as: LayerValue.self).layer
  if let neurons = layer as? NeuronLayer {
    return try recordingValue(try neurons.model.drawing(from: pass).record(try driveCurrents(call), surrogate: pass.surrogate))
  }
  guard let recurrent = layer as? RecurrentLayer else {
    throw call.wrong(0, "must be neurons or a network, found \(layer.callText)", kind: .type)
  }
  let drive = try driveCurrents(call)
  guard drive.rank >= 3 else {
    throw Fault(
      .shape, "`recurrent` needs a drive over time", label: "the drive is \(Shape.text(drive.shape))",
      help: "its axes are [time, batch, features]")
  }
  let alone = try Network(inputShape: Array(drive.shape.dropFirst(2)))
  var stream = call.machine.nextStream("layer")
  let recordings = try alone.appending(recurrent, seed: stream.nextBits()).record(TapedSignal(drive), pass)
  guard var recording = recordings.first else { return .nil }
  recording.name = recurrent.name
  return try recordingValue(recording)
}

private func driveSignal(_ call: Call) throws(Fault) -> TapedSignal {
  if let (spikes, tracked) = call[1].asSignal { return TapedSignal(.spikes(spikes), tracked: tracked) }
  return TapedSignal(try driveCurrents(call))
}

private func driveCurrents(_ call: Call) throws(Fault) -> Tensor {
  let drive = try call.tensor(1)
  try drive.checkFinite("the currents of `drive`")
  return drive
}

private func recordingValue(_ recording: TapedRecording) throws(Fault) -> Value {
  var entries: [(String, Value)] = [("name", .string(recording.name))]
  for state in recording.states { entries.append((state.name, .tensor(state.values))) }
  if let spikes = recording.spikes { entries.append(("spikes", try signalValue(spikes))) }
  return .map(entries)
}
