// The gradient that training uses where a spike has none.

import Faults
import Kernels

/// A smooth stand-in for the derivative of the step function `H(v - threshold)`; only backward passes use it.
///
/// A new one is a case here, with its derivative in `KernelLevels/Baseline/LifParameters.swift`.
public enum Surrogate: Sendable, Equatable, Described {
  /// `1 / (1 + slope |x|)^2`: the derivative of a fast sigmoid (Zenke and Ganguli 2018).
  case fastSigmoid(slope: Float)
  /// `(alpha / 2) / (1 + (pi / 2 alpha x)^2)`: the derivative of an arctangent (Fang et al. 2021).
  case arctangent(alpha: Float)
  /// `max(0, 1 - |x| / width) / width`: a triangle of unit area (after Bellec et al. 2018).
  case triangle(width: Float)
  /// `1` everywhere (Bengio et al. 2013).
  case straightThrough

  /// What `fit` uses when none is named.
  public static let standard = Surrogate.fastSigmoid(slope: 25)

  /// The name in the language.
  public var name: String {
    switch self {
    case .fastSigmoid: "fast_sigmoid"
    case .arctangent: "arctangent"
    case .triangle: "triangle"
    case .straightThrough: "straight_through"
    }
  }

  /// The one parameter, with its name; nil for `straight_through`.
  public var parameter: (name: String, value: Float)? {
    switch self {
    case .fastSigmoid(let slope): ("slope", slope)
    case .arctangent(let alpha): ("alpha", alpha)
    case .triangle(let width): ("width", width)
    case .straightThrough: nil
    }
  }

  public var settings: [(name: String, value: Setting)] { parameter.map { [($0.name, .single($0.value))] } ?? [] }

  /// A `.value` fault when the parameter isn't a positive number.
  public func check() throws(Fault) {
    guard let parameter else { return }
    guard parameter.value.isFinite, parameter.value > 0 else {
      throw Fault(
        .value, "`\(parameter.name)` of `\(name)` must be greater than 0",
        label: "\(parameter.name) is \(parameter.value)")
    }
  }

  /// The same for the kernels.
  public var shape: SurrogateShape {
    switch self {
    case .fastSigmoid(let slope): .fastSigmoid(slope: slope)
    case .arctangent(let alpha): .arctangent(alpha: alpha)
    case .triangle(let width): .triangle(width: width)
    case .straightThrough: .straightThrough
    }
  }

  /// The surrogate derivative at each distance `x` from the threshold.
  public func derivative(at distances: [Float]) -> [Float] {
    var values = distances
    values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { kernels.surrogateDerivatives(shape, base, count: buffer.count) }
    }
    return values
  }
}
