import Language
import Texts

/// A page of help in a number of cells: paragraphs are filled anew, lines that begin with a blank keep their form and
/// go on under their last column.
func wrapped(_ page: String, to columns: Int) -> String {
  var lines: [String] = []
  var paragraph = ""
  func flush() {
    if !paragraph.isEmpty { lines += filled(paragraph, to: columns, indent: 0) }
    paragraph = ""
  }
  for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
    guard let first = line.first, !" -*|>#".contains(first), !line.hasPrefix("```"), !first.isNumber else {
      flush()
      lines += filled(String(line), to: columns, indent: hangingIndent(line))
      continue
    }
    paragraph += paragraph.isEmpty ? String(line) : " " + line
  }
  flush()
  return lines.joined(separator: "\n")
}

/// The column behind the line's last gap of two blanks or more: in a table, where its last column begins.
private func hangingIndent(_ line: Substring) -> Int {
  var indent = 0
  var blanks = 0
  for (column, character) in line.enumerated() {
    if character == " " {
      blanks += 1
      continue
    }
    if blanks >= 2 { indent = column }
    blanks = 0
  }
  return indent
}

/// One line broken at blanks.
private func filled(_ line: String, to columns: Int, indent: Int) -> [String] {
  if line.displayWidth <= columns { return [line] }
  let indent = indent > columns / 2 ? 4 : indent
  var lines: [String] = []
  var current = String(line.prefix { $0 == " " })
  var isFresh = true
  for word in line.split(separator: " ", omittingEmptySubsequences: false).drop(while: \.isEmpty) {
    if !isFresh, current.displayWidth + 1 + String(word).displayWidth > columns {
      lines.append(current)
      current = String(repeating: " ", count: indent)
      isFresh = true
      if word.isEmpty { continue }
    }
    current += (isFresh ? "" : " ") + word
    isFresh = false
  }
  return lines + [current]
}
