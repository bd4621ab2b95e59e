// Histograms and named numbers in SVG.

extension Figure {
  func histogramPicture(_ plot: HistogramPlot, _ width: Double, _ height: Double) -> SVGFrame? {
    if !plot.isWellFormed || plot.counts.allSatisfy({ $0 <= 0 }) { return nil }
    let merged = plot.merged(most: 400)
    let x = Axis(covering: merged.edges)
    let y = Axis(covering: [0, Double(merged.counts.max() ?? 1) * 1.05], isWhole: true)
    let plan = SVGFrame.Plan(xTicks: { x.ticks($0) }, yTicks: { y.ticks($0) })
    var frame = SVGFrame(self, plan: plan, width: width, height: height)
    for (bin, count) in merged.counts.enumerated() where count > 0 {
      guard let left = x.position(merged.edges[bin]), let right = x.position(merged.edges[bin + 1]),
        let top = y.position(Double(count))
      else { continue }
      let gap = min(1, (frame.x(right) - frame.x(left)) / 10)
      let note = "\(shortText(merged.edges[bin])) to \(shortText(merged.edges[bin + 1])): \(count)"
      frame.writer.rectangle(
        frame.x(left) + gap / 2, frame.y(top), frame.x(right) - frame.x(left) - gap, frame.y(0) - frame.y(top),
        [("class", SVGStyle.fill(0))], note: note)
    }
    return frame
  }

  func barsPicture(_ plot: BarPlot, _ width: Double, _ height: Double) -> SVGFrame? {
    let count = plot.count
    if count == 0 { return nil }
    let names = (0..<count).map { plot.name($0) }
    // Long names are read along the line, not at a slant or cut off.
    let longest = names.map { SVGWriter.width($0) }.max() ?? 0
    if plot.mark == .dot || longest > 100 && longest + 8 > (width - 60) / Double(count) {
      return namedRowsPicture(plot, names, width)
    }
    let axis = plot.axis(padding: 0.06)
    let plan = SVGFrame.Plan(
      xTicks: { _ in Axis.indexTicks(count, count: 60, names: names) }, yTicks: { axis.ticks($0) }, legend: legendEntries(plot),
      namesX: true)
    var frame = SVGFrame(self, plan: plan, width: width, height: height)
    guard let zero = axis.position(0) else { return frame }
    let pitch = frame.plotWidth / Double(count)
    let thickness = min(pitch * 0.72 / Double(plot.series.count), 70)
    for (place, series) in plot.series.enumerated() {
      for index in 0..<count {
        let value = plot.value(index, of: series), error = plot.error(index, of: series)
        guard let end = axis.position(value) else { continue }
        let middle = frame.left + (Double(index) + 0.5) * pitch
        let x = middle + (Double(place) - Double(plot.series.count - 1) / 2) * thickness
        let top = frame.y(max(end, zero)), bottom = frame.y(min(end, zero))
        let gap = plot.series.count > 1 ? min(1, thickness / 10) : 0
        frame.writer.rectangle(
          x - thickness / 2 + gap / 2, top, thickness - gap, bottom - top, [("class", barStyle(plot, place, value))],
          note: "\(owner(names[index], series)): \(plot.note(index, of: series))")
        var ends = (high: top, low: bottom)
        if error > 0, let low = axis.position(value - error), let high = axis.position(value + error) {
          ends = (min(top, frame.y(high)), max(bottom, frame.y(low)))
          whisker(&frame, along: [(x, frame.y(low)), (x, frame.y(high))], cap: (min(thickness / 4, 5), 0))
        }
        let label = plot.label(index, of: series)
        if SVGWriter.width(label) >= (plot.series.count > 1 ? thickness : pitch) { continue }
        frame.writer.text(
          label,
          [
            ("x", SVGWriter.number(x)), ("y", SVGWriter.number(value < 0 ? ends.low + 13 : ends.high - 4)),
            ("text-anchor", "middle"),
          ])
      }
    }
    frame.writer.line(frame.x(0), frame.y(zero), frame.x(1), frame.y(zero), style: "ne-axis")
    for (index, reference) in plot.references.enumerated() {
      guard let place = axis.position(reference.value) else { continue }
      frame.writer.line(frame.x(0), frame.y(place), frame.x(1), frame.y(place), style: SVGStyle.reference(index))
    }
    return frame
  }

  /// Bars or dots along rows, each with its name at the left, or above it where the picture is too narrow for that.
  private func namedRowsPicture(_ plot: BarPlot, _ names: [String], _ width: Double) -> SVGFrame? {
    let axis = plot.axis(padding: 0.06)
    let room = names.map { SVGWriter.width($0) }.max() ?? 0
    let isAbove = room > width * 0.44
    let series = Double(plot.series.count)
    let lineHeight = plot.series.count > 1 ? 17.0 : 20.0
    // All rows are as high as that of the longest name.
    let nameLines = isAbove ? names.map { SVGWriter.lines($0, columns: Int((width - 30) / 6.8)) } : []
    let mostLines = nameLines.map(\.count).max() ?? 0
    let nameHeight = Double(mostLines) * 16 + (isAbove ? 4 : 0)
    let rowHeight = lineHeight * series + nameHeight + (plot.series.count > 1 ? 8 : 4)
    let numbers = plot.series.flatMap { series in names.indices.map { SVGWriter.width(plot.label($0, of: series)) } }
    let count = names.count
    let plan = SVGFrame.Plan(
      xTicks: { axis.ticks($0) },
      yTicks: { _ in isAbove ? [] : names.indices.map { Tick(position: 1 - (Double($0) + 0.5) / Double(count), label: names[$0]) } },
      legend: legendEntries(plot), namesY: true, right: (numbers.max() ?? 0) + 4, yLabelWidth: 60)
    // The values run to the right here, and so their label belongs below them.
    var turned = self
    turned.xLabel = [yLabel, xLabel].filter { !$0.isEmpty }.joined(separator: "; ")
    turned.yLabel = ""
    let legendLines = Double(SVGFrame.legendLines(plan.legend, width: width - 40).count)
    let labelLines = SVGWriter.lines(turned.xLabel, columns: Int(width / 6.8)).count
    let around = 14 + SVGFrame.titleHeight(self, width: width) + legendLines * 20 + 28 + Double(labelLines) * 16
    var frame = SVGFrame(turned, plan: plan, width: width, height: around + rowHeight * Double(count) + 6)
    for (index, reference) in plot.references.enumerated() {
      guard let place = axis.position(reference.value) else { continue }
      frame.writer.line(frame.x(place), frame.top, frame.x(place), frame.y(0), style: SVGStyle.reference(index))
    }
    let zero = plot.mark == .bar ? axis.position(0) : nil
    for index in names.indices {
      let rowTop = frame.top + (frame.plotHeight - 6) / Double(count) * Double(index) + 3
      for (line, words) in (isAbove ? nameLines[index] : []).enumerated() {
        frame.writer.text(
          words,
          [
            ("class", "ne-soft ne-over"), ("x", SVGWriter.number(frame.left + 3)),
            ("y", SVGWriter.number(rowTop + 13 + Double(mostLines - nameLines[index].count + line) * 16)),
          ])
      }
      for (place, series) in plot.series.enumerated() {
        let value = plot.value(index, of: series), error = plot.error(index, of: series)
        let y = rowTop + (isAbove ? nameHeight : plot.series.count > 1 ? 4 : 2) + lineHeight * (Double(place) + 0.5)
        let note = "\(owner(names[index], series)): \(plot.note(index, of: series))"
        guard let position = axis.position(value) else {
          frame.writer.text(shortText(value), [("class", "ne-soft"), ("x", SVGWriter.number(frame.left + 6)), ("y", SVGWriter.number(y + 4))])
          continue
        }
        let x = frame.x(position)
        var right = x
        if let zero {
          let from = frame.x(zero)
          frame.writer.rectangle(
            min(from, x), y - lineHeight / 2 + 2, abs(x - from), lineHeight - 4,
            [("class", barStyle(plot, place, value))], note: note)
          right = max(right, from)
        }
        if error > 0, let high = axis.position(value + error) {
          let low = max(axis.position(value - error) ?? 0, 0)
          right = max(right, frame.x(high))
          whisker(&frame, along: [(frame.x(low), y), (frame.x(high), y)], cap: (0, 4))
        }
        if plot.mark == .dot {
          frame.writer.circle(x, y, radius: 4.5, [("class", SVGStyle.fill(plot.series[place].colour ?? place))], note: note)
          right = max(right, x + 5)
        }
        frame.writer.text(
          plot.label(index, of: series), [("class", "ne-over"), ("x", SVGWriter.number(right + 5)), ("y", SVGWriter.number(y + 4))])
      }
    }
    if let zero { frame.writer.line(frame.x(zero), frame.top, frame.x(zero), frame.y(0), style: "ne-axis") }
    return frame
  }

  private func legendEntries(_ plot: BarPlot) -> [SVGFrame.Entry] {
    plot.legendNames.map { index, name in
      let fill = SVGStyle.fill(plot.series[index].colour ?? index)
      return SVGFrame.Entry(mark: plot.mark == .bar ? .square(fill) : .dot(fill), name: name)
    } + plot.references.enumerated().map { SVGFrame.Entry(mark: .line(SVGStyle.reference($0), dash: nil), name: $1.shownName) }
  }

  private func barStyle(_ plot: BarPlot, _ place: Int, _ value: Double) -> String {
    SVGStyle.fill(plot.series.count == 1 && value < 0 ? 4 : plot.series[place].colour ?? place)
  }

  private func owner(_ name: String, _ series: Series) -> String { series.name.isEmpty ? name : "\(name), \(series.name)" }

  /// A stroke between two places with a cap at each.
  private func whisker(_ frame: inout SVGFrame, along ends: [(x: Double, y: Double)], cap: (x: Double, y: Double)) {
    guard let from = ends.first, let to = ends.last else { return }
    frame.writer.line(from.x, from.y, to.x, to.y, style: "ne-whisker")
    for end in ends { frame.writer.line(end.x - cap.x, end.y - cap.y, end.x + cap.x, end.y + cap.y, style: "ne-whisker") }
  }
}
