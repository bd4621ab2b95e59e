import Glibc
import Language
import Tensors
import Testing

/// The whole text of messages, as the terminal shows them, against golden files by class of error.
@Suite(.serialized)
struct MessagesTests {
  /// Messages name the limit, which is otherwise a share of the machine's memory.
  init() { MemoryLimit.bytes = 8 << 30 }

  @Test(arguments: ProgramFiles.messages)
  func message(_ program: Program) {
    let execution = Execution.of(program)
    #expect(!execution.diagnostics.isEmpty, "\(program.path) is to fail, but it printed \(execution.output)")
    compare(DiagnosticRenderer().render(execution.diagnostics), with: program.name)
  }

  /// Inputs that no text editor would keep.
  static let generated: [(name: String, source: String)] = [
    (
      "messages/limit/nested_parentheses",
      "print(" + String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000) + ")\n"
    ),
    ("messages/file/binary_script", "\u{7F}ELF\u{2}\u{1}\u{1}\u{0}\u{0}\u{0}\u{0}\u{3}>\u{0}\u{1}\n\u{0}print(1)"),
  ]

  @Test(arguments: generated)
  func message(name: String, source: String) {
    compare(DiagnosticRenderer().render(Execution.of(source, name: "\(name).snn").diagnostics), with: name)
  }

  private func compare(_ rendered: String, with name: String) {
    let path = "\(ProgramFiles.relativeFolder)/\(name).txt"
    if getenv("SNN_RECORD") != nil {
      #expect(ProgramFiles.write(rendered, to: path))
      return
    }
    guard let bytes = ProgramFiles.read(path) else {
      Issue.record("\(path) is missing; SNN_RECORD=1 writes it. The message is\n\(rendered)")
      return
    }
    let golden = String(decoding: bytes, as: UTF8.self)
    if golden != rendered { Issue.record("\(path)\nexpected\n\(golden)\nbut it is\n\(rendered)") }
  }
}
