// Numbers as a figure writes them: short, always with a point, whatever the system's language.

import Texts

/// A number with a fixed count of decimals, rounded half away from zero, as tables round it: `-0.3`.
func fixedText(_ value: Double, decimals: Int) -> String {
  guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
  let places = min(max(decimals, 0), 15)
  guard abs(value) * powerOfTen(places) < 9e18 else { return scientificText(value, digits: 6) }
  return roundedText(value, decimals: places)
}

/// A number with an exponent and at most `digits` significant digits: `1.5e6`.
func scientificText(_ value: Double, digits: Int) -> String {
  guard value.isFinite, value != 0 else { return fixedText(value, decimals: 0) }
  var exponent = decimalExponent(value)
  var mantissa = value / powerOfTen(exponent)
  let scale = powerOfTen(max(digits, 1) - 1)
  mantissa = (mantissa * scale).rounded() / scale
  if abs(mantissa) >= 10 {
    mantissa /= 10
    exponent += 1
  }
  return trimZeros(fixedText(mantissa, decimals: max(digits, 1) - 1)) + "e\(exponent)"
}

/// A number with at most `digits` significant digits, in whichever form is shorter to read.
func shortText(_ value: Double, digits: Int = 4) -> String {
  guard value.isFinite, value != 0 else { return fixedText(value, decimals: 0) }
  let exponent = decimalExponent(value)
  if exponent < -4 || exponent > 6 { return scientificText(value, digits: digits) }
  return trimZeros(fixedText(value, decimals: max(0, digits - 1 - exponent)))
}

/// A number and how far it may be off, with as many decimals as the deviation has: `97.7 ± 0.4`. Without a deviation, the
/// number alone.
func shortText(_ value: Double, deviation: Double, digits: Int = 4) -> String {
  guard value.isFinite, let decimals = deviationDecimals([deviation]), decimals <= 6 else {
    return shortText(value, digits: digits) + (deviation.isFinite ? " ± \(shortText(deviation, digits: 2))" : "")
  }
  return "\(fixedText(value, decimals: decimals)) ± \(fixedText(deviation, decimals: decimals))"
}

/// How many decimals the deviations of several numbers deserve: one digit of the largest, two where it begins with a 1, and
/// one more where the smallest needs it. Nil where no deviation is known and above 0.
public func deviationDecimals(_ deviations: [Double]) -> Int? {
  let known = deviations.filter { $0 > 0 && $0.isFinite }
  guard let largest = known.max(), let smallest = known.min() else { return nil }
  func digits(_ deviation: Double) -> Int {
    let exponent = decimalExponent(deviation)
    return deviation / powerOfTen(exponent) < 1.95 ? 1 - exponent : -exponent
  }
  return max(0, digits(largest), min(digits(smallest), digits(largest) + 1))
}

private func trimZeros(_ text: String) -> String {
  guard text.contains(".") else { return text }
  var trimmed = Substring(text)
  while trimmed.last == "0" { trimmed = trimmed.dropLast() }
  if trimmed.last == "." { trimmed = trimmed.dropLast() }
  return String(trimmed)
}

/// The `e` with 10^e <= |value| < 10^(e+1), for a finite value that is not 0; at least -323.
func decimalExponent(_ value: Double) -> Int {
  let magnitude = abs(value)
  var exponent = Int((Double(magnitude.exponent) * 0.30102999566398120).rounded(.down))
  while powerOfTen(exponent + 1) <= magnitude, exponent < 308 { exponent += 1 }
  while powerOfTen(exponent) > magnitude, exponent > -323 { exponent -= 1 }
  return max(exponent, -323)
}

/// 10 to a whole power, as the decimal literal reads; beyond the range of Double 0 or infinity.
func powerOfTen(_ exponent: Int) -> Double {
  if smallPowers.indices.contains(exponent) { return smallPowers[exponent] }
  return Double("1e\(exponent)") ?? (exponent < 0 ? 0 : .infinity)
}

/// The powers that a Double holds exactly.
private let smallPowers: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
]
