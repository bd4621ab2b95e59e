import Kernels

/// AdamW (Loshchilov and Hutter 2019): Adam with a decay that shrinks the weights themselves, by `lr decay p` a step.
public struct AdamW: Optimizer {
  public var learningRate = 1e-3
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.01

  public init() {}

  public static let declaration = Declaration<AdamW>(
    "adamw", "AdamW (Loshchilov and Hutter 2019): Adam with a decay that acts on the weights themselves.",
    [
      learningRateSetting(\.learningRate),
      .number("beta1", \.beta1, .shareBelowOne, "the memory of the mean gradient"),
      .number("beta2", \.beta2, .shareBelowOne, "the memory of the mean squared gradient"),
      .number("eps", \.epsilon, .positive, "keeps the division from zero"),
      weightDecaySetting(\.weightDecay),
    ],
    example: "print(adamw(lr=2e-3).lr)   # expect: 0.002")

  public var memories: Int { 2 }

  public func rule(step: Int, learningRate: Double) -> OptimizerRule {
    AdamStep.rule(
      step: step, learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: 0, shrink: weightDecay)
  }
}
