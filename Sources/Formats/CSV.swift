// Tables as text (RFC 4180): measurements come this way, and results leave this way.

import Faults

/// One column of a table: numbers where every cell is one, else text. No digit of a whole number is ever lost.
public enum CSVColumn: Equatable, Sendable {
  /// Numbers that are exact, or decimals, in 64 bits; an empty cell is NaN.
  case numbers([Double])
  /// Whole numbers, one of which is beyond what a 64-bit float holds; an empty cell is nil.
  case integers([Int?])
  /// Also where whole numbers are larger than 64 bits, or stand among decimals and no float holds them.
  case text([String])
}

/// A table with named columns of equal length.
public struct CSVTable: Equatable, Sendable {
  public var names: [String]
  public var columns: [CSVColumn]

  public init(names: [String], columns: [CSVColumn]) {
    self.names = names
    self.columns = columns
  }
}

/// Reads a CSV file. The separator is a comma, a semicolon or a tab, whichever the first line has most of.
///
/// The first line holds the names when one of its cells is no number; otherwise the columns are called
/// `c0`, `c1`, ..., as is one whose name is empty. Empty lines and lines that begin with `#` are skipped. Throws `.file`
/// when the file cannot be read, is empty, a line has another number of cells than the first (naming the line), two
/// columns have one name, or a quote is not closed.
public func readCSV(_ path: String, limit: Int = 1 << 30) throws(Fault) -> CSVTable {
  try parseCSV(try readText(path, limit: limit), name: shownPath(path))
}

/// Parses the text of a CSV file, where `name` says in a fault whose it is.
public func parseCSV(_ text: String, name: String) throws(Fault) -> CSVTable {
  let separator = separatorOfCSV(text)
  var rows = try CSVScanner(bytes: Array(text.utf8), separator: separator, name: name).rows()
  guard let first = rows.first else { throw Fault(.file, "\(name) is empty", label: "it has no line of data") }
  for row in rows where row.cells.count != first.cells.count {
    throw Fault(
      .file, "\(name) is not a table",
      label: "line \(row.line) has \(counted(row.cells.count, "cell")), line \(first.line) has \(first.cells.count)")
  }
  let hasNames = first.cells.contains { !$0.isEmpty && numberInCSV($0) == nil }
  if hasNames { rows.removeFirst() }
  let names = first.cells.enumerated().map { hasNames && !$1.isEmpty ? $1 : "c\($0)" }
  try checkNames(names, of: name, help: "rename one of them on line \(first.line)")
  return CSVTable(names: names, columns: first.cells.indices.map { column in csvColumn(rows.map { $0.cells[column] }) })
}

/// A `.file` fault where two columns have one name: as members of a map, only one of them could be had.
private func checkNames(_ names: [String], of table: String, help: String) throws(Fault) {
  var known: [String: Int] = [:]
  for (place, name) in names.enumerated() {
    guard let other = known.updateValue(place, forKey: name) else { continue }
    throw Fault(
      .file, "\(table) has two columns of one name",
      label: "`\(name)` is the name of columns \(other + 1) and \(place + 1)", help: help)
  }
}

/// A column of cells as what they all are.
private func csvColumn(_ cells: [String]) -> CSVColumn {
  var numbers: [Double] = []
  var integers: [Int?] = []
  var isExact = true
  for cell in cells {
    if let integer = Int(trimmed(cell)) {
      integers.append(integer)
      numbers.append(Double(integer))
      if Int(exactly: Double(integer)) != integer { isExact = false }
      continue
    }
    guard let number = numberInCSV(cell) else { return .text(cells) }
    if number.isNaN { integers.append(nil) }
    numbers.append(number)
    // Digits alone, but too many for an int.
    let isDigits = trimmed(cell).utf8.allSatisfy { (48...57).contains($0) || $0 == 43 || $0 == 45 }
    if number.magnitude >= 0x1p63, isDigits { return .text(cells) }
  }
  if isExact { return .numbers(numbers) }
  return integers.count == cells.count ? .integers(integers) : .text(cells)
}

/// Writes a table with commas, its names on the first line. Throws `.file`, also for two columns of one name.
public func writeCSV(_ table: CSVTable, to path: String) throws(Fault) {
  try checkNames(table.names, of: "the table", help: "a file of it could not be told apart when it is read")
  try writeText(table.text(), to: path)
}

extension CSVTable {
  /// Lines of data.
  public var rowCount: Int {
    switch columns.first {
    case .numbers(let values): values.count
    case .integers(let values): values.count
    case .text(let values): values.count
    case nil: 0
    }
  }

  /// The table as CSV text. Cells that a short column lacks stay empty.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  public func text() throws(Fault) -> String {
    var text = names.map(Self.quoted).joined(separator: ",") + "\n"
    try Interrupt.parts(rowCount, of: 4096) { part in
      for row in part {
        for (place, column) in columns.enumerated() { text += (place == 0 ? "" : ",") + Self.cell(row, of: column) }
        text += "\n"
      }
    }
    return text
  }

  private static func cell(_ row: Int, of column: CSVColumn) -> String {
    switch column {
    case .numbers(let values):
      guard row < values.count else { return "" }
      let isNegativeZero = values[row] == 0 && values[row].sign == .minus
      return isNegativeZero ? "-0.0" : Int(exactly: values[row]).map(String.init) ?? values[row].description
    case .integers(let values): return row < values.count ? values[row].map(String.init) ?? "" : ""
    case .text(let values): return row < values.count ? quoted(values[row]) : ""
    }
  }

  private static func quoted(_ cell: String) -> String {
    let special = cell.utf8.contains { $0 == 34 || $0 == 44 || $0 == 10 || $0 == 13 } || cell.hasPrefix("#")
    if !special { return cell }
    let doubled = cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    return "\"\(doubled)\""
  }
}

/// A cell without the blanks around it.
private func trimmed(_ cell: String) -> Substring {
  var rest = Substring(cell)
  while rest.utf8.first == 32 { rest.removeFirst() }
  while rest.utf8.last == 32 { rest.removeLast() }
  return rest
}

/// The number in a cell, NaN for an empty one, nil for text.
private func numberInCSV(_ cell: String) -> Double? {
  let trimmed = cell.utf8.drop { $0 == 32 }
  let digits = Substring(trimmed).prefix { $0 != " " }
  if digits.isEmpty { return .nan }
  if digits.utf8.count + cell.utf8.filter({ $0 == 32 }).count != cell.utf8.count { return nil }
  return digits.contains("x") || digits.contains("X") ? nil : Double(digits)
}

private func separatorOfCSV(_ text: String) -> UInt8 {
  let lines = text.utf8.prefix(1 << 16).split(whereSeparator: { $0 == 10 || $0 == 13 })
  guard let line = lines.first(where: { $0.first != UInt8(ascii: "#") }) else { return 44 }
  func occurrences(_ byte: UInt8) -> Int { line.count { $0 == byte } }
  return [UInt8](arrayLiteral: 44, 59, 9).max { (occurrences($0), $1) < (occurrences($1), $0) } ?? 44
}

/// Cuts CSV text into rows of cells.
private struct CSVScanner {
  let bytes: [UInt8]
  let separator: UInt8
  let name: String

  func rows() throws(Fault) -> [(line: Int, cells: [String])] {
    var rows: [(line: Int, cells: [String])] = []
    var offset = 0, line = 1
    while offset < bytes.count {
      if rows.count % 4096 == 0 { try Interrupt.check() }
      let start = line
      let isComment = bytes[offset] == UInt8(ascii: "#")
      if isComment {
        while offset < bytes.count, bytes[offset] != 10 { offset += 1 }
        offset += 1
        line += 1
        continue
      }
      let cells = try row(&offset, &line)
      if cells != [""] { rows.append((start, cells)) }
    }
    return rows
  }

  /// One row, up to and with the end of its line.
  private func row(_ offset: inout Int, _ line: inout Int) throws(Fault) -> [String] {
    var cells: [String] = []
    var cell: [UInt8] = []
    let start = line
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case 34 where cell.isEmpty: cell = try quotedCell(&offset, &line, start: start)
      case separator:
        cells.append(String(decoding: cell, as: UTF8.self))
        cell = []
      case 13 where offset == bytes.count || bytes[offset] == 10: break
      case 10:
        line += 1
        cells.append(String(decoding: cell, as: UTF8.self))
        return cells
      default: cell.append(byte)
      }
    }
    cells.append(String(decoding: cell, as: UTF8.self))
    return cells
  }

  /// The rest of a cell after its opening quote, up to and with the closing one.
  private func quotedCell(_ offset: inout Int, _ line: inout Int, start: Int) throws(Fault) -> [UInt8] {
    var cell: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == 10 { line += 1 }
      if byte != 34 { cell.append(byte) } else if offset < bytes.count, bytes[offset] == 34 {
        cell.append(34)
        offset += 1
      } else {
        return cell
      }
    }
    throw Fault(.file, "\(name) is not a table", label: "the quote in the row on line \(start) is not closed")
  }
}
