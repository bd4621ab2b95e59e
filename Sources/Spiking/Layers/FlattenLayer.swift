// Makes one row of features out of several axes.

import Faults
import Tensors

/// Lays the features of a sample out in one row, in row-major order; with `from` the axes before that one stay.
public struct FlattenLayer: Layer {
  public let name = "flatten"
  /// The first axis of the features that becomes a part of the row.
  public var from: Int

  public init(from: Int = 0) { self.from = from }

  public var settings: [(name: String, value: Setting)] { from == 0 ? [] : [("from", .integer(from))] }
  public var isTimeless: Bool { true }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard from == 0 || input.indices.contains(from) else {
      throw Fault(
        .shape, "`flatten` begins at an axis that is not there", label: "from is \(from), the input \(Shape.text(input))",
        help: "axes count from 0: flatten(from=1) keeps the channels of an image, and makes one row of its positions")
    }
    return Array(input.prefix(from)) + [try Shape.count(Array(input.dropFirst(from)))]
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let shape = input.shape
    return LayerRun(
      output: try input.reshaped(features: try outputShape(for: input.featureShape)), memory: LayerMemory(inputShape: shape))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    LayerGradient(input: try gradient.reshaped(memory.inputShape))
  }
}
