import Kernels

/// `1 / (1 + slope |x|)^2`: the derivative of a fast sigmoid (Zenke and Ganguli 2018).
public struct FastSigmoid: Surrogate {
  public var slope: Float = 25

  public init() {}

  public init(slope: Float) { self.slope = slope }

  public static let declaration = Declaration<FastSigmoid>(
    "fast_sigmoid",
    "A surrogate gradient: `1 / (1 + slope |x|)^2`, with x the distance to the threshold (Zenke and Ganguli 2018).",
    [.number("slope", \.slope, .positive, "how steep it is at the threshold")],
    example: "print(fast_sigmoid(slope=25)(0.0))   # expect: 1.0")

  public var shape: SurrogateShape { .fastSigmoid(slope: slope) }
}
