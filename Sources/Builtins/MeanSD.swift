// A mean with its standard deviation as one value: it prints as `97.7 ± 0.4`, tables line it up, plots draw both.

import Faults
import Glibc
import Language
import Machine
import Plots

/// The mean of repeated measurements and how far they lie apart.
struct MeanSDValue: ForeignValue {
  static let typeName = "mean_sd"
  /// The measurements, in base units where they are quantities.
  let values: [Double]
  let dimension: Dimension?
  let unitName: String?
  let mean: Double
  /// The sample's standard deviation, over n - 1; NaN for one measurement, of which nothing can be said.
  let deviation: Double

  init(_ values: [Double], dimension: Dimension? = nil, unitName: String? = nil) {
    self.values = values
    self.dimension = dimension
    self.unitName = unitName
    let moments = Moments(values)
    mean = moments.mean
    deviation = values.count < 2 ? .nan : moments.deviation(over: Double(values.count - 1))
  }

  var summary: String {
    guard let dimension else { return Self.texts([(mean, deviation)])[0] }
    let unit = unitName.flatMap { units[$0] }.map { (name: $0.name, scale: $0.scale) } ?? QuantityText.usualUnit(mean, dimension)
    return "\(Self.texts([(mean / unit.scale, deviation / unit.scale)])[0]) \(unit.name)"
  }

  func text(writing write: (Double) -> String) -> String? {
    guard let dimension else { return Self.joined(write(mean), deviation.isNaN ? nil : write(deviation)) }
    let unit = unitName.flatMap { units[$0] }.map { (name: $0.name, scale: $0.scale) } ?? QuantityText.usualUnit(mean, dimension)
    return Self.joined(write(mean / unit.scale), deviation.isNaN ? nil : write(deviation / unit.scale)) + " \(unit.name)"
  }

  var memberNames: [String] { ["mean", "sd", "n", "sem", "low", "high", "values"] }

  func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "mean": inUnit(mean)
    case "sd": inUnit(deviation)
    case "n": .int(values.count)
    case "sem": inUnit(deviation / Double(values.count).squareRoot())
    case "low": inUnit(values.min() ?? .nan)
    case "high": inUnit(values.max() ?? .nan)
    case "values": .list(values.map(inUnit))
    default: nil
    }
  }

  private func inUnit(_ amount: Double) -> Value { dimension.map { .quantity(amount, $0) } ?? .float(amount) }

  func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? MeanSDValue else { return false }
    return values == other.values && dimension == other.dimension
  }

  /// Means and deviations with one count of decimals, which the deviations decide; where these are too far apart for that,
  /// each pair has its own. A deviation that is NaN is left out.
  static func texts(_ given: [(mean: Double, deviation: Double)]) -> [String] {
    // What the rounding of 64 bits leaves of equal values is no deviation.
    let pairs = given.map { (mean: $0.mean, deviation: $0.deviation <= 1e-13 * abs($0.mean) ? 0 : $0.deviation) }
    let sizes = pairs.map(\.deviation).filter { $0 > 0 && $0.isFinite }
    if let largest = sizes.max(), let smallest = sizes.min(), largest > 100 * smallest { return pairs.flatMap { texts([$0]) } }
    guard let decimals = deviationDecimals(pairs.map(\.deviation)) else {
      let means = TableCells.numbers(pairs.map(\.mean))
      return zip(means, pairs).map { joined($0, $1.deviation.isNaN ? nil : TableCells.text($1.deviation, decimals: 0)) }
    }
    let largest = pairs.map { abs($0.mean) }.filter(\.isFinite).max() ?? 0
    if decimals > 6 || largest >= 1e9 {
      return pairs.map { joined(formatted($0.mean, "g", digits: 4), $0.deviation.isNaN ? nil : formatted($0.deviation, "g", digits: 2)) }
    }
    return pairs.map { pair in
      joined(
        TableCells.text(pair.mean, decimals: decimals),
        pair.deviation.isNaN ? nil : TableCells.text(pair.deviation, decimals: decimals))
    }
  }

  private static func joined(_ mean: String, _ deviation: String?) -> String {
    deviation.map { "\(mean) ± \($0)" } ?? mean
  }
}

let meanSDBuiltin = Builtin(
  "mean_sd", [.required("values", .array | .tuple, "repeated measurements: numbers, or quantities of one dimension")],
  returns: "mean_sd", subject: "numbers",
  """
  The mean of several measurements together with their standard deviation, as one value.

  It prints as `97.7 ± 0.4`; `table` gives a column of them one count of decimals and one unit, and plots draw the mean with \
  an error bar or a band of one standard deviation. The deviation is the sample's, over n - 1, as is usual for a few \
  repetitions (`std` divides by n); of one measurement there is none, and it prints as the number alone. Members: `mean`, \
  `sd`, `n`, `sem` (the standard error, sd / sqrt(n)), `low`, `high`, `values`.
  """,
  example: """
    let accuracy = mean_sd([97.2, 98.1, 97.8])
    print(accuracy, accuracy.n)   # expect: 97.7 ± 0.5 3
    print(mean_sd([2.1uJ, 2.3uJ]))   # expect: 2.20 ± 0.14 uJ
    """
) { (call) throws(Fault) in
  try call.checkPlain(0)
  if let elements = call[0].elements, let first = elements.first(where: { $0.asQuantity != nil })?.asQuantity {
    let quantities = elements.compactMap(\.asQuantity)
    guard quantities.count == elements.count, quantities.allSatisfy({ $0.dimension == first.dimension }) else {
      throw Fault(.unit, "`mean_sd` needs quantities of one dimension, or plain numbers alone", label: "the values are mixed")
    }
    let names = Set(elements.map { $0.unitName ?? "" })
    return .foreign(
      MeanSDValue(quantities.map(\.amount), dimension: first.dimension, unitName: names.count == 1 ? names.first : nil))
  }
  guard let numbers = try call.plotNumbers(of: call[0], 0), numbers.errors == nil else {
    throw call.wrong(0, "must be numbers in one dimension", kind: .shape, help: "found \(call[0].description(of: .kind))")
  }
  if numbers.values.isEmpty { throw call.wrong(0, "is empty, and nothing has no mean") }
  return .foreign(MeanSDValue(numbers.values))
}
