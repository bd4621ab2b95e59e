// Folds of many numbers into few, in an order fixed by their counts.

/// What a fold computes.
public enum FoldKernel: UInt8, Sendable {
  case sum, product, maximum, minimum
}

/// Folds: the same to the last bit however many threads share the work.
public protocol FoldKernels {
  /// The sum of a contiguous run: 16 partial sums over blocks of 2048 in float, the blocks in double.
  static func sumOfRun(_ x: UnsafePointer<Float>, count: Int) -> Double

  /// The fold of a contiguous run of at least one element. A nan anywhere makes maximum and minimum nan.
  static func foldRun(_ kernel: FoldKernel, _ x: UnsafePointer<Float>, count: Int) -> Float

  /// Folds the rows of a [rows, width] block into one row, for the columns in `columns`.
  ///
  /// - Parameter totals: room for as many doubles as there are columns.
  static func foldRows(
    _ kernel: FoldKernel, _ x: UnsafePointer<Float>, rows: Int, width: Int, columns: Range<Int>,
    totals: UnsafeMutablePointer<Double>, out: UnsafeMutablePointer<Float>
  )

  /// The place of the first largest (or smallest) of `count` numbers that stand `step` apart; the first nan wins.
  static func extremePlace(_ x: UnsafePointer<Float>, count: Int, step: Int, largest: Bool) -> Int

  /// Running sums along `count` numbers that stand `step` apart, in double.
  static func runningSum(_ x: UnsafePointer<Float>, count: Int, step: Int, out: UnsafeMutablePointer<Float>)

  /// One row of softmax, or of its logarithm: exp(x - max) / sum, with the sum in double.
  static func softmaxRow(
    _ x: UnsafePointer<Float>, count: Int, logarithmic: Bool, out: UnsafeMutablePointer<Float>
  )
}
