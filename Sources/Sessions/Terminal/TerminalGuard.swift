import Glibc
import Synchronization

/// Brings the terminal back to how it was found, on whichever path the program ends. Every step may be taken inside
/// a signal handler.
enum TerminalGuard {
  /// Written once, before any handler is installed.
  nonisolated(unsafe) private static var original = termios()
  private static let isKnown = Atomic<Bool>(false)
  private static let isEditing = Atomic<Bool>(false)

  static let startPasteMode: StaticString = "\u{1B}[?2004h"
  static let endPasteMode: StaticString = "\u{1B}[?2004l"

  /// Keeps the present settings; call before the editor opens.
  static func remember() {
    if tcgetattr(STDIN_FILENO, &original) == 0 {
      isKnown.store(true, ordering: .relaxed)
      atexit { TerminalGuard.restore() }
    }
  }

  static func beginEditing() {
    isEditing.store(true, ordering: .relaxed)
    send(startPasteMode)
  }

  static func endEditing() {
    send(endPasteMode)
    isEditing.store(false, ordering: .relaxed)
  }

  static func restore() {
    guard isKnown.load(ordering: .relaxed), isEditing.exchange(false, ordering: .relaxed) else { return }
    send(endPasteMode)
    tcsetattr(STDIN_FILENO, TCSANOW, &original)
  }

  private static func send(_ text: StaticString) {
    _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
