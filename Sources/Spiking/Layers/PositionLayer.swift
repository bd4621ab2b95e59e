// A learnt offset for each position, so that a network of attention can tell where its tokens are.

import Faults
import Tensors

/// `output = input + offset`, with an offset of its own for each feature, the same at each step.
public struct PositionLayer: FormulaLayer {
  public let name = "positions"
  private var tensors = NamedTensors()

  public init() {}

  init(_ description: ComponentDescription, _ parameter: (String) -> Tensor?) throws(Fault) {
    tensors = try NamedTensors(["offset"], description, parameter)
  }

  public var settings: [(name: String, value: Setting)] { [] }
  public var isTimeless: Bool { true }
  public var parameters: [(name: String, value: Tensor)] { tensors.list }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    try tensors.check([input], of: name, for: input)
    return input
  }

  /// Offsets are drawn from a normal distribution with a deviation of 0.02.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    if !tensors.isEmpty { return self }
    var draws = stream
    var layer = self
    layer.tensors = NamedTensors([("offset", try draws.normalTensor(input, standardDeviation: 0.02))])
    return layer
  }

  public func evaluate(
    _ input: Tensor, states: [Tensor], parameters: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> (output: Tensor, states: [Tensor]) {
    guard let offset = parameters.first else {
      throw Fault(.value, "this `positions` layer has no features yet", help: "it gets them in a network: input(8, 16) |> positions()")
    }
    return (try input + offset, [])
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    try tensors.update(body)
  }
}
