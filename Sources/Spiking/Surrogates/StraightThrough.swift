import Kernels

/// `1` everywhere (Bengio et al. 2013).
public struct StraightThrough: Surrogate {
  public init() {}

  public static let declaration = Declaration<StraightThrough>(
    "straight_through", "A surrogate gradient of 1 everywhere (Bengio et al. 2013).",
    example: "print(straight_through()(3.0))   # expect: 1.0")

  public var shape: SurrogateShape { .straightThrough }
}
