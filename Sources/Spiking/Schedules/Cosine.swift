import Faults
import Glibc

/// From the whole learning rate to a part of it along half a cosine (Loshchilov and Hutter 2017).
public struct Cosine: DeclaredSchedule {
  public var floor = 0.05

  public init() {}

  public init(floor: Double) { self.floor = floor }

  public static let declaration = Declaration<Cosine>(
    "cosine",
    """
    A schedule: the learning rate falls along half a cosine, from the whole to a part of it at the last step (Loshchilov
    and Hutter 2017).
    """,
    [.number("floor", \.floor, .share, "the part of the learning rate at the last step")],
    example: "print(cosine(floor=0.0)(0.5))   # expect: 0.5")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    floor + (1 - floor) * 0.5 * (1 + cos(.pi * moment.progress))
  }
}
