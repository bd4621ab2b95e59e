import Builtins
import Faults
import Formats
import Glibc
import Language
import Machine
import Texts

/// The prompt as a program: terminal, signals, history file, startup file, and the thread that all of it runs on.
public struct Repl: Sendable {
  public var version: String
  /// The shared history; nil for none.
  public var historyPath: String?
  /// Run before the first prompt, where it exists.
  public var startupPath: String?

  public init(version: String, historyPath: String? = defaultHistoryPath(), startupPath: String? = defaultStartupPath())
  {
    self.version = version
    self.historyPath = historyPath
    self.startupPath = startupPath
  }

  /// Talks to the terminal, or runs the program on standard input where that is no terminal.
  ///
  /// Reading and evaluating share one thread with a stack of 256 MB, so that no recursion in the evaluator meets the
  /// end of a small one; the calling thread only waits for it. Signal handlers set flags, whichever thread they run
  /// on, so that nothing depends on which thread is which.
  /// - Parameter makeEvaluator: called on that thread.
  /// - Returns: the exit status.
  public func run(
    files: FileRules = .open, _ makeEvaluator: @escaping @Sendable (Console) -> Evaluator
  ) -> Int32 {
    onLargeStack { FileRules.$current.withValue(files) { converse(makeEvaluator) } }
  }

  /// Talks in the language itself.
  /// - Parameters:
  ///   - seed: fixes every random draw from the start.
  ///   - files: what programs, and the prompt's own commands, may do with files.
  public func run(seed: Int? = nil, files: FileRules = .open) -> Int32 {
    run(files: files) { _ in
      let output = StandardOutput()
      let interpreter = makeInterpreter(output: output)
      if let seed { _ = interpreter.run(SourceText("seed(\(seed))", name: "--seed"), mode: .cell) }
      return InterpreterEvaluator(interpreter: interpreter, output: output)
    }
  }

  private func converse(_ makeEvaluator: @Sendable (Console) -> Evaluator) -> Int32 {
    Signals.install()
    let console = Console.standard()
    let evaluator = makeEvaluator(console)
    guard isatty(STDIN_FILENO) == 1 else { return runInput(evaluator, console) }
    let history = HistoryFile(path: historyPath)
    let reader: LineReader =
      EditlineReader(history: history, console: console)
      ?? PlainReader(console: console, showsPrompts: true)
    let session = Session(evaluator: evaluator, reader: reader, history: history, console: console)
    console.line(console.styled("NeuEdge \(version)", .bold) + "  ?help for help, Ctrl-D to leave")
    runStartup(session)
    session.talk()
    return session.status
  }

  private func runStartup(_ session: Session) {
    guard let startupPath, access(startupPath, R_OK) == 0 else { return }
    session.reporting { () throws(Fault) in
      let source = try readText(startupPath)
      session.show(session.evaluate { $0.run(source, path: startupPath, arguments: []) })
    }
  }

  /// Runs standard input as it comes, to its end; lines for the prompt (`%time …`, `?lif`) may stand between its
  /// statements. The first error ends it with status 1.
  private func runInput(_ evaluator: Evaluator, _ console: Console) -> Int32 {
    let reader = PlainReader(console: console, showsPrompts: false)
    let session = Session(evaluator: evaluator, reader: reader, history: HistoryFile(path: nil), console: console)
    var line = 0
    do throws(Fault) {
      while let text = try reader.readPart(isWhole: { isWhole($0, evaluator) }) {
        for part in inputParts(text) {
          if let status = run(part.text, line: line + part.line, in: session) { return status }
        }
        line += text.utf8.count { $0 == UInt8(ascii: "\n") }
      }
    } catch {
      writeError("error: \(error.title)\(error.label.map { ": \($0)" } ?? "")\n")
      return 1
    }
    return session.status
  }

  /// Whether the last program of a text is complete, or no further line would make it so.
  private func isWhole(_ text: String, _ evaluator: Evaluator) -> Bool {
    guard let last = inputParts(text).last, case .code(let program, _) = InputKind(last.text) else { return true }
    if case .incomplete = evaluator.completeness(of: program) { return false }
    return true
  }

  /// Runs one part of standard input; gives the status where it ends the run.
  private func run(_ text: String, line: Int, in session: Session) -> Int32? {
    guard case .code(let program, _) = InputKind(text) else {
      session.run(text)
      return session.isLeaving ? session.status : nil
    }
    let padding = String(repeating: "\n", count: line)
    let outcome = session.evaluate { $0.evaluate(padding + program, name: "standard input", echo: false) }
    switch outcome {
    case .value: return nil
    case .exit(let status): return status
    case .failed(let report): writeError(report + "\n")
    case .interrupted: session.show(outcome)
    }
    return 1
  }
}

/// A text cut where lines for the prompt stand between programs; `line` counts from 0.
func inputParts(_ text: String) -> [(line: Int, text: String)] {
  var parts: [(line: Int, text: String)] = []
  var program: [Substring] = []
  func flush(before line: Int) {
    let text = program.joined(separator: "\n")
    if !trimmed(text).isEmpty { parts.append((line - program.count, text)) }
    program = []
  }
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
  for (number, line) in lines.enumerated() {
    if let first = line.first, "%?;".contains(first) {
      flush(before: number)
      parts.append((number, String(line)))
    } else {
      program.append(line)
    }
  }
  flush(before: lines.count)
  return parts
}

/// `$SNN_HISTORY`, or `neuedge/history` in the user's state folder; nil where neither can be.
public func defaultHistoryPath() -> String? {
  if let path = environment("SNN_HISTORY") { return path.isEmpty ? nil : path }
  return folder("XDG_STATE_HOME", else: ".local/state").map { $0 + "/neuedge/history" }
}

/// `neuedge/startup.snn` in the user's configuration folder.
public func defaultStartupPath() -> String? {
  folder("XDG_CONFIG_HOME", else: ".config").map { $0 + "/neuedge/startup.snn" }
}

private func folder(_ variable: String, else inHome: String) -> String? {
  if let path = environment(variable), path.hasPrefix("/") { return path }
  return environment("HOME").map { $0 + "/" + inHome }
}

/// Runs a function on a thread of its own with a stack of 256 MB, and waits for it. The waiting thread takes no
/// signals: a Ctrl-C meets the one that works, inside the system call that it should end.
public func onLargeStack(_ body: @escaping @Sendable () -> Int32) -> Int32 {
  final class Task: @unchecked Sendable {
    let body: @Sendable () -> Int32
    var signals = sigset_t()
    var status: Int32 = 0
    init(_ body: @escaping @Sendable () -> Int32) { self.body = body }
  }
  let task = Task(body)
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setstacksize(&attributes, 256 << 20)
  var all = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_BLOCK, &all, &task.signals)
  defer { pthread_sigmask(SIG_SETMASK, &task.signals, nil) }
  var thread = pthread_t()
  let started = pthread_create(
    &thread, &attributes,
    { context in
      guard let context else { return nil }
      let task = Unmanaged<Task>.fromOpaque(context).takeUnretainedValue()
      pthread_sigmask(SIG_SETMASK, &task.signals, nil)
      task.status = task.body()
      return nil
    }, Unmanaged.passUnretained(task).toOpaque())
  if started != 0 { return body() }
  pthread_join(thread, nil)
  return task.status
}
