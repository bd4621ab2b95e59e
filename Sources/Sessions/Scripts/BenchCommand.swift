// `snn bench`: how long a script, or a piece of code, takes.

import Language
import Machine

/// What `snn bench` was asked for: a script, a piece of code, or code that sees the names of a script.
public struct BenchOptions: Sendable {
  public var path: String?
  public var code: String?
  /// Passes in one repeat; nil for about a fifth of a second, of a script ten at most.
  public var passes: Int?
  public var repeats: Int

  public init(path: String? = nil, code: String? = nil, passes: Int? = nil, repeats: Int = 7) {
    self.path = path
    self.code = code
    self.passes = passes
    self.repeats = repeats
  }
}

/// Measures, prints one line, and gives the exit status: of the code's error where there was one.
public func runBench(_ bench: BenchOptions, output: any Output, options: ScriptSession.Options) -> Int32 {
  var runner = BenchRunner(width: output.width, options: options)
  let timing: RepeatedTiming?
  if let code = bench.code {
    timing = runner.measure(code: code, after: bench.path, bench)
  } else {
    timing = runner.measure(path: bench.path ?? "-", bench)
  }
  guard let timing else { return runner.status }
  output.write("\(timing.text) (\(timing.countText))\n")
  output.flush()
  return ExitStatus.success
}

/// One measurement, and what stopped it.
private struct BenchRunner {
  let width: Int
  let options: ScriptSession.Options
  var status = ExitStatus.success

  private func newSession() -> ScriptSession { ScriptSession(output: SilentOutput(width: width), options: options) }

  /// Measures code in one session, after a script where one is given.
  mutating func measure(code: String, after path: String?, _ bench: BenchOptions) -> RepeatedTiming? {
    let session = newSession()
    if let path {
      guard let source = read(path, session), seconds(source, in: session, .cell) != nil else { return nil }
    }
    // Once by itself and uncounted, so that its errors are shown where they stand in the text that was given.
    guard seconds(SourceText(code, name: "-e"), in: session, .cell) != nil else { return nil }
    return RepeatedTiming.measure(code, passes: bench.passes, repeats: bench.repeats) { (code, count) in
      seconds(SourceText(RepeatedTiming.loop(code, passes: count), name: "-e"), in: session, .cell)
    }
  }

  /// Measures whole runs of a script, each in a session of its own, which is made before the clock starts.
  mutating func measure(path: String, _ bench: BenchOptions) -> RepeatedTiming? {
    guard let source = read(path, newSession()), let once = seconds(source, in: newSession(), .script) else { return nil }
    // A session takes longer to make than a small script to run: few passes, however short.
    let passes = bench.passes ?? max(1, min(10, Int((0.2 / max(once, 0.001)).rounded())))
    return RepeatedTiming.measure(passes: passes, repeats: bench.repeats) { count in
      var total = 0.0
      for _ in 0..<count {
        guard let time = seconds(source, in: newSession(), .script) else { return nil }
        total += time
      }
      return total
    }
  }

  private mutating func read(_ path: String, _ session: ScriptSession) -> SourceText? {
    let source = session.source(at: path)
    if source == nil { status = ExitStatus.withoutSource }
    return source
  }

  /// The seconds of a run, or nil, with the report shown and the status set, where it fails.
  private mutating func seconds(_ source: SourceText, in session: ScriptSession, _ mode: Interpreter.Mode) -> Double? {
    switch session.interpret(source, mode: mode) {
    case .value: return session.interpreter.lastDuration
    case .failed(let diagnostics):
      status = session.status(of: diagnostics)
      return nil
    }
  }
}
