import Kernels

/// Stochastic gradient descent: `m = momentum m + g + decay p; p -= lr m`, and with Nesterov's momentum
/// `p -= lr (g + decay p + momentum m)`.
public struct SGD: Optimizer {
  public var learningRate = 0.1
  public var momentum = 0.0
  public var weightDecay = 0.0
  public var isNesterov = false

  public init() {}

  public init(learningRate: Double, momentum: Double = 0, weightDecay: Double = 0, isNesterov: Bool = false) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.isNesterov = isNesterov
  }

  public static let declaration = Declaration<SGD>(
    "sgd",
    """
    Stochastic gradient descent: `m = momentum m + g + weight_decay p; p -= lr m`. With `nesterov=true` the step looks
    ahead along the momentum: `p -= lr (g + weight_decay p + momentum m)` (Sutskever et al. 2013).
    """,
    [
      learningRateSetting(\.learningRate),
      .number("momentum", \.momentum, .shareBelowOne, "the share of the last step that is kept, 0 to below 1"),
      weightDecaySetting(\.weightDecay),
      .flag("nesterov", \.isNesterov, "whether the step looks ahead along the momentum"),
    ],
    example: "print(sgd(lr=0.1, momentum=0.9).lr)   # expect: 0.1")

  public var memories: Int { momentum == 0 ? 0 : 1 }

  public func rule(step: Int, learningRate: Double) -> OptimizerRule {
    let (rate, momentum, decay) = (Float(learningRate), Float(momentum), Float(weightDecay))
    if isNesterov, momentum > 0 {
      return { parameters, gradient, memory, count in
        guard let speed = memory.first else { return }
        for i in 0..<count {
          let slope = gradient[i] + decay * parameters[i]
          let moved = momentum * speed[i] + slope
          speed[i] = moved
          parameters[i] -= rate * (slope + momentum * moved)
        }
      }
    }
    let step = SGDStep(rate: rate, momentum: momentum, decay: decay)
    return { parameters, gradient, memory, count in
      kernels.sgdStep(step, count: count, parameters, gradient: gradient, speed: memory.first)
    }
  }
}
