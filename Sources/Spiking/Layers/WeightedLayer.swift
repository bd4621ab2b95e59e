// What layers of one weight tensor and offsets have in common.

import Faults
import Tensors

/// A layer that multiplies by weights and adds a number to each output, if it has them.
public protocol WeightedLayer: DrawnLayer {
  /// Nil before the layer is part of a network.
  var weight: Tensor? { get set }
  /// `[outputs]`; nil without a bias, or before the layer is part of a network.
  var bias: Tensor? { get set }
}

extension WeightedLayer {
  public var callText: String { callText(drawnBy: initializer) }

  public var parameters: [(name: String, value: Tensor)] {
    var list: [(name: String, value: Tensor)] = []
    if let weight { list.append((name: "weight", value: weight)) }
    if let bias { list.append((name: "bias", value: bias)) }
    return list
  }

  public func scaled(by factor: Float) throws(Fault) -> Self {
    var layer = self
    if let weight { layer.weight = try weight * factor }
    layer.initializer = nil
    return layer
  }

  public mutating func updateParameters(
    _ body: (Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    if var matrix = weight {
      weight = nil
      defer { weight = matrix }
      try body(0, &matrix)
    }
    if var row = bias {
      bias = nil
      defer { bias = row }
      try body(1, &row)
    }
  }
}
