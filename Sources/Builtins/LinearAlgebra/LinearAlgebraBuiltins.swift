// The module `linalg`: linear algebra by LAPACK. Tensors come in and go out as 32-bit floats, and are reckoned in 64 bits.

import Faults
import Glibc
import Machine
import Tensors

private let matrix = BuiltinParameter.required("a", .array, "a matrix")
private let square = BuiltinParameter.required("a", .array, "a square matrix")
private let subject = "linear algebra"

/// Systems of equations, inverses, determinants and least squares.
let linearAlgebraBuiltins: [Builtin] = [
  Builtin(
    "linalg.solve", [square, .required("b", .array, "the right side: a vector, or a matrix of columns")], returns: "tensor", subject: subject,
    "The x for which `a @ x` is b. Gradients flow to both. A singular matrix is an error, and one so near it that few digits are left a warning.",
    example: """
      use linalg
      print(linalg.solve([[4, 1], [2, 3]], [1, 2]))   # expect: tensor[2] [0.1, 0.6]
      """
  ) { (call) throws(Fault) in
    let (a, b) = (try call.tensor(0), try call.tensor(1))
    return Machine.scalarOrTensor(try solution(a, b, call))
  },
  Builtin(
    "linalg.inverse", [square], returns: "tensor", subject: subject,
    "The inverse of a matrix. Gradients flow. To solve equations `linalg.solve` is quicker and more exact.",
    example: """
      use linalg
      print(linalg.inverse([[2, 0], [0, 4]]))   # expect: tensor[2, 2] [[0.5, 0.], [0., 0.25]]
      """
  ) { (call) throws(Fault) in
    let a = try call.tensor(0)
    return .tensor(try solution(a, try Tensor.eye(a.shape.first ?? 0), call))
  },
  Builtin(
    "linalg.determinant", [square], returns: "float", subject: subject, "The determinant: 0 for a singular matrix. Gradients flow. `linalg.log_determinant` holds also what is too large for a number.",
    example: """
      use linalg
      print(linalg.determinant([[4, 1], [2, 3]]))   # expect: 10.0
      """
  ) { (call) throws(Fault) in
    let a = try call.tensor(0)
    let matrix = try Matrix(a, of: call, 0, isSquare: true)
    let value = try lapack().logDeterminant(matrix.values, size: matrix.rows).value
    guard let tape = a.trace?.tape else { return .float(value) }
    let x = a.detached
    let result = try tape.record(inputs: [a], output: try Tensor.scalar(Float(value))) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let inverse = try solved(x, try Tensor.eye(matrix.rows), call)
      return [try inverse.transposed() * Float(value) * gradient]
    }
    return Machine.scalarOrTensor(result)
  },
  Builtin(
    "linalg.log_determinant", [square], returns: "(float, float)", subject: subject,
    "The sign of the determinant, -1, 0 or 1, and the logarithm of its size.",
    example: """
      use linalg
      print(linalg.log_determinant([[-1, 0], [0, 1]]))   # expect: (-1.0, 0.0)
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let matrix = try Matrix(call, 0, isSquare: true)
    let result = try lapack().logDeterminant(matrix.values, size: matrix.rows)
    return .pair(.float(result.sign), .float(result.logarithm))
  },
  Builtin(
    "linalg.least_squares", [matrix, .required("b", .array, "the right side: a vector, or a matrix of columns")], returns: "tensor", subject: subject,
    "The x that brings `a @ x` nearest to b; of several the shortest. For more equations than unknowns, as in fitting a line.",
    example: """
      use linalg
      let line = linalg.least_squares([[0, 1], [1, 1], [2, 1]], [1, 3, 5])   # y = 2 x + 1
      print(close(line, [2, 1]))   # expect: true
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    try call.checkPlain(1)
    let a = try Matrix(call, 0)
    let right = try call.tensor(1)
    let b = try Matrix(columnsOf: right, of: call, 1)
    try checkRows(a, right, b, call)
    let result = try lapack().leastSquares(a.values, rows: a.rows, columns: a.columns, b.values, count: b.columns, tolerance: rankTolerance(a))
    return .tensor(try Matrix(rows: a.columns, columns: b.columns, result.x).tensor(isVector: right.rank == 1))
  },
  Builtin(
    "linalg.cholesky", [.required("a", .array, "a symmetric, positive definite matrix")], returns: "tensor", subject: subject,
    "The lower triangle L for which `L @ L.T` is a. Only the lower half of a is read after a check that both agree.",
    example: """
      use linalg
      print(linalg.cholesky([[4, 2], [2, 5]]))   # expect: tensor[2, 2] [[2., 0.], [1., 2.]]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let matrix = try Matrix(call, 0, isSquare: true)
    if !matrix.isSymmetric { throw call.wrong(0, "must be symmetric", help: "(a + a.T) / 2 is") }
    let (lower, place) = try lapack().triangle(matrix.values, size: matrix.rows)
    guard let lower else {
      throw call.wrong(0, "is not positive definite: its leading \(place + 1) rows and columns have no positive determinant", help: "a small number on its diagonal may help: a + 1e-4 * eye(\(matrix.rows))")
    }
    return .tensor(try Matrix(rows: matrix.rows, columns: matrix.rows, lower).tensor())
  },
]

/// What is counted as 0 beside the largest singular value: the rounding of 32-bit floats, times the longer side.
func rankTolerance(_ matrix: Matrix) -> Double { Double(max(matrix.rows, matrix.columns)) * 0x1p-24 }

private func checkRows(_ a: Matrix, _ right: Tensor, _ b: Matrix, _ call: Call) throws(Fault) {
  if a.rows == b.rows { return }
  throw Fault(
    .shape, "the sides of the equations do not fit", label: "`a` has \(counted(a.rows, "row")), `b` is \(Shape.text(right.shape))",
    help: "the first size of `b` must be \(a.rows)")
}

/// The solution, through which gradients flow.
private func solution(_ a: Tensor, _ b: Tensor, _ call: Call) throws(Fault) -> Tensor {
  let result = try solved(a.detached, b.detached, call)
  guard let tape = try Tape.common([a, b]) else { return result }
  let (x, matrix, isVector) = (result, a.detached, b.rank == 1)
  let (wantsA, wantsB) = (a.isTracked, b.isTracked)
  return try tape.record(inputs: [a, b], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
    // With x = a^-1 b: the slope by b is a^-T g, and that by a is -(a^-T g) x^T.
    let right = try solved(matrix.transposed(), gradient, call)
    if !wantsA { return [nil, right] }
    let columns = isVector ? [try right.reshaped([right.count, 1]), try x.reshaped([1, x.count])] : [right, try x.transposed()]
    return [try Tensor.matmul(columns[0], columns[1]).unary(.negate), wantsB ? right : nil]
  }
}

private func solved(_ left: Tensor, _ right: Tensor, _ call: Call) throws(Fault) -> Tensor {
  let a = try Matrix(left, of: call, 0, isSquare: true)
  let b = try Matrix(columnsOf: right, of: call, min(1, call.builtin.parameters.count - 1))
  try checkRows(a, right, b, call)
  guard let (x, conditionInverse) = try lapack().solve(a.values, size: a.rows, b.values, columns: b.columns), conditionInverse > 1e-15 else {
    throw call.wrong(0, "is singular: some of its rows are made of the others", help: "linalg.least_squares gives the best answer all the same; linalg.rank(a) counts the rows that stand for themselves")
  }
  if conditionInverse < 1e-7 {
    let lost = Int(-log10(conditionInverse))
    call.output.warn("`\(call.builtin.name)`: the matrix is nearly singular; about \(lost) digits are lost, and its 32-bit elements have seven")
  }
  return try Matrix(rows: a.rows, columns: b.columns, x).tensor(isVector: right.rank == 1)
}
