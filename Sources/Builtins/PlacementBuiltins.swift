// `place`: a network on a chip.

import Chips
import Faults
import Machine
import Spiking

private let objectiveNames = Objective.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
private let scaleNames = WeightRounding.Scale.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
let strategyNames = mappingStrategies.map { "\"\($0.name)\"" }.joined(separator: ", ")

/// Placing networks on chips.
let placementBuiltins: [Builtin] = [
  Builtin(
    "place",
    [
      .required("network", .foreign("network"), "what to place; it stays as it is"),
      .required("chip", .foreign("chip"), "where: a chip such as chips.loihi2"),
      .optional("strategy", .string, default: "\"joint\"", "how: \(strategyNames)"),
      .optional("objective", .string, default: "\"energy_delay\"", "what \"joint\" makes small: \(objectiveNames)"),
      .optional(
        "on", .foreign("dataset") | .nil, default: "nil",
        "samples that tell how often each neuron fires; without them rates are assumed"),
      .optional("chips", .int | .nil, default: "as many as the chip's file allows", "how many chips may be used"),
      .optional("weight_bits", .int | .nil, default: "the chip's own", "bits of a weight"),
      .optional("steps", .int | .nil, default: "the encoder's", "steps of an inference"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional(
        "cores", .int | .nil, default: "those of one chip, or of `chips`, or that it was trained to fill",
        "the most cores that \"joint\" may use"),
      .optional("rate", .number, default: "0.1", "spikes a neuron and step, where no samples tell"),
      .optional("seed", .int | .nil, default: "the session's", "names the draws of \"joint\""),
      .optional("weight_scale", .string, default: "\"layer\"", "which weights have a scale together: \(scaleNames)"),
      .optional("clip", .number, default: "1", "the share of weights, the smallest first, that keep their size"),
      .optional(
        "split_fan_in", .bool, default: "false", "whether neurons with too many inputs get neurons that add up parts of them"),
      .optional(
        "fill", .string, default: "\"objective\"",
        "how many of the cores \"joint\" takes: those that make the objective small, or \"cores\", as few as hold the network"),
    ],
    returns: "mapping", subject: "chips",
    """
    Places a network on a chip: divides its neurons among cores without breaking a limit, lays the cores on the mesh,
    and counts what an inference then costs. Energies and times are simulated from the chip's figures.

    `"sequential"` is the baseline: layer after layer, core after core. `"joint"` packs layers together, balances cores and
    arranges them so that the objective becomes smallest, over all numbers of cores of one chip (of `chips` of them, or up to
    `cores`); a network that one chip does not hold takes as many as it needs. More cores that gain less than 2 % are not
    taken. `fill="cores"` takes as few cores as hold the network, which fills them, and is often many times slower. A network
    that was trained with `hardware_loss(…, fill="cores")` for a chip of the same limits has its number of cores from there,
    also after more training; `notes` says when that does not hold.

    What runs is what is charged: the network is rounded first, and its synapses, memory, packets, spikes and accuracy are
    those of the rounded one, `m.network`. Weights become `scale · k` with whole numbers from -(2^(b-1) - 1) to
    2^(b-1) - 1; halves go away from zero; one bit keeps the signs. The scale takes the largest weight of a layer to the
    largest number, so that one outlier can take all others to zero: `warnings` then says so. `clip=0.999` cuts the
    largest of a thousand weights down, and `weight_scale="output"` gives each output a scale of its own, which is divided
    into its threshold (`lif` right behind the weights; as many different ones as a core has thresholds, shared by outputs
    of similar weights). Thresholds,
    biases and decays are rounded where the chip's file says how (`describe(chip)`, section neuron); `rounded` and
    `not_rounded` list both. `accuracy` and `accuracy_float` are after and before. Synapses whose weight is zero, or rounds to it, need no
    room, no spike goes to a core where it reaches none, and neurons whose spikes reach nobody are left out; but a
    processor whose `synaptic_operation` is `per: synapse_and_step` (gpu, edge_cpu) computes whole products, and zeros take
    room, time and energy there as all others do (`per: nonzero_synapse_and_step` passes them over). An output whose
    weights all became zero is named in `warnings` and in the `silenced` of `rounding`.

    Where a neuron has more inputs than fit, `split_fan_in=true` divides them among neurons that each add up the weights
    of one sign from a group of inputs and pass the sum on in spikes, each worth a threshold. That is an approximation,
    and it is the network that runs and is measured; its neurons, cores and spikes are charged, and each such layer makes
    an inference a step longer.

    With samples (`on=`) spikes are counted on all of them, and some (all where they are few) are run step by step: each
    step is timed by itself, with its own slowest core, so that `latency` and `energy_delay` are means over real steps;
    `mean_load_step_time` is what a step of mean counts would take, which is less. A layer works a step behind the one
    before it, as on the chips, so the first answer of a row of inferences comes a step later for each layer; `latency`
    counts the steps of the code alone. Without samples the time is that of a step with mean counts, and neurons with an
    `active_update` are estimated: busy from the first input on that the rate lets expect, or always where their layer has
    offsets. What each energy is charged for is part of the chip: `describe(chips.loihi1)`.

    On several chips a packet pays `hop_between_chips` at each border between them, each chip its standing power, and a
    step the barrier of so many chips. A chip whose file lacks these figures is used alone. `figures` counts the chip's
    figures behind a mapping's energy and time by grade, and the report says how many of them are estimates.

    A mapping has `cores`, `chips`, `neurons`, `synapses`, `utilization` (of the bottleneck resource: need over limit,
    the mean of the cores in use), `bottleneck`, `utilizations`, `synaptic_memory`, `inter_core_spikes` (packets between
    cores in an inference), `hops` (of a packet, on average), `chip_hops`, `traffic` (hops of all packets),
    `max_link_load`, `latency`, `step_time`, `longest_step`, `time_limit`, `energy_per_inference`, `energy_parts`, `power`, `energy_delay`, `accuracy` and more; `describe` shows
    them. `rounding` tells of each layer's weights how many there were, went to zero and were clipped. `synaptic_efficiency` is in billions of synaptic operations a second and watt; `dense_efficiency` counts the
    operations that a network without spikes would need, which is how papers reach large numbers. What does not fit is an error that names layer, resource, need and limit.
    """,
    example: """
      let net = input(16) |> dense(24, weight=ones([16, 24])) |> lif() |> dense(4, weight=ones([24, 4])) |> lif()
      let m = net |> place(chips.loihi1, strategy="sequential")
      print(m.cores, m.neurons, m.synapses)   # expect: 2 28 480
      """
  ) { (call) throws(Fault) in try placeNetwork(call) },
]

private func placeNetwork(_ call: Call) throws(Fault) -> Value {
  func isGiven(_ index: Int) -> Bool { call.has(index) && !call[index].isNil }
  let network = try call.foreign(0, as: NetworkValue.self).network
  var options = PlaceOptions()
  options.strategy = try call.string(2, default: "joint")
  options.objective = try objectiveArgument(3, call)
  if isGiven(5) { options.chips = try call.int(5, atLeast: 1) }
  if isGiven(6) { options.weightBits = try call.int(6, atLeast: 1) }
  if isGiven(7) { options.steps = try call.int(7, atLeast: 1) }
  if isGiven(8) { options.encoder = try call.foreign(8, as: EncoderValue.self).encoder }
  if isGiven(4) { options.data = try call.samples(4, by: options.encoder ?? network.encoder) }
  if isGiven(9) { options.cores = try call.int(9, atLeast: 1) }
  options.assumedRate = try call.number(10, default: 0.1)
  options.seed = isGiven(11) ? UInt64(bitPattern: Int64(try call.int(11))) : call.machine.seed
  let scale = try call.string(12, default: WeightRounding.Scale.layer.rawValue)
  guard let known = WeightRounding.Scale(rawValue: scale) else {
    throw call.wrong(
      12, "is not known: \"\(scale)\"",
      help: didYouMean(scale, among: WeightRounding.Scale.allCases.map(\.rawValue)) ?? "it is one of \(scaleNames)")
  }
  options.weightScale = known
  options.clip = try call.number(13, default: 1)
  options.splitsFanIn = try call.bool(14, default: false)
  options.fill = try fillArgument(15, call, default: options.fill)
  let report = try place(network, on: try call.chip(1), options)
  if report.placed.isInterrupted { call.machine.stopAfterStatement() }
  return .foreign(MappingValue(report))
}

/// What a mapper makes small, by its name; another name is an error that suggests the nearest.
func objectiveArgument(_ index: Int, _ call: Call) throws(Fault) -> Objective {
  let name = try call.string(index, default: Objective.energyDelay.rawValue)
  if let known = Objective(rawValue: name) { return known }
  throw call.wrong(
    index, "is not known: \"\(name)\"",
    help: didYouMean(name, among: Objective.allCases.map(\.rawValue)) ?? "it is one of \(objectiveNames)")
}

/// How many cores a mapper takes, by its name; another name is an error that suggests the nearest.
func fillArgument(_ index: Int, _ call: Call, default standard: CoreUse) throws(Fault) -> CoreUse {
  let name = try call.string(index, default: standard.rawValue)
  if let known = CoreUse(rawValue: name) { return known }
  throw call.wrong(
    index, "is not known: \"\(name)\"",
    help: didYouMean(name, among: CoreUse.allCases.map(\.rawValue))
      ?? "it is one of " + CoreUse.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
}
