// One run of a script for a page: cell by cell until one fails, with the data and the clock readings that it rested on.

import Builtins
import Faults
import Formats
import Kernels
import Machine

struct PageRun {
  var page: Page
  var status = ExitStatus.success
  /// Whether the user or the clock stopped it.
  private(set) var isCutShort = false
  private let options: RenderOptions
  private let output = PageOutput()
  private let session: ScriptSession
  private let filesRead: FilesRead
  private let clock: WallClock
  private let modules: ModuleTexts

  /// The texts of the modules that a run uses.
  private final class ModuleTexts {
    var texts: [String: String] = [:]
  }

  /// A run of a script, or where a page's record is given, that run again: its modules come from the record, and its clock
  /// shows what it showed then.
  init(of source: String, _ options: RenderOptions, _ tools: PageTools, again: PageRecord? = nil) {
    self.options = options
    session = ScriptSession(output: output, options: options.session)
    filesRead = FilesRead(tools.digest)
    clock = WallClock(replaying: again?.clock)
    let modules = ModuleTexts()
    self.modules = modules
    session.interpreter.machine.readModule = { (path) throws(Fault) in
      let text: String
      if let again {
        guard let kept = again.modules[path] else { throw Fault(.file, "the page carries no module \(shownPath(path))") }
        text = kept
      } else {
        text = try FilesRead.unnoticed { () throws(Fault) in try readText(path) }
      }
      modules.texts[path] = text
      return text
    }
    let fileName = options.path.split(separator: "/").last.map(String.init) ?? options.path
    var record = PageRecord(path: options.path, source: source, version: version, kernels: kernels.name)
    (record.form, record.seed, record.files) = (options.session.form, options.session.seed, options.session.files)
    record.title = options.title
    let facts = PageFacts(
      seeds: [], machine: machineDescription(), date: presentDate(), seconds: 0, command: options.command, record: record)
    page = Page(title: options.title, fileName: fileName, facts: facts, tools: tools)
  }

  /// The page, whose pictures from files are under the rules of the run.
  var html: String { FileRules.$current.withValue(options.session.files) { page.html } }

  mutating func runCells(_ progress: PageProgress) {
    let cells = scriptCells(page.facts.record.source)
    let started = secondsNow()
    defer { progress.end() }
    let count = cells.count { $0.kind == .code }
    var number = 0
    for (index, cell) in cells.enumerated() {
      var result = CellResult(cell: cell)
      if cell.kind == .text {
        page.results.append(result)
        continue
      }
      number += 1
      progress.begin("cell \(number) of \(count)\(cell.title.isEmpty ? "" : ": \(cell.title)")")
      let stopped = run(cell, &result)
      page.results.append(result)
      if let stopped { status = stopped.status }
      if page.isInterrupted { status = ExitStatus.interrupted }
      if stopped != nil || page.isInterrupted {
        page.leftOut = cells[(index + 1)...].count { $0.kind == .code }
        progress.end()
        if let error = stopped?.error { writeError(error + "\n") }
        break
      }
    }
    page.facts.seeds = session.interpreter.machine.usedSeeds
    page.facts.data = filesRead.list
    page.facts.clockReadings = clock.count
    page.facts.seconds = secondsNow() - started
    (page.facts.record.clock, page.facts.record.modules) = (clock.readings, modules.texts)
    // The end of its time is no property of the script.
    isCutShort = page.isInterrupted || Interrupt.isRequested
    page.facts.record.isInterrupted = isCutShort
  }

  private mutating func run(_ cell: ScriptCell, _ result: inout CellResult) -> StoppedCell? {
    let before = clock.asked
    let stopped = FilesRead.$current.withValue(filesRead) {
      WallClock.$current.withValue(clock) { session.runCell(cell, path: options.path) }
    }
    result.pieces = output.take()
    result.error = stopped?.error
    result.readsClock = clock.asked > before
    page.isInterrupted = wasInterrupted() || stopped?.isInterrupt == true
    return stopped
  }
}
