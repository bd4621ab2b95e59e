import Glibc
import Kernels

/// Adam (Kingma and Ba 2015), whose decay is added to the gradient.
///
/// `m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)`.
public struct Adam: Optimizer {
  public var learningRate = 1e-3
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.0

  public init() {}

  public init(learningRate: Double, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }

  public static let declaration = Declaration<Adam>(
    "adam", "Adam (Kingma and Ba 2015); the decay is added to the gradient.",
    [
      learningRateSetting(\.learningRate),
      .number("beta1", \.beta1, .shareBelowOne, "the memory of the mean gradient"),
      .number("beta2", \.beta2, .shareBelowOne, "the memory of the mean squared gradient"),
      .number("eps", \.epsilon, .positive, "keeps the division from zero"),
      weightDecaySetting(\.weightDecay),
    ],
    example: "print(adam(lr=2e-3).lr)   # expect: 0.002")

  public var memories: Int { 2 }

  public func rule(step: Int, learningRate: Double) -> OptimizerRule {
    AdamStep.rule(
      step: step, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: weightDecay, shrink: 0)
  }
}

extension AdamStep {
  /// - Parameters:
  ///   - decay: added to the gradient, times the parameter.
  ///   - shrink: the share that parameters lose by themselves, before it is multiplied by the step size.
  static func rule(
    step: Int, learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, decay: Double, shrink: Double
  ) -> OptimizerRule {
    let step = AdamStep(
      beta1: Float(beta1), rest1: Float(1 - beta1), beta2: Float(beta2), rest2: Float(1 - beta2),
      size: Float(learningRate / (1 - pow(beta1, Double(step)))), spread: Float((1 - pow(beta2, Double(step))).squareRoot()),
      epsilon: Float(epsilon), shrink: Float(1 - learningRate * shrink), decay: Float(decay))
    return { parameters, gradient, memory, count in
      guard memory.count == 2 else { return }
      kernels.adamStep(step, count: count, parameters, gradient: gradient, mean: memory[0], square: memory[1])
    }
  }
}
