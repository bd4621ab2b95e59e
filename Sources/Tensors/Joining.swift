// Several tensors as one, and one as several.

import Faults
import Kernels

extension Tensor {
  /// The tensors one after another along an axis; their other sizes must agree. Differentiable.
  public static func concatenate(_ tensors: [Tensor], along axis: Int = 0) throws(Fault) -> Tensor {
    guard let first = tensors.first else { throw Fault(.value, "nothing to concatenate") }
    let axis = try Shape.axis(axis, rank: first.rank, of: first.shape)
    var shape = first.shape
    var total = 0
    for tensor in tensors {
      var other = tensor.shape
      if other.count == shape.count { other[axis] = shape[axis] }
      guard other == shape else {
        throw Fault(
          .shape, "shapes do not fit in a concatenation",
          label: "one is \(Shape.text(first.shape)), another is \(Shape.text(tensor.shape))",
          help: "all sizes but that of axis \(axis) must be the same")
      }
      let (sum, overflow) = total.addingReportingOverflow(tensor.shape[axis])
      if overflow { throw Shape.tooLarge(shape, bytes: nil) }
      total = sum
    }
    shape[axis] = total
    var result = try Tensor(uninitialized: shape)
    result.isMask = tensors.allSatisfy(\.isMask)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    var place = 0
    for tensor in tensors {
      let width = tensor.shape[axis] * inner
      let (source, out) = (UnsafePointer(tensor.base), result.base + place * inner)
      if tensor.count > 0 {
        try Parallel.rows(outer, width: width) { rows in
          for row in rows { (out + row * total * inner).update(from: source + row * width, count: width) }
        }
      }
      place += tensor.shape[axis]
    }
    guard let tape = try Tape.common(tensors) else { return result }
    let sizes = tensors.map { $0.shape[axis] }
    return try tape.record(inputs: tensors, output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      try gradient.split(sizes: sizes, along: axis)
    }
  }

  /// Tensors of one shape along a new axis. Differentiable.
  public static func stack(_ tensors: [Tensor], along axis: Int = 0) throws(Fault) -> Tensor {
    guard let first = tensors.first else { throw Fault(.value, "nothing to stack") }
    var expanded: [Tensor] = []
    for tensor in tensors {
      guard tensor.shape == first.shape else {
        throw Fault(
          .shape, "shapes do not fit in a stack",
          label: "one is \(Shape.text(first.shape)), another is \(Shape.text(tensor.shape))",
          help: "stacked tensors have the same shape; concat joins them along an axis that is there")
      }
      expanded.append(try tensor.expandedDimension(at: axis))
    }
    return try concatenate(expanded, along: axis < 0 ? axis + first.rank + 1 : axis)
  }

  /// The pieces of the given sizes along an axis, which together make it up. Differentiable.
  public func split(sizes: [Int], along axis: Int = 0) throws(Fault) -> [Tensor] {
    let axis = try Shape.axis(axis, rank: rank, of: shape)
    var total = 0
    for size in sizes {
      guard size >= 0, size <= shape[axis] - total else {
        throw Shape.badSplit(sizes, of: shape, axis: axis)
      }
      total += size
    }
    guard total == shape[axis] else { throw Shape.badSplit(sizes, of: shape, axis: axis) }
    var pieces: [Tensor] = []
    var place = 0
    for size in sizes {
      let whole = [TensorIndex](repeating: .all, count: axis)
      pieces.append(try indexed(whole + [.range(place, place + size)]))
      place += size
    }
    return pieces
  }

  /// With `value` added before and after along each axis. Differentiable.
  ///
  /// - Parameter widths: how many elements to add, for each axis of the tensor.
  public func padded(_ widths: [(before: Int, after: Int)], with value: Float = 0) throws(Fault) -> Tensor {
    guard widths.count == rank else {
      throw Fault(
        .shape, "padding needs two widths for each axis",
        label: "\(widths.count) pairs for shape \(Shape.text(shape))")
    }
    var target: [Int] = []
    var indices: [TensorIndex] = []
    for (size, width) in zip(shape, widths) {
      let (partial, overflow) = size.addingReportingOverflow(width.before)
      let (sum, overflowAgain) = partial.addingReportingOverflow(width.after)
      guard width.before >= 0, width.after >= 0 else { throw Fault(.value, "a padding cannot be negative") }
      if overflow || overflowAgain { throw Shape.tooLarge(shape, bytes: nil) }
      target.append(sum)
      indices.append(.range(width.before, width.before + size))
    }
    return try Tensor(filledWith: value, shape: target).assigning(self, at: indices)
  }
}

extension Shape {
  fileprivate static func badSplit(_ sizes: [Int], of shape: [Int], axis: Int) -> Fault {
    Fault(
      .shape, "the pieces do not make up the axis",
      label: "pieces of \(text(sizes)) from axis \(axis) of \(text(shape))")
  }
}
