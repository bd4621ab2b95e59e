// The one place where a rule for first weights is defined: conform a type to `Initializer` in a file of its own in this
// folder, give it a builtin, and layers and training can use it.

import Faults
import Tensors

/// How the first weights of a layer are found.
public protocol Initializer: Described, Sendable {
  /// A `.value` fault when a setting cannot be used.
  func check() throws(Fault)
  /// Weights of a shape.
  ///
  /// - Parameters:
  ///   - inputs: how many weights each output sums over (the fan-in).
  ///   - stream: where the rule draws from.
  func weights(_ shape: [Int], inputs: Int, stream: RandomStream) throws(Fault) -> Tensor
  /// The standard deviation that potentials are given once data is at hand, in units of the threshold: the weights are
  /// then multiplied so that they have it. Nil for a rule whose weights are final as they are drawn.
  var measuredDeviation: Double? { get }
  /// The same for the last neurons of a network, where the rule is that of the whole network.
  var readoutDeviation: Double? { get }
}

extension Initializer {
  public var measuredDeviation: Double? { nil }
  public var readoutDeviation: Double? { measuredDeviation }

  func checkPositive(_ value: Double, _ label: String) throws(Fault) {
    guard value.isFinite, value > 0 else {
      throw Fault(.value, "`\(label)` of `\(name)` must be greater than 0", label: "\(label) is \(value)")
    }
  }
}

/// A layer that draws its weights when it joins a network.
public protocol DrawnLayer: Layer {
  /// The user's rule; nil leaves it to the network, and to training. A rule whose weights are final is forgotten once
  /// they are drawn.
  var initializer: (any Initializer)? { get set }
  /// Whether the weights are as the layer drew them, and no rule of the user's has made them final. Whatever sets or
  /// changes weights ends it.
  var isAsDrawn: Bool { get }
  /// The layer with new weights, drawn by a rule and no longer `isAsDrawn`; its weights are there.
  func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> Self
  /// The layer with all weights multiplied, and no longer `isAsDrawn`.
  func scaled(by factor: Float) throws(Fault) -> Self
}

extension Described {
  /// As it would be called, with a rule for first weights where there is one.
  func callText(drawnBy rule: (any Initializer)?) -> String {
    let arguments = settings.map { "\($0.name)=\($0.value.description)" } + (rule.map { ["init=\($0.callText)"] } ?? [])
    return "\(name)(\(arguments.joined(separator: ", ")))"
  }
}

extension Layer {
  /// Whether the layer, or one inside it, has weights that are still as they were drawn.
  var hasDrawnWeights: Bool {
    if let branches = self as? BranchLayer { return branches.layers.contains(where: \.hasDrawnWeights) }
    return (self as? any DrawnLayer)?.isAsDrawn ?? false
  }
}
