// One limit for everything that a program holds: tensors, lists, texts, maps, closures.

import CMemory
import Faults
import Glibc
import Synchronization

/// How much memory a program may hold, and whether it does.
///
/// Large requests are checked before they are made. What grows in small steps is looked at some thirty times a second by
/// a thread of its own, which asks the computation to stop; the error can be caught, and what the program holds stays.
public enum MemoryLimit {
  /// The bytes that may be held: three quarters of the machine's memory, or of what its container may use, unless set.
  public static var bytes: Int {
    get { TensorMemory.limit.load(ordering: .relaxed) }
    set { TensorMemory.limit.store(max(0, newValue), ordering: .relaxed) }
  }

  /// Smaller requests are not worth a look.
  private static let smallest = 8 << 20

  /// Throws `.limit` when so many bytes more would pass the limit; `what` names what they are for.
  public static func check(_ more: Int, for what: @autoclosure () -> String) throws(Fault) {
    if more < smallest { return }
    let limit = bytes
    let (needed, overflow) = more.addingReportingOverflow(isWatching ? used : 0)
    if !overflow, needed <= limit { return }
    let beside = more <= limit ? " (\(Shape.bytesText(used)) are in use)" : ""
    throw Fault(
      .limit, "\(what()) is too large for the memory limit",
      label: "it needs \(Shape.bytesText(more)); the limit is \(Shape.bytesText(limit))\(beside)",
      help: "take smaller parts, or raise the limit with --memory")
  }

  /// The bytes of the process that are in memory, without those that wait to be used again.
  public static var used: Int { max(0, resident() - MemoryPool.waitingBytes) }

  // MARK: watching

  private static let watching = Atomic<Bool>(false)
  public static var isWatching: Bool { watching.load(ordering: .relaxed) }

  /// Starts to look after the limit; once is enough for a process.
  public static func watch() {
    if watching.exchange(true, ordering: .relaxed) { return }
    if !startDetachedThread(nil, { _ in MemoryLimit.look() }) { watching.store(false, ordering: .relaxed) }
  }

  private static func look() -> UnsafeMutableRawPointer? {
    // Told once, the program may go on with what it holds and a little more; it is told again when it holds yet more.
    var told = 0
    while true {
      usleep(30_000)
      let limit = bytes
      var held = used
      if held > max(limit, told) {
        // Much of it may be free already, and only not given back.
        malloc_trim(0)
        held = used
      }
      if held <= limit {
        told = 0
      } else if held > told {
        told = held + max(limit / 20, 16 << 20)
        Interrupt.requestForMemory("it holds \(Shape.bytesText(held)); the limit is \(Shape.bytesText(limit))")
      }
    }
  }

  // MARK: what the system says

  private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
  private static let statistics: Int32 = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

  /// The bytes of this process in memory; zero where the system does not tell.
  private static func resident() -> Int {
    var buffer: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    return withUnsafeMutableBytes(of: &buffer) { text in
      let count = pread(statistics, text.baseAddress, text.count, 0)
      // The second number, in pages.
      var place = 0
      while place < count, text[place] != 32 { place += 1 }
      place += 1
      var pages = 0
      while place < count, case let digit = Int(text[place]) - 48, (0...9).contains(digit) {
        pages = pages &* 10 &+ digit
        place += 1
      }
      return pages &* pageSize
    }
  }

  /// Three quarters of the machine's memory, or of what its container may use.
  static func shareOfTheMachine() -> Int {
    var memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) &* pageSize
    for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
      if let allowed = number(in: path), allowed > 0 { memory = min(memory, allowed) }
    }
    return memory > 0 ? memory / 4 * 3 : 8 << 30
  }

  private static func number(in path: String) -> Int? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    if file < 0 { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = read(file, &bytes, bytes.count)
    return Int(String(decoding: bytes[..<max(0, count)].prefix { (48...57).contains($0) }, as: UTF8.self))
  }
}
