import Faults

/// Turns source bytes into tokens. Errors are collected, never thrown: the parser goes on behind them.
struct Lexer {
  let source: SourceText
  private let bytes: [UInt8]
  private let end: Int
  private var at: Int
  private(set) var tokens: [Token] = []
  private(set) var diagnostics: [Diagnostic] = []
  /// Whether the text ended inside a form that more lines could complete.
  private(set) var ranOut = false
  /// `##` comments, by the index of the token that they stand above.
  private(set) var documentation: [Int: String] = [:]
  private var pendingDocumentation: [String] = []

  init(_ source: SourceText, in span: Span? = nil) {
    self.source = source
    bytes = source.bytes
    at = span?.start ?? 0
    end = span?.end ?? source.bytes.count
  }

  private func byte(_ offset: Int = 0) -> UInt8 { at + offset < end ? bytes[at + offset] : 0 }

  mutating func run() {
    if at == 0, byte() == UInt8(ascii: "#"), byte(1) == UInt8(ascii: "!") { skipLine() }
    while at < end { lexOne() }
    tokens.append(Token(kind: .end, span: Span(end, end)))
  }

  private mutating func lexOne() {
    let start = at
    let first = byte()
    switch first {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
      at += 1
    case UInt8(ascii: "\n"):
      at += 1
      emit(.newline, from: start)
    case UInt8(ascii: "\\") where byte(1) == UInt8(ascii: "\n"):
      at += 2
    case UInt8(ascii: "#"):
      lexComment()
    case UInt8(ascii: "\""):
      lexString(raw: false)
    case UInt8(ascii: "r") where byte(1) == UInt8(ascii: "\""):
      at += 1
      lexString(raw: true)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      lexNumber()
    case UInt8(ascii: "."):
      if isDigit(byte(1)), !isAfterOperand() { lexNumber() } else { lexSymbol() }
    case _ where isNameStart(first):
      lexName()
    case _ where first >= 0x80:
      lexUnicode()
    default:
      lexSymbol()
    }
  }

  private mutating func emit(_ kind: TokenKind, from start: Int) {
    if kind != .newline, !pendingDocumentation.isEmpty {
      documentation[tokens.count] = pendingDocumentation.joined(separator: "\n")
      pendingDocumentation = []
    }
    tokens.append(Token(kind: kind, span: Span(start, at)))
  }

  private mutating func report(_ fault: Fault, _ span: Span) {
    diagnostics.append(Diagnostic(fault, in: source, at: span))
  }

  private mutating func skipLine() {
    while at < end, byte() != UInt8(ascii: "\n") { at += 1 }
  }

  private mutating func lexComment() {
    let start = at
    skipLine()
    guard bytes[start..<at].starts(with: Array("##".utf8)) else {
      return
    }
    var text = source.text(Span(start + 2, at))
    if text.hasPrefix(" ") { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    pendingDocumentation.append(text)
  }

  // MARK: names

  private mutating func lexName() {
    let start = at
    while at < end, isNamePart(byte()) { at += 1 }
    let text = source.text(Span(start, at))
    if let keyword = Keyword(rawValue: text) { emit(.keyword(keyword), from: start) } else { emit(.name(text), from: start) }
  }

  private mutating func lexUnicode() {
    let start = at
    at += 1
    while at < end, bytes[at] & 0xC0 == 0x80 { at += 1 }
    let character = source.text(Span(start, at))
    if let known = Self.lookalikes[character] {
      report(Fault(.parse, "unexpected character `\(character)`", help: "write `\(known)`"), Span(start, at))
    } else {
      report(Fault(.parse, "unexpected character `\(character)`", label: "not part of the language"), Span(start, at))
    }
  }

  private static let lookalikes = [
    "“": "\"", "”": "\"", "‘": "\"", "’": "\"", "−": "-", "–": "-", "×": "*", "÷": "/", "≤": "<=", "≥": ">=",
    "≠": "!=", "→": "=>", "⇒": "=>", "…": "..",
  ]

  private func isNameStart(_ byte: UInt8) -> Bool {
    if byte >= 0x80 { return startsUnicodeName() }
    return isLetter(byte) || byte == UInt8(ascii: "_")
  }

  /// Letters of any script may begin a name; symbols such as `×` and typographic quotes may not.
  private func startsUnicodeName() -> Bool {
    var length = 1
    while at + length < end, bytes[at + length] & 0xC0 == 0x80 { length += 1 }
    guard let scalar = source.text(Span(at, at + length)).unicodeScalars.first else { return false }
    return scalar.properties.isXIDStart || scalar.properties.isXIDContinue
  }

  private func isNamePart(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
      || (byte >= 0xC0 && startsUnicodeName()) || (byte >= 0x80 && byte < 0xC0)
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  // MARK: numbers

  private mutating func lexNumber() {
    let start = at
    if byte() == UInt8(ascii: "0"), let radix = radix(of: byte(1)) { return lexInteger(radix: radix, from: start) }
    var isFloat = false
    skipDigits()
    if byte() == UInt8(ascii: "."), isDigit(byte(1)) {
      isFloat = true
      at += 1
      skipDigits()
    }
    let sign = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+") ? 1 : 0
    if byte() | 0x20 == UInt8(ascii: "e"), isDigit(byte(1 + sign)) {
      isFloat = true
      at += 1 + sign
      skipDigits()
    }
    let text = source.text(Span(start, at)).filter { $0 != "_" }
    let unitStart = at
    if isNameStart(byte()) { while at < end, isNamePart(byte()) { at += 1 } }
    if unitStart < at { return emitQuantity(text, from: start, unitStart: unitStart) }
    if isFloat { return emit(.float(Double(text) ?? .nan), from: start) }
    guard let value = Int(text) else {
      at = unitStart
      report(
        Fault(
          .value, "integer too large", label: "an int is 64 bits",
          help: "the largest is 9223372036854775807; write \(text).0 for a float"), Span(start, at))
      return emit(.int(0), from: start)
    }
    emit(.int(value), from: start)
  }

  private mutating func emitQuantity(_ number: String, from start: Int, unitStart: Int) {
    let unit = source.text(Span(unitStart, at))
    if !isUnit(unit) {
      report(
        Fault(
          .unit, "unknown unit `\(unit)`", label: "a number followed at once by a name is a quantity",
          help: didYouMean(unit, among: unitNames) ?? "put an operator or a space between the number and the name"),
        Span(unitStart, at))
    }
    emit(.quantity(Double(number) ?? .nan, unit: unit), from: start)
  }

  private func radix(of byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "x"), UInt8(ascii: "X"): 16
    case UInt8(ascii: "b"): 2
    case UInt8(ascii: "o"): 8
    default: nil
    }
  }

  private mutating func lexInteger(radix: Int, from start: Int) {
    at += 2
    while at < end, isNamePart(byte()) { at += 1 }
    let digits = source.text(Span(start + 2, at)).filter { $0 != "_" }
    if let value = Int(digits, radix: radix) { return emit(.int(value), from: start) }
    report(Fault(.parse, "not a number in base \(radix)", label: "found `\(digits)`"), Span(start, at))
    emit(.int(0), from: start)
  }

  private mutating func skipDigits() {
    while at < end, isDigit(byte()) || (byte() == UInt8(ascii: "_") && isDigit(byte(1))) { at += 1 }
  }

  private func isAfterOperand() -> Bool {
    guard let last = tokens.last, last.span.end == at else { return false }
    switch last.kind {
    case .name, .int, .float, .quantity, .string: return true
    case .symbol(let text): return text == ")" || text == "]" || text == "}"
    default: return false
    }
  }

  // MARK: strings

  private mutating func lexString(raw: Bool) {
    var scanner = StringScanner(source: source, at: at, end: end, raw: raw)
    scanner.run()
    let start = raw ? at - 1 : at
    at = scanner.at
    diagnostics += scanner.diagnostics
    if scanner.ranOut { ranOut = true }
    emit(.string(scanner.parts), from: start)
  }

  // MARK: operators

  private static let symbols: [String] = [
    "...", "**=", "//=", "===", "!==", "<<", ">>", "|>", "=>", "->", "..", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "^=",
    "@=", "//", "**", "&&", "||", "~=", "<>", "++", "--", ".*", "./", ".^", ".+", ".-", ":=", "::", "+", "-", "*", "/", "%", "@", "^",
    "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ";", ".", "|", "!", "?", "&", "~", "'", "$", "`",
  ]
  private static let symbolBytes = symbols.map { (text: $0, bytes: Array($0.utf8)) }

  private mutating func lexSymbol() {
    let start = at
    for symbol in Self.symbolBytes where matches(symbol.bytes) {
      at += symbol.bytes.count
      return emit(.symbol(symbol.text), from: start)
    }
    at += 1
    let code = bytes[start]
    let isControl = code < 0x20 || code == 0x7F
    let shown = isControl ? "with code \(code)" : "`\(source.text(Span(start, at)))`"
    let help = isControl ? "this looks like a binary file, not a script" : nil
    report(Fault(.parse, "unexpected character \(shown)", help: help), Span(start, at))
    // One message says it; a binary file would give a thousand.
    if isControl { at = end }
  }

  private func matches(_ symbol: [UInt8]) -> Bool {
    guard at + symbol.count <= end else { return false }
    for (offset, byte) in symbol.enumerated() where bytes[at + offset] != byte { return false }
    return true
  }
}
