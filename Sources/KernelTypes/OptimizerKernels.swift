// One step of an optimiser.

/// A step of gradient descent: `speed = momentum speed + (g + decay p); p -= rate speed`.
public struct SGDStep: Sendable {
  public var rate, momentum, decay: Float

  public init(rate: Float, momentum: Float, decay: Float) {
    (self.rate, self.momentum, self.decay) = (rate, momentum, decay)
  }
}

/// A step of Adam, with what depends on the number of the step worked out:
/// `m = beta1 m + rest1 g; v = beta2 v + rest2 g^2; p = shrink p - size m / (sqrt(v) / spread + epsilon)`, where g has
/// `decay p` added.
public struct AdamStep: Sendable {
  public var beta1, rest1, beta2, rest2, size, spread, epsilon, shrink, decay: Float

  public init(
    beta1: Float, rest1: Float, beta2: Float, rest2: Float, size: Float, spread: Float, epsilon: Float, shrink: Float,
    decay: Float
  ) {
    (self.beta1, self.rest1, self.beta2, self.rest2) = (beta1, rest1, beta2, rest2)
    (self.size, self.spread, self.epsilon) = (size, spread, epsilon)
    (self.shrink, self.decay) = (shrink, decay)
  }
}

/// Updates of parameters in one pass.
public protocol OptimizerKernels {
  /// - Parameter speed: what the momentum has gathered; nil without momentum.
  static func sgdStep(
    _ step: SGDStep, count: Int, _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    speed: UnsafeMutablePointer<Float>?)

  static func adamStep(
    _ step: AdamStep, count: Int, _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    mean: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>)
}
