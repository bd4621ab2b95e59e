import Synchronization

/// Why a computation is to stop, in the one flag that every long computation polls: Ctrl-C, or a limit that was passed.
///
/// A signal handler may only set it; the interpreter clears it when it has stopped.
public enum Interrupt {
  private static let none = 0
  private static let user = 1
  private static let memory = 2
  private static let time = 3
  private static let state = Atomic<Int>(none)
  /// How many runs at this moment must all see a request.
  private static let keepers = Atomic<Int>(0)
  /// What the error about a limit says beside its title.
  private static let detail = Mutex("")

  /// Whether the running computation is to stop.
  public static var isRequested: Bool { state.load(ordering: .relaxed) != none }

  /// Asks the running computation to stop at its next safe point. Async-signal-safe.
  public static func request() { state.store(user, ordering: .relaxed) }

  /// Forgets the request, unless runs side by side must all see it; that the time is over stays known.
  public static func clear() {
    if keepers.load(ordering: .relaxed) > 0 { return }
    if state.load(ordering: .relaxed) != time { state.store(none, ordering: .relaxed) }
  }

  /// Forgets a request, that of a time which is over too: the run has ended, and what follows is the program's own work.
  public static func forget() { state.store(none, ordering: .relaxed) }

  /// Does what runs side by side: a request stays until `body` is done, so that one run which answers it by stopping
  /// does not hide it from the others.
  public static func kept<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    keepers.add(1, ordering: .relaxed)
    defer { keepers.subtract(1, ordering: .relaxed) }
    return try body()
  }

  /// Asks the running computation to stop because it holds too much memory. It may catch that, and let go of some.
  public static func requestForMemory(_ text: String) {
    detail.withLock { $0 = text }
    state.compareExchange(expected: none, desired: memory, ordering: .relaxed)
  }

  /// Asks the running computation to stop because its time is over, which stays so whatever it catches.
  public static func requestForTime(_ text: String) {
    detail.withLock { $0 = text }
    state.store(time, ordering: .relaxed)
  }

  /// Throws `.interrupt` when the user has asked to stop, and `.limit` when a limit was passed.
  public static func check() throws(Fault) {
    if isRequested { throw fault() }
  }

  /// What a computation that is to stop throws. Only one of them hears of the memory: what it held is then free.
  @inline(never)
  public static func fault() -> Fault {
    let reason = state.load(ordering: .relaxed)
    switch reason {
    case memory:
      if keepers.load(ordering: .relaxed) == 0 {
        state.compareExchange(expected: memory, desired: none, ordering: .relaxed)
      }
      return Fault(
        .limit, "the program holds too much memory", label: detail.withLock { $0 },
        help: "let go of what is not needed, take smaller parts, or raise the limit with --memory")
    case time:
      return Fault(.limit, "the program takes too long", label: detail.withLock { $0 }, help: "raise the limit with --time")
    default: return Fault(.interrupt, "interrupted")
    }
  }
}
