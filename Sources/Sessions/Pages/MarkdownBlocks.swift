// Markdown as HTML: the parts of CommonMark and of its tables that prose in a script needs. All text is escaped;
// nothing that a script's author writes becomes markup of its own.

import Texts

/// What the headings of a page have been so far, so that their levels never skip one and their names are unique.
struct Outline {
  /// The text of the first heading of level 1.
  private(set) var title: String?
  private var level = 0
  private var names: Set<String> = []

  /// The level that a heading gets which asks for one, and its name as the target of links.
  mutating func add(_ wanted: Int, _ text: String) -> (level: Int, id: String) {
    level = min(max(wanted, 1), level + 1)
    if level == 1, title == nil { title = text }
    return (level, unique(text))
  }

  /// A heading below the present one, without becoming the present one.
  mutating func aside(_ text: String) -> (level: Int, id: String) { (min(max(level, 1) + 1, 6), unique(text)) }

  private mutating func unique(_ text: String) -> String {
    let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
    let name = words.isEmpty ? "part" : words.joined(separator: "-")
    var candidate = name, count = 1
    while !names.insert(candidate).inserted {
      count += 1
      candidate = "\(name)-\(count)"
    }
    return candidate
  }
}

/// Turns Markdown into HTML.
func markdownHTML(_ text: String, outline: inout Outline) -> String {
  var blocks = MarkdownBlocks(outline: outline)
  let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(expandingTabs)
  let html = blocks.html(lines[...], depth: 0)
  outline = blocks.outline
  return html
}

/// Tabs as spaces up to the next multiple of four.
private func expandingTabs(_ line: Substring) -> String {
  guard line.contains("\t") else { return String(line) }
  var out = ""
  for character in line {
    if character == "\t" { out += String(repeating: " ", count: 4 - out.count % 4) } else { out.append(character) }
  }
  return out
}

struct MarkdownBlocks {
  var outline: Outline
  /// Lists and quotes nested deeper than this are shown as plain paragraphs.
  private static let deepest = 16

  init(outline: Outline) { self.outline = outline }

  /// The blocks of some lines. In a tight list the paragraphs stand bare.
  mutating func html(_ lines: ArraySlice<String>, depth: Int, isTight: Bool = false) -> String {
    var out: [String] = []
    var at = lines.startIndex
    while at < lines.endIndex {
      let line = lines[at]
      if isBlank(line) {
        at += 1
      } else if let fence = Fence(line) {
        out.append(fencedCode(fence, lines, &at))
      } else if let heading = Self.heading(line) {
        out.append(headingHTML(heading.level, heading.text))
        at += 1
      } else if Self.isRule(line) {
        out.append("<hr/>")
        at += 1
      } else if depth < Self.deepest, line.trimmedStart.hasPrefix(">") {
        out.append(quote(lines, &at, depth: depth))
      } else if depth < Self.deepest, ListMarker(line) != nil {
        out.append(list(lines, &at, depth: depth))
      } else if let table = MarkdownTable(lines[at...]) {
        out.append(table.html)
        at += table.lineCount
      } else if line.hasPrefix("    ") {
        out.append(indentedCode(lines, &at))
      } else {
        out.append(paragraph(lines, &at, depth: depth, isTight: isTight))
      }
    }
    return out.joined(separator: "\n")
  }

  // MARK: headings and rules

  private static func heading(_ line: String) -> (level: Int, text: String)? {
    let text = line.trimmedStart
    let level = text.prefix { $0 == "#" }.count
    guard (1...6).contains(level), line.indent < 4 else { return nil }
    var rest = text.dropFirst(level)
    guard rest.isEmpty || rest.first == " " else { return nil }
    while rest.last == " " { rest.removeLast() }
    // A closing row of number signs is not part of the title.
    let closing = rest.reversed().prefix { $0 == "#" }.count
    if closing > 0, rest.dropLast(closing).last == " " || rest.count == closing { rest = rest.dropLast(closing) }
    return (level, rest.trimmed)
  }

  private mutating func headingHTML(_ wanted: Int, _ text: String) -> String {
    let (level, id) = outline.add(wanted, markdownPlainText(text))
    return "<h\(level) id=\"\(id.escapedForMarkup)\">\(markdownInline(text))</h\(level)>"
  }

  private static func isRule(_ line: String) -> Bool {
    let marks = line.filter { $0 != " " }
    guard marks.count >= 3, line.indent < 4, let first = marks.first else { return false }
    return "-*_".contains(first) && marks.allSatisfy { $0 == first }
  }

  // MARK: code

  /// The first line of a fenced block.
  private struct Fence {
    let mark: Character
    let count: Int
    let indent: Int
    let language: String

    init?(_ line: String) {
      let text = line.trimmedStart
      guard let first = text.first, first == "`" || first == "~", line.indent < 4 else { return nil }
      let run = text.prefix { $0 == first }.count
      let info = text.dropFirst(run).trimmed
      if run < 3 || (first == "`" && info.contains("`")) { return nil }
      mark = first
      count = run
      indent = line.indent
      language = info.split(separator: " ").first.map { $0.lowercased() } ?? ""
    }

    func isClosed(by line: String) -> Bool {
      let text = line.trimmed
      return line.indent < 4 && text.count >= count && text.allSatisfy { $0 == mark }
    }
  }

  private func fencedCode(_ fence: Fence, _ lines: ArraySlice<String>, _ at: inout Int) -> String {
    var code: [String] = []
    at += 1
    while at < lines.endIndex, !fence.isClosed(by: lines[at]) {
      code.append(lines[at].droppingIndent(fence.indent))
      at += 1
    }
    at += 1
    let text = code.joined(separator: "\n")
    return codeBlock(text, isProgram: fence.language == "snn")
  }

  private func indentedCode(_ lines: ArraySlice<String>, _ at: inout Int) -> String {
    var code: [String] = []
    while at < lines.endIndex, lines[at].hasPrefix("    ") || isBlank(lines[at]) {
      code.append(lines[at].droppingIndent(4))
      at += 1
    }
    while let last = code.last, isBlank(last) { code.removeLast() }
    return codeBlock(code.joined(separator: "\n"), isProgram: false)
  }

  // MARK: containers

  private mutating func quote(_ lines: ArraySlice<String>, _ at: inout Int, depth: Int) -> String {
    var inner: [String] = []
    while at < lines.endIndex, !isBlank(lines[at]) {
      let text = lines[at].trimmedStart
      if text.hasPrefix(">") {
        let rest = text.dropFirst()
        inner.append(String(rest.first == " " ? rest.dropFirst() : rest))
      } else if inner.last.map(isBlank) ?? true || beginsBlock(lines[at], depth: depth) {
        break
      } else {
        inner.append(lines[at])
      }
      at += 1
    }
    return "<blockquote>\n\(html(inner[...], depth: depth + 1))\n</blockquote>"
  }

  /// `- `, `* `, `+ `, `1. ` or `1) ` at the beginning of a line.
  struct ListMarker {
    let indent: Int
    /// Where the item's text begins.
    let content: Int
    /// The sign, which all items of a list share.
    let sign: Character
    let number: Int?

    init?(_ line: String) {
      indent = line.indent
      let text = line.trimmedStart
      guard indent < 4, let first = text.first else { return nil }
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      if "-*+".contains(first) {
        sign = first
        number = nil
      } else if (1...9).contains(digits.count), let end = text.dropFirst(digits.count).first, end == "." || end == ")" {
        sign = end
        number = Int(digits)
      } else {
        return nil
      }
      let width = number == nil ? 1 : digits.count + 1
      let rest = text.dropFirst(width)
      guard rest.isEmpty || rest.first == " " else { return nil }
      let blanks = rest.prefix { $0 == " " }.count
      content = indent + width + (rest.allSatisfy { $0 == " " } || blanks > 4 ? 1 : blanks)
    }
  }

  private mutating func list(_ lines: ArraySlice<String>, _ at: inout Int, depth: Int) -> String {
    guard let first = ListMarker(lines[at]) else { return "" }
    var items: [[String]] = []
    var isLoose = false
    var sawBlank = false
    var content = first.content
    while at < lines.endIndex {
      let line = lines[at]
      if isBlank(line) {
        sawBlank = true
        if !items.isEmpty { items[items.count - 1].append("") }
      } else if line.indent >= content, !items.isEmpty {
        items[items.count - 1].append(line.droppingIndent(content))
        sawBlank = false
      } else if let marker = ListMarker(line), marker.sign == first.sign, marker.indent < content || items.isEmpty,
        !Self.isRule(line)
      {
        if sawBlank { isLoose = true }
        items.append([line.droppingIndent(marker.content, including: marker)])
        content = marker.content
        sawBlank = false
      } else if !sawBlank, !items.isEmpty, !beginsBlock(line, depth: depth) {
        items[items.count - 1].append(line)
      } else {
        break
      }
      at += 1
    }
    for index in items.indices {
      while let last = items[index].last, isBlank(last) { items[index].removeLast() }
      if items[index].contains(where: isBlank) { isLoose = true }
    }
    let bodies = items.map { "<li>\(html($0[...], depth: depth + 1, isTight: !isLoose))</li>" }
    let tag = first.number == nil ? "ul" : "ol"
    let start = first.number.map { $0 == 1 ? "" : " start=\"\($0)\"" } ?? ""
    return "<\(tag)\(start)>\n\(bodies.joined(separator: "\n"))\n</\(tag)>"
  }

  // MARK: paragraphs

  private mutating func paragraph(_ lines: ArraySlice<String>, _ at: inout Int, depth: Int, isTight: Bool) -> String {
    var text: [String] = []
    while at < lines.endIndex, !isBlank(lines[at]) {
      if !text.isEmpty {
        let line = lines[at].trimmed
        if line.allSatisfy({ $0 == "=" }) || line.allSatisfy({ $0 == "-" }) {
          at += 1
          return headingHTML(line.first == "=" ? 1 : 2, text.map(\.trimmed).joined(separator: " "))
        }
        if beginsBlock(lines[at], depth: depth) { break }
      }
      text.append(lines[at])
      at += 1
    }
    // Two spaces at a line's end are a line break, so only its beginning is trimmed.
    let content = text.map { $0.trimmedStart }.joined(separator: "\n")
    if let formula = displayFormula(content) { return "<p class=\"formula\">\(formula)</p>" }
    let inline = markdownInline(content.trimmed)
    return isTight ? inline : "<p>\(inline)</p>"
  }

  /// Whether a line ends the paragraph before it.
  private func beginsBlock(_ line: String, depth: Int) -> Bool {
    if Fence(line) != nil || Self.heading(line) != nil || Self.isRule(line) { return true }
    if depth >= Self.deepest { return false }
    if line.trimmedStart.hasPrefix(">"), line.indent < 4 { return true }
    guard let marker = ListMarker(line) else { return false }
    return (marker.number ?? 1) == 1 && line.count > marker.content
  }

  private func isBlank(_ line: String) -> Bool { line.allSatisfy { $0 == " " } }
}

/// A formula that stands alone between `$$`.
private func displayFormula(_ text: String) -> String? {
  let text = text.trimmed
  guard text.hasPrefix("$$"), text.hasSuffix("$$"), text.count > 4 else { return nil }
  let inner = text.dropFirst(2).dropLast(2)
  return inner.contains("$") ? nil : formulaHTML(String(inner))
}

/// A block of code, coloured where it is a program of the language.
func codeBlock(_ text: String, isProgram: Bool) -> String {
  "<pre class=\"code\"><code>\(isProgram ? highlightedHTML(text) : text.escapedForMarkup)</code></pre>"
}

extension StringProtocol {
  var trimmedStart: String { String(drop { $0 == " " }) }
  var trimmed: String {
    var text = Substring(self).drop { $0 == " " || $0 == "\n" }
    while let last = text.last, last == " " || last == "\n" { text.removeLast() }
    return String(text)
  }
  /// How many spaces it begins with.
  var indent: Int { prefix { $0 == " " }.count }
}

extension String {
  fileprivate func droppingIndent(_ count: Int) -> String { String(dropFirst(Swift.min(indent, count))) }

  /// The first line of a list item without its marker.
  fileprivate func droppingIndent(_ count: Int, including marker: MarkdownBlocks.ListMarker) -> String {
    String(dropFirst(Swift.min(marker.content, self.count)))
  }
}
