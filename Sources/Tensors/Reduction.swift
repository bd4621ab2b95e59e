// Folds over axes. Each is cut and summed in an order fixed by the shape, so that the result is the same to the last
// bit for any number of threads.

import Faults
import Kernels

/// What a fold over axes computes.
public enum Reduction: String, Sendable, CaseIterable {
  case sum, mean, maximum, minimum, product
  /// The mean squared distance from the mean (divided by the count).
  case variance
  case standardDeviation
  /// Whether any, or every, element is not 0; the answer is a mask.
  case any, all
}

extension Tensor {
  /// The fold over the given axes; nil means all of them, which leaves a 0-dimensional tensor. Differentiable, but for
  /// `any` and `all`; where several elements share an extreme, they share its gradient.
  ///
  /// - Parameter keepingDimensions: whether the folded axes stay, with size 1.
  /// - Throws: `.shape` for an axis that isn't there, `.value` for the extreme of no elements.
  public func reduced(
    _ reduction: Reduction, over axes: [Int]? = nil, keepingDimensions: Bool = false
  ) throws(Fault) -> Tensor {
    let axes = try Shape.axes(axes, of: shape)
    let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    let target = keepingDimensions ? kept : shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    switch reduction {
    case .variance, .standardDeviation:
      return try variance(over: axes, isRoot: reduction == .standardDeviation, target: target)
    case .any, .all:
      let mask = try Tensor.compare(.notEqual, detached, Tensor.scalar(0))
      return try mask.folded(reduction == .any ? .maximum : .minimum, axes, empty: reduction == .any ? 0 : 1)
        .viewed(as: target).asMask
    case .sum, .mean, .maximum, .minimum, .product: break
    }
    let folded = try foldedValue(reduction, axes)
    let result = folded.viewed(as: target)
    guard let tape = trace?.tape else { return result }
    let x = detached
    let extreme = folded.viewed(as: kept)
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try x.foldGradient(reduction, axes, result: extreme, gradient: gradient.viewed(as: kept))]
    }
  }

  /// The sum over the given axes (all by default).
  public func sum(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws(Fault) -> Tensor {
    try reduced(.sum, over: axes, keepingDimensions: keepingDimensions)
  }

  /// The sum of all elements in 64 bits, untracked: exact where the elements are whole and the sum is below 2^53.
  public func total() throws(Fault) -> Double {
    if count > Parallel.grain { return try longRunTotal(.sum, count) }
    return withUnsafeBuffer { buffer in buffer.baseAddress.map { kernels.sumOfRun($0, count: count) } ?? 0 }
  }

  /// The mean over the given axes (all by default); nan for no elements.
  public func mean(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws(Fault) -> Tensor {
    try reduced(.mean, over: axes, keepingDimensions: keepingDimensions)
  }

  private func foldedValue(_ reduction: Reduction, _ axes: [Int]) throws(Fault) -> Tensor {
    switch reduction {
    case .maximum, .minimum:
      if axes.contains(where: { shape[$0] == 0 }) {
        throw Fault(
          .value, "an empty tensor has no \(reduction.rawValue)", label: "the shape is \(Shape.text(shape))")
      }
      return try folded(reduction == .maximum ? .maximum : .minimum, axes, empty: 0)
    case .product: return try folded(.product, axes, empty: 1)
    case .mean:
      let number = axes.reduce(1) { $0 * shape[$1] }
      // Of all elements it is rounded once, so that equal elements are their own mean.
      if axes.count == rank, number > 0 {
        return try Tensor(filledWith: Float(total() / Double(number)), shape: shape.map { _ in 1 })
      }
      return try folded(.sum, axes, empty: 0) / Float(number)
    default: return try folded(.sum, axes, empty: 0)
    }
  }

  private func foldGradient(
    _ reduction: Reduction, _ axes: [Int], result: Tensor, gradient: Tensor
  ) throws(Fault) -> Tensor {
    switch reduction {
    case .mean:
      let number = axes.reduce(1) { $0 * shape[$1] }
      return try (gradient / Float(number)).broadcast(to: shape)
    case .maximum, .minimum:
      let winners = try Tensor.compare(.equal, self, result)
      let shares = try gradient / winners.sum(over: axes, keepingDimensions: true)
      return try winners * shares
    case .product: return try gradient * productOfOthers(axes)
    default: return try gradient.broadcast(to: shape)
    }
  }

  /// For each element, the product of all others that fold with it (also where some are 0).
  private func productOfOthers(_ axes: [Int]) throws(Fault) -> Tensor {
    let order = shape.indices.filter { !axes.contains($0) } + axes
    let arranged = try detached.transposed(order)
    let length = axes.reduce(1) { $0 * shape[$1] }
    let others = try Tensor(shape: arranged.shape) { out in
      arranged.withUnsafeBuffer { x in
        for start in stride(from: 0, to: x.count, by: max(length, 1)) {
          var before = 1.0
          for i in start..<(start + length) {
            out[i] = Float(before)
            before *= Double(x[i])
          }
          var after = 1.0
          for i in (start..<(start + length)).reversed() {
            out[i] = Float(Double(out[i]) * after)
            after *= Double(x[i])
          }
        }
      }
    }
    var inverse = [Int](repeating: 0, count: rank)
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    return try others.transposed(inverse)
  }

  /// The fold, untracked, with the folded axes kept at size 1. Neighbouring axes fold at once, the last ones first.
  private func folded(_ kernel: FoldKernel, _ axes: [Int], empty: Float) throws(Fault) -> Tensor {
    let kept = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    if axes.contains(where: { shape[$0] == 0 }) { return try Tensor(filledWith: empty, shape: kept) }
    var current = detached
    current.isMask = false
    var rest = axes[...]
    while let last = rest.popLast() {
      var first = last
      while let next = rest.last, next == first - 1 {
        first = next
        rest.removeLast()
      }
      let outer = current.shape[..<first].reduce(1, *)
      let length = current.shape[first...last].reduce(1, *)
      let inner = current.shape[(last + 1)...].reduce(1, *)
      var shape = current.shape
      for axis in first...last { shape[axis] = 1 }
      if length == 1 {
        current = current.viewed(as: shape)
      } else {
        current = try current.folded(kernel, outer: outer, length: length, inner: inner, shape: shape)
      }
    }
    return current.viewed(as: kept)
  }

  /// The fold of the middle axis of [outer, length, inner].
  private func folded(
    _ kernel: FoldKernel, outer: Int, length: Int, inner: Int, shape: [Int]
  ) throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    if result.count == 0 { return result }
    let (source, out) = (UnsafePointer(base), result.base)
    if (2..<8192).contains(inner), outer == 1, length * inner > 1 << 20 {
      return try foldedTallBlock(kernel, length: length, inner: inner, shape: shape)
    }
    if inner > 1 {
      let width = min(inner, 512)
      let pieces = (inner + width - 1) / width
      try Parallel.ranges(outer * pieces, grain: max(1, Parallel.grain / (length * width))) { tasks in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { totals in
          guard let totals = totals.baseAddress else { return }
          for task in tasks {
            let (row, piece) = (task / pieces, task % pieces)
            kernels.foldRows(
              kernel, source + row * length * inner, rows: length, width: inner,
              columns: (piece * width)..<min((piece + 1) * width, inner), totals: totals, out: out + row * inner)
          }
        }
      }
    } else if outer == 1, length > Parallel.grain {
      out[0] = try foldedLongRun(kernel, length)
    } else {
      try Parallel.rows(outer, width: length) { rows in
        for row in rows { out[row] = kernels.foldRun(kernel, source + row * length, count: length) }
      }
    }
    return result
  }

  /// The fold of the rows of [length, inner] when they are so many that threads share them: blocks of a fixed number of
  /// rows, then the blocks in order.
  private func foldedTallBlock(_ kernel: FoldKernel, length: Int, inner: Int, shape: [Int]) throws(Fault) -> Tensor {
    let height = max(2, (1 << 18) / inner)
    let blocks = (length + height - 1) / height
    let partial = try Tensor(uninitialized: [blocks, inner])
    let (source, out) = (UnsafePointer(base), partial.base)
    try Parallel.ranges(blocks, grain: 1) { range in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: inner) { totals in
        guard let totals = totals.baseAddress else { return }
        for block in range {
          let first = block * height
          kernels.foldRows(
            kernel, source + first * inner, rows: min(height, length - first), width: inner, columns: 0..<inner,
            totals: totals, out: out + block * inner)
        }
      }
    }
    return try partial.folded(kernel, outer: 1, length: blocks, inner: inner, shape: shape)
  }

  /// The fold of one run long enough to be shared among threads: parts of a fixed length, then the parts in order.
  private func foldedLongRun(_ kernel: FoldKernel, _ length: Int) throws(Fault) -> Float {
    Float(try longRunTotal(kernel, length))
  }

  private func longRunTotal(_ kernel: FoldKernel, _ length: Int) throws(Fault) -> Double {
    let source = UnsafePointer(base)
    let parts = (length + Parallel.grain - 1) / Parallel.grain
    let scratch = try TensorStorage(count: parts * 2, shape: [parts])
    let partials = UnsafeMutableRawPointer(scratch.base).bindMemory(to: Double.self, capacity: parts)
    try Parallel.ranges(length, grain: Parallel.grain) { range in
      let part = range.lowerBound / Parallel.grain
      let start = source + range.lowerBound
      partials[part] = kernel == .sum
        ? kernels.sumOfRun(start, count: range.count) : Double(kernels.foldRun(kernel, start, count: range.count))
    }
    var total = partials[0]
    for part in 1..<parts {
      switch kernel {
      case .sum: total += partials[part]
      case .product: total *= partials[part]
      case .maximum: total = total.isNaN || total > partials[part] ? total : partials[part]
      case .minimum: total = total.isNaN || total < partials[part] ? total : partials[part]
      }
    }
    withExtendedLifetime(scratch) {}
    return total
  }
}
