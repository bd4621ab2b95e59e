import Glibc
import Machine

/// A program's output on the standard output, buffered: a terminal sees each piece at once, a pipe sees blocks.
public final class StandardOutput: Output {
  private var buffer: [UInt8] = []
  public let isInteractive: Bool
  public let usesColour: Bool
  /// Set once the reader has gone: what is written then goes nowhere.
  private var isClosed = false

  public init() {
    isInteractive = isatty(STDOUT_FILENO) == 1
    usesColour = wantsColour()
    buffer.reserveCapacity(1 << 16)
  }

  deinit { flush() }

  public var width: Int { isInteractive ? terminalSize().columns : 80 }

  public func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if isInteractive || buffer.count >= 1 << 16 { flush() }
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
