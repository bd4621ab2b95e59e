// The numbers of a confusion matrix that every way of drawing it shows.

extension ConfusionPlot {
  /// Classes, as rows or as columns, whichever are more.
  var classes: Int { max(counts.count, counts.map(\.count).max() ?? 0) }

  func name(_ index: Int) -> String { index < classNames.count ? classNames[index] : "\(index)" }

  /// How often the actual class `row` was taken for `column`; 0 where the matrix lacks the place.
  func count(_ row: Int, _ column: Int) -> Int {
    row < counts.count && column < counts[row].count ? max(counts[row][column], 0) : 0
  }

  /// Samples of an actual class.
  func total(_ row: Int) -> Double { (0..<classes).reduce(0) { $0 + Double(count(row, $1)) } }

  /// The parts of a row's samples in each column, all 0 where the row is empty.
  func shares(_ row: Int) -> [Double] {
    let samples = total(row)
    return (0..<classes).map { samples > 0 ? Double(count(row, $0)) / samples : 0 }
  }

  /// The part of a class that was recognised: `97.2%`, or `-` where the class has no samples.
  func recallText(_ row: Int) -> String {
    let samples = total(row)
    return samples > 0 ? fixedText(Double(count(row, row)) / samples * 100, decimals: 1) + "%" : "-"
  }

  /// The part of all samples that was recognised, in words.
  var accuracyText: String {
    let all = (0..<classes).reduce(0) { $0 + total($1) }
    if all == 0 { return "no samples" }
    let right = (0..<classes).reduce(0) { $0 + Double(count($1, $1)) }
    return "accuracy \(fixedText(right / all * 100, decimals: 1))% (\(fixedText(right, decimals: 0))"
      + " of \(fixedText(all, decimals: 0)))"
  }
}
