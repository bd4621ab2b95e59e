// The same elements in another shape or order.

import Faults
import Kernels

extension Tensor {
  /// The same elements in row-major order under another shape; one size may be -1 and is worked out. Shares the memory.
  /// Differentiable.
  ///
  /// - Throws: `.shape`, naming both shapes, when the counts differ.
  public func reshaped(_ shape: [Int]) throws(Fault) -> Tensor {
    let target = try resolved(shape)
    if target == self.shape { return self }
    let result = viewed(as: target)
    guard let tape = trace?.tape else { return result }
    let original = self.shape
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [gradient.viewed(as: original)]
    }
  }

  private func resolved(_ target: [Int]) throws(Fault) -> [Int] {
    let unknown = target.indices.filter { target[$0] == -1 }
    if unknown.count > 1 {
      throw Fault(.value, "only one size may be -1", label: "the shape is \(Shape.text(target))")
    }
    var known = target
    for axis in unknown { known[axis] = 1 }
    let product = try Shape.count(known)
    if let axis = unknown.first, product > 0, count % product == 0 {
      known[axis] = count / product
      return known
    }
    guard unknown.isEmpty, product == count else {
      throw Fault(
        .shape, "the shapes hold different numbers of elements",
        label: "\(Shape.text(shape)) has \(count), \(Shape.text(target)) asks for "
          + (unknown.isEmpty ? "\(product)" : "a multiple of \(product)"))
    }
    return known
  }

  /// The axes in another order; nil reverses them. Differentiable.
  public func transposed(_ permutation: [Int]? = nil) throws(Fault) -> Tensor {
    var order: [Int] = []
    for axis in permutation ?? shape.indices.reversed() {
      order.append(try Shape.axis(axis, rank: rank, of: shape))
    }
    guard order.count == rank, Set(order).count == rank else {
      throw Fault(
        .value, "a permutation names each axis once",
        label: "the axes are \(Shape.text(permutation ?? [])), the shape is \(Shape.text(shape))")
    }
    if order == Array(shape.indices) { return self }
    let target = order.map { shape[$0] }
    let result: Tensor
    if let swap = matrixSwap(order) {
      result = try transposedMatrices(swap, shape: target)
    } else {
      let steps = Shape.strides(shape)
      result = try copied(StridedWalk(sizes: target, steps: order.map { steps[$0] }), shape: target)
    }
    guard let tape = trace?.tape else { return result }
    var inverse = order
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient.transposed(inverse)]
    }
  }

  /// When the order only swaps two neighbouring groups of axes at the end: (matrices, rows, columns).
  private func matrixSwap(_ order: [Int]) -> (matrices: Int, rows: Int, columns: Int)? {
    guard let start = order.indices.first(where: { order[$0] != $0 }) else { return nil }
    let split = order[start]
    let swapped = Array(split..<rank) + Array(start..<split)
    guard Array(order[start...]) == swapped else { return nil }
    return (
      shape[..<start].reduce(1, *), shape[start..<split].reduce(1, *), shape[split...].reduce(1, *)
    )
  }

  private func transposedMatrices(
    _ swap: (matrices: Int, rows: Int, columns: Int), shape: [Int]
  ) throws(Fault) -> Tensor {
    var result = try Tensor(uninitialized: shape)
    try result.touch()
    let (source, out) = (UnsafePointer(base), result.base)
    let size = swap.rows * swap.columns
    for matrix in 0..<(size == 0 ? 0 : swap.matrices) {
      let (from, to) = (source + matrix * size, out + matrix * size)
      let grain = max(16, Parallel.grain / swap.columns / 16 * 16)
      try Parallel.ranges(swap.rows, grain: grain) { rows in
        kernels.transposeRows(from, rows: rows, totalRows: swap.rows, columns: swap.columns, out: to)
      }
    }
    result.isMask = isMask
    return result
  }

  /// With a new axis of size 1, which will be number `axis` of the result. Differentiable.
  public func expandedDimension(at axis: Int) throws(Fault) -> Tensor {
    var target = shape
    let place = axis < 0 ? axis + rank + 1 : axis
    guard place >= 0, place <= rank else {
      throw Fault(
        .shape, "no place \(axis) for a new axis", label: "the shape is \(Shape.text(shape))",
        help: "places are 0 to \(rank)")
    }
    target.insert(1, at: place)
    return try reshaped(target)
  }

  /// Without the given axes, which must have size 1; nil drops all that have. Differentiable.
  public func squeezed(_ axes: [Int]? = nil) throws(Fault) -> Tensor {
    let dropped = axes == nil ? shape.indices.filter { shape[$0] == 1 } : try Shape.axes(axes, of: shape)
    if let axis = dropped.first(where: { shape[$0] != 1 }) {
      throw Fault(
        .shape, "only an axis of size 1 can be dropped",
        label: "axis \(axis) of \(Shape.text(shape)) has size \(shape[axis])")
    }
    return try reshaped(shape.indices.filter { !dropped.contains($0) }.map { shape[$0] })
  }

  /// Stretched to a larger shape under NumPy's rule. Differentiable.
  public func broadcast(to target: [Int]) throws(Fault) -> Tensor {
    if target == shape { return self }
    _ = try Shape.count(target)
    let common = try Shape.broadcast(shape, target, operation: "broadcast")
    guard common == target else {
      throw Fault(
        .shape, "the tensor does not stretch to that shape",
        label: "\(Shape.text(shape)) to \(Shape.text(target))", help: "only sizes of 1 stretch, counted from the right")
    }
    let own = Shape.strides(shape)
    let extra = target.count - rank
    let steps = target.indices.map { $0 < extra || shape[$0 - extra] == 1 ? 0 : own[$0 - extra] }
    let result = try copied(StridedWalk(sizes: target, steps: steps), shape: target)
    guard let tape = trace?.tape else { return result }
    let original = shape
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient.summed(to: original)]
    }
  }

  /// The order along the given axes reversed; nil means all. Differentiable.
  public func flipped(_ axes: [Int]? = nil) throws(Fault) -> Tensor {
    let axes = try Shape.axes(axes, of: shape)
    var steps = Shape.strides(shape)
    var start = 0
    for axis in axes where shape[axis] > 0 {
      start += (shape[axis] - 1) * steps[axis]
      steps[axis] = -steps[axis]
    }
    let result = try copied(StridedWalk(start: start, sizes: shape, steps: steps), shape: shape)
    guard let tape = trace?.tape else { return result }
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try gradient.flipped(axes)]
    }
  }

  /// A new tensor of the elements that a walk over this one meets, untracked.
  func copied(_ walk: StridedWalk, shape: [Int]) throws(Fault) -> Tensor {
    var result = try Tensor(uninitialized: shape)
    result.isMask = isMask
    if result.count == 0 { return result }
    let (source, out) = (UnsafePointer(base), result.base)
    let width = walk.innerCount
    if walk.rowCount == 1 {
      // One long row is cut as well.
      let from = source + walk.offset(ofRow: 0)
      try Parallel.ranges(width, grain: Parallel.grain) { range in
        switch walk.inner {
        case .step(let step):
          kernels.copyStrided(count: range.count, from: from + range.lowerBound * step, step: step, to: out + range.lowerBound)
        case .table(let table): for i in range { out[i] = from[table[i]] }
        }
      }
      return result
    }
    try Parallel.rows(walk.rowCount, width: width) { rows in
      for row in rows {
        let from = source + walk.offset(ofRow: row)
        switch walk.inner {
        case .step(let step): kernels.copyStrided(count: width, from: from, step: step, to: out + row * width)
        case .table(let table): for i in 0..<width { out[row * width + i] = from[table[i]] }
        }
      }
    }
    return result
  }
}
