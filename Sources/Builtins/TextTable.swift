import Faults
import Language
import Texts

/// Rows of text in columns that line up: numbers to the right, words to the left.
public struct TextTable {
  public struct Cell {
    public var text: String
    public var isNumber: Bool
    /// Nothing is known here: it goes with numbers and with words.
    var isMissing = false

    public init(text: String, isNumber: Bool) {
      self.text = text
      self.isNumber = isNumber
    }

    /// The cell for a value that a row lacks.
    public static var missing: Cell {
      var cell = Cell(text: "—", isNumber: true)
      cell.isMissing = true
      return cell
    }
  }

  public var header: [String]
  public var rows: [[Cell]]
  public var title: String

  public init(header: [String], rows: [[Cell]], title: String = "") {
    self.header = header
    self.rows = rows
    self.title = title
  }

  /// Whether a column's cells stand to the right.
  private var isNumeric: [Bool] {
    header.indices.map { column in
      let cells = rows.compactMap { column < $0.count ? $0[column] : nil }
      return cells.allSatisfy(\.isNumber) && !cells.allSatisfy(\.isMissing)
    }
  }

  private var columns: [TableColumn] {
    let isNumeric = isNumeric
    return header.indices.map { index in
      TableColumn(
        header: header[index].withoutControls, isNumeric: isNumeric[index],
        cells: rows.map { index < $0.count ? $0[index].text.withoutControls : "" })
    }
  }

  // MARK: text

  /// The table in lines of at most `maximumWidth` columns, each ended by a newline. Where it is too wide, headings and
  /// words are broken into lines; what still does not fit follows below, each part with the first column in front.
  public func text(maximumWidth: Int) -> String {
    let all = columns
    guard let first = all.first else { return "" }
    let heading = title.isEmpty ? "" : title.withoutControls.clipped(toWidth: max(maximumWidth, 1)) + "\n"
    var parts: [[TableColumn]] = []
    var part: [TableColumn] = []
    for column in all {
      if part.count > 1, Self.leastWidth(part + [column]) > maximumWidth {
        parts.append(part)
        part = [first]
      }
      part.append(column)
    }
    parts.append(part)
    return heading + parts.map { Self.text($0, maximumWidth: maximumWidth) }.joined(separator: "\n")
  }

  private static func leastWidth(_ columns: [TableColumn]) -> Int {
    columns.reduce(-2) { $0 + $1.leastWidth + 2 }
  }

  private static func text(_ columns: [TableColumn], maximumWidth: Int) -> String {
    let widths = fitted(columns, maximumWidth: maximumWidth)
    let headings = zip(columns, widths).map { $0.headerLines(width: $1) }
    let height = headings.map(\.count).max() ?? 0
    var lines: [String] = []
    for line in 0..<height {
      // Headings of one line stand just above the rule.
      lines.append(joined(columns, widths) { column in
        let own = headings[column]
        let index = line - (height - own.count)
        return index >= 0 ? own[index] : ""
      })
    }
    lines.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "))
    // Whoever stops the program does not read the rest.
    for row in 0..<(columns.first?.cells.count ?? 0) where !Interrupt.isRequested {
      let cells = zip(columns, widths).map { $0.cellLines(row, width: $1) }
      for line in 0..<(cells.map(\.count).max() ?? 0) {
        lines.append(joined(columns, widths) { line < cells[$0].count ? cells[$0][line] : "" })
      }
    }
    return lines.map { withoutBlanksAtEnd($0) + "\n" }.joined()
  }

  /// The columns' widths: their natural ones, or narrower ones where these do not fit.
  private static func fitted(_ columns: [TableColumn], maximumWidth: Int) -> [Int] {
    var widths = columns.map(\.naturalWidth)
    var excess = widths.reduce(-2) { $0 + $1 + 2 } - maximumWidth
    while excess > 0 {
      // The column that has most to give loses one.
      let slack = columns.indices.map { widths[$0] - columns[$0].leastWidth }
      guard let widest = slack.indices.max(by: { slack[$0] < slack[$1] }), slack[widest] > 0 else { return widths }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private static func joined(_ columns: [TableColumn], _ widths: [Int], _ text: (Int) -> String) -> String {
    columns.indices.map { index in
      let shown = text(index).clipped(toWidth: widths[index])
      let padding = String(repeating: " ", count: max(0, widths[index] - shown.displayWidth))
      return columns[index].isNumeric ? padding + shown : shown + padding
    }.joined(separator: "  ")
  }

  private static func withoutBlanksAtEnd(_ text: String) -> String {
    var text = Substring(text)
    while text.last == " " { text.removeLast() }
    return String(text)
  }

  // MARK: HTML

  /// The table as HTML: a heading for each column, and for each row where the first column holds words.
  public var html: String {
    let columns = columns
    let namesRows = columns.count > 1 && columns.first?.isNumeric == false
    var lines = [columns.count > 8 ? "<table class=\"dense\">" : "<table>"]
    if !title.isEmpty { lines.append("<caption><span>\(title.escapedForMarkup)</span></caption>") }
    let heads = columns.map { column in
      column.header.isEmpty ? "<td></td>" : "<th scope=\"col\"\(column.isNumeric ? " class=\"number\"" : "")>\(Self.breakable(column.header))</th>"
    }
    lines.append("<thead><tr>\(heads.joined())</tr></thead>")
    lines.append("<tbody>")
    for row in rows.indices {
      let cells = columns.enumerated().map { index, column in
        let text = column.cells[row].escapedForMarkup
        let style = column.isNumeric ? " class=\"number\"" : column.isShort ? " class=\"short\"" : ""
        return index == 0 && namesRows ? "<th scope=\"row\"\(style)>\(text)</th>" : "<td\(style)>\(text)</td>"
      }
      lines.append("<tr>\(cells.joined())</tr>")
    }
    lines += ["</tbody>", "</table>"]
    return lines.joined(separator: "\n")
  }

  /// A heading that may be broken after the underscores of a member's name.
  private static func breakable(_ text: String) -> String {
    func marked(_ part: Substring) -> String {
      String(part).escapedForMarkup.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "_<wbr/>")
    }
    // A unit in brackets is one word, whatever blanks are in it.
    guard text.hasSuffix(")"), let open = text.lastIndex(of: "(") else { return marked(text[...]) }
    return "\(marked(text[..<open]))<span class=\"short\">\(String(text[open...]).escapedForMarkup)</span>"
  }
}

/// One column of a table as it is laid out.
private struct TableColumn {
  var header: String
  var isNumeric: Bool
  var cells: [String]

  /// Words get no less room than this, and no more lines.
  private static let leastWords = 12
  private static let mostLines = 4

  private var cellWidth: Int { cells.map(\.displayWidth).max() ?? 0 }
  /// Whether its cells are better not broken into lines.
  var isShort: Bool { cellWidth <= 24 }
  var naturalWidth: Int { max(header.displayWidth, cellWidth) }
  /// Numbers are never clipped, and the parts of a heading neither.
  var leastWidth: Int {
    let parts = Self.parts(of: header).map { withoutBlanks($0).displayWidth }.max() ?? 0
    return max(parts, isNumeric ? cellWidth : min(cellWidth, Self.leastWords))
  }

  /// The heading broken into lines, at blanks and behind underscores.
  func headerLines(width: Int) -> [String] { broken(header, width: width) }

  /// A cell broken into a few lines; what is left then is clipped.
  func cellLines(_ row: Int, width: Int) -> [String] {
    let cell = cells[row]
    if isNumeric || cell.displayWidth <= width { return [cell] }
    let lines = broken(cell, width: width)
    if lines.count <= Self.mostLines { return lines }
    let rest = lines[(Self.mostLines - 1)...].joined(separator: " ")
    return lines.prefix(Self.mostLines - 1) + [rest.clipped(toWidth: width)]
  }

  private func broken(_ text: String, width: Int) -> [String] {
    var lines: [String] = [""]
    for part in Self.parts(of: text) {
      let last = lines[lines.count - 1]
      if last.isEmpty || withoutBlanks(last + part).displayWidth <= width {
        lines[lines.count - 1] = last + part
      } else {
        lines.append(part)
      }
    }
    return lines.map(withoutBlanks)
  }

  /// The pieces that stay whole: `synaptic_`, `memory `, `(KiB)`.
  private static func parts(of text: String) -> [String] {
    var parts: [String] = [""]
    var depth = 0
    for character in text {
      parts[parts.count - 1].append(character)
      if character == "(" { depth += 1 } else if character == ")" { depth -= 1 }
      // What stands in brackets, such as a unit, stays whole where it is short.
      if depth > 0, character == " ", text.count <= 40 { continue }
      if character == " " || character == "_" { parts.append("") }
    }
    return parts.filter { !$0.isEmpty }
  }

  private func withoutBlanks(_ text: String) -> String { String(text.reversed().drop { $0 == " " }.reversed()) }
}
