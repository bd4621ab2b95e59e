// Element-wise operations against their definitions, with every kind of broadcasting.

import Faults
import Glibc
import Testing

@testable import Tensors

@Suite struct ArithmeticTests {
  static let shapes: [([Int], [Int])] = [
    ([], []), ([1], [1]), ([7], [7]), ([5], []), ([], [5]), ([3, 1], [1, 4]), ([2, 3, 5], [5]), ([2, 3, 5], [3, 1]),
    ([4, 1, 3], [2, 1]), ([1, 6], [5, 1]), ([0, 3], [3]), ([2, 1, 3, 1], [4, 1, 5]), ([1, 1], [7]),
  ]

  static func define(_ operation: BinaryOperation, _ a: Float, _ b: Float) -> Float {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: powf(a, b)
    case .remainder: Float(Double(a) - Double(b) * (Double(a) / Double(b)).rounded(.down))
    case .floorDivide: (a / b).rounded(.down)
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }

  static func define(_ comparison: Comparison, _ a: Float, _ b: Float) -> Bool {
    switch comparison {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }

  @Test(arguments: BinaryOperation.allCases) func binary(_ operation: BinaryOperation) throws {
    for (shapeA, shapeB) in Self.shapes {
      let a = try sample(shapeA, seed: 1, from: operation == .power ? 0.1 : -3, to: 3)
      let b = try sample(shapeB, seed: 2)
      let result = try Tensor.binary(operation, a, b)
      let expected = coordinates(result.shape).map { Self.define(operation, element(a, $0), element(b, $0)) }
      expectClose(result.scalars, expected)
      #expect(!result.isMask)
    }
  }

  @Test(arguments: Comparison.allCases) func compare(_ comparison: Comparison) throws {
    for (shapeA, shapeB) in Self.shapes {
      let a = try sample(shapeA, seed: 1).unary(.round)
      let b = try sample(shapeB, seed: 2).unary(.round)
      let result = try Tensor.compare(comparison, a, b)
      let expected = coordinates(result.shape).map {
        Self.define(comparison, element(a, $0), element(b, $0)) ? Float(1) : 0
      }
      #expect(result.scalars == expected)
      #expect(result.isMask)
    }
  }

  @Test func remaindersFollowTheDivisor() throws {
    let a = try Tensor([-7, 7, -7, 7, 6, -6, 0], shape: [7])
    let b = try Tensor([3, 3, -3, -3, 3, 3, 3], shape: [7])
    #expect(try Tensor.binary(.remainder, a, b).scalars == [2, 1, -1, -2, 0, 0, 0])
    #expect(try Tensor.binary(.floorDivide, a, b).scalars == [-3, 2, 2, -3, 2, -2, 0])
  }

  @Test func logic() throws {
    let a = try Tensor([0, 0, 1, 2], shape: [4])
    let b = try Tensor([0, 1, 0, 3], shape: [4])
    #expect(try Tensor.logical(.and, a, b).scalars == [0, 0, 0, 1])
    #expect(try Tensor.logical(.or, a, b).scalars == [0, 1, 1, 1])
    #expect(try a.logicalNot().scalars == [1, 1, 0, 0])
  }

  @Test func nanSpreadsThroughExtremes() throws {
    let a = try Tensor([.nan, 1, .nan], shape: [3])
    let b = try Tensor([1, .nan, .nan], shape: [3])
    #expect(try Tensor.binary(.maximum, a, b).scalars.allSatisfy(\.isNaN))
    #expect(try Tensor.binary(.minimum, a, b).scalars.allSatisfy(\.isNaN))
  }

  static func define(_ operation: UnaryOperation, _ x: Double) -> Double {
    switch operation {
    case .negate: -x
    case .exp: Glibc.exp(x)
    case .log: Glibc.log(x)
    case .sqrt: x.squareRoot()
    case .abs: x.magnitude
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tan: Glibc.tan(x)
    case .tanh: Glibc.tanh(x)
    case .sigmoid: 1 / (1 + Glibc.exp(-x))
    case .relu: max(x, 0)
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : 0
    case .square: x * x
    case .reciprocal: 1 / x
    case .softplus: Glibc.log1p(Glibc.exp(x))
    case .growth: Glibc.expm1(x) / x
    }
  }

  @Test(arguments: UnaryOperation.allCases) func unary(_ operation: UnaryOperation) throws {
    for count in [0, 1, 3, 4, 17, 1001] {
      for span: Float in [0.3, 3, 30] {
        let positive = operation == .log || operation == .sqrt
        let x = try sample([count], from: positive ? 1e-3 : -span, to: span)
        let expected = x.scalars.map { Float(Self.define(operation, Double($0))) }
        expectClose(try x.unary(operation).scalars, expected, tolerance: 2e-6)
      }
    }
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    let a = try sample([2, 3])
    let b = try sample([4])
    let error = fault { _ = try a + b }
    #expect(error?.kind == .shape)
    #expect(error?.title == "shapes do not fit in `+`")
    #expect(error?.label == "the left is [2, 3], the right is [4]")
  }

  @Test func choose() throws {
    let condition = try Tensor.compare(.greater, sample([3, 4], seed: 1), Tensor.scalar(0))
    let a = try sample([4], seed: 2)
    let b = try sample([3, 1], seed: 3)
    let result = try Tensor.choose(where: condition, a, b)
    let expected = coordinates([3, 4]).map { element(condition, $0) != 0 ? element(a, $0) : element(b, $0) }
    #expect(result.scalars == expected)
  }

  @Test func clip() throws {
    let x = try Tensor([-3, -1, 0, 1, 3, .nan], shape: [6])
    expectClose(try x.clipped(from: -1, to: 2).scalars, [-1, -1, 0, 1, 2, .nan])
    #expect(fault { _ = try x.clipped(from: 1, to: 0) }?.kind == .value)
  }

  @Test func copiesAreValues() throws {
    var a = try Tensor([1, 2, 3], shape: [3])
    let b = a
    try a.withUnsafeMutableBuffer { $0[0] = 9 }
    #expect(a.scalars == [9, 2, 3])
    #expect(b.scalars == [1, 2, 3])
    var view = try a.indexed([.range(1, 3)])
    try view.withUnsafeMutableBuffer { $0[0] = 7 }
    #expect(a.scalars == [9, 2, 3])
    #expect(view.scalars == [7, 3])
  }
}
