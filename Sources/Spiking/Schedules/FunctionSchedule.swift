import Faults

/// A factor that a user's function works out.
public struct FunctionSchedule: Schedule {
  public let name: String
  private let function: @Sendable (ScheduleMoment) throws(Fault) -> Double

  public init(_ name: String, _ function: @escaping @Sendable (ScheduleMoment) throws(Fault) -> Double) {
    self.name = name
    self.function = function
  }

  public var settings: [(name: String, value: Setting)] { [] }
  public var callText: String { name }
  public var isSerial: Bool { true }

  /// - Throws: `.value` for a factor that is negative or no number.
  public func factor(at moment: ScheduleMoment) throws(Fault) -> Double {
    let factor = try function(moment)
    guard Bounds.notNegative.contains(factor) else {
      throw Fault(
        .value, "a schedule must give a factor of 0 or more", label: "`\(name)` gave \(factor) in epoch \(moment.epoch)")
    }
    return factor
  }
}
