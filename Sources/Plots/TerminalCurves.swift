// Lines and points in a terminal.

import Faults

extension CurvePlot {
  /// Axes that cover every point that both of them can show, and the reference lines.
  func axes() -> (x: Axis, y: Axis) {
    let xPadding = drawsLines ? 0 : 0.04
    var places: [Double] = [], heights: [Double] = []
    var isWhole = true
    for series in series {
      var low = (x: Double.infinity, y: Double.infinity), high = (x: -Double.infinity, y: -Double.infinity)
      series.forEachPoint { _, point in
        guard isDrawable(point.x, xScale), isDrawable(point.y, yScale) else { return }
        low = (min(low.x, point.x), min(low.y, point.y))
        high = (max(high.x, point.x), max(high.y, point.y))
        if point.x.rounded() != point.x { isWhole = false }
      }
      places += [low.x, high.x]
      heights += [low.y, high.y]
    }
    let errors = errorEnds()
    let x = Axis(covering: places + errors.x + xCovered, scale: xScale, padding: xPadding, isWhole: isWhole)
    let ends = heights + errors.y + references.map(\.value) + yCovered
    return (x, Axis(covering: ends, scale: yScale, padding: 0.05))
  }

  /// Where the errors of all points end.
  private func errorEnds() -> (x: [Double], y: [Double]) {
    var x: [Double] = [], y: [Double] = []
    for series in series where series.xErrors != nil || series.yErrors != nil {
      series.forEachPoint { index, point in
        let (dx, dy) = (series.xError(index), series.yError(index))
        if dx > 0 { x += [point.x - dx, point.x + dx] }
        if dy > 0 { y += [point.y - dy, point.y + dy] }
      }
    }
    return (x, y)
  }

  /// Both ends of the errors of a series' points in fractions of the axes; what a logarithmic axis cannot show begins at
  /// its low end.
  func whiskers(_ series: Series, _ x: Axis, _ y: Axis) -> [Whisker] {
    var whiskers: [Whisker] = []
    if series.xErrors == nil, series.yErrors == nil { return [] }
    series.forEachPoint { index, point in
      let (dx, dy) = (series.xError(index), series.yError(index))
      guard dx > 0 || dy > 0, let px = x.position(point.x), let py = y.position(point.y) else { return }
      func ends(_ axis: Axis, _ value: Double, _ error: Double) -> (low: Double, high: Double)? {
        error > 0 ? axis.position(value + error).map { (max(axis.position(value - error) ?? 0, 0), $0) } : nil
      }
      whiskers.append(Whisker(x: px, y: py, across: ends(x, point.x, dx), upright: ends(y, point.y, dy)))
    }
    return whiskers
  }

  private func isDrawable(_ value: Double, _ scale: AxisScale) -> Bool {
    abs(value) <= Span.largest && (scale == .linear || value > 0)
  }

  /// The runs of neighbouring points that can be drawn, as fractions of both axes.
  func runs(_ series: Series, _ x: Axis, _ y: Axis) -> [[(x: Double, y: Double)]] {
    var runs: [[(x: Double, y: Double)]] = []
    var run: [(x: Double, y: Double)] = []
    series.forEachPoint { _, point in
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

  /// The corners of a line that holds each value until the next.
  static func stepped<Number>(_ places: [(x: Number, y: Number)]) -> [(x: Number, y: Number)] {
    var corners = Array(places.prefix(1))
    for (before, next) in zip(places, places.dropFirst()) { corners += [(x: next.x, y: before.y), next] }
    return corners
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

/// How far a point may be off, in fractions of both axes.
struct Whisker {
  var x: Double
  var y: Double
  var across: (low: Double, high: Double)?
  var upright: (low: Double, high: Double)?
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
      let color = Palette.terminalSeries(series.colour ?? index)
      let pattern = options.color ? DashPattern.solid : DashPattern.series(index)
      let usesCells = drawsCells(plot, series, columns: frame.columns)
      var phase = 0
      for run in plot.runs(series, x, y) {
        if Interrupt.isRequested { break }
        let dots = run.map { (x: canvas.dotColumn($0.x), y: canvas.dotRow($0.y)) }
        if plot.drawsLines || series.isJoined {
          let corners = plot.isStepped ? CurvePlot.stepped(dots) : dots
          try? Interrupt.parts(corners.count - 1) { part in
            for index in part where corners[index] != corners[index + 1] {
              canvas.line(from: corners[index], to: corners[index + 1], color: color, pattern: pattern, phase: &phase)
            }
          }
        }
        for dot in dots where usesCells || dots.count == 1 {
          marks.append((dot.x / 2, dot.y / 4, Self.markers[index % Self.markers.count], color))
        }
        if !plot.drawsLines, !usesCells { for dot in dots { canvas.dot(dot.x, dot.y, color: color) } }
      }
      drawWhiskers(plot.whiskers(series, x, y), on: &canvas, color: color)
    }
    for shade in plot.shades {
      guard let low = x.position(shade.low), let high = x.position(shade.high), low < 1, high > 0 else { continue }
      let (first, last) = (canvas.dotColumn(max(low, 0)) / 2, canvas.dotColumn(min(high, 1)) / 2)
      for row in 0..<frame.rows {
        frame.grid.put(
          String(repeating: "░", count: max(last - first, 1)), row: frame.row + row, column: frame.column + first, style: .axis)
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

  /// Errors as dotted strokes through their points; where these stand too close for that, only the ends.
  private func drawWhiskers(_ whiskers: [Whisker], on canvas: inout BrailleCanvas, color: UInt8) {
    let areClose = whiskers.count * 3 > canvas.columns
    for whisker in whiskers {
      let (column, row) = (canvas.dotColumn(whisker.x), canvas.dotRow(whisker.y))
      var phase = 0
      if let across = whisker.across {
        canvas.line(
          from: (canvas.dotColumn(across.low), row), to: (canvas.dotColumn(across.high), row), color: color,
          pattern: .reference, phase: &phase)
      }
      guard let upright = whisker.upright else { continue }
      let (low, high) = (canvas.dotRow(upright.low), canvas.dotRow(upright.high))
      if areClose {
        canvas.dot(column, low, color: color)
        canvas.dot(column, high, color: color)
      } else {
        canvas.line(from: (column, low), to: (column, high), color: color, pattern: .reference, phase: &phase)
      }
    }
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
      return LegendEntry(sample: sample, name: name, color: Palette.terminalSeries(plot.series[index].colour ?? index))
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
