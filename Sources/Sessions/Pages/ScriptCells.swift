// A script as the cells that its `# %%` lines divide it into.

import Texts

/// One cell of a script.
public struct ScriptCell: Equatable, Sendable {
  public enum Kind: Equatable, Sendable { case code, text }

  public var kind: Kind
  /// What stands behind the marker.
  public var title: String
  /// The lines of code, or the Markdown without its comment signs. No blank lines at the ends.
  public var text: String
  /// The line of the file, counted from 1, on which `text` begins.
  public var firstLine: Int

  public init(kind: Kind, title: String, text: String, firstLine: Int) {
    self.kind = kind
    self.title = title
    self.text = text
    self.firstLine = firstLine
  }
}

/// The cells of a script in their order. What stands before the first marker is a cell of code; so are lines of code
/// in a text cell, from the first on. Cells without anything in them are left out.
public func scriptCells(_ source: String) -> [ScriptCell] {
  var splitter = CellSplitter()
  var lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }[...]
  if lines.first?.hasPrefix("#!") == true { lines = ["" as Substring] + lines.dropFirst() }
  for line in lines { splitter.add(line) }
  splitter.endCell()
  return splitter.cells
}

private struct CellSplitter {
  var cells: [ScriptCell] = []
  private var kind = ScriptCell.Kind.code
  private var title = ""
  private var lines: [Substring] = []
  private var first = 1
  private var number = 0

  mutating func add(_ line: Substring) {
    number += 1
    if let marker = Self.marker(line) {
      endCell()
      (kind, title) = marker
      first = number + 1
      return
    }
    guard kind == .text else { return lines.append(line) }
    let text = line.drop { $0 == " " || $0 == "\t" }
    if text.isEmpty {
      lines.append("")
    } else if text.hasPrefix("#") {
      let content = text.dropFirst()
      lines.append(content.first == " " ? content.dropFirst() : content)
    } else {
      endCell()
      (kind, title, first) = (.code, "", number)
      lines = [line]
    }
  }

  mutating func endCell() {
    let isBlank: (Substring) -> Bool = { $0.allSatisfy(\.isWhitespace) }
    let lead = lines.prefix(while: isBlank).count
    var kept = lines.dropFirst(lead)
    while let last = kept.last, isBlank(last) { kept.removeLast() }
    if !kept.isEmpty {
      let text = kept.joined(separator: "\n")
      cells.append(ScriptCell(kind: kind, title: title, text: text, firstLine: first + lead))
    }
    lines = []
  }

  /// What a `# %%` line says; nil for any other line.
  private static func marker(_ line: Substring) -> (ScriptCell.Kind, String)? {
    guard line.hasPrefix("#") else { return nil }
    let rest = line.dropFirst().drop { $0 == " " }
    guard rest.hasPrefix("%%") else { return nil }
    let title = rest.dropFirst(2).drop { $0 == " " || $0 == "\t" }
    for name in ["[markdown]", "[md]"] where title.hasPrefix(name) {
      return (.text, trimmed(title.dropFirst(name.count)))
    }
    return (.code, trimmed(title))
  }
}
