import Glibc
import Kernels

/// `(alpha / sqrt(pi)) e^(-(alpha x)^2)`: the derivative of an error function.
public struct Gaussian: Surrogate {
  public var alpha: Float = 2

  public init() {}

  public static let declaration = Declaration<Gaussian>(
    "gaussian",
    "A surrogate gradient: `(alpha / sqrt(pi)) e^(-(alpha x)^2)`, a bell of unit area, with x the distance to the threshold.",
    [.number("alpha", \.alpha, .positive, "how steep and narrow it is")],
    example: "print(round(gaussian(alpha=2)(0.0) * 1000))   # expect: 1128")

  public var shape: SurrogateShape {
    let alpha = alpha
    let height = alpha / Float.pi.squareRoot()
    return Self.shape { x in height * expf(-(alpha * x) * (alpha * x)) }
  }
}
