import Glibc
import Kernels

/// `(1 + h) N(x; 0, s) - h N(x; s, 6 s) - h N(x; -s, 6 s)`, halved: a bell with negative tails (Yin et al. 2021).
public struct MultiGaussian: Surrogate {
  public var height: Float = 0.15
  public var deviation: Float = 0.5

  public init() {}

  public static let declaration = Declaration<MultiGaussian>(
    "multi_gaussian",
    """
    A surrogate gradient: a bell with negative tails, `(1 + h) N(x; 0, s) - h N(x; s, 6 s) - h N(x; -s, 6 s)`, halved,
    where N is the normal density and x the distance to the threshold (Yin et al. 2021).
    """,
    [
      .number("h", \.height, .notNegative, "how much the tails count"),
      .number("s", \.deviation, .positive, "the standard deviation of the bell"),
    ],
    example: "print(multi_gaussian()(0.0) > 0.4)   # expect: true")

  public var shape: SurrogateShape {
    let (h, s) = (height, deviation)
    @Sendable func bell(_ x: Float, _ deviation: Float) -> Float {
      expf(-x * x / (2 * deviation * deviation)) / (deviation * (2 * Float.pi).squareRoot())
    }
    return Self.shape { x in 0.5 * ((1 + h) * bell(x, s) - h * bell(x - s, 6 * s) - h * bell(x + s, 6 * s)) }
  }
}
