// Linear algebra by LAPACK, in the build of OpenBLAS. Matrices are columns of doubles, one behind the other.

import Faults
import Glibc

private typealias I = UnsafeMutablePointer<Int32>
private typealias D = UnsafeMutablePointer<Double>
private typealias C = UnsafePointer<CChar>

/// The factorisations of LAPACK that the language offers. Lengths of texts stand hidden behind the arguments, as Fortran
/// passes them.
public struct LAPACK: Sendable {
  private let gesv: @convention(c) (I, I, D, I, I, D, I, I) -> Void
  private let getrf: @convention(c) (I, I, D, I, I, I) -> Void
  private let gecon: @convention(c) (C, I, D, I, D, D, D, I, I, Int) -> Void
  private let gesdd: @convention(c) (C, I, I, D, I, D, D, I, D, I, D, I, I, I, Int) -> Void
  private let geqrf: @convention(c) (I, I, D, I, D, D, I, I) -> Void
  private let orgqr: @convention(c) (I, I, I, D, I, D, D, I, I) -> Void
  private let geev: @convention(c) (C, C, I, D, I, D, D, D, I, D, I, D, I, I, Int, Int) -> Void
  private let syevd: @convention(c) (C, C, I, D, I, D, D, I, I, I, I, Int, Int) -> Void
  private let gelsd: @convention(c) (I, I, I, D, I, D, I, D, D, I, D, I, I, I) -> Void
  private let potrf: @convention(c) (C, I, D, I, I, Int) -> Void

  /// Throws `.file`, with the package to install, where the library is missing.
  public init() throws(Fault) {
    let library = try SharedLibrary("libopenblas.so.0", package: "libopenblas0-pthread", purpose: "linear algebra")
    gesv = try library.function("dgesv_", as: (@convention(c) (I, I, D, I, I, D, I, I) -> Void).self)
    getrf = try library.function("dgetrf_", as: (@convention(c) (I, I, D, I, I, I) -> Void).self)
    gecon = try library.function("dgecon_", as: (@convention(c) (C, I, D, I, D, D, D, I, I, Int) -> Void).self)
    gesdd = try library.function("dgesdd_", as: (@convention(c) (C, I, I, D, I, D, D, I, D, I, D, I, I, I, Int) -> Void).self)
    geqrf = try library.function("dgeqrf_", as: (@convention(c) (I, I, D, I, D, D, I, I) -> Void).self)
    orgqr = try library.function("dorgqr_", as: (@convention(c) (I, I, I, D, I, D, D, I, I) -> Void).self)
    geev = try library.function("dgeev_", as: (@convention(c) (C, C, I, D, I, D, D, D, I, D, I, D, I, I, Int, Int) -> Void).self)
    syevd = try library.function("dsyevd_", as: (@convention(c) (C, C, I, D, I, D, D, I, I, I, I, Int, Int) -> Void).self)
    gelsd = try library.function("dgelsd_", as: (@convention(c) (I, I, I, D, I, D, I, D, D, I, D, I, I, I) -> Void).self)
    potrf = try library.function("dpotrf_", as: (@convention(c) (C, I, D, I, I, Int) -> Void).self)
    // A product cut for another number of threads is rounded otherwise, and results must not depend on that.
    try library.function("openblas_set_num_threads", as: (@convention(c) (Int32) -> Void).self)(1)
  }

  /// The size of working memory that a routine asks for when it is called with a length of -1.
  private func workSize(_ ask: (D, I) -> Void) -> Int {
    var size = 0.0
    var length: Int32 = -1
    ask(&size, &length)
    return max(1, Int(size))
  }

  /// The solution of A X = B for square A; nil where A is singular, and how far from singular it is (the reciprocal of its
  /// condition in the 1-norm).
  public func solve(_ a: [Double], size: Int, _ b: [Double], columns: Int) throws(Fault) -> (x: [Double], conditionInverse: Double)? {
    guard let lu = try factored(a, size: size) else { return nil }
    var (matrix, x) = (a, b)
    var (n, count, info) = (Int32(size), Int32(columns), Int32(0))
    var (lda, ldb) = (n, n)
    var pivots = [Int32](repeating: 0, count: size)
    gesv(&n, &count, &matrix, &lda, &pivots, &x, &ldb, &info)
    return info == 0 ? (x, lu.conditionInverse) : nil
  }

  /// The sign and the logarithm of the size of the determinant, 0 and -infinity for a singular matrix.
  public func logDeterminant(_ a: [Double], size: Int) throws(Fault) -> (sign: Double, logarithm: Double, value: Double) {
    guard let lu = try factored(a, size: size) else { return (0, -.infinity, 0) }
    var (sign, logarithm, value) = (1.0, 0.0, 1.0)
    for place in 0..<size {
      let pivot = lu.factors[place * size + place]
      let isSwapped = Int(lu.pivots[place]) != place + 1
      sign *= (pivot < 0) != isSwapped ? -1 : 1
      logarithm += log(pivot.magnitude)
      value *= isSwapped ? -pivot : pivot
    }
    return (sign, logarithm, value)
  }

  /// Triangular factors; nil for a matrix that is singular to the last bit.
  private func factored(_ a: [Double], size: Int) throws(Fault) -> (factors: [Double], pivots: [Int32], conditionInverse: Double)? {
    var factors = a
    var (n, columns, lda, info) = (Int32(size), Int32(size), Int32(max(1, size)), Int32(0))
    var pivots = [Int32](repeating: 0, count: size)
    var norm = (0..<size).map { column in (0..<size).reduce(0.0) { $0 + a[column * size + $1].magnitude } }.max() ?? 0
    getrf(&n, &columns, &factors, &lda, &pivots, &info)
    if info > 0 { return nil }
    try Interrupt.check()
    var inverse = 0.0
    var work = [Double](repeating: 0, count: 4 * size)
    var whole = [Int32](repeating: 0, count: size)
    gecon("1", &n, &factors, &lda, &norm, &inverse, &work, &whole, &info, 1)
    return (factors, pivots, inverse)
  }

  /// A = U S V^T with `min(rows, columns)` singular values, the largest first; `u` is [rows, least], `vt` [least, columns].
  public func singularValues(
    _ a: [Double], rows: Int, columns: Int, vectors: Bool
  ) throws(Fault) -> (u: [Double], s: [Double], vt: [Double]) {
    var matrix = a
    let least = min(rows, columns)
    var (m, n, info) = (Int32(rows), Int32(columns), Int32(0))
    var (lda, ldu, ldvt) = (m, m, Int32(max(1, vectors ? least : 1)))
    var s = [Double](repeating: 0, count: least)
    var u = [Double](repeating: 0, count: vectors ? rows * least : 1)
    var vt = [Double](repeating: 0, count: vectors ? least * columns : 1)
    var whole = [Int32](repeating: 0, count: 8 * max(1, least))
    let job = vectors ? "S" : "N"
    let size = workSize { work, length in
      gesdd(job, &m, &n, &matrix, &lda, &s, &u, &ldu, &vt, &ldvt, work, length, &whole, &info, 1)
    }
    var work = [Double](repeating: 0, count: size)
    var length = Int32(size)
    gesdd(job, &m, &n, &matrix, &lda, &s, &u, &ldu, &vt, &ldvt, &work, &length, &whole, &info, 1)
    if info != 0 { throw Self.doesNotConverge("singular values") }
    return (u, s, vt)
  }

  /// A = Q R with orthonormal columns in Q [rows, least] and a triangle R [least, columns].
  public func orthogonal(_ a: [Double], rows: Int, columns: Int) throws(Fault) -> (q: [Double], r: [Double]) {
    var matrix = a
    let least = min(rows, columns)
    var (m, n, k, lda, info) = (Int32(rows), Int32(columns), Int32(least), Int32(max(1, rows)), Int32(0))
    var scales = [Double](repeating: 0, count: max(1, least))
    let size = workSize { geqrf(&m, &n, &matrix, &lda, &scales, $0, $1, &info) }
    var work = [Double](repeating: 0, count: size)
    var length = Int32(size)
    geqrf(&m, &n, &matrix, &lda, &scales, &work, &length, &info)
    var r = [Double](repeating: 0, count: least * columns)
    for column in 0..<columns {
      for row in 0..<min(column + 1, least) { r[column * least + row] = matrix[column * rows + row] }
    }
    try Interrupt.check()
    var q = Array(matrix[..<(rows * least)])
    var kept = k
    let more = workSize { orgqr(&m, &kept, &k, &q, &lda, &scales, $0, $1, &info) }
    work = [Double](repeating: 0, count: more)
    length = Int32(more)
    orgqr(&m, &kept, &k, &q, &lda, &scales, &work, &length, &info)
    return (q, r)
  }

  /// Eigenvalues, real and imaginary parts, and where asked for right eigenvectors, as columns: those of a complex pair
  /// stand as LAPACK gives them.
  public func eigenvalues(
    _ a: [Double], size: Int, vectors: Bool
  ) throws(Fault) -> (real: [Double], imaginary: [Double], vectors: [Double]) {
    var (matrix, left) = (a, [0.0])
    var (n, lda, one, info) = (Int32(size), Int32(max(1, size)), Int32(1), Int32(0))
    var ldv = vectors ? lda : 1
    var (real, imaginary) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    var columns = [Double](repeating: 0, count: vectors ? size * size : 1)
    let job = vectors ? "V" : "N"
    let count = workSize { geev("N", job, &n, &matrix, &lda, &real, &imaginary, &left, &one, &columns, &ldv, $0, $1, &info, 1, 1) }
    var work = [Double](repeating: 0, count: count)
    var length = Int32(count)
    geev("N", job, &n, &matrix, &lda, &real, &imaginary, &left, &one, &columns, &ldv, &work, &length, &info, 1, 1)
    if info != 0 { throw Self.doesNotConverge("eigenvalues") }
    return (real, imaginary, columns)
  }

  /// Eigenvalues of a symmetric matrix, the smallest first, and its eigenvectors as columns.
  public func symmetricEigenvalues(_ a: [Double], size: Int, vectors: Bool) throws(Fault) -> (values: [Double], vectors: [Double]) {
    var matrix = a
    var (n, lda, info) = (Int32(size), Int32(max(1, size)), Int32(0))
    var values = [Double](repeating: 0, count: size)
    var (wholeSize, minusOne) = (Int32(0), Int32(-1))
    let job = vectors ? "V" : "N"
    let count = workSize { syevd(job, "L", &n, &matrix, &lda, &values, $0, $1, &wholeSize, &minusOne, &info, 1, 1) }
    var (work, length) = ([Double](repeating: 0, count: count), Int32(count))
    var whole = [Int32](repeating: 0, count: Int(max(1, wholeSize)))
    syevd(job, "L", &n, &matrix, &lda, &values, &work, &length, &whole, &wholeSize, &info, 1, 1)
    if info != 0 { throw Self.doesNotConverge("eigenvalues") }
    return (values, matrix)
  }

  /// The x of least length among those that make |A x - b| least, for each column of B; and the rank of A.
  public func leastSquares(
    _ a: [Double], rows: Int, columns: Int, _ b: [Double], count: Int, tolerance: Double
  ) throws(Fault) -> (x: [Double], rank: Int) {
    var matrix = a
    let longest = max(rows, columns)
    var right = [Double](repeating: 0, count: longest * count)
    for column in 0..<count { for row in 0..<rows { right[column * longest + row] = b[column * rows + row] } }
    var (m, n, number, info, rank) = (Int32(rows), Int32(columns), Int32(count), Int32(0), Int32(0))
    var (lda, ldb, least) = (Int32(max(1, rows)), Int32(max(1, longest)), tolerance)
    var s = [Double](repeating: 0, count: max(1, min(rows, columns)))
    var asked: Int32 = 0
    let size = workSize { gelsd(&m, &n, &number, &matrix, &lda, &right, &ldb, &s, &least, &rank, $0, $1, &asked, &info) }
    var (work, length) = ([Double](repeating: 0, count: size), Int32(size))
    var whole = [Int32](repeating: 0, count: Int(max(1, asked)))
    gelsd(&m, &n, &number, &matrix, &lda, &right, &ldb, &s, &least, &rank, &work, &length, &whole, &info)
    if info != 0 { throw Self.doesNotConverge("singular values") }
    var x: [Double] = []
    for column in 0..<count { x += right[(column * longest)..<(column * longest + columns)] }
    return (x, Int(rank))
  }

  /// The lower triangle L with L L^T = A; nil, with the place, where A is not positive definite.
  public func triangle(_ a: [Double], size: Int) -> (lower: [Double]?, failsAt: Int) {
    var matrix = a
    var (n, lda, info) = (Int32(size), Int32(max(1, size)), Int32(0))
    potrf("L", &n, &matrix, &lda, &info, 1)
    if info != 0 { return (nil, Int(info) - 1) }
    for column in 0..<size { for row in 0..<column { matrix[column * size + row] = 0 } }
    return (matrix, -1)
  }

  private static func doesNotConverge(_ what: String) -> Fault {
    Fault(.value, "the \(what) do not converge", label: "LAPACK gave up", help: "scale the matrix, and look for numbers far larger than the others")
  }
}
