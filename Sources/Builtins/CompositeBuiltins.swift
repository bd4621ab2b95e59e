// The builtins of layers that are made of others: recurrent neurons, residual and other branches, attention.

import Faults
import Machine
import Spiking
import Tensors

private let endOfNetwork = BuiltinParameter.subject(
  "network", .foreign("network"), "the network that gets the layer; without it, the layer itself is the result")

/// recurrent, residual, branches, attention and positions.
let compositeBuiltins: [Builtin] = [
  Builtin(
    "recurrent",
    [
      endOfNetwork, .required("neurons", .foreign("layer"), "neurons of any kind that fires, such as lif()"),
      .optional(
        "recurrent", .array, default: "drawn at random",
        "the weights, [neurons, neurons], from the row's neuron to the column's"),
      initParameter(Kaiming.standardRecurrent),
      .optional(
        "kernel", .int | .list | .tuple | .nil, default: "nil",
        "the size, or (height, width), of a window by which neurons of an image or a row hear those around them alone; odd"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Neurons that hear each other: their own spikes come back one step later through a dense connection,
    `drive[t] = input[t] + spikes[t - 1] @ recurrent`. First weights are drawn and measured as those of `dense` are, so
    that a tenth of the potentials' variance is theirs and nine tenths are that of the input.

    With `kernel=` the spikes come back through a convolution that keeps the image's (or the row's) size, with weights
    `[channels, channels, …kernel]`: a recurrent convolution.
    """,
    example: """
      let net = input(700) |> dense(100) |> recurrent(lif(beta=0.95)) |> dense(20) |> lif()
      print(net.layers[1].recurrent.shape)   # expect: [100, 100]
      let images = input(1, 8, 8) |> conv(4, kernel=3) |> recurrent(lif(), kernel=3)
      print(images.layers[1].recurrent.shape)   # expect: [4, 4, 3, 3]
      """
  ) { (call) throws(Fault) in
    let layer = try call.recordable(1, as: LayerValue.self).layer
    guard let neurons = layer as? NeuronLayer else {
      throw Fault(
        .type, "`recurrent` takes neurons", label: "found \(layer.callText)",
        help: "give it the neurons alone: dense(100) |> recurrent(lif())")
    }
    let rule = try initializerArgument(3, call)
    if call.has(2), rule != nil { throw call.wrong(3, "has nothing to do where `recurrent` is given") }
    let kernel = call.isGiven("kernel") ? try call.pair(call.place("kernel")) : nil
    let given = call.has(2) ? try call.tensor(2) : nil
    if let given, let kernel, Array(given.shape.dropFirst(2)) != (given.rank == 3 ? [kernel.x] : [kernel.y, kernel.x]) {
      throw call.wrong(2, "must have the sizes of the kernel, found \(Shape.text(given.shape))", kind: .shape)
    }
    if let given, ![2, 3, 4].contains(given.rank) {
      throw call.wrong(2, "must be [neurons, neurons], or a kernel, found \(Shape.text(given.shape))", kind: .shape)
    }
    let recurrent = RecurrentLayer(neurons.model, recurrent: given, kernel: kernel, initializer: rule)
    _ = try recurrent.outputShape(for: [1])
    return try place(recurrent, call)
  },
  Builtin(
    "residual",
    [
      endOfNetwork, .required("layers", .list | .tuple, "the branch: a list of layers"),
      .optional("shortcut", .list | .tuple | .nil, default: "nil", "layers of the straight way, where the branch changes the shape"),
      .optional(
        "join", .string, default: "\"add\"",
        "how both meet: \"add\", \"and\" (the product) or \"iand\" (the straight way where the branch is silent)"),
    ],
    returns: "network or layer", subject: "networks",
    """
    A branch beside a straight way: `output = input + branch(input)`, or `shortcut(input) + branch(input)`. The neurons of the
    branch are populations like any others, in `record`, `evaluate` and in the `spikes` of a loss. A place such as 3.1 counts
    the layers of the branch, then those of the shortcut.

    SEW-ResNet (Fang et al. 2021) ends branch and shortcut with neurons and joins their spikes: `residual([conv(16, kernel=3,
    padding=1), batch_norm(), lif()], join="iand")`. MS-ResNet (Hu et al. 2021) begins with neurons and adds currents:
    `residual([lif(), conv(32, kernel=3, stride=2, padding=1), batch_norm()], shortcut=[conv(32, kernel=1, stride=2),
    batch_norm()])`. Chips run "add"; "and" and "iand" multiply, which no synapses do.
    """,
    example: """
      let net = input(8, 6, 6) |> residual([conv(8, kernel=3, padding=1), lif()]) |> flatten() |> dense(4) |> lif()
      print(net.layers[0].layers[0].weight.shape)   # expect: [8, 8, 3, 3]
      let smaller = residual([conv(16, kernel=3, stride=2, padding=1), lif()], shortcut=[conv(16, kernel=1, stride=2), lif()])
      print((input(8, 6, 6) |> smaller).output_shape)   # expect: [16, 3, 3]
      """
  ) { (call) throws(Fault) in
    let name = try call.string(3, default: "add")
    guard let kind = BranchJoin.Kind(rawValue: name), [.add, .and, .iand].contains(kind) else {
      throw call.wrong(3, "must be \"add\", \"and\" or \"iand\", found \"\(name)\"")
    }
    let shortcut = call.isGiven("shortcut") ? try layerList(call[2], "the shortcut", of: "residual") : []
    return try place(
      BranchLayer(residual: try layerList(call[1], "the branch", of: "residual"), shortcut: shortcut, join: BranchJoin(kind)), call)
  },
  Builtin(
    "branches",
    [
      endOfNetwork, .required("branches", .map, "lists of layers by name; an empty list is the input itself"),
      .optional(
        "join", .string, default: "\"concat\"",
        "what becomes of their outputs: \"concat\" along the first axis, \"add\", \"and\" (the product), \"iand\" or \"attention\""),
      .optional("heads", .int, default: "1", "for \"attention\": parts of the channels that attend by themselves"),
      .optional("scale", .number, default: "0.125", "for \"attention\": what the products are multiplied by"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Rows of layers that all hear the same input, and whose outputs are joined: a graph in the place of a chain. Branches may
    have branches. Their neurons are populations like any others; a place such as 3.1 counts the layers of all branches.

    "and" multiplies; a size of 1 there stands for any, as in a mask of channels. "iand" of two is `(1 - first) * second`.
    "attention" joins query, key and value, each `[channels, tokens]`: `scale * value @ (key^T @ query)` in each head
    (`attention` makes such branches). Chips run "concat" and "add".
    """,
    example: """
      let near = [conv(4, kernel=3, padding=1), lif()]
      let far = [conv(4, kernel=5, padding=2), lif()]
      let net = input(2, 8, 8) |> branches({near: near, far: far, straight: []})
      print(net.output_shape, net.layers[0].layers[2].kernel)   # expect: [10, 8, 8] 5
      """
  ) { (call) throws(Fault) in
    let name = try call.string(2, default: "concat")
    guard let kind = BranchJoin.Kind(rawValue: name) else {
      throw call.wrong(2, "must be \"concat\", \"add\", \"and\", \"iand\" or \"attention\", found \"\(name)\"")
    }
    if kind != .attention, call.isGiven("heads") || call.isGiven("scale") {
      throw call.wrong(2, "must be \"attention\" where heads or a scale are given, found \"\(name)\"")
    }
    var rows: [BranchLayer.Branch] = []
    for (key, value) in call[1].asMap?.pairs ?? [] {
      guard let name = key.asString else {
        throw call.wrong(1, "must have names for its branches, found \(key.description(of: .kind))", kind: .type)
      }
      rows.append(.init(name: name, layers: try layerList(value, "branch `\(name)`", of: "branches")))
    }
    return try place(
      BranchLayer(rows, join: BranchJoin(kind, heads: try call.int(3, default: 1), scale: try call.number(4, default: 0.125))), call)
  },
  Builtin(
    "attention",
    [
      endOfNetwork, .required("channels", .int, "the number of channels, which stays"),
      .optional("heads", .int, default: "1", "parts of the channels that attend by themselves"),
      .optional("scale", .number, default: "0.125", "what the products are multiplied by"),
      .optional("kind", .string, default: "\"ssa\"", "\"ssa\" (of products), or \"sdsa\" (of masks alone)"),
      .optional("neurons", .foreign("layer"), default: "lif()", "what fires queries, keys and values"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Spiking self-attention over `[channels, tokens]`: queries, keys and values are spikes,
    `conv1d(channels, kernel=1, bias=false) |> batch_norm() |> neurons` each, and no softmax stands between them.

    "ssa" (Spikformer, Zhou et al. 2023) gives `scale * value @ (key^T @ query)`; "sdsa" (Spike-driven Transformer, Yao et al.
    2023) gives query where a channel's sum of key * value over the tokens fires, with additions and masks alone. Behind "ssa"
    stand neurons, such as lif(threshold=0.5), then `conv1d(channels, kernel=1) |> batch_norm() |> lif()`; put into `residual`
    it is one half of an encoder block. It is `branches` in short, so its layers can be read there. No chip runs it.
    """,
    example: """
      let block = residual([attention(16, heads=2), lif(threshold=0.5), conv1d(16, kernel=1), batch_norm(), lif()])
      print((input(16, 49) |> block).output_shape)   # expect: [16, 49]
      """
  ) { (call) throws(Fault) in
    let channels = try call.int(1)
    let kind = try call.string(4, default: "ssa")
    var neurons: any Layer = NeuronLayer(LIF())
    if call.has(5) { neurons = try call.recordable(5, as: LayerValue.self).layer }
    guard neurons.isNeurons else {
      throw call.wrong(5, "must be neurons, found \(neurons.callText)", kind: .type)
    }
    func row(_ name: String) -> BranchLayer.Branch {
      let map = GroupedConvLayer(outputs: channels, ConvGeometry(axes: 1, kernel: .init(1, 1)), bias: false)
      return .init(name: name, layers: [map, BatchNormLayer(), neurons])
    }
    switch kind {
    case "ssa":
      let join = BranchJoin(.attention, heads: try call.int(2, default: 1), scale: try call.number(3, default: 0.125))
      return try place(BranchLayer([row("query"), row("key"), row("value")], join: join), call)
    case "sdsa":
      if call.isGiven("heads") || call.isGiven("scale") { throw call.wrong(4, "must be \"ssa\" where heads or a scale are given, found \"sdsa\"") }
      let both = BranchLayer([row("key"), row("value")], join: BranchJoin(.and))
      let mask: [any Layer] = [both, LinePoolLayer(size: nil, kind: .sum), neurons]
      return try place(BranchLayer([.init(name: "mask", layers: mask), row("query")], join: BranchJoin(.and)), call)
    default: throw call.wrong(4, "must be \"ssa\" or \"sdsa\", found \"\(kind)\"")
    }
  },
  Builtin(
    "positions", [endOfNetwork], returns: "network or layer", subject: "networks",
    """
    Adds a learnt offset to each feature, the same at each step: where each token stands, for `attention`. First offsets are
    drawn from a normal distribution with a deviation of 0.02.
    """,
    example: "print((input(16, 49) |> positions()).parameters)   # expect: 784"
  ) { (call) throws(Fault) in try place(PositionLayer(), call) },
]

/// The layers of a list, or one alone.
///
/// - Parameter what: whose list it is, for an error.
private func layerList(_ value: Value, _ what: String, of builtin: String) throws(Fault) -> [any Layer] {
  if let alone = value.asForeign(LayerValue.self) { return [alone.layer] }
  var layers: [any Layer] = []
  guard let elements = value.elements else {
    throw Fault(
      .type, "\(what) of `\(builtin)` is a list of layers", label: "found \(value.description(of: .kind))",
      help: "as in [conv(16, kernel=3, padding=1), lif()]")
  }
  for (index, element) in elements.enumerated() {
    guard let layer = element.asForeign(LayerValue.self)?.layer else {
      throw Fault(
        .type, "\(what) of `\(builtin)` is a list of layers", label: "element \(index) is \(element.description(of: .kind))",
        help: "as in \(builtin == "residual" ? "residual(" : "")[conv(16, kernel=3, padding=1), lif()]\(builtin == "residual" ? ")" : "")")
    }
    layers.append(layer)
  }
  return layers
}
