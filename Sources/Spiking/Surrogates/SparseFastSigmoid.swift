import Kernels

/// A fast sigmoid's derivative within a distance of the threshold, 0 beyond (Perez-Nieves and Goodman 2021).
public struct SparseFastSigmoid: Surrogate {
  public var slope: Float = 25
  public var width: Float = 1

  public init() {}

  public static let declaration = Declaration<SparseFastSigmoid>(
    "sparse_fast_sigmoid",
    """
    A surrogate gradient: `1 / (1 + slope |x|)^2` within `width` of the threshold, and 0 beyond, so that most neurons need
    no gradient at all (after Perez-Nieves and Goodman 2021).
    """,
    [
      .number("slope", \.slope, .positive, "how steep it is at the threshold"),
      .number("width", \.width, .positive, "where it ends on both sides"),
    ],
    example: "print(sparse_fast_sigmoid()(0.0), sparse_fast_sigmoid()(2.0))   # expect: 1.0 0.0")

  public var shape: SurrogateShape {
    let (slope, width) = (slope, width)
    return Self.shape(reach: width) { x in
      let root = 1 + slope * x.magnitude
      return x.magnitude < width ? 1 / (root * root) : x.isNaN ? x : 0
    }
  }
}
