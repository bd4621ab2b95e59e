import Faults

/// Parses a whole source. Errors are collected, at most twenty; parsing goes on at the next statement.
public func parse(_ source: SourceText) -> ParseResult {
  var parser = Parser(source)
  return parser.parseProgram()
}

/// A recursive-descent parser over the token array. Statements are in `ParserStatements.swift`, expressions in
/// `ParserExpressions.swift`; this file holds what both stand on.
struct Parser {
  /// Thrown after an error has been recorded; caught where parsing can go on.
  struct Failed: Error {}

  static let deepest = 200
  static let longestChain = 1000
  static let mostErrors = 20

  var tree: Tree
  var tokens: [Token]
  let documentation: [Int: String]
  var at = 0
  var diagnostics: [Diagnostic]
  var isIncomplete: Bool
  /// Inside brackets a newline is a blank.
  var ignoresNewlines = false
  var depth = 0

  var source: SourceText { tree.source }

  init(_ source: SourceText, in span: Span? = nil) {
    var lexer = Lexer(source, in: span)
    lexer.run()
    tree = Tree(source: source)
    tokens = lexer.tokens
    documentation = lexer.documentation
    diagnostics = lexer.diagnostics
    isIncomplete = lexer.ranOut
  }

  mutating func parseProgram() -> ParseResult {
    tree.statements = parseStatements(until: nil)
    diagnostics.sort { $0.span.start < $1.span.start }
    // Where nesting was too deep, parsing stopped: the brackets left open are no errors of their own.
    if let limit = diagnostics.first(where: { $0.fault.kind == .limit }) { diagnostics = [limit] }
    if diagnostics.count > Self.mostErrors { diagnostics.removeLast(diagnostics.count - Self.mostErrors) }
    return ParseResult(tree: tree, diagnostics: diagnostics, isIncomplete: isIncomplete)
  }

  // MARK: tokens

  var current: Token {
    mutating get {
      if ignoresNewlines { while tokens[at].kind == .newline { at += 1 } }
      return tokens[at]
    }
  }

  var kind: TokenKind { mutating get { current.kind } }

  /// The token some places after the current one; newlines count.
  func token(after offset: Int) -> Token { tokens[min(at + offset, tokens.count - 1)] }

  /// The index of the first token at or after `index` that is no newline.
  func skippingNewlines(from index: Int) -> Int {
    var index = min(index, tokens.count - 1)
    while tokens[index].kind == .newline { index += 1 }
    return index
  }

  mutating func advance() { if at < tokens.count - 1 { at += 1 } }

  mutating func skipNewlines() { while tokens[at].kind == .newline { at += 1 } }

  mutating func isSymbol(_ text: String) -> Bool { kind == .symbol(text) }
  mutating func isKeyword(_ keyword: Keyword) -> Bool { kind == .keyword(keyword) }

  mutating func accept(_ text: String) -> Bool {
    if isSymbol(text) {
      advance()
      return true
    }
    return false
  }

  mutating func accept(_ keyword: Keyword) -> Bool {
    if isKeyword(keyword) {
      advance()
      return true
    }
    return false
  }

  @discardableResult
  mutating func expect(_ text: String, _ what: String, help: String? = nil) throws(Failed) -> Span {
    let token = current
    if token.kind == .symbol(text) {
      advance()
      return token.span
    }
    throw unexpected("expected `\(text)` \(what)", help: help)
  }

  mutating func expectName(_ what: String) throws(Failed) -> (String, Span) {
    let token = current
    if case .name(let name) = token.kind {
      advance()
      return (name, token.span)
    }
    if case .keyword(let keyword) = token.kind {
      throw fail(
        Fault(.parse, "`\(keyword.rawValue)` cannot be a name", label: "a word of the language", help: "choose another name for \(what)"),
        token.span)
    }
    throw unexpected("expected \(what)", knowsHabits: false)
  }

  // MARK: errors

  mutating func fail(_ fault: Fault, _ span: Span) -> Failed {
    diagnostics.append(Diagnostic(fault, in: source, at: span))
    return Failed()
  }

  /// Reports the current token; the message knows what people write in other languages.
  ///
  /// Where only a name can stand, what other languages write there says nothing.
  mutating func unexpected(_ title: String, help: String? = nil, knowsHabits: Bool = true) -> Failed {
    let token = current
    if token.kind == .end {
      isIncomplete = isIncomplete || diagnostics.isEmpty
      return fail(Fault(.parse, title, label: "the text ends here", help: help), token.span)
    }
    let habit = knowsHabits ? foreignHabit(at: at) : nil
    return fail(
      Fault(.parse, habit?.title ?? title, label: "found \(describe(token.kind))", help: habit?.help ?? help), token.span)
  }

  func describe(_ kind: TokenKind) -> String {
    switch kind {
    case .int(let value): "`\(value)`"
    case .float(let value): "`\(value)`"
    case .quantity(let value, let unit): "`\(value)\(unit)`"
    case .string: "a string"
    case .name(let name): "`\(name)`"
    case .keyword(let keyword): "`\(keyword.rawValue)`"
    case .symbol(let text): "`\(text)`"
    case .newline: "the end of the line"
    case .end: "the end of the text"
    }
  }

  // MARK: nodes

  mutating func add(_ node: Node, _ span: Span) -> NodeID {
    tree.nodes.append(node)
    tree.spans.append(span)
    return NodeID(index: tree.nodes.count - 1)
  }

  /// Runs a nested parse with newlines as blanks (inside brackets) or as statement ends (inside blocks).
  mutating func withNewlines<Result>(
    ignored: Bool, _ body: (inout Parser) throws(Failed) -> Result
  ) throws(Failed) -> Result {
    let saved = ignoresNewlines
    ignoresNewlines = ignored
    defer { ignoresNewlines = saved }
    return try body(&self)
  }

  /// Counts nesting, so that hostile input ends in a message and not in a stack overflow.
  mutating func nested<Result>(_ body: (inout Parser) throws(Failed) -> Result) throws(Failed) -> Result {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest {
      let span = current.span
      at = tokens.count - 1
      throw fail(
        Fault(
          .limit, "nested too deeply", label: "more than \(Self.deepest) levels",
          help: "give the inner parts names with `let`"), span)
    }
    return try body(&self)
  }
}
