// `hardware_loss`: a chip as an aim of training.

import Chips
import Faults
import Machine
import Spiking

/// What a network costs on a chip, as `fit` takes it.
public struct HardwareLossValue: DescribedValue {
  public static let typeName = "hardware_loss"
  public let loss: HardwareLoss

  public init(_ loss: HardwareLoss) { self.loss = loss }

  var described: any Described { HardwareLossText(options: loss.options) }

  public var summary: String {
    "hardware_loss(\(loss.chip.name), " + described.callText.drop { $0 != "(" }.dropFirst()
  }

  /// The chip's figures are no part of its text.
  public var sourceText: String? { nil }

  public var memberNames: [String] { ["chip"] + described.settings.map(\.name) }

  public func member(_ name: String) throws(Fault) -> Value? {
    if name == "chip" { return .foreign(ChipValue(loss.chip)) }
    return described.settings.first { $0.name == name }.map { settingValue($0.value) }
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? HardwareLossValue else { return false }
    return described.isSame(as: other.described) && ChipValue(loss.chip).isEqual(to: ChipValue(other.loss.chip))
  }
}

/// The settings of a hardware loss by their names in the language.
private struct HardwareLossText: Described {
  let name = "hardware_loss"
  var options: HardwareLoss.Options

  var settings: [(name: String, value: Setting)] {
    [
      ("weight", .number(options.weight)), ("utilization", .number(options.utilization)),
      ("communication", .number(options.communication)), ("memory", .number(options.memory)),
      ("operations", .number(options.operations)), ("strategy", .text(options.strategy)),
      ("objective", .text(options.objective.rawValue)), ("warmup", .number(options.warmup)),
      ("freeze", .number(options.freeze)), ("prune", .number(options.prune)),
      ("chips", options.chips.map { .integer($0) } ?? .none),
      ("weight_bits", options.weightBits.map { .integer($0) } ?? .none),
      ("cores", options.cores.map { .integer($0) } ?? .none), ("fill", .text(options.fill.rawValue)),
    ]
  }

  var standardSettings: [(name: String, value: Setting)] {
    Array(HardwareLossText(options: HardwareLoss.Options()).settings.dropFirst())
  }
}

let hardwareLossBuiltins: [Builtin] = [
  Builtin(
    "hardware_loss",
    [
      .required("chip", .foreign("chip"), "where the network shall run"),
      .optional("weight", .number, default: "0.01", "lambda: how much task loss a factor e of energy or time is worth"),
      .optional("utilization", .number, default: "1", "how much cores that are busier than the mean count"),
      .optional("communication", .number, default: "1", "how much packets, links and ways count"),
      .optional("memory", .number, default: "1", "how much the limits, and the power of cores, count"),
      .optional("strategy", .string, default: "\"joint\"", "the mapper that is asked each epoch, as in place: \(strategyNames)"),
      .optional(
        "objective", .string, default: "\"energy_delay\"",
        "what that mapper makes small, as in place, and training: \"energy\", \"latency\", or both"),
      .optional("warmup", .number, default: "0.5", "the share of training in which the task is learnt alone"),
      .optional("freeze", .number, default: "0.75", "the share of training after which nothing more is removed"),
      .optional(
        "prune", .number, default: "0.5",
        "the share of each layer's weights, the smallest first, that go between `warmup` and `freeze`"),
      .optional("chips", .int | .nil, default: "as many as the chip's file allows", "how many chips may be used"),
      .optional("weight_bits", .int | .nil, default: "the chip's own", "bits of a weight"),
      .optional("operations", .number, default: "0", "how much the logarithm of spikes that arrive over synapses counts"),
      .optional("cores", .int | .nil, default: "those of one chip, or of `chips`", "the most cores that the mapper may use"),
      .optional(
        "fill", .string, default: "\"cores\"",
        "how many of them: \"cores\", as few as hold the network, or \"objective\", those that make that small"),
    ],
    returns: "hardware_loss", subject: "chips",
    """
    The hardware loss of the NeuEdge paper (Eq. 9-10, whose terms the paper leaves open), for `fit(…, hardware=…)`:
    L = L_task + weight · L_hw. Here L_hw is what `place` would report, made differentiable: the logarithm of the energy of an
    inference, plus that of its time (`objective="energy"` or `"latency"` takes one alone; `"cores"` and `"traffic"` steer the
    mapper, and training takes both), plus a wall at the chip's limits. A logarithm has no unit: `weight` says how much task
    loss a factor e is worth, and its default serves networks of any size and all chips. Energy and time are made of
    synaptic operations, updates of neurons, packets times hops, and the power of chips and cores standing by; the time
    follows the busiest cores and links. The three terms of the paper are parts of it, and in the history:

    - utilization: what the busiest core costs beyond the mean core;
    - communication: what packets, busy links and long ways cost;
    - memory: the wall at the limits of the granted cores, and the power of the cores in use.

    A weight of 0 takes a part out, a larger one makes it count more. `operations` adds log(operations / those at first).

    Each epoch the mapper places the network anew (Algorithm 1), with the rates of the epoch before; it says how many cores
    are used and what happens in each. It goes by the mean counts of a step, as place does without samples: latencies of real
    steps, each with its own slowest core, are what place(…, on=…) gives. For the share `warmup` of training the task is
    learnt alone. Then lambda rises from 0 within a tenth of training. Each neuron, each channel of a convolution and each
    input has a gate that multiplies its outgoing weights: it closes where that saves more than it costs the task, and
    spikes pay as they come. A rate that is still high when lambda rises makes the best of it: train half of the epochs
    without the chip at a constant rate, then the other half with `schedule="cosine"` and `hardware_loss(…, warmup=0,
    freeze=0.5)`. The smallest weights go by and by (`prune`). At `freeze` the gates become 0 or 1 and
    weights that the chip's bits would round to zero go; none comes back, and what is left learns on. `fit` gives back the
    network without what was removed; an input that was removed keeps its place, without synapses. A layer that is about to
    fall silent holds the pressure, and `history.warnings` says so.

    The history has, for each epoch, `hardware` (L_hw, from 0 at the first batch), its parts `hardware_energy`,
    `hardware_latency` (logarithms), `hardware_utilization`, `hardware_communication`, `hardware_memory`, and by the chip's
    name `loihi2_cores`, `loihi2_utilization`, `loihi2_energy` and `loihi2_latency` (of an inference, estimated) and
    `loihi2_mapping_share` (the mapper's share of the epoch's time).

    With `fill="cores"`, as Eq. 9-10 have it, the mapper takes as few cores as hold the network, what spills from full cores
    has a price, and so many neurons stay as fill whole cores, also some whose gates had closed: full cores, at the price of
    time. The network then remembers how many cores it fills, for `place` on a chip of the same limits. Who wants the
    least energy and time takes `fill="objective"`: the mapper spreads the network over as many cores as make the objective
    small, no closed gate opens again, and `place` does the same.

    Where neurons have more inputs than the chip allows (256 axons on TrueNorth, four of them an input at 4 bits), their
    smallest weights go from `warmup` on, few at a time, until the limit holds at `freeze`.
    """,
    example: """
      let loss = hardware_loss(chips.loihi2, weight=0.5)
      print(loss, loss.strategy)   # expect: hardware_loss(loihi2, weight=0.5) joint
      """
  ) { (call) throws(Fault) in
    var options = HardwareLoss.Options()
    let standard = options
    options.weight = try call.number(1, default: standard.weight)
    options.utilization = try call.number(2, default: 1)
    options.communication = try call.number(3, default: 1)
    options.memory = try call.number(4, default: 1)
    options.strategy = try call.string(5, default: options.strategy)
    options.objective = try objectiveArgument(6, call)
    options.warmup = try call.number(7, default: standard.warmup)
    options.freeze = try call.number(8, default: standard.freeze)
    options.prune = try call.number(9, default: standard.prune)
    if call.has(10), !call[10].isNil { options.chips = try call.int(10, atLeast: 1) }
    if call.has(11), !call[11].isNil { options.weightBits = try call.int(11, atLeast: 1) }
    options.operations = try call.number(12, default: 0)
    if call.has(13), !call[13].isNil { options.cores = try call.int(13, atLeast: 1) }
    options.fill = try fillArgument(14, call, default: standard.fill)
    options.seed = call.machine.seed
    return .foreign(HardwareLossValue(try HardwareLoss(try call.chip(0), options)))
  }
]
