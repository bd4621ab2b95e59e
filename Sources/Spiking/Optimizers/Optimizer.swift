// Optimisers: how a gradient moves a parameter. Each is a small value in a file of its own; its memory lives with the
// training run.

import Faults
import Tensors

/// One update rule, applied to each parameter by itself.
public protocol Optimizer: Component {
  /// The step size before any schedule.
  var learningRate: Double { get set }
  /// How strongly weights are drawn to zero.
  var weightDecay: Double { get set }
  /// How many numbers the rule remembers for each parameter; zero before the first step.
  var memories: Int { get }
  /// The rule of one step.
  ///
  /// - Parameters:
  ///   - step: 1 for the first step.
  ///   - learningRate: the step size now, after the schedule.
  func rule(step: Int, learningRate: Double) -> OptimizerRule
}

/// Moves `count` parameters in one pass: parameters, gradient, `memories` blocks of numbers, count.
public typealias OptimizerRule = (
  UnsafeMutablePointer<Float>, UnsafePointer<Float>, [UnsafeMutablePointer<Float>], Int
) -> Void

extension Optimizer {
  static func learningRateSetting(_ path: WritableKeyPath<Self, Double> & Sendable) -> SettingDeclaration<Self> {
    .number("lr", path, .notNegative, "the learning rate")
  }

  static func weightDecaySetting(_ path: WritableKeyPath<Self, Double> & Sendable) -> SettingDeclaration<Self> {
    .number("weight_decay", path, .notNegative, "how strongly weights are drawn to zero")
  }

  /// The learning rate is always told.
  public var standardSettings: [(name: String, value: Setting)] { Self().settings.filter { $0.name != "lr" } }

  /// What the rule remembers of a parameter before the first step.
  func freshMemory(for value: Tensor) throws(Fault) -> [Tensor] {
    var blocks: [Tensor] = []
    for _ in 0..<memories { blocks.append(try Tensor.zeros(value.shape)) }
    return blocks
  }
}

/// All optimisers, in the order in which help lists them; a new one is a file in this folder and its name here.
public let optimizers: [any Optimizer.Type] = [SGD.self, Adam.self, AdamW.self, RMSProp.self, Lion.self]
