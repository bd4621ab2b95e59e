// `table`: values side by side, in the terminal and on a page.

import Faults
import Machine

/// A table that is being shown: text in a terminal, HTML on a page.
struct TableValue: ForeignValue {
  static let typeName = "table"
  let table: TextTable

  var summary: String { "table of \(table.rows.count)" }
  func display(_ style: DisplayStyle) -> String {
    var text = table.text(maximumWidth: style.width)
    if text.hasSuffix("\n") { text.removeLast() }
    return text
  }
  var richForm: RichForm? { .markup(table.html) }
}

let tableBuiltin = Builtin(
  "table",
  [
    .required("rows", .any, "a list of maps, of lists, or of values with members such as reports; or one of them alone"),
    .optional("columns", .list, default: "all", "which members, in which order; or names for the elements of lists"),
    .optional("title", .string, default: "\"\"", "what the table shows"),
  ], returns: "nil", subject: "output",
  """
  Prints rows side by side in columns that line up. On a page it becomes a table of the page.

  Numbers of a column have one count of decimals, and quantities one unit, which stands in the heading; values of `mean_sd` \
  stand as `97.7 ± 0.4`. A row that \
  lacks a member shows `—`; a member that no row has is an error. Without `columns`, members that are lists, maps or \
  tensors are left out. A map of maps gives each a row with its key in front; any other map, or a value with members, \
  gives a row for each of its members.
  """,
  example: """
    table([{code: "rate", spikes: 120, energy: 31nJ}, {code: "hybrid", spikes: 31, energy: 9.5nJ}])
    # expect: code    spikes  energy (nJ)
    # expect: ──────  ──────  ───────────
    # expect: rate       120         31.0
    # expect: hybrid      31          9.5
    """
) { (call) throws(Fault) in
  let table = try makeTable(call)
  if let table { call.output.show(TableValue(table: table)) } else { call.output.write("(no rows)\n") }
  return .nil
}

/// Nil where there is no row.
private func makeTable(_ call: Call) throws(Fault) -> TextTable? {
  let title = try call.string(2, default: "")
  let wanted = call.has(1) && !call[1].isNil ? try call.strings(1) : nil
  let value = call[0]
  if let rows = value.elements {
    if rows.isEmpty { return nil }
    if rows.allSatisfy({ $0.elements != nil }) { return try tableOfLists(Array(rows), wanted, title, call) }
    return try tableOfMembers(Array(rows), wanted, title, call)
  }
  if let map = value.asMap, map.count > 0, map.pairs.allSatisfy({ $0.value.tag == .map || isRecord($0.value, call) }) {
    var table = try tableOfMembers(map.pairs.map(\.value), wanted, title, call)
    table.header.insert("", at: 0)
    for (index, pair) in map.pairs.enumerated() {
      table.rows[index].insert(TextTable.Cell(text: pair.key.description(of: .plain), isNumber: false), at: 0)
    }
    return table
  }
  if value.tag == .map || isRecord(value, call) { return try tableOfOne(value, wanted, title, call) }
  throw call.wrong(
    0, "must be a list of maps or of values with members, found \(value.description(of: .kind))", kind: .type,
    help: "for example: table([{name: \"a\", size: 1}, {name: \"b\", size: 2}])")
}

/// Whether a value of another room has members to show.
private func isRecord(_ value: Value, _ call: Call) -> Bool {
  value.tag == .foreign && value.asForeign(MeanSDValue.self) == nil && !call.machine.memberNames(of: value).isEmpty
}

/// A member of a row, owned; nil where the row has none of that name.
private func member(_ name: String, of row: Value, _ call: Call) throws(Fault) -> Value? {
  guard call.machine.memberNames(of: row).contains(name) else { return nil }
  return try call.machine.memberValue(of: row, name)
}

private func tableOfMembers(_ rows: [Value], _ wanted: [String]?, _ title: String, _ call: Call) throws(Fault)
  -> TextTable
{
  var known: [String] = []
  var seen: Set<String> = []
  for row in rows {
    guard row.tag == .map || isRecord(row, call) else {
      throw call.wrong(
        0, "must be a list of maps or of values with members, found \(row.description(of: .kind)) in it", kind: .type)
    }
    for name in call.machine.memberNames(of: row) where seen.insert(name).inserted { known.append(name) }
  }
  try check(wanted, among: known, call)
  var header: [String] = []
  var columns: [[TextTable.Cell]] = []
  for name in wanted ?? known {
    var values: [Value?] = []
    defer { values.forEach { $0?.release() } }
    for row in rows {
      if values.count & 0xFFF == 0xFFF { try Interrupt.check() }
      values.append(try member(name, of: row, call))
    }
    if wanted == nil, values.contains(where: { $0.map(isLarge) ?? false }) { continue }
    let column = TableCells(name, values)
    header.append(column.header)
    columns.append(column.cells)
  }
  let cells = rows.indices.map { row in columns.map { $0[row] } }
  return TextTable(header: header, rows: cells, title: title)
}

private func check(_ wanted: [String]?, among known: [String], _ call: Call) throws(Fault) {
  guard let missing = wanted?.first(where: { !known.contains($0) }) else { return }
  throw Fault(
    .name, "no row of `table` has a member `\(missing)`", label: "in `columns`",
    help: didYouMean(missing, among: known) ?? "there are \(known.prefix(16).joined(separator: ", "))")
}

/// Whether a value would fill a cell with more than can be read.
private func isLarge(_ value: Value) -> Bool {
  switch value.tag {
  case .foreign: value.asForeign(MeanSDValue.self) == nil
  case .list, .tuple, .map, .tensor, .spikes, .function, .native, .module: true
  default: false
  }
}

private func tableOfLists(_ rows: [Value], _ names: [String]?, _ title: String, _ call: Call) throws(Fault) -> TextTable {
  let width = rows.first?.elements?.count ?? 0
  if width > 1000 {
    throw call.wrong(0, "has rows of \(counted(width, "cell"))", kind: .limit, help: "a table has at most 1000 columns; `print(x)` shows the beginning")
  }
  if let names, names.count != width {
    throw call.wrong(1, "has \(counted(names.count, "name")) for rows of \(width)", kind: .shape)
  }
  var columns: [[Value?]] = Array(repeating: [], count: width)
  for (index, row) in rows.enumerated() {
    if index & 0xFFF == 0xFFF { try Interrupt.check() }
    let cells = row.elements.map { Array($0) } ?? []
    if cells.count != width {
      throw call.wrong(0, "has rows of different lengths", kind: .shape, help: "row 0 has \(counted(width, "cell")), row \(index) has \(cells.count)")
    }
    for (column, cell) in cells.enumerated() { columns[column].append(cell) }
  }
  let made = columns.enumerated().map { TableCells(names?[$0.offset] ?? "\($0.offset)", $0.element) }
  let cells = rows.indices.map { row in made.map { $0.cells[row] } }
  return TextTable(header: made.map(\.header), rows: cells, title: title)
}

/// One thing's members, a row each.
private func tableOfOne(_ value: Value, _ wanted: [String]?, _ title: String, _ call: Call) throws(Fault) -> TextTable? {
  var pairs: [(name: String, value: Value)] = []
  defer { pairs.forEach { $0.value.release() } }
  if let map = value.asMap, wanted == nil {
    for pair in map.pairs { pairs.append((pair.key.description(of: .plain), pair.value.retained())) }
  } else {
    let known = call.machine.memberNames(of: value)
    try check(wanted, among: known, call)
    for name in wanted ?? known {
      guard let member = try member(name, of: value, call) else { continue }
      if wanted == nil, isLarge(member) { member.release() } else { pairs.append((name, member)) }
    }
  }
  if pairs.isEmpty { return nil }
  let values = TableCells("value", pairs.map(\.value), ownUnits: true)
  let rows = zip(pairs, values.cells).map { [TextTable.Cell(text: $0.name, isNumber: false), $1] }
  return TextTable(header: ["", values.header], rows: rows, title: title)
}
