import Faults
import Machine

/// Printing and describing.
let outputBuiltins: [Builtin] = [
  Builtin(
    "print", [.rest("values", .any, "what to print")], returns: "nil", subject: "output",
    "Prints its arguments with blanks between them, and ends the line.",
    example: """
      print("spikes:", 3)   # expect: spikes: 3
      """
  ) { (call) throws(Fault) in
    call.output.write(call.rest.map { $0.description(of: .plain) }.joined(separator: " ") + "\n")
    return .nil
  },
  Builtin(
    "describe", [.required("value", .any, "anything")], returns: "nil", subject: "output",
    """
    Shows what a value is: shape, range and a preview of a tensor, density and a raster strip of spikes, the table of
    a network, the documentation of a function.
    """,
    example: """
      describe([1, 2, 3])   # expect: list of 3: [1, 2, 3]
      """
  ) { (call) throws(Fault) in
    call.output.write(display(call[0], style: call.output.style, isDescription: true) + "\n")
    return .nil
  },
  Builtin(
    "table",
    [
      .required("rows", .list | .tuple, "maps, or values with members such as reports"),
      .optional("columns", .list, default: "all of the first row", "which members, in which order"),
    ], returns: "nil", subject: "output",
    "Prints rows side by side in columns that line up.",
    example: """
      table([{code: "rate", spikes: 120}, {code: "hybrid", spikes: 31}])
      # expect: code    spikes
      # expect: ──────  ──────
      # expect: rate       120
      # expect: hybrid      31
      """
  ) { (call) throws(Fault) in
    call.output.write(try tableText(call))
    return .nil
  },
]

private func tableText(_ call: Call) throws(Fault) -> String {
  let rows = try call.elements(0)
  guard let first = rows.first else { return "(no rows)\n" }
  let columns = call.has(1) ? try call.strings(1) : call.machine.memberNames(of: first)
  if columns.isEmpty { throw call.wrong(0, "must be a list of maps, found \(first.description(of: .kind)) in it", kind: .type) }
  var cells: [[TextTable.Cell]] = []
  for row in rows {
    var line: [TextTable.Cell] = []
    for column in columns {
      let value = try call.machine.memberValue(of: row, column)
      defer { value.release() }
      line.append(tableCell(value))
    }
    cells.append(line)
  }
  return TextTable(header: columns, rows: cells).text(maximumWidth: call.output.width)
}

/// Numbers in a table have at most four significant digits, so that columns can be compared at a glance.
func tableCell(_ value: Value) -> TextTable.Cell {
  switch value.tag {
  case .float:
    let number = value.asNumber ?? .nan
    if number == number.rounded(), abs(number) < 1e6 { return TextTable.Cell(text: "\(Int(number))", isNumber: true) }
    return TextTable.Cell(text: formatted(number, "g", digits: 4), isNumber: true)
  case .int: return TextTable.Cell(text: value.description(of: .plain), isNumber: true)
  case .quantity:
    guard let quantity = value.asQuantity else { break }
    let text = QuantityText.text(quantity.amount, quantity.dimension) { formatted($0, "g", digits: 4) }
    return TextTable.Cell(text: text, isNumber: true)
  default: break
  }
  let text = value.description(of: .plain)
  return TextTable.Cell(text: text.count > 60 ? text.prefix(57) + "…" : text, isNumber: false)
}
