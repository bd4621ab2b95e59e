import Glibc
import Kernels

/// `slope s (1 - s)` with `s = 1 / (1 + e^(-slope x))`: the derivative of the logistic function.
public struct Logistic: Surrogate {
  public var slope: Float = 4

  public init() {}

  public static let declaration = Declaration<Logistic>(
    "logistic",
    "A surrogate gradient: the derivative of 1 / (1 + e^(-slope x)), with x the distance to the threshold.",
    [.number("slope", \.slope, .positive, "how steep the function is")],
    example: "print(logistic(slope=4)(0.0))   # expect: 1.0")

  public var shape: SurrogateShape {
    let slope = slope
    return Self.shape { x in
      // By the smaller of the two exponentials, which cannot overflow.
      let small = expf(-slope * x.magnitude)
      return slope * small / ((1 + small) * (1 + small))
    }
  }
}
