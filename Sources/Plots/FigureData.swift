// The data of a figure as a table of text, so that whoever reads a page can take them along.

extension Figure {
  /// The data as CSV (RFC 4180), a line for each point, bar, spike or cell; nil where the figure shows nothing.
  public var csv: String? {
    let lines: [[String]] =
      switch content {
      case .curves(let plot): curveLines(plot)
      case .raster(let plot): [["neuron", named(xLabel, "time")]] + plot.trains.enumerated().flatMap { neuron, times in
        times.map { ["\(neuron)", Self.number($0)] }
      }
      case .heatmap(let plot): matrixLines(plot.values, plot.rowLabels, plot.columnLabels)
      case .confusion(let plot):
        matrixLines(plot.counts.map { $0.map(Double.init) }, plot.classNames, plot.classNames, corner: "actual \\ predicted")
      case .histogram(let plot): histogramLines(plot)
      case .bars(let plot): barLines(plot)
      case .mesh(let plot): meshLines(plot)
      }
    if lines.count < 2 { return nil }
    return lines.map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  private func named(_ label: String, _ other: String) -> String { label.isEmpty ? other : label }

  private func curveLines(_ plot: CurvePlot) -> [[String]] {
    let hasNames = plot.series.count > 1 || plot.series.contains { !$0.name.isEmpty }
    let (hasX, hasY) = (plot.series.contains { $0.xErrors != nil }, plot.series.contains { $0.yErrors != nil })
    let head = [named(xLabel, "x")] + (hasX ? ["sd of \(named(xLabel, "x"))"] : []) + [named(yLabel, "y")] + (hasY ? ["sd of \(named(yLabel, "y"))"] : [])
    return [(hasNames ? ["series"] : []) + head] + plot.series.enumerated().flatMap { place, series in
      (0..<series.count).map { index in
        let point = series.point(index)
        return (hasNames ? [named(series.name, "\(place)")] : [])
          + [Self.number(point.x)] + (hasX ? [Self.number(series.xErrors, index)] : [])
          + [Self.number(point.y)] + (hasY ? [Self.number(series.yErrors, index)] : [])
      }
    }
  }

  private func matrixLines(_ values: [[Double]], _ rows: [String], _ columns: [String], corner: String = "") -> [[String]] {
    let width = values.map(\.count).max() ?? 0
    func name(_ names: [String], _ index: Int) -> String { index < names.count ? names[index] : "\(index)" }
    return [[corner] + (0..<width).map { name(columns, $0) }] + values.enumerated().map { row, values in
      [name(rows, row)] + values.map(Self.number)
    }
  }

  private func histogramLines(_ plot: HistogramPlot) -> [[String]] {
    let count = min(plot.counts.count, plot.edges.count - 1)
    return [["from", "to", named(yLabel, "count")]] + (0..<max(0, count)).map { bin in
      [Self.number(plot.edges[bin]), Self.number(plot.edges[bin + 1]), "\(plot.counts[bin])"]
    }
  }

  private func barLines(_ plot: BarPlot) -> [[String]] {
    let hasNames = plot.series.count > 1, hasErrors = plot.series.contains { $0.yErrors != nil }
    let head = [named(xLabel, "name")] + (hasNames ? ["series"] : []) + [named(yLabel, "value")] + (hasErrors ? ["sd"] : [])
    return [head] + plot.series.enumerated().flatMap { place, series in
      series.y.indices.map { index in
        [plot.name(index)] + (hasNames ? [named(series.name, "\(place)")] : []) + [Self.number(series.y[index])]
          + (hasErrors ? [Self.number(series.yErrors, index)] : [])
      }
    }
  }

  /// The cores, then the links that carry anything, in one table.
  private func meshLines(_ plot: MeshPlot) -> [[String]] {
    let head = ["chip", "column", "row", "core", "to column", "to row", "layer", plot.resource, plot.traffic]
    let cores = plot.cells.map { cell in
      ["\(cell.chip)", "\(cell.column)", "\(cell.row)", "\(cell.slot)", "", "", cell.label, Self.number(cell.fill), ""]
    }
    let links = plot.links.map { link in
      ["\(link.chip)", "\(link.from.column)", "\(link.from.row)", "", "\(link.to.column)", "\(link.to.row)", "", "", Self.number(link.load)]
    }
    return [head] + cores + links
  }

  // MARK: fields

  private static func number(_ values: [Double]?, _ index: Int) -> String {
    guard let values, index < values.count else { return "" }
    return number(values[index])
  }

  /// The shortest text that gives the number again; what came from a 32-bit number as that one. Nothing for what is none.
  private static func number(_ value: Double) -> String {
    if value.isNaN { return "" }
    let text = Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func field(_ text: String) -> String {
    let isPlain = !text.contains { ",\"\n\r\r\n".contains($0) }
    return isPlain ? text : "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
