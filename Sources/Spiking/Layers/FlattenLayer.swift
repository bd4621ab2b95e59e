// Makes one row of features out of several axes.

import Faults
import Tensors

/// Lays the features of a sample out in one row, in row-major order.
public struct FlattenLayer: Layer {
  public let name = "flatten"

  public init() {}

  public var settings: [(name: String, value: Setting)] { [] }
  public var isTimeless: Bool { true }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] { [try Shape.count(input)] }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let shape = input.shape
    return LayerRun(
      output: try input.reshaped(features: [input.features]), memory: LayerMemory(inputShape: shape))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    LayerGradient(input: try gradient.reshaped(memory.inputShape))
  }
}
