// Mappings as values of the language: their figures as members, and a report to read.

import Chips
import Faults
import Language
import Machine
import Plots
import Texts

/// A placed network that a program holds.
public struct MappingValue: ForeignValue {
  public static let typeName = "mapping"
  public let report: MappingReport

  public init(_ report: MappingReport) { self.report = report }

  public var summary: String {
    "mapping on \(report.chip.name) (\(report.placed.strategy)): \(count(report.neurons, "neuron")) in "
      + "\(count(report.cores, "core")), \(percent(report.utilization)) full"
  }

  public func display(_ style: DisplayStyle) -> String {
    ([head, ""] + tables.map { $0.text(maximumWidth: style.width) } + notes).joined(separator: "\n")
  }

  public var richForm: RichForm? {
    let notes = ([head] + notes).map { "<p class=\"note\">\($0.escapedForMarkup)</p>" }
    return .markup(([notes[0]] + tables.map(\.html) + notes.dropFirst()).joined(separator: "\n"))
  }

  static let energyDelay = Dimension(metre: 2, kilogram: 1, second: -1)

  public var memberNames: [String] {
    [
      "chip", "strategy", "objective", "cores", "chips", "neurons", "synapses", "copies", "removed_neurons",
      "utilization", "bottleneck", "utilizations", "fullest", "synaptic_memory", "inter_core_spikes", "input_packets",
      "hops", "chip_hops", "traffic", "max_link_load", "latency", "step_time", "longest_step", "mean_load_step_time",
      "timed_steps", "time_limit", "figures", "energy_per_inference", "energy_parts",
      "power", "energy_delay", "synaptic_operations",
      "synaptic_efficiency", "dense_efficiency", "accuracy", "accuracy_float", "weight_bits", "steps", "rates",
      "layers", "assignment", "network", "warnings", "notes", "rounding", "rounded", "not_rounded", "splits",
    ]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    let cost = report.placed.cost
    return switch name {
    case "chip": .foreign(ChipValue(report.chip))
    case "strategy": .string(report.placed.strategy)
    case "objective": .string(report.objective.rawValue)
    case "cores": .int(report.cores)
    case "chips": .int(report.chips)
    case "neurons": .int(report.neurons)
    case "synapses": .int(report.synapses)
    case "copies": .int(report.placed.copies)
    case "removed_neurons": .int(report.removedNeurons)
    case "utilization": .float(report.utilization)
    case "bottleneck": report.bottleneck.map { .string($0.rawValue) } ?? .nil
    case "utilizations": .map(report.utilizations.map { ($0.resource.rawValue, .float($0.mean)) })
    case "fullest": .map(report.utilizations.map { ($0.resource.rawValue, .float($0.most)) })
    case "synaptic_memory": .quantity(Double(report.synapticMemory), .information)
    case "inter_core_spikes": .float(report.interCoreSpikes)
    case "input_packets": .float(report.inputPackets)
    case "hops": .float(report.hops)
    case "chip_hops": .float(report.chipHops)
    case "traffic": .float(report.traffic)
    case "max_link_load": .float(report.maxLinkLoad)
    case "latency": .quantity(cost.latency, .time)
    case "step_time": .quantity(cost.stepTime, .time)
    case "longest_step": cost.timedSteps > 0 ? .quantity(cost.longestStep, .time) : .nil
    case "mean_load_step_time": .quantity(cost.meanLoadStepTime, .time)
    case "timed_steps": .int(cost.timedSteps)
    case "time_limit": .string(cost.timeLimit)
    case "figures": .map(report.figures.map { ($0.grade.rawValue, .int($0.count)) })
    case "energy_per_inference": .quantity(cost.energy.total, .energy)
    case "energy_parts": .map(report.energyParts.map { ($0.name, .quantity($0.joules, .energy)) })
    case "power": .quantity(cost.power, .power)
    case "energy_delay": .quantity(cost.energyDelay, Self.energyDelay)
    case "synaptic_operations": .float(cost.synapticOperations)
    // Billions of operations a second and watt, counted both ways.
    case "synaptic_efficiency": .float(cost.synapticEfficiency)
    case "dense_efficiency": .float(cost.denseEfficiency)
    case "accuracy": report.accuracy.map { .float($0) } ?? .nil
    case "accuracy_float": report.accuracyFloat.map { .float($0) } ?? .nil
    case "weight_bits": .int(report.rules.weightBits)
    case "steps": .int(report.steps)
    case "rates": .string(report.activityText)
    case "network": report.onChip.map { .foreign(NetworkValue($0.network)) } ?? .nil
    case "notes": .list(report.notes.map { .string($0) })
    case "warnings": .list(report.warnings.map { .string($0) })
    case "rounding": .list((report.onChip?.weights ?? []).map { weights($0) })
    case "rounded": .list((report.onChip?.rounded ?? []).map { .string($0) })
    case "not_rounded": .list((report.onChip?.kept ?? []).map { .string($0) })
    case "splits": .list(report.splits.map { split($0) })
    case "layers": .list(report.layers.map { layer($0) })
    case "assignment": .list(report.placed.mapping.cores.indices.map { core($0) })
    default: nil
    }
  }

  private func layer(_ row: MappingReport.LayerRow) -> Value {
    .map([
      ("name", .string(row.name)), ("neurons", .int(row.neurons)), ("cores", .int(row.cores)),
      ("synapses", .int(row.synapses)), ("rate", .float(row.rate)),
    ])
  }

  private func weights(_ row: RoundedWeights) -> Value {
    .map([
      ("layer", .string(row.layer)), ("weights", .int(row.weights)), ("zeroed", .int(row.zeroed)),
      ("clipped", .int(row.clipped)), ("outputs", .int(row.outputs)), ("silenced", .list(row.silenced.map { .int($0) })),
      ("largest", .float(Double(row.largest))),
      ("scales", .list(row.steps.map { .float(Double($0)) })),
    ])
  }

  private func split(_ row: FanInSplit) -> Value {
    .map([
      ("layer", .string(row.layer)), ("fan_in", .int(row.fanIn)), ("limit", .int(row.limit)),
      ("groups", .int(row.groups)), ("neurons", .int(row.neurons)), ("threshold", .float(Double(row.threshold))),
    ])
  }

  /// A core with its place, its needs, and the slices of layers in it.
  private func core(_ index: Int) -> Value {
    let core = report.placed.mapping.cores[index]
    let demand = report.placed.demands[index]
    let slices: [Value] = core.slices.map { slice in
      .map([
        ("layer", .string(report.graph.populations[slice.population].name)), ("neurons", .int(slice.neurons.count)),
        ("first", .int(Int(slice.neurons.min() ?? 0))), ("last", .int(Int(slice.neurons.max() ?? 0))),
        ("numbers", .list(slice.neurons.map { .int(Int($0)) })),
      ])
    }
    return .map(
      [
        ("chip", .int(core.place.chip)), ("column", .int(core.place.column)), ("row", .int(core.place.row)),
        ("slot", .int(core.place.slot)),
      ] + Demand.resources.map { ($0.rawValue, .int(demand.need($0))) } + [("slices", .list(slices))])
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? MappingValue)?.report else { return false }
    return other.chip.name == report.chip.name && other.placed.mapping.cores == report.placed.mapping.cores
      && other.placed.cost == report.placed.cost
  }

  // MARK: The report

  private var head: String {
    let chips = report.chips == 1 ? "" : " of \(report.chips) chips"
    return "mapping on \(report.chip.title): \(count(report.neurons, "neuron")) and "
      + "\(count(report.synapses, "synapse")) in \(count(report.cores, "core"))\(chips), by \(report.placed.strategy)"
      + (report.placed.strategy == "joint" ? " for \(report.objective.rawValue)" : "")
  }

  private var tables: [TextTable] { [layerTable, resourceTable, costTable] }

  private var layerTable: TextTable {
    TextTable(
      header: ["layer", "neurons", "synapses", "cores", "spikes a step"],
      rows: report.layers.map { row in
        [
          word(row.name), number(groupedDigits(row.neurons)), number(groupedDigits(row.synapses)),
          number("\(row.cores)"), number(formatted(row.rate * Double(row.neurons), "f", digits: 1)),
        ]
      })
  }

  private var resourceTable: TextTable {
    let bottleneck = report.bottleneck
    return TextTable(
      header: ["resource of a core", "limit", "mean use", "fullest", ""],
      rows: report.utilizations.map { use in
        let limit = report.rules.limit(use.resource) ?? 0
        let text = use.resource == .synapticMemory
          ? QuantityText.text(Double(limit), .information, format: { formatted($0, "g", digits: 4) }) : groupedDigits(limit)
        return [
          word(use.resource.rawValue.replacing("_", with: " ")), number(text), number(percent(use.mean)),
          number(percent(use.most)), word(use.resource == bottleneck ? "bottleneck" : ""),
        ]
      })
  }

  private var costTable: TextTable {
    let cost = report.placed.cost
    func amount(_ value: Double, _ dimension: Dimension) -> String {
      QuantityText.text(value, dimension, format: { formatted($0, "g", digits: 4) })
    }
    var rows: [(String, String, String)] = [
      ("latency", amount(cost.latency, .time), "\(counted(report.steps, "step")) of \(amount(cost.stepTime, .time))"),
      ("", "", "a step's length: \(cost.timeLimit)"),
    ]
    if cost.timedSteps > 0 {
      let (mean, longest) = (amount(cost.meanLoadStepTime, .time), amount(cost.longestStep, .time))
      rows.append(("", "", "the longest: \(longest); with mean counts: \(mean)"))
    }
    rows += [
      ("energy", amount(cost.energy.total, .energy), ""),
    ]
    for part in report.energyParts where part.joules > 0 {
      let share = part.joules / max(cost.energy.total, .leastNormalMagnitude)
      rows.append(("· \(part.name.replacing("_", with: " "))", amount(part.joules, .energy), percent(share)))
    }
    rows += [
      ("power", amount(cost.power, .power), ""),
      ("energy-delay", "\(formatted(cost.energyDelay, "g", digits: 4)) J s", ""),
      ("packets between cores", formatted(report.interCoreSpikes, "f", digits: 1), ""),
      ("packets from the input", formatted(report.inputPackets, "f", digits: 1), ""),
      ("hops of a packet", formatted(report.hops, "f", digits: 2), "on average"),
    ]
    if report.chips > 1 { rows.append(("hops between chips", formatted(report.chipHops, "f", digits: 1), "of all packets")) }
    if let accuracy = report.accuracy {
      let bits = "\(report.rules.weightBits) bit\(report.rules.weightBits == 1 ? "" : "s")"
      let float = report.accuracyFloat.map { "; unrounded \(percent($0))" } ?? ""
      rows.append(("accuracy", percent(accuracy), "with weights of \(bits)\(float)"))
    }
    return TextTable(header: ["an inference", "", ""], rows: rows.map { [word($0.0), number($0.1), word($0.2)] })
  }

  private var notes: [String] {
    var lines: [String] = []
    let figures = report.figures
    let all = figures.reduce(0) { $0 + $1.count }
    let estimated = figures.first { $0.grade == .estimated }?.count ?? 0
    let guesses =
      estimated == 0
      ? "none of the \(all) figures used is an estimate"
      : "\(estimated) of the \(all) figures used \(estimated == 1 ? "is an estimate" : "are estimates")"
    let others = figures.filter { $0.grade != .estimated && $0.count > 0 }.map { "\($0.count) \($0.grade.words)" }
    let kinds = others.isEmpty ? "" : " (\(others.joined(separator: ", ")))"
    lines.append("simulated; \(guesses)\(kinds); \(report.activityText)")
    lines += report.timeText
    if report.placed.isInterrupted { lines.append("interrupted: the best mapping found until then") }
    if report.placed.copies > 0 {
      lines.append(
        "\(count(report.placed.copies, "neuron")) copied: one reaches \(report.rules.limit(.fanOutCores) ?? 1) destination here")
    }
    for split in report.splits {
      lines.append(
        "\(split.layer): \(groupedDigits(split.fanIn)) inputs of a neuron, \(groupedDigits(split.limit)) fit; "
          + "\(count(split.neurons, "neuron")) add them up in \(count(split.groups, "group")), an approximation, and take a step more")
    }
    if let onChip = report.onChip {
      if !onChip.rounded.isEmpty { lines.append("rounded: \(onChip.rounded.joined(separator: ", "))") }
      if !onChip.kept.isEmpty { lines.append("not rounded: \(onChip.kept.joined(separator: ", "))") }
    }
    lines += report.notes + report.warnings.map { "warning: \($0)" }
    if report.removedNeurons > 0 {
      lines.append("\(count(report.removedNeurons, "neuron")) left out: their spikes reach nobody")
    }
    return lines
  }

  private func word(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: false) }
  private func number(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: true) }
  private func percent(_ share: Double) -> String { "\(formatted(share * 100, "f", digits: 1))%" }
  private func count(_ number: Int, _ noun: String) -> String {
    "\(groupedDigits(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}

extension Grade {
  /// In a sentence that counts figures.
  fileprivate var words: String {
    switch self {
    case .published: "published"
    case .fitted: "fitted to silicon"
    case .code: "read in code"
    case .derived: "derived"
    case .estimated: "estimated"
    }
  }
}

extension MappingReport {
  var energyParts: [(name: String, joules: Double)] {
    let parts = placed.cost.energy
    return [
      ("synaptic_operations", parts.synapticOperations), ("updates", parts.updates), ("spikes", parts.spikes),
      ("hops", parts.hops), ("standing", parts.standing),
    ]
  }

  /// What the counts of spikes rest on.
  var activityText: String {
    switch activity {
    case .measured(let name, let samples):
      "rates measured on \(groupedDigits(samples)) samples of \(name)"
    case .assumed(let rate):
      "rates assumed: \(formatted(rate * 100, "g", digits: 3)) % of neurons fire in a step"
    }
  }

  /// What the time of a step rests on; nothing to say where all steps are alike.
  var timeText: [String] {
    let cost = placed.cost
    if case .assumed = activity, chip.energy[.activeUpdate] != nil {
      return ["which neurons are at rest in a step is estimated from the rates"] + meanTimeText
    }
    if cost.timedSteps > 0 {
      return [
        "each step is timed by itself, with its own slowest core: \(groupedDigits(cost.timedSteps)) steps of "
          + "\(groupedDigits(timedSamples)) sample\(timedSamples == 1 ? "" : "s")"
      ]
    }
    return meanTimeText
  }

  private var meanTimeText: [String] {
    if chip.time.isEmpty || chip.isDense || placed.cost.isFixedStep { return [] }
    return ["the time is that of a step with mean counts: real steps are longer, and need samples to be known (on=…)"]
  }

  /// The mesh with its cores and links, for drawing.
  var meshPlot: MeshPlot {
    let resource = bottleneck ?? .neurons
    let limit = Double(rules.limit(resource) ?? 1)
    let cells = zip(placed.mapping.cores, placed.demands).map { core, demand in
      MeshPlot.Cell(
        chip: core.place.chip, column: core.place.column, row: core.place.row, slot: core.place.slot,
        fill: Double(demand.need(resource)) / max(1, limit),
        label: core.slices.map { graph.populations[$0.population].name }.joined(separator: ", "))
    }
    let links = placed.tileLinks.map { link in
      MeshPlot.Link(
        chip: link.chip, from: MeshPlot.Place(link.from.column, link.from.row),
        to: MeshPlot.Place(link.to.column, link.to.row), load: link.packets * Double(steps))
    }
    return MeshPlot(
      columns: Int(chip.mesh.columns.value), rows: Int(chip.mesh.rows.value),
      coresPerTile: Int(chip.mesh.coresPerTile.value), cells: cells, links: links,
      resource: resource.rawValue.replacing("_", with: " "), traffic: "packets an inference")
  }
}
