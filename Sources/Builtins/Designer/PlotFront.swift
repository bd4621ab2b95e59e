// The module `plot`: what an exploration found, one figure against another.

import Chips
import Faults
import Language
import Machine
import Plots

let plotFront = Builtin(
  "plot.front",
  [
    .required("exploration", .foreign("exploration"), "what `explore` gave"),
    .optional("x", .string, default: "its objective", "the figure across: \(ExploreFigure.names.joined(separator: ", "))"),
    .optional("y", .string, default: "\"accuracy\"", "the figure upward"),
    .optional("title", .string, default: "the chip", "what the figure shows"),
    .optional(
      "log", .string, default: "where they lie decades apart",
      "the axes on a logarithmic scale: \"\", \"x\", \"y\" or \"xy\""),
    .optional("show", .bool, default: "true", "whether to show the figure at once"),
  ],
  returns: "figure", subject: "plot",
  """
  Draws the candidates that went through an exploration as points: those that no other beats in both figures, joined, \
  and the others. Figures of several seeds are drawn with error bars of one standard deviation.
  """,
  example: """
    use plot
    let corners = data.from([[i % 2, i // 2 % 2] for i in 0..40], [i % 2 for i in 0..40])
    let make = width => (input(2) |> dense(width) |> lif() |> dense(2) |> lif(), rate(steps=5))
    explore(make, {width: [2, 4, 8], lambda: [0]}, corners, chips.loihi2, epochs=1, rungs=1) |> plot.front(x="energy")
    """
) { (call) throws(Fault) in
  let found = try call.foreign(0, as: ExplorationValue.self)
  let across = try figure(1, call) ?? ExploreFigure(rawValue: found.objective.rawValue) ?? .energyDelay
  let upward = try figure(2, call) ?? .accuracy
  let rows = found.compared
  let ranks = ParetoFront.ranks(
    rows.map { row in
      func gain(_ figure: ExploreFigure) -> Double { row.trials.mean(figure) * (figure.isGood ? 1 : -1) }
      return Merit(accuracy: gain(upward), price: -gain(across))
    })
  let (x, y) = (PlottedFigure(across, rows), PlottedFigure(upward, rows))
  func series(_ name: String, _ places: [Int]) -> Series {
    Series(
      name: name, x: places.map { x.values[$0] }, y: places.map { y.values[$0] }, xErrors: places.map { x.errors[$0] },
      yErrors: places.map { y.errors[$0] })
  }
  let front = rows.indices.filter { ranks[$0] == 0 }, others = rows.indices.filter { ranks[$0] > 0 }
  let named = front.sorted { (x.values[$0], $0) < (x.values[$1], $1) }
  var parts = [series("front", named)]
  parts[0].isJoined = true
  if !others.isEmpty { parts.append(series("others", Array(others))) }
  let log = try call.string(4, default: (x.isWide ? "x" : "") + (y.isWide ? "y" : ""))
  guard ["", "x", "y", "xy", "yx"].contains(log) else {
    throw call.wrong(4, "must be \"\", \"x\", \"y\" or \"xy\", found \"\(log)\"")
  }
  let plot = CurvePlot(
    series: parts, drawsLines: false, xScale: log.contains("x") ? .logarithmic : .linear,
    yScale: log.contains("y") ? .logarithmic : .linear)
  let value = FigureValue(
    Figure(
      .curves(plot), title: try call.string(3, default: "on \(found.chip.title)"), xLabel: x.label, yLabel: y.label))
  return try call.bool(5, default: true) ? ShownValue.show(value, on: call.machine) : .foreign(value)
}

/// The figure of an argument, or nil where it is left out.
private func figure(_ index: Int, _ call: Call) throws(Fault) -> ExploreFigure? {
  guard call.has(index) else { return nil }
  let name = try call.string(index)
  if let figure = ExploreFigure(rawValue: name) { return figure }
  throw call.wrong(
    index, "is not known: \"\(name)\"",
    help: didYouMean(name, among: ExploreFigure.names) ?? "it is one of \(ExploreFigure.names.joined(separator: ", "))")
}

/// One figure of all candidates in the unit that suits them.
private struct PlottedFigure {
  var label: String
  var values: [Double]
  /// One standard deviation; NaN for a single trial.
  var errors: [Double]

  init(_ figure: ExploreFigure, _ rows: [ExplorationValue.Row]) {
    let means = rows.map { MeanSDValue($0.trials.map { figure.amount($0.figures) }) }
    let name = figure.rawValue.replacing("_", with: "-")
    var scale = 1.0
    if figure == .accuracy {
      label = "validation accuracy (%)"
      scale = 0.01
    } else if let dimension = figure.dimension {
      let unit = QuantityText.usualUnit(means.map { abs($0.mean) }.max() ?? 1, dimension)
      label = "\(name) (\(unit.name))"
      scale = unit.scale
    } else {
      label = name
    }
    values = means.map { $0.mean / scale }
    errors = means.map { $0.deviation / scale }
  }

  /// Whether the largest is many times the smallest.
  var isWide: Bool {
    guard let low = values.min(), let high = values.max(), low > 0 else { return false }
    return high > 20 * low
  }
}
