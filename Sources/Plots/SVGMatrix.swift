// Heatmaps and confusion matrices in SVG.

import Texts

extension Figure {
  func heatmapPicture(_ plot: HeatmapPlot, _ width: Double, _ height: Double) -> SVGFrame? {
    guard let cells = HeatmapCells(plot, mostRows: 160, mostColumns: 160) else { return nil }
    let rowCount = plot.values.count, columnCount = plot.values.map(\.count).max() ?? 0
    let ratio = Double(columnCount) / Double(rowCount)
    let plan = SVGFrame.Plan(
      xTicks: { Axis.indexTicks(columnCount, count: plot.columnLabels.isEmpty ? $0 : 40, names: plot.columnLabels) },
      yTicks: { count in
        Axis.indexTicks(rowCount, count: plot.rowLabels.isEmpty ? count : 40, names: plot.rowLabels).map {
          Tick(position: 1 - $0.position, label: $0.label)
        }
      },
      hasGrid: false, namesX: true, namesY: true, aspect: ratio > 0.2 && ratio < 5 ? ratio : nil, right: 70)
    var frame = SVGFrame(self, plan: plan, width: width, height: height)
    let cellWidth = frame.plotWidth / Double(cells.columns), cellHeight = frame.plotHeight / Double(cells.rows)
    frame.writer.raw("<g shape-rendering=\"crispEdges\">\n")
    for (row, shades) in cells.shades.enumerated() {
      // Neighbours of one colour become one rectangle.
      let colors = shades.map { $0.map { cells.color(($0 * 100).rounded() / 100).hex } }
      var start = 0
      while start < colors.count {
        var end = start + 1
        while end < colors.count, colors[end] == colors[start] { end += 1 }
        let fill = colors[start].map { ("fill", $0) } ?? ("class", "ne-none")
        frame.writer.rectangle(
          frame.left + Double(start) * cellWidth, frame.top + Double(row) * cellHeight,
          Double(end - start) * cellWidth, cellHeight, [fill])
        start = end
      }
    }
    frame.writer.raw("</g>\n")
    drawColorBar(cells, on: &frame)
    return frame
  }

  private func drawColorBar(_ cells: HeatmapCells, on frame: inout SVGFrame) {
    if cells.isEmpty {
      let place = [("x", SVGWriter.number(frame.left + frame.plotWidth + 8)), ("y", SVGWriter.number(frame.top + 12))]
      return frame.writer.text("all NaN", [("class", "ne-soft")] + place)
    }
    let reach = max(-cells.lowest, cells.highest)
    let span = cells.isDiverging ? Span(-reach, reach) : Span(cells.lowest, cells.highest)
    let x = frame.left + frame.plotWidth + 14
    let steps = 50
    let step = frame.plotHeight / Double(steps)
    frame.writer.raw("<g shape-rendering=\"crispEdges\">\n")
    for index in 0..<steps {
      let color = cells.color(1 - (Double(index) + 0.5) / Double(steps)).hex
      frame.writer.rectangle(x, frame.top + Double(index) * step, 12, step + 0.5, [("fill", color)])
    }
    frame.writer.raw("</g>\n")
    let ticks =
      span.length > 0
      ? Axis(covering: [span.low, span.high]).ticks(max(4, Int(frame.plotHeight / 60)))
      : [Tick(position: 0.5, label: shortText(span.low))]
    for tick in ticks {
      frame.writer.text(
        tick.label,
        [
          ("class", "ne-soft"), ("x", SVGWriter.number(x + 17)), ("y", SVGWriter.number(frame.y(tick.position) + 4)),
        ])
    }
  }

  func confusionPicture(_ plot: ConfusionPlot, _ width: Double, _ height: Double) -> SVGFrame? {
    let classes = plot.classes
    if classes == 0 { return nil }
    let names = (0..<classes).map { plot.name($0) }
    if classes > 40 {
      let heading = title.isEmpty ? plot.accuracyText : "\(title): \(plot.accuracyText)"
      let shares = HeatmapPlot(values: (0..<classes).map { plot.shares($0) }, rowLabels: names, columnLabels: names)
      let figure = Figure(.heatmap(shares), title: heading, xLabel: "predicted", yLabel: "actual")
      return figure.heatmapPicture(shares, width, height)
    }
    let plan = SVGFrame.Plan(
      xTicks: { _ in Axis.indexTicks(classes, count: classes, names: names) },
      yTicks: { _ in
        Axis.indexTicks(classes, count: classes, names: names).map {
          Tick(position: 1 - $0.position, label: $0.label)
        }
      },
      hasGrid: false, namesX: true, namesY: true, aspect: 1.6, right: 60, above: 12)
    // The accuracy stands in the title where that has room for it.
    let full = title.isEmpty ? plot.accuracyText : "\(title): \(plot.accuracyText)"
    let hasRoom = full.displayWidth <= Int(width / 8.5)
    let labelled = Figure(
      content, title: hasRoom ? full : title, xLabel: hasRoom ? "predicted" : "predicted; \(plot.accuracyText)",
      yLabel: "actual")
    // Few classes need no tall picture, and many need a taller one.
    let wanted = max(min(height, Double(classes) * 60 + 120), Double(classes) * 22 + 120)
    var frame = SVGFrame(labelled, plan: plan, width: width, height: wanted)
    let cellWidth = frame.plotWidth / Double(classes), cellHeight = frame.plotHeight / Double(classes)
    let recallX = frame.left + frame.plotWidth + 56
    frame.writer.text(
      "recall",
      [
        ("class", "ne-soft"), ("x", SVGWriter.number(recallX)), ("y", SVGWriter.number(frame.top - 4)),
        ("text-anchor", "end"),
      ])
    for row in 0..<classes {
      let shares = plot.shares(row)
      let middle = frame.top + (Double(row) + 0.5) * cellHeight
      for column in 0..<classes {
        let count = plot.count(row, column)
        let isRight = row == column
        let x = frame.left + Double(column) * cellWidth
        if count > 0 {
          let strength = 0.15 + 0.85 * (isRight ? shares[column] : shares[column].squareRoot())
          frame.writer.rectangle(
            x + 0.75, frame.top + Double(row) * cellHeight + 0.75, cellWidth - 1.5, cellHeight - 1.5,
            [("class", isRight ? "ne-hit" : "ne-miss"), ("fill-opacity", fixedText(strength, decimals: 2))],
            note: "\(names[row]) taken for \(names[column]): \(count) (\(shortText(shares[column] * 100, digits: 3))%)")
          let ink = isRight && strength > 0.8 ? "ne-on" : ""
          frame.writer.text(
            "\(count)",
            [
              ("class", ink), ("x", SVGWriter.number(x + cellWidth / 2)), ("y", SVGWriter.number(middle + 4)),
              ("text-anchor", "middle"),
            ])
        }
      }
      frame.writer.text(
        plot.recallText(row),
        [
          ("class", "ne-soft"), ("x", SVGWriter.number(recallX)), ("y", SVGWriter.number(middle + 4)),
          ("text-anchor", "end"),
        ])
    }
    return frame
  }
}
