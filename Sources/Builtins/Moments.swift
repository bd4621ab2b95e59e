// Mean, spread and length of numbers of 64 bits: one reckoning for all who tell them.

import Glibc

/// The middle of numbers, and how far they lie from it.
///
/// Numbers and distances are divided by powers of two while they are squared and added up, so that nothing overflows or
/// vanishes on the way; and the mean is corrected by the mean of the distances from it, so that equal numbers are their own
/// mean, at a distance of exactly 0.
struct Moments {
  private(set) var mean: Double
  /// From the middle, over two to `exponent`.
  private let distances: [Double]
  private let squares: Double
  private let exponent: Int32

  /// - Parameter center: from where distances are taken; nil for the mean.
  init(_ numbers: [Double], around center: Double? = nil) {
    let outer = Self.exponent(of: numbers)
    var scaled = numbers
    Self.scale(&scaled, -outer)
    let count = Double(numbers.count)
    var middle = center ?? 0
    if center == nil {
      middle = scaled.reduce(0, +) / count
      let left = scaled.reduce(0) { $0 + ($1 - middle) } / count
      // Infinite numbers have no distance from their mean.
      if left.isFinite { middle += left }
    }
    mean = scalbn(middle, outer)
    for place in scaled.indices { scaled[place] -= middle }
    let inner = Self.exponent(of: scaled)
    Self.scale(&scaled, -inner)
    distances = scaled
    squares = scaled.reduce(0) { $0 + $1 * $1 }
    exponent = outer + inner
  }

  /// Whole numbers, whose distances are exact also where 64-bit floats hold only some of the numbers.
  init(_ numbers: [Int]) {
    guard let first = numbers.first, numbers.contains(where: { $0.magnitude > 1 << 53 }),
      numbers.allSatisfy({ !$0.subtractingReportingOverflow(first).overflow })
    else {
      self.init(numbers.map(Double.init))
      return
    }
    self.init(numbers.map { Double($0 - first) })
    mean += Double(first)
  }

  /// The sum of the squared distances over a count.
  func variance(over count: Double) -> Double { scalbn(squares / count, 2 * exponent) }
  /// Its root.
  func deviation(over count: Double) -> Double { scalbn((squares / count).squareRoot(), exponent) }

  /// The slopes of the variance over all numbers, by each of them.
  var varianceSlopes: [Double] { distances.map { scalbn(2 * $0 / Double(distances.count), exponent) } }
  /// The slopes of its root times the root of a count. That of equal numbers is the least there is, so that its slopes
  /// are 0.
  func deviationSlopes(over count: Double) -> [Double] {
    let root = (squares * count).squareRoot()
    return distances.map { squares == 0 ? 0 : $0 / root }
  }

  /// Multiplies numbers by a power of two.
  private static func scale(_ numbers: inout [Double], _ exponent: Int32) {
    if exponent == 0 { return }
    // A product takes a tenth of the time; a factor beyond the range of normal numbers would not be one.
    let factor = scalbn(1, exponent)
    if factor.isNormal {
      for place in numbers.indices { numbers[place] *= factor }
    } else {
      for place in numbers.indices { numbers[place] = scalbn(numbers[place], exponent) }
    }
  }

  /// The power of two that the largest of some numbers has; 0 where there is none.
  private static func exponent(of numbers: [Double]) -> Int32 {
    let largest = numbers.reduce(0) { max($0, $1.magnitude) }
    return largest > 0 && largest.isFinite ? Int32(clamping: largest.exponent) : 0
  }
}
