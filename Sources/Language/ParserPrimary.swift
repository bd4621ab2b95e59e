import Faults

/// Literals, names, brackets, and the forms that begin with a word.
extension Parser {
  mutating func parsePrimary() throws(Failed) -> NodeID {
    let token = current
    switch token.kind {
    case .int(let value): return leaf(.int(value))
    case .float(let value): return leaf(.float(value))
    case .quantity(let value, let unit): return leaf(.quantity(value, unit: unit))
    case .string(let parts): return try parseString(parts)
    case .name(let name): return try parseName(name)
    case .keyword(.nil): return leaf(.nilLiteral)
    case .keyword(.true): return leaf(.bool(true))
    case .keyword(.false): return leaf(.bool(false))
    case .keyword(.if): return try parseIf()
    case .keyword(.match): return try parseMatch()
    case .keyword(.try): return try parseTry()
    case .symbol("("): return try parseParentheses()
    case .symbol("["): return try parseList()
    case .symbol("{"): return isMapAhead() ? try parseMap() : try parseBlock("")
    case .keyword(.not):
      throw unexpected("`not` cannot stand here", help: "put it in parentheses: `(not x)`")
    case .keyword(.else), .keyword(.catch):
      throw unexpected("expected an expression", help: "at the prompt it stands on the line of the brace before it: `} else {`")
    default:
      throw unexpected("expected an expression")
    }
  }

  private mutating func leaf(_ node: Node) -> NodeID {
    let span = current.span
    advance()
    return add(node, span)
  }

  private mutating func parseName(_ name: String) throws(Failed) -> NodeID {
    let span = current.span
    let known = [
      "None": "nil", "True": "true", "False": "false", "null": "nil", "nothing": "nil", "NULL": "nil", "nullptr": "nil",
    ]
    if let here = known[name], token(after: 1).kind != .symbol("=") || token(after: 1).kind == .symbol("==") {
      throw fail(Fault(.parse, "`\(name)` is not a word of the language", label: "written `\(here)`", help: "write `\(here)`"), span)
    }
    return leaf(.name(name))
  }

  // MARK: strings

  private mutating func parseString(_ parts: [StringPart]) throws(Failed) -> NodeID {
    let span = current.span
    advance()
    if parts.isEmpty { return add(.string(""), span) }
    if parts.count == 1, case .text(let text) = parts[0] { return add(.string(text), span) }
    var pieces: [InterpolationPart] = []
    for part in parts {
      switch part {
      case .text(let text): pieces.append(.text(text))
      case .expression(let place, let format):
        pieces.append(.value(try parseEmbedded(place), format: format))
      }
    }
    return add(.interpolation(pieces), span)
  }

  /// Parses an expression inside a string, in the same tree and with its true place.
  private mutating func parseEmbedded(_ place: Span) throws(Failed) -> NodeID {
    var inner = Parser(source, in: place)
    swap(&inner.tree, &tree)
    inner.depth = depth
    inner.ignoresNewlines = true
    let result: Result<NodeID, Failed>
    do throws(Failed) {
      let node = try inner.parseExpression()
      if inner.kind != .end { throw inner.unexpected("expected `}` after the expression in a string", help: "a format stands behind a colon: `{x:.3}`") }
      result = .success(node)
    } catch {
      result = .failure(error)
    }
    swap(&inner.tree, &tree)
    diagnostics += inner.diagnostics
    return try result.get()
  }

  // MARK: brackets

  private mutating func parseParentheses() throws(Failed) -> NodeID {
    let open = current.span
    advance()
    var elements: [NodeID] = []
    var hasComma = false
    try withNewlines(ignored: true) { (parser) throws(Failed) in
      while !parser.isSymbol(")") {
        elements.append(try parser.parseExpression())
        if !parser.accept(",") { break }
        hasComma = true
      }
      if !parser.isSymbol(")") {
        if parser.kind == .end || parser.startsLine { throw parser.unclosed("(", at: open) }
        throw parser.unexpected("expected `)`")
      }
    }
    skipNewlines()
    let span = open.joined(tokens[at].span)
    advance()
    if elements.count == 1, !hasComma { return elements[0] }
    return add(.tuple(elements), span)
  }

  private mutating func parseList() throws(Failed) -> NodeID {
    let open = current.span
    advance()
    var elements: [ListElement] = []
    var clauses: [ComprehensionClause] = []
    try withNewlines(ignored: true) { (parser) throws(Failed) in
      while !parser.isSymbol("]") {
        if parser.accept("..") {
          elements.append(.spread(try parser.parseExpression()))
        } else {
          elements.append(.value(try parser.parseExpression()))
        }
        if elements.count == 1, parser.isKeyword(.for) {
          clauses = try parser.parseComprehensionClauses()
          break
        }
        if !parser.accept(",") { break }
      }
      if !parser.isSymbol("]") {
        if parser.startsStatement { throw parser.unclosed("[", at: open) }
        throw parser.unexpected("expected `,` or `]` in the list")
      }
    }
    skipNewlines()
    let span = open.joined(tokens[at].span)
    advance()
    if clauses.isEmpty { return add(.list(elements), span) }
    guard case .value(let body) = elements[0] else {
      throw fail(Fault(.parse, "a comprehension has one value, not a spread"), span)
    }
    return add(.comprehension(body, clauses), span)
  }

  private mutating func parseComprehensionClauses() throws(Failed) -> [ComprehensionClause] {
    var clauses: [ComprehensionClause] = []
    while true {
      if accept(.for) {
        let pattern = try parsePattern(allowsLiterals: false)
        if !accept(.in) {
          let help = isSymbol(",") ? "several names stand in parentheses: `for (a, b) in pairs`" : nil
          throw unexpected("expected `in` in the comprehension", help: help)
        }
        clauses.append(.loop(pattern, try parseExpression()))
      } else if accept(.if) {
        clauses.append(.condition(try parseExpression()))
      } else {
        return clauses
      }
    }
  }

  /// Whether the brace at hand opens a map (`{}`, `{name: …`, `{"key": …`, `{..m`, `{f(x): … for x in xs}`) and not a block.
  mutating func isMapAhead() -> Bool {
    _ = current
    if isMapComprehensionAhead { return true }
    let first = skippingNewlines(from: at + 1)
    let second = skippingNewlines(from: first + 1)
    switch tokens[first].kind {
    case .symbol("}"), .symbol(".."): return true
    case .name, .string, .int, .float, .keyword: return tokens[second].kind == .symbol(":")
    case .symbol("["): return false
    default: return false
    }
  }

  /// Whether the brace at hand opens `{key: value for …}`: a colon behind one expression, and `for` behind that, both in
  /// no bracket of their own.
  private var isMapComprehensionAhead: Bool {
    mutating get {
      var (open, index, hasKey) = (1, skippingNewlines(from: at + 1), false)
      while index < tokens.count {
        switch tokens[index].kind {
        case .symbol("("), .symbol("["), .symbol("{"): open += 1
        case .symbol(")"), .symbol("]"), .symbol("}"):
          open -= 1
          if open == 0 { return false }
        case .symbol(":") where open == 1:
          if hasKey { return false }
          hasKey = true
        case .keyword(.for) where open == 1: return hasKey
        case .newline where open == 1 && !hasKey: return false
        case .symbol(","), .symbol(";"), .symbol("="), .symbol("=>"), .keyword(.let), .keyword(.var), .keyword(.return):
          if open == 1, !hasKey || tokens[index].kind == .symbol(",") { return false }
        case .end: return false
        default: break
        }
        index += 1
      }
      return false
    }
  }

  /// `{key: value for pattern in values if condition}`, where the key is any expression.
  private mutating func parseMapComprehension() throws(Failed) -> NodeID {
    let open = current.span
    advance()
    let parts = try withNewlines(ignored: true) { (parser) throws(Failed) in
      let key = try parser.parseExpression()
      try parser.expect(":", "after the key")
      let value = try parser.parseExpression()
      let clauses = try parser.parseComprehensionClauses()
      if !parser.isSymbol("}") {
        if parser.startsStatement { throw parser.unclosed("{", at: open) }
        throw parser.unexpected("expected `}` behind the loops of the map", help: "one key and one value stand before `for`")
      }
      return (key, value, clauses)
    }
    skipNewlines()
    let span = open.joined(tokens[at].span)
    advance()
    return add(.mapComprehension(key: parts.0, value: parts.1, parts.2), span)
  }

  private mutating func parseMap() throws(Failed) -> NodeID {
    if isMapComprehensionAhead { return try parseMapComprehension() }
    let open = current.span
    advance()
    var entries: [MapEntry] = []
    try withNewlines(ignored: true) { (parser) throws(Failed) in
      while !parser.isSymbol("}") {
        if parser.accept("..") {
          entries.append(.spread(try parser.parseExpression()))
        } else {
          let key = try parser.parseMapKey()
          try parser.expect(":", "after the key")
          entries.append(.pair(key: key, value: try parser.parseExpression()))
        }
        if !parser.accept(",") { break }
      }
      if !parser.isSymbol("}") {
        if parser.startsStatement { throw parser.unclosed("{", at: open) }
        throw parser.unexpected("expected `,` or `}` in the map")
      }
    }
    skipNewlines()
    let span = open.joined(tokens[at].span)
    advance()
    return add(.map(entries), span)
  }

  private mutating func parseMapKey() throws(Failed) -> NodeID {
    switch kind {
    case .name(let name): return leaf(.string(name))
    case .keyword(let keyword): return leaf(.string(keyword.rawValue))
    case .string, .int, .float, .symbol("-"): return try parseUnary()
    case .symbol("("):
      // A computed key stands in parentheses.
      return try parsePrimary()
    default:
      throw unexpected("expected a key", help: "a key is a name, a string or a number; a computed key stands in parentheses")
    }
  }

  // MARK: words

  private mutating func parseIf() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let condition = try parseExpression()
    let then = try parseBlock("after the condition of `if`")
    var otherwise: NodeID?
    let next = skippingNewlines(from: at)
    if tokens[next].kind == .keyword(.else) {
      at = next
      advance()
      if isKeyword(.if) {
        otherwise = try nested { (parser) throws(Failed) in try parser.parseIf() }
      } else {
        otherwise = try parseBlock("after `else`")
      }
    } else if case .name(let word) = tokens[next].kind, ["elif", "elseif", "elsif"].contains(word) {
      at = next
      throw unexpected("expected `else`")
    }
    return add(.conditional(condition, then: then, otherwise: otherwise), spanned(from: start))
  }

  private mutating func parseMatch() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let subject = try parseExpression()
    let open = try expect("{", "after what is matched")
    var arms: [MatchArm] = []
    try withNewlines(ignored: false) { (parser) throws(Failed) in
      while true {
        while parser.kind == .newline || parser.kind == .symbol(",") || parser.kind == .symbol(";") { parser.advance() }
        if parser.accept("}") { break }
        if parser.kind == .end { throw parser.unclosed("{", at: open) }
        arms.append(try parser.parseArm())
        switch parser.kind {
        case .newline, .symbol(","), .symbol(";"), .symbol("}"): break
        case .end: throw parser.unclosed("{", at: open)
        default: throw parser.unexpected("expected `,` or a new line after a case")
        }
      }
    }
    return add(.match(subject, arms), spanned(from: start))
  }

  private mutating func parseArm() throws(Failed) -> MatchArm {
    var patterns = [try parsePattern(allowsLiterals: true)]
    while accept("|") {
      skipNewlines()
      patterns.append(try parsePattern(allowsLiterals: true))
    }
    var condition: NodeID?
    if accept(.if) { condition = try parseArmCondition() }
    try expect("=>", "after the pattern", help: "a case is written `pattern => value`")
    skipNewlines()
    let body: NodeID
    if isSymbol("{"), !isMapAhead() {
      body = try parseBlock("for the case")
    } else {
      body = try parseStatement()
    }
    return MatchArm(pattern: patterns.count == 1 ? patterns[0] : .either(patterns), condition: condition, body: body)
  }

  /// A guard ends at `=>`: `n if n > 3 => n` is no lambda.
  private mutating func parseArmCondition() throws(Failed) -> NodeID {
    try parseOr()
  }

  private mutating func parseTry() throws(Failed) -> NodeID {
    let start = current.span
    advance()
    let body = try parseBlock("after `try`")
    let next = skippingNewlines(from: at)
    guard tokens[next].kind == .keyword(.catch) else {
      throw unexpected("expected `catch` after the block of `try`", help: "write `try { … } catch e { … }`")
    }
    at = next
    advance()
    var name: String?
    var nameSpan = current.span
    if case .name(let word) = kind {
      name = word
      nameSpan = current.span
      advance()
    }
    let handler = try parseBlock("after `catch`")
    return add(.attempt(body, name: name, nameSpan: nameSpan, handler: handler), spanned(from: start))
  }
}
