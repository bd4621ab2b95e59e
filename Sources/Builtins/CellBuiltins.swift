// The builtins of gated cells and of parallel neurons.

import Faults
import Machine
import Spiking
import Tensors

/// LSTM and GRU, their spiking forms, and parallel spiking neurons.
let cellBuiltins: [Builtin] = [
  gated(
    .lstm, "LSTM cells (Hochreiter and Schmidhuber 1997)",
    """
    Gates i, f, g, o of `x @ weight + bias + h @ recurrent + recurrent_bias`, `c = sigmoid(f) c + sigmoid(i) tanh(g)`,
    `h = sigmoid(o) tanh(c)`, both from 0 on; the output is h. Weights are `[inputs, 4 units]` and `[units, 4 units]`, the
    transposes of PyTorch's, and drawn as there.
    """,
    """
    let net = input(8) |> lstm(16) |> dense(2)
    print(net.layers[0].weight.shape, net.layers[0].recurrent.shape)   # expect: [8, 64] [16, 64]
    """),
  gated(
    .gru, "GRU cells (Cho et al. 2014)",
    """
    Gates r, z, n as in PyTorch: `n = tanh(x W_n + b_n + r (h U_n + d_n))`, `h = (1 - z) n + z h`, from 0 on; the output is h.
    Weights are `[inputs, 3 units]` and `[units, 3 units]`.
    """,
    "print((input(8) |> gru(16)).layers[0].bias.shape)   # expect: [48]"),
  gated(
    .slstm, "LSTM cells that fire",
    """
    As `lstm`, where h is a potential: a spike when `h >= threshold`. `reset="subtract"` takes the threshold off h in the step
    after a spike, "zero" takes h. It is snnTorch's SLSTM, but for the spike at the threshold itself. Since h stays within ±1, a
    threshold of 1 is reached by no finite drive: take one such as 0.2.
    """,
    """
    let net = input(8) |> slstm(16, threshold=0.2) |> dense(2) |> lif()
    print(net(ones([5, 1, 8])).shape)   # expect: [5, 1, 2]
    """),
  gated(
    .sgru, "GRU cells that fire",
    "As `gru`, where h is a potential: a spike when `h >= threshold`; resets as those of `slstm`.",
    "print((input(8) |> sgru(16, threshold=0.2)).output_shape)   # expect: [16]"),
  Builtin(
    "psn", [networkSubject, .required("steps", .int, "the number of steps, which is fixed")],
    returns: "network or layer", subject: "networks",
    """
    Parallel spiking neurons (Fang et al. 2023): the potentials of all steps are one product, `H = weight @ X`, without a reset,
    and a neuron fires where `H + bias >= 0`. Weights `[steps, steps]` and offsets `[steps]`, which begin at -1, are shared by
    all neurons. A step hears later ones too, so the network runs over all steps or not at all: not on streams, nor on chips.
    """,
    example: """
      let net = input(4) |> dense(8) |> psn(10) |> dense(2)
      print(net.layers[1].weight.shape)   # expect: [10, 10]
      """
  ) { (call) throws(Fault) in try parallel(ParallelNeuronLayer(.psn, steps: try call.int(1)), call) },
  Builtin(
    "masked_psn",
    [
      networkSubject, .required("steps", .int, "the number of steps, which is fixed"),
      .required("order", .int, "how many steps, this one among them, are heard"),
      .optional("mask", .number, default: "1.0", "how far the mask is closed, from 0, where all steps are heard, to 1"),
    ],
    returns: "network or layer", subject: "networks",
    "As `psn`, where a step hears the last `order` steps alone: other weights are multiplied by `1 - mask`.",
    example: "print((input(4) |> masked_psn(10, order=3)).layers[0].weight.shape)   # expect: [10, 10]"
  ) { (call) throws(Fault) in
    try parallel(
      ParallelNeuronLayer(.masked, steps: try call.int(1), order: try call.int(2), mask: try call.number(3, default: 1)), call)
  },
  Builtin(
    "sliding_psn", [networkSubject, .required("order", .int, "how many steps, this one among them, are heard")],
    returns: "network or layer", subject: "networks",
    """
    As `psn`, with the same weights `[order]` at each step for the last `order` inputs; they begin as 1, 1/2, 1/4 … back in
    time. It takes any number of steps, and runs step by step.
    """,
    example: "print((input(4) |> sliding_psn(3)).layers[0].weight.sum())   # expect: 1.75"
  ) { (call) throws(Fault) in try parallel(ParallelNeuronLayer(.sliding, order: try call.int(1)), call) },
]

private func gated(_ cell: GatedLayer.Cell, _ what: String, _ documentation: String, _ example: String) -> Builtin {
  let isSpiking = cell == .slstm || cell == .sgru
  let spiking: [BuiltinParameter] = [
    .optional("threshold", .number, default: "1.0", "the h at which a cell fires"),
    .optional("reset", .string, default: "\"none\"", "what a spike does: \"subtract\" the threshold, \"zero\" or \"none\""),
  ]
  return Builtin(
    cell.rawValue, [networkSubject, .required("units", .int, "the number of cells")] + (isSpiking ? spiking : []),
    returns: "network or layer", subject: "networks", "\(what), each hearing all others one step later.\n\n\(documentation)",
    example: example
  ) { (call) throws(Fault) in
    var layer = GatedLayer(cell, units: try call.int(1))
    if isSpiking {
      let name = try call.string(3, default: "none")
      guard let reset = LIF.Reset(rawValue: name) else {
        throw call.wrong(3, "must be \"subtract\", \"zero\" or \"none\", found \"\(name)\"")
      }
      (layer.threshold, layer.reset) = (try call.number(2, default: 1), reset)
    }
    _ = try layer.outputShape(for: [1])
    return try place(layer, call)
  }
}

private func parallel(_ layer: ParallelNeuronLayer, _ call: Call) throws(Fault) -> Value {
  _ = try layer.outputShape(for: [1])
  return try place(layer, call)
}
