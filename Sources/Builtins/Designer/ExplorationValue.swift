// What `explore` found, as a value of the language: a table of candidates, the front, and the choice among them.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors
import Texts

/// An exploration that a program holds.
struct ExplorationValue: ForeignValue {
  static let typeName = "exploration"

  /// One candidate.
  struct Row {
    var settings: CandidateSettings
    var candidate: DesignCandidate
    var finding: Finding
    /// Whether no other of those that are compared beats it.
    var isOnFront = false

    var trials: [Trial] { finding.trials }
    /// Whether it is in the race still: after the last rung those that went through it, where the search was stopped those
    /// that no rung had left behind, as far as each was.
    var isCompared: Bool { !trials.isEmpty && !finding.isLeftBehind && finding.problem == nil }
  }

  let chip: Chip
  let objective: Objective
  let seed: UInt64
  let halving: Halving
  let rows: [Row]
  /// How many combinations the space has.
  let combinations: Int
  let designs: Int
  let validation: String
  let interrupted: Bool
  let isCutShort: Bool

  init(
    settings: [CandidateSettings], outcome: Exploration.Outcome, plan: Exploration, objective: Objective,
    combinations: Int
  ) {
    chip = plan.chip
    self.objective = objective
    seed = plan.seed
    halving = plan.halving
    self.combinations = combinations
    designs = plan.designs.count
    validation = "\(groupedDigits(plan.validation.count)) validation samples of \(plan.validation.name)"
    interrupted = outcome.interrupted
    isCutShort = outcome.isCutShort
    var rows = settings.indices.map { index in
      Row(settings: settings[index], candidate: plan.candidates[index], finding: outcome.findings[index])
    }
    let compared = rows.indices.filter { rows[$0].isCompared }
    let ranks = ParetoFront.ranks(compared.map { rows[$0].trials.merit })
    for (place, index) in compared.enumerated() { rows[index].isOnFront = ranks[place] == 0 }
    self.rows = rows
  }

  /// The candidates among which a choice is made, the cheapest first.
  var compared: [Row] { sorted(rows.filter(\.isCompared)) }
  var front: [Row] { sorted(rows.filter(\.isOnFront)) }

  private func sorted(_ rows: [Row]) -> [Row] {
    let order = rows.indices.sorted { a, b in
      let (first, second) = (rows[a].trials.merit, rows[b].trials.merit)
      return (first.price, -first.accuracy, a) < (second.price, -second.accuracy, b)
    }
    return order.map { rows[$0] }
  }

  // MARK: Members

  /// Names that rows have beside the settings and figures.
  static let rowNames = ["rung", "on_front", "problem", "settings", "network", "networks"]

  var summary: String {
    "exploration on \(chip.name): \(rows.count) candidate\(rows.count == 1 ? "" : "s"), \(front.count) on the front"
  }

  var memberNames: [String] { ["table", "front", "networks", "best", "evaluate", "chip", "objective", "seed", "interrupted"] }

  func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "table": .list(rows.map { tableRow($0) })
    case "front": .list(front.map { choice($0) })
    case "networks": .list(front.compactMap { $0.trials.first.map { .foreign(NetworkValue($0.network)) } })
    case "best": .foreign(MethodValue(name: "best") { (arguments) throws(Fault) in try best(arguments) })
    case "evaluate": .foreign(MethodValue(name: "evaluate") { (arguments) throws(Fault) in try evaluated(arguments) })
    case "chip": .foreign(ChipValue(chip))
    case "objective": .string(objective.rawValue)
    case "seed": .int(Int(truncatingIfNeeded: seed))
    case "interrupted": .bool(interrupted)
    default: nil
    }
  }

  /// Settings and figures side by side.
  private func tableRow(_ row: Row) -> Value {
    .map(
      settingsOf(row) + figures(of: row.trials) + [
        ("rung", .int(row.finding.rung)), ("on_front", .bool(row.isOnFront)),
        ("problem", row.finding.problem.map { .string(Self.text($0)) } ?? .nil),
      ])
  }

  /// The same with the networks.
  func choice(_ row: Row) -> Value {
    let networks = row.trials.map { Value.foreign(NetworkValue($0.network)) }
    var entries = settingsOf(row) + figures(of: row.trials) + [("settings", .map(settingsOf(row)))]
    if let first = networks.first { entries.append(("network", first.retained())) }
    if networks.count > 1 { entries.append(("networks", .list(networks))) } else { networks.forEach { $0.release() } }
    return .map(entries)
  }

  private func settingsOf(_ row: Row) -> [(String, Value)] {
    zip(row.settings.names, row.settings.values).map { ($0, $1.retained()) }
  }

  private func figures(of trials: [Trial]) -> [(String, Value)] {
    ExploreFigure.allCases.map { ($0.rawValue, $0.value(trials)) }
  }

  static func text(_ fault: Fault) -> String { fault.label.map { "\(fault.title): \($0)" } ?? fault.title }

  /// Whether both found the same, however long it took.
  func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? ExplorationValue, other.rows.count == rows.count, other.objective == objective,
      ChipValue(chip).isEqual(to: ChipValue(other.chip))
    else { return false }
    return zip(rows, other.rows).allSatisfy { a, b in
      a.settings.text == b.settings.text && a.finding.rung == b.finding.rung && a.finding.problem == b.finding.problem
        && a.trials.count == b.trials.count
        && zip(a.trials, b.trials).allSatisfy { first, second in
          first.figures == second.figures
            && first.network.plan.layers == second.network.plan.layers
            && zip(first.network.namedParameters, second.network.namedParameters).allSatisfy {
              Tensor.identical($0.value, $1.value)
            }
        }
    }
  }

  // MARK: The report

  func display(_ style: DisplayStyle) -> String {
    ([head] + (table.map { ["", $0.text(maximumWidth: style.width)] } ?? []) + notes).joined(separator: "\n")
  }

  var richForm: RichForm? {
    let notes = ([head] + notes).map { "<p class=\"note\">\($0.escapedForMarkup)</p>" }
    return .markup(([notes[0]] + (table.map { [$0.html] } ?? []) + notes.dropFirst()).joined(separator: "\n"))
  }

  private var head: String {
    let drawn = rows.count < combinations ? " of \(groupedDigits(combinations))" : ""
    return "exploration on \(chip.title): \(groupedDigits(rows.count))\(drawn) candidates of \(groupedDigits(designs)) "
      + "design\(designs == 1 ? "" : "s"), \(halving.rungs) rung\(halving.rungs == 1 ? "" : "s"), for accuracy and "
      + objective.rawValue
  }

  /// More candidates than can be taken in at a glance are shown by the front alone.
  private static let mostShown = 40

  private var table: TextTable? {
    let all = compared
    let shown = all.count > Self.mostShown ? front : all
    guard let first = shown.first else { return nil }
    var columns: [TableCells] = []
    for (place, name) in first.settings.names.enumerated() where varying.contains(name) {
      columns.append(TableCells(name, shown.map { $0.settings.values[place] }))
    }
    for figure in [ExploreFigure.accuracy, .energy, .latency, .energyDelay, .memory, .cores] {
      let values = shown.map { figure.value($0.trials) }
      columns.append(TableCells(figure.rawValue, values))
      values.forEach { $0.release() }
    }
    if Set(shown.map(\.finding.rung)).count > 1 {
      columns.append(TableCells("rung", shown.map { .int($0.finding.rung) }))
    }
    let marks = shown.map { TextTable.Cell(text: $0.isOnFront ? "•" : "", isNumber: false) }
    return TextTable(
      header: columns.map(\.header) + ["front"],
      rows: shown.indices.map { row in columns.map { $0.cells[row] } + [marks[row]] })
  }

  /// Names of the settings in which candidates differ; the others are told once.
  private var varying: [String] {
    guard let first = rows.first?.settings else { return [] }
    return first.names.indices.filter { place in
      let texts = rows.map { $0.settings.values[place].description(of: .quoted) }
      return rows.count == 1 || Set(texts).count > 1
    }.map { first.names[$0] }
  }

  private var notes: [String] {
    var lines: [String] = []
    let all = compared
    let common = rows.first.map { $0.settings.text(without: varying) } ?? ""
    if !common.isEmpty { lines.append("of all: \(common)") }
    if all.isEmpty {
      lines.append("no candidate was finished")
    } else {
      lines.append("accuracy on \(validation); energies and times are simulated; • no other is better in both")
    }
    if all.count > Self.mostShown { lines.append("\(all.count - front.count) that others beat are not shown: see `table`") }
    let left = rows.count { $0.finding.isLeftBehind }
    if left > 0 {
      lines.append("\(groupedDigits(left)) candidate\(left == 1 ? " was" : "s were") left behind in earlier rungs")
    }
    let problems = rows.compactMap(\.finding.problem)
    if let first = problems.first {
      lines.append("\(problems.count) candidate\(problems.count == 1 ? "" : "s") failed, the first: \(Self.text(first))")
    }
    if all.contains(where: { $0.finding.rung < halving.rungs }) {
      lines.append("before rung \(halving.rungs) the chip is not in the training")
    }
    if interrupted { lines.append("interrupted: what was finished until then") }
    if isCutShort { lines.append("its time was over: what was finished until then") }
    return lines
  }
}

/// A function that belongs to a value: `found.best(accuracy=0.97)`.
struct MethodValue: ForeignValue {
  static let typeName = "function"
  let name: String
  let body: (ForeignArguments) throws(Fault) -> Value

  var summary: String { "fn \(name)" }
  var isCallable: Bool { true }
  func call(_ arguments: ForeignArguments) throws(Fault) -> Value { try body(arguments) }
}
