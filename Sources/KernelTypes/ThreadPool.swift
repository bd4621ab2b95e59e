// The workers that share a loop. Work is cut by its shape alone, so a result never depends on how many take part.

import CPU
import CRun
import Glibc
import Synchronization

/// A few threads that take numbered tasks from one job at a time.
///
/// Between jobs a worker spins for some tens of microseconds, then sleeps. The caller takes tasks too, so a job ends
/// soon even when another program holds the cores. A job started while another runs (also from inside a task) is
/// done by its caller alone.
public final class ThreadPool: @unchecked Sendable {
  /// One task of a job: the context that came with the job, and the task's number.
  public typealias Body = @convention(c) (UnsafeRawPointer, Int) -> Void

  public static let shared = ThreadPool()

  /// Generation of the job in the high half, tasks nobody has taken in the low half.
  private let ticket = Atomic<UInt64>(0)
  private let finished = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let wanted: Atomic<Int>
  private let sleepers = Atomic<Int>(0)
  private var total = 0
  private var body: Body = { _, _ in }
  private var context: UnsafeRawPointer = UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped
  /// The run that the job belongs to.
  private var owner = crun_current()
  private var started = 0
  /// The core that the job's caller was on.
  private let callerCore = Atomic<Int32>(-1)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  private static let spinNanoseconds: UInt64 = 100_000

  private init() {
    wanted = Atomic<Int>(ThreadPool.availableCores())
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  /// How many threads take part in a job, the caller among them: at least 1, all available cores unless set.
  public var threads: Int {
    get { wanted.load(ordering: .relaxed) }
    set { wanted.store(min(max(newValue, 1), 256), ordering: .relaxed) }
  }

  /// Runs `body` once for each task in 0..<tasks, in any order, and returns when all are done.
  public func run(tasks: Int, _ body: (Int) -> Void) {
    if tasks <= 1 || threads <= 1 {
      for task in 0..<max(tasks, 0) { body(task) }
      return
    }
    withoutActuallyEscaping(body) { escaping in
      var box = escaping
      withUnsafeMutablePointer(to: &box) { pointer in
        run(tasks: tasks, context: UnsafeRawPointer(pointer)) { context, task in
          context.assumingMemoryBound(to: ((Int) -> Void).self).pointee(task)
        }
      }
    }
  }

  /// The same for a plain function and a context pointer, without any reference counting.
  public func run(tasks: Int, context: UnsafeRawPointer, body: Body) {
    let helpers = min(threads, tasks) - 1
    guard helpers > 0, tasks <= Int(UInt32.max),
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for task in 0..<max(tasks, 0) { body(context, task) }
      return
    }
    startWorkers(helpers)
    total = tasks
    self.body = body
    self.context = context
    owner = crun_current()
    callerCore.store(cpu_current_core(), ordering: .relaxed)
    finished.store(0, ordering: .relaxed)
    let generation = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(generation << 32 | UInt64(tasks), ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    takeTasks(generation & 0xffff_ffff)
    var rounds = 0
    while finished.load(ordering: .acquiring) < tasks {
      rounds += 1
      if rounds > 2_000 { sched_yield() }
    }
    busy.store(false, ordering: .releasing)
  }

  private func takeTasks(_ generation: UInt64) {
    var seen = ticket.load(ordering: .acquiring)
    while seen >> 32 == generation, seen & 0xffff_ffff != 0 {
      let claim = ticket.weakCompareExchange(
        expected: seen, desired: seen - 1, successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring)
      guard claim.exchanged else {
        seen = claim.original
        continue
      }
      crun_enter(owner)
      body(context, total - Int(seen & 0xffff_ffff))
      finished.add(1, ordering: .releasing)
      seen = ticket.load(ordering: .acquiring)
    }
  }

  private func startWorkers(_ count: Int) {
    while started < count {
      let index = started
      started += 1
      let box = Unmanaged.passRetained(WorkerStart(pool: self, index: index))
      var thread = pthread_t()
      let failed = pthread_create(
        &thread, nil,
        { raw in
          guard let raw else { return nil }
          let start = Unmanaged<WorkerStart>.fromOpaque(raw).takeRetainedValue()
          start.pool.work(index: start.index)
          return nil
        }, box.toOpaque())
      if failed != 0 {
        box.release()
        return
      }
      pthread_detach(thread)
    }
  }

  private func work(index: Int) {
    var last: UInt64 = 0
    while true {
      last = waitForJob(after: last)
      // The system lets a woken thread wait for milliseconds behind the one that woke it, while another core is at rest.
      let taken = callerCore.load(ordering: .relaxed)
      if cpu_current_core() == taken { cpu_leave_core(taken) }
      if index < threads - 1 { takeTasks(last) }
    }
  }

  /// The generation of the next job, once there is one with tasks left.
  private func waitForJob(after last: UInt64) -> UInt64 {
    let start = ThreadPool.now()
    while true {
      for _ in 0..<64 {
        let seen = ticket.load(ordering: .acquiring)
        if seen >> 32 != last { return seen >> 32 }
      }
      if ThreadPool.now() &- start > ThreadPool.spinNanoseconds { break }
    }
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    var seen = ticket.load(ordering: .sequentiallyConsistent)
    while seen >> 32 == last {
      pthread_cond_wait(condition, mutex)
      seen = ticket.load(ordering: .sequentiallyConsistent)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
    return seen >> 32
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// The cores that are switched on.
  private static func availableCores() -> Int {
    min(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1), 256)
  }
}

/// What a new worker needs to know.
private final class WorkerStart {
  let pool: ThreadPool
  let index: Int
  init(pool: ThreadPool, index: Int) {
    self.pool = pool
    self.index = index
  }
}
