import Faults
import Glibc
import Machine
import Synchronization

/// Lines of standard input for programs, as they come. Unlike the C library's, the wait for a line ends with Ctrl-C, and
/// an end that a terminal's user has typed (Ctrl-D) is only this line's end.
public enum StandardInput {
  /// What has been read and not yet asked for.
  private struct Kept {
    var bytes: [UInt8] = []
    var start = 0
    /// Up to here no line ends.
    var searched = 0

    /// The next line without its end; nil while it has not come to one.
    mutating func takeLine() -> String? {
      guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
        bytes.removeFirst(start)
        start = 0
        searched = bytes.count
        return nil
      }
      defer { (start, searched) = (end + 1, end + 1) }
      return Self.text(bytes[start..<end])
    }

    mutating func takeRest() -> String? {
      let rest = bytes[start...]
      self = Kept()
      return rest.isEmpty ? nil : Self.text(rest)
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
  }

  private static let kept = Mutex(Kept())
  /// Bytes of the longest line: an input without line ends must not fill the memory.
  public static let longestLine = 64 << 20

  /// The next line without its end; nil at the end of the input.
  static func line() throws(Fault) -> String? {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let line = kept.withLock({ $0.takeLine() }) { return line }
      let count = try fill(&chunk)
      if count == 0 { return kept.withLock { $0.takeRest() } }
      let length = kept.withLock { kept in
        kept.bytes += chunk[..<count]
        return kept.bytes.count
      }
      if length > longestLine + chunk.count { throw tooLong() }
    }
  }

  public static func tooLong() -> Fault {
    Fault(.limit, "a line of standard input is too long", label: "more than \(longestLine >> 20) MiB without a line end")
  }

  /// Everything up to the end of the input, as for a script that comes that way.
  public static func all(limit: Int) throws(Fault) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = try fill(&chunk)
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      if bytes.count > limit {
        throw Fault(.limit, "standard input is too large", label: "it goes on, the limit is \(limit >> 20) MiB")
      }
    }
  }

  /// Waits for bytes; looks after Ctrl-C ten times a second.
  private static func fill(_ chunk: inout [UInt8]) throws(Fault) -> Int {
    while true {
      try Interrupt.check()
      var watched = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&watched, 1, 50)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      return max(0, count)
    }
  }
}

/// The lines of standard input, one at a time where a loop goes through them; whoever asks for their number, or for one
/// of them, waits for all.
final class InputLines: ForeignValue {
  static let typeName = Kind.lines
  /// All lines, a list, once somebody has asked for all of them.
  private var held: Value?
  private var fault: Fault?
  private var place = 0

  deinit { held?.release() }

  var asList: Value? {
    if held == nil {
      var lines: [Value] = []
      do throws(Fault) {
        while let line = try StandardInput.line() { lines.append(.string(line)) }
      } catch {
        // What could not be read is told to whoever takes an element.
        fault = error
      }
      held = .list(lines)
    }
    return held
  }

  var summary: String { asList?.description(of: .quoted) ?? "" }
  var count: Int? { asList?.elements?.count }

  func element(at index: Int) throws(Fault) -> Value {
    let list = asList
    if let fault { throw fault }
    return list?.elements?[index].retained() ?? .nil
  }

  var isStream: Bool { true }

  /// The next line; of lines that are held, again from the first once they have all been given.
  func next() throws(Fault) -> Value? {
    guard let held else { return try StandardInput.line().map { .string($0) } }
    if let fault { throw fault }
    guard let lines = held.elements, place < lines.count else {
      place = 0
      return nil
    }
    defer { place += 1 }
    return lines[place].retained()
  }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? InputLines) === self }
}
