// Matrices of any size as pictures of a few cells: what a heatmap shows, whichever way it is drawn.

/// A matrix prepared for drawing: at most so many rows and columns, each value between 0 and 1.
struct HeatmapCells {
  /// Nil where there is no finite value.
  let shades: [[Double?]]
  let lowest: Double
  let highest: Double
  /// Whether values lie on both sides of 0, so that 0 is the middle of the colours.
  let isDiverging: Bool
  /// Whether there is no finite value at all.
  let isEmpty: Bool
  /// Whether some place has no finite value.
  var hasGaps: Bool { shades.contains { $0.contains(nil) } }

  var rows: Int { shades.count }
  var columns: Int { shades.first?.count ?? 0 }

  /// Takes a matrix; blocks of it are averaged where it has more rows or columns than fit. Nil without a column.
  init?(_ plot: HeatmapPlot, mostRows: Int, mostColumns: Int) {
    let rowCount = plot.values.count, columnCount = plot.values.map(\.count).max() ?? 0
    guard rowCount > 0, columnCount > 0 else { return nil }
    let rows = min(rowCount, max(mostRows, 1)), columns = min(columnCount, max(mostColumns, 1))
    var means = [[Double?]](repeating: [Double?](repeating: nil, count: columns), count: rows)
    for row in 0..<rows {
      let sources = (row * rowCount / rows)..<((row + 1) * rowCount / rows)
      for column in 0..<columns {
        let places = (column * columnCount / columns)..<((column + 1) * columnCount / columns)
        means[row][column] = Self.mean(plot.values[sources], places)
      }
    }
    let all = means.joined().compactMap { $0 }
    let low = all.min() ?? 0, high = all.max() ?? 0
    isEmpty = all.isEmpty
    lowest = low
    highest = high
    isDiverging = low < 0 && high > 0
    let reach = max(-low, high)
    let span = isDiverging ? Span(-reach, reach) : Span(low, high)
    shades = means.map { row in
      row.map { value in value.map { span.length > 0 ? span.fraction(of: $0) : 0.5 } }
    }
  }

  private static func mean(_ rows: ArraySlice<[Double]>, _ columns: Range<Int>) -> Double? {
    var sum = 0.0, count = 0
    for row in rows {
      for column in columns where column < row.count && abs(row[column]) <= Span.largest {
        sum += row[column]
        count += 1
      }
    }
    if count == 0 { return nil }
    let mean = sum / Double(count)
    return mean.isFinite ? mean : nil
  }

  /// The colour of a shade.
  func color(_ shade: Double) -> RGB { isDiverging ? Palette.diverging(shade) : Palette.sequential(shade) }
}
