import Kernels

/// `(alpha / 2) / (1 + (pi / 2 alpha x)^2)`: the derivative of an arctangent (Fang et al. 2021).
public struct Arctangent: Surrogate {
  public var alpha: Float = 2

  public init() {}

  public init(alpha: Float) { self.alpha = alpha }

  public static let declaration = Declaration<Arctangent>(
    "arctangent",
    "A surrogate gradient: `(alpha / 2) / (1 + (pi / 2 alpha x)^2)`, with x the distance to the threshold (Fang et al. 2021).",
    [.number("alpha", \.alpha, .positive, "how steep it is at the threshold")],
    example: "print(arctangent(alpha=2)(0.0))   # expect: 1.0")

  public var shape: SurrogateShape { .arctangent(alpha: alpha) }
}
