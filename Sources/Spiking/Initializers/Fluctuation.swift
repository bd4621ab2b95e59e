import Faults
import Tensors

/// Weights under which the potentials of leaky neurons fluctuate around zero by `sigma` thresholds, for inputs that
/// fire at a known rate: `N(0, (sigma threshold)^2 / (inputs K))`.
///
/// With `v = beta v + input`, weights of mean zero, and each input a spike with probability `rate` in a step, the
/// variance of `v` is `inputs Var(w) K` with `K = rate (1 - rate) / (1 - beta^2) + rate^2 / (1 - beta)^2`. The rule is
/// that of J. Rossbroich, J. Gygax and F. Zenke, "Fluctuation-driven initialization for spiking neural network
/// training" (2022), with the sums of the discrete kernel.
public struct Fluctuation: Initializer {
  public let name = "fluctuation"
  /// The standard deviation of the potential, in thresholds.
  public var sigma: Double
  /// The share of steps in which an input fires.
  public var rate: Double
  /// The leak of the neurons behind the weights.
  public var beta: Double
  /// Their threshold.
  public var threshold: Double

  /// With the defaults, whose variance is 7 / inputs, five layers of `lif` stay alive for drawn and regular rates, a
  /// direct current, and a code of one spike for each input.
  public init(sigma: Double = 1, rate: Double = 0.02, beta: Double = 0.9, threshold: Double = 1) {
    self.sigma = sigma
    self.rate = rate
    self.beta = beta
    self.threshold = threshold
  }

  public var settings: [(name: String, value: Setting)] {
    [("sigma", .number(sigma)), ("rate", .number(rate)), ("beta", .number(beta)), ("threshold", .number(threshold))]
  }

  public func check() throws(Fault) {
    try checkPositive(sigma, "sigma")
    try checkPositive(threshold, "threshold")
    guard rate > 0, rate <= 1 else {
      throw Fault(.value, "`rate` of `fluctuation` must be above 0 and at most 1", label: "rate is \(rate)")
    }
    guard beta >= 0, beta < 1 else {
      throw Fault(
        .value, "`beta` of `fluctuation` must be from 0 to below 1", label: "beta is \(beta)",
        help: "without a leak the potential has no lasting spread; use measured() for such neurons")
    }
  }

  /// The standard deviation of a weight.
  public func deviation(inputs: Int) -> Double {
    let spread = rate * (1 - rate) / ((1 - beta) * (1 + beta)) + rate * rate / ((1 - beta) * (1 - beta))
    return sigma * threshold / (Double(max(1, inputs)) * spread).squareRoot()
  }

  public func weights(_ shape: [Int], inputs: Int, stream: RandomStream) throws(Fault) -> Tensor {
    var draws = stream
    return try draws.normalTensor(shape, standardDeviation: Float(deviation(inputs: inputs)))
  }
}
