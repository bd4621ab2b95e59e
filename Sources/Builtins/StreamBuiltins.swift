// Networks at run time: streams of samples and silence, and thresholds that follow activity.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors

/// threshold, as_stream and run_stream.
let streamBuiltins: [Builtin] = [
  Builtin(
    "threshold",
    [
      .required("gamma", .number, "how strongly thresholds follow activity, 0 or more"),
      .required("target", .number, "the activity at which they stay as they are, in spikes a neuron and step"),
      .optional("window", .int | .nil, default: "50", "over how many steps the activity is averaged"),
      .optional("decay", .number | .nil, default: "nil", "an exponential average in its place, A = decay A + (1 - decay) a"),
      .optional("rule", .string, default: "\"homeostatic\"", "\"homeostatic\": activity up, threshold up; \"paper\": as printed"),
      .optional(
        "low", .number | .nil, default: "\(Adaptation.standardLow)", "the lower bound, in units of the threshold that was trained"),
      .optional("high", .number | .nil, default: "\(Adaptation.standardHigh)", "the upper bound; nil for none"),
      .optional(
        "sense", .string | .nil, default: "the input's",
        "whose activity: the \"input\"'s, each \"layer\"'s own or the whole \"network\"'s"),
    ],
    returns: "adaptation", subject: "streams",
    """
    Thresholds that follow activity while a network runs (Eq. 11 of arXiv 2602.02439), each layer by itself:
    `v_th[t] = v_th (1 + gamma (A[t] - target))`, where A[t] is the share of inputs that spiked in a step, averaged over
    the steps before t; before the stream it counts as on target. While much arrives, neurons are held back, and while
    little does, they are helped. With `sense="layer"` A[t] is each layer's own share, which holds a layer near its
    target, and saves only where it is above; so it is where the stream is numbers and not spikes.

    The paper prints the other sign, `rule="paper"`: `v_th (1 + gamma (target - A[t]))`. On a layer's own activity that
    is positive feedback: above its target it gets a lower threshold and fires more, and a quiet one at most
    1 + gamma * target times its own. Thresholds stay between `low` and `high`. A gamma by which they would become negative is an error: without a
    lower bound at any activity, with the standard one at an activity up to twice the target.
    """,
    example: """
      let (ours, printed) = (threshold(gamma=2.0, target=0.05), threshold(gamma=2.0, target=0.05, rule="paper"))
      print("{ours(0.0):.2f} {ours(0.05):.2f} {ours(0.25):.2f}")            # expect: 0.90 1.00 1.40
      print("{printed(0.0):.2f} {printed(0.05):.2f} {printed(0.25):.2f}")   # expect: 1.10 1.00 0.60
      """
  ) { (call) throws(Fault) in .foreign(AdaptationValue(try adaptation(call))) },
  Builtin(
    "as_stream",
    [
      .required("data", .foreign("dataset"), "labelled samples, taken in their order"),
      .optional("encode", .foreign("encoder") | .nil, default: "the samples' own time axis", "the code of the samples"),
      .optional("idle", .number, default: "0.7", "the share of steps outside the samples, 0 to below 1"),
      .optional("idle_rate", .number, default: "0.02", "the probability that a feature spikes in an idle step"),
      .optional("burst", .int, default: "1", "samples that follow one another without a pause"),
      .optional("samples", .int | .nil, default: "all", "at most so many samples"),
    ],
    returns: "stream", subject: "streams",
    """
    A stream of labelled samples in bursts, with idle stretches before each burst in which only noise arrives. The
    stretches have random lengths, half to one and a half times their mean. Its members are `steps`, `features`,
    `samples`, `idle_steps`, `density`, `spikes`, `labels` and `starts`.
    """,
    example: """
      let stream = data.subset(data.digits(), 0..20) |> as_stream(encode=hybrid(steps=20), idle=0.75)
      print(stream.steps, stream.samples, stream.idle_steps)   # expect: 1600 20 1200
      """
  ) { (call) throws(Fault) in
    var options = StreamOptions()
    options.idle = try call.number(2, default: options.idle)
    options.idleRate = try call.number(3, default: options.idleRate)
    options.burst = try call.int(4, default: 1, atLeast: 1)
    if call.has(5), !call[5].isNil { options.samples = try call.int(5, atLeast: 1) }
    var draws = call.machine.nextStream("stream")
    options.seed = draws.nextBits()
    let encoder = call.isGiven("encode") ? try call.foreign(1, as: EncoderValue.self).encoder : nil
    return .foreign(StreamValue(try makeStream(try call.samples(0, by: encoder), encoder: encoder, options)))
  },
  Builtin(
    "run_stream",
    [
      .required("network", .foreign("network"), "what runs; it stays as it is"),
      .required("stream", .foreign("stream") | .array, "from `as_stream`, or activity over time [time, features]"),
      .optional("chip", .foreign("chip") | .nil, default: "nil", "a chip, such as chips.loihi2, whose energy and time to simulate"),
      .optional("adapt", .foreign("adaptation") | .nil, default: "nil", "how thresholds follow activity: `threshold(...)`"),
      .optional("decode", .string, default: "the network's own", "the reading of the output, as for `evaluate`: \(decoderNames)"),
      .optional("reset", .bool, default: "false", "whether each labelled sample begins from rest"),
      .optional("on", .foreign("mapping") | .nil, default: "the sequential mapping", "where the neurons lie: what `place` gave"),
      .optional(
        "step", .quantity | .nil, default: "as fast as the chip can",
        "how long a step lasts at least on the chip, such as 1ms in real time", dimension: .time),
      .optional("quiet", .bool, default: "false", "whether to print no warnings, and no progress on a terminal"),
    ],
    returns: "stream_result", subject: "streams",
    """
    Runs a network on a stream, step by step: its state flows on, layers that nothing reaches and that are at rest are
    left out, and each spike costs the weights that it adds. With fixed thresholds the spikes are those of a batch run,
    to the last bit.

    A tensor of 0 and 1 is taken as spikes, any other as currents. On a chip a current that is not 0 is charged as one input
    event, whatever its size, and `warnings` says so: no figure of a chip tells what a graded one costs.

    With a chip the network runs with the chip's weights, and `energy`, `energy_parts`, `power`, `duration`, `step_time`
    and the latencies are simulated from the chip's figures and the stream's own spikes: energy over the whole stream,
    standing by included. Each step is timed by itself, with its own slowest core: `duration` is the sum of all steps,
    `step_time` the mean over those inside samples (of all without samples), `longest_step` the longest, and the latencies
    are steps times `step_time`. Which neurons an `active_update` is charged for is seen in the run.

    Gives `accuracy` (a sample's class is read from the output spikes in its steps), `spikes` (of all neurons),
    `input_spikes`, `spikes_per_step`, `steps`, `latency` and `latency_p99` (the median and the 99th percentile, over
    the samples, of the time until the answer stood for good: in steps without a chip, in seconds on one;
    `latency_steps` is always in steps), `activity` (A[t] of all neurons), `threshold` (v_th[t],
    the mean over the layers), `layer_activity` and `layer_threshold` (a tensor each), `synaptic_events` (over all spikes, the synapses by which each
    leaves: those whose weight is not zero, and on a chip, whose rounded weight is not, to neurons that are on it: one whose
    spikes reach nobody is left out there, though its spikes are counted in `spikes`; a processor that computes whole
    products has all of a layer's), `resting` (the
    share of layers and steps in which there was nothing to do), `predictions`, `labels`, `latencies`, `warnings`,
    `seconds` and `steps_per_second` of this machine, and `interrupted`: after Ctrl-C the result is what was done so far.
    """,
    example: """
      let part = data.subset(data.digits(), 0..60)
      let net = input(64) |> dense(10) |> lif() |> fit(part, encode=rate(steps=20), epochs=10)
      let stream = part |> as_stream(encode=net.encoder)
      let r = run_stream(net, stream, adapt=threshold(gamma=2.0, target=0.05))
      print(r.steps, len(r.predictions), r.activity.shape)   # expect: 4000 60 [4000]
      """
  ) { (call) throws(Fault) in try runStreamValue(call) },
]

private func adaptation(_ call: Call) throws(Fault) -> Adaptation {
  var adaptation = Adaptation(gamma: try call.number(0), target: try call.number(1))
  if call.has(2), call.has(3), !call[2].isNil, !call[3].isNil {
    throw call.wrong(3, "cannot stand beside `window`", help: "give one of them: the activity has one memory")
  }
  if call.has(2), !call[2].isNil { adaptation.memory = .window(try call.int(2)) }
  if call.has(3), !call[3].isNil { adaptation.memory = .decay(try call.number(3)) }
  if call.has(4) { adaptation.rule = try choice(4, call) }
  if call.has(5) { adaptation.low = call[5].isNil ? nil : try call.number(5) }
  if call.has(6) { adaptation.high = call[6].isNil ? nil : try call.number(6) }
  if call.has(7), !call[7].isNil { adaptation.sense = try choice(7, call) }
  try adaptation.check(boundsAreGiven: call.has(5))
  return adaptation
}

private func runStreamValue(_ call: Call) throws(Fault) -> Value {
  func isGiven(_ index: Int) -> Bool { call.has(index) && !call[index].isNil }
  var network = try call.foreign(0, as: NetworkValue.self).network
  let stream = try streamArgument(call, network)
  var options = StreamRunOptions()
  if isGiven(3) { options.adaptation = try call.foreign(3, as: AdaptationValue.self).adaptation }
  if call.has(4) { options.decoder = try decoderArgument(4, call) }
  options.resets = try call.bool(5, default: false)
  let placement = try streamPlacement(call, network)
  if let placement { network = placement.network }
  let display = StreamDisplay(call.output)
  let isQuiet = try call.bool(8, default: false)
  var warnings = placement?.warnings ?? []
  if placement != nil, stream.signal.spikes == nil {
    warnings.append(
      "the stream is one of currents, not of spikes: each that is not 0 is charged as one input event, whatever its size")
  }
  if call.output.isInteractive, !isQuiet {
    options.progress = { done, steps in display.show(done, steps) }
  }
  defer { display.end() }
  let meter = placement?.meter()
  options.observer = meter
  let run = try runStream(try network.drawing(from: call.machine.seed), stream, options)
  if run.interrupted { call.machine.stopAfterStatement() }
  display.end()
  let cost = placement.flatMap { placement in meter.map { placement.cost(of: run, $0) } }
  if !isQuiet {
    for warning in warnings + run.warnings { call.output.write("warning: \(warning)\n") }
  }
  return .foreign(StreamResultValue(run, adaptation: run.adaptation, chip: placement?.chip, cost: cost,
      placementWarnings: warnings))
}

/// The network on the chip that was named, or on the mapping's.
private func streamPlacement(_ call: Call, _ network: Network) throws(Fault) -> StreamPlacement? {
  func isGiven(_ index: Int) -> Bool { call.has(index) && !call[index].isNil }
  let mapping = isGiven(6) ? try call.foreign(6, as: MappingValue.self).report : nil
  let step = isGiven(7) ? try call.amount(7, .time) : 0
  guard step >= 0, step.isFinite else { throw call.wrong(7, "must be a time of 0 or more") }
  let named = isGiven(2) ? try call.chip(2) : nil
  guard let chip = named ?? mapping?.chip else {
    if isGiven(7) { throw call.wrong(7, "needs a chip", help: "name one: chip=chips.loihi2") }
    return nil
  }
  if let mapping, !chip.hasLimits(of: mapping.chip) {
    let its = chip.name == mapping.chip.name ? "a \(chip.name) with other limits" : mapping.chip.name
    throw call.wrong(6, "is a mapping on \(its), and the chip is \(chip.name)")
  }
  return try StreamPlacement(network, on: chip, mapping: mapping, minimumStep: step)
}

/// A stream, or a user's own activity over time: spikes or a tensor `[time, features]` or `[time, 1, ...features]`.
private func streamArgument(_ call: Call, _ network: Network) throws(Fault) -> SpikeStream {
  if let stream = call[1].asForeign(StreamValue.self)?.stream { return stream }
  if let spikes = call[1].asSpikes {
    guard spikes.batch == 1 else {
      throw Fault(
        .shape, "a stream is one sample that goes on", label: "the spikes are \(Shape.text(spikes.shape))",
        help: "its axes are [time, 1, features]; samples side by side run in a batch: net(spikes)")
    }
    return SpikeStream(name: "spikes", signal: .spikes(spikes))
  }
  try call.checkPlain(1)
  let tensor = try call.tensor(1)
  try tensor.checkFinite("the currents of `stream`")
  guard tensor.rank >= 2, tensor.shape[0] >= 1 else {
    throw Fault(
      .shape, "a stream is activity over time", label: "the tensor is \(Shape.text(tensor.shape))",
      help: "its axes are [time, features]")
  }
  let hasBatch = tensor.rank >= 3 && tensor.shape[1] == 1 && tensor.rank == network.inputShape.count + 2
  let timed = hasBatch ? tensor : try tensor.reshaped([tensor.shape[0], 1] + tensor.shape.dropFirst())
  let isBinary = timed.withUnsafeBuffer { values in values.allSatisfy { $0 == 0 || $0 == 1 } }
  return SpikeStream(name: "tensor", signal: isBinary ? .spikes(try Spikes(timed)) : .tensor(timed))
}
