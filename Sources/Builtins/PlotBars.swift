// The module `plot`: histograms, bars, and saving figures.

import Faults
import Formats
import Machine
import Plots

let plotHistogram = Builtin(
  "plot.histogram",
  [
    .required("values", .array | .tuple, "the numbers to count; all elements of a tensor"),
    .optional("bins", .int, default: "nil", "how many ranges; chosen from the data when left out"),
  ] + PlotOptions.parameters(y: "\"count\""),
  returns: "figure", subject: "plot",
  "Draws how many values fall into each of a row of equal ranges. NaN and infinity are left out.",
  example: """
    use plot
    plot.histogram([1, 2, 2, 3, 3, 3, 4, 4, 5], bins=5)
    """
) { (call) throws(Fault) in
  var numbers = try call.plotNumbers(of: call[0], 0)
  if numbers == nil { numbers = PlotNumbers(values: try call.tensor(0).scalars.map { Double($0) }) }
  let bins = call.has(1) && !call[1].isNil ? try call.int(1, atLeast: 1) : nil
  let options = try PlotOptions(call, from: 2, y: "count")
  return options.finish(
    .histogram(HistogramPlot(values: numbers?.values ?? [], bins: bins)), call, xUnit: numbers?.unit)
}

let plotBar = Builtin(
  "plot.bar",
  [
    .required("values", .array | .tuple | .map, "numbers, or a map from names to numbers"),
    .optional("names", .list, default: "nil", "a name for each bar"),
  ] + PlotOptions.parameters(),
  returns: "figure", subject: "plot",
  "Draws one bar for each value.",
  example: """
    use plot
    plot.bar({lif: 120.5, alif: 88.0}, y="spikes a sample")
    """
) { (call) throws(Fault) in
  var names: [String] = []
  var value = call[0]
  var list = Value.nil
  defer { list.release() }
  if let map = value.asMap {
    names = map.pairs.map { $0.key.description(of: .plain) }
    list = .list(map.pairs.map { $0.value.retained() })
    value = list
  }
  guard let numbers = try call.plotNumbers(of: value, 0) else {
    throw call.wrong(0, "must be numbers in one dimension", kind: .shape)
  }
  if call.has(1), !call[1].isNil {
    names = try call.elements(1).map { $0.description(of: .plain) }
    if names.count != numbers.values.count {
      throw call.wrong(1, "has \(names.count) names for \(numbers.values.count) values", kind: .shape)
    }
  }
  let options = try PlotOptions(call, from: 2)
  return options.finish(.bars(BarPlot(names: names, values: numbers.values)), call, yUnit: numbers.unit)
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
