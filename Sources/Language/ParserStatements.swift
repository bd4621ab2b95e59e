import Faults

extension Parser {
  /// Statements up to a closing brace (left for the caller) or the end of the text.
  mutating func parseStatements(until close: String?) -> [NodeID] {
    var statements: [NodeID] = []
    while true {
      while tokens[at].kind == .newline || tokens[at].kind == .symbol(";") { advance() }
      if tokens[at].kind == .end { break }
      if let close, tokens[at].kind == .symbol(close) { break }
      do {
        let statement = try parseStatement()
        statements.append(statement)
        try endStatement(statement, close: close)
      } catch {
        if diagnostics.count >= Self.mostErrors { at = tokens.count - 1 }
        recover(close: close)
      }
    }
    return statements
  }

  private mutating func endStatement(_ statement: NodeID, close: String?) throws(Failed) {
    switch tokens[at].kind {
    case .newline, .end, .symbol(";"): return
    case .symbol(let text) where text == close: return
    case .symbol("}"):
      let span = tokens[at].span
      advance()
      throw fail(Fault(.parse, "a `}` without its `{`", label: "nothing is open here"), span)
    case _ where endsWithBlock(statement) && foreignHabit(at: at) == nil: return
    default: throw unexpected("expected the end of the statement", help: "put one statement on a line, or `;` between two")
    }
  }

  /// Whether a statement ended with the brace of a block, behind which the next may stand on the same line.
  private func endsWithBlock(_ statement: NodeID) -> Bool {
    guard at > 0, tokens[at - 1].kind == .symbol("}") else { return false }
    switch tree[statement] {
    case .loop, .whileLoop, .conditional, .match, .attempt, .block, .function, .test, .neuron: return true
    default: return false
    }
  }

  /// Skips to where the next statement can begin.
  private mutating func recover(close: String?) {
    var open = 0
    while tokens[at].kind != .end {
      switch tokens[at].kind {
      case .symbol("{"), .symbol("("), .symbol("["): open += 1
      case .symbol("}"), .symbol(")"), .symbol("]"):
        if open == 0, close != nil, tokens[at].kind == .symbol("}") { return }
        open = max(0, open - 1)
      case .newline where open == 0: return
      default: break
      }
      advance()
    }
  }

  mutating func parseStatement() throws(Failed) -> NodeID {
    try nested { (parser) throws(Failed) in try parser.parseStatementBody() }
  }

  private mutating func parseStatementBody() throws(Failed) -> NodeID {
    let start = current.span
    switch current.kind {
    case .keyword(.let), .keyword(.var): return try parseBinding()
    case .keyword(.fn):
      if case .name = token(after: 1).kind { return try parseFunction() }
    case .keyword(.return):
      advance()
      let value = endsStatement ? nil : try parseExpression()
      return add(.returning(value), spanned(from: start))
    case .keyword(.break):
      advance()
      return add(.breaking, start)
    case .keyword(.continue):
      advance()
      return add(.continuing, start)
    case .keyword(.throw):
      advance()
      let value = try parseExpression()
      return add(.throwing(value), spanned(from: start))
    case .keyword(.assert): return try parseAssertion()
    case .keyword(.for): return try parseFor()
    case .keyword(.while):
      advance()
      let condition = try parseExpression()
      let body = try parseBlock("after the condition of `while`")
      return add(.whileLoop(condition, body: body), spanned(from: start))
    case .name("test"):
      if case .string(let parts) = token(after: 1).kind, token(after: 2).kind == .symbol("{") {
        return try parseTest(parts)
      }
    case .name("use"):
      switch token(after: 1).kind {
      case .name, .string: return try parseUse()
      default: break
      }
    case .name("neuron"):
      if case .name = token(after: 1).kind { return try parseNeuron() }
    case .name(let word):
      if let habit = foreignStatement(word) { throw habit }
    default: break
    }
    return try parseExpressionStatement()
  }

  /// Other languages' statement words, where a plain name could not be followed by what follows.
  private mutating func foreignStatement(_ word: String) -> Failed? {
    let next = token(after: 1).kind
    let standsAlone = next == .newline || next == .end
    let words = ["def", "function", "func", "import", "from", "using", "const", "class", "struct", "switch", "raise", "del", "elif", "elseif"]
    let isFollowedByName: Bool
    switch next {
    case .name, .string, .int: isFollowedByName = true
    default: isFollowedByName = false
    }
    guard (words.contains(word) && isFollowedByName) || (["end", "pass"].contains(word) && standsAlone) else { return nil }
    guard let habit = foreignHabit(at: at) else { return nil }
    return fail(Fault(.parse, habit.title, label: "found `\(word)`", help: habit.help), current.span)
  }

  var endsStatement: Bool {
    mutating get {
      switch current.kind {
      case .newline, .end, .symbol(";"), .symbol("}"), .symbol(","), .symbol(")"), .symbol("]"): true
      default: false
      }
    }
  }

  func spanned(from start: Span) -> Span {
    Span(start.start, max(start.end, at > 0 ? tokens[at - 1].span.end : start.end))
  }

  // MARK: bindings

  private mutating func parseBinding() throws(Failed) -> NodeID {
    let start = current.span
    let isVariable = isKeyword(.var)
    let documentation = documentation[at]
    advance()
    let pattern = try parsePattern(allowsLiterals: false)
    try expect("=", "after the name", help: "a binding has a value from the start: `\(isVariable ? "var" : "let") x = 0`")
    skipNewlines()
    let value = try parseExpression()
    let node = Node.binding(pattern, value: value, isVariable: isVariable, documentation: documentation)
    return add(node, spanned(from: start))
  }

  mutating func parsePattern(allowsLiterals: Bool) throws(Failed) -> Pattern {
    try nested { (parser) throws(Failed) in try parser.parsePatternBody(allowsLiterals: allowsLiterals) }
  }

  private mutating func parsePatternBody(allowsLiterals: Bool) throws(Failed) -> Pattern {
    let token = current
    switch token.kind {
    case .name(let name):
      advance()
      return name == "_" ? .ignore : .name(name, token.span)
    case .symbol("("):
      advance()
      let (parts, span) = try parsePatternList(close: ")", from: token.span, allowsLiterals: allowsLiterals)
      return .tuple(parts, span)
    case .symbol("["):
      advance()
      let (parts, span) = try parsePatternList(close: "]", from: token.span, allowsLiterals: allowsLiterals)
      return .list(parts, span)
    default:
      if allowsLiterals { return .literal(try parseUnary()) }
      let name = try expectName("a name, or names in parentheses as `(a, b)`")
      return .name(name.0, name.1)
    }
  }

  private mutating func parsePatternList(
    close: String, from start: Span, allowsLiterals: Bool
  ) throws(Failed) -> ([Pattern], Span) {
    var parts: [Pattern] = []
    try withNewlines(ignored: true) { (parser) throws(Failed) in
      while !parser.isSymbol(close) {
        let span = parser.current.span
        if parser.accept("..") {
          if case .name(let name) = parser.kind {
            parser.advance()
            parts.append(.rest(name == "_" ? nil : name, parser.spanned(from: span)))
          } else {
            parts.append(.rest(nil, span))
          }
          if parser.isSymbol(",") {
            throw parser.unexpected("`..rest` must be the last of a pattern")
          }
          break
        }
        parts.append(try parser.parsePattern(allowsLiterals: allowsLiterals))
        if !parser.accept(",") { break }
      }
    }
    let end = try withNewlines(ignored: true) { (parser) throws(Failed) in
      try parser.expect(close, "at the end of the pattern")
    }
    return (parts, start.joined(end))
  }

  // MARK: functions

  private mutating func parseFunction() throws(Failed) -> NodeID {
    let start = current.span
    let documentation = documentation[at]
    advance()
    let (name, nameSpan) = try expectName("the function")
    let parameters = try parseParameters()
    let body = try parseFunctionBody(isDefinition: true)
    let function = FunctionTree(
      name: name, nameSpan: nameSpan, parameters: parameters, body: body, documentation: documentation)
    return add(.function(function), spanned(from: start))
  }

  /// A definition's `=>` takes the whole line, pipelines too; a lambda's ends where a pipeline goes on.
  mutating func parseFunctionBody(isDefinition: Bool = false) throws(Failed) -> NodeID {
    if accept("=>") {
      skipNewlines()
      return try parseBody(isWhole: isDefinition)
    }
    return try parseBlock("or `=>` for the function's body")
  }

  mutating func parseParameters() throws(Failed) -> [Parameter] {
    try expect("(", "before the parameters")
    return try withNewlines(ignored: true) { (parser) throws(Failed) in
      var parameters: [Parameter] = []
      while !parser.isSymbol(")") {
        let isRest = parser.accept("..")
        let pattern = isRest ? nil : try parser.parseParameterPattern()
        let name: String
        let span: Span
        if let pattern {
          (name, span) = (parser.source.text(pattern.1), pattern.1)
        } else {
          (name, span) = try parser.expectName("a parameter's name")
        }
        if parameters.contains(where: { $0.name == name && name != "_" }) {
          throw parser.fail(Fault(.parse, "two parameters are named `\(name)`", label: "the second"), span)
        }
        if parameters.last?.isRest == true {
          throw parser.fail(Fault(.parse, "`..rest` must be the last parameter"), span)
        }
        var value: NodeID?
        if parser.accept("=") {
          value = try parser.parseExpression()
        } else if !isRest, parameters.last?.defaultValue != nil {
          throw parser.fail(
            Fault(.parse, "`\(name)` needs a default", label: "a parameter with a default stands before it",
              help: "put the parameters without a default first"), span)
        }
        parameters.append(Parameter(name: name, span: span, pattern: pattern?.0, defaultValue: value, isRest: isRest))
        if !parser.accept(",") { break }
      }
      try parser.expect(")", "after the parameters", help: "parameters are separated by commas")
      return parameters
    }
  }

  /// `(a, b)` or `[a, ..rest]` in a parameter's place: what the argument is taken apart by.
  private mutating func parseParameterPattern() throws(Failed) -> (Pattern, Span)? {
    guard isSymbol("(") || isSymbol("[") else { return nil }
    switch try parsePattern(allowsLiterals: false) {
    case .tuple(let parts, let span): return (.tuple(parts, span), span)
    case .list(let parts, let span): return (.list(parts, span), span)
    default: return nil
    }
  }

  mutating func parseBlock(_ place: String) throws(Failed) -> NodeID {
    let start = current.span
    try expect("{", place, help: "blocks stand in braces: `{ … }`")
    return try nested { (parser) throws(Failed) in
      try parser.withNewlines(ignored: false) { (parser) throws(Failed) in
        let statements = parser.parseStatements(until: "}")
        let end = parser.current.span
        if parser.isSymbol("}") {
          parser.advance()
        } else {
          throw parser.unclosed("{", at: start)
        }
        return parser.add(.block(statements), start.joined(end))
      }
    }
  }

  /// Whether the current token is the first of its line.
  var startsLine: Bool {
    mutating get {
      _ = current
      return at > 0 && tokens[at - 1].kind == .newline
    }
  }

  /// Whether a bracket that is still open was forgotten: the text ends, or a line begins as only a statement can.
  var startsStatement: Bool {
    mutating get {
      switch current.kind {
      case .end: return true
      case .keyword(.let), .keyword(.var), .keyword(.while), .keyword(.return), .keyword(.assert): return startsLine
      default: return false
      }
    }
  }

  mutating func unclosed(_ bracket: String, at start: Span) -> Failed {
    if current.kind == .end { isIncomplete = isIncomplete || diagnostics.isEmpty }
    let close = ["{": "}", "(": ")", "[": "]"][bracket] ?? bracket
    return fail(
      Fault(.parse, "unclosed `\(bracket)`", label: "opened here", help: "close it with `\(close)`"),
      Span(start.start, start.start + 1))
  }

  // MARK: loops, tests, modules

  private mutating func parseFor() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let pattern = try parsePattern(allowsLiterals: false)
    if !accept(.in) {
      let help = isSymbol(",") ? "several names stand in parentheses: `for (a, b) in pairs { … }`" : "write `for x in xs { … }`"
      throw unexpected("expected `in` after the name of `for`", help: help)
    }
    let iterable = try parseExpression()
    let body = try parseBlock("after what `for` goes through")
    return add(.loop(pattern, iterable, body: body), spanned(from: start))
  }

  private mutating func parseAssertion() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let condition = try parseExpression()
    var message: NodeID?
    if accept(",") {
      skipNewlines()
      message = try parseExpression()
    }
    return add(.assertion(condition, message: message), spanned(from: start))
  }

  private mutating func parseTest(_ parts: [StringPart]) throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let name = plainText(parts)
    advance()
    let body = try parseBlock("after the test's name")
    return add(.test(name, body: body), spanned(from: start))
  }

  /// The literal text of a string that needs no evaluation, such as a test's name.
  func plainText(_ parts: [StringPart]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .expression(let span, _): "{\(source.text(span))}"
      }
    }.joined()
  }

  private mutating func parseUse() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let token = current
    advance()
    var path = ""
    var isFile = false
    switch token.kind {
    case .name(let name): path = name
    case .string(let parts):
      path = plainText(parts)
      isFile = true
    default: break
    }
    var alias = isFile ? moduleName(ofPath: path) : path
    var aliasSpan = token.span
    if kind == .name("as") {
      advance()
      (alias, aliasSpan) = try expectName("the module")
    }
    return add(.use(path: path, isFile: isFile, alias: alias, aliasSpan: aliasSpan), spanned(from: start))
  }

  private func moduleName(ofPath path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.hasSuffix(".snn") ? file.dropLast(4) : file)
  }
}
