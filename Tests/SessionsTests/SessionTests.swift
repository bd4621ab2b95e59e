import Formats
import Glibc
import ReplFixture
import Synchronization
import Testing

@testable import Sessions

/// Plays back inputs.
private final class ScriptedReader: LineReader {
  var inputs: [String]
  var prefilled: String?

  init(_ inputs: [String]) { self.inputs = inputs }

  /// What is answered to a question; nil where nobody can be asked.
  var answer: Bool?
  private(set) var asked: [String] = []

  func prefill(_ text: String) { prefilled = text }

  func ask(_ question: String) -> Bool? {
    asked.append(question)
    return answer
  }

  func read(assistant: LineAssistant) -> ReadResult {
    if let text = prefilled {
      prefilled = nil
      return .text(text)
    }
    return inputs.isEmpty ? .end : .text(inputs.removeFirst())
  }
}

private final class Transcript: Sendable {
  private let text = Mutex("")
  func append(_ part: String) { text.withLock { $0 += part } }
  var value: String { text.withLock { $0 } }
}

@Suite struct SessionTests {
  /// What a conversation shows.
  private func talk(_ inputs: [String], answering answer: Bool? = nil) -> String {
    let transcript = Transcript()
    let console = Console(usesColour: false) { transcript.append($0) }
    let reader = ScriptedReader(inputs)
    reader.answer = answer
    let session = Session(
      evaluator: FakeEvaluator(console: console), reader: reader, history: HistoryFile(path: nil),
      console: console)
    session.talk()
    return transcript.value
  }

  private func session() -> Session {
    let console = Console(usesColour: false) { _ in }
    return Session(
      evaluator: FakeEvaluator(console: console), reader: ScriptedReader([]), history: HistoryFile(path: nil),
      console: console)
  }

  @Test func valuesAreShownUnlessSilenced() {
    #expect(talk(["1 + 1", "x = 5;", "x", "ans + 1"]) == "2\n5\n6\n")
  }

  @Test func errorsLoseNothing() {
    #expect(talk(["x = 5", "nonsense", "x"]) == "5\nerror: unknown word `nonsense`\n5\n")
  }

  @Test func unknownCommandsSuggest() {
    #expect(talk(["%tiem x"]) == "error: there is no command `%tiem`\n  = help: did you mean `%time`?\n")
    #expect(talk(["%zzzzzz"]).contains("%lsmagic lists"))
  }

  @Test func helpAndSource() {
    #expect(talk(["?lif"]) == "lif()\n\nleaky integrate-and-fire\n")
    #expect(talk(["linear??"]) == "fn linear(x) { x }\n")
    #expect(talk(["?lix"]).contains("see lif"))
    #expect(talk(["?%time"]).hasPrefix("%time CODE\n"))
    #expect(talk(["?"]).contains("%quickref") == false)
    #expect(talk(["%apropos integrate"]) == "lif  leaky integrate-and-fire\n")
  }

  @Test func stateCommands() {
    #expect(talk(["x = 1;", "y = 2;", "%who"]) == "ans  x  y\n")
    #expect(talk(["x = 1;", "%del x", "%del x"]).contains("nothing is bound to `x`"))
    #expect(talk(["x = 1;", "%reset", "%who"], answering: true) == "everything is forgotten\nnothing is bound\n")
    #expect(talk(["x = 1;", "%reset", "%who"], answering: false).hasPrefix("nothing is changed\n"))
    #expect(talk(["x = 1;", "%reset", "%who"]).contains("%reset -f forgets all"))
    #expect(talk(["x = 1;", "%reset -f", "%who"]) == "everything is forgotten\nnothing is bound\n")
    #expect(talk(["%quit", "1"]) == "")
  }

  @Test func historyCommands() {
    #expect(talk(["x = 1;", "x", "%history"]) == "1\n1  x = 1;\n2  x\n3  %history\n")
    #expect(talk(["x = 1;", "%recall 1", "%history ~1"]).hasSuffix("4  %history ~1\n"))
    #expect(talk(["%rerun 7"]).contains("there is no input `7`"))
  }

  @Test func filesThatCannotBeRun() {
    #expect(talk(["%run"]).contains("missing: a file to run"))
    #expect(talk(["%run /nowhere.snn"]).contains("cannot read `/nowhere.snn`: there is no such file or folder"))
    #expect(talk(["%run /tmp"]).contains("is a folder"))
    #expect(talk(["%run /proc/self/exe"]).contains("is not text"))
    #expect(talk(["%cd /nowhere"]).contains("cannot go to `/nowhere`"))
  }

  /// `%save` replaces nothing unasked, and makes no file of nothing.
  @Test func savingAsksAndKeeps() throws {
    let path = "/tmp/snn-save-\(getpid()).snn"
    defer { unlink(path) }
    #expect(talk(["%save \(path)"]).contains("there is nothing to save"))
    #expect(access(path, F_OK) != 0)
    #expect(talk(["x = 1;", "%save \(path)"]) == "1 input written to \(path)\n")
    #expect(talk(["x = 2;", "%save \(path)"]).contains("%save -f FILE replaces it"))
    #expect(talk(["x = 2;", "%save \(path)"], answering: false) == "nothing is changed\n")
    #expect(try readText(path) == "x = 1;\n")
    #expect(talk(["x = 2;", "%save \(path)"], answering: true) == "1 input written to \(path)\n")
    #expect(try readText(path) == "x = 2;\n")
    #expect(talk(["x = 3;", "%save -f \(path)"]) == "1 input written to \(path)\n")
    #expect(talk(["%pwd", "%save -f \(path)"]).contains("there is nothing to save"))
    #expect(try readText(path) == "x = 3;\n")
  }

  @Test func everyCommandIsDocumentedOnce() {
    #expect(Set(Magic.names).count == Magic.names.count)
    for magic in Magic.all { #expect(!magic.summary.isEmpty && magic.page.hasPrefix("%\(magic.name)")) }
    #expect(EditCommand.all.count <= 64)
    let keys = EditCommand.all.flatMap(\.keys)
    #expect(Set(keys).count == keys.count)
  }

  @Test func completesCommandsArgumentsAndNames() {
    let session = session()
    #expect(session.completions(in: "%rel", at: 4).candidates.isEmpty)
    #expect(
      session.completions(in: "%rer", at: 4)
        == Completions(1..<4, [Candidate("rerun", .command, "Runs inputs (the last, `3`, `2-5`) again")]))
    #expect(session.completions(in: "%time al", at: 8).range == 6..<8)
    #expect(session.completions(in: "?li", at: 3).candidates.map(\.text) == ["lif", "linear"])
    #expect(session.completions(in: "1 + lif", at: 7).range == 4..<7)
  }

  @Test func completesPaths() {
    let folder = "/tmp/snn-paths-\(getpid())"
    mkdir(folder, 0o700)
    for name in ["one two.snn", "other.snn", ".hidden"] { close(open("\(folder)/\(name)", O_CREAT | O_WRONLY, 0o600)) }
    let session = session()
    func texts(_ text: String) -> [String] {
      session.completions(in: text, at: text.utf8.count).candidates.map(\.text)
    }
    #expect(texts("%run \(folder)/o") == ["\(folder)/one\\ two.snn", "\(folder)/other.snn"])
    #expect(texts("%run \(folder)/one\\ t") == ["\(folder)/one\\ two.snn"])
    #expect(texts(";cat \(folder)/.") == ["\(folder)/.hidden"])
    #expect(texts("print \"\(folder)/on") == ["\(folder)/one two.snn"])
    #expect(texts("%load /nowhere/") == [])
  }

  @Test func magicsKnowWhenTheyAreComplete() {
    let session = session()
    #expect(session.completeness(of: "%time {") == .incomplete(indent: 2))
    #expect(session.completeness(of: "%run {") == .complete)
    #expect(session.completeness(of: ";echo {") == .complete)
    #expect(session.completeness(of: "{") == .incomplete(indent: 2))
  }
}
