// The memory behind tensors: aligned, counted against one limit, and freed as soon as the last tensor lets go.

import Faults
import Synchronization

/// A block of 64-byte aligned floats that one or more tensors share until one of them writes.
final class TensorStorage: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let capacity: Int
  /// The bytes of the block in the pool.
  private let size: Int

  /// Uninitialised room for `count` floats, after checking the total against `Tensor.memoryLimit`.
  init(count: Int, shape: [Int]) throws(Fault) {
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    if overflow { throw Shape.tooLarge(shape, bytes: nil) }
    let held = TensorMemory.held.add(bytes, ordering: .relaxed).newValue
    if held > Tensor.memoryLimit {
      TensorMemory.held.subtract(bytes, ordering: .relaxed)
      throw Shape.tooLarge(shape, bytes: bytes)
    }
    do throws(Fault) {
      try MemoryLimit.check(bytes, for: "a tensor of shape \(Shape.text(shape))")
    } catch {
      TensorMemory.held.subtract(bytes, ordering: .relaxed)
      throw error
    }
    let peak = TensorMemory.peak.max(held, ordering: .relaxed).newValue
    guard let taken = MemoryPool.take(bytes: bytes, room: peak + peak / 4 - held) else {
      TensorMemory.held.subtract(bytes, ordering: .relaxed)
      throw Fault(
        .limit, "the machine has no memory left",
        label: "a tensor of shape \(Shape.text(shape)) needs \(Shape.bytesText(bytes))")
    }
    base = taken.block.bindMemory(to: Float.self, capacity: max(count, 1))
    capacity = max(count, 1)
    size = taken.bytes
  }

  deinit {
    let held = TensorMemory.held.subtract(capacity * MemoryLayout<Float>.stride, ordering: .relaxed).newValue
    let peak = TensorMemory.peak.load(ordering: .relaxed)
    MemoryPool.give(base, bytes: size, room: max(0, peak + peak / 4 - held))
  }
}

/// The count of bytes that live tensors hold, and how many they may.
enum TensorMemory {
  static let held = Atomic<Int>(0)
  /// The most that was ever held at once, or what is always worth keeping.
  static let peak = Atomic<Int>(16 << 20)
  static let limit = Atomic<Int>(MemoryLimit.shareOfTheMachine())
}

extension Tensor {
  /// The most bytes that all live tensors together may hold (as `MemoryLimit.bytes`, which it is).
  ///
  /// A tensor that would pass the limit is refused with a `.limit` fault before anything is allocated.
  public static var memoryLimit: Int {
    get { TensorMemory.limit.load(ordering: .relaxed) }
    set { TensorMemory.limit.store(max(0, newValue), ordering: .relaxed) }
  }

  /// The bytes that live tensors hold now.
  public static var memoryHeld: Int { TensorMemory.held.load(ordering: .relaxed) }
}
