// Large blocks of memory that wait to be used again: training asks for the same sizes at every step, and a fresh block
// costs a page fault for each page.

import Glibc
import Synchronization

/// Blocks that were freed, by size: never so many that with those in use they pass the most that was ever in use.
enum MemoryPool {
  /// Smaller blocks are left to the system's allocator, which is quick with them.
  private static let smallest = 1 << 18
  private static let hugePage = 2 << 20

  private struct Waiting {
    var blocks: [Int: [UnsafeMutableRawPointer]] = [:]
    var bytes = 0
  }

  private static let waiting = Mutex(Waiting())

  /// A block of at least so many bytes, 64-byte aligned, and how many it has; nil when the machine has no memory left.
  static func take(bytes: Int) -> (block: UnsafeMutableRawPointer, bytes: Int)? {
    let size = rounded(bytes)
    if size >= smallest {
      let found = waiting.withLock { (waiting) -> UInt? in
        guard let block = waiting.blocks[size]?.popLast() else { return nil }
        waiting.bytes -= size
        return UInt(bitPattern: block)
      }
      if let found, let block = UnsafeMutableRawPointer(bitPattern: found) { return (block, size) }
    }
    if let block = allocate(size) { return (block, size) }
    release()
    return allocate(size).map { ($0, size) }
  }

  /// Takes a block back, with the size that `take` gave.
  ///
  /// - Parameter bound: the most bytes that may wait.
  static func give(_ block: UnsafeMutableRawPointer, bytes: Int, bound: Int) {
    if bytes < smallest || bytes > bound { return free(block) }
    let address = UInt(bitPattern: block)
    waiting.withLock { waiting in
      if waiting.bytes + bytes > bound { empty(&waiting) }
      if let block = UnsafeMutableRawPointer(bitPattern: address) { waiting.blocks[bytes, default: []].append(block) }
      waiting.bytes += bytes
    }
  }

  /// Frees all that wait.
  private static func release() {
    waiting.withLock { waiting in empty(&waiting) }
  }

  private static func empty(_ waiting: inout sending Waiting) {
    for list in waiting.blocks.values { for block in list { free(block) } }
    waiting = Waiting()
  }

  private static func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    var block: UnsafeMutableRawPointer?
    let isHuge = size >= 2 * hugePage
    guard posix_memalign(&block, isHuge ? hugePage : 64, size) == 0 else { return nil }
    if isHuge, let block { madvise(block, size, MADV_HUGEPAGE) }
    return block
  }

  /// The next of eight sizes for each power of two, so that nearly equal requests share their blocks.
  private static func rounded(_ bytes: Int) -> Int {
    let bytes = max(bytes, 64)
    if bytes < smallest || bytes > 1 << 40 { return (bytes + 63) & ~63 }
    let step = (1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)) >> 3
    return (bytes + step - 1) & ~(step - 1)
  }
}
