import Kernels

/// 1 above the threshold, `leak` below.
public struct LeakyStep: Surrogate {
  public var leak: Float = 0.1

  public init() {}

  public static let declaration = Declaration<LeakyStep>(
    "leaky_step", "A surrogate gradient: 1 where the potential is at or above the threshold, and `leak` below.",
    [.number("leak", \.leak, .notNegative, "what flows below the threshold")],
    example: "print(leaky_step(leak=0.25)(-1.0))   # expect: 0.25")

  public var shape: SurrogateShape {
    let leak = leak
    return Self.shape { x in x >= 0 ? 1 : x.isNaN ? x : leak }
  }
}
