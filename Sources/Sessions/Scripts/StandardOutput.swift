import Glibc
import Machine

/// A program's output on the standard output, buffered: a terminal sees each line at once, a pipe sees blocks.
public final class StandardOutput: Output {
  private var buffer: [UInt8] = []
  public let isInteractive: Bool
  public let usesColour: Bool
  /// Set once the reader has gone: what is written then goes nowhere.
  private var isClosed = false

  public init() {
    isInteractive = isatty(STDOUT_FILENO) == 1
    usesColour = isInteractive && Self.wantsColour
    buffer.reserveCapacity(1 << 16)
  }

  deinit { flush() }

  /// The convention of NO_COLOR, and terminals that know no colours.
  static var wantsColour: Bool {
    if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
    return getenv("TERM").map { strcmp($0, "dumb") != 0 } ?? false
  }

  public var width: Int {
    var size = winsize()
    if isInteractive, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return 80
  }

  public func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 16 || (isInteractive && (text.utf8.contains(10) || text.utf8.contains(13))) { flush() }
  }

  public func flush() {
    var written = 0
    buffer.withUnsafeBytes { bytes in
      while written < bytes.count, !isClosed {
        let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count > 0 {
          written += count
        } else if errno != EINTR {
          // The reader has closed the pipe, as `head` does: the program's work is done.
          isClosed = true
        }
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// A message on the standard error.
func writeError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
