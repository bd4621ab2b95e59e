// `snn verify`: makes the run of a page again from what the page carries, and compares all that both show.

import Faults
import Formats
import Glibc
import Kernels
import Texts

/// What `snn verify` was asked for.
public struct VerifyOptions: Sendable {
  public var path: String
  public var session: ScriptSession.Options

  public init(path: String, session: ScriptSession.Options = ScriptSession.Options()) {
    self.path = path
    self.session = session
  }
}

/// Verifies a page, tells the result and gives the exit status: 0 where the page and its run are equal, 1 where not.
public func verifyPage(_ options: VerifyOptions) -> Int32 {
  var text = ""
  guard succeeds({ () throws(Fault) in text = try readText(options.path, limit: 1 << 30) }) else { return ExitStatus.withoutSource }
  var loaded: PageTools?
  guard succeeds({ () throws(Fault) in loaded = try PageTools() }), let tools = loaded else { return ExitStatus.unavailable }
  var found: PageRecord?
  guard succeeds({ () throws(Fault) in found = try PageRecord(page: text, tools.digest) }), let record = found else {
    return ExitStatus.badSource
  }
  if record.isInterrupted {
    writeError("error: the page is not complete: its run was stopped before its end\n  = help: render its script again\n")
    return ExitStatus.badSource
  }
  let notes = prepare(for: record)
  var run = PageRun(of: record.source, renderOptions(record, options), tools, again: record)
  run.runCells(PageProgress())
  if run.isCutShort {
    writeError("error: the run was stopped, so nothing is proven\n")
    return run.page.isInterrupted ? ExitStatus.interrupted : ExitStatus.failure
  }
  Interrupt.forget()
  let comparison = PageComparison(page: text, run: run.html, tools.digest)
  let name = options.path.withVisibleControls
  writeOutput(notes.map { "note: \($0)\n" }.joined() + comparison.report(name: name, clockReadings: run.page.facts.clockReadings))
  return comparison.differences.isEmpty ? ExitStatus.success : ExitStatus.failure
}

/// Puts the kernels of the page's run into force where this machine has them; gives what may make a difference.
private func prepare(for record: PageRecord) -> [String] {
  var notes: [String] = []
  if record.version != version { notes.append("the page was made by NeuEdge \(record.version.withVisibleControls), this is \(version)") }
  // They are chosen when they are first used, which nothing has done so far.
  if availableKernels.contains(where: { $0.name == record.kernels }) { setenv("SNN_KERNELS", record.kernels, 1) }
  if kernels.name != record.kernels {
    notes.append(
      "the page was made with \(record.kernels.withVisibleControls) kernels, this machine runs \(kernels.name): last digits may differ")
  }
  return notes
}

/// How the page was rendered, under the stricter of its rules for files and those asked for now.
private func renderOptions(_ record: PageRecord, _ asked: VerifyOptions) -> RenderOptions {
  var options = RenderOptions(path: record.path, title: record.title)
  options.session = asked.session
  options.session.form = record.form
  options.session.seed = record.seed
  let rules = [record.files, asked.session.files]
  options.session.files = rules.contains(.closed) ? .closed : rules.contains(.noWriting) ? .noWriting
    : rules == [.programs, .programs] ? .programs : .open
  return options
}
