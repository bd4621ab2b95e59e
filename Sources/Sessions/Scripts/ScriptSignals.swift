import Faults
import Glibc
import Synchronization

/// Ctrl-C while a script runs: the first asks it to stop at the next safe point, the third ends the process.
public func stopOnInterrupt() {
  signal(SIGPIPE, SIG_IGN)
  // Made here, because a signal's handler must not.
  pressed.store(false, ordering: .relaxed)
  Interrupt.clear()
  var action = sigaction()
  action.__sigaction_handler.sa_handler = { _ in
    if Interrupt.isRequested {
      // A second press finds a computation that has not stopped; the default action ends it.
      signal(SIGINT, SIG_DFL)
    }
    pressed.store(true, ordering: .relaxed)
    Interrupt.request()
  }
  sigaction(SIGINT, &action, nil)
}

/// Whether Ctrl-C was pressed at any time: training takes the request as answered and gives what it has reached.
private let pressed = Atomic<Bool>(false)

func wasInterrupted() -> Bool { pressed.load(ordering: .relaxed) }
