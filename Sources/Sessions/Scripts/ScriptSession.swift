import Builtins
import Faults
import Formats
import Glibc
import Language
import Machine

/// What the command line does with a script: run it, check it, test it.
public final class ScriptSession {
  /// Settings that every command takes.
  public struct Options: Sendable {
    public var seed: Int?
    public var arguments: [String] = []
    /// What `is_quick()` and `is_full()` tell.
    public var form = RunForm.usual
    public var files = FileRules.open
    public init() {}
  }

  public let output: any Output
  public let interpreter: Interpreter
  let options: Options
  /// Why the script stopped before its end.
  private(set) var failure: String?
  private let renderer: DiagnosticRenderer

  public init(output: any Output, options: Options = Options()) {
    self.output = output
    self.options = options
    interpreter = makeInterpreter(output: output)
    interpreter.arguments = options.arguments
    interpreter.machine.runForm = options.form
    renderer = DiagnosticRenderer(usesColour: wantsColour(on: STDERR_FILENO))
    if let seed = options.seed { _ = interpreter.run(SourceText("seed(\(seed))", name: "--seed"), mode: .cell) }
  }

  /// Reads a file, or standard input for `-`; an error is reported and gives nil.
  func source(at path: String) -> SourceText? {
    do throws(Fault) {
      if path == "-" { return SourceText(try decodeText(StandardInput.all(limit: 64 << 20), name: "standard input"), name: "standard input") }
      return SourceText(try readText(path), name: path)
    } catch {
      report("error: \(error.title)\(error.label.map { ": \($0)" } ?? "")\n" + (error.help.map { "  = help: \($0)\n" } ?? ""))
      return nil
    }
  }

  func report(_ text: String) {
    output.flush()
    writeError(text)
  }

  // MARK: running

  /// Runs a source under the rules for files that this session was made with.
  func interpret(_ source: SourceText, mode: Interpreter.Mode) -> Interpreter.Outcome {
    FileRules.$current.withValue(options.files) { interpreter.run(source, mode: mode) }
  }

  /// Runs a script, and where that is asked for leaves behind in a folder what the run was.
  public func run(path: String, recorded: RecordOptions? = nil) -> Int32 {
    guard let source = source(at: path) else { return ExitStatus.withoutSource }
    return run(source, printsResult: false, recorded)
  }

  /// Runs a text given on the command line; the value of its last expression is printed.
  public func run(code: String, name: String = "-e", recorded: RecordOptions? = nil) -> Int32 {
    run(SourceText(code, name: name), printsResult: true, recorded)
  }

  private func run(_ source: SourceText, printsResult: Bool, _ recorded: RecordOptions?) -> Int32 {
    guard let recorded else { return run(source, printsResult: printsResult) }
    var script: RecordedScript?
    guard succeeds({ () throws(Fault) in script = try RecordedScript(source, self, recorded) }), let script else { return ExitStatus.cannotCreate }
    return script.run { run(source, printsResult: printsResult) }
  }

  private func run(_ source: SourceText, printsResult: Bool) -> Int32 {
    switch interpret(source, mode: .script) {
    case .value(let value):
      let isShown = ShownValue.takeIsShown(value, on: interpreter.machine)
      if printsResult, !value.isNil, !isShown { output.write(display(value, style: output.style) + "\n") }
      output.flush()
      return interpreter.machine.isStopping ? ExitStatus.interrupted : ExitStatus.success
    case .failed(let diagnostics):
      return status(of: diagnostics)
    }
  }

  func status(of diagnostics: [Diagnostic]) -> Int32 {
    guard let first = diagnostics.first else { return ExitStatus.failure }
    if let status = first.fault.exitStatus {
      output.flush()
      return status
    }
    report(renderer.render(diagnostics))
    failure = first.fault.title
    if first.fault.kind == .interrupt { return ExitStatus.interrupted }
    return first.stack.isEmpty ? ExitStatus.badSource : ExitStatus.failure
  }

  // MARK: checking

  /// Reports every error that can be found without running.
  public func check(path: String) -> Int32 {
    guard let source = source(at: path) else { return ExitStatus.withoutSource }
    let diagnostics = interpreter.check(source)
    if diagnostics.isEmpty { return ExitStatus.success }
    report(renderer.render(diagnostics))
    return ExitStatus.badSource
  }

  // MARK: testing

  /// Runs a file's code and then its `test` blocks whose names hold the filter; gives how many passed and failed.
  func test(path: String, filter: String?, log: any Output) -> (passed: Int, failed: Int) {
    guard let source = source(at: path) else { return (0, 1) }
    let outcome = interpret(source, mode: .cell)
    // Training answers a request to stop; the tests behind it are not to run.
    if interpreter.machine.isStopping { Interrupt.request() }
    if case .failed(let diagnostics) = outcome {
      if diagnostics.first?.fault.exitStatus == nil { report(renderer.render(diagnostics)) }
      return (0, 1)
    }
    if Interrupt.isRequested { return (0, 1) }
    var passed = 0
    var failed = 0
    for index in 0..<interpreter.testCount {
      let name = interpreter.testName(index)
      if let filter, !matches(name, filter) { continue }
      let diagnostic = FileRules.$current.withValue(options.files) { interpreter.runTest(index) }
      if interpreter.machine.isStopping { Interrupt.request() }
      if let diagnostic {
        failed += 1
        log.write("  FAIL  \(name)\n")
        (log as? StandardOutput)?.flush()
        report(renderer.render(diagnostic))
      } else {
        passed += 1
        log.write("  ok    \(name)\n")
      }
      if Interrupt.isRequested { break }
    }
    return (passed, failed)
  }

  private func matches(_ name: String, _ filter: String) -> Bool {
    firstRange(of: filter.lowercased(), in: name.lowercased()) != nil
  }
}
