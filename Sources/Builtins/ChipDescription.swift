// A chip as `describe` and the prompt show it: every figure with its grade and source, and what is only estimated.

import Chips
import Language
import Machine
import Texts

/// The description of a chip, at most `width` wide where words allow it.
func chipDescription(_ chip: Chip, width: Int) -> String {
  let rows = figureRows(of: chip)
  var sources: [String] = []
  for row in rows where !sources.contains(row.figure.source) { sources.append(row.figure.source) }

  func cell(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: false) }
  var cells: [[TextTable.Cell]] = []
  var section = ""
  for row in rows {
    if row.section != section {
      section = row.section
      cells.append([cell(section), cell(""), cell(""), cell(""), cell("")])
    }
    let number = (sources.firstIndex(of: row.figure.source) ?? 0) + 1
    let mark = row.figure.grade == .estimated ? "≈ " : "  "
    cells.append([
      cell("  " + row.key), cell(mark + row.valueText), cell(row.figure.grade.rawValue), cell("[\(number)]"),
      cell(row.figure.per?.text ?? ""),
    ])
  }
  let table = TextTable(header: ["figure", "  value", "grade", "source", "charged per"], rows: cells)

  var lines = ["chip \(chip.name): \(chip.title)", extent(of: chip)]
  lines += wrapped(chip.about, width: width)
  if let arithmetic = chip.arithmetic {
    let resets = arithmetic.resets.map(\.rawValue).joined(separator: ", ")
    lines += wrapped("its neurons count in whole numbers: \(arithmetic.cell.rawValue), reset \(resets)", width: width)
  }
  lines.append("")
  lines += table.text(maximumWidth: width).split(separator: "\n").map(String.init)
  lines.append("")
  for (index, source) in sources.enumerated() { lines += wrapped(source, width: width, first: "[\(index + 1)] ") }
  let notes = rows.filter { !$0.figure.note.isEmpty }
  if !notes.isEmpty { lines.append("") }
  for row in notes { lines += wrapped("\(row.section) \(row.key): \(row.figure.note)", width: width, first: "- ") }
  if rows.contains(where: { $0.figure.per == .neuronNotAtRest }) {
    lines.append("")
    lines += wrapped(
      "a neuron is at rest in a step when its potential was zero before and neither a spike nor an offset reaches it", width: width)
  }
  if !chip.isDense, chip.mesh.chips.value > 1, !chip.missingForChips.isEmpty {
    lines.append("")
    lines += wrapped("one chip only: nothing is known of \(chip.missingForChips.joined(separator: ", "))", width: width)
  }
  let estimates = rows.count { $0.figure.grade == .estimated }
  let verb = estimates == 1 ? "is an estimate" : "are estimates"
  lines += ["", estimates == 0 ? "no figure is an estimate" : "≈ \(estimates) of \(rows.count) figures \(verb)"]
  return lines.joined(separator: "\n")
}

/// One figure of a chip, or one entry of its barrier.
struct FigureRow {
  var section: String
  var key: String
  var measure: Measure
  var figure: Figure

  var valueText: String {
    switch measure {
    case .count, .bits: Int(exactly: figure.value.rounded()).map { groupedDigits($0) } ?? "\(figure.value)"
    case .memory, .energy, .time, .power: QuantityText.text(figure.value, measure.dimension)
    }
  }
}

/// All figures of a chip, in the order in which it shows them.
func figureRows(of chip: Chip) -> [FigureRow] {
  var rows = chip.figures.map { name, figure in
    FigureRow(section: name.section.rawValue, key: name.key, measure: name.measure, figure: figure)
  }
  let barrier = chip.step.barrier.map { tiles, seconds in
    FigureRow(section: "step", key: "barrier, \(tiles) tile\(tiles == 1 ? "" : "s")", measure: .time, figure: seconds)
  }
    + chip.step.chipBarrier.map { chips, seconds in
      FigureRow(section: "step", key: "barrier, \(chips) chips", measure: .time, figure: seconds)
    }
  rows.insert(contentsOf: barrier, at: rows.firstIndex { $0.section == "power" } ?? rows.count)
  return rows
}

/// Cores and chips in a line.
private func extent(of chip: Chip) -> String {
  if chip.isDense { return "a processor that computes every synapse in each step" }
  let mesh = chip.mesh
  let cores = "\(groupedDigits(mesh.cores)) core\(mesh.cores == 1 ? "" : "s")"
  let tiles = "\(Int(mesh.columns.value))x\(Int(mesh.rows.value)) tiles of \(Int(mesh.coresPerTile.value))"
  return "\(cores) a chip (\(tiles)), up to \(groupedDigits(Int(mesh.chips.value))) chips"
}

/// A text in lines of at most `width`, broken between words; later lines are indented like the first one's text.
private func wrapped(_ text: String, width: Int, first: String = "") -> [String] {
  let indent = String(repeating: " ", count: first.displayWidth)
  var lines: [String] = []
  var line = first
  for word in text.split(separator: " ") {
    let isEmpty = line == first || line == indent
    if !isEmpty, line.displayWidth + 1 + String(word).displayWidth > width {
      lines.append(line)
      line = indent + word
    } else {
      line += isEmpty ? String(word) : " " + word
    }
  }
  if !text.isEmpty { lines.append(line) }
  return lines
}
