// The module `plot`: curves. Matrices and spikes are in PlotMatrices.swift, counts and bars in PlotBars.swift.

import Faults
import Machine
import Plots

private let plottable = Kind.array | .tuple | .map

/// All builtins of the module `plot`.
let plotBuiltins: [Builtin] = [
  plotLine, plotScatter, plotRaster, plotHeatmap, plotConfusion, plotHistogram, plotBar, plotDots, plotCores, plotFront, plotSave,
]

private let plotLine = Builtin(
  "plot.line",
  [
    .required("data", plottable, "the values; or, where `values` is given too, their horizontal positions"),
    .optional("values", plottable, default: "nil", "the values at the positions `data`"),
    .optional("names", .list, default: "nil", "a name for each series, for the legend"),
    .optional("threshold", .number, default: "nil", "a value to mark with a line across the figure"),
    .optional("markers", .bool, default: "false", "whether to mark each point"),
    .optional("log", .string, default: "\"\"", "the axes on a logarithmic scale: \"x\", \"y\" or \"xy\""),
  ] + PlotOptions.parameters() + [PlotOptions.marks, PlotOptions.xRange, PlotOptions.yRange] + [
    .optional("steps", .bool, default: "false", "whether each value holds until the next, as counts do"),
    .optional("shade", .list | .tuple, default: "nil", "stretches of the horizontal axis to shade, such as the times of a stimulus: [(20, 40)]"),
  ],
  returns: "figure", subject: "plot",
  """
  Draws one or more lines.

  `data` is a list or a tensor of numbers, a list of several such series, a map from names to series, or a tensor \
  `[points, series]`; axes of size 1 do not count, so a recorded state `[time, 1, 1]` is one line. With two arguments \
  the first is the horizontal positions: `plot.line(xs, ys)`. NaN leaves a gap. Quantities are drawn in the unit that \
  suits them. Values of `mean_sd` are drawn with a band of one standard deviation to both sides. A name has one colour in \
  all figures of a session.
  """,
  example: """
    use plot
    plot.line([2.1, 0.9, 0.5, 0.4], title="loss", x="epoch")
    plot.line({train: [2.1, 0.9, 0.5], test: [2.2, 1.1, 0.8]}, x="epoch", y="loss")
    plot.line([1, 10, 100], [0.5, 0.05, 0.005], log="xy")
    """
) { (call) throws(Fault) in
  let hasPositions = call.has(1) && !call[1].isNil
  var (lines, yUnit) = try call.plotSeries(hasPositions ? 1 : 0)
  var xUnit: String?
  if hasPositions {
    let positions = try call.plotNumbers(0)
    xUnit = positions.unit
    for index in lines.indices {
      try checkSameCount(call, positions.values.count, lines[index].y.count)
      lines[index].x = positions.values
    }
  }
  try name(&lines, call, 2)
  var references: [ReferenceLine] = []
  if call.has(3) {
    let value = try call.number(3)
    references = [ReferenceLine(value, name: "threshold \(call[3].description(of: .plain))")]
  }
  references += try call.plotMarks(10, unit: yUnit)
  let (xScale, yScale) = try scales(call, 5)
  let options = try PlotOptions(call, from: 6)
  var plot = CurvePlot(
    series: lines, references: references, drawsMarkers: try call.bool(4, default: false), xScale: xScale,
    yScale: yScale)
  plot.xCovered = try call.plotRange(11, unit: xUnit)
  plot.yCovered = try call.plotRange(12, unit: yUnit)
  plot.isStepped = try call.bool(13, default: false)
  plot.shades = try call.plotShades(14)
  return try options.finish(.curves(plot), call, xUnit: xUnit, yUnit: yUnit)
}

private let plotScatter = Builtin(
  "plot.scatter",
  [
    .required("xs", plottable, "the horizontal positions; or a map from names to (xs, ys)"),
    .optional("ys", plottable, default: "nil", "the vertical positions; several series as in plot.line"),
    .optional("names", .list, default: "nil", "a name for each series, for the legend"),
    .optional("log", .string, default: "\"\"", "the axes on a logarithmic scale: \"x\", \"y\" or \"xy\""),
  ] + PlotOptions.parameters() + [PlotOptions.marks, PlotOptions.xRange, PlotOptions.yRange],
  returns: "figure", subject: "plot",
  """
  Draws points. Positions and values may be of `mean_sd`: then error bars of one standard deviation go through the points.

  Series that have positions of their own are given as a map from names to (xs, ys).
  """,
  example: """
    use plot
    plot.scatter([1, 2, 3, 4], [2.0, 3.9, 6.1, 8.0], x="load", y="time (s)")
    plot.scatter({rate: ([390, 512], [97.1, 96.0]), hybrid: ([120, 170], [97.0, 96.2])}, x="spikes", y="accuracy (%)")
    """
) { (call) throws(Fault) in
  var (points, xUnit, yUnit) = try scatterSeries(call)
  try name(&points, call, 2)
  let (xScale, yScale) = try scales(call, 3)
  let options = try PlotOptions(call, from: 4)
  let marks = try call.plotMarks(8, unit: yUnit)
  var plot = CurvePlot(series: points, references: marks, drawsLines: false, xScale: xScale, yScale: yScale)
  plot.xCovered = try call.plotRange(9, unit: xUnit)
  plot.yCovered = try call.plotRange(10, unit: yUnit)
  return try options.finish(.curves(plot), call, xUnit: xUnit, yUnit: yUnit)
}

private func scatterSeries(_ call: Call) throws(Fault) -> (series: [Series], xUnit: String?, yUnit: String?) {
  if let map = call[0].asMap {
    if call.has(1), !call[1].isNil {
      throw call.wrong(1, "has no meaning beside a map, whose entries hold both positions", kind: .type)
    }
    return try seriesOfPairs(map.pairs.map { ($0.key.description(of: .plain), $0.value) }, call)
  }
  let positions = try call.plotNumbers(0)
  guard call.has(1), !call[1].isNil else {
    throw call.wrong(1, "is missing", kind: .type, help: "plot.scatter(xs, ys); a series over 0, 1, 2, … is plot.line(ys, markers=true)")
  }
  var (points, yUnit) = try call.plotSeries(1)
  for index in points.indices {
    try checkSameCount(call, positions.values.count, points[index].y.count)
    points[index].x = positions.values
    points[index].xErrors = positions.errors
  }
  return (points, positions.unit, yUnit)
}

/// Series with positions of their own: each value is a pair of horizontal and vertical positions.
private func seriesOfPairs(_ parts: [(name: String, value: Value)], _ call: Call) throws(Fault)
  -> ([Series], xUnit: String?, yUnit: String?)
{
  var series: [Series] = []
  var (xUnit, yUnit): (String?, String?) = (nil, nil)
  for part in parts {
    guard let pair = part.value.elements, pair.count == 2, let x = try call.plotNumbers(of: pair[0], 0),
      let y = try call.plotNumbers(of: pair[1], 0)
    else {
      throw call.wrong(
        0, "must hold a pair (xs, ys) of numbers for each series", kind: .shape,
        help: "series `\(part.name)` is \(part.value.description(of: .kind))")
    }
    try checkSameCount(call, x.values.count, y.values.count)
    for (before, now) in [(xUnit, x.unit), (yUnit, y.unit)] {
      if let before, let now, before != now {
        throw Fault(.unit, "the series of `\(call.builtin.name)` have different units", label: "\(before) and \(now)")
      }
    }
    (xUnit, yUnit) = (x.unit ?? xUnit, y.unit ?? yUnit)
    series.append(Series(name: part.name, x: x.values, y: y.values, xErrors: x.errors, yErrors: y.errors))
  }
  return (series, xUnit, yUnit)
}

private func checkSameCount(_ call: Call, _ positions: Int, _ values: Int) throws(Fault) {
  if positions == values { return }
  throw Fault(
    .shape, "positions and values of `\(call.builtin.name)` differ in number",
    label: "\(counted(positions, "position")), \(counted(values, "value"))")
}

/// Gives the series the names of a list argument.
private func name(_ series: inout [Series], _ call: Call, _ index: Int) throws(Fault) {
  guard call.has(index), !call[index].isNil else { return }
  let names = try call.strings(index)
  if names.count != series.count {
    throw call.wrong(
      index, "has \(counted(names.count, "name")) for \(series.count) series", kind: .shape,
      help: "one name for each series")
  }
  for (index, name) in names.enumerated() { series[index].name = name }
}

/// The axes' scales from a text of their letters.
private func scales(_ call: Call, _ index: Int) throws(Fault) -> (x: AxisScale, y: AxisScale) {
  let text = try call.string(index, default: "")
  guard ["", "x", "y", "xy", "yx"].contains(text) else {
    throw call.wrong(index, "must be \"x\", \"y\" or \"xy\", found \"\(text)\"")
  }
  return (text.contains("x") ? .logarithmic : .linear, text.contains("y") ? .logarithmic : .linear)
}
