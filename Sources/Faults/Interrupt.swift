import CRun
import Synchronization

/// Why a computation is to stop, in the one flag of its run that every long computation polls: Ctrl-C, or a limit that was
/// passed.
///
/// A signal handler may only set it; the interpreter clears it when it has stopped.
public enum Interrupt {
  /// Whether the running computation is to stop.
  public static var isRequested: Bool { StopRequest.withCurrent { $0.isMade } }

  /// Asks the running computation to stop at its next safe point. Async-signal-safe.
  public static func request() { StopRequest.withCurrent { $0.set(.user) } }

  /// Forgets the request, unless parts side by side must all see it; that the time is over stays known.
  public static func clear() {
    StopRequest.withCurrent { request in
      if request.keepers.load(ordering: .relaxed) == 0, request.reason != .time { request.set(.none) }
    }
  }

  /// Forgets a request, that of a time which is over too: the run has ended, and what follows is the program's own work.
  public static func forget() { StopRequest.withCurrent { $0.set(.none) } }

  /// Does what runs side by side: a request stays until `body` is done, so that one part which answers it by stopping
  /// does not hide it from the others.
  public static func kept<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
    StopRequest.withCurrent { _ = $0.keepers.add(1, ordering: .relaxed) }
    defer { StopRequest.withCurrent { _ = $0.keepers.subtract(1, ordering: .relaxed) } }
    return try body()
  }

  /// Does what is a run of its own: what asks it to stop asks nobody else.
  public static func inOwnRun<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let request = StopRequest()
    let outer = crun_current()
    crun_enter(Unmanaged.passUnretained(request).toOpaque())
    defer { withExtendedLifetime(request) { crun_enter(outer) } }
    return try body()
  }

  /// Asks the program to stop because it holds too much memory. It may catch that, and let go of some.
  public static func requestForMemory(_ text: String) {
    StopRequest.ofProgram.detail.withLock { $0 = text }
    StopRequest.ofProgram.replace(.none, by: .memory)
  }

  /// Asks the program to stop because its time is over, which stays so whatever it catches.
  public static func requestForTime(_ text: String) {
    StopRequest.ofProgram.detail.withLock { $0 = text }
    StopRequest.ofProgram.set(.time)
  }

  /// Throws `.interrupt` when the user has asked to stop, and `.limit` when a limit was passed.
  public static func check() throws(Fault) {
    if isRequested { throw fault() }
  }

  /// Calls a body for ranges that cover 0..<count, and listens between them: for loops of some nanoseconds a round.
  @inlinable
  public static func parts(_ count: Int, of size: Int = 65_536, _ body: (Range<Int>) throws(Fault) -> Void) throws(Fault) {
    var start = 0
    while start < count {
      try check()
      let end = min(count, start + size)
      try body(start..<end)
      start = end
    }
  }

  /// What a computation that is to stop throws. Only one of them hears of the memory: what it held is then free.
  @inline(never)
  public static func fault() -> Fault {
    StopRequest.withCurrent { request in
      let detail = request.detail.withLock { $0 }
      switch request.reason {
      case .memory:
        if request.keepers.load(ordering: .relaxed) == 0 { request.replace(.memory, by: .none) }
        return Fault(
          .limit, "the program holds too much memory", label: detail,
          help: "let go of what is not needed, take smaller parts, or raise the limit with --memory")
      case .time: return Fault(.limit, "the program takes too long", label: detail, help: "raise the limit with --time")
      default: return Fault(.interrupt, "interrupted")
      }
    }
  }
}
