// Training and judging networks.

import Chips
import Faults
import Machine
import Spiking
import Tensors

let decoderNames = Decoder.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")

private let scheduleNames = schedules.map { "\"\($0.componentName)\"" }.joined(separator: ", ")

/// fit and evaluate.
let trainingBuiltins: [Builtin] = [
  Builtin(
    "fit",
    [
      .required("network", .foreign("network"), "what to train; it stays as it is"),
      .required("data", .foreign("dataset"), "samples with targets: classes, numbers, or one of them for each step"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional(
        "loss", .function | .nil, default: "spike_count_cross_entropy, or mse of numbers",
        "what to make small: a loss, or a function of `output` and `target`, and where it names them of `spikes`, `trains` and `states`"
      ),
      .optional(
        "surrogate", .foreign("surrogate") | .map, default: "\(standardSurrogate.callText)",
        "what stands in for the derivative of a spike; or a map from the numbers of layers to theirs, {1: triangle()}"
      ),
      .optional("optimizer", .foreign("optimizer"), default: "adam(lr=0.001)", "how weights move"),
      .optional("epochs", .int, default: "10", "how often each sample is seen; with resume=true, how often more"),
      .optional("batch", .int, default: "64", "samples in one step"),
      .optional("validate", .foreign("dataset") | .nil, default: "nil", "measured after each epoch"),
      .optional(
        "schedule", .string | .function, default: "\"constant\"",
        "the course of the learning rate: \(scheduleNames), one of these with settings, `warmup(…)`, or a function of the "
          + "epoch (and the step) that gives a factor"
      ),
      .optional("shuffle", .bool, default: "true", "whether each epoch takes the samples in another order"),
      .optional("quiet", .bool, default: "false", "whether to show no progress on a terminal"),
      .optional(
        "hardware", .foreign("hardware_loss") | .nil, default: "nil",
        "what the network costs on a chip, to be made small as well"),
      .optional(
        "init", .foreign(InitializerValue.typeName) | .function | .nil, default: "measured()",
        "how first weights are set before training; nil leaves them as they were drawn"),
      .optional(
        "regularize", .foreign(RegularizerValue.typeName) | .list | .function | .nil, default: "nil",
        "prices on activity beside the loss: spikes_above(…), spikes_below(…), or a list of them"),
      .optional(
        "augment", .foreign(AugmentationValue.typeName) | .list | .nil, default: "nil",
        "random changes of the training samples, such as [random_shift(2), random_noise(0.1)], anew in each epoch"),
      .optional(
        "patience", .int | .nil, default: "nil",
        "epochs without a smaller validation loss after which training stops; the weights are then those of the best epoch"),
      .optional("clip", .number | .nil, default: "nil", "the length that the gradient of all weights together is cut to"),
      .optional(
        "recompute", .int | .nil, default: "nil",
        "steps of a window of time: only states between windows are kept, and the rest is worked out again; the gradient stays that of the whole time"),
      .optional(
        "truncate", .int | .nil, default: "nil", "steps of a window of time beyond which no gradient goes back (truncated BPTT)"),
      .optional("accumulate", .int, default: "1", "batches whose gradients make one step together"),
      .optional(
        "rates", .map | .nil, default: "nil",
        "factors of the learning rate, by the number of a layer, the name of a parameter, or both as in \"2.beta\"; 0 freezes"),
      .optional(
        "round", .foreign("chip") | .nil, default: "nil",
        "a chip in whose whole numbers the network is trained, as `deploy` rounds them: such as chips.loihi1"),
      .optional("resume", .bool, default: "false", "whether the network's own training goes on, to the last bit"),
      .optional(
        "each_epoch", .function | .nil, default: "nil",
        "called after each epoch with its number, from 0, and the network as it then is; training stops where it gives false"),
      .optional("save", .string | .nil, default: "nil", "a file that gets the network while it is trained, to go on from"),
      .optional("save_every", .int, default: "1", "epochs between two writings of that file"),
    ],
    returns: "network", subject: "training",
    """
    Trains a network by surrogate gradients through time, and gives the trained one. It remembers its encoder, and its
    `history` holds loss, spikes_per_sample and seconds, for classes accuracy and for numbers rmse, and of validation data
    validation_loss and validation_accuracy or validation_rmse: a number for each epoch. Ctrl-C stops after the running
    batch; the result is then what was learnt so far, with `history.interrupted`, and goes to the statement that called.
    What comes after that statement, in a loop, a function or a script, does not run. The last batch of an epoch holds
    what is left. Losses and accuracies of an epoch are means over its batches, taken while the weights moved. An output
    of spikes is read by its counts, one of potentials by the highest, numbers as the loss reads them. No gradient flows
    through the spike that resets a neuron. With `round=chips.loihi1` each pass runs the numbers that the chip would have, as
    `deploy` rounds them, and the gradient moves those behind them: the network learns to live with few bits.

    The same network, data, settings and seed give the same result, whatever was trained before; networks with other first
    weights get other orders and draws. For another run of the same network call `seed`. A stopped run, or one of fewer epochs, goes on with `resume=true` as if it had not stopped, also from a file:
    the optimizer's memory, the order of samples and all random draws are part of the network. For the same course the
    schedule must be one that does not depend on the number of epochs.

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
      .required("data", .foreign("dataset"), "samples with targets"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional(
        "decode", .string | .function, default: "the network's own",
        "the reading of the output: of classes \(decoderNames); of numbers \(readoutNames), or a function from the output "
          + "[time, batch, outputs] to [batch, numbers]"),
      .optional("loss", .function | .nil, default: "spike_count_cross_entropy, or mse of numbers", "which loss to report"),
      .optional("by_step", .bool, default: "false", "whether classes are read after each step as well"),
    ],
    returns: "map", subject: "training",
    """
    How well a network does on samples: `loss`, `spikes_per_sample` (of all neurons), `layer_spikes`,
    `input_spikes_per_sample`, `warnings` and `samples`. The same seed gives the same result, also with random codes. A
    layer that fires nothing, or each neuron in each step, is a warning, on the standard error too.

    Of classes: `accuracy`, `confusion` (a row for each true class, a column for each answer), `class_accuracy`, `f1` (the
    mean over the classes), `class_f1`, `top` (the share whose class is among the best 1, 2, … 5 scores), `predictions`,
    `class_names`, and `accuracy_by_step` where it is asked for or each step has a class.

    Of numbers: `rmse`, `mae`, `r2` (the share of the variance that is explained, the mean over the outputs), `smape` (from
    0 to 2), `predictions` ([samples, outputs], or [samples, time, outputs]), and `rmse_by_step` where each step has
    targets. Targets that are nan count for nothing.
    """,
    example: """
      let corners = data.from([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1])
      let r = input(2) |> dense(2) |> lif() |> evaluate(corners, encode=rate(steps=10))
      print(r.samples, r.confusion.shape)   # expect: 4 [2, 2]
      """
  ) { (call) throws(Fault) in try evaluateNetwork(call) },
]

let readoutNames = Readout.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")

/// How to train, by the arguments of `fit` or of what has them under the same names, but for those that are about data and
/// about what goes on beside.
func fitOptions(_ call: Call) throws(Fault) -> FitOptions {
  var options = FitOptions()
  if call.isGiven("encode") { options.encoder = try call.foreign(call.place("encode"), as: EncoderValue.self).encoder }
  options.loss = try lossArgument(call.place("loss"), call)
  options.regularizers = try regularizersArgument(call.place("regularize"), call)
  options.augmentations = try augmentationsArgument(call.place("augment"), call)
  if call.isGiven("surrogate") {
    guard let chosen = SurrogateChoice(call[call.place("surrogate")]) else {
      throw call.mismatch(call.place("surrogate"), "a surrogate, or a map from the numbers of layers to surrogates")
    }
    (options.surrogate, options.surrogates) = (chosen.common, chosen.own)
  }
  if call.isGiven("optimizer") { options.optimizer = try call.foreign(call.place("optimizer"), as: OptimizerValue.self).optimizer }
  options.epochs = try call.int(call.place("epochs"), default: options.epochs, atLeast: 1)
  options.batch = try call.int(call.place("batch"), default: options.batch, atLeast: 1)
  options.accumulate = try call.int(call.place("accumulate"), default: options.accumulate, atLeast: 1)
  if let schedule = try scheduleArgument(call.place("schedule"), call) { options.schedule = schedule }
  options.shuffles = try call.bool(call.place("shuffle"), default: options.shuffles)
  if call.isGiven("hardware") { options.objective = try call.foreign(call.place("hardware"), as: HardwareLossValue.self).loss }
  if call.has(call.place("init")) { options.initializer = try initializerArgument(call.place("init"), call) }
  if call.isGiven("patience") { options.patience = try call.int(call.place("patience"), atLeast: 1) }
  if call.isGiven("recompute") || call.isGiven("truncate") {
    if call.isGiven("recompute"), call.isGiven("truncate") {
      throw call.wrong(call.place("truncate"), "and `recompute` do not go together", help: "a window is either cut off, or worked out again")
    }
    let name = call.isGiven("truncate") ? "truncate" : "recompute"
    options.windows = TimeWindows(steps: try call.int(call.place(name), atLeast: 1), isTruncated: name == "truncate")
  }
  if call.isGiven("clip") { options.clip = try call.number(call.place("clip")) }
  if call.isGiven("rates") { options.rates = try ratesArgument(call.place("rates"), call) }
  options.resumes = try call.bool(call.place("resume"), default: options.resumes)
  return options
}

/// One surrogate for all layers, or a map from the numbers of layers to theirs.
struct SurrogateChoice {
  var common: any Surrogate = standardSurrogate
  var own: [Int: any Surrogate] = [:]

  /// Nil for a value that is neither.
  init?(_ value: Value) {
    if let known = value.asForeign(SurrogateValue.self) {
      common = known.surrogate
      return
    }
    guard let map = value.asMap else { return nil }
    for pair in map.pairs {
      guard let layer = pair.key.asInt, let known = pair.value.asForeign(SurrogateValue.self) else { return nil }
      own[layer] = known.surrogate
    }
  }
}

private func ratesArgument(_ index: Int, _ call: Call) throws(Fault) -> ParameterRates {
  var factors: [String: Double] = [:]
  for pair in call[index].asMap?.pairs ?? [] {
    guard let factor = pair.value.asNumber else { throw call.mismatch(index, "a map from layers or parameters to factors") }
    factors[pair.key.asInt.map(String.init) ?? pair.key.asString ?? pair.key.description(of: .plain)] = factor
  }
  return ParameterRates(factors)
}

private func fitNetwork(_ call: Call) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  var options = try fitOptions(call)
  if call.isGiven("round") {
    let rounding = try ChipRounding(try call.chip(call.place("round")))
    options.roundingName = rounding.title
    options.rounding = { (network) throws(Fault) in try rounding.rounded(network) }
  }
  let data = try call.samples(1, by: options.encoder ?? network.encoder)
  if call.isGiven("validate") {
    options.validation = try call.samples(call.place("validate"), by: options.encoder ?? network.encoder)
  }
  options.seed = call.machine.standingBits("fit", network.fingerprint)
  let display = FitDisplay(call.output)
  if call.output.isInteractive, try !call.bool(call.place("quiet"), default: false) {
    options.progress = { progress in display.show(progress) }
  }
  let output = call.output
  options.warn = { warning in
    display.end()
    output.warn(warning)
  }
  let log = FitLog(call.machine.runFolder, epoch: options.resumes ? network.training?.epoch ?? 0 : 0)
  options.epochEnded = try epochEnd(call, display, log)
  defer { display.end() }
  let trained = try fit(network, data, options)
  if let history = trained.history { log?.add(history) }
  if trained.history?.interrupted == true { call.machine.stopAfterStatement() }
  return .foreign(NetworkValue(trained))
}

/// What goes on after each epoch: what the run logs, the file that is written, and the function that is called; nil where that is nothing.
private func epochEnd(
  _ call: Call, _ display: FitDisplay, _ log: FitLog?
) throws(Fault) -> ((Int, Network) throws(Fault) -> Bool)? {
  let path = call.isGiven("save") ? try call.string(call.place("save")) : nil
  let every = try call.int(call.place("save_every"), default: 1, atLeast: 1)
  let function = call.isGiven("each_epoch") ? HeldFunction(call[call.place("each_epoch")]) : nil
  if path == nil, function == nil, log == nil { return nil }
  let machine = call.machine
  return { (epoch, network) throws(Fault) in
    if let history = network.history { log?.add(history) }
    if let path, (epoch + 1) % every == 0 { try saveNetwork(network, to: path) }
    guard let function else { return true }
    display.end()
    let argument = Value.foreign(NetworkValue(network))
    defer { argument.release() }
    let result = try machine.invoke(function.value, [.int(epoch), argument])
    defer { result.release() }
    return result.asBool ?? true
  }
}

private func evaluateNetwork(_ call: Call) throws(Fault) -> Value {
  let network = try call.foreign(0, as: NetworkValue.self).network
  var options = EvaluationOptions()
  if call.isGiven("encode") { options.encoder = try call.foreign(call.place("encode"), as: EncoderValue.self).encoder }
  let data = try call.samples(1, by: options.encoder ?? network.encoder)
  options.loss = try lossArgument(call.place("loss"), call)
  options.seed = call.machine.seed
  options.byStep = try call.bool(call.place("by_step"), default: false)
  if call.isGiven("decode") { try readDecoder(call.place("decode"), call, data, &options) }
  let result = try evaluate(network, data, options)
  for warning in result.warnings { call.output.warn(warning) }
  return .map(figures(result) + [
    ("loss", .float(result.loss)), ("samples", .int(result.samples)),
    ("spikes_per_sample", .float(result.spikesPerSample)),
    ("layer_spikes", .list(result.layerSpikes.map { .float($0) })),
    ("input_spikes_per_sample", .float(result.inputSpikesPerSample)),
    ("warnings", .list(result.warnings.map { .string($0) })),
  ])
}

private func figures(_ result: Evaluation) -> [(String, Value)] {
  func list(_ values: [Double]) -> Value { .list(values.map { .float($0) }) }
  if let classes = result.classes {
    return [
      ("accuracy", .float(classes.accuracy)), ("class_accuracy", list(classes.recall)), ("f1", .float(classes.macroF1)),
      ("class_f1", list(classes.f1)), ("top", list(classes.top)), ("confusion", .tensor(classes.confusion)),
      ("predictions", .list(classes.predictions.map { .int($0) })),
      ("class_names", .list(classes.names.map { .string($0) })),
    ] + (classes.byStep.isEmpty ? [] : [("accuracy_by_step", list(classes.byStep))])
  }
  guard let numbers = result.numbers else { return [] }
  return [
    ("rmse", .float(numbers.rmse)), ("mae", .float(numbers.mae)), ("r2", .float(numbers.r2)),
    ("smape", .float(numbers.smape)), ("predictions", .tensor(numbers.predictions)),
  ] + (numbers.byStep.isEmpty ? [] : [("rmse_by_step", list(numbers.byStep))])
}

/// The reading of the output: a decoder of classes or a readout of numbers by its name, or a function.
private func readDecoder(
  _ index: Int, _ call: Call, _ data: Dataset, _ options: inout EvaluationOptions
) throws(Fault) {
  guard call[index].asString != nil else {
    guard !data.hasClasses else { throw call.wrong(index, "must be a name where the targets are classes", kind: .type) }
    let (machine, function) = (call.machine, HeldFunction(call[index]))
    options.read = { (output) throws(Fault) in
      let argument = Value.tensor(output)
      defer { argument.release() }
      let result = try machine.invoke(function.value, [argument])
      defer { result.release() }
      guard let read = try result.convertedToTensor(), read.shape.first == output.shape[1] else {
        throw Fault(
          .shape, "`decode` must give numbers for each sample", label: "it gave \(result.description(of: .kind))",
          help: "from [time, batch, outputs] to [batch, numbers]")
      }
      return read.rank == 1 ? try read.reshaped([read.count, 1]) : read
    }
    return
  }
  if data.hasClasses { options.decoder = try decoderArgument(index, call) } else {
    let readout: Readout = try choice(index, call)
    options.read = { (output) throws(Fault) in try readout.read(output) }
  }
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
