// Products of matrices and vectors of floats.

/// A matrix in memory: element (i, j) stands at i * rowStep + j * columnStep.
public struct MatrixView {
  public var start: UnsafePointer<Float>
  public var rowStep: Int
  public var columnStep: Int

  public init(start: UnsafePointer<Float>, rowStep: Int, columnStep: Int = 1) {
    self.start = start
    self.rowStep = rowStep
    self.columnStep = columnStep
  }

  /// A row-major matrix with `stride` floats a row, or its transpose.
  public init(_ start: UnsafePointer<Float>, stride: Int, transposed: Bool) {
    self.init(start: start, rowStep: transposed ? 1 : stride, columnStep: transposed ? stride : 1)
  }
}

/// Products of dense matrices.
public protocol MatrixKernels {
  /// The floats of scratch memory that `gemm` needs.
  static func gemmWorkspace(m: Int, n: Int, k: Int) -> Int

  /// Products with fewer columns add up terms in another order than that of the depth.
  static var fewestOrderedColumns: Int { get }

  /// c = a b, with c [m, n] row-major (`cStride` floats a row) and a depth of k.
  ///
  /// The same bits result for any number of threads, and for any number of rows at once. From `fewestOrderedColumns`
  /// columns on, where a and b are row-major, each sum runs in order of k, so that a product of zeros and ones gives the
  /// bits of `spikeGemm`. `shouldStop` is asked between blocks (some milliseconds apart); when it says yes, c is left
  /// half-written.
  ///
  /// - Parameter workspace: `gemmWorkspace(m:n:k:)` floats, 64-byte aligned.
  static func gemm(
    m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, c: UnsafeMutablePointer<Float>, cStride: Int,
    workspace: UnsafeMutablePointer<Float>, shouldStop: () -> Bool
  )

  /// y[i] = the sum over j of a[i, j] x[j], with a [rows, columns] row-major.
  static func gemv(
    rows: Range<Int>, columns: Int, a: UnsafePointer<Float>, stride: Int, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
  )

  /// y[j] = the sum over i of x[i] a[i, j] for the columns in a range, with a [rows, …] row-major.
  static func gemvTransposed(
    rows: Int, columns: Range<Int>, a: UnsafePointer<Float>, stride: Int, x: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>
  )

  /// The inner product of two runs, in four vector sums.
  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float
}
