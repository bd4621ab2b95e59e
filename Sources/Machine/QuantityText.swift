import Language

/// Quantities as text: in the unit given, or else in that which keeps the number between 1 and 1000 where there is one.
public enum QuantityText {
  private static let preferred: [(dimension: Dimension, units: [String])] = [
    (.time, ["fs", "ps", "ns", "us", "ms", "s", "min", "h"]), (.frequency, ["Hz", "kHz", "MHz", "GHz"]),
    (.energy, ["fJ", "pJ", "nJ", "uJ", "mJ", "J", "kJ", "MJ"]), (.power, ["pW", "nW", "uW", "mW", "W", "kW", "MW"]),
    (.voltage, ["nV", "uV", "mV", "V", "kV"]), (.current, ["fA", "pA", "nA", "uA", "mA", "A"]),
    (.capacitance, ["fF", "pF", "nF", "uF", "mF", "F"]), (.resistance, ["Ohm", "kOhm", "MOhm", "GOhm"]),
    (.conductance, ["pS", "nS", "uS", "mS", "S"]), (.charge, ["fC", "pC", "nC", "uC", "mC", "C"]),
    (.length, ["nm", "um", "mm", "m", "km"]), (.area, ["mm2"]), (.mass, ["g", "kg"]),
    (.information, ["B", "KiB", "MiB", "GiB"]),
  ]

  public static func text(
    _ amount: Double, _ dimension: Dimension, unit: String? = nil, format: ((Double) -> String)? = nil
  ) -> String {
    let write = format ?? { shortText($0) }
    if let unit, let known = units[unit] { return "\(write(amount / known.scale)) \(unit)" }
    let best = usualUnit(amount, dimension)
    return "\(write(amount / best.scale)) \(best.name)"
  }

  /// The unit in which people would say an amount: its name, and how many base units one of it is.
  public static func usualUnit(_ amount: Double, _ dimension: Dimension) -> (name: String, scale: Double) {
    let usable = usableUnits(dimension)
    if usable.isEmpty { return (dimension.baseUnits, 1) }
    let size = abs(amount)
    let home = usable.first { $0.scale == 1 } ?? usable[0]
    var best = size == 0 || !size.isFinite ? home : usable[0]
    if size > 0, size.isFinite { for unit in usable where size >= unit.scale * 0.9999999999 { best = unit } }
    return best
  }

  /// How many of a unit an amount is, by the fewest digits that give the amount again: 0.3, not 0.30000000000000004.
  public static func exactCount(_ amount: Double, of scale: Double) -> Double {
    let count = amount / scale
    for digits in 15...17 {
      if let rounded = Double(FormatSpecification(precision: digits, type: "g").format(count)), rounded * scale == amount { return rounded }
    }
    return count
  }

  private static func usableUnits(_ dimension: Dimension) -> [(name: String, scale: Double)] {
    if dimension == energyDelay { return energyDelayUnits }
    let choices = preferred.first { $0.dimension == dimension }?.units ?? []
    let scales = choices.compactMap { units[$0] }.map { (name: $0.name, scale: $0.scale) }
    // Minutes and hours read worse than seconds for what this language measures.
    return dimension == .time ? Array(scales.prefix(6)) : scales
  }

  /// The energy-delay product has no unit of its own; joule seconds say more than metres, kilograms and seconds.
  private static let energyDelay = Dimension(metre: 2, kilogram: 1, second: -1)
  private static let energyDelayUnits: [(name: String, scale: Double)] = [
    ("aJ s", 1e-18), ("fJ s", 1e-15), ("pJ s", 1e-12), ("nJ s", 1e-9), ("uJ s", 1e-6), ("mJ s", 1e-3), ("J s", 1),
  ]

  /// At most twelve significant digits, so that 0.3 ms does not print as 0.30000000000000004 ms.
  static func shortText(_ value: Double) -> String {
    if let whole = Int(exactly: value), abs(value) < 1e15 { return "\(whole)" }
    guard value.isFinite, value != 0 else { return floatText(value) }
    var digits = FormatSpecification(precision: 12, type: "g").format(value)
    if digits.contains("."), !digits.contains("e") {
      while digits.hasSuffix("0") { digits.removeLast() }
      if digits.hasSuffix(".") { digits.removeLast() }
    }
    return digits
  }
}
