import Faults
import Glibc

/// Cosines one after the other, each from the whole learning rate (SGDR, Loshchilov and Hutter 2017).
public struct Restarts: DeclaredSchedule {
  public var epochs = 10
  public var growth = 2.0
  public var floor = 0.0

  public init() {}

  public static let declaration = Declaration<Restarts>(
    "restarts",
    """
    A schedule: warm restarts (SGDR, Loshchilov and Hutter 2017). The learning rate falls along half a cosine, begins anew
    at the whole, and each course is longer than the one before by a factor.
    """,
    [
      .integer("epochs", \.epochs, 1...Int.max, "epochs of the first course"),
      .number("growth", \.growth, Bounds(low: 1), "how much longer each course is than the one before"),
      .number("floor", \.floor, .share, "the part of the learning rate at the end of a course"),
    ],
    example: "print(restarts(epochs=5).growth)   # expect: 2.0")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    var (left, length) = (moment.epochs, Double(epochs))
    while left >= length {
      if growth == 1 {
        left = left.truncatingRemainder(dividingBy: length)
        break
      }
      left -= length
      length *= growth
    }
    return floor + (1 - floor) * 0.5 * (1 + cos(.pi * left / length))
  }
}
