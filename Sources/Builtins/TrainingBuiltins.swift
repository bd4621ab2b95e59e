// Training and judging networks.

import Faults
import Machine
import Spiking
import Tensors

let decoderNames = Decoder.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")

/// fit and evaluate.
let trainingBuiltins: [Builtin] = [
  Builtin(
    "fit",
    [
      .required("network", .foreign("network"), "what to train; it stays as it is"),
      .required("data", .foreign("dataset"), "labelled samples"),
      .optional("encode", .foreign("encoder"), default: "the network's own", "the code of the samples"),
      .optional(
        "loss", .function, default: "spike_count_cross_entropy",
        "what to make small: a function of output and label, and of spikes where it names them"
      ),
      .optional(
        "surrogate", .foreign("surrogate"), default: "fast_sigmoid(slope=25)",
        "what stands in for the derivative of a spike"
      ),
      .optional("optimizer", .foreign("optimizer"), default: "adam(lr=0.001)", "how weights move"),
      .optional("epochs", .int, default: "10", "how often each sample is seen"),
      .optional("batch", .int, default: "64", "samples in one step"),
      .optional("validate", .foreign("dataset"), default: "nil", "measured after each epoch"),
      .optional(
        "schedule", .string, default: "\"constant\"",
        "the course of the learning rate: \"constant\", or \"cosine\", which falls along half a cosine from the whole rate "
          + "to \(Int(Schedule.standardFloor * 100)) % of it at the last step"
      ),
      .optional("shuffle", .bool, default: "true", "whether each epoch takes the samples in another order"),
      .optional("quiet", .bool, default: "false", "whether to show no progress on a terminal"),
      .optional(
        "hardware", .foreign("hardware_loss") | .nil, default: "nil",
        "what the network costs on a chip, to be made small as well"),
      .optional(
        "init", .foreign(InitializerValue.typeName) | .function | .nil, default: "measured()",
        "how first weights are set before training; nil leaves them as they were drawn"),
    ],
    returns: "network", subject: "training",
    """
    Trains a network by surrogate gradients through time, and gives the trained one. It remembers its encoder, and its
    `history` holds loss, accuracy, validation_loss, validation_accuracy, spikes_per_sample and seconds, a number for
    each epoch. Ctrl-C stops after the running batch; the result is then what was learnt so far, with
    `history.interrupted`, and goes to the statement that called. What comes after that statement, in a loop, a function
    or a script, does not run. The last batch of an epoch holds what is left. Losses and accuracies of an epoch are
    means over its batches, taken while the weights moved. An output of spikes is read by its counts, one of potentials
    by the highest. No gradient flows through the spike that resets a neuron.

    Before the first epoch the first weights are set by `init`: only those that are still as their layers drew them, not
    ones that were given (`weight=`), loaded, trained before, or drawn by an `init` of their layer's. A layer that fires
    nothing in an epoch, or each neuron in each step, is a warning: once on the standard error, also with `quiet=true`,
    and in `history.warnings`.

    With `hardware=hardware_loss(chip, weight)` the chip stands in the loss, L = L_task + weight · L_hw: neurons that are
    not worth their place go, and the result is a smaller network. The history then also holds `hardware`,
    `hardware_utilization`, `hardware_communication` and `hardware_memory` (and `hardware_operations` where they count),
    and of the mapping, for a chip named loihi2, `loihi2_cores` and `loihi2_utilization`.
    """,
    example: """
      let corners = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
      let net = input(2) |> dense(2) |> lif() |> fit(corners, encode=rate(steps=10), epochs=2)
      print(len(net.history.loss))   # expect: 2
      """
  ) { (call) throws(Fault) in try fitNetwork(call) },
  Builtin(
    "evaluate",
    [
      .required("network", .foreign("network"), "a network that was trained, or one with an encoder given"),
      .required("data", .foreign("dataset"), "labelled samples"),
      .optional("encode", .foreign("encoder"), default: "the network's own", "the code of the samples"),
      .optional("decode", .string, default: "the network's own", "the reading of the output: \(decoderNames)"),
      .optional("loss", .function, default: "spike_count_cross_entropy", "which loss to report"),
    ],
    returns: "map", subject: "training",
    """
    How well a network reads samples: `accuracy`, `loss`, `confusion` (a row for each true class, a column for each
    answer), `class_accuracy`, `spikes_per_sample` (of all neurons), `layer_spikes`, `input_spikes_per_sample`,
    `predictions`, `class_names`, `warnings` and `samples`. The same seed gives the same result, also with random codes.
    A layer that fires nothing, or each neuron in each step, is a warning, on the standard error too.
    """,
    example: """
      let corners = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
      let r = input(2) |> dense(2) |> lif() |> evaluate(corners, encode=rate(steps=10))
      print(r.samples, r.confusion.shape)   # expect: 4 [2, 2]
      """
  ) { (call) throws(Fault) in try evaluateNetwork(call) },
]

/// How to train, by the arguments of `fit` or of what has them in the same places, but for those that are about data.
func fitOptions(_ call: Call) throws(Fault) -> FitOptions {
  var options = FitOptions()
  if call.has(2) { options.encoder = try call.foreign(2, as: EncoderValue.self).encoder }
  options.loss = try lossArgument(3, call)
  if call.has(4) { options.surrogate = try call.foreign(4, as: SurrogateValue.self).surrogate }
  if call.has(5) { options.optimizer = try call.foreign(5, as: OptimizerValue.self).optimizer }
  options.epochs = try call.int(6, default: 10, atLeast: 1)
  options.batch = try call.int(7, default: 64, atLeast: 1)
  switch try call.string(9, default: "constant") {
  case "constant": options.schedule = .constant
  case "cosine": options.schedule = .cosine(final: Schedule.standardFloor)
  case let other: throw call.wrong(9, "must be \"constant\" or \"cosine\", found \"\(other)\"")
  }
  options.shuffles = try call.bool(10, default: true)
  if call.has(12), !call[12].isNil { options.objective = try call.foreign(12, as: HardwareLossValue.self).loss }
  if call.has(13) { options.initializer = try initializerArgument(13, call) }
  return options
}

private func fitNetwork(_ call: Call) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  var options = try fitOptions(call)
  let data = try call.samples(1, by: options.encoder ?? network.encoder)
  if call.has(8), !call[8].isNil { options.validation = try call.samples(8, by: options.encoder ?? network.encoder) }
  var stream = call.machine.nextStream("fit")
  options.seed = stream.nextBits()
  let display = FitDisplay(call.output)
  if call.output.isInteractive, try !call.bool(11, default: false) {
    options.progress = { progress in display.show(progress) }
  }
  let output = call.output
  options.warn = { warning in
    display.end()
    output.warn(warning)
  }
  defer { display.end() }
  let trained = try fit(network, data, options)
  if trained.history?.interrupted == true { call.machine.stopAfterStatement() }
  return .foreign(NetworkValue(trained))
}

private func evaluateNetwork(_ call: Call) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  let encoder = call.has(2) ? try call.foreign(2, as: EncoderValue.self).encoder : nil
  let data = try call.samples(1, by: encoder ?? network.encoder)
  let decoder = call.has(3) ? try decoderArgument(3, call) : nil
  let result = try evaluate(
    network, data, encoder: encoder, decoder: decoder, loss: try lossArgument(4, call), seed: call.machine.seed)
  for warning in result.warnings { call.output.warn(warning) }
  return .map([
    ("accuracy", .float(result.accuracy)), ("loss", .float(result.loss)), ("samples", .int(result.samples)),
    ("spikes_per_sample", .float(result.spikesPerSample)),
    ("layer_spikes", .list(result.layerSpikes.map { .float($0) })),
    ("input_spikes_per_sample", .float(result.inputSpikesPerSample)),
    ("class_accuracy", .list(result.classAccuracy.map { .float($0) })), ("confusion", .tensor(result.confusion)),
    ("predictions", .list(result.predictions.map { .int($0) })),
    ("warnings", .list(result.warnings.map { .string($0) })),
    ("class_names", .list(result.classNames.map { .string($0) })),
  ])
}

/// A decoder by its name; another name is an error that suggests the nearest.
func decoderArgument(_ index: Int, _ call: Call) throws(Fault) -> Decoder {
  let name = try call.string(index)
  guard let known = Decoder(rawValue: name) else {
    let names = Decoder.allCases.map(\.rawValue)
    throw call.wrong(
      index, "is not known: \"\(name)\"", help: didYouMean(name, among: names) ?? "it is one of \(decoderNames)")
  }
  return known
}
