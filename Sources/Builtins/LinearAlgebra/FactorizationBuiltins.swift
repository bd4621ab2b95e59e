// The module `linalg`, continued: matrices taken apart into simpler ones, and what that tells of them.

import Faults
import Glibc
import Machine
import Tensors

private let matrix = BuiltinParameter.required("a", .array, "a matrix")
private let square = BuiltinParameter.required("a", .array, "a square matrix")
private let subject = "linear algebra"

/// Singular values, eigenvalues, orthogonal factors, ranks and norms.
let factorizationBuiltins: [Builtin] = [
  Builtin(
    "linalg.svd", [matrix], returns: "(tensor, tensor, tensor)", subject: subject,
    "The singular value decomposition (u, s, vt): `u @ diagonal(s) @ vt` is a, s has the largest first, the columns of u and the rows of vt are orthonormal.",
    example: """
      use linalg
      let (u, s, vt) = linalg.svd([[3, 0], [0, 4]])
      print(s, close(u @ diagonal(s) @ vt, [[3, 0], [0, 4]]))   # expect: tensor[2] [4., 3.] true
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let a = try Matrix(call, 0)
    let (u, s, vt) = try lapack().singularValues(a.values, rows: a.rows, columns: a.columns, vectors: true)
    return .tuple([
      .tensor(try Matrix(rows: a.rows, columns: s.count, u).tensor()), .tensor(try row(s)),
      .tensor(try Matrix(rows: s.count, columns: a.columns, vt).tensor()),
    ])
  },
  Builtin(
    "linalg.qr", [matrix], returns: "(tensor, tensor)", subject: subject,
    "Orthonormal columns q and an upper triangle r for which `q @ r` is a. Signs are LAPACK's.",
    example: """
      use linalg
      let (q, r) = linalg.qr([[3, 1], [4, 2]])
      print(close(q @ r, [[3, 1], [4, 2]]), close(q.T @ q, eye(2)))   # expect: true true
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let a = try Matrix(call, 0)
    let (q, r) = try lapack().orthogonal(a.values, rows: a.rows, columns: a.columns)
    let least = min(a.rows, a.columns)
    return .pair(.tensor(try Matrix(rows: a.rows, columns: least, q).tensor()), .tensor(try Matrix(rows: least, columns: a.columns, r).tensor()))
  },
  Builtin(
    "linalg.eigenvalues", [square], returns: "tensor", subject: subject,
    "The eigenvalues of a matrix whose eigenvalues are real, the smallest first. Others have complex ones, which `linalg.complex_eigenvalues` gives.",
    example: """
      use linalg
      print(linalg.eigenvalues([[4, 1], [2, 3]]))   # expect: tensor[2] [2., 5.]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    return .tensor(try row(try realEigenvalues(call, vectors: false).values))
  },
  Builtin(
    "linalg.eigenvectors", [square], returns: "(tensor, tensor)", subject: subject,
    "The eigenvalues, the smallest first, and as the columns of a matrix an eigenvector of length 1 for each; its element of the largest size is positive.",
    example: """
      use linalg
      let (values, vectors) = linalg.eigenvectors([[2, 0], [0, 1]])
      print(values, vectors[.., 0])   # expect: tensor[2] [1., 2.] tensor[2] [0., 1.]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let (values, vectors) = try realEigenvalues(call, vectors: true)
    return .pair(.tensor(try row(values)), .tensor(try Matrix(rows: values.count, columns: values.count, vectors).tensor()))
  },
  Builtin(
    "linalg.complex_eigenvalues", [square], returns: "tensor", subject: subject,
    "The eigenvalues of any square matrix as rows of a real and an imaginary part, in the order of the real parts.",
    example: """
      use linalg
      print(linalg.complex_eigenvalues([[0, -1], [1, 0]]))   # expect: tensor[2, 2] [[0., -1.], [0., 1.]]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let a = try Matrix(call, 0, isSquare: true)
    let (real, imaginary, _) = try lapack().eigenvalues(a.values, size: a.rows, vectors: false)
    let order = real.indices.sorted { (real[$0], imaginary[$0]) < (real[$1], imaginary[$1]) }
    return .tensor(try Tensor(order.flatMap { [Float(real[$0]), Float(imaginary[$0])] }, shape: [real.count, 2]))
  },
  Builtin(
    "linalg.rank", [matrix, .optional("tolerance", .number, default: "the rounding of 32-bit floats times the longer side", "what counts as 0 beside the largest singular value")],
    returns: "int", subject: subject, "How many rows, or columns, of a matrix are not made of the others: its singular values that are not 0.",
    example: """
      use linalg
      print(linalg.rank([[1, 2], [2, 4]]))   # expect: 1
      """
  ) { (call) throws(Fault) in
    let a = try Matrix(call, 0)
    let s = try lapack().singularValues(a.values, rows: a.rows, columns: a.columns, vectors: false).s
    let least = try call.number(1, default: rankTolerance(a)) * (s.first ?? 0)
    return .int(s.count { $0 > least })
  },
  Builtin(
    "linalg.pinv", [matrix], returns: "tensor", subject: subject,
    "The pseudo-inverse (Moore and Penrose): the inverse where there is one, else what solves least squares.",
    example: """
      use linalg
      print(linalg.pinv([[2, 0], [0, 0]]))   # expect: tensor[2, 2] [[0.5, 0.], [0., 0.]]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let a = try Matrix(call, 0)
    let unit = (0..<a.rows).flatMap { row in (0..<a.rows).map { $0 == row ? 1.0 : 0 } }
    try MemoryLimit.check(unit.count * 16, for: "a pseudo-inverse")
    let x = try lapack().leastSquares(a.values, rows: a.rows, columns: a.columns, unit, count: a.rows, tolerance: rankTolerance(a)).x
    return .tensor(try Matrix(rows: a.columns, columns: a.rows, x).tensor())
  },
  Builtin(
    "linalg.condition", [matrix], returns: "float", subject: subject,
    "The largest singular value over the smallest: how much errors of the right side may grow in a solution; infinite for a singular matrix.",
    example: """
      use linalg
      print(linalg.condition([[2, 0], [0, 1]]))   # expect: 2.0
      """
  ) { (call) throws(Fault) in
    let a = try Matrix(call, 0)
    let s = try lapack().singularValues(a.values, rows: a.rows, columns: a.columns, vectors: false).s
    return .float((s.first ?? 0) / (s.last ?? 0))
  },
  Builtin(
    "linalg.norm",
    [.required("x", .array, "a vector or a matrix"), .optional("kind", .string | .number, default: "\"fro\"", "of a matrix \"fro\", \"nuc\" (the sum of singular values), 2 (the largest), 1 (columns) or inf (rows); of a vector p")],
    returns: "float", subject: subject, "The size of a vector or a matrix; without a kind the root of the sum of squares.",
    example: """
      use linalg
      print(linalg.norm([3, 4]), linalg.norm([[1, -2], [3, 4]], 1), linalg.norm([3, 4], inf))   # expect: 5.0 6.0 4.0
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let tensor = try call.tensor(0)
    let a = try Matrix(columnsOf: tensor, of: call, 0)
    let kind = if call.has(1), call[1].asString == nil { floatText(try call.number(1)) } else { call[1].asString ?? "fro" }
    let sizes = a.values.map(\.magnitude)
    if tensor.rank == 1 || kind == "fro" {
      if kind == "fro" || kind == "2.0" { return .float(Moments(a.values, around: 0).deviation(over: 1)) }
      guard let p = Double(kind), p > 0 else { throw call.wrong(1, "of a vector must be a number above 0, found \(kind)") }
      return .float(p.isInfinite ? sizes.max() ?? 0 : pow(sizes.reduce(0) { $0 + pow($1, p) }, 1 / p))
    }
    switch kind {
    case "1.0": return .float((0..<a.columns).map { column in (0..<a.rows).reduce(0) { $0 + sizes[column * a.rows + $1] } }.max() ?? 0)
    case "inf": return .float((0..<a.rows).map { row in (0..<a.columns).reduce(0) { $0 + sizes[$1 * a.rows + row] } }.max() ?? 0)
    case "2.0", "nuc":
      let s = try lapack().singularValues(a.values, rows: a.rows, columns: a.columns, vectors: false).s
      return .float(kind == "nuc" ? s.reduce(0, +) : s.first ?? 0)
    default: throw call.wrong(1, "of a matrix must be \"fro\", \"nuc\", 1, 2 or inf, found \(kind)")
    }
  },
]

/// Real eigenvalues in order, and eigenvectors as columns.
private func realEigenvalues(_ call: Call, vectors: Bool) throws(Fault) -> (values: [Double], vectors: [Double]) {
  let a = try Matrix(call, 0, isSquare: true)
  let size = a.rows
  var values: [Double]
  var columns: [Double]
  if a.isSymmetric {
    (values, columns) = try lapack().symmetricEigenvalues(a.values, size: size, vectors: vectors)
  } else {
    let found = try lapack().eigenvalues(a.values, size: size, vectors: vectors)
    if let place = found.imaginary.firstIndex(where: { $0 != 0 }) {
      throw call.wrong(
        0, "has complex eigenvalues, such as \(floatText(found.real[place])) ± \(floatText(found.imaginary[place].magnitude)) i",
        help: "linalg.complex_eigenvalues(a) gives real and imaginary parts; a symmetric matrix has real ones")
    }
    (values, columns) = (found.real, found.vectors)
  }
  let order = values.indices.sorted { values[$0] < values[$1] }
  values = order.map { values[$0] }
  guard vectors else { return (values, []) }
  var sorted: [Double] = []
  for place in order {
    let column = columns[(place * size)..<((place + 1) * size)]
    let largest = column.max { $0.magnitude < $1.magnitude } ?? 1
    sorted += column.map { largest < 0 ? -$0 : $0 }
  }
  return (values, sorted)
}
