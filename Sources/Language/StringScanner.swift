import Faults

/// Reads one string literal: escapes, interpolations `{expr:format}`, raw strings and `"""` blocks.
struct StringScanner {
  let source: SourceText
  private(set) var at: Int
  private let end: Int
  private let raw: Bool
  private var text: [UInt8] = []
  private(set) var parts: [StringPart] = []
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var ranOut = false
  /// Whether the closing quote was not found.
  private(set) var isUnclosed = false
  private(set) var isTooDeep = false
  /// How many strings this one stands in.
  private let depth: Int

  private static let deepest = 20

  init(source: SourceText, at: Int, end: Int, raw: Bool, depth: Int = 0) {
    self.source = source
    self.at = at
    self.end = end
    self.raw = raw
    self.depth = depth
  }

  private static let quote = UInt8(ascii: "\"")

  private func byte(_ offset: Int = 0) -> UInt8 { at + offset < end ? source.bytes[at + offset] : 0 }

  private func isTripleQuote() -> Bool {
    byte() == Self.quote && byte(1) == Self.quote && byte(2) == Self.quote
  }

  mutating func run() {
    let start = at
    let triple = isTripleQuote()
    at += triple ? 3 : 1
    if triple, byte() == UInt8(ascii: "\n") { at += 1 }
    while true {
      if at >= end || (!triple && byte() == UInt8(ascii: "\n")) {
        unclosed(from: start, triple: triple)
        break
      }
      if triple ? isTripleQuote() : byte() == Self.quote {
        at += triple ? 3 : 1
        break
      }
      scanOne()
    }
    flush()
    if triple { removeIndentation() }
  }

  private mutating func unclosed(from start: Int, triple: Bool) {
    if triple { ranOut = true }
    isUnclosed = true
    let help = triple ? "close it with `\"\"\"`" : "close it with `\"`; a text of several lines stands between `\"\"\"`"
    report(Fault(.parse, "unclosed string", label: "starts here", help: help), Span(start, min(start + 1, end)))
  }

  private mutating func scanOne() {
    let current = byte()
    if raw {
      text.append(current)
      at += 1
    } else if current == UInt8(ascii: "\\") {
      scanEscape()
    } else if current == UInt8(ascii: "{"), byte(1) == UInt8(ascii: "{") {
      text.append(current)
      at += 2
    } else if current == UInt8(ascii: "}"), byte(1) == UInt8(ascii: "}") {
      text.append(current)
      at += 2
    } else if current == UInt8(ascii: "{") {
      scanInterpolation()
    } else {
      text.append(current)
      at += 1
    }
  }

  private mutating func report(_ fault: Fault, _ span: Span) {
    diagnostics.append(Diagnostic(fault, in: source, at: span))
  }

  private mutating func flush() {
    if text.isEmpty { return }
    parts.append(.text(String(decoding: text, as: UTF8.self)))
    text = []
  }

  // MARK: escapes

  private mutating func scanEscape() {
    let start = at
    at += 2
    switch source.bytes.indices.contains(start + 1) && start + 1 < end ? source.bytes[start + 1] : 0 {
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "0"): text.append(0)
    case UInt8(ascii: "e"): text.append(27)
    case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "\""): text.append(Self.quote)
    case UInt8(ascii: "{"): text.append(UInt8(ascii: "{"))
    case UInt8(ascii: "}"): text.append(UInt8(ascii: "}"))
    case UInt8(ascii: "\n"): break
    case UInt8(ascii: "u"): scanUnicodeEscape(from: start)
    default:
      at = min(at, end)
      report(
        Fault(
          .parse, "unknown escape in a string", label: "known are \\n \\t \\r \\0 \\e \\\\ \\\" \\{ \\} \\u{…}",
          help: "write `\\\\` for a backslash, or a raw string r\"…\""), Span(start, at))
    }
  }

  private mutating func scanUnicodeEscape(from start: Int) {
    var digits = ""
    if byte() == UInt8(ascii: "{") {
      at += 1
      while at < end, byte() != UInt8(ascii: "}"), byte() != Self.quote, byte() != 10 {
        digits.append(Character(UnicodeScalar(byte())))
        at += 1
      }
      if byte() == UInt8(ascii: "}") { at += 1 }
    }
    if let code = UInt32(digits, radix: 16), let scalar = UnicodeScalar(code) {
      text += Array(String(Character(scalar)).utf8)
    } else {
      report(Fault(.parse, "not a Unicode character", label: "written \\u{1F600}"), Span(start, at))
    }
  }

  // MARK: interpolation

  /// Finds the end of `{expr:format}`: brackets and strings inside the expression nest.
  private mutating func scanInterpolation() {
    let open = at
    at += 1
    var depth = 0
    var colon: Int?
    while at < end {
      let current = byte()
      if current == UInt8(ascii: "\""), colon == nil {
        if self.depth == Self.deepest { return nestedTooDeeply(from: open) }
        var inner = StringScanner(source: source, at: at, end: end, raw: false, depth: self.depth + 1)
        inner.run()
        if inner.isTooDeep { return nestedTooDeeply(from: open) }
        // A quote that opens no string closes the one outside.
        if inner.isUnclosed { break }
        at = inner.at
        continue
      }
      if current == UInt8(ascii: "\n") { break }
      if "([{".utf8.contains(current) { depth += 1 }
      if current == UInt8(ascii: "}"), depth == 0 {
        return closeInterpolation(open: open, colon: colon)
      }
      if ")]}".utf8.contains(current) { depth -= 1 }
      if current == UInt8(ascii: ":"), depth == 0, colon == nil { colon = at }
      at += 1
    }
    report(
      Fault(
        .parse, "unclosed `{` in a string", label: "starts here",
        help: "close it with `}`; write `{{` for a brace that is part of the text"), Span(open, open + 1))
    while at < end, byte() != Self.quote, byte() != 10 { at += 1 }
  }

  private mutating func nestedTooDeeply(from open: Int) {
    isTooDeep = true
    report(
      Fault(
        .limit, "strings nested too deeply", label: "more than \(Self.deepest) levels",
        help: "give the inner parts names with `let`"), Span(open, open + 1))
    at = end
  }

  private mutating func closeInterpolation(open: Int, colon: Int?) {
    let expression = Span(open + 1, colon ?? at)
    let format = colon.map { source.text(Span($0 + 1, at)) }
    at += 1
    flush()
    if source.text(expression).allSatisfy(\.isWhitespace) {
      report(
        Fault(.parse, "an empty `{}` in a string", help: "write an expression in it, or `{{}}` for the two braces"),
        Span(open, at))
    } else {
      parts.append(.expression(expression, format: format))
    }
  }

  /// A `"""` block loses the indentation that all its lines share, and the blanks before the closing quotes.
  private mutating func removeIndentation() {
    var pieces = parts
    if case .text(let last)? = pieces.last, let newline = last.lastIndex(of: "\n"),
      last[last.index(after: newline)...].allSatisfy({ $0 == " " })
    {
      pieces[pieces.count - 1] = .text(String(last[..<newline]))
    }
    var indentation = Int.max
    var atLineStart = true
    var blanks = 0
    for piece in pieces {
      guard case .text(let text) = piece else {
        if atLineStart { indentation = min(indentation, blanks) }
        atLineStart = false
        continue
      }
      for character in text {
        if character == "\n" {
          atLineStart = true
          blanks = 0
        } else if atLineStart, character == " " {
          blanks += 1
        } else if atLineStart {
          indentation = min(indentation, blanks)
          atLineStart = false
        }
      }
    }
    if indentation == 0 || indentation == Int.max {
      parts = pieces
      return
    }
    var toSkip = indentation
    parts = pieces.map { piece in
      guard case .text(let text) = piece else {
        toSkip = 0
        return piece
      }
      var kept = ""
      for character in text {
        if character == "\n" {
          toSkip = indentation
          kept.append(character)
        } else if toSkip > 0, character == " " {
          toSkip -= 1
        } else {
          toSkip = 0
          kept.append(character)
        }
      }
      return .text(kept)
    }
  }
}
