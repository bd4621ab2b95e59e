// `snn render`: runs a script cell by cell and writes the page of what it showed.

import Builtins
import Faults
import Formats
import Glibc
import Language
import Machine

/// What `snn render` was asked for.
public struct RenderOptions: Sendable {
  public var path: String
  /// Where the page goes; beside the script, with the ending `.html`, when nil; `-` is the standard output.
  public var output: String?
  public var title: String?
  /// The command as it was typed, for the page's foot.
  public var command: String
  public var session = ScriptSession.Options()

  public init(path: String, output: String? = nil, title: String? = nil, command: String = "snn render") {
    self.path = path
    self.output = output
    self.title = title
    self.command = command
  }

  var target: String {
    if let output { return output }
    return (path.hasSuffix(".snn") ? String(path.dropLast(4)) : path) + ".html"
  }
}

/// Renders a script and gives the exit status: of the script's error where there was one, though the page is written.
public func renderPage(_ options: RenderOptions) -> Int32 {
  let isStandardOutput = options.target == "-"
  guard
    isStandardOutput
      || succeeds({ () throws(Fault) in try checkWritable(options.target, sparing: options.path) })
  else { return ExitStatus.cannotCreate }
  var source = ""
  guard succeeds({ () throws(Fault) in source = try readText(options.path) }) else { return ExitStatus.withoutSource }
  var tools: PageTools?
  guard succeeds({ () throws(Fault) in tools = try PageTools() }), let tools else { return ExitStatus.unavailable }
  var run = PageRun(of: source, options, tools)
  run.runCells(PageProgress())
  run.page.facts.commit = repositoryState(of: options.path)
  // Ctrl-C and the limit of time have done their work: they must not stop the writing too.
  Interrupt.forget()
  let html = run.html
  if isStandardOutput {
    writeOutput(html)
    return run.status
  }
  let isWritten = succeeds { () throws(Fault) in try writeText(html, to: options.target, sparing: options.path) }
  return isWritten ? run.status : ExitStatus.cannotCreate
}

/// Does something; where it fails, its fault is told on the standard error.
func succeeds(_ body: () throws(Fault) -> Void) -> Bool {
  do throws(Fault) {
    try body()
    return true
  } catch {
    let label = error.label.map { ": \($0)" } ?? ""
    writeError("error: \(error.title)\(label)\n" + (error.help.map { "  = help: \($0)\n" } ?? ""))
    return false
  }
}

/// Why a cell did not come to its end.
struct StoppedCell {
  var status: Int32
  var error: String?
  var isInterrupt = false
}

extension ScriptSession {
  /// Runs one cell as the prompt does and shows the value of its last expression; nil when it came to its end.
  func runCell(_ cell: ScriptCell, path: String) -> StoppedCell? {
    // Empty lines before the cell let messages name the lines of the file.
    let text = String(repeating: "\n", count: max(0, cell.firstLine - 1)) + cell.text
    switch interpret(SourceText(text, name: path), mode: .cell) {
    case .value(let value):
      let isShown = ShownValue.takeIsShown(value, on: interpreter.machine)
      if value.isNil || isShown { return nil }
      if let held = value.asForeign {
        output.show(held)
      } else {
        output.write(display(value, style: output.style) + "\n")
      }
      return nil
    case .failed(let diagnostics):
      guard let first = diagnostics.first else { return nil }
      if let status = first.fault.exitStatus { return StoppedCell(status: status) }
      let error = withoutLastNewline(DiagnosticRenderer().render(diagnostics))
      if first.fault.kind == .interrupt {
        return StoppedCell(status: ExitStatus.interrupted, error: nil, isInterrupt: true)
      }
      return StoppedCell(status: first.stack.isEmpty ? ExitStatus.badSource : ExitStatus.failure, error: error)
    }
  }
}
