import Faults
import Glibc
import Language
import Texts

/// A conversation: reads inputs, hands programs to the evaluator and the prompt's own commands to their bodies, and
/// shows what comes back.
///
/// One object owns the state of a conversation; it lives on one thread.
public final class Session {
  public let evaluator: Evaluator
  public let console: Console
  let reader: LineReader
  let history: HistoryFile
  /// The inputs so far; the first is input 1.
  var inputs: [String] = []
  /// Set by `%quit` and `exit()`.
  var isLeaving = false
  /// What the program ends with.
  private(set) var status: Int32 = 0
  /// Where `%cd -` goes.
  var previousFolder = "."

  public init(evaluator: Evaluator, reader: LineReader, history: HistoryFile, console: Console) {
    self.evaluator = evaluator
    self.reader = reader
    self.history = history
    self.console = console
    previousFolder = currentFolder()
  }

  var columns: Int { terminalSize().columns }

  /// Talks until the user leaves.
  public func talk() {
    while !isLeaving {
      switch reader.read(assistant: self) {
      case .end: return
      case .interrupted: continue
      case .text(let text): accept(text)
      }
    }
  }

  /// Takes one input into the history and runs it.
  func accept(_ text: String) {
    var text = text[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    if text.isEmpty { return }
    history.append(String(text))
    inputs.append(String(text))
    run(String(text))
  }

  /// Runs an input of any kind.
  func run(_ text: String) {
    switch InputKind(text) {
    case .blank: return
    case .code(let program, let isSilenced):
      show(evaluate { $0.evaluate(program, name: "input \(self.inputs.count)", echo: !isSilenced) })
    case .magic(let name, let rest): runMagic(name, rest)
    case .shell(let command): runShellLine(command)
    case .help(let name): showHelp(name)
    case .source(let name): showSource(name)
    }
  }

  // MARK: evaluation

  /// Runs something of the evaluator's with Ctrl-C meaning "stop".
  func evaluate(_ body: (Evaluator) -> Outcome) -> Outcome {
    Signals.enter(.evaluating)
    let outcome = body(evaluator)
    if case .value = outcome, Signals.wasPressed {
      // Training and streams give what they have reached, and the program goes on from there.
      console.line("\n" + console.styled("stopped early", .yellow) + ": what was reached is kept")
    }
    Signals.enter(.reading)
    Interrupt.clear()
    return outcome
  }

  func show(_ outcome: Outcome) {
    switch outcome {
    case .value(let text?) where !text.isEmpty: console.line(text)
    case .value: return
    case .failed(let report): console.line(report)
    case .exit(let wanted):
      status = wanted
      isLeaving = true
    case .interrupted(let place):
      // The terminal shows the keys as `^C`, behind whatever stood on the line.
      console.line("\n" + console.styled("interrupted", .yellow) + (place.map { " " + $0 } ?? ""))
    }
  }

  /// Runs a program without showing its value; false, with the report shown, where it fails.
  func runQuietly(_ program: String, name: String) -> Bool {
    let outcome = evaluate { $0.evaluate(program, name: name, echo: false) }
    if case .value = outcome { return true }
    show(outcome)
    return false
  }

  // MARK: the prompt's own commands

  private func runMagic(_ name: String, _ rest: String) {
    guard let magic = Magic.named(name) else {
      return fail(
        Fault(
          .name, "there is no command `%\(name)`",
          help: didYouMean(name, among: Magic.names)?.replacingBackquotes ?? "%lsmagic lists the prompt's commands"))
    }
    magic.body(self, rest)
  }

  func runShellLine(_ command: String) {
    guard wants(command, "a shell command, as in `;ls`") else { return }
    let parts = words(command)
    if parts.first == "cd", let magic = Magic.named("cd"), !command.contains(where: { ";&|".contains($0) }) {
      return magic.body(self, parts.dropFirst().joined(separator: " "))
    }
    let status = runShell(command)
    if status == 130 { console.line() }
    if status != 0 { console.line(console.styled("exit status \(status)", .faint)) }
  }

  func showHelp(_ name: String) {
    if name.isEmpty || name == "help" { return console.line(quickReference) }
    if let page = help(for: name) ?? Magic.named(name)?.page { return showPage(page) }
    unknownTopic(name)
  }

  func showSource(_ name: String) {
    guard wants(name, "a name, as in `??accuracy`") else { return }
    if let text = evaluator.source(of: name) { return console.line(text) }
    if let page = help(for: name) {
      return showPage(page + "\n\nIt is built in: its source is not in the language.")
    }
    unknownTopic(name)
  }

  private func showPage(_ page: String) { console.line(wrapped(page, to: columns)) }

  func showTopics(_ text: String) {
    let topics = evaluator.apropos(text)
    if topics.isEmpty { return console.line("nothing mentions \(text)") }
    let shown = topics.prefix(30)
    let width = shown.map { $0.name.displayWidth }.max() ?? 0
    for topic in shown {
      let room = max(10, columns - width - 3)
      console.line(console.styled(padded(topic.name, to: width), .cyan) + "  " + clipped(topic.summary, to: room))
    }
    if topics.count > shown.count { console.line("… and \(topics.count - shown.count) more, which fit less") }
  }

  private func unknownTopic(_ name: String) {
    let near = evaluator.apropos(name).prefix(5).map(\.name)
    fail(
      Fault(
        .name, "nothing is known about `\(name)`",
        help: near.isEmpty ? "apropos(\"text\") looks through the documentation" : "see " + near.joined(separator: ", ")
      ))
  }

  // MARK: reports

  /// Shows a fault of the prompt's own.
  func fail(_ fault: Fault) {
    let label = fault.label.map { ": \($0)" } ?? ""
    console.line(console.styled("error", .red) + ": \(fault.title)\(label)")
    if let help = fault.help { console.line(console.styled("  = help: ", .faint) + help) }
  }

  func missing(_ what: String) { fail(Fault(.call, "missing: \(what)")) }

  /// Whether an argument is there; reports what it should be otherwise.
  func wants(_ argument: String, _ what: String) -> Bool {
    if !argument.isEmpty { return true }
    missing(what)
    return false
  }

  /// Whether the user agrees; where nobody can be asked nothing is done, and `otherwise` says what does it all the same.
  func confirms(_ question: String, otherwise: String) -> Bool {
    switch reader.ask(question) {
    case .some(true): return true
    case .some(false): console.line("nothing is changed")
    case nil: fail(Fault(.file, question, label: "there is nobody to answer", help: otherwise))
    }
    return false
  }

  /// Does something and shows the fault that it throws.
  func reporting(_ body: () throws(Fault) -> Void) {
    do { try body() } catch { fail(error) }
  }

  /// The inputs that words such as `3`, `2-5` and `~4` name; all but the running one without a word.
  func inputs(_ chosen: ArraySlice<String>) throws(Fault) -> [String] {
    let past = Array(inputs.dropLast())
    if chosen.isEmpty { return past }
    var result: [String] = []
    for word in chosen {
      guard let range = inputRange(word, count: past.count) else {
        throw Fault(
          .value, "there is no input `\(word)`", help: "inputs are named `3`, `2-5` or `~4`; %history lists them")
      }
      result += past[range.lowerBound - 1...range.upperBound - 1]
    }
    return result
  }
}

extension String {
  /// A hint about names, with the mark of the prompt's commands.
  fileprivate var replacingBackquotes: String {
    var result = ""
    var isOpen = false
    for character in self {
      result.append(character)
      if character == "`" {
        isOpen.toggle()
        if isOpen { result.append("%") }
      }
    }
    return result
  }
}
