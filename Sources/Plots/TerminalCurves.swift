// Lines and points in a terminal.

extension CurvePlot {
  /// Axes that cover every point that both of them can show, and the reference lines.
  func axes() -> (x: Axis, y: Axis) {
    let xPadding = drawsLines ? 0 : 0.04
    let shown = series.map { series in
      (0..<series.count).lazy.map { series.point($0) }.filter { isDrawable($0.x, xScale) && isDrawable($0.y, yScale) }
    }
    let places = shown.lazy.joined().lazy.map(\.x)
    let isWhole = series.allSatisfy { $0.x == nil } || places.allSatisfy { $0.rounded() == $0 }
    let x = Axis(covering: places, scale: xScale, padding: xPadding, isWhole: isWhole)
    let heights = shown.map { $0.map(\.y) }
    let lowest = heights.lazy.joined().min(), highest = heights.lazy.joined().max()
    let ends = [lowest, highest].compactMap { $0 } + references.map(\.value)
    return (x, Axis(covering: ends, scale: yScale, padding: 0.05))
  }

  private func isDrawable(_ value: Double, _ scale: AxisScale) -> Bool {
    abs(value) <= Span.largest && (scale == .linear || value > 0)
  }

  /// The runs of neighbouring points that can be drawn, as fractions of both axes.
  func runs(_ series: Series, _ x: Axis, _ y: Axis) -> [[(x: Double, y: Double)]] {
    var runs: [[(x: Double, y: Double)]] = []
    var run: [(x: Double, y: Double)] = []
    for index in 0..<series.count {
      let point = series.point(index)
      if let px = x.position(point.x), let py = y.position(point.y) {
        run.append((px, py))
      } else if !run.isEmpty {
        runs.append(run)
        run = []
      }
    }
    if !run.isEmpty { runs.append(run) }
    return runs
  }

  /// The positions and names of the series in the legend: those with a name, or all by number where several have none.
  var legendNames: [(index: Int, name: String)] {
    if series.count <= 1 || series.allSatisfy(\.name.isEmpty) {
      return series.enumerated().filter { !$0.element.name.isEmpty }.map { ($0.offset, $0.element.name) }
    }
    return series.enumerated().map { ($0.offset, $0.element.name.isEmpty ? "\($0.offset)" : $0.element.name) }
  }

  /// The reference lines' names, or their values where they have none.
  var referenceNames: [String] { references.map(\.shownName) }
}

extension ReferenceLine {
  var shownName: String { name.isEmpty ? shortText(value) : name }
}

extension Figure {
  private static let markers = ["•", "+", "×", "o", "*", "#"]

  func curvesGrid(_ plot: CurvePlot, _ options: TerminalOptions) -> TextGrid {
    if plot.series.allSatisfy({ $0.count == 0 }) && plot.references.isEmpty { return emptyGrid(options) }
    let (x, y) = plot.axes()
    let plan = TerminalFrame.Plan(
      yTicks: { y.ticks($0 / 2) }, xTicks: { x.ticks($0 / 10) }, legend: legend(plot, options))
    var frame = TerminalFrame(self, plan: plan, width: options.width, height: options.height, color: options.color)
    var canvas = BrailleCanvas(columns: frame.columns, rows: frame.rows)

    for reference in plot.references {
      guard let place = y.position(reference.value) else { continue }
      var phase = 0
      let row = canvas.dotRow(place)
      canvas.line(
        from: (0, row), to: (canvas.dotColumns - 1, row), color: Palette.terminalReference, pattern: .reference,
        phase: &phase)
    }
    var marks: [(column: Int, row: Int, text: String, color: UInt8)] = []
    for (index, series) in plot.series.enumerated() {
      let color = Palette.terminalSeries(index)
      let pattern = options.color ? DashPattern.solid : DashPattern.series(index)
      let usesCells = drawsCells(plot, series, columns: frame.columns)
      var phase = 0
      for run in plot.runs(series, x, y) {
        let dots = run.map { (x: canvas.dotColumn($0.x), y: canvas.dotRow($0.y)) }
        if plot.drawsLines {
          for (start, end) in zip(dots, dots.dropFirst()) where start != end {
            canvas.line(from: start, to: end, color: color, pattern: pattern, phase: &phase)
          }
        }
        for dot in dots where usesCells || dots.count == 1 {
          marks.append((dot.x / 2, dot.y / 4, Self.markers[index % Self.markers.count], color))
        }
        if !plot.drawsLines, !usesCells { for dot in dots { canvas.dot(dot.x, dot.y, color: color) } }
      }
    }
    canvas.draw(on: &frame.grid, row: frame.row, column: frame.column)
    for mark in marks {
      frame.grid.put(
        mark.text, row: frame.row + mark.row, column: frame.column + mark.column,
        style: TextStyle(foreground: mark.color))
    }
    return frame.grid
  }

  /// Whether points become characters: always where they are few, else only to tell series apart.
  private func drawsCells(_ plot: CurvePlot, _ series: Series, columns: Int) -> Bool {
    if plot.drawsLines { return plot.drawsMarkers && series.count * 2 <= columns }
    return series.count <= 200 || plot.series.count > 1
  }

  private func legend(_ plot: CurvePlot, _ options: TerminalOptions) -> [LegendEntry] {
    let lines = plot.legendNames.map { index, name in
      let sample =
        plot.drawsLines
        ? dashSample(options.color ? .solid : .series(index)) : Self.markers[index % Self.markers.count]
      return LegendEntry(sample: sample, name: name, color: Palette.terminalSeries(index))
    }
    return lines
      + plot.referenceNames.map {
        LegendEntry(sample: dashSample(.reference), name: $0, color: Palette.terminalReference)
      }
  }

  /// Three cells of a line with a pattern.
  private func dashSample(_ pattern: DashPattern) -> String {
    var text = ""
    for cell in 0..<3 {
      let left: UInt32 = pattern.shows(cell * 2) ? 0x04 : 0, right: UInt32 = pattern.shows(cell * 2 + 1) ? 0x20 : 0
      if let scalar = Unicode.Scalar(0x2800 + left + right) { text.unicodeScalars.append(scalar) }
    }
    return text
  }
}
