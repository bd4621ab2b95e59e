import Faults
import Glibc

/// Ctrl-C while a script runs: the first asks it to stop at the next safe point, the third ends the process.
public func stopOnInterrupt() {
  signal(SIGPIPE, SIG_IGN)
  var action = sigaction()
  action.__sigaction_handler.sa_handler = { _ in
    if Interrupt.isRequested {
      // A second press finds a computation that has not stopped; the default action ends it.
      signal(SIGINT, SIG_DFL)
    }
    Interrupt.request()
  }
  sigaction(SIGINT, &action, nil)
}
