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
  guard succeeds({ () throws(Fault) in source = try readText(options.path) }) else { return ExitStatus.noInput }
  let (page, status) = runCells(of: source, options, progress: PageProgress())
  // Ctrl-C has done its work: it must not stop the writing too.
  Interrupt.clear()
  if isStandardOutput {
    writeOutput(page.html)
    return status
  }
  let isWritten = succeeds { () throws(Fault) in try writeText(page.html, to: options.target, sparing: options.path) }
  return isWritten ? status : ExitStatus.cannotCreate
}

/// Does something; where it fails, its fault is told on the standard error.
private func succeeds(_ body: () throws(Fault) -> Void) -> Bool {
  do throws(Fault) {
    try body()
    return true
  } catch {
    let label = error.label.map { ": \($0)" } ?? ""
    writeError("error: \(error.title)\(label)\n" + (error.help.map { "  = help: \($0)\n" } ?? ""))
    return false
  }
}

/// Runs the cells of a script until one fails; gives the page and the exit status.
func runCells(of source: String, _ options: RenderOptions, progress: PageProgress) -> (page: Page, status: Int32) {
  let output = PageOutput()
  let session = ScriptSession(output: output, options: options.session)
  let cells = scriptCells(source)
  let started = secondsNow()
  let fileName = options.path.split(separator: "/").last.map(String.init) ?? options.path
  let facts = PageFacts(
    seeds: [], version: version, machine: machineDescription(), date: presentDate(), seconds: 0, command: options.command)
  var page = Page(title: options.title, fileName: fileName, facts: facts)
  var status = ExitStatus.success
  defer { progress.end() }
  let count = cells.count { $0.kind == .code }
  var number = 0
  for (index, cell) in cells.enumerated() {
    var result = CellResult(cell: cell)
    if cell.kind == .code {
      number += 1
      progress.begin("cell \(number) of \(count)\(cell.title.isEmpty ? "" : ": \(cell.title)")")
      let stopped = session.runCell(cell, path: options.path)
      result.pieces = output.take()
      result.error = stopped?.error
      page.isInterrupted = wasInterrupted() || stopped?.isInterrupt == true
      if let stopped { status = stopped.status }
      if page.isInterrupted { status = ExitStatus.interrupted }
      if stopped != nil || page.isInterrupted {
        page.results.append(result)
        page.leftOut = cells[(index + 1)...].count { $0.kind == .code }
        progress.end()
        if let error = stopped?.error { writeError(error + "\n") }
        break
      }
    }
    page.results.append(result)
  }
  page.facts.seeds = session.interpreter.machine.usedSeeds
  page.facts.seconds = secondsNow() - started
  return (page, status)
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
      let isShown = ShownFigure.takeIsShown(value, on: interpreter.machine)
      if value.isNil || isShown { return nil }
      if let held = value.asForeign {
        output.show(held)
      } else {
        output.write(display(value, style: output.style) + "\n")
      }
      return nil
    case .failed(let diagnostics):
      guard let first = diagnostics.first else { return nil }
      if let status = exitStatus(first.fault) { return StoppedCell(status: status) }
      let error = withoutLastNewline(DiagnosticRenderer().render(diagnostics))
      if first.fault.kind == .interrupt {
        return StoppedCell(status: ExitStatus.interrupted, error: nil, isInterrupt: true)
      }
      return StoppedCell(status: first.stack.isEmpty ? ExitStatus.badSource : ExitStatus.failure, error: error)
    }
  }
}

/// A word as the shell must be given it.
public func shellQuoted(_ word: String) -> String {
  let plain = word.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-_./=:,+%@".contains($0) }
  return plain && !word.isEmpty ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
