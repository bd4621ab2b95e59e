import Glibc
import Kernels

/// `(alpha / 2) e^(-alpha |x|)` (Shrestha and Orchard 2018).
public struct TwoSidedExponential: Surrogate {
  public var alpha: Float = 2

  public init() {}

  public static let declaration = Declaration<TwoSidedExponential>(
    "two_sided_exponential",
    "A surrogate gradient: `(alpha / 2) e^(-alpha |x|)`, with x the distance to the threshold (Shrestha and Orchard 2018).",
    [.number("alpha", \.alpha, .positive, "how steep and narrow it is")],
    example: "print(two_sided_exponential(alpha=2)(0.0))   # expect: 1.0")

  public var shape: SurrogateShape {
    let alpha = alpha
    return Self.shape { x in alpha / 2 * expf(-alpha * x.magnitude) }
  }
}
