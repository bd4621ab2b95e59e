// Functions of one tensor, element by element, with their derivatives.

import Faults
import Glibc
import Kernels

/// The element-wise functions of one tensor.
public enum UnaryOperation: String, Sendable, CaseIterable {
  case negate, exp, log, sqrt, abs, sin, cos, tan, tanh, sigmoid, relu, floor, ceil
  /// To the nearest whole number, halves to even.
  case round
  case sign, square, reciprocal
  /// ln(1 + e^x).
  case softplus
  /// (e^x - 1) / x, which is 1 at 0: how far an exponential step goes.
  case growth

  public var kernel: UnaryKernel {
    switch self {
    case .negate: .negate
    case .exp: .exp
    case .log: .log
    case .sqrt: .sqrt
    case .abs: .abs
    case .sin: .sin
    case .cos: .cos
    case .tan: .tan
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    case .relu: .relu
    case .floor: .floor
    case .ceil: .ceil
    case .round: .round
    case .sign: .sign
    case .square: .square
    case .reciprocal: .reciprocal
    case .softplus: .softplus
    case .growth: .growth
    }
  }
}

extension UnaryOperation {
  /// The slope of `y = f(x)` in 64 bits, by the same rules as for tensors.
  public func slope(at x: Double, value y: Double) -> Double {
    switch self {
    case .negate: -1
    case .exp: y
    case .log: 1 / x
    case .sqrt: y == 0 ? 0 : 1 / (2 * y)
    case .abs: x > 0 ? 1 : (x < 0 ? -1 : 0)
    case .sin: Glibc.cos(x)
    case .cos: -Glibc.sin(x)
    case .tan: y * y + 1
    case .tanh: 1 - y * y
    case .sigmoid: y * (1 - y)
    case .relu: x > 0 ? 1 : 0
    case .floor, .ceil, .round, .sign: 0
    case .square: 2 * x
    case .reciprocal: -(y * y)
    case .softplus: 1 / (1 + Glibc.exp(-x))
    // Near 0 both terms of the quotient vanish; the series begins so.
    case .growth: Swift.abs(x) < 1e-4 ? 0.5 + x / 3 : (Glibc.exp(x) - y) / x
    }
  }
}

extension Tensor {
  /// The function of each element. Differentiable; floor, ceil, round and sign have derivative 0, and abs, relu and
  /// sqrt have derivative 0 at 0, where each has its least value.
  public func unary(_ operation: UnaryOperation) throws(Fault) -> Tensor {
    let result = try mapped(operation.kernel)
    guard let tape = trace?.tape else { return result }
    let x = detached
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      [try Tensor.derivative(operation, x, result, gradient)]
    }
  }

  /// 1 where the element is 0, else 0, as a mask.
  public func logicalNot() throws(Fault) -> Tensor { try mapped(.isZero).asMask }

  /// The kernel over all elements, untracked.
  func mapped(_ kernel: UnaryKernel) throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    let (source, out) = (UnsafePointer(base), result.base)
    try Parallel.ranges(count, grain: Parallel.grain) { range in
      kernels.applyUnary(kernel, count: range.count, source + range.lowerBound, out: out + range.lowerBound)
    }
    return result
  }

  private static func derivative(
    _ operation: UnaryOperation, _ x: Tensor, _ y: Tensor, _ gradient: Tensor
  ) throws(Fault) -> Tensor? {
    guard let slope = derivative(operation, x: .tensor(x), y: .tensor(y)) else { return nil }
    return try (.tensor(gradient) * slope).evaluated().stopped(where: gradient)
  }

  /// This gradient, which came from `arrived` through a slope: 0 where nothing arrived, also through an infinite slope.
  /// So a value that `where` did not take has no part in it.
  func stopped(where arrived: Tensor) throws(Fault) -> Tensor {
    // 0 times infinity is the only product with 0 that is not 0, and it makes a sum nan.
    if storage === arrived.storage { return self }
    guard try total().isNaN else { return self }
    return try Tensor.choose(where: arrived.detached, self, Tensor.scalar(0))
  }

  /// The derivative of `y = f(x)`; nil where it is 0.
  private static func derivative(_ operation: UnaryOperation, x: Chain, y: Chain) -> Chain? {
    switch operation {
    case .negate: -1
    case .exp: y
    case .log: 1 / x
    // At 0 as for a value of which nothing flows on: 0 / 1.
    case .sqrt: (1 - y.applying(.isZero)) / (y * 2 + y.applying(.isZero))
    case .abs: x.applying(.sign)
    case .sin: x.applying(.cos)
    case .cos: -x.applying(.sin)
    case .tan: y * y + 1
    case .tanh: 1 - y * y
    case .sigmoid: y * (1 - y)
    case .relu: x.comparing(.greater, 0)
    case .floor, .ceil, .round, .sign: nil
    case .square: x * 2
    case .reciprocal: -(y * y)
    case .softplus: x.applying(.sigmoid)
    case .growth: x.applying(.growthSlope)
    }
  }

  /// `a` where the condition is true (not 0), `b` elsewhere, with broadcasting. Differentiable in `a` and `b`.
  public static func choose(where condition: Tensor, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor {
    let branches = try Shape.broadcast(a.shape, b.shape, operation: "where")
    let shape = try Shape.broadcast(condition.shape, branches, operation: "where")
    let test = try condition.detached.broadcast(to: shape)
    let (x, y) = (try a.detached.broadcast(to: shape), try b.detached.broadcast(to: shape))
    var result = try Tensor(uninitialized: shape)
    let (tests, lefts, rights, out) = (
      UnsafePointer(test.base), UnsafePointer(x.base), UnsafePointer(y.base), result.base
    )
    try Parallel.ranges(result.count, grain: Parallel.grain) { range in
      let start = range.lowerBound
      kernels.select(count: range.count, condition: tests + start, lefts + start, rights + start, out: out + start)
    }
    withExtendedLifetime((test, x, y)) {}
    result.isMask = a.isMask && b.isMask
    guard let tape = try Tape.common([a, b]) else { return result }
    let (shapeA, shapeB) = (a.shape, b.shape)
    return try tape.record(inputs: [a, b], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let zero = try scalar(0)
      return [
        try choose(where: test, gradient, zero).summed(to: shapeA),
        try choose(where: test, zero, gradient).summed(to: shapeB),
      ]
    }
  }

  /// Each element cut to low...high. Its derivative is 1 inside and on the bounds, 0 beyond.
  public func clipped(from low: Float, to high: Float) throws(Fault) -> Tensor {
    if !(low <= high) {
      throw Fault(.value, "the lower bound is above the upper", label: "the bounds are \(low) and \(high)")
    }
    let result = try Tensor(uninitialized: shape)
    let (source, out) = (UnsafePointer(base), result.base)
    try Parallel.ranges(count, grain: Parallel.grain) { range in
      kernels.clip(count: range.count, low: low, high: high, source + range.lowerBound, out: out + range.lowerBound)
    }
    guard let tape = trace?.tape else { return result }
    let x = detached
    return try tape.record(inputs: [self], output: result) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let value = Chain.tensor(x)
      let inside = value.comparing(.greaterOrEqual, .number(low)) * value.comparing(.lessOrEqual, .number(high))
      return [try (.tensor(gradient) * inside).evaluated()]
    }
  }
}
