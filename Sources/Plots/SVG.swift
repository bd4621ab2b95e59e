// A figure as a self-contained SVG picture: it scales, follows light and dark, and can stand in a page or alone.

import Texts

extension Figure {
  /// The figure as an SVG document whose user units are pixels. Some kinds take less height than is given.
  public func svg(width: Double = 640, height: Double = 400) -> String {
    let width = min(max(width.isFinite ? width : 640, 160), 10_000)
    let height = min(max(height.isFinite ? height : 400, 120), 10_000)
    let frame: SVGFrame? =
      switch content {
      case .curves(let plot): curvesPicture(plot, width, height)
      case .raster(let plot): rasterPicture(plot, width, height)
      case .heatmap(let plot): heatmapPicture(plot, width, height)
      case .confusion(let plot): confusionPicture(plot, width, height)
      case .histogram(let plot): histogramPicture(plot, width, height)
      case .bars(let plot): barsPicture(plot, width, height)
      case .mesh(let plot): meshPicture(plot, width)
      }
    let drawn = frame ?? emptyPicture(width, height)
    let size = "\(SVGWriter.number(drawn.width)) \(SVGWriter.number(drawn.height))"
    let name = SVGWriter.escaped(title.isEmpty ? kindName : title)
    let description = SVGWriter.escaped(spokenDescription)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(SVGWriter.number(drawn.width))" \
      height="\(SVGWriter.number(drawn.height))" class="ne-figure" role="img" aria-label="\(description)">
      <title>\(name)</title>
      <style>
      \(SVGStyle.sheet)</style>
      \(drawn.writer.body)</svg>

      """
  }

  /// The figure in words, for a reader who cannot see it: its kind, title, axes and series.
  public var spokenDescription: String {
    var parts = [title.isEmpty ? kindName : "\(kindName): \(title)"]
    if !yLabel.isEmpty { parts.append("vertical: \(yLabel)") }
    if !xLabel.isEmpty { parts.append("horizontal: \(xLabel)") }
    if case .curves(let plot) = content {
      let names = plot.series.map(\.name).filter { !$0.isEmpty }
      if !names.isEmpty { parts.append("series: \(names.joined(separator: ", "))") }
    }
    if case .mesh(let plot) = content {
      parts.append("\(plot.cells.count) cores in use, shaded by \(plot.resource); links by \(plot.traffic)")
    }
    return parts.joined(separator: "; ").clipped(toWidth: 300)
  }

  /// What kind of picture it is.
  private var kindName: String {
    switch content {
    case .curves(let plot): plot.drawsLines ? "line plot" : "scatter plot"
    case .raster: "spike raster"
    case .heatmap: "heatmap"
    case .confusion: "confusion matrix"
    case .histogram: "histogram"
    case .bars(let plot): plot.mark == .dot ? "dot plot" : "bar chart"
    case .mesh: "mesh of cores"
    }
  }

  /// The title and a line that says that there is nothing to see.
  private func emptyPicture(_ width: Double, _ height: Double) -> SVGFrame {
    var frame = SVGFrame(self, plan: SVGFrame.Plan(), width: width, height: min(height, 160))
    frame.writer.text(
      "no data",
      [
        ("class", "ne-soft"), ("x", SVGWriter.number(frame.x(0.5))), ("y", SVGWriter.number(frame.y(0.5))),
        ("text-anchor", "middle"),
      ])
    return frame
  }
}
