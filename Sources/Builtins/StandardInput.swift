import Faults
import Glibc
import Synchronization

/// Lines of standard input for programs. Unlike the C library's, the wait for a line ends with Ctrl-C, and an end
/// that a terminal's user has typed (Ctrl-D) is only this line's end.
enum StandardInput {
  private static let kept = Mutex<[UInt8]>([])

  /// The next line without its end; nil at the end of the input.
  static func line() throws(Fault) -> String? {
    var bytes = kept.withLock { bytes in
      defer { bytes = [] }
      return bytes
    }
    var searched = 0
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let rest = Array(bytes[(end + 1)...])
        kept.withLock { $0 = rest }
        return text(bytes[..<end])
      }
      searched = bytes.count
      let count = try fill(&chunk)
      if count == 0 { return bytes.isEmpty ? nil : text(bytes[...]) }
      bytes += chunk[..<count]
    }
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
  }

  /// Waits for bytes; looks after Ctrl-C ten times a second.
  private static func fill(_ chunk: inout [UInt8]) throws(Fault) -> Int {
    while true {
      try Interrupt.check()
      var watched = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      let ready = poll(&watched, 1, 100)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let count = read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      return max(0, count)
    }
  }
}
