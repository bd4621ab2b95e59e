import Builtins
import Faults
import Glibc
import Language
import Machine
import Synchronization

/// What became of a program: the one place that knows how the interpreter is called.
struct Execution: Sendable {
  /// The lines that were printed.
  var output: [String] = []
  /// The errors that stopped it, in the order of their lines.
  var diagnostics: [Diagnostic] = []

  /// How a program is given to the interpreter.
  enum Style {
    /// As a script, from start to end.
    case script
    /// As one cell of a notebook.
    case cell
    /// Statement by statement, as at the prompt.
    case prompt
  }

  /// How much a program may take: as much as one may at the command line, or little, for programs made at random.
  enum Limits { case main, small }

  /// Runs a script as `snn run` would: in the package's folder, on a stack as large as a main thread's.
  static func of(
    _ source: String, name: String, arguments: [String] = [], input: [String] = [], runsTests: Bool = false,
    style: Style = .script, limits: Limits = .main
  ) -> Execution {
    // Suites run side by side, and the process has one standard input: who reads it has it alone.
    let run: @Sendable () -> Execution = {
      execute(source, name, arguments, input, runsTests, style, limits)
    }
    return source.contains("read_line") ? standardInput.withLock { _ in run() } : run()
  }

  private static let standardInput = Mutex(())

  private static func execute(
    _ source: String, _ name: String, _ arguments: [String], _ input: [String], _ runsTests: Bool, _ style: Style,
    _ limits: Limits
  ) -> Execution {
    onLargeStack {
      _ = chdir(ProgramFiles.packageFolder)
      var execution = Execution()
      if source.contains("read_line") { provide(input) }
      let sink = BufferedOutput()
      let interpreter = makeInterpreter(output: sink)
      interpreter.arguments = arguments
      if limits == .small {
        interpreter.machine.limits.callDepth = 200
        interpreter.machine.limits.elements = 100_000
      }
      let mode: Interpreter.Mode = style == .script && !runsTests ? .script : .cell
      for part in style == .prompt ? statements(of: source) : [source] where execution.diagnostics.isEmpty {
        if case .failed(let diagnostics) = interpreter.run(SourceText(part, name: name), mode: mode) {
          execution.diagnostics = diagnostics
        }
      }
      if runsTests {
        for index in 0..<interpreter.testCount {
          let failure = interpreter.runTest(index)
          execution.diagnostics += failure.map { [$0] } ?? []
          sink.write("\(failure == nil ? "passed" : "failed"): \(interpreter.testName(index))\n")
        }
      }
      execution.output = sink.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if execution.output.last == "" { execution.output.removeLast() }
      return execution
    }
  }

  static func of(_ program: Program, style: Style = .script) -> Execution {
    of(
      program.source, name: program.path, arguments: program.arguments, input: program.input,
      runsTests: program.runsTests, style: style)
  }

  /// The statements of a source, each on the line where it stands.
  private static func statements(of source: String) -> [String] {
    let tree = parse(SourceText(source, name: "statements")).tree
    return tree.statements.map { id in
      String(repeating: "\n", count: tree.source.line(at: tree.span(id).start) - 1) + tree.text(id)
    }
  }

  /// Everything of an error that a phrase may be looked for in.
  static func text(of diagnostic: Diagnostic) -> String {
    [diagnostic.fault.title, diagnostic.fault.label, diagnostic.fault.help].compactMap { $0 }.joined(separator: "\n")
  }

  /// Makes lines the process's standard input.
  private static func provide(_ input: [String]) {
    let path = "/tmp/snn-programs-\(getpid()).txt"
    guard let file = fopen(path, "wb") else { return }
    for line in input { fputs(line + "\n", file) }
    fclose(file)
    let descriptor = open(path, O_RDONLY)
    dup2(descriptor, STDIN_FILENO)
    close(descriptor)
    unlink(path)
  }
}
