// `deploy`: a network as a chip computes it, in whole numbers.

import Chips
import Faults
import Machine
import Spiking

/// Running networks in the whole numbers of chips.
let deployBuiltins: [Builtin] = [
  Builtin(
    "deploy",
    [
      .required("network", .foreign("network"), "what to run; it stays as it is"),
      .required("chip", .foreign("chip"), "whose whole numbers: a chip such as chips.loihi1"),
      .optional("on", .foreign("dataset") | .nil, default: "nil", "samples that both networks answer"),
      .optional("weight_bits", .int | .nil, default: "the chip's own", "bits of a weight"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional(
        "split_fan_in", .bool, default: "false", "whether neurons with too many inputs get neurons that add up parts of them"),
      .optional("seed", .int | .nil, default: "the session's", "names the draws of random codes and of the chip"),
      .optional("leak", .string | .nil, default: "nil", "on chips.truenorth: \"constant\" lets one stand for a share of the potential"),
      .optional("chance", .list | .nil, default: "nil", "on chips.truenorth: what is drawn, of \"weights\", \"offsets\" and \"threshold\""),
    ],
    returns: "deployment", subject: "chips",
    """
    Rounds weights, thresholds, leaks and offsets as a chip keeps them, and runs the network as the chip computes: in
    whole numbers, bit by bit, with what overflows wrapped or cut as there. The result is called on spikes like a network,
    and with samples (`on=`) it says how often both are right: `accuracy_float` and `accuracy`, `agreement` (the share
    that is read alike), and `spikes_float` and `spikes` of each layer. `layers` has the whole numbers.

    How a chip computes is a part of its file, section `arithmetic` (`describe(chips.loihi1)`). `multiplied_decay` is
    Loihi: weights of 8 bits and a sign with an exponent, a leak in 4096ths, 24-bit currents that wrap and potentials that
    stay at their largest, with scales found as nengo-loihi does. `axon_types` is TrueNorth: weights made of axon
    types with 9 bits each (`weight_bits` axons a source), a constant leak that carries the offsets, potentials of 20 bits.
    What a type weighs is each neuron's own, so each has the step with which its weights are rounded best.
    `leak="constant"` takes a constant towards zero in each step for lif with beta below 1, where layers have no offsets.
    `chance=["weights"]` lets a synapse count 1 with its weight as probability, `"offsets"` does so with offsets below 1,
    `"threshold"` adds random bits up to half of it, whose mean is taken off; each sample has its own draws.
    `exponential` is SpiNNaker's s16.15 with 16-bit weights. `integrate` is Speck: 8-bit weights, no leak, several spikes
    a step. `shifted_decay` is Xylo: leaks by shifts, 16 bits that saturate. Each one reproduces the integers of
    nengo-loihi, Lava, brian2-loihi, sinabs, XyloSim or the chip's equations to the bit.

    A neuron or a layer that the chip does not have is an error that says what it is (a leak on TrueNorth, a pool of
    largest spikes anywhere). A reset that it does not have is replaced by one that it has, and `warnings` says so. Numbers
    instead of spikes at the input become currents of the first layer, rounded once, where the chip can take them.
    """,
    example: """
      let net = input(2) |> dense(1, weight=[[1.0], [0.5]], bias=false) |> lif(beta=1.0, threshold=2.0, reset="zero")
      let onchip = deploy(net, chips.loihi1)
      let x = ones([6, 1, 2])
      print(all(onchip(x) == net(x)), onchip.layers[0].links[0].weights)   # expect: true tensor[2, 1] [[16256.], [8192.]]
      """
  ) { (call) throws(Fault) in
    let network = try call.foreign(0, as: NetworkValue.self).network
    var options = DeployOptions()
    if call.isGiven("weight_bits") { options.weightBits = try call.int(3, atLeast: 1) }
    if call.isGiven("encode") { options.encoder = try call.foreign(4, as: EncoderValue.self).encoder }
    if call.isGiven("on") { options.data = try call.samples(2, by: options.encoder ?? network.encoder) }
    options.splitsFanIn = try call.bool(5, default: false)
    options.seed = call.isGiven("seed") ? UInt64(bitPattern: Int64(try call.int(6))) : call.machine.seed
    options.modes = try axonTypeModes(call)
    return .foreign(DeploymentValue(try Deployment(network, on: try call.chip(1), options)))
  }
]

/// The arguments `leak` and `chance`.
private func axonTypeModes(_ call: Call) throws(Fault) -> AxonTypeModes {
  var modes = AxonTypeModes()
  if call.isGiven("leak") {
    let place = call.place("leak")
    let name = try call.string(place)
    guard name == "constant" else {
      throw call.wrong(place, "must be \"constant\", found \"\(name)\"", help: "without it, neurons leak as the network's do, or are refused")
    }
    modes.leaksByConstant = true
  }
  guard call.isGiven("chance") else { return modes }
  let place = call.place("chance")
  for name in try call.strings(place) {
    switch name {
    case "weights": modes.drawsWeights = true
    case "offsets": modes.drawsOffsets = true
    case "threshold": modes.drawsThreshold = true
    default: throw call.wrong(place, "knows \"weights\", \"offsets\" and \"threshold\", found \"\(name)\"")
    }
  }
  return modes
}
