// Operations on two tensors, element by element, with NumPy's broadcasting and their derivatives.

import Faults
import Kernels

/// The arithmetic of two tensors; the raw value is how the language writes it.
public enum BinaryOperation: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case power = "^"
  /// The remainder of floor division: its sign follows the divisor.
  case remainder = "%"
  case floorDivide = "//"
  case maximum, minimum

  public var kernel: BinaryKernel {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .power: .power
    case .remainder: .remainder
    case .floorDivide: .floorDivide
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }
}

/// The comparisons of two tensors; the raw value is how the language writes it.
public enum Comparison: String, Sendable, CaseIterable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="

  public var kernel: BinaryKernel {
    switch self {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    }
  }
}

/// The logic of two masks (any element other than 0 counts as true).
public enum LogicalOperation: String, Sendable, CaseIterable { case and, or }

extension Tensor {
  /// The element-wise result of two tensors whose shapes broadcast. Differentiable.
  ///
  /// - Throws: `.shape`, naming both shapes, when they don't fit; `.limit` when the result is too large.
  public static func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    let result = try elementwise(operation.kernel, a, b, name: operation.rawValue)
    guard let tape = try Tape.common([a, b]) else { return result }
    let (x, y) = (a.detached, b.detached)
    let (wantsA, wantsB) = (a.isTracked, b.isTracked)
    return try tape.record(inputs: [a, b], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let left = wantsA ? try leftGradient(operation, x, y, gradient)?.stopped(where: gradient).summed(to: x.shape) : nil
      let right = wantsB ? try rightGradient(operation, x, y, result, gradient)?.stopped(where: gradient).summed(to: y.shape) : nil
      return [left, right]
    }
  }

  public static func + (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.add, a, b) }
  public static func - (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.subtract, a, b) }
  public static func * (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.multiply, a, b) }
  public static func / (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.divide, a, b) }
  public static func + (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.add, a, scalar(b)) }
  public static func - (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.subtract, a, scalar(b)) }
  public static func * (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.multiply, a, scalar(b)) }
  public static func / (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.divide, a, scalar(b)) }
  public static func - (a: Float, b: Tensor) throws(Fault) -> Tensor { try binary(.subtract, scalar(a), b) }
  public static func / (a: Float, b: Tensor) throws(Fault) -> Tensor { try binary(.divide, scalar(a), b) }

  /// The mask of a comparison, element by element, with broadcasting. It has no derivative.
  public static func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    try elementwise(comparison.kernel, a, b, name: comparison.rawValue).asMask
  }

  /// The mask of two masks, element by element, with broadcasting.
  public static func logical(_ operation: LogicalOperation, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    try elementwise(operation == .and ? .and : .or, a, b, name: operation.rawValue).asMask
  }

  /// Combines this mask with another, in place where the result has its shape and nothing else holds its memory.
  public mutating func combine(_ operation: LogicalOperation, _ other: Tensor) throws(Fault) {
    guard shape == other.shape, !isTracked, isKnownUniquelyReferenced(&storage) else {
      self = try .logical(operation, self, other)
      return
    }
    let (mine, theirs) = (base, UnsafePointer(other.base))
    let kernel = operation == .and ? BinaryKernel.and : .or
    try Parallel.ranges(count, grain: Parallel.grain) { part in
      let start = part.lowerBound
      kernels.applyBinary(kernel, steps: .both, count: part.count, mine + start, theirs + start, out: mine + start)
    }
  }

  /// The same 0s and 1s, as a mask or as numbers.
  var asMask: Tensor {
    var mask = self
    mask.isMask = true
    return mask
  }

  private static func leftGradient(
    _ operation: BinaryOperation, _ x: Tensor, _ y: Tensor, _ gradient: Tensor
  ) throws(Fault) -> Tensor? {
    let (a, b, g) = (Chain.tensor(x), Chain.tensor(y), Chain.tensor(gradient))
    switch operation {
    case .add, .subtract, .remainder: return gradient
    case .multiply: return try gradient * y
    case .divide: return try gradient / y
    case .power:
      let slope = try (b * .binary(.power, a, b - 1)).evaluated()
      return try gradient * flatAtZero(slope, base: x, exponent: y)
    case .floorDivide: return nil
    case .maximum: return try (g * share(.greater, a, b)).evaluated()
    case .minimum: return try (g * share(.less, a, b)).evaluated()
    }
  }

  private static func rightGradient(
    _ operation: BinaryOperation, _ x: Tensor, _ y: Tensor, _ result: Tensor, _ gradient: Tensor
  ) throws(Fault) -> Tensor? {
    let (a, b, g) = (Chain.tensor(x), Chain.tensor(y), Chain.tensor(gradient))
    switch operation {
    case .add: return gradient
    case .subtract: return try gradient.unary(.negate)
    case .multiply: return try gradient * x
    case .divide: return try (-(g * .tensor(result) / b)).evaluated()
    case .power:
      // Below 0 there is none: a power of a negative number is defined for whole exponents alone.
      let logarithm = try choose(where: compare(.notEqual, x, scalar(0)), x.unary(.log), scalar(0))
      return try (g * (.tensor(result) * .tensor(logarithm))).evaluated()
    case .remainder: return try (-(g * (a / b).applying(.floor))).evaluated()
    case .floorDivide: return nil
    case .maximum: return try (g * share(.less, a, b)).evaluated()
    case .minimum: return try (g * share(.greater, a, b)).evaluated()
    }
  }

  /// The slope of a power by its base, which is 0 for an exponent of 0, and at a base of 0 for one below 1, where the
  /// power has its least value.
  private static func flatAtZero(_ slope: Tensor, base: Tensor, exponent: Tensor) throws(Fault) -> Tensor {
    let isSafe = exponent.withUnsafeBuffer { values in values.allSatisfy { $0 >= 1 || $0 < 0 } }
    if isSafe { return slope }
    let (a, b) = (Chain.tensor(base), Chain.tensor(exponent))
    let atZero = a.applying(.isZero) * b.comparing(.greaterOrEqual, 0) * b.comparing(.less, 1)
    let isFlat = try (atZero + b.applying(.isZero)).evaluated()
    return try choose(where: isFlat, scalar(0), slope)
  }

  /// 1 where the comparison holds, 1/2 where both are equal.
  private static func share(_ comparison: BinaryKernel, _ a: Chain, _ b: Chain) -> Chain {
    a.comparing(comparison, b) + a.comparing(.equal, b) * 0.5
  }

  /// The sum over the axes along which `shape` was broadcast to this tensor's.
  func summed(to target: [Int]) throws(Fault) -> Tensor {
    if shape == target { return self }
    let extra = rank - target.count
    let axes = shape.indices.filter { $0 < extra || (target[$0 - extra] == 1 && shape[$0] != 1) }
    return try reduced(.sum, over: axes).reshaped(target)
  }

  /// Adds another tensor of the same shape in place. Untracked.
  public mutating func add(_ other: Tensor) throws(Fault) {
    guard shape == other.shape else {
      throw Fault(.shape, "a tensor cannot grow", label: "\(Shape.text(shape)) and \(Shape.text(other.shape))")
    }
    try accumulate(other)
  }

  /// Adds another tensor of the same shape in place.
  mutating func accumulate(_ other: Tensor) throws(Fault) {
    try withUnsafeMutableBuffer { (mine) throws(Fault) in
      guard let target = mine.baseAddress else { return }
      let source = UnsafePointer(other.base)
      try Parallel.ranges(mine.count, grain: Parallel.grain) { range in
        kernels.accumulate(
          count: range.count, scale: 1, source + range.lowerBound, into: target + range.lowerBound)
      }
    }
  }
}
