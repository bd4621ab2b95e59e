import Faults
import Glibc

/// A factor every so many epochs.
public struct StepDecay: DeclaredSchedule {
  public var every = 10
  public var factor = 0.5

  public init() {}

  public static let declaration = Declaration<StepDecay>(
    "step_decay", "A schedule: the learning rate is multiplied by a factor every so many epochs.",
    [
      .integer("every", \.every, 1...Int.max, "epochs between two steps"),
      .number("factor", \.factor, .positive, "what the learning rate is multiplied by"),
    ],
    example: "print(step_decay(every=3).every)   # expect: 3")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double { pow(factor, Double(moment.epoch / every)) }
}
