import Faults
import Glibc
import Language

/// One session of the language: a machine, the names defined so far, and the ways to run a source in it.
public final class Interpreter {
  public enum Mode {
    /// A file run from start to end: names that no function uses live in registers.
    case script
    /// A cell or a line at the prompt: its names stay for the next one.
    case cell
  }

  public enum Outcome {
    /// The value of the last expression, borrowed from the machine until the next run.
    case value(Value)
    case failed([Diagnostic])
  }

  public let machine: Machine
  public private(set) var scope = GlobalScope()
  public var library: Library { machine.library }

  /// - Parameter neuronMaker: turns a `neuron` definition into a value; the prelude may hold some already.
  public init(
    library: Library, output: any Output,
    neuronMaker: ((_ definition: NeuronDefinition, _ defaults: [Value]) throws(Fault) -> Value)? = nil
  ) {
    machine = Machine(library: library, output: output)
    machine.neuronMaker = neuronMaker
    arguments = []
  }

  /// What `args` gives: the arguments of the script.
  public var arguments: [String] {
    get { (machine.prelude.names["args"].flatMap { machine.globals[$0.slot].elements } ?? .init(start: nil, count: 0)).compactMap(\.asString) }
    set { define("args", .list(newValue.map { .string($0) }), in: machine.prelude) }
  }

  /// The name that the last statement of the last run has bound or changed; nil where it did neither.
  public private(set) var lastBoundName: String?

  /// The seconds that the last run took, once it was parsed and compiled.
  public private(set) var lastDuration = 0.0

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Parses, resolves, compiles and runs a source.
  public func run(_ source: SourceText, mode: Mode) -> Outcome {
    let parsed = parse(source)
    lastBoundName = parsed.tree.lastBoundName
    if !parsed.diagnostics.isEmpty { return .failed(parsed.diagnostics) }
    switch machine.compile(parsed.tree, in: scope, mode: mode) {
    case .failure(let list): return .failed(list.diagnostics)
    case .success(let compiled):
      machine.result.release()
      machine.result = .nil
      let start = Self.now()
      defer { lastDuration = Self.now() - start }
      if let diagnostic = machine.execute(compiled, in: scope) { return .failed([diagnostic]) }
      return .value(machine.result)
    }
  }

  /// Parses, resolves and compiles a source without running it, looks at its calls and computes its constants: every error
  /// that can be found that way.
  public func check(_ source: SourceText) -> [Diagnostic] {
    let parsed = parse(source)
    if !parsed.diagnostics.isEmpty { return parsed.diagnostics }
    if case .failure(let list) = machine.compile(parsed.tree, in: scope, mode: .cell) { return list.diagnostics }
    return machine.certainFaults(in: parsed.tree, scope: scope)
  }

  /// Forgets all names.
  public func reset() {
    for name in scope.names.values { Machine.store(machine.globals + name.slot, .undefined) }
    scope = GlobalScope()
    machine.dropTests()
  }

  // MARK: looking at what is there

  /// The names defined by the user, in no order.
  public var names: [String] { Array(scope.names.keys) }

  /// The value of a name, borrowed; nil when it is not defined or has no value yet.
  public func value(of name: String) -> Value? {
    if let known = scope.names[name] ?? machine.prelude.find(name) {
      let value = machine.globals[known.slot]
      return value.isUndefined ? nil : value
    }
    return nil
  }

  /// Gives a name a value, as the prompt does with `ans`.
  public func define(_ name: String, _ value: Value, isVariable: Bool = false) {
    define(name, value.retained(), isVariable: isVariable, in: scope)
  }

  /// Takes over the value's reference.
  private func define(_ name: String, _ value: Value, isVariable: Bool = false, in scope: GlobalScope) {
    let slot = scope.names[name]?.slot ?? machine.newSlot()
    scope.names[name] = GlobalScope.Name(slot: slot, isVariable: isVariable, documentation: nil, source: nil, span: nil)
    Machine.store(machine.globals + slot, value)
  }

  /// The `##` documentation above a definition, with its signature where it is a function.
  public func documentation(of name: String) -> (signature: String, text: String)? {
    guard let known = scope.names[name] ?? machine.prelude.find(name) else { return nil }
    let value = machine.globals[known.slot]
    if value.tag == .function {
      let prototype = value.object(as: FunctionObject.self).prototype
      return (prototype.signatureText, prototype.documentation ?? known.documentation ?? "")
    }
    return known.documentation.map { ("\(name): \(value.typeName)", $0) }
  }

  /// The source text of a function's definition.
  public func sourceText(of name: String) -> String? {
    guard let known = scope.names[name] ?? machine.prelude.find(name) else { return nil }
    let value = machine.globals[known.slot]
    guard value.tag == .function else { return nil }
    let prototype = value.object(as: FunctionObject.self).prototype
    return prototype.source.text(prototype.span)
  }

  /// The names of a function's parameters, for completion in calls.
  public func parameterNames(of name: String) -> [String] {
    if let builtin = library.builtins[name] { return builtin.parameters.map(\.name) }
    guard let value = value(of: name), value.tag == .function else { return [] }
    return value.object(as: FunctionObject.self).prototype.parameterNames
  }

  public var preludeNames: [String] {
    machine.prelude.fillNow()
    return machine.prelude.names.keys.filter { !$0.hasPrefix("_") }
  }

  // MARK: tests

  public var testCount: Int { machine.tests.count }
  public func testName(_ index: Int) -> String { machine.tests[index].functionName }

  /// Runs one `test` block; the diagnostic says why it failed.
  public func runTest(_ index: Int) -> Diagnostic? { machine.run(machine.tests[index]) }
}

extension Tree {
  fileprivate var lastBoundName: String? {
    guard let last = statements.last else { return nil }
    switch self[last] {
    case .binding(.name(let name, _), _, _, _): return name
    case .assign(let target, _, _):
      if case .name(let name) = self[target] { return name }
      return nil
    default: return nil
    }
  }
}

extension Prototype {
  /// As it was written, up to the body.
  var signatureText: String {
    let text = source.text(span)
    guard let end = firstRange(of: "=>", in: text)?.lowerBound ?? text.firstIndex(of: "{") else { return name }
    let brace = text.firstIndex(of: "{") ?? text.endIndex
    return String(text[..<min(end, brace)]).split(separator: "\n").joined(separator: " ").trimmingSpaces
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var text = Substring(self)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}

extension Machine {
  func dropTests() {
    tests.forEach { $0.release() }
    tests = []
  }

  func compile(_ tree: Tree, in scope: GlobalScope, mode: Interpreter.Mode) -> Result<CompiledSource, DiagnosticList> {
    Compiler.compile(
      tree, library: library, global: scope, prelude: prelude, keepsTopLevelInRegisters: mode == .script,
      newSlot: { [unowned self] in newSlot() })
  }

  /// The calls and the constants that cannot go well, of a source that compiles.
  func certainFaults(in tree: Tree, scope: GlobalScope) -> [Diagnostic] {
    var resolver = Resolver(tree, library: library, global: scope, prelude: prelude, newSlot: { [unowned self] in newSlot() })
    resolver.run()
    var calls = CallChecker(tree, resolver: resolver, library: library)
    calls.run()
    var constants = ConstantChecker(tree, resolver: resolver, library: library)
    constants.run { Interpreter(library: library, output: BufferedOutput(), neuronMaker: neuronMaker) }
    return (calls.diagnostics + constants.diagnostics).sorted { $0.span.start < $1.span.start }
  }

  /// Runs a compiled source; its names enter the scope first, so that what it defined before a fault stays.
  func execute(_ compiled: CompiledSource, in scope: GlobalScope) -> Diagnostic? {
    for (name, entry) in compiled.names { scope.names[name] = entry }
    let function = Value(owning: FunctionObject(compiled.prototype, captures: []), tag: .function)
    defer { function.release() }
    return run(function)
  }

  /// Calls a function without arguments from outside the language.
  func run(_ function: Value) -> Diagnostic? {
    pendingDiagnostic = nil
    stopDepth = nil
    do throws(Fault) {
      try invoke(function, []).release()
      return nil
    } catch {
      let diagnostic = pendingDiagnostic
      pendingDiagnostic = nil
      pendingThrown.release()
      pendingThrown = .nil
      let source = function.tag == .function ? function.object(as: FunctionObject.self).prototype.source : SourceText("", name: "?")
      return diagnostic ?? Diagnostic(error, in: source, at: Span(0, 0))
    }
  }
}
