// Numbers with a fixed count of decimals, as a person rounds them.

/// A finite number with so many decimals, rounded half away from zero by the shortest decimal text that stands for the number:
/// 2.005 with two decimals is `2.01`, although the binary number lies a little below. A negative number that rounds to nothing
/// has no sign.
public func roundedText(_ value: Double, decimals: Int) -> String {
  let decimals = max(0, decimals)
  var (digits, exponent) = decimalDigits(abs(value))
  // How many digits stand before the point; those that are kept come to an end `decimals` after it.
  let kept = exponent + decimals
  if kept < digits.count {
    let isUp = kept >= 0 && digits[kept] >= 5
    digits = Array(digits.prefix(max(0, kept)))
    if isUp {
      var place = digits.count - 1
      while place >= 0, digits[place] == 9 {
        digits[place] = 0
        place -= 1
      }
      if place >= 0 { digits[place] += 1 } else {
        digits.insert(1, at: 0)
        exponent += 1
      }
    }
  }
  func digit(_ place: Int) -> Character { Character(UnicodeScalar(48 + (digits.indices.contains(place) ? digits[place] : 0))) }
  var text = value < 0 && digits.contains { $0 > 0 } ? "-" : ""
  if exponent > 0 { for place in 0..<exponent { text.append(digit(place)) } } else { text.append("0") }
  if decimals == 0 { return text }
  text.append(".")
  for place in exponent..<exponent + decimals { text.append(digit(place)) }
  return text
}

/// The digits of the shortest decimal text of a finite number that is not negative, and how many of them stand before the
/// point: 0.0025 has the digits 2 and 5, and -2 before it.
private func decimalDigits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
  var digits: [UInt8] = []
  var before: Int?
  let parts = value.description.split(separator: "e", maxSplits: 1)
  for byte in (parts.first ?? "").utf8 {
    if byte == UInt8(ascii: ".") { before = digits.count } else if (48...57).contains(byte) { digits.append(byte - 48) }
  }
  let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
  let zeros = digits.prefix { $0 == 0 }.count
  if zeros == digits.count { return ([], 0) }
  return (Array(digits.dropFirst(zeros)), (before ?? digits.count) + power - zeros)
}
