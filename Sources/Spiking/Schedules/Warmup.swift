import Faults
import Tensors

/// A straight rise over the first epochs, and then another schedule for the rest.
public struct Warmup: Schedule {
  public let name = "warmup"
  public var epochs: Double
  public var then: any Schedule

  /// - Throws: `.value` for a number of epochs that is none.
  public init(epochs: Double, then: any Schedule = Constant()) throws(Fault) {
    guard Bounds.notNegative.contains(epochs) else {
      throw Fault(.value, "`epochs` of `warmup` must be 0 or more", label: "epochs is \(NumberText.whole(epochs))")
    }
    self.epochs = epochs
    self.then = then
  }

  public var settings: [(name: String, value: Setting)] { [("epochs", .number(epochs)), ("then", .text(then.callText))] }
  public var isSerial: Bool { then.isSerial }
  public var callText: String { "warmup(epochs=\(Setting.number(epochs).description), then=\(then.callText))" }

  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    let steps = epochs * Double(moment.stepsInEpoch)
    if Double(moment.step) < steps { return Double(moment.step + 1) / (steps + 1) }
    return try then.factor(at: moment.after(Int(steps.rounded(.up))))
  }
}
