// A neuron's equations in the form that runs: a flat list of element-wise operations, each naming earlier ones by
// their place. The language's `neuron` blocks are translated into it; nothing here knows their syntax.

import Faults
import Kernels
import Tensors

/// The equations of a neuron as straight-line arithmetic on all neurons of a population at once.
///
/// A step computes the operations in order. Then each state takes the value at `updates`; the neuron fires where the
/// value at `distance` is at least 0 (or above 0, when `isStrict`); and where it fired, each state takes the value at
/// `resets` instead. So `v = beta v + input; spike when v >= theta; on spike { v -= theta }` reads:
///
/// ```
/// 0 input  1 state v  2 parameter beta  3 parameter theta
/// 4 = 2 * 1   5 = 4 + 0   6 = 5 - 3          updates [5]  distance 6  resets [6]
/// ```
public struct NeuronProgram: Sendable, Equatable {
  /// One value of a step; operands are places of earlier operations.
  public enum Operation: Sendable, Equatable {
    /// The drive of this step.
    case input
    /// A state as the last step left it, by its number.
    case state(Int)
    /// A parameter, by its number.
    case parameter(Int)
    case constant(Float)
    case unary(UnaryKernel, Int)
    case binary(BinaryKernel, Int, Int)
    /// Where the first is not 0 the second, else the third.
    case select(Int, Int, Int)
    /// A random number of each neuron: which draw of the step it is, and the place of the number of steps that are done.
    case noise(NoiseForm, draw: Int, time: Int)
  }

  public var operations: [Operation]
  public var stateNames: [String]
  public var parameterNames: [String]
  /// For each state, the place of its value after the equations.
  public var updates: [Int]
  /// The place of the value that decides about spikes; for `spike when a >= b` it is a - b. Nil for a model that
  /// doesn't fire.
  public var distance: Int?
  /// Whether a distance of exactly 0 doesn't fire: `spike when a > b`.
  public var isStrict: Bool
  /// For each state, the place of its value after a spike.
  public var resets: [Int]

  public init(
    operations: [Operation], stateNames: [String], parameterNames: [String], updates: [Int], distance: Int?,
    isStrict: Bool = false, resets: [Int]
  ) {
    self.operations = operations
    self.stateNames = stateNames
    self.parameterNames = parameterNames
    self.updates = updates
    self.distance = distance
    self.isStrict = isStrict
    self.resets = resets
  }

  /// A `.value` fault unless every operand is computed before it is used and every state has its values.
  public func check() throws(Fault) {
    for (place, operation) in operations.enumerated() {
      let valid =
        switch operation {
        case .input, .constant: true
        case .state(let index): stateNames.indices.contains(index)
        case .parameter(let index): parameterNames.indices.contains(index)
        // Only the derivative of a program holds `growthSlope`, and its own is not known.
        case .noise(_, let draw, let time): (0..<256).contains(draw) && (0..<place).contains(time)
        case .unary(let kernel, let a): (0..<place).contains(a) && kernel != .growthSlope
        case .binary(_, let a, let b): (0..<place).contains(a) && (0..<place).contains(b)
        case .select(let a, let b, let c):
          (0..<place).contains(a) && (0..<place).contains(b) && (0..<place).contains(c)
        }
      guard valid else { throw Fault(.value, "operation \(place) of a neuron uses a value that is not there") }
    }
    let places = updates + resets + (distance.map { [$0] } ?? [])
    guard updates.count == stateNames.count, resets.count == stateNames.count,
      places.allSatisfy(operations.indices.contains), !stateNames.isEmpty
    else {
      throw Fault(.value, "a neuron needs states, each with a value after a step and after a spike")
    }
  }

  /// Whether its neurons draw random numbers.
  public var isNoisy: Bool {
    operations.contains { operation in if case .noise = operation { true } else { false } }
  }
}
