// How a loop over a tensor is cut: by its size alone, so that results don't depend on the number of threads, and into
// pieces short enough that Ctrl-C is felt at once.

import Faults
import Kernels

enum Parallel {
  /// The elements that one task of an element-wise loop takes (some tens of microseconds).
  static let grain = 32_768

  /// Calls `body` for consecutive ranges that cover 0..<count, each of at most `grain`, on the shared threads.
  ///
  /// - Throws: `.interrupt` when the user stops it; the ranges not yet begun are then skipped.
  static func ranges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) throws(Fault) {
    if count <= 0 { return }
    let grain = max(grain, 1)
    if count <= grain { return body(0..<count) }
    ThreadPool.shared.run(tasks: (count + grain - 1) / grain) { task in
      if Interrupt.isRequested { return }
      body((task * grain)..<min((task + 1) * grain, count))
    }
    try Interrupt.check()
  }

  /// The same for rows of `width` elements.
  static func rows(_ count: Int, width: Int, _ body: (Range<Int>) -> Void) throws(Fault) {
    try ranges(count, grain: max(grain / max(width, 1), 1), body)
  }
}
