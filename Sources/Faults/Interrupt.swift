import Synchronization

/// The one flag that Ctrl-C sets and every long computation polls.
///
/// A signal handler may only set it; the interpreter clears it when it has stopped.
public enum Interrupt {
  private static let flag = Atomic<Bool>(false)
  /// How many runs at this moment must all see a request.
  private static let keepers = Atomic<Int>(0)

  /// Whether the user has asked the running computation to stop.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// Asks the running computation to stop at its next safe point. Async-signal-safe.
  public static func request() { flag.store(true, ordering: .relaxed) }

  /// Forgets the request, unless runs side by side must all see it.
  public static func clear() {
    if keepers.load(ordering: .relaxed) == 0 { flag.store(false, ordering: .relaxed) }
  }

  /// Does what runs side by side: a request stays until `body` is done, so that one run which answers it by stopping
  /// does not hide it from the others.
  public static func kept<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    keepers.add(1, ordering: .relaxed)
    defer { keepers.subtract(1, ordering: .relaxed) }
    return try body()
  }

  /// Throws when the user has asked to stop.
  public static func check() throws(Fault) {
    if isRequested { throw Fault(.interrupt, "interrupted") }
  }
}
