import Synchronization

/// The one flag that Ctrl-C sets and every long computation polls.
///
/// A signal handler may only set it; the interpreter clears it when it has stopped.
public enum Interrupt {
  private static let flag = Atomic<Bool>(false)

  /// Whether the user has asked the running computation to stop.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Asks the running computation to stop at its next safe point. Async-signal-safe.
  public static func request() { flag.store(true, ordering: .relaxed) }

  /// Forgets the request.
  public static func clear() { flag.store(false, ordering: .relaxed) }

  /// Throws when the user has asked to stop.
  public static func check() throws(Fault) {
    if isRequested { throw Fault(.interrupt, "interrupted") }
  }
}
