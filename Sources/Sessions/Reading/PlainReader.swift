import Builtins
import Faults
import Glibc
import Texts

/// Reads lines without an editor: from a terminal that cannot move its cursor, with prompts, or from a file or a
/// pipe, without.
public final class PlainReader: LineReader {
  private let console: Console
  private let showsPrompts: Bool
  private var input: LineInput
  private var prefilled: String?

  public init(console: Console, showsPrompts: Bool, descriptor: Int32 = STDIN_FILENO) {
    self.console = console
    self.showsPrompts = showsPrompts
    input = LineInput(descriptor: descriptor)
  }

  public func prefill(_ text: String) { prefilled = text }

  public func read(assistant: LineAssistant) -> ReadResult {
    if let text = prefilled {
      prefilled = nil
      if showsPrompts { console.line(Prompt.first + text) }
      return .text(text)
    }
    var text = ""
    while true {
      if showsPrompts { console.write(text.isEmpty ? Prompt.first : Prompt.continuation) }
      switch input.next() {
      case .interrupted:
        if showsPrompts { console.line() }
        return .interrupted
      case .end:
        if showsPrompts { console.line() }
        return text.isEmpty ? .end : .text(text)
      case .text(let line):
        text += text.isEmpty ? line : "\n" + line
      }
      if case .incomplete = assistant.completeness(of: text), !text.hasSuffix("\n\n") { continue }
      return .text(text)
    }
  }

  public func ask(_ question: String) -> Bool? {
    guard showsPrompts else { return nil }
    console.write(question + " [y/N] ")
    guard case .text(let answer) = input.next() else {
      console.line()
      return false
    }
    return isYes(answer)
  }

  /// What the input holds by now, up to a line's end: all that has come, and is taken as whole, or as much as a program
  /// may have; nil at the end of the input.
  ///
  /// A program that is typed or generated bit by bit is thus run bit by bit, and one that comes as a whole is run as a
  /// whole, so that its functions may use each other in any order.
  /// - Parameter isWhole: whether a text can be run as it stands.
  func readPart(isWhole: (String) -> Bool) throws(Fault) -> String? {
    var text = ""
    var nextLook = 1 << 20
    while case .text(let line) = input.next() {
      text += line + "\n"
      if text.utf8.count > Self.largestProgram {
        throw Fault(.limit, "standard input is too large", label: "one program has more than \(Self.largestProgram >> 20) MiB")
      }
      if input.isWaiting(milliseconds: 50), text.utf8.count < nextLook { continue }
      if isWhole(text) { return text }
      if text.utf8.count >= nextLook { nextLook *= 2 }
    }
    if let fault = input.fault { throw fault }
    return text.isEmpty ? nil : text
  }

  private static let largestProgram = 64 << 20
}

/// Lines of a descriptor, without their ends, with signals looked after.
private struct LineInput {
  private let descriptor: Int32
  private var bytes: [UInt8] = []
  private var consumed = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Why the input ended where it did; nil where it is its own end.
  private(set) var fault: Fault?

  /// Whether a line, or more of one, or the end is there within some time.
  mutating func isWaiting(milliseconds: Int32) -> Bool {
    if bytes[consumed...].contains(UInt8(ascii: "\n")) { return true }
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, milliseconds) > 0
  }

  mutating func next() -> ReadResult {
    var searched = consumed
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        var line = bytes[consumed..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        consumed = end + 1
        return .text(String(decoding: line, as: UTF8.self))
      }
      bytes.removeFirst(consumed)
      consumed = 0
      searched = bytes.count
      if bytes.count > StandardInput.longestLine {
        fault = StandardInput.tooLong()
        bytes = []
        return .end
      }
      switch fill() {
      case .text: continue
      case .interrupted:
        bytes = []
        return .interrupted
      case .end:
        if bytes.isEmpty { return .end }
        defer { bytes = [] }
        return .text(String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  private mutating func fill() -> ReadResult {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if Signals.hasInterrupt.exchange(false, ordering: .relaxed) { return .interrupted }
      var watched = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: Signals.wakeUp, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&watched, 2, -1)
      if ready < 0, errno == EINTR { continue }
      if ready > 0, watched[1].revents & Int16(POLLIN) != 0 {
        Signals.drain()
        continue
      }
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return .end }
      bytes += chunk[..<count]
      return .text("")
    }
  }
}

/// Whether an answer agrees: whatever is no clear yes does not.
func isYes(_ answer: String) -> Bool { ["y", "yes"].contains(trimmed(answer).lowercased()) }
