// What a figure measures, the units in which a chip file may give it, and which values make sense.

/// The kind of a figure's number.
public enum Measure: Sendable {
  /// A whole number of at least 1.
  case count
  /// A whole number of at least 0.
  case bits
  /// Bytes.
  case memory
  /// Joules.
  case energy
  /// Seconds.
  case time
  /// Watts.
  case power

  /// The units, and how many bytes, joules, seconds or watts each is.
  var units: [(name: String, scale: Double)] {
    switch self {
    case .count, .bits: []
    case .memory:
      [("B", 1), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)]
    case .energy:
      [("fJ", 1e-15), ("pJ", 1e-12), ("nJ", 1e-9), ("uJ", 1e-6), ("µJ", 1e-6), ("mJ", 1e-3), ("J", 1)]
    case .time: [("ps", 1e-12), ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1)]
    case .power: [("nW", 1e-9), ("uW", 1e-6), ("µW", 1e-6), ("mW", 1e-3), ("W", 1)]
    }
  }

  /// What is expected, with an example.
  var expectation: String {
    switch self {
    case .count: "a whole number of at least 1, such as 1024"
    case .bits: "a whole number of at least 0, such as 8"
    case .memory: "an amount of memory, such as 128 KiB"
    case .energy: "an energy, such as 23.6 pJ"
    case .time: "a time, such as 3.5 ns"
    case .power: "a power, such as 104 mW"
    }
  }

  /// The number in base units, or what is wrong with the text.
  func value(of text: String) -> Result<Double, Problem> {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.eE_".contains($0)) }
    // "12e" of "12 eV" never comes here, since a unit is set off by a space or begins with another letter.
    guard let number = Double(digits.filter { $0 != "_" }), number.isFinite else { return .failure(.noNumber) }
    let unit = String(text.dropFirst(digits.count).drop { $0 == " " })
    if units.isEmpty, !unit.isEmpty { return .failure(.hasUnit(unit)) }
    guard let scale = units.isEmpty ? 1 : units.first(where: { $0.name == unit })?.scale else {
      return .failure(unit.isEmpty ? .noUnit : .otherUnit(unit))
    }
    return check(number * scale)
  }

  /// The value itself, or why it cannot be one of this measure.
  public func check(_ value: Double) -> Result<Double, Problem> {
    guard value.isFinite else { return .failure(.noNumber) }
    if value < 0 { return .failure(.negative) }
    if value > 1e15 { return .failure(.tooLarge) }
    switch self {
    case .count:
      if value == 0 { return .failure(.zero) }
      return value == value.rounded() ? .success(value) : .failure(.fraction)
    case .bits: return value == value.rounded() ? .success(value) : .failure(.fraction)
    case .memory: return value == 0 ? .failure(.zero) : .success(value)
    case .energy, .time, .power: return .success(value)
    }
  }

  /// Why a text or a number is not a value.
  public enum Problem: Error, Equatable {
    case noNumber, negative, zero, fraction, tooLarge, noUnit
    case hasUnit(String)
    case otherUnit(String)

    /// Ends a sentence that begins with the value.
    public var text: String {
      switch self {
      case .noNumber: "is not a number"
      case .negative: "is negative"
      case .zero: "is zero"
      case .fraction: "is not a whole number"
      case .tooLarge: "is too large"
      case .noUnit: "has no unit"
      case .hasUnit(let unit): "has the unit `\(unit)`"
      case .otherUnit(let unit): "has the unit `\(unit)`"
      }
    }
  }
}
