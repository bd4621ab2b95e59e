import Faults
import Glibc
import Machine
import Synchronization
import Texts

/// A program's output on the standard output: a terminal sees each piece at once; a pipe or a file sees blocks, and
/// whatever was printed within a quarter of a second, so that a program that is killed has lost nothing of it.
public final class StandardOutput: Output {
  private let pending = PendingOutput()
  public let isInteractive: Bool
  public let usesColour: Bool

  public init() {
    isInteractive = isatty(STDOUT_FILENO) == 1
    usesColour = wantsColour()
  }

  deinit { flush() }

  public var width: Int { isInteractive ? terminalSize().columns : 80 }

  public func write(_ text: String) { pending.add(isInteractive ? text.safeForTerminal : text, isUrgent: isInteractive) }

  /// On the standard error, after what the program wrote so far.
  public func warn(_ text: String) {
    flush()
    Sessions.writeError("warning: \(text)\n")
  }

  public func writeError(_ text: String) {
    flush()
    Sessions.writeError(isatty(STDERR_FILENO) == 1 ? text.safeForTerminal : text)
  }

  public func flush() { pending.flush() }
}

/// What waits to be written, and the thread that does not let it wait for long.
private final class PendingOutput: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isTicking = false

    mutating func flush() {
      bytes.withUnsafeBytes { writeOutput($0) }
      bytes.removeAll(keepingCapacity: true)
    }
  }

  private static let block = 1 << 16
  /// The longest that text waits, in microseconds.
  private static let patience: UInt32 = 200_000

  private let state = Mutex(State())

  func flush() { state.withLock { $0.flush() } }

  func add(_ text: String, isUrgent: Bool) {
    let wantsTicking = state.withLock { state in
      state.bytes.append(contentsOf: text.utf8)
      if isUrgent || state.bytes.count >= Self.block { state.flush() }
      if state.isTicking || state.bytes.isEmpty { return false }
      state.isTicking = true
      return true
    }
    // Where no thread can be had, each piece is written at once.
    if wantsTicking, !tick() { state.withLock { $0.isTicking = false; $0.flush() } }
  }

  /// Starts a thread that writes what waits, once, a little later.
  private func tick() -> Bool {
    let me = Unmanaged.passRetained(self)
    let isStarted = startDetachedThread(me.toOpaque()) { context in
      guard let context else { return nil }
      let pending = Unmanaged<PendingOutput>.fromOpaque(context).takeRetainedValue()
      usleep(PendingOutput.patience)
      pending.state.withLock {
        $0.isTicking = false
        $0.flush()
      }
      return nil
    }
    if !isStarted { me.release() }
    return isStarted
  }
}

/// Writes to the standard output. A process whose output cannot be written ends here: with a message and a status of its
/// own, or where nobody reads any more by SIGPIPE, as every tool in a pipeline does.
public func writeOutput(_ text: String) {
  var text = text
  text.withUTF8 { writeOutput(UnsafeRawBufferPointer($0)) }
}

func writeOutput(_ bytes: UnsafeRawBufferPointer) {
  guard let code = writeAll(bytes, to: STDOUT_FILENO) else { return }
  TerminalGuard.restore()
  if code == EPIPE {
    signal(SIGPIPE, SIG_DFL)
    var pipe = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_UNBLOCK, &pipe, nil)
    raise(SIGPIPE)
  }
  writeError("error: cannot write the output: \(String(cString: strerror(code)).lowercased())\n")
  _exit(ExitStatus.failedOutput)
}

/// A message on the standard error, where there is one.
public func writeError(_ text: String) {
  var text = isatty(STDERR_FILENO) == 1 ? text.safeForTerminal : text
  text.withUTF8 { _ = writeAll(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
}
