import Faults
import Language

/// What a name in the source stands for.
enum Resolution {
  case declaration(Int)
  case builtin(String)
  case unit(String)
  /// The name itself: `help(plot.line)` asks about a module that is not in use.
  case text(String)
  case missing
}

/// One binding: where it stands, who may change it, and who else uses it.
struct Declaration {
  var name: String
  var span: Span
  var isVariable: Bool
  /// The function (by its order in the source) that declares it; 0 is the top level.
  var function: Int
  var isTopLevel = false
  /// The global slot of a top-level name.
  var slot = -1
  var isCaptured = false
  /// Assigned after its declaration.
  var isAssigned = false
  var documentation: String?
  var isFunction = false
  /// Where, in the source, a top-level name first gets its value.
  var definedAt = 0
}

/// The names that a session or a module has defined, with their slots in the machine's globals.
public final class GlobalScope {
  struct Name {
    var slot: Int
    var isVariable: Bool
    var documentation: String?
    var source: SourceText?
    var span: Span?
  }

  var names: [String: Name] = [:]
  /// Reads what the scope begins with, and answers whether it could: once, when a name is first looked for in vain.
  private var fill: (() -> Bool)?

  init(fill: (() -> Bool)? = nil) { self.fill = fill }

  func find(_ name: String) -> Name? {
    if let known = names[name] { return known }
    fillNow()
    return names[name]
  }

  func fillNow() {
    guard let fill else { return }
    // What is read looks for names here too.
    self.fill = nil
    if !fill() { self.fill = fill }
  }
}

/// Finds what every name stands for before anything runs, and which variables closures share.
struct Resolver {
  let tree: Tree
  let library: Library
  let global: GlobalScope
  /// The stdlib's always-present names. No builtin has the name of one.
  let prelude: GlobalScope
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var declarations: [Declaration] = []
  /// By node index.
  private(set) var uses: [Resolution?]
  /// The declaration of the name that stands at an offset of the source.
  private(set) var declaredAt: [Int: Int] = [:]
  /// Where in the source each declaration is assigned.
  private var assignedAt: [Int: [Int]] = [:]
  private var scopes: [Scope] = []
  private var functions: [FunctionContext] = []
  private var functionCount = 0
  /// The parameters of an arrow function that stands before the `|>` whose right side is visited.
  private var arrowParameters: [String] = []
  private let newSlot: () -> Int

  private struct Scope {
    var names: [String: Int] = [:]
    let function: Int
  }

  private struct FunctionContext {
    let index: Int
    var loopDepth = 0
    var isFunction: Bool
  }

  init(_ tree: Tree, library: Library, global: GlobalScope, prelude: GlobalScope, newSlot: @escaping () -> Int) {
    self.tree = tree
    self.library = library
    self.global = global
    self.prelude = prelude
    self.newSlot = newSlot
    uses = Array(repeating: nil, count: tree.nodes.count)
  }

  mutating func run() {
    functions = [FunctionContext(index: 0, isFunction: false)]
    scopes = [Scope(function: 0)]
    for statement in tree.statements { declareTopLevel(statement) }
    for statement in tree.statements { visit(statement, isTopLevel: true) }
  }

  private mutating func report(_ fault: Fault, _ span: Span) {
    diagnostics.append(Diagnostic(fault, in: tree.source, at: span))
  }

  // MARK: declaring

  /// Top-level names are known in the whole source, so that functions may call each other.
  private mutating func declareTopLevel(_ id: NodeID) {
    switch tree[id] {
    case .binding(let pattern, _, let isVariable, let documentation):
      for (name, span) in names(of: pattern) {
        addTopLevel(name, span, isVariable: isVariable, definedAt: tree.span(id).end, documentation: documentation)
      }
    case .function(let function):
      addTopLevel(
        function.name ?? "", function.nameSpan, isVariable: false, definedAt: 0, documentation: function.documentation,
        isFunction: true)
    case .neuron(let neuron):
      addTopLevel(
        neuron.name, neuron.nameSpan, isVariable: false, definedAt: tree.span(id).end, documentation: neuron.documentation)
    case .use(_, _, let alias, let span):
      addTopLevel(alias, span, isVariable: false, definedAt: tree.span(id).end, documentation: nil)
    default: break
    }
  }

  private mutating func addTopLevel(
    _ name: String, _ span: Span, isVariable: Bool, definedAt: Int, documentation: String?, isFunction: Bool = false
  ) {
    if let known = scopes[0].names[name] {
      declaredAt[span.start] = known
      return
    }
    var declaration = Declaration(name: name, span: span, isVariable: isVariable, function: 0)
    declaration.isTopLevel = true
    declaration.slot = global.names[name]?.slot ?? newSlot()
    declaration.definedAt = global.names[name] != nil ? 0 : definedAt
    declaration.documentation = documentation
    declaration.isFunction = isFunction
    declarations.append(declaration)
    scopes[0].names[name] = declarations.count - 1
    declaredAt[span.start] = declarations.count - 1
  }

  private func names(of pattern: Pattern) -> [(String, Span)] {
    switch pattern {
    case .name(let name, let span): [(name, span)]
    case .tuple(let parts, _), .list(let parts, _), .either(let parts): parts.flatMap { names(of: $0) }
    case .rest(let name?, let span): [(name, Span(span.start + 2, span.end))]
    default: []
    }
  }

  private mutating func declare(_ name: String, _ span: Span, isVariable: Bool, documentation: String? = nil) {
    if scopes[scopes.count - 1].names[name] != nil {
      report(
        Fault(
          .name, "`\(name)` is defined twice in this block", label: "the second",
          help: "give it another name, or change a `var` with `\(name) = …`"), span)
      return
    }
    let declaration = Declaration(
      name: name, span: span, isVariable: isVariable, function: functions[functions.count - 1].index,
      documentation: documentation)
    declarations.append(declaration)
    scopes[scopes.count - 1].names[name] = declarations.count - 1
    declaredAt[span.start] = declarations.count - 1
  }

  private mutating func declare(_ pattern: Pattern, isVariable: Bool, isTopLevel: Bool = false) {
    for (name, span) in names(of: pattern) {
      if isTopLevel, let known = scopes[0].names[name] {
        declarations[known].isVariable = isVariable
      } else {
        declare(name, span, isVariable: isVariable)
      }
    }
    for literal in literals(of: pattern) { visit(literal) }
  }

  private func literals(of pattern: Pattern) -> [NodeID] {
    switch pattern {
    case .literal(let node): [node]
    case .tuple(let parts, _), .list(let parts, _), .either(let parts): parts.flatMap { literals(of: $0) }
    default: []
    }
  }

  /// Whether a declaration is assigned inside a part of the source.
  func isAssigned(_ declaration: Int, within span: Span) -> Bool {
    assignedAt[declaration]?.contains { $0 >= span.start && $0 < span.end } ?? false
  }

  // MARK: looking up

  private func find(_ name: String) -> Int? {
    for scope in scopes.reversed() { if let index = scope.names[name] { return index } }
    return nil
  }

  private mutating func resolve(_ name: String, _ span: Span) -> Resolution {
    if let index = find(name) {
      let isHere = declarations[index].function == functions[functions.count - 1].index
      if !isHere { declarations[index].isCaptured = true }
      if isHere, declarations[index].isTopLevel, span.start < declarations[index].definedAt {
        report(
          Fault(
            .name, "`\(name)` is used before it is defined",
            label: "defined on line \(tree.source.line(at: declarations[index].span.start))"), span)
        return .missing
      }
      return .declaration(index)
    }
    if let known = global.names[name] { return .declaration(importGlobal(name, known)) }
    if library.builtins[name] != nil { return .builtin(name) }
    if library.openModules.contains(name), library.moduleNames.contains(name) { return .builtin(name) }
    if let known = prelude.find(name) { return .declaration(importGlobal(name, known)) }
    if isUnit(name) { return .unit(name) }
    unknown(name, span)
    return .missing
  }

  /// A name of an earlier cell or of the stdlib enters this source's outermost scope.
  private mutating func importGlobal(_ name: String, _ known: GlobalScope.Name) -> Int {
    var declaration = Declaration(name: name, span: Span(0, 0), isVariable: known.isVariable, function: 0)
    declaration.isTopLevel = true
    declaration.slot = known.slot
    declaration.isCaptured = true
    declarations.append(declaration)
    scopes[0].names[name] = declarations.count - 1
    return declarations.count - 1
  }

  private mutating func unknown(_ name: String, _ span: Span) {
    if library.moduleNames.contains(name) {
      report(Fault(.name, "unknown name `\(name)`", label: "a module not in use", help: "write `use \(name)` first"), span)
      return
    }
    if let habit = Self.foreignNames[name] {
      report(Fault(.name, "unknown name `\(name)`", label: "not defined", help: habit), span)
      return
    }
    if arrowParameters.contains(name) {
      report(
        Fault(
          .name, "unknown name `\(name)`", label: "not defined behind `|>`",
          help: "the arrow's body ends before `|>`: put it in parentheses, x => (f(x) |> g(x))"), span)
      return
    }
    let visible = scopes.flatMap(\.names.keys) + Array(global.names.keys) + Array(prelude.names.keys)
      + library.builtins.keys.filter { !$0.contains(".") } + library.openModules
    let help = didYouMean(name, among: visible.filter { !$0.hasPrefix("_") })
    report(Fault(.name, "unknown name `\(name)`", label: "not defined", help: help), span)
  }

  /// Names that other languages and prompts have, and what stands for them here.
  private static let foreignNames = [
    "quit": "`exit()` ends a program; at the prompt, %quit or Ctrl-D leaves",
    "clear": "at the prompt, %clear clears the screen and %reset forgets what is bound",
    "who": "at the prompt, %who lists what is bound",
    "True": "write `true`", "False": "write `false`", "None": "write `nil`", "null": "write `nil`", "NULL": "write `nil`",
    "undefined": "write `nil`", "NaN": "write `nan`", "Inf": "write `inf`", "PI": "write `pi`",
    "printf": "write `print(\"{x:.3}\")`", "println": "write `print(x)`", "append": "write `xs += [x]`, or `push(xs, x)`",
    "length": "write `len(x)`", "size_of": "write `size(x)`", "numel": "write `size(x)`",
  ]

  // MARK: walking

  private mutating func inScope(_ body: (inout Resolver) -> Void) {
    scopes.append(Scope(function: functions[functions.count - 1].index))
    body(&self)
    scopes.removeLast()
  }

  private mutating func visit(_ id: NodeID, isTopLevel: Bool = false) {
    switch tree[id] {
    case .nilLiteral, .bool, .int, .float, .quantity, .string, .missing: break
    case .name(let name): uses[id.index] = resolve(name, tree.span(id))
    case .interpolation(let parts):
      for case .value(let node, _) in parts { visit(node) }
    case .list(let elements):
      for element in elements {
        switch element {
        case .value(let node), .spread(let node): visit(node)
        }
      }
    case .map(let entries):
      for entry in entries {
        switch entry {
        case .pair(let key, let value):
          visit(key)
          visit(value)
        case .spread(let node): visit(node)
        }
      }
    case .tuple(let parts): parts.forEach { visit($0) }
    case .unary(_, let operand): visit(operand)
    case .binary(_, let left, let right), .and(let left, let right), .or(let left, let right):
      visit(left)
      visit(right)
    case .pipe(let left, let right):
      visit(left)
      let outer = arrowParameters
      if case .lambda(let function) = tree[left] { arrowParameters += function.parameters.map(\.name) }
      visit(right)
      arrowParameters = outer
    case .comparison(let operands, _): operands.forEach { visit($0) }
    case .range(let low, let high, let step):
      for part in [low, high, step] { if let part { visit(part) } }
    case .call(let callee, let arguments):
      visit(callee)
      if case .builtin("help")? = uses[callee.index], arguments.count == 1, let name = unknownPath(arguments[0].value) {
        uses[arguments[0].value.index] = .text(name)
      } else {
        arguments.forEach { visit($0.value) }
      }
    case .index(let base, let indices):
      visit(base)
      indices.forEach { visit($0) }
    case .member(let base, let name, _):
      visit(base)
      // `x.f()` may turn out to be f(x) when it runs, and then the prelude must be there.
      if library.builtins[name] == nil { _ = prelude.find(name) }
    case .lambda(let function): visit(function)
    case .conditional(let condition, let then, let otherwise):
      visit(condition)
      visit(then)
      if let otherwise { visit(otherwise) }
    case .match(let subject, let arms):
      visit(subject)
      for arm in arms { visit(arm) }
    case .attempt(let body, let name, let nameSpan, let handler):
      visit(body)
      inScope { resolver in
        if let name { resolver.declare(name, nameSpan, isVariable: false) }
        resolver.visit(handler)
      }
    case .block(let statements):
      inScope { resolver in statements.forEach { resolver.visit($0) } }
    case .comprehension(let body, let clauses): visitComprehension([body], clauses)
    case .mapComprehension(let key, let value, let clauses): visitComprehension([key, value], clauses)
    case .binding(.name(let name, let span), let value, isVariable: false, _) where !isTopLevel && isLambda(value):
      // A lambda may call itself by the name that it is given.
      declare(name, span, isVariable: false)
      visit(value)
    case .binding(let pattern, let value, let isVariable, _):
      visit(value)
      declare(pattern, isVariable: isVariable, isTopLevel: isTopLevel)
    case .assign(let target, _, let value):
      visit(value)
      visitTarget(target)
    case .function(let function):
      if !isTopLevel { declare(function.name ?? "", function.nameSpan, isVariable: false, documentation: function.documentation) }
      visit(function)
    case .returning(let value):
      if let value { visit(value) }
      if !functions[functions.count - 1].isFunction {
        report(Fault(.parse, "`return` outside a function", label: "nothing to return from"), tree.span(id))
      }
    case .breaking, .continuing:
      if functions[functions.count - 1].loopDepth == 0 {
        let word = tree.text(id)
        report(Fault(.parse, "`\(word)` outside a loop", label: "no loop to \(word)"), tree.span(id))
      }
    case .loop(let pattern, let iterable, let body):
      visit(iterable)
      functions[functions.count - 1].loopDepth += 1
      inScope { resolver in
        resolver.declare(pattern, isVariable: true)
        resolver.visit(body)
      }
      functions[functions.count - 1].loopDepth -= 1
    case .whileLoop(let condition, let body):
      visit(condition)
      functions[functions.count - 1].loopDepth += 1
      visit(body)
      functions[functions.count - 1].loopDepth -= 1
    case .throwing(let value): visit(value)
    case .assertion(let condition, let message):
      visit(condition)
      if let message { visit(message) }
    case .test(_, let body): inFunction(isFunction: true) { $0.visit(body) }
    case .use(let path, let isFile, let alias, let span):
      if !isFile, !library.moduleNames.contains(path) {
        report(
          Fault(
            .name, "there is no module `\(path)`", label: "not part of the library",
            help: didYouMean(path, among: library.moduleNames)
              ?? "a file is used by its path: `use \"./\(path).snn\" as \(path)`"), tree.span(id))
      }
      // What a module's source needs of the prelude is not known before it is read, by a program that runs.
      if isFile || library.sources[path] != nil { prelude.fillNow() }
      if !isTopLevel { declare(alias, span, isVariable: false) }
    case .neuron(let neuron):
      if !isTopLevel { declare(neuron.name, neuron.nameSpan, isVariable: false) }
      for parameter in neuron.parameters { if let value = parameter.defaultValue { visit(value) } }
    }
  }

  /// A dotted name that begins with nothing known; nil for any other expression.
  private func unknownPath(_ id: NodeID) -> String? {
    switch tree[id] {
    case .member(let base, let name, _): return unknownPath(base).map { "\($0).\(name)" }
    case .name(let name):
      let isKnown = find(name) != nil || global.names[name] != nil || library.builtins[name] != nil
        || library.openModules.contains(name) || prelude.find(name) != nil || isUnit(name)
      return isKnown ? nil : name
    default: return nil
    }
  }

  private func isLambda(_ id: NodeID) -> Bool {
    if case .lambda = tree[id] { true } else { false }
  }

  private mutating func visit(_ arm: MatchArm) {
    inScope { resolver in
      if case .either(let patterns) = arm.pattern, patterns.contains(where: { !resolver.names(of: $0).isEmpty }) {
        resolver.report(
          Fault(.parse, "alternatives cannot bind names", help: "use `_`, or write a case for each"),
          resolver.tree.span(arm.body))
      }
      resolver.declare(arm.pattern, isVariable: false)
      if let condition = arm.condition { resolver.visit(condition) }
      resolver.visit(arm.body)
    }
  }

  private mutating func visitComprehension(_ bodies: [NodeID], _ clauses: [ComprehensionClause]) {
    let depth = scopes.count
    // A comprehension is a value: a loop around it is not its body's to leave.
    let loopDepth = functions[functions.count - 1].loopDepth
    functions[functions.count - 1].loopDepth = 0
    defer { functions[functions.count - 1].loopDepth = loopDepth }
    for clause in clauses {
      switch clause {
      case .loop(let pattern, let iterable):
        visit(iterable)
        scopes.append(Scope(function: functions[functions.count - 1].index))
        declare(pattern, isVariable: true)
      case .condition(let condition): visit(condition)
      }
    }
    bodies.forEach { visit($0) }
    scopes.removeLast(scopes.count - depth)
  }

  private mutating func inFunction(isFunction: Bool, _ body: (inout Resolver) -> Void) {
    functionCount += 1
    functions.append(FunctionContext(index: functionCount, isFunction: isFunction))
    inScope(body)
    functions.removeLast()
  }

  private mutating func visit(_ function: FunctionTree) {
    inFunction(isFunction: true) { resolver in
      for parameter in function.parameters {
        if let value = parameter.defaultValue { resolver.visit(value) }
        if let pattern = parameter.pattern {
          resolver.declare(pattern, isVariable: true)
        } else {
          resolver.declare(parameter.name, parameter.span, isVariable: true)
        }
      }
      resolver.visit(function.body)
    }
  }

  // MARK: assignment

  /// The variable at the root of `a`, `a[i].b`: it must be one, whatever is assigned in it.
  private mutating func visitTarget(_ id: NodeID) {
    switch tree[id] {
    case .index(let base, let indices):
      indices.forEach { visit($0) }
      visitTarget(base)
    case .member(let base, _, _): visitTarget(base)
    case .name(let name):
      guard find(name) != nil || global.names[name] != nil else {
        let isKnown = library.builtins[name] != nil || prelude.find(name) != nil
        report(
          Fault(
            .name, isKnown ? "`\(name)` belongs to the library" : "unknown name `\(name)`",
            label: isKnown ? "cannot be assigned" : "not defined", help: "a new name is defined with `let \(name) = …`, or `var` where it will change"),
          tree.span(id))
        return
      }
      let resolution = resolve(name, tree.span(id))
      uses[id.index] = resolution
      guard case .declaration(let index) = resolution else { return }
      declarations[index].isAssigned = true
      assignedAt[index, default: []].append(tree.span(id).start)
      if !declarations[index].isVariable {
        report(
          Fault(
            .name, "`\(name)` is a constant", label: "cannot be assigned",
            help: declarations[index].isFunction ? "it is a function" : "define it with `var \(name) = …` to change it later"),
          tree.span(id))
      }
    default:
      report(
        Fault(.parse, "this cannot be assigned", label: "the start of it is not a variable",
          help: "give it a name first: `var x = …`"), tree.span(id))
    }
  }
}
