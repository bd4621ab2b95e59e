// Layers with delays, fixed or learnt.

import Chips
import Faults
import Machine
import Spiking
import Tensors

private let learntParameters: [BuiltinParameter] = [
  .optional("kernel", .string, default: "\"gaussian\"", "how a learnt delay is spread in training: \"gaussian\" or \"triangle\""),
  .optional("width", .number | .nil, default: "half of all steps", "how wide it is spread at first, in steps"),
  .optional(
    "narrow", .int | .nil, default: "a quarter of those of `fit`", "the epochs over which the spread falls to \(Delays.lastWidth)"),
]

/// delay, delayed_dense, narrow_delays and round_delays.
let delayBuiltins: [Builtin] = [
  Builtin(
    "delay",
    [
      networkSubject,
      .optional(
        "steps", .int | .array | .nil, default: "drawn evenly",
        "how late each feature is: one whole number for all, or one for each; first values where they are learnt"),
      .optional("learn", .bool, default: "true without steps", "whether training moves the delays"),
      .optional("max_delay", .int | .nil, default: "the largest of steps", "the longest delay there may be"),
    ] + learntParameters,
    returns: "network or layer", subject: "networks",
    """
    Makes each feature late by a number of steps of its own, as an axon does: `output[t, i] = input[t - steps[i], i]`.
    Spikes stay spikes.

    Learnt delays are found as in DCLS (Hammouamri, Khalfaoui-Hassani and Masquelier 2024): while `fit` trains, or a network
    is called with `training=true`, what a feature sends is spread over the steps around its delay d, by
    `exp(-((k - d) / (width + 0.27))^2 / 2)` with a sum of 1 or by a triangle, and `fit` lets the width fall by a factor an
    epoch. Everywhere else a delay is a whole number of steps, and its slope is 0. Delays move 100 times as fast as weights;
    `fit(rates={delay: 0.1})` changes that. `place` and `hardware_loss` count their bits, and refuse those that a chip cannot
    keep; `round_delays` gives the network that is left.
    """,
    example: """
      let late = input(2) |> delay([0, 2])
      print(late(ones([4, 1, 2])).reshape([8]))   # expect: tensor[8] [1., 0., 1., 0., 1., 1., 1., 1.]
      """
  ) { (call) throws(Fault) in
    var steps: Tensor?
    var common: Float?
    if call.isGiven("steps") {
      try call.checkPlain(1)
      if let one = call[1].asInt { common = Float(one) } else { steps = try call.tensor(1) }
    }
    let given = steps?.scalars.max() ?? common
    let isLearnt = try call.bool(2, default: given == nil)
    let longest: Int
    if call.isGiven("max_delay") {
      longest = try call.int(3, atLeast: 0)
    } else {
      guard let given, given >= 0, given <= Float(Delays.limit) else {
        throw call.wrong(
          given == nil ? 3 : 1, given == nil ? "is needed where delays are drawn" : "must be from 0 to \(Delays.limit) steps",
          help: "such as delay(max_delay=25), or delay(3) for a fixed one")
      }
      longest = Int(given.rounded(.up))
    }
    if let common, common < 0 || common > Float(longest) {
      throw call.wrong(1, "must be from 0 to \(longest) steps, found \(Int(common))")
    }
    let delays = try delays(Delays(longest: longest, isLearnt: isLearnt, steps: steps), "delay", call, from: 4)
    return try place(DelayLayer(delays, common: common), call)
  },
  Builtin(
    "delayed_dense",
    [
      networkSubject, .required("outputs", .int, "the number of output features"),
      .required("max_delay", .int, "the longest delay there may be, in steps"),
      .optional("delay", .array | .nil, default: "drawn evenly", "the delays, [inputs, outputs]; first values where they are learnt"),
      .optional("learn", .bool, default: "true", "whether training moves the delays"),
    ] + learntParameters + [
      .optional("bias", .bool | .array, default: "true", "whether each output has an offset, or the offsets, [outputs]"),
      .optional("weight", .array | .nil, default: "drawn at random", "the weights, [inputs, outputs]"), initParameter(),
    ],
    returns: "network or layer", subject: "networks",
    """
    `dense` whose every synapse has a delay of its own:
    `output[t, o] = bias[o] + sum of weight[i, o] * input[t - delay[i, o], i]` over i. Delays are learnt and rounded as those
    of `delay` are (`?delay`). It costs about as much as `dense` with max_delay + 1 times the inputs.
    """,
    example: """
      let net = input(2) |> delayed_dense(1, 3, delay=[[0], [2]], learn=false, weight=[[1.0], [10.0]], bias=false)
      print(net(ones([4, 1, 2])).reshape([4]))   # expect: tensor[4] [1., 1., 11., 11.]
      """
  ) { (call) throws(Fault) in
    let outputs = try call.int(1, atLeast: 1)
    if call.isGiven("delay") { try call.checkPlain(3) }
    let delays = try delays(
      Delays(
        longest: try call.int(2, atLeast: 0), isLearnt: try call.bool(4, default: true),
        steps: call.isGiven("delay") ? try call.tensor(3) : nil), "delayed_dense", call, from: 5)
    let (bias, weight) = (call.place("bias"), call.place("weight"))
    let offsets = call.has(bias) && call[bias].asBool == nil ? try call.tensor(bias) : nil
    let hasBias = call[bias].asBool ?? true
    let rule = try initializerArgument(call.place("init"), call)
    guard call.isGiven("weight") else {
      if offsets != nil { throw call.wrong(bias, "can be given only together with `weight`") }
      return try place(DelayedDenseLayer(outputs: outputs, delays, bias: hasBias, initializer: rule), call)
    }
    if rule != nil { throw call.wrong(call.place("init"), "has nothing to do where `weight` is given") }
    let values = try call.tensor(weight)
    guard values.rank == 2, values.shape[1] == outputs else {
      throw call.wrong(
        weight, "must have the shape [inputs, \(outputs)], found \(Shape.text(values.shape))", kind: .shape)
    }
    let own = offsets == nil && hasBias ? try Tensor.zeros([outputs]) : offsets
    return try place(try DelayedDenseLayer(weight: values, delays, bias: own), call)
  },
  Builtin(
    "narrow_delays",
    [
      .required("network", .foreign("network"), "a network; it stays as it is"),
      .required("width", .number, "how wide learnt delays are spread from now on, in steps"),
    ],
    returns: "network", subject: "training",
    """
    The network with its learnt delays spread by another width while it is trained: what `fit` does before each epoch, for
    loops of one's own (`net(x, training=true)`). `width * (\(Delays.lastWidth) / width) ^ (epoch / epochs)` falls as `fit` lets it.
    """,
    example: """
      let net = input(2) |> delay(max_delay=4) |> dense(1) |> lif() |> narrow_delays(0.5)
      print(net.layers[0].kernel_width)   # expect: 0.5
      """
  ) { (call) throws(Fault) in
    .foreign(NetworkValue(try call.foreign(0, as: NetworkValue.self).network.narrowingDelays(to: try call.number(1))))
  },
  Builtin(
    "round_delays",
    [
      .required("network", .foreign("network"), "a network; it stays as it is"),
      .optional("longest", .int | .foreign("chip") | .nil, default: "as it is", "the longest delay left, or a chip that says it"),
    ],
    returns: "network", subject: "networks",
    """
    The network with its delays as whole numbers that are learnt no more, as it runs outside of training; longer ones than
    `longest` are cut down to it. `train` on with `fit` to let the weights make up for that.
    """,
    example: """
      let net = input(2) |> delay([1.4, 7.6], learn=true, max_delay=9) |> round_delays(longest=5)
      print(net.layers[0].delay)   # expect: tensor[2] [1., 5.]
      """
  ) { (call) throws(Fault) in
    let network = try call.foreign(0, as: NetworkValue.self).network
    var longest: Int?
    if let chip = call[1].asForeign(ChipValue.self)?.chip {
      longest = chip.synapses.longestDelay.flatMap { Int(exactly: $0.value.rounded(.down)) }
    } else if call.isGiven("longest") {
      longest = try call.int(1, atLeast: 0)
    }
    return .foreign(NetworkValue(try network.roundingDelays(longest: longest)))
  },
]

/// The arguments that learnt delays share, from a place on.
private func delays(_ base: Delays, _ name: String, _ call: Call, from first: Int) throws(Fault) -> Delays {
  var delays = base
  let word = try call.string(first, default: "gaussian")
  guard let kernel = DelayKernel(rawValue: word) else {
    throw call.wrong(first, "must be \"gaussian\" or \"triangle\", found \"\(word)\"")
  }
  delays.kernel = kernel
  if call.isGiven("width") { delays.firstWidth = try call.number(first + 1) }
  if call.isGiven("narrow") { delays.narrowing = try call.int(first + 2) }
  if !delays.isLearnt, ["kernel", "width", "narrow"].contains(where: call.isGiven) {
    throw Fault(.call, "fixed delays of `\(name)` are not spread", help: "leave kernel, width and narrow out, or say learn=true")
  }
  try delays.validate(name)
  return delays
}
