// In which form a script was asked to run: tried out in seconds, as it is read, or with all the repetitions that its
// figures deserve.

import Machine

/// How much a run is asked to do.
public enum RunForm: String, Sendable {
  case quick, usual, full
}

private final class RunFormState {
  var form = RunForm.usual
}

extension Machine {
  /// What `is_quick()` and `is_full()` tell of.
  public var runForm: RunForm {
    get { (state[ObjectIdentifier(RunFormState.self)] as? RunFormState)?.form ?? .usual }
    set {
      let made = RunFormState()
      made.form = newValue
      state[ObjectIdentifier(RunFormState.self)] = made
    }
  }
}
