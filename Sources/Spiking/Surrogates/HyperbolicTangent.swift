import Glibc
import Kernels

/// `1 - tanh^2(slope x)`.
public struct HyperbolicTangent: Surrogate {
  public var slope: Float = 1

  public init() {}

  public static let declaration = Declaration<HyperbolicTangent>(
    "hyperbolic_tangent",
    "A surrogate gradient: `1 - tanh(slope x)^2`, with x the distance to the threshold; its height is 1.",
    [.number("slope", \.slope, .positive, "how narrow it is")],
    example: "print(hyperbolic_tangent()(0.0))   # expect: 1.0")

  public var shape: SurrogateShape {
    let slope = slope
    return Self.shape { x in
      let small = expf(-2 * slope * x.magnitude)
      return 4 * small / ((1 + small) * (1 + small))
    }
  }
}
