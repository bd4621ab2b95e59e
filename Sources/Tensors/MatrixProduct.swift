// The matrix product in all its ranks, over the GEMM kernels.

import Faults
import Kernels

extension Tensor {
  /// The matrix product. Differentiable.
  ///
  /// Two vectors [k] give a 0-dimensional tensor; a matrix [m, k] and a vector [k] give [m]; a vector [k] and a
  /// matrix [k, n] give [n]; matrices [m, k] and [k, n] give [m, n]; stacks of matrices [..., m, k] and [..., k, n]
  /// multiply pairwise, and their leading axes broadcast.
  ///
  /// - Throws: `.shape`, naming both shapes, when they don't fit.
  public static func matmul(_ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    guard a.rank > 0, b.rank > 0 else {
      throw Fault(
        .shape, "`@` needs vectors or matrices",
        label: "the left is \(Shape.text(a.shape)), the right is \(Shape.text(b.shape))",
        help: "multiply by a single number with `*`")
    }
    let left = a.shape[a.rank - 1]
    let right = b.rank == 1 ? b.shape[0] : b.shape[b.rank - 2]
    guard left == right else { throw mismatch(a, b, left, right) }
    let x = a.rank == 1 ? a.viewed(as: [1, left]) : a.detached
    let y = b.rank == 1 ? b.viewed(as: [right, 1]) : b.detached
    let product = try stackProduct(x, y)
    var shape = product.shape
    if b.rank == 1 { shape.removeLast() }
    if a.rank == 1 { shape.remove(at: shape.count - (b.rank == 1 ? 1 : 2)) }
    let result = product.viewed(as: shape)
    guard let tape = try Tape.common([a, b]) else { return result }
    let (wantsA, wantsB) = (a.isTracked, b.isTracked)
    let (shapeA, shapeB, full) = (a.shape, b.shape, product.shape)
    return try tape.record(inputs: [a, b], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let g = gradient.viewed(as: full)
      var left: Tensor?
      var right: Tensor?
      if wantsA { left = try stackProduct(g, y, transposedB: true).summed(to: x.shape).viewed(as: shapeA) }
      if wantsB {
        if y.rank == 2 {
          right = try stackProduct(x.foldedRows, g.foldedRows, transposedA: true).viewed(as: shapeB)
        } else {
          right = try stackProduct(x, g, transposedA: true).summed(to: y.shape).viewed(as: shapeB)
        }
      }
      return [left, right]
    }
  }

  private static func mismatch(_ a: Tensor, _ b: Tensor, _ left: Int, _ right: Int) -> Fault {
    let which = b.rank == 1 ? "the only" : "the second-to-last"
    return Fault(
      .shape, "shapes do not fit in `@`",
      label: "the left is \(Shape.text(a.shape)), the right is \(Shape.text(b.shape))",
      help: "the last size of the left side (\(left)) must equal \(which) of the right (\(right))")
  }

  /// The same elements, untracked, under a shape of the same count.
  func viewed(as shape: [Int]) -> Tensor { Tensor(sharing: self, shape: shape, count: count) }

  /// A stack of matrices as one tall matrix.
  private var foldedRows: Tensor {
    let columns = shape[rank - 1]
    return viewed(as: [shape.dropLast().reduce(1, *), columns])
  }

  /// Untracked products of stacks (rank 2 or more), each matrix transposed first where asked.
  private static func stackProduct(
    _ a: Tensor, _ b: Tensor, transposedA: Bool = false, transposedB: Bool = false
  ) throws(Fault) -> Tensor {
    let (rowsA, columnsA) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let (rowsB, columnsB) = (b.shape[b.rank - 2], b.shape[b.rank - 1])
    let (m, k) = transposedA ? (columnsA, rowsA) : (rowsA, columnsA)
    let n = transposedB ? rowsB : columnsB
    let stackA = Array(a.shape.dropLast(2))
    let stackB = Array(b.shape.dropLast(2))
    let stack = try Shape.broadcast(stackA, stackB, operation: "@")
    let result = try Tensor(uninitialized: stack + [m, n])
    if result.count == 0 { return result }
    if stackB.isEmpty, !transposedA {
      let rows = stack.reduce(m, *)
      try multiply(
        m: rows, n: n, k: k, a: MatrixView(a.base, stride: columnsA, transposed: false),
        b: MatrixView(b.base, stride: columnsB, transposed: transposedB), out: result.base)
      return result
    }
    let placesA = stackPlaces(stackA, in: stack)
    let placesB = stackPlaces(stackB, in: stack)
    for index in placesA.indices {
      try multiply(
        m: m, n: n, k: k,
        a: MatrixView(a.base + placesA[index] * rowsA * columnsA, stride: columnsA, transposed: transposedA),
        b: MatrixView(b.base + placesB[index] * rowsB * columnsB, stride: columnsB, transposed: transposedB),
        out: result.base + index * m * n)
    }
    return result
  }

  /// Which matrix of a stack each matrix of the broadcast stack reads.
  private static func stackPlaces(_ stack: [Int], in result: [Int]) -> [Int] {
    let steps = Shape.strides(stack)
    let extra = result.count - stack.count
    return (0..<result.reduce(1, *)).map { index in
      var rest = index
      var place = 0
      for axis in stride(from: result.count - 1, through: 0, by: -1) {
        let coordinate = rest % result[axis]
        rest /= result[axis]
        if axis >= extra, stack[axis - extra] != 1 { place += coordinate * steps[axis - extra] }
      }
      return place
    }
  }

  /// One product by the kernel that suits its shape; out is [m, n], contiguous.
  private static func multiply(
    m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, out: UnsafeMutablePointer<Float>
  ) throws(Fault) {
    if m * n <= 64, k <= 64 {
      referenceGemm(m: m, n: n, k: k, a: a, b: b, c: out, cStride: n)
    } else if n == 1, b.rowStep == 1 {
      try multiply(matrix: a, rows: m, columns: k, vector: b.start, out: out)
    } else if m == 1, a.columnStep == 1 {
      let flipped = MatrixView(start: b.start, rowStep: b.columnStep, columnStep: b.rowStep)
      try multiply(matrix: flipped, rows: n, columns: k, vector: a.start, out: out)
    } else {
      let scratch = try TensorStorage(count: kernels.gemmWorkspace(m: m, n: n, k: k), shape: [m, n])
      kernels.gemm(
        m: m, n: n, k: k, a: a, b: b, c: out, cStride: n, workspace: scratch.base,
        shouldStop: { Interrupt.isRequested })
      withExtendedLifetime(scratch) {}
      try Interrupt.check()
    }
  }

  /// out[rows] = matrix [rows, columns] times a contiguous vector.
  private static func multiply(
    matrix: MatrixView, rows: Int, columns: Int, vector: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) throws(Fault) {
    if matrix.columnStep == 1 {
      try Parallel.rows(rows, width: columns) { range in
        kernels.gemv(rows: range, columns: columns, a: matrix.start, stride: matrix.rowStep, x: vector, y: out)
      }
    } else {
      try Parallel.ranges(rows, grain: 1024) { range in
        kernels.gemvTransposed(rows: columns, columns: range, a: matrix.start, stride: matrix.columnStep, x: vector, y: out)
      }
    }
  }
}
