import Faults

/// Expressions, loosest first: `|>`, `=>`, `or`, `and`, `not`, comparisons, `..`, `+ -`, `* / // % @`, unary `-`,
/// `^`, then calls, indices and members.
///
/// `|>` takes everything on its left, and one stage on its right; operators behind a stage work on what the pipeline
/// gives: `a + b |> f > 0` is `f(a + b) > 0`. The functions of the operators therefore take a `first` operand that may
/// have been read already.
extension Parser {
  static let compoundAssignments: [String: BinaryOperator] = [
    "+=": .add, "-=": .subtract, "*=": .multiply, "/=": .divide, "//=": .floorDivide, "%=": .remainder,
    "@=": .matrixProduct, "^=": .power,
  ]

  mutating func parseExpression() throws(Failed) -> NodeID {
    try nested { (parser) throws(Failed) in try parser.parsePipeline() }
  }

  mutating func parseExpressionStatement() throws(Failed) -> NodeID {
    let target = try parseExpression()
    guard case .symbol(let text) = kind else { return target }
    let operation = Self.compoundAssignments[text]
    guard text == "=" || operation != nil else { return target }
    switch tree[target] {
    case .name, .index, .member: break
    case .tuple(let targets) where operation == nil: return try parseAssignment(to: targets, in: tree.span(target))
    case .tuple, .list:
      throw fail(
        Fault(.parse, "only a name, an element or a member can be assigned", label: "these are several",
          help: "take values apart with `let (a, b) = …`"), tree.span(target))
    default:
      throw fail(
        Fault(.parse, "this cannot be assigned", label: "not a name, an element or a member", help: "`==` compares"),
        tree.span(target))
    }
    advance()
    skipNewlines()
    let value = try parseExpression()
    return add(.assign(target, operation, value), tree.span(target).joined(tree.span(value)))
  }

  /// `(a, b) = (b, a)` is `{ let (x, y) = (b, a); a = x; b = y }` with names that no program can write.
  private mutating func parseAssignment(to targets: [NodeID], in span: Span) throws(Failed) -> NodeID {
    advance()
    skipNewlines()
    let value = try parseExpression()
    let whole = span.joined(tree.span(value))
    let names = targets.indices.map { "(value \($0))" }
    let pattern = Pattern.tuple(zip(names, targets).map { .name($0, tree.span($1)) }, span)
    var statements = [add(.binding(pattern, value: value, isVariable: false, documentation: nil), whole)]
    for (name, target) in zip(names, targets) {
      switch tree[target] {
      case .name, .index, .member: break
      default:
        throw fail(
          Fault(.parse, "this cannot be assigned", label: "not a name, an element or a member"), tree.span(target))
      }
      let part = add(.name(name), tree.span(target))
      statements.append(add(.assign(target, nil, part), whole))
    }
    return add(.block(statements), whole)
  }

  // MARK: pipelines and lambdas

  private mutating func parsePipeline() throws(Failed) -> NodeID {
    var left = try parseLambda()
    var length = 0
    while continues(with: "|>") {
      advance()
      skipNewlines()
      let right = try parseStage()
      left = add(.pipe(left, right), tree.span(left).joined(tree.span(right)))
      try limitChain(&length, left)
      left = try parseOr(first: left)
    }
    return left
  }

  /// What a pipeline goes into: a function, a call, a member of a map, or a lambda, which reaches to the next `|>`.
  private mutating func parseStage() throws(Failed) -> NodeID {
    if let lambda = try parseLambdaIfAny() { return lambda }
    return try parsePostfix()
  }

  /// Whether the next token, perhaps on a later line, is the symbol; moves to it when so.
  private mutating func continues(with symbol: String) -> Bool {
    let next = skippingNewlines(from: at)
    guard tokens[next].kind == .symbol(symbol) else { return false }
    at = next
    return true
  }

  private mutating func limitChain(_ length: inout Int, _ node: NodeID) throws(Failed) {
    length += 1
    if length > Self.longestChain {
      throw fail(
        Fault(.limit, "expression too long", label: "more than \(Self.longestChain) operators in a row",
          help: "give parts of it names with `let`"), tree.span(node))
    }
  }

  private mutating func parseLambda() throws(Failed) -> NodeID {
    if let lambda = try parseLambdaIfAny() { return lambda }
    return try parseOr()
  }

  private mutating func parseLambdaIfAny() throws(Failed) -> NodeID? {
    let token = current
    switch token.kind {
    case .name(let name) where tokens[skippingNewlinesIfIgnored(at + 1)].kind == .symbol("=>"):
      advance()
      let parameter = Parameter(name: name, span: token.span, pattern: nil, defaultValue: nil, isRest: false)
      return try parseLambdaBody([parameter], from: token.span)
    case .symbol("(") where isLambdaHead():
      let parameters = try parseParameters()
      return try parseLambdaBody(parameters, from: token.span)
    case .keyword(.fn):
      advance()
      let parameters = try parseParameters()
      let body = try parseFunctionBody()
      return lambda(parameters, body, from: token.span)
    default:
      return nil
    }
  }

  private func skippingNewlinesIfIgnored(_ index: Int) -> Int {
    ignoresNewlines ? skippingNewlines(from: index) : min(index, tokens.count - 1)
  }

  /// Looks past the matching `)` for `=>`.
  private func isLambdaHead() -> Bool {
    var open = 0
    var index = at
    while index < tokens.count {
      switch tokens[index].kind {
      case .symbol("("), .symbol("["), .symbol("{"): open += 1
      case .symbol(")"), .symbol("]"), .symbol("}"):
        open -= 1
        if open == 0 { return tokens[min(index + 1, tokens.count - 1)].kind == .symbol("=>") }
      case .end: return false
      default: break
      }
      index += 1
    }
    return false
  }

  private mutating func parseLambdaBody(_ parameters: [Parameter], from start: Span) throws(Failed) -> NodeID {
    try expect("=>", "after the parameters")
    skipNewlines()
    let body = try parseBody()
    return lambda(parameters, body, from: start)
  }

  private mutating func lambda(_ parameters: [Parameter], _ body: NodeID, from start: Span) -> NodeID {
    let function = FunctionTree(name: nil, nameSpan: start, parameters: parameters, body: body, documentation: nil)
    return add(.lambda(function), start.joined(tree.span(body)))
  }

  /// What stands behind `=>`: a block, or one expression (which a pipeline outside does not belong to).
  mutating func parseBody(isWhole: Bool = false) throws(Failed) -> NodeID {
    if isSymbol("{"), !isMapAhead() { return try parseBlock("for the body") }
    switch kind {
    case .keyword(.throw), .keyword(.return), .keyword(.break), .keyword(.continue), .keyword(.assert):
      return try parseStatement()
    default:
      if isWhole { return try parseExpression() }
      return try nested { (parser) throws(Failed) in try parser.parseLambda() }
    }
  }

  // MARK: operators

  mutating func parseOr(first: NodeID? = nil) throws(Failed) -> NodeID {
    var left = try parseAnd(first: first)
    var length = 0
    while accept(.or) {
      skipNewlines()
      let right = try parseAnd()
      left = add(.or(left, right), tree.span(left).joined(tree.span(right)))
      try limitChain(&length, left)
    }
    return left
  }

  private mutating func parseAnd(first: NodeID? = nil) throws(Failed) -> NodeID {
    var left = try parseNot(first: first)
    var length = 0
    while accept(.and) {
      skipNewlines()
      let right = try parseNot()
      left = add(.and(left, right), tree.span(left).joined(tree.span(right)))
      try limitChain(&length, left)
    }
    return left
  }

  private mutating func parseNot(first: NodeID? = nil) throws(Failed) -> NodeID {
    guard first == nil, isKeyword(.not) else { return try parseComparison(first: first) }
    let start = current.span
    advance()
    let operand = try nested { (parser) throws(Failed) in try parser.parseNot() }
    return add(.unary(.not, operand), start.joined(tree.span(operand)))
  }

  private mutating func comparisonOperator() -> ComparisonOperator? {
    switch kind {
    case .symbol(let text): return ComparisonOperator(rawValue: text)
    case .keyword(.in): return .isIn
    case .keyword(.not) where token(after: 1).kind == .keyword(.in): return .isNotIn
    default: return nil
    }
  }

  private mutating func parseComparison(first: NodeID?) throws(Failed) -> NodeID {
    let first = try parseRange(first: first)
    guard comparisonOperator() != nil else { return first }
    var operands = [first]
    var operators: [ComparisonOperator] = []
    var length = 0
    while let operation = comparisonOperator() {
      advance()
      if operation == .isNotIn { advance() }
      skipNewlines()
      operands.append(try parseRange())
      operators.append(operation)
      try limitChain(&length, first)
    }
    let span = tree.span(first).joined(tree.span(operands[operands.count - 1]))
    return add(.comparison(operands, operators), span)
  }

  private mutating func parseRange(first: NodeID? = nil) throws(Failed) -> NodeID {
    let start = current.span
    let low = first == nil && isSymbol("..") ? nil : try parseAdditive(first: first)
    guard isSymbol("..") else { return low ?? add(.missing, start) }
    advance()
    let high = endsRange || isStepAhead ? nil : try parseAdditive()
    var step: NodeID?
    if isStepAhead {
      advance()
      step = try parseAdditive()
    }
    return add(.range(low, high, step: step), spanned(from: low.map { tree.span($0) } ?? start))
  }

  /// Whether `by` and a step come next. `by` is a name everywhere else, also in `0..by - 1` and `0..by(2)`.
  private var isStepAhead: Bool {
    mutating get {
      guard kind == .name("by") else { return false }
      let (word, next, behind) = (current.span, token(after: 1), token(after: 2))
      switch next.kind {
      case .int, .float, .name, .quantity: return true
      case .symbol("("): return next.span.start > word.end
      case .symbol("-"): return next.span.start > word.end && behind.span.start == next.span.end
      default: return false
      }
    }
  }

  private var endsRange: Bool {
    mutating get {
      switch current.kind {
      case .symbol("]"), .symbol(","), .symbol(")"), .symbol("}"), .symbol("{"), .newline, .end, .symbol(";"), .symbol("|>"): true
      default: false
      }
    }
  }

  private static let additive: [String: BinaryOperator] = ["+": .add, "-": .subtract]
  private static let multiplicative: [String: BinaryOperator] = [
    "*": .multiply, "/": .divide, "//": .floorDivide, "%": .remainder, "@": .matrixProduct,
  ]

  private mutating func parseAdditive(first: NodeID? = nil) throws(Failed) -> NodeID {
    var left = try parseMultiplicative(first: first)
    var length = 0
    while case .symbol(let text) = kind, let operation = Self.additive[text] {
      advance()
      skipNewlines()
      let right = try parseMultiplicative()
      left = add(.binary(operation, left, right), tree.span(left).joined(tree.span(right)))
      try limitChain(&length, left)
    }
    return left
  }

  private mutating func parseMultiplicative(first: NodeID? = nil) throws(Failed) -> NodeID {
    var left = try parseUnary(first: first)
    var length = 0
    while case .symbol(let text) = kind, let operation = Self.multiplicative[text] {
      advance()
      skipNewlines()
      let right = try parseUnary()
      left = add(.binary(operation, left, right), tree.span(left).joined(tree.span(right)))
      try limitChain(&length, left)
    }
    return left
  }

  mutating func parseUnary(first: NodeID? = nil) throws(Failed) -> NodeID {
    if let first { return try parsePower(first: first) }
    let start = current.span
    if isSymbol("-") {
      advance()
      let operand = try nested { (parser) throws(Failed) in try parser.parseUnary() }
      return add(.unary(.negate, operand), start.joined(tree.span(operand)))
    }
    if isSymbol("+") {
      throw unexpected("a number needs no `+` before it", help: "leave it out")
    }
    return try parsePower()
  }

  private mutating func parsePower(first: NodeID? = nil) throws(Failed) -> NodeID {
    let base = if let first { first } else { try parsePostfix() }
    guard accept("^") else { return base }
    skipNewlines()
    let exponent = try nested { (parser) throws(Failed) in try parser.parseUnary() }
    return add(.binary(.power, base, exponent), tree.span(base).joined(tree.span(exponent)))
  }

  // MARK: calls, indices, members

  private mutating func parsePostfix() throws(Failed) -> NodeID {
    var node = try parsePrimary()
    var length = 0
    while true {
      if isSymbol("(") {
        node = try parseCall(node)
      } else if isSymbol("[") {
        node = try parseIndex(node)
      } else if continues(with: ".") {
        advance()
        let (name, span) = try parseMemberName()
        node = add(.member(node, name, span), tree.span(node).joined(span))
      } else {
        return node
      }
      try limitChain(&length, node)
    }
  }

  private mutating func parseMemberName() throws(Failed) -> (String, Span) {
    // A keyword can be a member's name: nothing else can stand behind the dot.
    if case .keyword(let keyword) = kind {
      let span = current.span
      advance()
      return (keyword.rawValue, span)
    }
    return try expectName("a member's name after `.`")
  }

  private mutating func parseCall(_ callee: NodeID) throws(Failed) -> NodeID {
    let open = current.span
    advance()
    let arguments = try withNewlines(ignored: true) { (parser) throws(Failed) in
      var arguments: [Argument] = []
      while !parser.isSymbol(")") {
        arguments.append(try parser.parseArgument(after: arguments))
        if !parser.accept(",") { break }
      }
      if !parser.isSymbol(")") {
        if parser.startsStatement { throw parser.unclosed("(", at: open) }
        throw parser.unexpected("expected `,` or `)` in the call")
      }
      return arguments
    }
    let end = withCurrentSpan(ignoringNewlines: true)
    return add(.call(callee, arguments), tree.span(callee).joined(end))
  }

  /// Steps over the current token and gives its place.
  private mutating func withCurrentSpan(ignoringNewlines: Bool) -> Span {
    if ignoringNewlines { skipNewlines() }
    let span = tokens[at].span
    advance()
    return span
  }

  private mutating func parseArgument(after arguments: [Argument]) throws(Failed) -> Argument {
    let token = current
    if case .name(let name) = token.kind, tokens[skippingNewlines(from: at + 1)].kind == .symbol("=") {
      advance()
      _ = accept("=")
      if arguments.contains(where: { $0.name == name }) {
        throw fail(Fault(.call, "`\(name)` is given twice", label: "the second"), token.span)
      }
      return Argument(name: name, nameSpan: token.span, value: try parseExpression())
    }
    let value = try parseExpression()
    if arguments.last?.name != nil {
      throw fail(
        Fault(.call, "an argument without a name after one with a name", label: "which parameter is this?",
          help: "put the arguments without names first, or write `name = …`"), tree.span(value))
    }
    return Argument(name: nil, nameSpan: nil, value: value)
  }

  private mutating func parseIndex(_ base: NodeID) throws(Failed) -> NodeID {
    let open = current.span
    advance()
    let indices = try withNewlines(ignored: true) { (parser) throws(Failed) in
      var indices: [NodeID] = []
      while !parser.isSymbol("]") {
        indices.append(try parser.parseExpression())
        if !parser.accept(",") { break }
      }
      if !parser.isSymbol("]") {
        if parser.startsStatement { throw parser.unclosed("[", at: open) }
        throw parser.unexpected("expected `,` or `]` in the index")
      }
      return indices
    }
    let end = withCurrentSpan(ignoringNewlines: true)
    if indices.isEmpty {
      throw fail(Fault(.parse, "an empty index", label: "which element?", help: "all of them: `x[..]`"), open.joined(end))
    }
    return add(.index(base, indices), tree.span(base).joined(end))
  }
}
