// The signatures that the rooms above write against.

import Faults

private let unfinished = Fault(.value, "this operation is on its way")

extension Tensor {
  public var preview: String { preview(maximumWidth: 80) }
  /// Head and tail of the elements on one line.
  public func preview(maximumWidth: Int) -> String { Shape.text(shape) }

  static func accumulate(_ a: Tensor, into b: Tensor) throws(Fault) -> Tensor { throw unfinished }

  // Element by element.
  public static func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor { throw unfinished }
  public static func + (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.add, a, b) }
  public static func - (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.subtract, a, b) }
  public static func * (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.multiply, a, b) }
  public static func / (a: Tensor, b: Tensor) throws(Fault) -> Tensor { try binary(.divide, a, b) }
  public static func + (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.add, a, scalar(b)) }
  public static func - (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.subtract, a, scalar(b)) }
  public static func * (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.multiply, a, scalar(b)) }
  public static func / (a: Tensor, b: Float) throws(Fault) -> Tensor { try binary(.divide, a, scalar(b)) }
  public static func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor { throw unfinished }
  public static func logical(_ operation: LogicalOperation, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor { throw unfinished }
  public func logicalNot() throws(Fault) -> Tensor { throw unfinished }
  public func unary(_ operation: UnaryOperation) throws(Fault) -> Tensor { throw unfinished }
  public static func choose(where condition: Tensor, _ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor { throw unfinished }
  public func clipped(from low: Float, to high: Float) throws(Fault) -> Tensor { throw unfinished }

  // Products.
  public static func matmul(_ a: Tensor, _ b: Tensor) throws(Fault) -> Tensor { throw unfinished }

  // Reductions: nil axes means all of them, which leaves a 0-dimensional tensor.
  public func reduced(_ reduction: Reduction, over axes: [Int]? = nil, keepingDimensions: Bool = false) throws(Fault) -> Tensor { throw unfinished }
  public func sum(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws(Fault) -> Tensor { try reduced(.sum, over: axes, keepingDimensions: keepingDimensions) }
  public func mean(over axes: [Int]? = nil, keepingDimensions: Bool = false) throws(Fault) -> Tensor { try reduced(.mean, over: axes, keepingDimensions: keepingDimensions) }
  /// The first place of the largest (smallest) element; nil axis: in the flattened tensor.
  public func argmax(over axis: Int? = nil) throws(Fault) -> Tensor { throw unfinished }
  public func argmin(over axis: Int? = nil) throws(Fault) -> Tensor { throw unfinished }
  public func cumulativeSum(over axis: Int) throws(Fault) -> Tensor { throw unfinished }
  public func softmax(over axis: Int = -1) throws(Fault) -> Tensor { throw unfinished }
  public func logSoftmax(over axis: Int = -1) throws(Fault) -> Tensor { throw unfinished }

  // Arrangement.
  public func reshaped(_ shape: [Int]) throws(Fault) -> Tensor { throw unfinished }
  /// nil reverses the axes.
  public func transposed(_ permutation: [Int]? = nil) throws(Fault) -> Tensor { throw unfinished }
  public func expandedDimension(at axis: Int) throws(Fault) -> Tensor { throw unfinished }
  public func squeezed(_ axes: [Int]? = nil) throws(Fault) -> Tensor { throw unfinished }
  public func broadcast(to shape: [Int]) throws(Fault) -> Tensor { throw unfinished }
  public static func concatenate(_ tensors: [Tensor], along axis: Int = 0) throws(Fault) -> Tensor { throw unfinished }
  public static func stack(_ tensors: [Tensor], along axis: Int = 0) throws(Fault) -> Tensor { throw unfinished }
  public func split(sizes: [Int], along axis: Int = 0) throws(Fault) -> [Tensor] { throw unfinished }
  public func flipped(_ axes: [Int]? = nil) throws(Fault) -> Tensor { throw unfinished }
  public func padded(_ widths: [(before: Int, after: Int)], with value: Float = 0) throws(Fault) -> Tensor { throw unfinished }

  // Indexing.
  public func indexed(_ indices: [TensorIndex]) throws(Fault) -> Tensor { throw unfinished }
  public func assigning(_ value: Tensor, at indices: [TensorIndex]) throws(Fault) -> Tensor { throw unfinished }

  // Order.
  public func sorted(along axis: Int = -1, descending: Bool = false) throws(Fault) -> Tensor { throw unfinished }
  public func argsort(along axis: Int = -1, descending: Bool = false) throws(Fault) -> Tensor { throw unfinished }

  // Closeness.
  public static func isClose(_ a: Tensor, _ b: Tensor, relative: Float = 1e-5, absolute: Float = 1e-8) throws(Fault) -> Tensor { throw unfinished }
  public static func allClose(_ a: Tensor, _ b: Tensor, relative: Float = 1e-5, absolute: Float = 1e-8) throws(Fault) -> Bool { throw unfinished }
  /// Same shape and same elements (nan differs from itself).
  public static func identical(_ a: Tensor, _ b: Tensor) -> Bool { false }

  // Construction.
  public static func oneHot(_ labels: Tensor, classes: Int) throws(Fault) -> Tensor { throw unfinished }
  public static func linspace(_ start: Double, _ end: Double, count: Int) throws(Fault) -> Tensor { throw unfinished }
  public static func arange(_ start: Double, _ end: Double, step: Double = 1) throws(Fault) -> Tensor { throw unfinished }
  public static func eye(_ size: Int) throws(Fault) -> Tensor { throw unfinished }
  /// Counts per bin and the bins' edges (one more than counts).
  public func histogram(bins: Int, low: Float? = nil, high: Float? = nil) throws(Fault) -> (counts: [Int], edges: [Float]) { throw unfinished }
}

public enum BinaryOperation: String, Sendable, CaseIterable {
  case add = "+", subtract = "-", multiply = "*", divide = "/", power = "^", remainder = "%", floorDivide = "//"
  case maximum, minimum
}
public enum Comparison: String, Sendable, CaseIterable {
  case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
}
public enum LogicalOperation: String, Sendable, CaseIterable { case and, or }
public enum UnaryOperation: String, Sendable, CaseIterable {
  case negate, exp, log, sqrt, abs, sin, cos, tan, tanh, sigmoid, relu, floor, ceil, round, sign, square
  case reciprocal, softplus
}
public enum Reduction: String, Sendable, CaseIterable {
  case sum, mean, maximum, minimum, product, variance, standardDeviation, any, all
}

/// Bit-packed binary tensor [time, batch, …features]; each (time, batch) row starts on a whole word.
public struct Spikes: @unchecked Sendable, Equatable {
  public var shape: [Int] = []
  /// The words, row after row; bit i of word w of a row is feature 64 w + i. Bits beyond the last feature are 0.
  public var words: [UInt64] = []
  public var steps: Int { shape[0] }
  public var batch: Int { shape[1] }
  /// The number of features of a row.
  public var features: Int = 0 //: Int
  public var wordsPerRow: Int = 0
  /// Silent. At least two axes.
  public init(shape: [Int]) throws(Fault) { throw unfinished }
  /// Elements other than 0 and 1 are a `.value` fault.
  public init(_ tensor: Tensor) throws(Fault) { throw unfinished }
  public func tensor() throws(Fault) -> Tensor { throw unfinished }
  public var total: Int { 0 }
  /// Spikes per element over one axis: 0 time, 1 batch, 2 the features.
  public func counts(over axes: [Int]) throws(Fault) -> Tensor { throw unfinished }
  public var density: Double { 0 }
  public func timeSlice(_ steps: Range<Int>) throws(Fault) -> Spikes { throw unfinished }
  /// The features that fire in a row, in order.
  public func forEachActive(step: Int, sample: Int, _ body: (Int) -> Void) {}
  /// The step of each first spike, [batch, …features]; -1 where silent.
  public func firstSpikeTimes() throws(Fault) -> Tensor { throw unfinished }
}

/// A named place in the sea of random numbers: the same (seed, purpose, index) always gives the same sequence.
public struct RandomStream: Sendable {
  public init(seed: UInt64, purpose: String, index: UInt64 = 0) {}
  public mutating func nextBits() -> UInt64 { 0 }
  /// In [0, 1).
  public mutating func uniform() -> Float { 0 }
  public mutating func uniformDouble() -> Double { 0 }
  public mutating func normal() -> Float { 0 }
  /// In 0..<bound; bound at least 1.
  public mutating func integer(below bound: Int) -> Int { 0 }
  public mutating func permutation(_ count: Int) -> [Int] { [] }
  public mutating func uniformTensor(_ shape: [Int], from low: Float = 0, to high: Float = 1) throws(Fault) -> Tensor { throw unfinished }
  public mutating func normalTensor(_ shape: [Int], mean: Float = 0, standardDeviation: Float = 1) throws(Fault) -> Tensor { throw unfinished }
}
