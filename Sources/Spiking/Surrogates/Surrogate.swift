// The gradient that training uses where a spike has none.

import Kernels

/// A smooth stand-in for the derivative of the step function `H(x)`, with `x = v - threshold`; only backward passes use
/// it. The height at the threshold matters more than the shape: it scales the gradient once for each layer.
public protocol Surrogate: Component {
  /// The same for the kernels.
  var shape: SurrogateShape { get }
}

/// What `fit` uses when none is named.
public let standardSurrogate: any Surrogate = FastSigmoid()

/// All surrogates, in the order in which help lists them; a new one is a file in this folder and its name here. Those
/// that a kernel knows by itself are faster.
public let surrogates: [any Surrogate.Type] = [
  FastSigmoid.self, Arctangent.self, Triangle.self, StraightThrough.self, Logistic.self, Gaussian.self,
  TwoSidedExponential.self, Box.self, HyperbolicTangent.self, Circle.self, QPseudoSpike.self, LeakyStep.self,
  SparseFastSigmoid.self, MultiGaussian.self,
]

extension Surrogate {
  /// Its settings are always told.
  public var standardSettings: [(name: String, value: Setting)] { [] }

  /// The surrogate derivative at each distance `x` from the threshold.
  public func derivative(at distances: [Float]) -> [Float] {
    var values = distances
    values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { kernels.surrogateDerivatives(shape, base, count: buffer.count) }
    }
    return values
  }

  /// The shape of a derivative that no kernel knows by itself.
  ///
  /// - Parameter reach: how far from the threshold it ends; nil where it never does.
  static func shape(reach: Float? = nil, _ derivative: @escaping @Sendable (Float) -> Float) -> SurrogateShape {
    .function(
      SurrogateFunction(reach: reach) { values, count in
        for i in 0..<count { values[i] = derivative(values[i]) }
      })
  }
}
