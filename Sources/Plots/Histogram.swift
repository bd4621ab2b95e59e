// Counting values into ranges of equal width.

extension HistogramPlot {
  /// Counts `values` into `bins` ranges between the smallest and the largest; NaN and infinity are left out.
  ///
  /// Without a number of bins, the rule of Freedman and Diaconis (1981) decides: a width of twice the
  /// interquartile range over the cube root of the count, and between 5 and 60 bins.
  public init(values: [Double], bins: Int? = nil) {
    let finite = values.filter { abs($0) <= Span.largest }.sorted()
    guard let lowest = finite.first, let highest = finite.last else {
      self.init(edges: [0, 1], counts: [0])
      return
    }
    let span = Span(lowest, highest).widenedIfFlat
    let count = min(max(bins ?? Self.usualBins(finite, span: span), 1), 10_000)
    var counts = [Int](repeating: 0, count: count)
    for value in finite {
      let bin = Int(span.fraction(of: value) * Double(count))
      counts[min(max(bin, 0), count - 1)] += 1
    }
    let edges = (0...count).map { span.value(at: Double($0) / Double(count)) }
    self.init(edges: edges, counts: counts)
  }

  private static func usualBins(_ sorted: [Double], span: Span) -> Int {
    let count = sorted.count
    let quartiles = sorted[count * 3 / 4 == count ? count - 1 : count * 3 / 4] - sorted[count / 4]
    let width = 2 * quartiles / cubeRoot(Double(count))
    let ideal = width > 0 ? span.length / width : Double(count).squareRoot()
    return Int(min(max(ideal.rounded(.up), 5), 60))
  }

  private static func cubeRoot(_ value: Double) -> Double {
    var root = max(value, 1)
    for _ in 0..<100 { root -= (root * root * root - value) / (3 * root * root) }
    return root
  }
}
