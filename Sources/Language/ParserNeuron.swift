import Faults

extension Parser {
  /// `neuron name(parameter = default, …) { state …; update; spike when …; on spike { … } }`
  mutating func parseNeuron() throws(Failed) -> NodeID {
    let start = current.span
    let documentation = documentation[at]
    advance()
    let (name, nameSpan) = try expectName("the neuron")
    let parameters = isSymbol("(") ? try parseParameters() : []
    let open = try expect("{", "before the neuron's equations")
    var statements: [NeuronStatement] = []
    var onSpike: [NeuronStatement] = []
    var onInput: [NeuronStatement]?
    try withNewlines(ignored: false) { (parser) throws(Failed) in
      while true {
        parser.skipSeparators()
        if parser.accept("}") { break }
        if parser.kind == .end { throw parser.unclosed("{", at: open) }
        if parser.kind == .name("on"), parser.token(after: 1).kind == .name("spike") {
          onSpike += try parser.parseEventBlock()
        } else if parser.kind == .name("on"), parser.token(after: 1).kind == .name("input") {
          onInput = (onInput ?? []) + (try parser.parseEventBlock())
        } else {
          statements.append(try parser.parseNeuronStatement())
        }
        try parser.expectNeuronStatementEnd()
      }
    }
    let neuron = NeuronTree(
      name: name, nameSpan: nameSpan, parameters: parameters, statements: statements, onInput: onInput,
      onSpike: onSpike, documentation: documentation)
    return add(.neuron(neuron), spanned(from: start))
  }

  private mutating func skipSeparators() {
    while kind == .newline || kind == .symbol(";") { advance() }
  }

  private mutating func expectNeuronStatementEnd() throws(Failed) {
    switch kind {
    case .newline, .symbol(";"), .symbol("}"): return
    default:
      throw unexpected(
        "expected the end of the equation",
        help: "a neuron's body holds `state …`, `let …`, assignments, `dv/dt = …`, `integrator …`, `refractory …`, `spike when …`, "
          + "`on input { … }` and `on spike { … }`")
    }
  }

  /// `on spike { … }` or `on input { … }`.
  private mutating func parseEventBlock() throws(Failed) -> [NeuronStatement] {
    advance()
    let event = if case .name(let word) = kind { word } else { "spike" }
    advance()
    let open = try expect("{", "after `on \(event)`")
    var statements: [NeuronStatement] = []
    while true {
      skipSeparators()
      if accept("}") { return statements }
      if kind == .end { throw unclosed("{", at: open) }
      statements.append(try parseNeuronStatement())
      try expectNeuronStatementEnd()
    }
  }

  private mutating func parseNeuronStatement() throws(Failed) -> NeuronStatement {
    let token = current
    if token.kind == .keyword(.let) {
      advance()
      let (name, span) = try expectName("a name for a value of this step")
      try expect("=", "after `let \(name)`", help: "a name stands for a value: `let drive = input - v`")
      skipNewlines()
      return .local(name: name, span: span, value: try parseExpression())
    }
    guard case .name(let word) = token.kind else {
      throw unexpected(
        "expected an equation",
        help: "a neuron's body is straight-line arithmetic: `state v = 0`, `v = beta * v + input`, `spike when v >= 1`")
    }
    let next = self.token(after: 1).kind
    if word == "state", case .name = next { return try parseState() }
    if word == "spike", next == .name("when") {
      advance()
      advance()
      let condition = try parseExpression()
      return .spikeWhen(condition, spanned(from: token.span))
    }
    if word == "spike", next == .name("never") {
      advance()
      advance()
      return .spikeNever(spanned(from: token.span))
    }
    if word == "integrator", case .name(let name) = next {
      advance()
      let span = current.span
      advance()
      return .integrator(name: name, span: span)
    }
    if word == "refractory" || word == "output", !isAssignment(next) {
      advance()
      let value = try parseExpression()
      if word == "output" { return .output(value, spanned(from: token.span)) }
      var holds: [(name: String, span: Span)] = []
      if kind == .name("holds") {
        advance()
        repeat { holds.append(try expectName("a state that stands still")) } while accept(",")
      }
      return .refractory(value, span: spanned(from: token.span), holds: holds)
    }
    advance()
    if word.hasPrefix("d"), word.count > 1, next == .symbol("/"), self.token(after: 1).kind == .name("dt") {
      advance()
      advance()
      try expect("=", "after `\(word)/dt`")
      return .derivative(name: String(word.dropFirst()), span: token.span, value: try parseExpression())
    }
    let operation = try parseAssignmentOperator()
    skipNewlines()
    return .assign(name: word, span: token.span, operation: operation, value: try parseExpression())
  }

  private func isAssignment(_ kind: TokenKind) -> Bool {
    if case .symbol(let text) = kind { text == "=" || Self.compoundAssignments[text] != nil } else { false }
  }

  private mutating func parseAssignmentOperator() throws(Failed) -> BinaryOperator? {
    if accept("=") { return nil }
    if case .symbol(let text) = kind, let operation = Self.compoundAssignments[text] {
      advance()
      return operation
    }
    throw unexpected("expected `=` after the name")
  }

  private mutating func parseState() throws(Failed) -> NeuronStatement {
    advance()
    var states: [(name: String, span: Span, initial: NodeID)] = []
    repeat {
      let (name, span) = try expectName("a state's name")
      try expect("=", "after the state's name", help: "a state has a value to start from: `state \(name) = 0`")
      states.append((name, span, try parseExpression()))
    } while accept(",")
    return .state(states)
  }
}
