import Language
import Texts

/// Rows of text in columns that line up: numbers to the right, words to the left.
public struct TextTable {
  public struct Cell {
    public var text: String
    public var isNumber: Bool

    public init(text: String, isNumber: Bool) {
      self.text = text
      self.isNumber = isNumber
    }
  }

  public var header: [String]
  public var rows: [[Cell]]

  public init(header: [String], rows: [[Cell]]) {
    self.header = header
    self.rows = rows
  }

  public func text(maximumWidth: Int) -> String {
    var widths = header.map { $0.displayWidth }
    var isNumber = header.map { _ in true }
    for row in rows {
      for (column, cell) in row.enumerated() where column < widths.count {
        widths[column] = max(widths[column], cell.text.displayWidth)
        if !cell.isNumber { isNumber[column] = false }
      }
    }
    var lines = [line(header.map { Cell(text: $0, isNumber: false) }, widths, isNumber)]
    lines.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "))
    for row in rows { lines.append(line(row, widths, isNumber)) }
    return lines.map { trimmed($0) + "\n" }.joined()
  }

  private func line(_ cells: [Cell], _ widths: [Int], _ isNumber: [Bool]) -> String {
    zip(cells, widths).enumerated().map { column, pair in
      let padding = String(repeating: " ", count: max(0, pair.1 - pair.0.text.displayWidth))
      return isNumber[column] ? padding + pair.0.text : pair.0.text + padding
    }.joined(separator: "  ")
  }

  private func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
