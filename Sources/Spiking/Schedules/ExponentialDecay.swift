import Faults
import Glibc

/// A factor after each epoch.
public struct ExponentialDecay: DeclaredSchedule {
  public var factor = 0.95

  public init() {}

  public static let declaration = Declaration<ExponentialDecay>(
    "exponential_decay", "A schedule: the learning rate is multiplied by a factor after each epoch.",
    [.number("factor", \.factor, .positive, "what the learning rate is multiplied by")],
    example: "print(exponential_decay(factor=0.9).factor)   # expect: 0.9")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double { pow(factor, Double(moment.epoch)) }
}
