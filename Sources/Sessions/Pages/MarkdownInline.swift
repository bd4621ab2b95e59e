// Markdown within a paragraph: code spans, emphasis, links, formulas, line breaks. Everything else is escaped text.

import Texts

/// The HTML of one paragraph's text.
func markdownInline(_ text: String) -> String {
  var parser = InlineParser(Array(text), isInLink: false, depth: 0)
  return parser.html()
}

/// The text of a heading without its marks.
func markdownPlainText(_ text: String) -> String { String(text.filter { !"*`".contains($0) }) }

private struct InlineParser {
  private enum Node {
    case html(String)
    /// A run of `*` or `_` that may open or close emphasis.
    case run(Character, count: Int, opens: Bool, closes: Bool)
  }

  private let text: [Character]
  private let isInLink: Bool
  private let depth: Int
  private var at = 0
  private var nodes: [Node] = []
  private var plain = ""
  /// Behind this place no bracket can be closed.
  private let lastBracket: Int

  init(_ text: [Character], isInLink: Bool, depth: Int) {
    self.text = text
    self.isInLink = isInLink
    self.depth = depth
    lastBracket = text.lastIndex(of: "]") ?? -1
  }

  mutating func html() -> String {
    while at < text.count { step() }
    flush()
    return emphasised()
  }

  private mutating func flush() {
    if !plain.isEmpty { nodes.append(.html(plain.escapedForMarkup)) }
    plain = ""
  }

  private mutating func add(html: String) {
    flush()
    nodes.append(.html(html))
  }

  private mutating func step() {
    let character = text[at]
    switch character {
    case "\\":
      if at + 1 < text.count, text[at + 1] == "\n" {
        add(html: "<br/>\n")
        at += 2
      } else if at + 1 < text.count, text[at + 1].isASCII, text[at + 1].isPunctuation || text[at + 1].isSymbol {
        plain.append(text[at + 1])
        at += 2
      } else {
        take()
      }
    case "`": codeSpan()
    case "*", "_": emphasisRun(character)
    case "[", "!":
      if !link() { take() }
    case "<":
      if !autolink() { take() }
    case "$":
      if !formula() { take() }
    case "\n":
      let blanks = plain.reversed().prefix { $0 == " " }.count
      plain.removeLast(blanks)
      if blanks >= 2 { add(html: "<br/>") }
      take()
    default: take()
    }
  }

  private mutating func take() {
    plain.append(text[at])
    at += 1
  }

  // MARK: code and formulas

  private mutating func codeSpan() {
    let count = runLength(at)
    var end = at + count
    while end < text.count {
      if text[end] == "`" {
        let closing = runLength(end)
        if closing == count {
          var code = String(text[at + count..<end].map { $0 == "\n" ? " " : $0 })
          if code.hasPrefix(" "), code.hasSuffix(" "), code.contains(where: { $0 != " " }) {
            code = String(code.dropFirst().dropLast())
          }
          add(html: "<code>\(code.escapedForMarkup)</code>")
          at = end + count
          return
        }
        end += closing
      } else {
        end += 1
      }
    }
    for _ in 0..<count { take() }
  }

  private func runLength(_ start: Int) -> Int {
    var end = start
    while end < text.count, text[end] == text[start] { end += 1 }
    return end - start
  }

  /// `$…$`, where no blank stands inside its ends and no digit behind it: prices stay prices.
  private mutating func formula() -> Bool {
    guard at + 2 < text.count, !text[at + 1].isWhitespace, text[at + 1] != "$",
      let end = text[(at + 1)...].firstIndex(of: "$"), end > at + 1, !text[end - 1].isWhitespace,
      end + 1 == text.count || !text[end + 1].isNumber
    else { return false }
    add(html: formulaHTML(String(text[at + 1..<end])))
    at = end + 1
    return true
  }

  // MARK: links

  private mutating func link() -> Bool {
    let isImage = text[at] == "!"
    let open = isImage ? at + 1 : at
    guard depth < 8, open < lastBracket, text[open] == "[", let close = closingBracket(from: open),
      close + 1 < text.count, text[close + 1] == "(", let end = closingParenthesis(from: close + 1)
    else { return false }
    let label = Array(text[open + 1..<close])
    let target = destination(String(text[close + 2..<end]))
    var inner = InlineParser(label, isInLink: true, depth: depth + 1)
    let shown = inner.html()
    if let target, !isImage, !isInLink {
      add(html: "<a href=\"\(target.escapedForMarkup)\">\(shown)</a>")
    } else {
      // A page loads nothing from elsewhere, so of a picture its description is shown.
      add(html: isImage ? "<em>\(shown)</em>" : shown)
    }
    at = end + 1
    return true
  }

  private func closingBracket(from open: Int) -> Int? {
    var depth = 0, index = open
    while index < text.count {
      switch text[index] {
      case "\\": index += 1
      case "[": depth += 1
      case "]":
        depth -= 1
        if depth == 0 { return index }
      default: break
      }
      index += 1
    }
    return nil
  }

  private func closingParenthesis(from open: Int) -> Int? {
    var depth = 0, index = open
    while index < text.count, text[index] != "\n" {
      switch text[index] {
      case "\\": index += 1
      case "(": depth += 1
      case ")":
        depth -= 1
        if depth == 0 { return index }
      default: break
      }
      index += 1
    }
    return nil
  }

  /// The address of a link without its title; nil for a scheme that could run something.
  private func destination(_ inside: String) -> String? {
    var address = inside.trimmed
    if address.hasPrefix("<"), let end = address.firstIndex(of: ">") {
      address = String(address[address.index(after: address.startIndex)..<end])
    } else if let blank = address.firstIndex(of: " ") {
      address = String(address[..<blank])
    }
    return isSafe(address) ? address : nil
  }

  private func isSafe(_ address: String) -> Bool {
    if address.unicodeScalars.contains(where: { $0.value < 0x21 || $0.value == 0x7f }) { return false }
    let head = address.prefix { !"/?#".contains($0) }
    guard let colon = head.firstIndex(of: ":") else { return true }
    return ["http", "https", "mailto"].contains(head[..<colon].lowercased())
  }

  /// `<https://…>`.
  private mutating func autolink() -> Bool {
    guard !isInLink, let end = text[at...].firstIndex(of: ">") else { return false }
    let address = String(text[at + 1..<end])
    guard ["http://", "https://", "mailto:"].contains(where: { address.lowercased().hasPrefix($0) }), isSafe(address),
      !address.contains("<")
    else { return false }
    add(html: "<a href=\"\(address.escapedForMarkup)\">\(address.escapedForMarkup)</a>")
    at = end + 1
    return true
  }

  // MARK: emphasis

  private mutating func emphasisRun(_ mark: Character) {
    let count = runLength(at)
    let before = at > 0 ? text[at - 1] : " "
    let after = at + count < text.count ? text[at + count] : " "
    let punctuation: (Character) -> Bool = { $0.isPunctuation || $0.isSymbol }
    let leans = !after.isWhitespace && (!punctuation(after) || before.isWhitespace || punctuation(before))
    let follows = !before.isWhitespace && (!punctuation(before) || after.isWhitespace || punctuation(after))
    // An underscore inside a word is a part of a name.
    let opens = mark == "*" ? leans : leans && (!follows || punctuation(before))
    let closes = mark == "*" ? follows : follows && (!leans || punctuation(after))
    flush()
    nodes.append(.run(mark, count: count, opens: opens, closes: closes))
    at += count
  }

  /// The nodes as HTML: each closing run is matched with the nearest opening one of its mark.
  private func emphasised() -> String {
    var out: [String] = []
    // Places in `out` of runs that may open, with what is left of them.
    var open: [(place: Int, mark: Character, left: Int)] = []
    for node in nodes {
      switch node {
      case .html(let html): out.append(html)
      case .run(let mark, let count, let opens, let closes):
        var left = count
        while closes, left > 0, let match = open.lastIndex(where: { $0.mark == mark }) {
          let width = left >= 2 && open[match].left >= 2 ? 2 : 1
          let tag = width == 2 ? "strong" : "em"
          // Runs between the two stay text.
          for other in open[(match + 1)...] { out[other.place] = String(repeating: other.mark, count: other.left) + out[other.place] }
          open.removeSubrange((match + 1)...)
          out[open[match].place] = "<\(tag)>" + out[open[match].place]
          out.append("</\(tag)>")
          left -= width
          open[match].left -= width
          if open[match].left == 0 { open.remove(at: match) }
        }
        if left > 0, opens {
          open.append((out.count, mark, left))
          out.append("")
        } else if left > 0 {
          out.append(String(repeating: mark, count: left))
        }
      }
    }
    for run in open { out[run.place] = String(repeating: run.mark, count: run.left) + out[run.place] }
    return out.joined()
  }
}
