// Matrices in a terminal: two coloured pixels a character, or five shades of block without colour.

import Texts

private let shadeBlocks = [" ", "░", "▒", "▓", "█"]

extension Figure {
  func heatmapGrid(_ plot: HeatmapPlot, _ options: TerminalOptions) -> TextGrid {
    let rowCount = plot.values.count
    let names = (0..<rowCount).map { $0 < plot.rowLabels.count ? plot.rowLabels[$0] : "\($0)" }
    let gutter = min(names.lazy.map(\.displayWidth).max() ?? 0, options.width / 3) + 2
    let roomColumns = max(options.width - gutter, 4)
    let above = (title.isEmpty ? 0 : 1) + (yLabel.isEmpty ? 0 : 1)
    let roomRows = max(options.height - above - 3 - (xLabel.isEmpty ? 0 : 1), 3)
    // A pixel is square: half a character high in colour, a character high and two wide without.
    let pixelsDown = options.color ? roomRows * 2 : roomRows
    let pixelsAcross = options.color ? roomColumns : roomColumns / 2
    guard let cells = HeatmapCells(plot, mostRows: pixelsDown, mostColumns: pixelsAcross) else {
      return emptyGrid(options)
    }
    let scale = max(1, min(pixelsAcross / cells.columns, pixelsDown / cells.rows))
    let rows = options.color ? (cells.rows * scale + 1) / 2 : cells.rows * scale
    let columns = cells.columns * scale * (options.color ? 1 : 2)
    let columnCount = plot.values.map(\.count).max() ?? 0
    let filled = options.color ? Double(cells.rows * scale) / Double(rows * 2) : 1
    let plan = TerminalFrame.Plan(
      yTicks: { rows in
        Axis.indexTicks(rowCount, count: plot.rowLabels.isEmpty ? max(rows / 2, 2) : rows, names: names).map {
          let line = ($0.position * filled * Double(rows)).rounded(.down)
          return Tick(position: 1 - (line * 4 + 1.5) / Double(rows * 4 - 1), label: $0.label)
        }
      },
      xTicks: { columns in
        Axis.indexTicks(columnCount, count: max(columns / 6, 2), names: plot.columnLabels).map {
          let place = ($0.position * Double(columns)).rounded(.down)
          return Tick(position: (place * 2 + 0.5) / Double(columns * 2 - 1), label: $0.label)
        }
      },
      legend: [scaleLegend(cells, options)], mostRows: rows, mostColumns: columns)
    var frame = TerminalFrame(self, plan: plan, width: options.width, height: options.height, color: options.color)
    for row in 0..<frame.rows {
      for column in 0..<frame.columns {
        draw(cells, row, column, scale, on: &frame, options)
      }
    }
    return frame.grid
  }

  private func draw(
    _ cells: HeatmapCells, _ row: Int, _ column: Int, _ scale: Int, on frame: inout TerminalFrame,
    _ options: TerminalOptions
  ) {
    func shade(_ pixelRow: Int, _ pixelColumn: Int) -> Double? {
      let r = pixelRow / scale, c = pixelColumn / scale
      return r < cells.rows && c < cells.columns ? cells.shades[r][c] : nil
    }
    let place = (row: frame.row + row, column: frame.column + column)
    if !options.color {
      guard let value = shade(row, column / 2) else {
        frame.grid.put(column % 2 == 0 ? "?" : " ", row: place.row, column: place.column)
        return
      }
      let block = shadeBlocks[min(Int(value * 5), 4)]
      frame.grid.put(block, row: place.row, column: place.column)
      return
    }
    let upper = shade(row * 2, column).map { cells.color($0).ansi256 }
    let lower = shade(row * 2 + 1, column).map { cells.color($0).ansi256 }
    if let upper {
      let style = TextStyle(foreground: upper, background: lower)
      frame.grid.put("▀", row: place.row, column: place.column, style: style)
    } else if let lower {
      frame.grid.put("▄", row: place.row, column: place.column, style: TextStyle(foreground: lower))
    }
  }

  /// The legend that tells which shade is which value.
  private func scaleLegend(_ cells: HeatmapCells, _ options: TerminalOptions) -> LegendEntry {
    if cells.isEmpty { return LegendEntry(sample: options.color ? "" : "?", name: "all NaN or infinite", color: nil) }
    let reach = max(-cells.lowest, cells.highest)
    let low = cells.isDiverging ? -reach : cells.lowest, high = cells.isDiverging ? reach : cells.highest
    let ends = low == high ? "all \(shortText(low))" : "\(shortText(low)) to \(shortText(high))"
    let gaps = !cells.hasGaps ? "" : options.color ? ", blank is NaN or infinite" : ", ? is NaN or infinite"
    let middle = (cells.isDiverging ? ", 0 in the middle" : "") + gaps
    if !options.color || low == high {
      let sample = options.color ? "" : "[" + shadeBlocks.joined() + "]"
      return LegendEntry(sample: sample, name: ends + middle, color: nil)
    }
    let swatches = (0..<12).map { cells.color(Double($0) / 11).ansi256 }
    return LegendEntry(sample: String(repeating: "█", count: 12), name: ends + middle, color: nil, swatches: swatches)
  }
}
