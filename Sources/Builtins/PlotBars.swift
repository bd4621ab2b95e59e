// The module `plot`: histograms, bars, and saving figures.

import Faults
import Formats
import Machine
import Plots
import Tensors

let plotHistogram = Builtin(
  "plot.histogram",
  [
    .required("values", .array | .tuple | .map, "the numbers to count; all elements of a tensor; or a map from names to numbers"),
    .optional("bins", .int, default: "nil", "how many ranges; chosen from the data when left out"),
  ] + PlotOptions.parameters(y: "\"count\""),
  returns: "figure", subject: "plot",
  """
  Draws how many values fall into each of a row of equal ranges. NaN and infinity are left out. A map from names to numbers
  is counted in the same ranges, with a bar for each name beside the others.
  """,
  example: """
    use plot
    plot.histogram([1, 2, 2, 3, 3, 3, 4, 4, 5], bins=5)
    """
) { (call) throws(Fault) in
  if call[0].asMap != nil { return try histogramOfNames(call) }
  var numbers = try call.plotNumbers(of: call[0], 0)
  if numbers == nil { numbers = PlotNumbers(values: try call.tensor(0).scalars.map { Double($0) }) }
  // The figure wants its numbers in order: they are brought into it where a stop is heard.
  if var values = numbers?.values, values.count > 1 << 16 {
    try RadixSort.sort(&values)
    numbers?.values = values
  }
  let bins = call.has(1) && !call[1].isNil ? try call.int(1, atLeast: 1) : nil
  let options = try PlotOptions(call, from: 2, y: "count")
  return try options.finish(
    .histogram(HistogramPlot(values: numbers?.values ?? [], bins: bins)), call, xUnit: numbers?.unit)
}

/// The counts of several series side by side, in ranges that they share.
private func histogramOfNames(_ call: Call) throws(Fault) -> Value {
  let (series, unit) = try call.plotSeries(0)
  let bins = call.has(1) && !call[1].isNil ? try call.int(1, atLeast: 1) : nil
  let options = try PlotOptions(call, from: 2, y: "count")
  let edges = HistogramPlot(values: series.flatMap(\.y), bins: bins).edges
  let names = zip(edges, edges.dropFirst()).map { low, high in
    "\(NumberText.significant(low, digits: 3)) to \(NumberText.significant(high, digits: 3))"
  }
  let counts = series.map { one in
    Series(name: one.name, y: binCounts(of: one.y.filter(\.isFinite), edges: edges).map(Double.init))
  }
  return try options.finish(.bars(BarPlot(names: names, series: counts)), call, xUnit: unit)
}

private let barValues = BuiltinParameter.required(
  "values", .array | .tuple | .map, "numbers, or a map from names to numbers; or series of numbers")
private let barNames = BuiltinParameter.optional(
  "names", .list, default: "nil", "a name for each value, or for each group of values")

let plotBar = Builtin(
  "plot.bar", [barValues, barNames] + PlotOptions.parameters() + [PlotOptions.marks, PlotOptions.yRange],
  returns: "figure", subject: "plot",
  """
  Draws one bar for each value.

  A map from names to lists, or a list of lists, draws several series: a group of bars for each place in them, a colour \
  for each series. Values of `mean_sd` get an error bar of one standard deviation. Bars begin at 0, since their length is \
  what is seen; where differences matter, not sizes, `plot.dots` shows them better.
  """,
  example: """
    use plot
    plot.bar({lif: 120.5, alif: 88.0}, y="spikes a sample")
    plot.bar({rate: [390, 512], hybrid: [120, 170]}, names=["digits", "letters"], y="spikes a sample")
    """
) { (call) throws(Fault) in
  var (plot, unit) = try barPlot(call)
  let options = try PlotOptions(call, from: 2)
  plot.references = try call.plotMarks(6, unit: unit)
  plot.covered = try call.plotRange(7, unit: unit)
  return try options.finish(.bars(plot), call, yUnit: unit)
}

let plotDots = Builtin(
  "plot.dots",
  [barValues, barNames, .optional("log", .bool, default: "false", "whether the axis is logarithmic, as suits ratios")]
    + PlotOptions.parameters() + [PlotOptions.marks, PlotOptions.yRange],
  returns: "figure", subject: "plot",
  """
  Draws one dot for each name, in a row each, with an error bar of one standard deviation where the value is of `mean_sd`.

  Takes what `plot.bar` takes. A dot is read by its place, not by its length, so the axis fits the data and need not begin \
  at 0: small differences can be seen, and beside them how far the measurements lie apart.
  """,
  example: """
    use plot
    plot.dots({rate: mean_sd([97.2, 98.1, 97.8]), hybrid: mean_sd([97.0, 97.9, 97.1])}, y="accuracy (%)")
    plot.dots({"with idle power": 1230, "operations alone": 4.1}, log=true, y="times the energy", marks={"paper": 312})
    """
) { (call) throws(Fault) in
  var (plot, unit) = try barPlot(call)
  plot.mark = .dot
  plot.scale = try call.bool(2, default: false) ? .logarithmic : .linear
  let options = try PlotOptions(call, from: 3)
  plot.references = try call.plotMarks(7, unit: unit)
  plot.covered = try call.plotRange(8, unit: unit)
  return try options.finish(.bars(plot), call, yUnit: unit)
}

/// The values of `plot.bar` and `plot.dots` with their names.
private func barPlot(_ call: Call) throws(Fault) -> (BarPlot, unit: String?) {
  var (plot, unit) = try valuesOfBars(call)
  if call.has(1), !call[1].isNil {
    plot.names = try call.elements(1).map { $0.description(of: .plain) }
    let count = plot.series.map(\.y.count).max() ?? 0
    if plot.names.count != count {
      throw call.wrong(1, "has \(counted(plot.names.count, "name")) for \(counted(count, "value"))", kind: .shape)
    }
  }
  return (plot, unit)
}

private func valuesOfBars(_ call: Call) throws(Fault) -> (BarPlot, unit: String?) {
  let value = call[0]
  let parts = value.asMap.map { $0.pairs.map(\.value) } ?? value.elements.map { Array($0) } ?? []
  if !parts.isEmpty, parts.allSatisfy({ $0.elements != nil || $0.tag == .tensor && $0.asTensor?.rank == 1 }) {
    let (series, unit) = try call.plotSeries(0)
    return (BarPlot(names: [], series: series), unit)
  }
  var names: [String] = []
  var list = Value.nil
  defer { list.release() }
  var numbers: PlotNumbers?
  if let map = value.asMap {
    names = map.pairs.map { $0.key.description(of: .plain) }
    list = .list(map.pairs.map { $0.value.retained() })
    numbers = try call.plotNumbers(of: list, 0)
  } else {
    numbers = try call.plotNumbers(of: value, 0)
  }
  guard let numbers else { throw call.wrong(0, "must be numbers in one dimension", kind: .shape) }
  return (BarPlot(names: names, series: [Series(y: numbers.values, yErrors: numbers.errors)]), numbers.unit)
}

let plotSave = Builtin(
  "plot.save",
  [
    .required("figure", .foreign("figure"), "what a plot gave"),
    .required("path", .string, "where to; the ending decides the format: .svg or .txt"),
    .optional("width", .int, default: "640", "pixels of an SVG picture, or columns of text (72)"),
    .optional("height", .int, default: "400", "pixels of an SVG picture, or lines of text (20)"),
  ],
  returns: "figure", subject: "plot",
  """
  Writes a figure to a file: an SVG picture that scales and follows light and dark pages, or terminal text.

  Gives the figure again. An existing file is replaced, whole or not at all.
  """,
  example: """
    use plot
    plot.line([2.1, 0.9, 0.5], show=false) |> plot.save("/tmp/loss.svg")
    """
) { (call) throws(Fault) in
  let value = try call.foreign(0, as: FigureValue.self)
  let path = try call.string(1)
  let name = path.split(separator: "/").last ?? ""
  let ending = name.contains(".") ? name.split(separator: ".").last.map { $0.lowercased() } ?? "" : ""
  switch ending {
  case "svg":
    let width = try call.int(2, default: 640, atLeast: 1), height = try call.int(3, default: 400, atLeast: 1)
    try writeText(value.figure.svg(width: Double(width), height: Double(height)), to: path)
  case "txt":
    let width = try call.int(2, default: 72, atLeast: 1), height = try call.int(3, default: 20, atLeast: 1)
    try writeText(value.figure.terminalText(TerminalOptions(width: width, height: height)) + "\n", to: path)
  default:
    throw call.wrong(
      1, ending.isEmpty ? "must end in .svg or .txt" : "ends in .\(ending), which no figure can be saved as",
      help: "figures are saved as .svg (a picture) or .txt (text)")
  }
  return call[0].retained()
}
