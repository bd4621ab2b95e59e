import Faults
import Glibc
import Language

/// What became of a program: the one place that knows how the interpreter is called.
struct Execution: Sendable {
  /// The lines that were printed.
  var output: [String] = []
  /// The errors that stopped it, in the order of their lines.
  var diagnostics: [Diagnostic] = []

  /// How much a program may take: as much as one may at the command line, or little, for programs made at random.
  enum Limits { case main, small }

  /// Runs a script as `snn run` would: in the package's folder, on a stack as large as a main thread's.
  static func of(
    _ source: String, name: String, arguments: [String] = [], input: [String] = [], limits: Limits = .main
  ) -> Execution {
    onLargeStack {
      _ = chdir(ProgramFiles.packageFolder)
      var execution = Execution()
      execution.diagnostics = parse(SourceText(source, name: name)).diagnostics
      return execution
    }
  }

  static func of(_ program: Program) -> Execution {
    of(program.source, name: program.path, arguments: program.arguments, input: program.input)
  }

  /// Everything of an error that a phrase may be looked for in.
  static func text(of diagnostic: Diagnostic) -> String {
    [diagnostic.fault.title, diagnostic.fault.label, diagnostic.fault.help].compactMap { $0 }.joined(separator: "\n")
  }
}
