import Glibc
import Kernels

/// `(1 + 2 |x| / (alpha - 1))^(-alpha)`: from Student's t to an exponential (Herranz-Celotti and Rouat 2022).
public struct QPseudoSpike: Surrogate {
  public var alpha: Float = 2

  public init() {}

  public static let declaration = Declaration<QPseudoSpike>(
    "q_pseudo_spike",
    "A surrogate gradient: `(1 + 2 |x| / (alpha - 1))^(-alpha)`, whose tails alpha decides, with x the distance to the threshold (Herranz-Celotti and Rouat 2022).",
    [.number("alpha", \.alpha, Bounds(low: 1, includesLow: false), "how fast its tails fall")],
    example: "print(q_pseudo_spike()(0.0))   # expect: 1.0")

  public var shape: SurrogateShape {
    let alpha = alpha
    return Self.shape { x in powf(1 + 2 * x.magnitude / (alpha - 1), -alpha) }
  }
}
