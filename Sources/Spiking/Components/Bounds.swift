// What a number may be, for checks and for the messages of those that fail.

/// An interval of finite numbers, whose ends belong to it or not.
public struct Bounds: Sendable {
  public var low: Double?
  public var includesLow = true
  public var high: Double?
  public var includesHigh = true

  public init(low: Double? = nil, includesLow: Bool = true, high: Double? = nil, includesHigh: Bool = true) {
    self.low = low
    self.includesLow = includesLow
    self.high = high
    self.includesHigh = includesHigh
  }

  public static let finite = Bounds()
  public static let positive = Bounds(low: 0, includesLow: false)
  public static let notNegative = Bounds(low: 0)
  public static let share = Bounds(low: 0, high: 1)
  public static let shareBelowOne = Bounds(low: 0, high: 1, includesHigh: false)

  public func contains(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    if let low, includesLow ? value < low : value <= low { return false }
    if let high, includesHigh ? value > high : value >= high { return false }
    return true
  }

  /// What a number must be: "greater than 0", "from 0 to below 1".
  public var text: String {
    func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
    switch (low, high) {
    case (nil, nil): return "finite"
    case (let low?, nil): return includesLow ? "\(number(low)) or more" : "greater than \(number(low))"
    case (nil, let high?): return includesHigh ? "\(number(high)) or less" : "below \(number(high))"
    case (let low?, let high?):
      return (includesLow ? "from " : "above ") + number(low) + (includesHigh ? " to " : " to below ") + number(high)
    }
  }
}
