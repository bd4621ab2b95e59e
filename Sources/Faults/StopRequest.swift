import CRun
import Synchronization

/// Whether one run is to stop, and why. A run is the program, unless `Interrupt.inOwnRun` begins another; the threads
/// that share its loops belong to it.
final class StopRequest: Sendable {
  enum Reason: Int {
    case none, user, memory, time
  }

  private let state = Atomic<Int>(Reason.none.rawValue)
  /// How many of its parts at this moment must all see a request.
  let keepers = Atomic<Int>(0)
  /// What the error about a limit says beside its title.
  let detail = Mutex("")

  static let ofProgram = StopRequest()

  /// Does something with the request of the run that this thread works for, without counting a reference: many threads ask.
  @inline(__always)
  static func withCurrent<Result>(_ body: (StopRequest) -> Result) -> Result {
    guard let run = crun_current() else { return body(ofProgram) }
    return Unmanaged<StopRequest>.fromOpaque(run)._withUnsafeGuaranteedRef(body)
  }

  var isMade: Bool { state.load(ordering: .relaxed) != Reason.none.rawValue }
  var reason: Reason { Reason(rawValue: state.load(ordering: .relaxed)) ?? .none }

  func set(_ reason: Reason) { state.store(reason.rawValue, ordering: .relaxed) }

  func replace(_ old: Reason, by new: Reason) {
    _ = state.compareExchange(expected: old.rawValue, desired: new.rawValue, ordering: .relaxed)
  }
}
