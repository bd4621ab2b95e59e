// A column of values as text that can be compared at a glance: one unit, one number of digits.

import Language
import Machine
import Texts

/// One column's heading and cells; a value that is nil is missing.
struct TableCells {
  var header: String
  var cells: [TextTable.Cell]

  /// Writes the values, borrowed, of one column. With `ownUnits` every quantity keeps a unit beside it, as in a table
  /// of one thing's figures, whose rows have little in common.
  init(_ header: String, _ values: [Value?], ownUnits: Bool = false) {
    self.header = header
    let values = values.map { $0?.plain }
    let present = values.compactMap { $0 }.filter { !$0.isNil }
    if !ownUnits, let (unit, texts) = Self.means(present) {
      if let unit { self.header = "\(header) (\(unit))" }
      cells = Self.spread(texts, over: values)
    } else if !ownUnits, let (unit, amounts) = Self.inOneUnit(present) {
      self.header = "\(header) (\(unit))"
      cells = Self.spread(Self.numbers(amounts), over: values)
    } else if !ownUnits, present.contains(where: { $0.tag == .float }),
      present.allSatisfy({ $0.asNumber != nil })
    {
      cells = Self.spread(Self.numbers(present.compactMap(\.asNumber)), over: values)
    } else if !ownUnits, present.allSatisfy({ $0.tag == .int }) {
      cells = Self.spread(Self.whole(present.compactMap(\.asInt)), over: values)
    } else {
      cells = values.map { value in value.map { $0.isNil ? .missing : tableCell($0) } ?? .missing }
    }
  }

  /// The texts in the places of the values that there are.
  private static func spread(_ texts: [String], over values: [Value?]) -> [TextTable.Cell] {
    var rest = texts[...]
    return values.map { value in
      guard let value, !value.isNil, let text = rest.popFirst() else { return .missing }
      return TextTable.Cell(text: text, isNumber: true)
    }
  }

  /// Means with their deviations, and plain values among them, with one count of decimals and in one unit; nil where there
  /// is no mean, or something else beside them.
  private static func means(_ values: [Value]) -> (unit: String?, texts: [String])? {
    guard values.contains(where: { $0.asForeign(MeanSDValue.self) != nil }) else { return nil }
    var pairs: [(mean: Double, deviation: Double)] = []
    var dimensions: [Dimension?] = [], names: Set<String> = []
    for value in values {
      if let mean = value.asForeign(MeanSDValue.self) {
        pairs.append((mean.mean, mean.deviation))
        dimensions.append(mean.dimension)
        names.insert(mean.unitName ?? "")
      } else if let number = value.asNumber {
        pairs.append((number, .nan))
        dimensions.append(nil)
      } else if let quantity = value.asQuantity {
        pairs.append((quantity.amount, .nan))
        dimensions.append(quantity.dimension)
        names.insert(value.unitName ?? "")
      } else {
        return nil
      }
    }
    guard let first = dimensions.first, dimensions.allSatisfy({ $0 == first }) else { return nil }
    guard let dimension = first else { return (nil, MeanSDValue.texts(pairs)) }
    let known = names.count == 1 ? names.first.flatMap { units[$0] } : nil
    guard let unit = known.map({ (name: $0.name, scale: $0.scale) }) ?? commonUnit(pairs.map(\.mean), dimension) else { return nil }
    return (unit.name, MeanSDValue.texts(pairs.map { ($0.mean / unit.scale, $0.deviation / unit.scale) }))
  }

  /// Ints, with commas where one is long.
  static func whole(_ numbers: [Int]) -> [String] {
    let isLong = numbers.contains { $0.magnitude >= 10_000 }
    return numbers.map { isLong ? groupedDigits($0) : String($0) }
  }

  /// Quantities of one dimension as amounts of one unit; nil for anything else, and where sizes differ so much that
  /// no unit suits all.
  private static func inOneUnit(_ values: [Value]) -> (unit: String, amounts: [Double])? {
    let quantities = values.compactMap(\.asQuantity)
    guard let first = quantities.first, quantities.count == values.count,
      quantities.allSatisfy({ $0.dimension == first.dimension })
    else { return nil }
    let names = Set(values.map { $0.unitName ?? "" })
    if names.count == 1, let name = names.first, let unit = units[name] {
      return (name, quantities.map { $0.amount / unit.scale })
    }
    guard let unit = commonUnit(quantities.map(\.amount), first.dimension) else { return nil }
    return (unit.name, quantities.map { $0.amount / unit.scale })
  }

  /// The unit that suits all of some amounts; nil where they are too far apart for that.
  private static func commonUnit(_ amounts: [Double], _ dimension: Dimension) -> (name: String, scale: Double)? {
    let sizes = amounts.map { abs($0) }.filter { $0 > 0 && $0.isFinite }
    let largest = sizes.max() ?? 0, smallest = sizes.min() ?? 0
    if largest > smallest * 10_000 { return nil }
    return QuantityText.usualUnit(largest > smallest * 1000 ? smallest * 100 : largest, dimension)
  }

  /// Numbers with one count of decimals: four significant digits of the largest, two of the smallest. Where they are
  /// too far apart for that, each has four digits of its own.
  static func numbers(_ values: [Double]) -> [String] {
    let sizes = values.map { abs($0) }.filter { $0 > 0 && $0.isFinite }
    guard let largest = sizes.max(), let smallest = sizes.min() else { return values.map { text($0, decimals: 0) } }
    if largest < 1e15, values.allSatisfy({ $0.isFinite && $0 == $0.rounded() }) {
      return whole(values.map { Int($0) })
    }
    let high = exponent(largest), low = exponent(smallest)
    if high > 8 || low < -6 || high - low > 5 { return values.map { $0 == 0 ? "0" : formatted($0, "g", digits: 4) } }
    var decimals = max(0, 3 - high, 1 - low)
    // Zeros that all numbers end with say nothing.
    while decimals > 0, values.allSatisfy({ !$0.isFinite || roundedText($0, decimals: decimals).hasSuffix("0") }) {
      decimals -= 1
    }
    return values.map { text($0, decimals: decimals) }
  }

  static func text(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return floatText(value) }
    return decimals == 0 && abs(value) >= 10_000 && abs(value) < 1e15
      ? groupedDigits(Int(value.rounded())) : roundedText(value, decimals: decimals)
  }

  /// The power of ten of a finite number that is not 0, as it is when rounded to four digits.
  private static func exponent(_ value: Double) -> Int {
    let text = formatted(value, "e", digits: 3)
    return text.split(separator: "e").last.flatMap { Int($0) } ?? 0
  }
}

/// One value alone: numbers have at most four significant digits.
func tableCell(_ value: Value) -> TextTable.Cell {
  let value = value.plain
  switch value.tag {
  case .float:
    return TextTable.Cell(text: TableCells.numbers([value.asNumber ?? .nan])[0], isNumber: true)
  case .int: return TextTable.Cell(text: TableCells.whole([value.asInt ?? 0])[0], isNumber: true)
  case .quantity:
    guard let quantity = value.asQuantity else { break }
    let text = QuantityText.text(quantity.amount, quantity.dimension, unit: value.unitName) {
      TableCells.numbers([$0])[0]
    }
    return TextTable.Cell(text: text, isNumber: true)
  case .tensor, .spikes: return TextTable.Cell(text: value.description(of: .kind), isNumber: false)
  case .foreign:
    let isNumber = value.asForeign(MeanSDValue.self) != nil
    return TextTable.Cell(text: value.asForeign?.summary ?? "", isNumber: isNumber)
  default: break
  }
  let text = value.description(of: .plain)
  if ["—", "–", "-"].contains(text) { return .missing }
  return TextTable.Cell(text: text.count > 200 ? text.prefix(199) + "…" : text, isNumber: looksLikeNumber(text))
}

/// Whether a text is a number with a sign before it or a unit behind it, as in "98.6 %", "4.7x" or "≈ 3 mJ", or a
/// range as in "91 to 96 %".
private func looksLikeNumber(_ text: String) -> Bool {
  var rest = Substring(text)
  if let to = firstRange(of: " to ", in: text), isNumber(rest[..<to.lowerBound]) { rest = rest[to.upperBound...] }
  return isNumber(rest)
}

private func isNumber(_ text: Substring) -> Bool {
  let rest = text.drop { "+-−±≈~<>≤≥ ".contains($0) }
  let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
  if !digits.contains(where: { $0.isNumber }) { return false }
  let unit = rest.dropFirst(digits.count)
  return unit.count <= 5 && !unit.dropFirst().contains(" ")
}
