import Faults
import Language

/// A neuron's equations, checked and flat: what the room that runs them gets.
///
/// The body is a list of steps in the order written; each reads operands by index into `steps`, so that a compiler
/// for it, forward or backward, walks one array.
public struct NeuronDefinition {
  public enum Operand: Equatable, Sendable {
    case input
    case state(Int)
    case parameter(Int)
    case constant(Double)
    case step(Int)
  }

  public enum Step: Sendable {
    case binary(BinaryOperator, Operand, Operand)
    case negate(Operand)
    /// A function of one argument: exp, log, sqrt, abs, tanh, sigmoid, relu, sin, cos, square.
    case function(String, Operand)
    /// `a` where the comparison holds: 1.0, else 0.0.
    case compare(ComparisonOperator, Operand, Operand)
    case minimum(Operand, Operand)
    case maximum(Operand, Operand)
    /// condition, then, otherwise
    case select(Operand, Operand, Operand)
  }

  /// What happens in one time step, in order.
  public enum Action: Sendable {
    case assign(state: Int, Operand)
    /// d state / dt = operand, integrated over one step.
    case integrate(state: Int, Operand)
    /// The neuron fires where left >= right.
    case spike(left: Operand, right: Operand)
  }

  public var name: String
  public var documentation: String?
  public var parameterNames: [String]
  public var stateNames: [String]
  public var initialValues: [Double]
  public var steps: [Step]
  /// `(first step, action)`: the steps before an action's count are computed before it.
  public var actions: [(stepCount: Int, action: Action)]
  /// Assignments made where the neuron fired, after the others.
  public var onSpike: [(stepCount: Int, state: Int, value: Operand)]
}
