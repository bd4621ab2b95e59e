// The walk of two broadcast operands: neighbouring axes are joined where both allow it, so that the loops inside run
// over stretches as long as possible.

import Faults
import Kernels

/// How two tensors are read together to fill a result of their common shape.
private struct BroadcastWalk {
  /// The joined axes, outermost first, without the innermost.
  var sizes: [Int] = []
  var leftSteps: [Int] = []
  var rightSteps: [Int] = []
  var innerCount = 1
  var innerSteps = OperandSteps.both

  init(_ a: [Int], _ b: [Int], result: [Int]) {
    let left = BroadcastWalk.steps(a, in: result)
    let right = BroadcastWalk.steps(b, in: result)
    var joined: [(size: Int, left: Int, right: Int)] = []
    for axis in result.indices where result[axis] != 1 {
      if let last = joined.last, last.left == left[axis] * result[axis], last.right == right[axis] * result[axis] {
        joined[joined.count - 1] = (last.size * result[axis], left[axis], right[axis])
      } else {
        joined.append((result[axis], left[axis], right[axis]))
      }
    }
    guard let inner = joined.popLast() else { return }
    innerCount = inner.size
    innerSteps = inner.left == 0 ? .rightOnly : inner.right == 0 ? .leftOnly : .both
    sizes = joined.map(\.size)
    leftSteps = joined.map(\.left)
    rightSteps = joined.map(\.right)
  }

  var rowCount: Int { sizes.reduce(1, *) }

  /// The steps of an operand along the axes of the result; 0 where it's stretched.
  private static func steps(_ shape: [Int], in result: [Int]) -> [Int] {
    let extra = result.count - shape.count
    let own = Shape.strides(shape)
    return result.indices.map { axis in
      axis < extra || shape[axis - extra] == 1 ? 0 : own[axis - extra]
    }
  }

  /// Where the operands of a row begin.
  func offsets(ofRow row: Int) -> (left: Int, right: Int) {
    var rest = row
    var left = 0
    var right = 0
    for axis in stride(from: sizes.count - 1, through: 0, by: -1) {
      let place = rest % sizes[axis]
      rest /= sizes[axis]
      left += place * leftSteps[axis]
      right += place * rightSteps[axis]
    }
    return (left, right)
  }
}

extension Tensor {
  /// The element-wise kernel over two broadcast tensors, untracked.
  static func elementwise(_ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, name: String) throws(Fault) -> Tensor {
    let shape = try Shape.broadcast(a.shape, b.shape, operation: name)
    let result = try Tensor(uninitialized: shape)
    if result.count == 0 { return result }
    let (left, right, out) = (UnsafePointer(a.base), UnsafePointer(b.base), result.base)
    let walk = BroadcastWalk(a.shape, b.shape, result: shape)
    let inner = walk.innerCount
    let steps = walk.innerSteps
    if walk.sizes.isEmpty {
      try Parallel.ranges(inner, grain: Parallel.grain) { range in
        let start = range.lowerBound
        kernels.applyBinary(
          kernel, steps: steps, count: range.count, left + (steps == .rightOnly ? 0 : start),
          right + (steps == .leftOnly ? 0 : start), out: out + start)
      }
    } else {
      try Parallel.rows(walk.rowCount, width: inner) { rows in
        for row in rows {
          let offsets = walk.offsets(ofRow: row)
          kernels.applyBinary(
            kernel, steps: steps, count: inner, left + offsets.left, right + offsets.right, out: out + row * inner)
        }
      }
    }
    return result
  }
}
