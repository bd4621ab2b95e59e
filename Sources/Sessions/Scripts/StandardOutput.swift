import Glibc
import Machine

/// A program's output on the standard output, buffered: a terminal sees each piece at once, a pipe sees blocks.
public final class StandardOutput: Output {
  private var buffer: [UInt8] = []
  public let isInteractive: Bool
  public let usesColour: Bool
  /// Set where nobody reads: what is written then goes nowhere.
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

  /// On the standard error, after what the program wrote so far.
  public func warn(_ text: String) {
    flush()
    writeError("warning: \(text)\n")
  }

  public func flush() {
    var written = 0
    buffer.withUnsafeBytes { bytes in
      while written < bytes.count, !isClosed {
        let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count > 0 {
          written += count
        } else if errno != EINTR {
          isClosed = true
          stop(errno)
        }
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Ends a process whose output goes nowhere, so that `snn run loop.snn | head` ends with `head`.
  private func stop(_ code: Int32) {
    switch code {
    case EPIPE:
      // As any other command in a pipeline: by the signal, without a message.
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    case EBADF: break
    default:
      writeError("error: cannot write the output: \(String(cString: strerror(code)))\n")
      _exit(ExitStatus.failedOutput)
    }
  }
}

/// A message on the standard error.
func writeError(_ text: String) {
  var text = text
  text.withUTF8 { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
}
