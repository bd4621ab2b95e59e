// Tables in Markdown: a line of headings, a line of dashes that may say where cells stand, and rows.

import Texts

struct MarkdownTable {
  private enum Alignment { case none, left, middle, right }

  private let header: [String]
  private let alignments: [Alignment]
  private let rows: [[String]]
  let lineCount: Int

  /// Reads a table at the beginning of some lines; nil where there is none.
  init?(_ lines: ArraySlice<String>) {
    guard lines.count >= 2, lines[lines.startIndex].contains("|"),
      let alignments = Self.alignments(lines[lines.startIndex + 1])
    else { return nil }
    let header = Self.cells(lines[lines.startIndex])
    if header.count != alignments.count { return nil }
    var rows: [[String]] = []
    for line in lines.dropFirst(2) {
      if line.trimmed.isEmpty || !line.contains("|") { break }
      var cells = Self.cells(line)
      while cells.count < header.count { cells.append("") }
      rows.append(Array(cells.prefix(header.count)))
    }
    self.header = header
    self.alignments = alignments
    self.rows = rows
    lineCount = rows.count + 2
  }

  private static func alignments(_ line: String) -> [Alignment]? {
    guard line.contains("-") else { return nil }
    var found: [Alignment] = []
    for cell in cells(line) {
      let dashes = cell.filter { $0 != ":" }
      if dashes.isEmpty || !dashes.allSatisfy({ $0 == "-" }) || cell.dropFirst().dropLast().contains(":") { return nil }
      switch (cell.hasPrefix(":"), cell.hasSuffix(":")) {
      case (true, true): found.append(.middle)
      case (true, false): found.append(.left)
      case (false, true): found.append(.right)
      default: found.append(.none)
      }
    }
    return found
  }

  /// The cells between the bars; `\|` is a bar in a cell, and so is one in a code span.
  private static func cells(_ line: String) -> [String] {
    var cells = [""]
    var isEscaped = false, isCode = false
    for character in line.trimmed {
      if character == "|", !isEscaped, !isCode {
        cells.append("")
        continue
      }
      if isEscaped, character == "|" { cells[cells.count - 1].removeLast() }
      if character == "`", !isEscaped { isCode.toggle() }
      isEscaped = character == "\\" && !isEscaped
      cells[cells.count - 1].append(character)
    }
    // An unclosed code span hides no bars.
    if isCode { cells = line.trimmed.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
    var trimmed = cells.map(\.trimmed)
    if trimmed.count > 1, trimmed.first == "" { trimmed.removeFirst() }
    if trimmed.count > 1, trimmed.last == "" { trimmed.removeLast() }
    return trimmed
  }

  var html: String {
    let heads = zip(header, alignments).map { "<th scope=\"col\"\(Self.attribute($1))>\(markdownInline($0))</th>" }
    let body = rows.map { row in
      "<tr>\(zip(row, alignments).map { "<td\(Self.attribute($1))>\(markdownInline($0))</td>" }.joined())</tr>"
    }
    return """
      <div class="wide"><table>
      <thead><tr>\(heads.joined())</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody>
      </table></div>
      """
  }

  private static func attribute(_ alignment: Alignment) -> String {
    switch alignment {
    case .right: " class=\"number\""
    case .middle: " class=\"middle\""
    case .none, .left: ""
    }
  }
}
