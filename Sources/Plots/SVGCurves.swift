// Lines, points and spikes in SVG. Series far longer than the picture is wide are thinned without losing peaks.

extension Figure {
  func curvesPicture(_ plot: CurvePlot, _ width: Double, _ height: Double) -> SVGFrame? {
    if plot.series.allSatisfy({ $0.count == 0 }) && plot.references.isEmpty { return nil }
    let (x, y) = plot.axes()
    let plan = SVGFrame.Plan(
      xTicks: { x.ticks($0) }, yTicks: { y.ticks($0) }, legend: legendEntries(plot))
    var frame = SVGFrame(self, plan: plan, width: width, height: height)
    for shade in plot.shades {
      guard let low = x.position(shade.low), let high = x.position(shade.high), low < 1, high > 0 else { continue }
      let (left, right) = (frame.x(max(low, 0)), frame.x(min(high, 1)))
      frame.writer.rectangle(left, frame.top, right - left, frame.plotHeight, [("class", "ne-shade")])
    }
    // Bands first: no line may lie below the band of another.
    for (index, series) in plot.series.enumerated() where series.xErrors != nil || series.yErrors != nil {
      let whiskers = plot.whiskers(series, x, y)
      let colour = series.colour ?? index
      if plot.drawsLines { drawBand(whiskers, colour, on: &frame) } else { drawWhiskers(whiskers, colour, on: &frame) }
    }
    for (index, series) in plot.series.enumerated() {
      let colour = series.colour ?? index
      for run in plot.runs(series, x, y) {
        let places = run.map { (x: frame.x($0.x), y: frame.y($0.y)) }
        if plot.drawsLines || series.isJoined, places.count > 1 {
          let path = Self.path(Self.thinned(plot.isStepped ? CurvePlot.stepped(places) : places))
          let dash = Self.dash(index, of: series).map { [("stroke-dasharray", $0)] } ?? []
          frame.writer.element("path", [("class", SVGStyle.line(colour)), ("d", path)] + dash)
        }
        if !plot.drawsLines || plot.drawsMarkers || places.count == 1 {
          drawMarks(places, colour, on: &frame, radius: plot.drawsLines ? 3 : 3.5)
        }
      }
    }
    for (index, reference) in plot.references.enumerated() {
      guard let place = y.position(reference.value) else { continue }
      frame.writer.line(frame.x(0), frame.y(place), frame.x(1), frame.y(place), style: SVGStyle.reference(index))
    }
    return frame
  }

  /// The ground between the upper and the lower ends of the errors of a line.
  private func drawBand(_ whiskers: [Whisker], _ index: Int, on frame: inout SVGFrame) {
    let ends = whiskers.compactMap { whisker in whisker.upright.map { (x: whisker.x, low: $0.low, high: $0.high) } }
    if ends.count < 2 { return drawWhiskers(whiskers, index, on: &frame) }
    let upper = ends.map { (x: frame.x($0.x), y: frame.y($0.high)) }
    let lower = ends.reversed().map { (x: frame.x($0.x), y: frame.y($0.low)) }
    frame.writer.element(
      "path", [("class", SVGStyle.fill(index)), ("fill-opacity", "0.16"), ("d", Self.path(upper + lower) + "Z")])
  }

  /// Errors as strokes with caps.
  private func drawWhiskers(_ whiskers: [Whisker], _ index: Int, on frame: inout SVGFrame) {
    var path = ""
    func stroke(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) {
      path += "M\(SVGWriter.number(x1)) \(SVGWriter.number(y1))L\(SVGWriter.number(x2)) \(SVGWriter.number(y2))"
    }
    for whisker in whiskers {
      let (x, y) = (frame.x(whisker.x), frame.y(whisker.y))
      if let across = whisker.across {
        let (low, high) = (frame.x(across.low), frame.x(across.high))
        stroke(low, y, high, y)
        for end in [low, high] { stroke(end, y - 3, end, y + 3) }
      }
      if let upright = whisker.upright {
        let (low, high) = (frame.y(upright.low), frame.y(upright.high))
        stroke(x, low, x, high)
        for end in [low, high] { stroke(x - 3, end, x + 3, end) }
      }
    }
    if path.isEmpty { return }
    frame.writer.element("path", [("class", SVGStyle.line(index)), ("style", "stroke-width:1"), ("d", path)])
  }

  /// Dashes would break up a line that turns at every pixel, so a long series is drawn whole.
  private static func dash(_ index: Int, of series: Series) -> String? {
    series.count > 300 ? nil : SVGStyle.dash(index)
  }

  private func legendEntries(_ plot: CurvePlot) -> [SVGFrame.Entry] {
    let series = plot.legendNames.map { index, name in
      let series = plot.series[index], colour = series.colour ?? index
      return SVGFrame.Entry(
        mark: plot.drawsLines ? .line(SVGStyle.line(colour), dash: Self.dash(index, of: series)) : .dot(SVGStyle.fill(colour)),
        name: name)
    }
    return series + plot.references.enumerated().map { SVGFrame.Entry(mark: .line(SVGStyle.reference($0), dash: nil), name: $1.shownName) }
  }

  /// Dots, each place of half a pixel at most once.
  private func drawMarks(
    _ places: [(x: Double, y: Double)], _ index: Int, on frame: inout SVGFrame, radius: Double
  ) {
    struct Cell: Hashable { var x: Int, y: Int }
    var taken: Set<Cell> = []
    let opacity = places.count > 500 ? [("fill-opacity", "0.5")] : []
    for place in places {
      let cell = Cell(x: Int((place.x * 2).rounded()), y: Int((place.y * 2).rounded()))
      if !taken.insert(cell).inserted { continue }
      frame.writer.element(
        "circle",
        [
          ("class", SVGStyle.fill(index)), ("cx", SVGWriter.number(place.x)), ("cy", SVGWriter.number(place.y)),
          ("r", SVGWriter.number(places.count > 500 ? 2 : radius)),
        ] + opacity)
    }
  }

  static func path(_ places: [(x: Double, y: Double)]) -> String {
    var text = ""
    for (index, place) in places.enumerated() {
      text += "\(index == 0 ? "M" : "L")\(SVGWriter.number(place.x)) \(SVGWriter.number(place.y))"
    }
    return text
  }

  /// The first, lowest, highest and last of the points that fall on the same half pixel, in their order.
  static func thinned(_ places: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    if places.count < 4000 { return places }
    var kept: [(x: Double, y: Double)] = []
    var start = 0
    while start < places.count {
      let column = (places[start].x * 2).rounded()
      var end = start + 1
      var low = start, high = start
      while end < places.count, (places[end].x * 2).rounded() == column {
        if places[end].y < places[low].y { low = end }
        if places[end].y > places[high].y { high = end }
        end += 1
      }
      for index in Set([start, low, high, end - 1]).sorted() { kept.append(places[index]) }
      start = end
    }
    return kept
  }

  func rasterPicture(_ plot: RasterPlot, _ width: Double, _ height: Double) -> SVGFrame? {
    let neurons = plot.trains.count
    if neurons == 0 { return nil }
    let time = plot.timeAxis()
    let plan = SVGFrame.Plan(
      xTicks: { time.ticks($0) }, yTicks: { Axis.indexTicks(neurons, count: min($0 * 2, neurons)) }, hasGrid: false)
    // A few neurons need no tall picture.
    let wanted = 90 + Double(min(neurons, 100)) * 26
    var frame = SVGFrame(self, plan: plan, width: width, height: min(height, wanted))
    // More neurons than pixels share rows.
    let rows = min(neurons, max(Int(frame.plotHeight), 1))
    let pitch = frame.plotHeight / Double(rows)
    let stroke = max(min(pitch * 0.75, 18), 1.5)
    for row in 0..<rows {
      let middle = frame.y((Double(row) + 0.5) / Double(rows))
      var columns: Set<Int> = []
      for neuron in (row * neurons / rows)..<((row + 1) * neurons / rows) {
        for event in plot.trains[neuron] where event >= 0 && event <= plot.duration {
          guard let place = time.position(event), (0...1).contains(place) else { continue }
          columns.insert(Int((frame.x(place) * 2).rounded()))
        }
      }
      if columns.isEmpty { continue }
      let path = columns.sorted().map { column in
        "M\(SVGWriter.number(Double(column) / 2)) \(SVGWriter.number(middle - stroke / 2))v\(SVGWriter.number(stroke))"
      }
      frame.writer.element("path", [("class", "ne-event"), ("stroke-width", "1.5"), ("d", path.joined())])
    }
    return frame
  }
}
