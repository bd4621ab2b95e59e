// How a number reads when it must be short: in previews, tables and messages.

import Glibc

/// Short decimal texts of numbers.
public enum NumberText {
  /// All digits that tell `value` from its neighbours; the sign of a nan, which means nothing, is left out.
  public static func whole(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    value.isNaN ? "nan" : "\(value)"
  }

  /// `value` with so many significant digits, without trailing zeros, never in a foreign locale:
  /// "0.125", "12.5", "1.2e-07", "nan", "inf".
  public static func significant(_ value: Double, digits: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    let digits = min(max(digits, 1), 17)
    let (mantissa, exponent) = decimal(abs(value), digits: digits)
    let sign = value < 0 ? "-" : ""
    if exponent < -4 || exponent >= max(digits + 2, 6) {
      let head = String(mantissa.prefix(1))
      let tail = trimmed(mantissa.dropFirst())
      let size = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
      return sign + head + (tail.isEmpty ? "" : "." + tail) + "e" + (exponent < 0 ? "-" : "+") + size
    }
    if exponent < 0 {
      return sign + "0." + String(repeating: "0", count: -exponent - 1) + trimmed(mantissa[...])
    }
    if exponent + 1 >= mantissa.count {
      return sign + mantissa + String(repeating: "0", count: exponent + 1 - mantissa.count)
    }
    let tail = trimmed(mantissa.dropFirst(exponent + 1))
    return sign + mantissa.prefix(exponent + 1) + (tail.isEmpty ? "" : "." + tail)
  }

  private static func trimmed(_ digits: Substring) -> String {
    var digits = digits
    while digits.last == "0" { digits.removeLast() }
    return String(digits)
  }

  /// The decimal digits of a positive finite number, rounded, and the power of ten of the first.
  private static func decimal(_ value: Double, digits: Int) -> (String, Int) {
    var exponent = Int(Glibc.floor(Glibc.log10(value)))
    var scaled = scale(value, by: digits - 1 - exponent).rounded()
    let limit = Glibc.pow(10.0, Double(digits))
    if scaled >= limit {
      exponent += 1
      scaled = scale(value, by: digits - 1 - exponent).rounded()
    } else if scaled < limit / 10 {
      exponent -= 1
      scaled = scale(value, by: digits - 1 - exponent).rounded()
    }
    return (String(UInt64(exactly: scaled) ?? 0), exponent)
  }

  /// value * 10^power in two steps, so that neither factor overflows.
  private static func scale(_ value: Double, by power: Int) -> Double {
    let half = power / 2
    return value * Glibc.pow(10.0, Double(half)) * Glibc.pow(10.0, Double(power - half))
  }
}
