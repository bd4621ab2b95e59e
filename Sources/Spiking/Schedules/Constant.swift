import Faults

/// The whole learning rate all the time.
public struct Constant: DeclaredSchedule {
  public init() {}

  public static let declaration = Declaration<Constant>(
    "constant", "A schedule: the whole learning rate all the time.", example: "print(constant()(0.5))   # expect: 1.0")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double { 1 }
}
