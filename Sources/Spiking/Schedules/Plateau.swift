import Faults

/// A factor whenever the loss has not become smaller for some epochs.
public struct Plateau: DeclaredSchedule {
  public var factor = 0.5
  public var patience = 5
  public var leastGain = 1e-4
  public var floor = 0.01

  public init() {}

  public static let declaration = Declaration<Plateau>(
    "plateau",
    """
    A schedule: the learning rate is multiplied by a factor whenever the loss has not become smaller for more than
    `patience` epochs. The loss is that on the validation data where `fit` has any, else that of training.
    """,
    [
      .number("factor", \.factor, Bounds(low: 0, includesLow: false, high: 1), "what the learning rate is multiplied by"),
      .integer("patience", \.patience, 0...Int.max, "epochs without a gain that are waited for"),
      .number("gain", \.leastGain, .notNegative, "the share of the best loss that a gain must have"),
      .number("floor", \.floor, .share, "the part of the learning rate below which it does not fall"),
    ],
    example: "print(plateau(patience=3).patience)   # expect: 3")

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    var (result, best, waited) = (1.0, Double.infinity, 0)
    for loss in moment.losses {
      if loss < best - leastGain * abs(best.isFinite ? best : 0) || best == .infinity {
        (best, waited) = (loss, 0)
        continue
      }
      waited += 1
      if waited > patience { (result, waited) = (max(floor, result * factor), 0) }
    }
    return result
  }
}
