// Optimisers: how a gradient moves a parameter. Each is a small value; its memory lives with the training run.

import Faults
import Glibc
import Kernels

/// One update rule, applied to each parameter by itself.
public protocol Optimizer: Described, Sendable {
  /// The step size before any schedule.
  var learningRate: Double { get set }
  /// How strongly weights are drawn to zero.
  var weightDecay: Double { get set }
  /// How many numbers the rule remembers per parameter.
  var memories: Int { get }
  /// A `.value` fault when a setting cannot be used.
  func check() throws(Fault)
  /// Moves `count` parameters by one step, in one pass.
  ///
  /// - Parameters:
  ///   - memory: `memories` blocks of `count` numbers, zero before the first step.
  ///   - step: 1 for the first step.
  ///   - learningRate: the step size now, after the schedule.
  func update(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    memory: [UnsafeMutablePointer<Float>], count: Int, step: Int, learningRate: Double)
}

extension Optimizer {
  func checkCommon(weightDecay: Double) throws(Fault) {
    guard learningRate.isFinite, learningRate >= 0 else {
      throw Fault(
        .value, "the learning rate of `\(name)` must be 0 or more", label: "lr is \(learningRate)")
    }
    guard weightDecay.isFinite, weightDecay >= 0 else {
      throw Fault(
        .value, "the weight decay of `\(name)` must be 0 or more", label: "weight_decay is \(weightDecay)")
    }
  }
}

/// Stochastic gradient descent: `m = momentum m + g + decay p; p -= lr m`.
public struct SGD: Optimizer {
  public let name = "sgd"
  public var learningRate: Double
  public var momentum: Double
  public var weightDecay: Double

  public init(learningRate: Double = 0.1, momentum: Double = 0, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  public var memories: Int { momentum == 0 ? 0 : 1 }

  public var settings: [(name: String, value: Setting)] {
    [("lr", .number(learningRate)), ("momentum", .number(momentum)), ("weight_decay", .number(weightDecay))]
  }
  public var standardSettings: [(name: String, value: Setting)] { Array(SGD().settings.dropFirst()) }

  public func check() throws(Fault) {
    try checkCommon(weightDecay: weightDecay)
    guard momentum >= 0, momentum < 1 else {
      throw Fault(.value, "`momentum` of `sgd` must be from 0 to below 1", label: "momentum is \(momentum)")
    }
  }

  public func update(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    memory: [UnsafeMutablePointer<Float>], count: Int, step: Int, learningRate: Double
  ) {
    kernels.sgdStep(
      SGDStep(rate: Float(learningRate), momentum: Float(momentum), decay: Float(weightDecay)), count: count, parameters,
      gradient: gradient, speed: memory.first)
  }
}

/// Adam (Kingma and Ba 2015) and, with decoupled decay, AdamW (Loshchilov and Hutter 2019).
///
/// `m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)`.
/// Adam adds `decay p` to the gradient; AdamW instead shrinks `p` by `lr decay p`.
public struct Adam: Optimizer {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double
  /// Whether the decay acts on the parameters themselves (AdamW) and not on the gradient.
  public var isDecoupled: Bool

  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0, isDecoupled: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  public var name: String { isDecoupled ? "adamw" : "adam" }
  public var memories: Int { 2 }

  /// The decay of `adamw` when none is named (Loshchilov and Hutter 2019).
  public static let decoupledDecay = 0.01

  public var settings: [(name: String, value: Setting)] {
    [
      ("lr", .number(learningRate)), ("beta1", .number(beta1)), ("beta2", .number(beta2)), ("eps", .number(epsilon)),
      ("weight_decay", .number(weightDecay)),
    ]
  }
  public var standardSettings: [(name: String, value: Setting)] {
    Array(Adam(weightDecay: isDecoupled ? Self.decoupledDecay : 0).settings.dropFirst())
  }

  public func check() throws(Fault) {
    try checkCommon(weightDecay: weightDecay)
    for (label, value) in [("beta1", beta1), ("beta2", beta2)] where !(value >= 0 && value < 1) {
      throw Fault(.value, "`\(label)` of `\(name)` must be from 0 to below 1", label: "\(label) is \(value)")
    }
    guard epsilon > 0, epsilon.isFinite else {
      throw Fault(.value, "`eps` of `\(name)` must be greater than 0", label: "eps is \(epsilon)")
    }
  }

  public func update(
    _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    memory: [UnsafeMutablePointer<Float>], count: Int, step: Int, learningRate: Double
  ) {
    guard memory.count == 2 else { return }
    let step = AdamStep(
      beta1: Float(beta1), rest1: Float(1 - beta1), beta2: Float(beta2), rest2: Float(1 - beta2),
      size: Float(learningRate / (1 - pow(beta1, Double(step)))),
      spread: Float((1 - pow(beta2, Double(step))).squareRoot()), epsilon: Float(epsilon),
      shrink: isDecoupled ? Float(1 - learningRate * weightDecay) : 1, decay: isDecoupled ? 0 : Float(weightDecay))
    kernels.adamStep(step, count: count, parameters, gradient: gradient, mean: memory[0], square: memory[1])
  }
}

/// How the step size changes while training runs.
public enum Schedule: Sendable, Equatable {
  case constant
  /// Falls from the full step size to `final` of it along half a cosine (Loshchilov and Hutter 2017).
  case cosine(final: Double)

  /// The share of the step size at which the cosine ends where nobody says otherwise.
  public static let standardFloor = 0.05

  /// The factor of the step size after a share `progress` (0 to 1) of all updates.
  public func factor(at progress: Double) -> Double {
    switch self {
    case .constant: 1
    case .cosine(let final): final + (1 - final) * 0.5 * (1 + cos(.pi * min(max(progress, 0), 1)))
    }
  }
}
