// What surrounds the data in an SVG figure: ground, title, axes with ticks and grid, labels and legend.

/// The place for the data inside a picture, with y downwards as SVG counts.
struct SVGFrame {
  var writer = SVGWriter()
  let width: Double
  let height: Double
  let left: Double
  let top: Double
  let plotWidth: Double
  let plotHeight: Double

  /// One entry of a legend.
  struct Entry {
    enum Mark { case line(String, dash: String?), square(String), dot(String) }
    var mark: Mark
    var name: String
  }

  /// What a figure's content says about its frame.
  struct Plan {
    /// Ticks for about a number of labels; y positions count from the bottom.
    var xTicks: (_ count: Int) -> [Tick] = { _ in [] }
    var yTicks: (_ count: Int) -> [Tick] = { _ in [] }
    var legend: [Entry] = []
    var hasGrid = true
    /// Whether the ticks name things rather than places on a scale: they get no tick marks.
    var namesX = false
    var namesY = false
    /// The ratio of width to height that the data want, such as 1 for square cells.
    var aspect: Double?
    /// Room on the right and above for what the content draws there.
    var right = 0.0
    var above = 0.0
    /// How many columns of text a label of the y axis may take.
    var yLabelWidth = 24
  }

  /// The least room at the left of an axis with labels: four digits and a title.
  private static let leastLeft = 66.0

  /// Lays out a picture and draws everything but the data.
  init(_ figure: Figure, plan: Plan, width: Double, height: Double) {
    let legend = Self.legendLines(plan.legend, width: width - 40)
    let titleHeight = Self.titleHeight(figure, width: width)
    let top = 14 + titleHeight + Double(legend.count) * 20 + plan.above
    let yTicks = plan.yTicks(max(3, Int((height - top - 50) / 45)))
    let yLabels = yTicks.map { $0.label.clipped(toWidth: plan.yLabelWidth) }
    let labelRoom = (yLabels.map { SVGWriter.width($0) }.max() ?? 0) + 14
    // Figures of one page stand below each other: with a common least margin their axes begin at the same place.
    let yWords = SVGWriter.lines(figure.yLabel, columns: Int((height - top / 2 - 44) / 6.6))
    let left = max(labelRoom + (yWords.isEmpty ? 6 : 9 + 15 * Double(yWords.count)), yTicks.isEmpty ? 0 : Self.leastLeft)
    let fullWidth = max(width - left - 18 - plan.right, 20)
    let draftTicks = plan.xTicks(max(2, Int(fullWidth / 75)))
    let longest = draftTicks.map { SVGWriter.width($0.label.clipped(toWidth: 24)) }.max() ?? 0
    let isSlanted = plan.namesX && longest + 8 > fullWidth / Double(max(draftTicks.count, 1))
    let labelHeight = isSlanted ? min(longest * 0.72 + 16, height / 3) : 22
    let xLabels = SVGWriter.lines(figure.xLabel, columns: Int(width / 6.8))
    let bottom = labelHeight + 6 + Double(xLabels.count) * 16
    let fullHeight = max(height - top - bottom, 20)

    var plotWidth = fullWidth, plotHeight = fullHeight
    if let aspect = plan.aspect, aspect > 0 {
      plotWidth = max(min(fullWidth, fullHeight * aspect), fullWidth / 8)
      plotHeight = max(min(fullHeight, fullWidth / aspect), fullHeight / 8)
    }
    self.width = width
    self.height = height - (fullHeight - plotHeight)
    self.left = left + (fullWidth - plotWidth) / 2
    self.top = top
    self.plotWidth = plotWidth
    self.plotHeight = plotHeight

    writer.rectangle(0, 0, width, self.height, [("class", "ne-ground")])
    let middle = self.left + plotWidth / 2
    drawTitle(figure)
    drawLegend(legend, y: 18 + titleHeight)
    drawYAxis(yTicks, plan)
    drawXAxis(draftTicks, plan, isSlanted: isSlanted)
    for (index, line) in xLabels.enumerated() {
      // A long line would leave the picture where the plot stands at its side.
      let half = SVGWriter.width(line) / 2 + 2
      writer.text(
        line,
        [
          ("class", "ne-soft"), ("x", SVGWriter.number(max(half, min(middle, width - half)))),
          ("y", SVGWriter.number(top + plotHeight + labelHeight + 14 + Double(index) * 16)), ("text-anchor", "middle"),
        ])
    }
    for (index, line) in yWords.enumerated() {
      let x = SVGWriter.number(max(self.left - labelRoom - 6 - 15 * Double(yWords.count - 1 - index), 14 + 15 * Double(index)))
      let half = SVGWriter.width(line) / 2
      // What is longer than the plot reaches into the room of the title, not out of the picture.
      let y = SVGWriter.number(min(top + plotHeight / 2, max(self.height - half - 4, half + 4)))
      writer.text(
        line,
        [
          ("class", "ne-soft"), ("x", x), ("y", y), ("text-anchor", "middle"), ("transform", "rotate(-90 \(x) \(y))"),
        ])
    }
  }

  /// A picture without axes: its ground and its title.
  init(bare figure: Figure, width: Double, height: Double) {
    self.width = width
    self.height = height
    (left, top, plotWidth, plotHeight) = (0, 0, width, height)
    writer.rectangle(0, 0, width, height, [("class", "ne-ground")])
    drawTitle(figure)
  }

  /// The lines of a title, as many as it needs at this width.
  private static func titleLines(_ figure: Figure, width: Double) -> [String] {
    SVGWriter.lines(figure.title, columns: Int(width / 8.5))
  }

  /// What a title takes above the rest.
  static func titleHeight(_ figure: Figure, width: Double) -> Double {
    let count = titleLines(figure, width: width).count
    return count == 0 ? 0 : 5 + 19 * Double(count)
  }

  private mutating func drawTitle(_ figure: Figure) {
    for (index, line) in Self.titleLines(figure, width: width).enumerated() {
      writer.text(
        line,
        [
          ("class", "ne-title"), ("x", SVGWriter.number(width / 2)), ("y", SVGWriter.number(25 + 19 * Double(index))),
          ("text-anchor", "middle"),
        ])
    }
  }

  /// The horizontal place of a fraction of the x axis.
  func x(_ fraction: Double) -> Double { left + fraction * plotWidth }

  /// The vertical place of a fraction of the y axis, 0 at the bottom.
  func y(_ fraction: Double) -> Double { top + (1 - fraction) * plotHeight }

  private mutating func drawYAxis(_ ticks: [Tick], _ plan: Plan) {
    for tick in ticks {
      let place = y(tick.position)
      if plan.hasGrid, !plan.namesY { writer.line(left, place, left + plotWidth, place, style: "ne-grid") }
      if !plan.namesY { writer.line(left - 4, place, left, place, style: "ne-axis") }
      writer.text(
        tick.label.clipped(toWidth: plan.yLabelWidth),
        [
          ("class", "ne-soft"), ("x", SVGWriter.number(left - 8)), ("y", SVGWriter.number(place + 4)),
          ("text-anchor", "end"),
        ])
    }
    writer.line(left, top, left, top + plotHeight, style: "ne-axis")
  }

  private mutating func drawXAxis(_ ticks: [Tick], _ plan: Plan, isSlanted: Bool) {
    let bottom = top + plotHeight
    for tick in ticks {
      let place = x(tick.position)
      if plan.hasGrid, !plan.namesX { writer.line(place, top, place, bottom, style: "ne-grid") }
      if !plan.namesX { writer.line(place, bottom, place, bottom + 4, style: "ne-axis") }
      let label = tick.label.clipped(toWidth: 24)
      if isSlanted {
        let px = SVGWriter.number(place + 4), py = SVGWriter.number(bottom + 14)
        writer.text(
          label,
          [
            ("class", "ne-soft"), ("x", px), ("y", py), ("text-anchor", "end"),
            ("transform", "rotate(-45 \(px) \(py))"),
          ])
      } else {
        writer.text(
          label,
          [
            ("class", "ne-soft"), ("x", SVGWriter.number(place)), ("y", SVGWriter.number(bottom + 18)),
            ("text-anchor", "middle"),
          ])
      }
    }
    writer.line(left, bottom, left + plotWidth, bottom, style: "ne-axis")
  }

  private mutating func drawLegend(_ lines: [[Entry]], y first: Double) {
    for (index, line) in lines.enumerated() {
      let y = first + Double(index) * 20
      var place = (width - Self.legendWidth(line)) / 2
      for entry in line {
        switch entry.mark {
        case .line(let style, let dash):
          let path = "M\(SVGWriter.number(place)) \(SVGWriter.number(y))h20"
          writer.element("path", [("class", style), ("d", path)] + (dash.map { [("stroke-dasharray", $0)] } ?? []))
        case .square(let style): writer.rectangle(place + 5, y - 5, 10, 10, [("class", style)])
        case .dot(let style):
          writer.element(
            "circle",
            [("class", style), ("cx", SVGWriter.number(place + 10)), ("cy", SVGWriter.number(y)), ("r", "4")])
        }
        writer.text(entry.name, [("x", SVGWriter.number(place + 26)), ("y", SVGWriter.number(y + 4))])
        place += 26 + SVGWriter.width(entry.name) + 18
      }
    }
  }

  private static func legendWidth(_ line: [Entry]) -> Double {
    line.reduce(-18) { $0 + 44 + SVGWriter.width($1.name) }
  }

  static func legendLines(_ entries: [Entry], width: Double) -> [[Entry]] {
    var lines: [[Entry]] = []
    for entry in entries.prefix(24) {
      var entry = entry
      entry.name = entry.name.clipped(toWidth: 40)
      if let last = lines.last, legendWidth(last + [entry]) <= width {
        lines[lines.count - 1].append(entry)
      } else {
        lines.append([entry])
      }
    }
    return lines
  }
}
