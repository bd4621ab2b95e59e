// Where rendering stands, on a terminal's standard error: one line that a thread of its own keeps up to date.

import Faults
import Glibc
import Synchronization
import Texts

final class PageProgress: Sendable {
  private struct State {
    var text = ""
    var started = 0.0
    var isRunning = false
  }

  private let state = Mutex(State())
  private let isShown: Bool

  init(isShown: Bool = isatty(STDERR_FILENO) == 1) { self.isShown = isShown }

  /// Shows that a cell runs, until the next call or `end`.
  func begin(_ text: String) {
    if !isShown { return }
    let isFirst = state.withLock { state in
      defer { (state.text, state.started, state.isRunning) = (text, secondsNow(), true) }
      return !state.isRunning
    }
    draw()
    if isFirst { startTicking() }
  }

  /// Clears the line.
  func end() {
    if !isShown { return }
    state.withLock { $0.isRunning = false }
    writeError("\r\u{1B}[K")
  }

  private func draw() {
    state.withLock { state in
      guard state.isRunning else { return }
      let seconds = Int(secondsNow() - state.started)
      let time = seconds > 0 ? "  \(seconds) s" : ""
      writeError("\r" + (state.text + time).withoutControls.clipped(toWidth: 79) + "\u{1B}[K")
    }
  }

  private func startTicking() {
    let me = Unmanaged.passRetained(self)
    let isStarted = startDetachedThread(me.toOpaque()) { context in
      guard let context else { return nil }
      let progress = Unmanaged<PageProgress>.fromOpaque(context).takeRetainedValue()
      while progress.state.withLock({ $0.isRunning }) {
        usleep(500_000)
        progress.draw()
      }
      return nil
    }
    if !isStarted { me.release() }
  }
}
