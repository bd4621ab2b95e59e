// Codes between numbers and spikes.

import Faults
import Machine
import Spiking
import Tensors

/// An encoder that a program holds: a function from values to spikes.
public struct EncoderValue: DescribedValue {
  public static let typeName = "encoder"
  public let encoder: any Encoder

  public init(_ encoder: any Encoder) { self.encoder = encoder }

  var described: any Described { encoder }

  public var isCallable: Bool { true }

  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let input = arguments.positional.first,
      let values = try input.convertedToTensor()
    else {
      throw Fault(.call, "an encoder is called with the values to encode", help: "x |> \(encoder.callText)")
    }
    return try signalValue(try encoder.encode(values, stream: arguments.machine.nextStream("encode")))
  }
}

private let valuesSubject = BuiltinParameter.subject(
  "values", .tensor | .list | .spikes,
  "values from 0 to 1, [features] or [batch, features]; without them, the encoder itself is the result"
)
private let stepsParameter = BuiltinParameter.required("steps", .int, "the number of time steps")

/// The encoders, and reading times of spikes.
let encoderBuiltins: [Builtin] = [
  Builtin(
    "rate",
    [
      valuesSubject, stepsParameter,
      .optional("random", .bool, default: "true", "whether spikes are drawn; otherwise they come regularly"),
    ],
    returns: "spikes or encoder", subject: "encoders",
    """
    The rate code: a value is the probability of a spike at each step, each step by itself.

    Probabilities are rounded to whole 65536ths, because sixteen random bits decide about a step: a value below 1 / 131072
    never fires, and one above 1 - 1 / 131072 fires at every step.

    With random=false spikes come regularly: the value is added up, and each whole that is reached is a spike. After t steps
    there are exactly floor(t x) of them, although 32-bit floats round x: for a decimal or fraction k / n as long as t times n
    is below 16,777,216 (so k / n in n steps gives k spikes for n up to 4095; 0.999 counts exactly for 16,777 steps), and for
    whole 4096ths without end. Later a spike may come early.
    """,
    example: """
      print(tensor([0.25, 1.0]) |> rate(steps=8, random=false) |> sum(axis=0))   # expect: tensor[1, 2] [[2., 8.]]
      print([(full([1, 1], k / 10) |> rate(steps=10, random=false)).sum() for k in 0..11])   # expect: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
      """
  ) { (call) throws(Fault) in
    try encode(RateEncoder(steps: try call.int(1), random: try call.bool(2, default: true)), call)
  },
  Builtin(
    "latency", [valuesSubject, stepsParameter], returns: "spikes or encoder", subject: "encoders",
    """
    The latency code: each value above 0 fires exactly once, the larger the earlier, at the step nearest to
    (1 - x) (steps - 1); a half goes to the later step. That holds for decimals and fractions, although 32-bit floats
    round them. 0 stays silent.
    """,
    example: "print(tensor([0.5, 1.0]) |> latency(steps=11) |> first_spike)   # expect: tensor[2] [5., 0.]"
  ) { (call) throws(Fault) in try encode(LatencyEncoder(steps: try call.int(1)), call) },
  Builtin(
    "hybrid",
    [
      valuesSubject, stepsParameter,
      .optional("alpha", .number, default: "0.5", "how strongly a value lowers its own threshold, 0 to below 1"),
      .optional("base", .number, default: "\(HybridEncoder.standardBase)", "the threshold of a feature of value 0"),
    ],
    returns: "spikes or encoder", subject: "encoders",
    """
    The hybrid temporal code of NeuEdge (arXiv 2602.02439, Eqs. 6-8): each feature integrates its value and fires at
    the threshold `base * (1 - alpha * x)`, so that larger values fire earlier and more often. It is deterministic and
    costs a third of the rate code's spikes; with alpha = 0 and base = 1 it is the regular rate code.

    Sums are exact: with k spikes behind it a feature fires at step t, counted from 1, where t x reaches (k + 1) thresholds,
    in 64 bits and allowing for the rounding of x to 32 bits: 0.1 added up ten times reaches 1. At most one spike a step.
    """,
    example: """
      let when = [0.2, 0.5, 0.9] |> tensor |> hybrid(steps=50, alpha=0.5) |> first_spike
      print(when[2] < when[1] and when[1] < when[0])   # expect: true
      """
  ) { (call) throws(Fault) in
    try encode(
      HybridEncoder(
        steps: try call.int(1), alpha: try call.number(2, default: 0.5),
        base: try call.number(3, default: HybridEncoder.standardBase)), call)
  },
  Builtin(
    "direct", [valuesSubject, stepsParameter], returns: "tensor or encoder", subject: "encoders",
    "No code: the values themselves, unchanged, as constant currents; the first neurons make the spikes.",
    example: "print((tensor([0.5, 1.0]) |> direct(steps=3)).shape)   # expect: [3, 1, 2]"
  ) { (call) throws(Fault) in try encode(DirectEncoder(steps: try call.int(1)), call) },
  Builtin(
    "delta",
    [
      .subject(
        "values", .tensor | .list | .spikes,
        "a signal: [time], [time, features] or [batch, time, features]; without it, the encoder itself is the result"),
      .required("threshold", .number, "the change that makes a spike, in units of the values"),
      .optional("steps", .int, default: "one for each time", "the number of steps; the signal is drawn out to fit"),
    ],
    returns: "spikes or encoder", subject: "encoders",
    """
    Spikes where a signal changes: a rise of `threshold` since the last spike fires on one channel, a fall on another,
    as event cameras do. The first axis of the features doubles, each entry to a rise and a fall side by side: 16
    features give 32, [1, 34, 34] gives [2, 34, 34]. A constant costs nothing. Values may be any finite numbers.

    What was told is the first value plus a whole number of thresholds, in 64 bits, so nothing adds up in long signals; a
    rise by n thresholds is n spikes, one a step. A change counts where it falls short of the threshold by no more than
    the rounding of the values to 32 bits, and no more than a quarter: decimals spike as decimals.
    """,
    example: """
      let s = tensor([0.0, 0.5, 1.0, 0.5]) |> delta(threshold=0.5)
      print(s.shape, s.total, sum(s, axis=0))   # expect: [4, 1, 2] 3 tensor[1, 2] [[2., 1.]]
      """
  ) { (call) throws(Fault) in
    try encode(
      DeltaEncoder(threshold: try call.number(1), steps: call.has(2) && !call[2].isNil ? try call.int(2) : nil), call)
  },
  Builtin(
    "population",
    [
      valuesSubject, .required("neurons", .int, "neurons for each value, at least 3"), stepsParameter,
      .optional("low", .number, default: "0", "the lowest value that the neurons are spread over"),
      .optional("high", .number, default: "1", "the highest"),
      .optional("width", .number, default: "the gap between centres / 1.5", "the standard deviation of the fields"),
      .optional(
        "code", .string, default: "\"latency\"",
        "how a response becomes spikes: \"latency\" (one, the earlier the stronger) or \"rate\" (drawn)"),
    ],
    returns: "spikes or encoder", subject: "encoders",
    """
    Gaussian receptive fields (Bohte, La Poutré and Kok 2002): each value drives `neurons` neurons, each tuned to its
    own part of the range; near ones answer, early or often, and far ones stay silent. The first axis of the features
    grows: 64 features and 8 neurons give 512, so the network begins with input(512). Values may be any finite numbers.

    A response is exp(-d^2 / (2 width^2)) of the distance d to the neuron's centre, taken in 64 bits: neurons at equal
    distances answer alike. By latency a response r fires at the step nearest to (1 - r) (steps - 1), and responses below
    0.1 stay silent; by rate r is the probability of a spike at each step, rounded to 65536ths.
    """,
    example: """
      let s = tensor([0.5]) |> population(neurons=5, steps=10)
      print(s.shape, first_spike(s))   # expect: [10, 1, 5] tensor[5] [inf, 6., 0., 6., inf]
      """
  ) { (call) throws(Fault) in
    try encode(
      PopulationEncoder(
        neurons: try call.int(1), steps: try call.int(2), low: try call.number(3, default: 0),
        high: try call.number(4, default: 1), width: call.has(5) && !call[5].isNil ? try call.number(5) : nil,
        inner: call.has(6) ? try choice(6, call) : .latency), call)
  },
  Builtin(
    "spikes", [.required("values", .array, "zeros and ones, [time, batch, features]")], returns: "spikes",
    subject: "encoders", "A tensor of zeros and ones as spikes, a bit each.",
    example: "print(spikes(ones([4, 1, 2])).total)   # expect: 8"
  ) { (call) throws(Fault) in .spikes(try call.spikes(0)) },
  Builtin(
    "first_spike", [.required("spikes", .spikes | .tensor, "spikes, [time, batch, features]")],
    returns: "int or tensor", subject: "encoders",
    """
    The step of each feature's first spike, counted from 0: an int for a single neuron, `[features]` for a single
    sample, else `[batch, features]`. A neuron that never fires has `inf`.
    """,
    example: "print((lif() |> record(full([9, 1, 1], 0.3))).spikes |> first_spike)   # expect: 3"
  ) { (call) throws(Fault) in try firstSpike(try call.spikes(0)) },
]

/// The code of the subject, or the encoder itself.
private func encode(_ encoder: some Encoder, _ call: Call) throws(Fault) -> Value {
  try encoder.check()
  guard call.has(0) else { return .foreign(EncoderValue(encoder)) }
  return try signalValue(try encoder.encode(try call.tensor(0), stream: call.machine.nextStream("encode")))
}

private func firstSpike(_ spikes: Spikes) throws(Fault) -> Value {
  var times = try spikes.firstSpikeTimes()
  _ = try times.withUnsafeMutableBuffer { (buffer) throws(Fault) in
    for index in buffer.indices where buffer[index] < 0 { buffer[index] = .infinity }
  }
  if let item = times.item { return Int(exactly: item).map { .int($0) } ?? .float(Double(item)) }
  return .tensor(spikes.batch == 1 ? try times.reshaped(Array(times.shape.dropFirst())) : times)
}
