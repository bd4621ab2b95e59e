// Large blocks of memory that wait to be used again: training asks for the same sizes at every step, and a fresh block
// costs a page fault for each page.

import Glibc
import Synchronization

/// Blocks that were freed, by size. With those in use they never pass the most that was ever in use by more than a
/// quarter: sizes are rounded by up to an eighth, and where the most is in use, blocks of other sizes still wait.
enum MemoryPool {
  /// Smaller blocks are left to the system's allocator, which is quick with them.
  private static let smallest = 1 << 18
  private static let hugePage = 2 << 20

  private struct Waiting {
    var blocks: [Int: [UnsafeMutableRawPointer]] = [:]
    var bytes = 0

    /// Frees blocks until no more than so many bytes wait.
    mutating func shrink(to most: Int) {
      while bytes > most, let size = blocks.keys.max() {
        if let block = blocks[size]?.popLast() {
          free(block)
          bytes -= size
        } else {
          blocks[size] = nil
        }
      }
    }
  }

  private static let waiting = Mutex(Waiting())

  /// The bytes of the blocks that wait.
  static var waitingBytes: Int { waiting.withLock { $0.bytes } }

  /// A block of at least so many bytes, 64-byte aligned, and how many it has; nil when the machine has no memory left.
  ///
  /// - Parameter room: the bytes that may wait beside it.
  static func take(bytes: Int, room: Int) -> (block: UnsafeMutableRawPointer, bytes: Int)? {
    let size = rounded(bytes)
    if size >= smallest {
      let found = waiting.withLock { (waiting) -> UInt in
        if let block = waiting.blocks[size]?.popLast() {
          waiting.bytes -= size
          return UInt(bitPattern: block)
        }
        waiting.shrink(to: room)
        return 0
      }
      if let block = UnsafeMutableRawPointer(bitPattern: found) { return (block, size) }
    }
    if let block = allocate(size) { return (block, size) }
    waiting.withLock { $0.shrink(to: 0) }
    return allocate(size).map { ($0, size) }
  }

  /// Takes a block back, with the size that `take` gave.
  ///
  /// - Parameter room: the bytes that may wait.
  static func give(_ block: UnsafeMutableRawPointer, bytes: Int, room: Int) {
    if bytes < smallest || bytes > room { return free(block) }
    let address = UInt(bitPattern: block)
    waiting.withLock { waiting in
      waiting.shrink(to: room - bytes)
      if let block = UnsafeMutableRawPointer(bitPattern: address) { waiting.blocks[bytes, default: []].append(block) }
      waiting.bytes += bytes
    }
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
