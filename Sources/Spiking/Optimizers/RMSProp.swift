/// RMSProp (Tieleman and Hinton 2012): `v = a v + (1 - a) g^2; p -= lr g / (sqrt(v) + eps)`; with a momentum the steps
/// add up, `m = momentum m + g / (sqrt(v) + eps); p -= lr m`. The decay is added to the gradient.
public struct RMSProp: Optimizer {
  public var learningRate = 0.01
  public var memory = 0.99
  public var epsilon = 1e-8
  public var momentum = 0.0
  public var weightDecay = 0.0

  public init() {}

  public static let declaration = Declaration<RMSProp>(
    "rmsprop",
    """
    RMSProp (Tieleman and Hinton 2012): each step is divided by the root of a running mean of squared gradients. With a
    momentum the steps add up. The decay is added to the gradient.
    """,
    [
      learningRateSetting(\.learningRate),
      .number("alpha", \.memory, .shareBelowOne, "the memory of the mean squared gradient"),
      .number("eps", \.epsilon, .positive, "keeps the division from zero"),
      .number("momentum", \.momentum, .shareBelowOne, "the share of the last step that is kept, 0 to below 1"),
      weightDecaySetting(\.weightDecay),
    ],
    example: "print(rmsprop(lr=1e-3).alpha)   # expect: 0.99")

  public var memories: Int { momentum == 0 ? 1 : 2 }

  public func rule(step: Int, learningRate: Double) -> OptimizerRule {
    let (rate, alpha, rest, epsilon) = (Float(learningRate), Float(memory), Float(1 - memory), Float(epsilon))
    let (momentum, decay) = (Float(momentum), Float(weightDecay))
    return { parameters, gradient, memory, count in
      guard let square = memory.first else { return }
      let speed = memory.count > 1 ? memory[1] : nil
      for i in 0..<count {
        let slope = gradient[i] + decay * parameters[i]
        let mean = alpha * square[i] + rest * slope * slope
        square[i] = mean
        var move = slope / (mean.squareRoot() + epsilon)
        if let speed {
          move += momentum * speed[i]
          speed[i] = move
        }
        parameters[i] -= rate * move
      }
    }
  }
}
