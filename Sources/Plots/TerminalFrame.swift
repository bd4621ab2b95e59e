// What surrounds the data in a terminal figure: title, axes with ticks, labels and legend.

import Texts

/// One entry of a legend: a sample of the line or mark, and its name.
struct LegendEntry {
  var sample: String
  var name: String
  var color: UInt8?
  /// The colours of the sample's characters, one each, where they differ.
  var swatches: [UInt8] = []
}

/// The grid of a figure with its frame drawn, and the place that is left for the data.
struct TerminalFrame {
  var grid: TextGrid
  /// The first row and column for data, and how many there are.
  let row: Int
  let column: Int
  let columns: Int
  let rows: Int
  let isColored: Bool

  /// What a figure's content needs to know before its frame can be drawn.
  struct Plan {
    /// The y axis' ticks for a number of rows; positions count from the bottom.
    var yTicks: (_ rows: Int) -> [Tick]
    /// The x axis' ticks for a number of columns.
    var xTicks: (_ columns: Int) -> [Tick]
    var legend: [LegendEntry] = []
    /// The most rows and columns that the data can use.
    var mostRows = Int.max
    var mostColumns = Int.max
  }

  /// Lays out a figure of `width` columns and at most `height` lines.
  init(_ figure: Figure, plan: Plan, width: Int, height: Int, color: Bool) {
    let legend = Self.legendLines(plan.legend, width: width)
    let above = (figure.title.isEmpty ? 0 : 1) + (figure.yLabel.isEmpty ? 0 : 1)
    let below = 2 + (figure.xLabel.isEmpty ? 0 : 1) + legend.count
    rows = min(max(height - above - below, 3), max(plan.mostRows, 1))
    let yTicks = plan.yTicks(rows)
    let labelWidth = min(yTicks.map(\.label.displayWidth).max() ?? 0, width / 3)
    column = labelWidth + 2
    columns = min(max(width - column, 4), max(plan.mostColumns, 1))
    row = above
    isColored = color
    grid = TextGrid(width: max(width, column + columns), height: above + rows + below)

    let middle = column + columns / 2
    if !figure.title.isEmpty {
      grid.putCentered(figure.title, row: 0, middle: middle, from: 0, to: grid.width, style: .title)
    }
    if !figure.yLabel.isEmpty {
      grid.put(figure.yLabel.withoutControls.clipped(toWidth: grid.width), row: above - 1, column: 0, style: .axis)
    }
    drawVerticalAxis(yTicks, labelWidth: labelWidth)
    drawHorizontalAxis(plan.xTicks(columns))
    if !figure.xLabel.isEmpty {
      let line = row + rows + 2
      grid.putCentered(figure.xLabel, row: line, middle: middle, from: 0, to: grid.width, style: .axis)
    }
    for (offset, line) in legend.enumerated() {
      var place = max(0, min(column, grid.width - Self.legendWidth(line)))
      for entry in line {
        let line = grid.height - legend.count + offset
        for (index, character) in entry.sample.enumerated() {
          let color = index < entry.swatches.count ? entry.swatches[index] : entry.color
          grid.put(String(character), row: line, column: place + index, style: TextStyle(foreground: color))
        }
        place += entry.sample.displayWidth + 1
        grid.put(entry.name, row: line, column: place)
        place += entry.name.displayWidth + 3
      }
    }
  }

  private mutating func drawVerticalAxis(_ ticks: [Tick], labelWidth: Int) {
    for line in 0..<rows { grid.put("│", row: row + line, column: column - 1, style: .axis) }
    var taken: Set<Int> = []
    for tick in ticks {
      let line = min(max(Int(((1 - tick.position) * Double(rows * 4 - 1)).rounded()) / 4, 0), rows - 1)
      if !taken.insert(line).inserted { continue }
      let label = tick.label.withoutControls.clipped(toWidth: labelWidth)
      grid.put("┤", row: row + line, column: column - 1, style: .axis)
      grid.put(label, row: row + line, column: labelWidth - label.displayWidth, style: .axis)
    }
  }

  private mutating func drawHorizontalAxis(_ ticks: [Tick]) {
    let line = row + rows
    grid.put("└" + String(repeating: "─", count: columns), row: line, column: column - 1, style: .axis)
    var free = 0
    for tick in ticks {
      let place = column + Int((tick.position * Double(columns * 2 - 1)).rounded()) / 2
      let label = tick.label.withoutControls.clipped(toWidth: max(columns / 2, 4))
      let size = label.displayWidth
      let start = max(0, min(place - (size - 1) / 2, grid.width - size))
      if start < free { continue }
      grid.put("┬", row: line, column: place, style: .axis)
      grid.put(label, row: line + 1, column: start, style: .axis)
      free = start + size + 1
    }
  }

  private static func legendWidth(_ line: [LegendEntry]) -> Int {
    line.reduce(-3) { $0 + $1.sample.displayWidth + 1 + $1.name.displayWidth + 3 }
  }

  /// The entries broken into at most four lines; long names are shortened.
  private static func legendLines(_ entries: [LegendEntry], width: Int) -> [[LegendEntry]] {
    var lines: [[LegendEntry]] = []
    for entry in entries {
      var entry = entry
      entry.name = entry.name.withoutControls.clipped(toWidth: width - entry.sample.displayWidth - 1)
      if let last = lines.last, legendWidth(last + [entry]) <= width {
        lines[lines.count - 1].append(entry)
      } else {
        lines.append([entry])
      }
    }
    if lines.count <= 4 { return lines }
    let hidden = lines.dropFirst(3).joined().count
    return lines.prefix(3) + [[LegendEntry(sample: "…", name: "and \(hidden) more", color: nil)]]
  }
}
