// The whole numbers of Speck, as sinabs 3.1 finds them for DYNAP-CNN: one scale a layer.

/// The numbers of a layer of Speck's neurons before they are rounded.
public struct SpeckLayer: Sendable {
  public var weights: [Float]
  public var bias: [Float]
  public var threshold: Float
  /// No potential goes below it. The smallest number that 16 bits hold, for want of a limit, leaves weights a scale of 1.
  public var least: Float

  public init(weights: [Float], bias: [Float], threshold: Float, least: Float) {
    self.weights = weights
    self.bias = bias
    self.threshold = threshold
    self.least = least
  }

  /// What all numbers are multiplied by: the largest with which weights and biases fit `weightBits`, and threshold and
  /// limit `stateBits`.
  public func scale(weightBits: Int = 8, stateBits: Int = 16) -> Float {
    let scale = min(
      Self.scale(weights, bits: weightBits), Self.scale(bias, bits: weightBits),
      Self.scale([least, threshold], bits: stateBits))
    return scale.isFinite ? scale : 1
  }

  private static func scale(_ values: [Float], bits: Int) -> Float {
    let most = Float((Int64(1) << Int64(bits - 1)) - 1)
    guard let low = values.min(), let high = values.max() else { return .infinity }
    return low.magnitude <= high.magnitude * ((most + 1) / most) ? most / high.magnitude : (most + 1) / low.magnitude
  }

  /// Numbers times a scale, halves to even.
  public static func rounded(_ values: [Float], scale: Float) -> [Int64] {
    values.map { Int64(max(-1e15, min(1e15, $0 * scale)).rounded(.toNearestOrEven)) }
  }
}
