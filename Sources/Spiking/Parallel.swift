// How this room divides its loops among the threads, and stops them when the user asks.

import Faults
import Kernels
import Tensors

/// Runs `body` over all of `0 ..< count` in parts whose size depends on the work alone, never on the number of
/// threads, so that results don't either.
///
/// - Parameter workPerItem: about how many elementary operations one item costs.
/// - Throws: `.interrupt` when the user asks to stop; what was to be written is then incomplete.
func inParallel(_ count: Int, workPerItem: Int, _ body: (Range<Int>) -> Void) throws(Fault) {
  guard count > 0 else { return }
  let size = max(1, min(count, 65_536 / max(1, workPerItem)))
  let tasks = (count + size - 1) / size
  ThreadPool.shared.run(tasks: tasks) { task in
    if Interrupt.isRequested { return }
    body(task * size..<min(count, (task + 1) * size))
  }
  try Interrupt.check()
}

/// What `body` gives for each of `0 ..< count`, worked out side by side where there is enough for all threads; the loops
/// inside `body` are then done by one thread each. Else one after the other, with all threads on each.
///
/// - Parameter each: how many there must be for each thread before they are worked out side by side; nil for never.
/// - Throws: the first fault, in order.
public func sideBySide<Result>(
  _ count: Int, each: Int? = 2, _ body: (Int) throws(Fault) -> Result
) throws(Fault) -> [Result] {
  var results = [Swift.Result<Result, Fault>?](repeating: nil, count: count)
  func run(_ index: Int) -> Swift.Result<Result, Fault> {
    do throws(Fault) { return .success(try body(index)) } catch { return .failure(error) }
  }
  if each.map({ count < $0 * ThreadPool.shared.threads }) ?? true {
    for index in 0..<count { results[index] = run(index) }
  } else {
    results.withUnsafeMutableBufferPointer { slots in
      guard let first = slots.baseAddress else { return }
      ThreadPool.shared.run(tasks: count) { index in (first + index).pointee = run(index) }
    }
  }
  var values: [Result] = []
  for result in results {
    switch result {
    case .success(let value)?: values.append(value)
    case .failure(let fault)?: throw fault
    case nil: break
    }
  }
  return values
}

extension Spikes {
  /// The words of all rows, for writing in place.
  mutating func withUnsafeMutableWords<Result>(
    _ body: (UnsafeMutablePointer<UInt64>) throws(Fault) -> Result
  ) throws(Fault) -> Result? {
    var failure: Fault?
    let result = words.withUnsafeMutableBufferPointer { buffer -> Result? in
      guard let base = buffer.baseAddress else { return nil }
      do throws(Fault) {
        return try body(base)
      } catch {
        failure = error
        return nil
      }
    }
    if let failure { throw failure }
    return result
  }

  /// The words of all rows, for reading in place.
  func withUnsafeWords(_ body: (UnsafePointer<UInt64>) throws(Fault) -> Void) throws(Fault) {
    var failure: Fault?
    words.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      do throws(Fault) { try body(base) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
