// Loops that read one or two buffers and write a third, element by element.

/// The element-wise functions of one argument.
public enum UnaryKernel: UInt8, Sendable {
  case negate, exp, log, sqrt, abs, sin, cos, tan, tanh, sigmoid, relu, floor, ceil, round, sign, square
  case reciprocal, softplus
  /// 1 where the element is 0, else 0.
  case isZero
  /// (e^x - 1) / x, which is 1 at 0: how far a linear equation moves in a step, beside a straight line.
  case growth
  /// The derivative of `growth`: (e^x - growth(x)) / x, which is 1/2 at 0.
  case growthSlope
}

/// The element-wise functions of two arguments. Comparisons and logic answer 1 and 0.
public enum BinaryKernel: UInt8, Sendable {
  case add, subtract, multiply, divide, power, remainder, floorDivide, maximum, minimum
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  case and, or
}

/// How the two operands of a loop advance: element by element, or standing still on one number.
public enum OperandSteps: UInt8, Sendable {
  case both, leftOnly, rightOnly
}

/// Element-wise loops, and copies along a stride. The output may be one of the inputs.
public protocol ElementKernels {
  /// out[i] = f(x[i]).
  static func applyUnary(
    _ kernel: UnaryKernel, count: Int, _ x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  )

  /// out[i] = f(a[i], b[i]), where an operand may stand still on its first number.
  static func applyBinary(
    _ kernel: BinaryKernel, steps: OperandSteps, count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  )

  /// out[i] = condition[i] is not 0 ? a[i] : b[i].
  static func select(
    count: Int, condition: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  )

  /// out[i] += scale * x[i].
  static func accumulate(
    count: Int, scale: Float, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  )

  /// out[i] = x[i] cut to low...high; nan stays nan.
  static func clip(
    count: Int, low: Float, high: Float, _ x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  )

  /// out[i] = source[i * step]; a step of 0 repeats one number.
  static func copyStrided(
    count: Int, from source: UnsafePointer<Float>, step: Int, to out: UnsafeMutablePointer<Float>
  )

  /// out[i * step] = source[i].
  static func spreadStrided(
    count: Int, from source: UnsafePointer<Float>, to out: UnsafeMutablePointer<Float>, step: Int
  )

  /// out[j, i] = source[i, j] for the rows of `source` in a range, in squares that fit the first cache.
  static func transposeRows(
    _ source: UnsafePointer<Float>, rows: Range<Int>, totalRows: Int, columns: Int,
    out: UnsafeMutablePointer<Float>
  )
}
