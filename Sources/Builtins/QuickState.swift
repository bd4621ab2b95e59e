// Whether a run was asked to be quick, for tutorials that are tried out rather than read.

import Machine

private final class QuickState {
  var isQuick = false
}

extension Machine {
  /// What `is_quick()` gives.
  public var isQuick: Bool {
    get { (state[ObjectIdentifier(QuickState.self)] as? QuickState)?.isQuick ?? false }
    set {
      let made = QuickState()
      made.isQuick = newValue
      state[ObjectIdentifier(QuickState.self)] = made
    }
  }
}
