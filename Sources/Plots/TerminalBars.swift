// Histograms as columns and named numbers as bars, in eighths of a character.

import Texts

private let columnEighths = ["", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
private let barEighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]

extension HistogramPlot {
  /// The same counts in at most `most` ranges: neighbours are added up.
  func merged(most: Int) -> HistogramPlot {
    let group = max(1, (counts.count + max(most, 1) - 1) / max(most, 1))
    if group == 1 { return self }
    let starts = stride(from: 0, to: counts.count, by: group)
    let sums = starts.map { counts[$0..<min($0 + group, counts.count)].reduce(0) { $0.addingReportingOverflow($1).0 } }
    return HistogramPlot(edges: starts.map { edges[$0] } + edges.suffix(1), counts: sums)
  }

  /// Whether there is one more edge than counts and at least one of each.
  var isWellFormed: Bool { !counts.isEmpty && edges.count == counts.count + 1 }
}

extension Figure {
  func histogramGrid(_ plot: HistogramPlot, _ options: TerminalOptions) -> TextGrid {
    if !plot.isWellFormed || plot.counts.allSatisfy({ $0 <= 0 }) { return emptyGrid(options) }
    let merged = plot.merged(most: options.width - 12)
    let highest = Double(max(merged.counts.max() ?? 1, 1))
    let y = Axis(covering: [0, highest], isWhole: true)
    let x = Axis(covering: merged.edges)
    let perBin = max(1, (options.width - y.ticks(4).reduce(0) { max($0, $1.label.count) } - 2) / merged.counts.count)
    let plan = TerminalFrame.Plan(
      yTicks: { y.ticks($0 / 2) }, xTicks: { x.ticks($0 / 10) }, mostColumns: perBin * merged.counts.count)
    var frame = TerminalFrame(self, plan: plan, width: options.width, height: options.height, color: options.color)
    let style = TextStyle(foreground: Palette.terminalSeries(0))
    for (bin, count) in merged.counts.enumerated() where count > 0 {
      let eighths = max(Int((Double(count) / highest * Double(frame.rows * 8)).rounded()), 1)
      let gap = perBin > 2 ? 1 : 0
      for level in 0..<((eighths + 7) / 8) {
        let block = columnEighths[min(eighths - level * 8, 8)]
        frame.grid.put(
          String(repeating: block, count: perBin - gap), row: frame.row + frame.rows - 1 - level,
          column: frame.column + bin * perBin, style: style)
      }
    }
    return frame.grid
  }

  func barsGrid(_ plot: BarPlot, _ options: TerminalOptions) -> TextGrid {
    let bars = plot.textBars(most: options.width / 2)
    if bars.isEmpty { return emptyGrid(options) }
    let nameWidth = bars.map(\.name.displayWidth).max() ?? 0
    let numberWidth = bars.map(\.number.displayWidth).max() ?? 0
    let room = max(options.width - nameWidth - numberWidth - 3, 4)
    let reach = plot.axis(padding: plot.mark == .dot ? 0.03 : 0)
    let above = (title.isEmpty ? 0 : 1)
    let marks = plot.references.map { "┆ \($0.shownName)".withoutControls }
    var grid = TextGrid(width: options.width, height: above + bars.count + (yLabel.isEmpty ? 0 : 1) + marks.count)
    grid.putCentered(title, row: 0, middle: options.width / 2, from: 0, to: options.width, style: .title)
    func cells(_ value: Double) -> Int? { reach.position(value).map { Int((min(max($0, 0), 1) * Double(room)).rounded()) } }
    let zero = plot.mark == .bar ? cells(0) ?? 0 : 0
    let axis = nameWidth + 1 + zero
    for (index, bar) in bars.enumerated() {
      let row = above + index
      grid.put(bar.name, row: row, column: nameWidth - bar.name.displayWidth)
      for reference in plot.references {
        guard let column = cells(reference.value) else { continue }
        grid.put("┆", row: row, column: nameWidth + 1 + column, style: TextStyle(foreground: Palette.terminalReference))
      }
      grid.put("│", row: row, column: axis, style: .axis)
      guard abs(bar.value) <= Span.largest, let end = cells(bar.value) else {
        grid.put(bar.number, row: row, column: axis + 2)
        continue
      }
      let style = TextStyle(foreground: Palette.terminalSeries(plot.series.count == 1 && bar.value < 0 ? 4 : plot.series[bar.series].colour ?? bar.series))
      let whisker = bar.error > 0 ? (low: cells(bar.value - bar.error) ?? 0, high: cells(bar.value + bar.error) ?? end) : nil
      let origin = nameWidth + 1
      if plot.mark == .dot {
        if let whisker { grid.put(strokes(whisker.low, whisker.high), row: row, column: origin + whisker.low, style: style) }
        grid.put("●", row: row, column: origin + end, style: style)
        grid.put(bar.number, row: row, column: origin + max(end, whisker?.high ?? end) + 2)
        continue
      }
      let eighths = Int((abs(bar.value) / reach.span.length * Double(room * 8)).rounded())
      if bar.value < 0 {
        let cells = min((eighths + 4) / 8, zero)
        grid.put(String(repeating: "█", count: cells), row: row, column: axis - cells, style: style)
        if let whisker, origin + whisker.low < axis - cells {
          grid.put("├" + String(repeating: "─", count: axis - cells - origin - whisker.low - 1), row: row, column: origin + whisker.low, style: style)
        }
        grid.put(bar.number, row: row, column: axis + 2)
      } else {
        let blocks = String(repeating: "█", count: eighths / 8) + barEighths[eighths % 8]
        grid.put(blocks, row: row, column: axis + 1, style: style)
        var free = axis + 1 + blocks.displayWidth
        // Of an error that begins inside the bar, the part behind the bar is drawn.
        if let whisker, origin + whisker.high >= free {
          grid.put(String(repeating: "─", count: origin + whisker.high - free) + "┤", row: row, column: free, style: style)
          free = origin + whisker.high + 1
        }
        grid.put(bar.number, row: row, column: free + 1)
      }
    }
    if !yLabel.isEmpty {
      grid.putCentered(
        yLabel, row: above + bars.count, middle: options.width / 2, from: 0, to: options.width, style: .axis)
    }
    for (index, mark) in marks.enumerated() {
      grid.put(mark.clipped(toWidth: options.width), row: grid.height - marks.count + index, column: 0, style: .axis)
    }
    return grid
  }

  /// A stroke with a cap at both ends, from one cell to another.
  private func strokes(_ low: Int, _ high: Int) -> String {
    high > low ? "├" + String(repeating: "─", count: high - low - 1) + "┤" : ""
  }
}

extension BarPlot {
  /// The bars in their order, group by group; in a group of several each is named by its series.
  fileprivate func textBars(most: Int) -> [(name: String, value: Double, error: Double, number: String, series: Int)] {
    (0..<count).flatMap { index in
      series.enumerated().map { place, series in
        let own = series.name.isEmpty ? "\(place)" : series.name
        let name = self.series.count < 2 ? self.name(index) : place == 0 ? "\(self.name(index)) \(own)" : own
        return (
          name.withoutControls.clipped(toWidth: most), value(index, of: series), error(index, of: series),
          label(index, of: series), place
        )
      }
    }
  }
}
