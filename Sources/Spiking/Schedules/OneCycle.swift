import Faults
import Glibc

/// Up along half a cosine and down along another (Smith and Topin 2018).
public struct OneCycle: DeclaredSchedule {
  public var start = 0.04
  public var rise = 0.3
  public var end = 1e-4

  public init() {}

  public static let declaration = Declaration<OneCycle>(
    "one_cycle",
    """
    A schedule: the learning rate rises from a part of itself to the whole along half a cosine, and falls along another to
    nearly nothing at the last step (Smith and Topin 2018).
    """,
    [
      .number("start", \.start, .share, "the part of the learning rate at the first step"),
      .number("rise", \.rise, Bounds(low: 0, includesLow: false, high: 1, includesHigh: false), "the share of all steps on which it rises"),
      .number("end", \.end, .share, "the part of the learning rate at the last step"),
    ],
    example: "print(one_cycle()(0.3))   # expect: 1.0")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    let isRising = moment.progress < rise
    let share = isRising ? moment.progress / rise : (moment.progress - rise) / (1 - rise)
    let (from, to) = isRising ? (start, 1) : (1, end)
    return to + (from - to) * 0.5 * (1 + cos(.pi * share))
  }
}
