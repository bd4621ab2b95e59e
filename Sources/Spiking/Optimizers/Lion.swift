/// Lion (Chen et al. 2023): `c = b1 m + (1 - b1) g; p -= lr (sign(c) + decay p); m = b2 m + (1 - b2) g`. Every parameter
/// moves by the same amount, so its learning rate is three to ten times smaller than Adam's.
public struct Lion: Optimizer {
  public var learningRate = 1e-4
  public var beta1 = 0.9
  public var beta2 = 0.99
  public var weightDecay = 0.0

  public init() {}

  public static let declaration = Declaration<Lion>(
    "lion",
    """
    Lion (Chen et al. 2023): each step follows the sign of a mean gradient, so every weight moves by the same amount; its
    learning rate is three to ten times smaller than Adam's. The decay acts on the weights themselves.
    """,
    [
      learningRateSetting(\.learningRate),
      .number("beta1", \.beta1, .shareBelowOne, "how much the memory counts beside the gradient for the sign"),
      .number("beta2", \.beta2, .shareBelowOne, "the memory of the mean gradient"),
      weightDecaySetting(\.weightDecay),
    ],
    example: "print(lion().lr)   # expect: 0.0001")

  public var memories: Int { 1 }

  public func rule(step: Int, learningRate: Double) -> OptimizerRule {
    let (rate, decay) = (Float(learningRate), Float(weightDecay))
    let (beta1, rest1, beta2, rest2) = (Float(beta1), Float(1 - beta1), Float(beta2), Float(1 - beta2))
    return { parameters, gradient, memory, count in
      guard let mean = memory.first else { return }
      for i in 0..<count {
        let slope = gradient[i]
        let course = beta1 * mean[i] + rest1 * slope
        let sign: Float = course > 0 ? 1 : course < 0 ? -1 : 0
        parameters[i] -= rate * (sign + decay * parameters[i])
        mean[i] = beta2 * mean[i] + rest2 * slope
      }
    }
  }
}
