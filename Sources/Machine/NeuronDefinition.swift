import Language

/// A neuron's equations, checked and flat: every value of one time step is an operation on earlier ones, so that a
/// compiler for it, forward or backward, walks one array. The room that runs neurons gets this and nothing else.
public struct NeuronDefinition: Sendable {
  public enum Operation: Equatable, Sendable {
    case input
    /// A state as the last step left it.
    case state(Int)
    case parameter(Int)
    case constant(Double)
    case negate(Int)
    /// A function of one argument by its name: exp, log, sqrt, abs, tanh, sigmoid, relu, sin, cos.
    case function(String, Int)
    case binary(BinaryOperator, Int, Int)
    case minimum(Int, Int)
    case maximum(Int, Int)
    /// 1 where the comparison holds, else 0.
    case compare(ComparisonOperator, Int, Int)
    /// Where the first is not 0 the second, else the third.
    case select(Int, Int, Int)
    /// A draw of this step: "normal" or "uniform", which of the step's draws it is, and the place of the number of steps
    /// that are done.
    case noise(String, draw: Int, time: Int)
  }

  /// The function (e^x - 1) / x, 1 at 0. Integrators put it into steps; equations have no name for it.
  public static let growth = "(e^x - 1) / x"

  public var name: String
  public var documentation: String?
  public var parameterNames: [String]
  /// What each parameter measures; values are in base units.
  public var parameterDimensions: [Dimension]
  public var stateNames: [String]
  public var stateDimensions: [Dimension]
  /// What each state starts from.
  public var initialValues: [Double]
  public var operations: [Operation]
  /// For each state, the place of its value after the equations.
  public var updates: [Int]
  /// The place of the value that decides: the neuron fires where it is at least 0, or above 0 when strict. Nil for
  /// neurons that never fire.
  public var distance: Int?
  public var isStrict: Bool
  /// For each state, the place of its value where the neuron fired.
  public var resets: [Int]
}

/// A definition as a constant of the code that makes the neuron.
final class NeuronObject: HeapObject {
  let definition: NeuronDefinition
  init(_ definition: NeuronDefinition) { self.definition = definition }
}
