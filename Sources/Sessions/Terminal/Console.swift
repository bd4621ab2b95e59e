import Glibc
import Texts

/// The session's own output: text for the user, coloured where the terminal and the user want colour.
public struct Console: Sendable {
  public enum Style: String, Sendable {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case magenta = "35"
    case cyan = "36"
    case prompt = "1;36"
  }

  /// Where the text goes.
  public var usesColour: Bool
  private let send: @Sendable (String) -> Void

  public init(usesColour: Bool, send: @escaping @Sendable (String) -> Void) {
    self.usesColour = usesColour
    self.send = send
  }

  /// Standard output.
  public static func standard() -> Console {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    return Console(usesColour: wantsColour()) { writeOutput(isTerminal ? $0.safeForTerminal : $0) }
  }

  public func write(_ text: String) { send(text) }
  public func line(_ text: String = "") { send(text + "\n") }

  public func styled(_ text: String, _ style: Style) -> String {
    usesColour && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}

/// Whether a descriptor, standard output unless told, is a terminal that shows colour, and `NO_COLOR` is not set.
public func wantsColour(on descriptor: Int32 = STDOUT_FILENO) -> Bool {
  if isatty(descriptor) == 0 { return false }
  if let value = environment("NO_COLOR"), !value.isEmpty { return false }
  return !isDumbTerminal
}

/// Whether the terminal cannot move its cursor.
var isDumbTerminal: Bool {
  guard let name = environment("TERM"), !name.isEmpty else { return true }
  return name == "dumb"
}

/// An environment variable's value.
func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

/// Writes all bytes, through interruptions; gives the system's reason where it refuses.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
  var done = 0
  while done < bytes.count {
    let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
    if count >= 0 {
      done += count
    } else if errno == EAGAIN {
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&ready, 1, 1000)
    } else if errno != EINTR {
      return errno
    }
  }
  return nil
}

/// The terminal's size, or 80 by 24 where there is none.
func terminalSize() -> (columns: Int, rows: Int) {
  var size = winsize()
  guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
  return (Int(size.ws_col), Int(size.ws_row))
}
