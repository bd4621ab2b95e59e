import Kernels

/// `alpha^3 / (alpha^2 + x^2)^(3/2)`.
public struct Circle: Surrogate {
  public var alpha: Float = 1

  public init() {}

  public static let declaration = Declaration<Circle>(
    "circle",
    "A surrogate gradient: `alpha^3 / (alpha^2 + x^2)^(3/2)`, with x the distance to the threshold; its height is 1.",
    [.number("alpha", \.alpha, .positive, "how wide it is")],
    example: "print(circle()(0.0))   # expect: 1.0")

  public var shape: SurrogateShape {
    let alpha = alpha
    return Self.shape { x in
      let share = x / alpha
      let root = (1 + share * share).squareRoot()
      return 1 / (root * root * root)
    }
  }
}
