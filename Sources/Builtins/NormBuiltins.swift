// Layers that normalise, and folding them away.

import Faults
import Machine
import Spiking
import Tensors

/// batch_norm, layer_norm, fold and calibrate.
let normBuiltins: [Builtin] = [
  Builtin(
    "batch_norm",
    [
      networkSubject,
      .optional("scale", .number, default: "1.0", "what the learnt scale of each channel begins with; the threshold behind it gives tdBN"),
      .optional("momentum", .number, default: "0.1", "the share of the running mean and variance that a batch replaces"),
      .optional("eps", .number, default: "1e-5", "is added to the variance"),
      .optional("steps", .int | .nil, default: "nil", "gives each of so many steps statistics and parameters of its own (BNTT)"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Keeps each channel at one mean and spread: `scale (x - mean) / sqrt(variance + eps) + offset` (Ioffe and Szegedy 2015),
    with the statistics of all steps, samples and positions of a batch while `fit` trains, and their running means
    otherwise. It stands between weights and neurons. `scale=` the neurons' threshold is tdBN (Zheng et al. 2021), `steps=`
    is BNTT (Kim and Panda 2021).

    On a chip there is no such layer: `place` and `run_stream` fold it into the weights before it, which changes nothing but
    the rounding; `fold` gives the network that they run. In a loop of one's own, `calibrate` sets the running statistics.
    """,
    example: """
      let net = input(1, 8, 8) |> conv(4, kernel=3) |> batch_norm() |> lif() |> flatten() |> dense(10) |> lif()
      print(net.layers[1].scale.shape)   # expect: [4]
      """
  ) { (call) throws(Fault) in
    let steps = call.isGiven("steps") ? try call.int(call.place("steps"), atLeast: 1) : nil
    let standard = BatchNormLayer()
    let layer = BatchNormLayer(
      scale: try call.number(call.place("scale"), default: standard.firstScale),
      momentum: try call.number(call.place("momentum"), default: standard.momentum),
      epsilon: try call.number(call.place("eps"), default: standard.epsilon), steps: steps)
    _ = try layer.outputShape(for: [1])
    return try place(layer, call)
  },
  Builtin(
    "layer_norm", [networkSubject, .optional("eps", .number, default: "1e-5", "is added to the variance")],
    returns: "network or layer", subject: "networks",
    """
    Keeps the features of each sample at each step at one mean and spread: `scale (x - mean) / sqrt(variance + eps) + offset`
    (Ba, Kiros and Hinton 2016). It does the same in training and outside. No chip runs it.
    """,
    example: "let net = input(64) |> dense(32) |> layer_norm() |> lif() |> dense(10) |> lif()"
  ) { (call) throws(Fault) in
    let layer = LayerNormLayer(epsilon: try call.number(1, default: LayerNormLayer().epsilon))
    _ = try layer.outputShape(for: [1])
    return try place(layer, call)
  },
  Builtin(
    "fold", [.required("network", .foreign("network"), "a network; it stays as it is")], returns: "network", subject: "networks",
    """
    The network with each `batch_norm` folded into the weights before it: what a chip runs. It does the same as the given
    one outside of training, up to the rounding of one product.
    """,
    example: """
      let net = input(2) |> dense(3) |> batch_norm() |> lif()
      print(fold(net))   # expect: input(2) |> dense(outputs=3) |> lif(beta=0.9, threshold=1.0)
      """
  ) { (call) throws(Fault) in
    .foreign(NetworkValue(try call.foreign(0, as: NetworkValue.self).network.folded()))
  },
  Builtin(
    "calibrate",
    [
      .required("network", .foreign("network"), "a network; it stays as it is"),
      .required("data", .foreign("dataset"), "samples to measure on"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional("batch", .int, default: "64", "samples that are measured together"),
    ],
    returns: "network", subject: "training",
    """
    The network with the running statistics of its `batch_norm` layers measured anew: the means over the batches of a data
    set, with the weights as they are. `fit` keeps them up by itself; a loop of one's own calls this at its end.
    """,
    example: """
      let corners = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
      let net = input(2) |> dense(2) |> batch_norm() |> lif() |> calibrate(corners, encode=rate(steps=10))
      print(sum(abs(net.layers[1].mean)) > 0)   # expect: true
      """
  ) { (call) throws(Fault) in
    let network = try call.foreign(0, as: NetworkValue.self).network
    let encoder = call.isGiven("encode") ? try call.foreign(2, as: EncoderValue.self).encoder : network.encoder
    let batches = try Batches(
      try call.samples(1, by: encoder), size: try call.int(3, default: 64, atLeast: 1), encoder: encoder, shuffles: false,
      seed: call.machine.standingBits("calibrate", network.fingerprint))
    return .foreign(NetworkValue(try network.calibrated(on: batches)))
  },
]
