// Counting values into ranges of equal width.

import Tensors

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
    var edges = (0...count).map { span.value(at: Double($0) / Double(count)) }
    edges[count] = max(edges[count], highest)
    // Values of a tensor are counted as its own histogram counts them: by edges that are 32-bit floats too.
    let rounded = edges.map { Double(Float($0)) }
    let isSingle = finite.allSatisfy { Double(Float($0)) == $0 }
    if isSingle, zip(rounded, rounded.dropFirst()).allSatisfy(<) { edges = rounded }
    self.init(edges: edges, counts: binCounts(of: finite, edges: edges))
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
