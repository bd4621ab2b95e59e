import Faults
import Glibc
import Synchronization

/// The prompt's signals. Handlers only set flags and write one byte to a pipe that the reader waits on beside the
/// keyboard, so that it makes no difference which thread the kernel chooses.
enum Signals {
  /// What a Ctrl-C means at the moment.
  enum Phase: Int {
    /// A line is read: the reader drops it.
    case reading
    /// A computation runs: it is asked to stop.
    case evaluating
    /// Another program has the terminal: it gets the signal itself.
    case child
  }

  static let phase = Atomic<Int>(Phase.reading.rawValue)
  static let hasInterrupt = Atomic<Bool>(false)
  static let hasResize = Atomic<Bool>(false)
  static let hasContinued = Atomic<Bool>(false)
  private static let presses = Atomic<Int>(0)
  private static let hasWarned = Atomic<Bool>(false)
  private static let firstPress = Atomic<Int>(0)
  private static let readEnd = Atomic<Int32>(-1)
  private static let writeEnd = Atomic<Int32>(-1)
  /// The thread that talks and computes: a system call of its own is what Ctrl-C should interrupt.
  private static let talker = Atomic<UInt>(0)

  /// After this many seconds of an ignored Ctrl-C, another press may end the program.
  private static let patience = 3

  /// The descriptor that becomes readable when a signal has arrived.
  static var wakeUp: Int32 { readEnd.load(ordering: .relaxed) }

  /// A Ctrl-C pressed after Enter and before the computation has begun is the computation's.
  static func enter(_ new: Phase) {
    presses.store(0, ordering: .relaxed)
    hasWarned.store(false, ordering: .relaxed)
    // The old request is forgotten first: behind the change of phase, a press is already the computation's.
    if new == .evaluating { Interrupt.clear() }
    phase.store(new.rawValue, ordering: .sequentiallyConsistent)
    let wasPressed = hasInterrupt.exchange(false, ordering: .sequentiallyConsistent)
    if new == .evaluating, wasPressed { interrupted() }
  }

  /// Whether Ctrl-C has been pressed in this phase.
  static var wasPressed: Bool { presses.load(ordering: .relaxed) > 0 }

  /// Forgets the wake-ups that have been seen.
  static func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(wakeUp, &bytes, bytes.count) > 0 {}
  }

  /// Installs the handlers, on the thread that talks. SIGTSTP keeps its default: the shell stops and continues us.
  static func install() {
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) == 0 {
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
      readEnd.store(ends[0], ordering: .relaxed)
      writeEnd.store(ends[1], ordering: .relaxed)
    }
    talker.store(pthread_self(), ordering: .relaxed)
    signal(SIGPIPE, SIG_IGN)
    // SIGINT interrupts system calls, so that a program waiting for input stops; the others let them go on.
    handle(SIGINT, flags: 0) { _ in Signals.interrupted() }
    handle(SIGWINCH, flags: SA_RESTART) { _ in
      Signals.hasResize.store(true, ordering: .relaxed)
      Signals.wake()
    }
    handle(SIGCONT, flags: SA_RESTART) { _ in
      Signals.hasContinued.store(true, ordering: .relaxed)
      Signals.wake()
    }
    for number in [SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE] {
      handle(number, flags: Int32(bitPattern: UInt32(SA_RESETHAND))) { number in
        TerminalGuard.restore()
        raise(number)
      }
    }
  }

  private static func handle(_ number: Int32, flags: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = flags
    sigaction(number, &action, nil)
  }

  private static func wake() {
    let saved = errno
    var byte: UInt8 = 1
    _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
    errno = saved
  }

  /// The first press asks the computation to stop; one that does not listen can be left by pressing on.
  private static func interrupted() {
    let thread = talker.load(ordering: .relaxed)
    if thread != pthread_self() {
      pthread_kill(thread, SIGINT)
      return
    }
    switch phase.load(ordering: .relaxed) {
    case Phase.evaluating.rawValue:
      Interrupt.request()
      escalate()
    case Phase.child.rawValue:
      break
    default:
      hasInterrupt.store(true, ordering: .relaxed)
      wake()
    }
  }

  private static func escalate() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let count = presses.wrappingAdd(1, ordering: .relaxed).newValue
    if count == 1 { return firstPress.store(now.tv_sec, ordering: .relaxed) }
    if now.tv_sec - firstPress.load(ordering: .relaxed) < patience { return }
    if !hasWarned.exchange(true, ordering: .relaxed) {
      say("\nsnn: still stopping; press Ctrl-C again to leave at once\n")
    } else {
      TerminalGuard.restore()
      _exit(130)
    }
  }

  private static func say(_ text: StaticString) {
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
