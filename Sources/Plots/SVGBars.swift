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
    let reach = plot.reach, roomy = reach.padded(by: 0.06)
    let axis = Axis(covering: [reach.low == 0 ? 0 : roomy.low, reach.high == 0 ? 0 : roomy.high])
    let legend = plot.legendNames.map { SVGFrame.Entry(mark: .square(SVGStyle.fill($0.index)), name: $0.name) }
      + plot.references.map { SVGFrame.Entry(mark: .line("ne-reference", dash: nil), name: $0.shownName) }
    let plan = SVGFrame.Plan(
      xTicks: { _ in Axis.indexTicks(count, count: 60, names: names) }, yTicks: { axis.ticks($0) }, legend: legend,
      namesX: true)
    var frame = SVGFrame(self, plan: plan, width: width, height: height)
    guard let zero = axis.position(0) else { return frame }
    let pitch = frame.plotWidth / Double(count)
    let thickness = min(pitch * 0.72 / Double(plot.series.count), 70)
    for (place, series) in plot.series.enumerated() {
      for index in 0..<count {
        let value = plot.value(index, of: series)
        guard let end = axis.position(value) else { continue }
        let middle = frame.left + (Double(index) + 0.5) * pitch
        let x = middle + (Double(place) - Double(plot.series.count - 1) / 2) * thickness
        let top = frame.y(max(end, zero)), bottom = frame.y(min(end, zero))
        let gap = plot.series.count > 1 ? min(1, thickness / 10) : 0
        let style = SVGStyle.fill(plot.series.count == 1 && value < 0 ? 4 : place)
        let owner = series.name.isEmpty ? names[index] : "\(names[index]), \(series.name)"
        frame.writer.rectangle(
          x - thickness / 2 + gap / 2, top, thickness - gap, bottom - top, [("class", style)],
          note: "\(owner): \(shortText(value, digits: 6))")
        if SVGWriter.width(shortText(value)) >= (plot.series.count > 1 ? thickness : pitch) { continue }
        frame.writer.text(
          shortText(value),
          [
            ("x", SVGWriter.number(x)), ("y", SVGWriter.number(value < 0 ? bottom + 13 : top - 4)),
            ("text-anchor", "middle"),
          ])
      }
    }
    frame.writer.line(frame.x(0), frame.y(zero), frame.x(1), frame.y(zero), style: "ne-axis")
    for reference in plot.references {
      guard let place = axis.position(reference.value) else { continue }
      frame.writer.line(frame.x(0), frame.y(place), frame.x(1), frame.y(place), style: "ne-reference")
    }
    return frame
  }
}
