import Glibc
import Machine

/// A program's output on standard output: at once where a person watches, in large pieces into a file or a pipe.
public final class TerminalOutput: Output {
  private static let bufferSize = 1 << 16
  private var buffer: [UInt8] = []
  public let isInteractive: Bool
  public let usesColour: Bool

  public init() {
    isInteractive = isatty(STDOUT_FILENO) == 1
    usesColour = wantsColour()
  }

  deinit { flush() }

  public var width: Int { isInteractive ? terminalSize().columns : 80 }

  public func write(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if isInteractive || buffer.count >= Self.bufferSize { flush() }
  }

  /// Sends what is kept; call before anything else writes to standard output, and at the end.
  public func flush() {
    if buffer.isEmpty { return }
    buffer.withUnsafeBytes { writeAll($0, to: STDOUT_FILENO) }
    buffer.removeAll(keepingCapacity: true)
  }
}
