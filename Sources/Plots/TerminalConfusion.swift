// A confusion matrix in a terminal is a table: counts can be read, and the shade shows where to look.

import Texts

extension Figure {
  func confusionGrid(_ plot: ConfusionPlot, _ options: TerminalOptions) -> TextGrid {
    let classes = plot.classes
    if classes == 0 { return emptyGrid(options) }
    let names = (0..<classes).map { plot.name($0).withoutControls }
    let digits = "\(plot.counts.lazy.joined().max() ?? 0)".count
    let nameWidth = max(min(names.map(\.displayWidth).max() ?? 1, options.width / 4), "actual".count)
    let room = (options.width - nameWidth - 1 - 8) / classes
    if room < digits + 1 { return shadedConfusion(plot, options) }
    let cell = min(max(digits, min(nameWidth, 7)) + 2, room)

    let above = title.isEmpty ? 0 : 1
    let tableWidth = nameWidth + 1 + cell * classes + 8
    let left = max(0, (options.width - tableWidth) / 2)
    let first = left + nameWidth + 1
    var grid = TextGrid(width: options.width, height: above + classes + 3)
    grid.putCentered(title, row: 0, middle: options.width / 2, from: 0, to: options.width, style: .title)
    grid.put("actual", row: above + 1, column: left + nameWidth - "actual".count, style: .axis)
    grid.putCentered(
      "predicted", row: above, middle: first + cell * classes / 2, from: 0, to: options.width, style: .axis)
    putRight("recall", row: above + 1, end: first + cell * classes + 8, style: .axis, on: &grid)
    for (index, name) in names.enumerated() {
      let header = name.displayWidth < cell ? name : String(name.clipped(toWidth: cell).dropLast())
      putRight(header, row: above + 1, end: first + cell * (index + 1) - 1, style: .axis, on: &grid)
      let row = above + 2 + index
      putRight(name.clipped(toWidth: nameWidth), row: row, end: left + nameWidth, style: .axis, on: &grid)
      let shares = plot.shares(index)
      for column in 0..<classes {
        let count = plot.count(index, column)
        let text = count == 0 ? "·" : "\(count)"
        let style = shade(shares[column], isRight: index == column, isZero: count == 0)
        let start = first + cell * column
        grid.put(String(repeating: " ", count: cell), row: row, column: start, style: style)
        grid.put(text, row: row, column: start + cell - 1 - text.count, style: style)
      }
      putRight(plot.recallText(index), row: row, end: first + cell * classes + 8, style: .plain, on: &grid)
    }
    putRight(
      plot.accuracyText, row: above + 2 + classes, end: first + cell * classes + 8, style: .plain, on: &grid)
    return grid
  }

  private func putRight(_ text: String, row: Int, end: Int, style: TextStyle, on grid: inout TextGrid) {
    grid.put(text, row: row, column: end - text.displayWidth, style: style)
  }

  /// Blue for what was recognised, orange for what was confused, stronger for larger parts of the class.
  private func shade(_ share: Double, isRight: Bool, isZero: Bool) -> TextStyle {
    if isZero { return .axis }
    let grounds = isRight ? Palette.terminalHits : Palette.terminalMisses
    // Small parts of what went wrong must show too: the root lifts them.
    let strength = isRight ? share : share.squareRoot() * 1.6
    let ground = grounds[min(Int(strength * Double(grounds.count)), grounds.count - 1)]
    return TextStyle(foreground: 231, background: ground, isBold: isRight)
  }

  /// The matrix as a heatmap of each class' parts, for more classes than fit a table.
  private func shadedConfusion(_ plot: ConfusionPlot, _ options: TerminalOptions) -> TextGrid {
    let classes = plot.classes
    let shares = (0..<classes).map { plot.shares($0) }
    let names = (0..<classes).map { plot.name($0) }
    let heading = title.isEmpty ? plot.accuracyText : "\(title): \(plot.accuracyText)"
    let figure = Figure(
      .heatmap(HeatmapPlot(values: shares, rowLabels: names, columnLabels: names)), title: heading,
      xLabel: "predicted", yLabel: "actual")
    return figure.heatmapGrid(HeatmapPlot(values: shares, rowLabels: names, columnLabels: names), options)
  }
}
