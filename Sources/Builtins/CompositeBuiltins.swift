// The builtins of layers that are made of others: recurrent neurons and residual branches.

import Faults
import Machine
import Spiking
import Tensors

private let endOfNetwork = BuiltinParameter.subject(
  "network", .foreign("network"), "the network that gets the layer; without it, the layer itself is the result")

/// `recurrent` and `residual`.
let compositeBuiltins: [Builtin] = [
  Builtin(
    "recurrent",
    [
      endOfNetwork, .required("neurons", .foreign("layer"), "neurons of any kind that fires, such as lif()"),
      .optional(
        "recurrent", .array, default: "drawn at random",
        "the weights, [neurons, neurons], from the row's neuron to the column's"),
      initParameter(Kaiming.standardRecurrent),
    ],
    returns: "network or layer", subject: "networks",
    """
    Neurons that hear each other: their own spikes come back one step later through a dense connection,
    `drive[t] = input[t] + spikes[t - 1] @ recurrent`. First weights are drawn and measured as those of `dense` are, so
    that a tenth of the potentials' variance is theirs and nine tenths are that of the input.
    """,
    example: """
      let net = input(700) |> dense(100) |> recurrent(lif(beta=0.95)) |> dense(20) |> lif()
      print(net.layers[1].recurrent.shape)   # expect: [100, 100]
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
    let recurrent = RecurrentLayer(
      neurons.model, recurrent: call.has(2) ? try call.tensor(2) : nil, initializer: rule)
    _ = try recurrent.outputShape(for: [1])
    return try place(recurrent, call)
  },
  Builtin(
    "residual",
    [endOfNetwork, .required("layers", .list | .tuple, "the branch: a list of layers that keep the shape")],
    returns: "network or layer", subject: "networks",
    """
    A branch beside a straight way: `output = input + branch(input)`. The neurons of the branch are populations like
    any others, in `record`, `evaluate` and in the `spikes` of a loss.
    """,
    example: """
      let net = input(8, 6, 6) |> residual([conv(8, kernel=3, padding=1), lif()]) |> flatten() |> dense(4) |> lif()
      print(net.layers[0].layers[0].weight.shape)   # expect: [8, 8, 3, 3]
      """
  ) { (call) throws(Fault) in
    var layers: [any Layer] = []
    for (index, element) in try call.elements(1).enumerated() {
      guard let layer = element.asForeign(LayerValue.self)?.layer else {
        throw Fault(
          .type, "the branch of `residual` is a list of layers",
          label: "element \(index) is \(element.description(of: .kind))",
          help: "as in residual([conv(16, kernel=3, padding=1), lif()])")
      }
      layers.append(layer)
    }
    return try place(ResidualLayer(layers), call)
  },
]
