import Builtins
import Faults
import Formats
import Language
import Machine
import Texts

/// The language behind the prompt.
public final class InterpreterEvaluator: Evaluator {
  let interpreter: Interpreter
  private let output: StandardOutput
  private let renderer: DiagnosticRenderer
  private var lastDiagnostics: [Diagnostic] = []
  /// Where relative module paths start: the running script's folder, or nil for the working folder.
  private var moduleFolder: String?

  /// The names that the prompt itself binds.
  static let ownNames: Set<String> = ["_", "ans"]

  /// - Parameter interpreter: a fresh one that writes to `output`.
  public init(interpreter: Interpreter, output: StandardOutput) {
    self.interpreter = interpreter
    self.output = output
    renderer = DiagnosticRenderer(usesColour: output.usesColour)
    interpreter.machine.readModule = { [unowned self] (path) throws(Fault) in try readText(place(of: path)) }
  }

  private func place(of path: String) -> String {
    let path = expandedPath(path)
    guard let moduleFolder, !path.hasPrefix("/") else { return path }
    return moduleFolder + "/" + path
  }

  public var lastDuration: Double { interpreter.lastDuration }

  public var lastErrorReport: String? {
    lastDiagnostics.isEmpty ? nil : withoutLastNewline(renderer.render(lastDiagnostics))
  }

  // MARK: running; a `use` of a file reads it anew in each input, so that an edited module can be used again

  public func completeness(of source: String) -> Completeness {
    let parsed = parse(SourceText(source, name: "input"))
    if parsed.isIncomplete { return .incomplete(indent: nextIndent(after: source)) }
    // A line of documentation belongs to the definition that follows.
    let last = source.split(separator: "\n", omittingEmptySubsequences: false).last
    if let last, trimmed(String(last)).hasPrefix("##") { return .incomplete(indent: 0) }
    return parsed.diagnostics.isEmpty ? .complete : .invalid
  }

  public func evaluate(_ source: String, name: String, echo: Bool) -> Outcome {
    defer { output.flush() }
    interpreter.forgetFileModules()
    switch interpreter.run(SourceText(source, name: name), mode: .cell) {
    case .failed(let diagnostics): return outcome(of: diagnostics)
    case .value(let value):
      let isShown = ShownValue.takeIsShown(value, on: interpreter.machine)
      // A binding shows nothing, and yet what it has bound is the last value.
      if value.isNil, let name = interpreter.lastBoundName, let bound = interpreter.value(of: name) { keep(bound) }
      if value.isNil { return .value(nil) }
      let text = echo && !isShown ? display(value, style: output.style) : nil
      keep(value)
      return .value(text.map(withoutLastNewline))
    }
  }

  /// Makes a value the one that `ans` and `_` stand for.
  private func keep(_ value: Value) {
    for name in Self.ownNames { interpreter.define(name, value, isVariable: true) }
  }

  public func run(_ source: String, path: String, arguments: [String]) -> Outcome {
    interpreter.arguments = arguments
    moduleFolder = path.lastIndex(of: "/").map { String(path[..<$0]) }
    defer { moduleFolder = nil }
    return evaluate(source, name: path, echo: false)
  }

  private func outcome(of diagnostics: [Diagnostic]) -> Outcome {
    if let first = diagnostics.first, first.fault.kind == .interrupt {
      if let status = first.fault.exitStatus { return .exit(status) }
      return .interrupted("at \(first.source.name), line \(first.line)")
    }
    lastDiagnostics = diagnostics
    return .failed(withoutLastNewline(renderer.render(diagnostics)))
  }

  // MARK: names

  public func variables() -> [Variable] {
    userNames.compactMap { name in
      guard let value = interpreter.value(of: name) else { return nil }
      return Variable(name: name, type: value.typeName, summary: preview(value))
    }
  }

  /// What the user has bound, sorted.
  var userNames: [String] { interpreter.names.filter { !Self.ownNames.contains($0) }.sorted() }

  /// One line about a value that costs little, however large the value is.
  private func preview(_ value: Value) -> String {
    switch value.tag {
    case .list, .tuple:
      let count = value.elements?.count ?? 0
      return count > 20 ? "\(count) elements" : value.description(of: .quoted, parts: 100)
    case .map:
      let count = value.asMap?.count ?? 0
      return count > 20 ? "\(count) keys" : value.description(of: .quoted, parts: 100)
    case .tensor: return value.asTensor.map { "shape \($0.shape)" } ?? ""
    case .spikes: return value.asSpikes.map { "shape \($0.shape), \(counted($0.total, "spike"))" } ?? ""
    case .function: return value.functionHelp?.signature ?? ""
    case .foreign: return value.asForeign?.summary ?? ""
    default: return value.description(of: .quoted)
    }
  }

  public func remove(_ name: String) -> Bool { interpreter.forget(name) }

  public func reset() {
    interpreter.reset()
    lastDiagnostics = []
  }

  /// The value of a dotted name, owned; nil where a part is missing. Whole numbers are indices.
  func value(ofPath path: [String]) -> Value? {
    guard let first = path.first, var value = interpreter.value(of: first)?.retained() else { return nil }
    for name in path.dropFirst() {
      guard
        let next = Int(name).map({ element($0, of: value) }) ?? (try? interpreter.machine.memberValue(of: value, name))
      else {
        value.release()
        return nil
      }
      value.release()
      value = next
    }
    return value
  }
}

/// One element, owned.
private func element(_ index: Int, of value: Value) -> Value? {
  if let elements = value.elements { return elements.indices.contains(index) ? elements[index].retained() : nil }
  guard let held = value.asForeign, let count = held.count, (0..<count).contains(index) else { return nil }
  return try? held.element(at: index)
}

/// The indentation of the line after a text that is incomplete: that of its last line, and a step more where that
/// line opens a bracket.
func nextIndent(after source: String) -> Int {
  guard let line = source.split(separator: "\n").last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return 0 }
  let own = line.prefix { $0 == " " }.count
  var depth = 0
  for character in line {
    if "{([".contains(character) { depth += 1 }
    if "})]".contains(character) { depth = max(0, depth - 1) }
  }
  return own + (depth > 0 ? Indentation.width : 0)
}

func withoutLastNewline(_ text: String) -> String { text.hasSuffix("\n") ? String(text.dropLast()) : text }
