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
      .optional("weight", .number, default: "0.2", "lambda: how much the chip counts beside the task"),
      .optional("utilization", .number, default: "1", "how much badly filled cores count"),
      .optional("communication", .number, default: "1", "how much packets between cores count"),
      .optional("memory", .number, default: "1", "how much stored synapses count"),
      .optional("strategy", .string, default: "\"joint\"", "the mapper that is asked each epoch, as in place"),
      .optional("objective", .string, default: "\"energy_delay\"", "what that mapper makes small, as in place"),
      .optional("warmup", .number, default: "0.3", "the share of training in which the task is learnt alone"),
      .optional("freeze", .number, default: "0.7", "the share of training after which nothing more is removed"),
      .optional(
        "prune", .number, default: "0", "the share of each layer's weights, the smallest first, that go at the freeze"),
      .optional("chips", .int | .nil, default: "as many as the chip's file allows", "how many chips may be used"),
      .optional("weight_bits", .int | .nil, default: "the chip's own", "bits of a weight"),
      .optional("operations", .number, default: "0", "how much spikes that arrive over synapses count"),
    ],
    returns: "hardware_loss", subject: "chips",
    """
    The hardware loss of the NeuEdge paper (Eq. 9-10), for `fit(…, hardware=…)`: L = L_task + weight · L_hw, with

    - memory: the synapses that the chip must store, as a share of those at first;
    - communication: packets times hops in a step, expected from the batch's own spikes, as a share of those at first;
    - utilization: what would spill from full cores into a further one, as a share of the cores in use;
    - operations: the spikes that arrive over synapses, as a share of those at first. Eq. 9-10 do not have this term, and it
      counts nothing unless asked for. A spike that stays in its core is no communication, but costs energy and time:
      with operations=1 small networks in few cores stay quick.

    Each neuron (each channel of a convolution) has a gate that multiplies its outgoing weights and learns; spikes pay for
    their ways (a border between chips counts as so many hops as cost its energy); and each epoch the mapper places the
    network anew (Algorithm 1), which says where neurons lie and what is scarce. It goes by the mean counts of a step, as
    place does without samples: latencies of real steps, each with its own slowest core, are what place(…, on=…) gives. For the share `warmup` of training the task is learnt alone. After the share `freeze` the gates are 0 or 1:
    so many neurons stay as fill the nearest number of whole cores, weights that the chip's bits would round to zero go,
    and what is left learns on. `fit` gives back the network without what was removed. A larger weight gives a smaller
    network. The network remembers how many cores it was trained to fill, for `place` on a chip of the same limits.

    Where neurons have more inputs than the chip allows (256 axons on TrueNorth, four of them an input at 4 bits), their
    smallest weights go from `warmup` on, few at a time, until the limit holds at `freeze`.
    """,
    example: """
      let loss = hardware_loss(chips.loihi2, weight=0.5)
      print(loss, loss.strategy)   # expect: hardware_loss(loihi2, weight=0.5) joint
      """
  ) { (call) throws(Fault) in
    var options = HardwareLoss.Options()
    options.weight = try call.number(1, default: 0.2)
    options.utilization = try call.number(2, default: 1)
    options.communication = try call.number(3, default: 1)
    options.memory = try call.number(4, default: 1)
    options.strategy = try call.string(5, default: options.strategy)
    options.objective = try objectiveArgument(6, call)
    options.warmup = try call.number(7, default: 0.3)
    options.freeze = try call.number(8, default: 0.7)
    options.prune = try call.number(9, default: 0)
    if call.has(10), !call[10].isNil { options.chips = try call.int(10, atLeast: 1) }
    if call.has(11), !call[11].isNil { options.weightBits = try call.int(11, atLeast: 1) }
    options.operations = try call.number(12, default: 0)
    options.seed = call.machine.seed
    return .foreign(HardwareLossValue(try HardwareLoss(try call.chip(0), options)))
  }
]
