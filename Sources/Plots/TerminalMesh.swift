// A chip's mesh in a terminal: two characters a core, a letter for what it holds and a shade for how full it is.

import Texts

private let fillShades = ["·", "░", "▒", "▓", "█"]

extension Figure {
  func meshGrid(_ plot: MeshPlot, _ options: TerminalOptions) -> TextGrid {
    guard let region = MeshRegion(plot) else { return emptyGrid(options) }
    let letters = region.letters
    let names = Dictionary(letters.map { ($0.label, $0.letter) }) { first, _ in first }
    let tileWidth = region.across * 2, tileHeight = region.down
    // Rows and columns beyond the room are left out, and the note says so.
    let gutter = "\(max(region.rows.upperBound - 1, 0))".count + 1
    let columns = max(1, min(region.columns.count, (options.width - gutter + 1) / (tileWidth + 1)))
    let rows = min(region.rows.count, max(4, 60 / (tileHeight + 1)))
    let chipWidth = gutter + columns * (tileWidth + 1)
    let across = max(1, min(region.chips.count, options.width / (chipWidth + 2)))
    let chipHeight = rows * (tileHeight + 1) + (region.chips.count > 1 ? 2 : 1)
    let chips = Array(region.chips.prefix(across * max(1, 120 / chipHeight)))

    var legend = Self.legend(plot, region, letters)
    let isCut = columns < region.columns.count || rows < region.rows.count || chips.count < region.chips.count
    if !region.note.isEmpty { legend.append(region.note) }
    if isCut { legend.append("only a part of it fits here; plot.save draws it whole") }
    let above = title.isEmpty ? 0 : 1
    let chipRows = (chips.count + across - 1) / across
    var grid = TextGrid(width: options.width, height: above + chipRows * chipHeight + legend.count)
    grid.putCentered(title, row: 0, middle: options.width / 2, from: 0, to: options.width, style: .title)

    for (index, chip) in chips.enumerated() {
      let left = index % across * (chipWidth + 2) + gutter
      var top = above + index / across * chipHeight
      if region.chips.count > 1 {
        grid.put("chip \(chip)", row: top, column: left, style: .title)
        top += 1
      }
      let place = MeshText(
        region: region, chip: chip, left: left, top: top + 1, columns: columns, rows: rows, tileWidth: tileWidth,
        tileHeight: tileHeight, isColored: options.color)
      place.drawGround(on: &grid)
      for cell in region.cells where cell.chip == chip { place.draw(cell, names[cell.label] ?? " ", on: &grid) }
      for link in region.links where link.chip == chip { place.draw(link, on: &grid) }
    }
    for (index, line) in legend.enumerated() {
      grid.put(
        line.withoutControls.clipped(toWidth: options.width), row: grid.height - legend.count + index, column: 0)
    }
    return grid
  }

  private static func legend(
    _ plot: MeshPlot, _ region: MeshRegion, _ letters: [(label: String, letter: Character)]
  ) -> [String] {
    var lines = ["\(plot.resource) in use:  ░ below 40 %  ▒ 70 %  ▓ 90 %  █ up to 100 %  · idle"]
    if region.highestLoad > 0 {
      let half = shortText(region.highestLoad / 2, digits: 3), most = shortText(region.highestLoad, digits: 3)
      lines.append("\(plot.traffic):  ─ below \(half)  ━ up to \(most)")
    }
    lines += letters.prefix(12).map { "\($0.letter) \(region.meaning(of: $0.label))" }
    if letters.count > 12 { lines.append("and \(letters.count - 12) more") }
    return lines
  }
}

/// One chip on a grid of characters.
private struct MeshText {
  let region: MeshRegion
  let chip: Int
  let left: Int
  let top: Int
  let columns: Int
  let rows: Int
  let tileWidth: Int
  let tileHeight: Int
  let isColored: Bool

  private func place(_ tile: MeshPlot.Place) -> (row: Int, column: Int)? {
    let column = tile.column - region.columns.lowerBound, row = tile.row - region.rows.lowerBound
    guard (0..<columns).contains(column), (0..<rows).contains(row) else { return nil }
    return (top + row * (tileHeight + 1), left + column * (tileWidth + 1))
  }

  func drawGround(on grid: inout TextGrid) {
    let every = tileWidth >= 3 ? 1 : 2
    for column in 0..<columns where column % every == 0 {
      grid.put(
        "\(region.columns.lowerBound + column)", row: top - 1, column: left + column * (tileWidth + 1), style: .axis)
    }
    for row in 0..<rows {
      let number = "\(region.rows.lowerBound + row)"
      let line = top + row * (tileHeight + 1)
      grid.put(number, row: line, column: left - 1 - number.count, style: .axis)
      for column in 0..<columns {
        for offset in 0..<tileHeight {
          let idle = String(repeating: " " + fillShades[0], count: region.across)
          grid.put(idle, row: line + offset, column: left + column * (tileWidth + 1), style: .axis)
        }
      }
    }
  }

  func draw(_ cell: MeshPlot.Cell, _ letter: Character, on grid: inout TextGrid) {
    guard let place = place(MeshPlot.Place(cell.column, cell.row)) else { return }
    let row = place.row + cell.slot / region.across, column = place.column + cell.slot % region.across * 2
    let part = MeshRegion.part(cell.fill)
    let shade = fillShades[part < 0.4 ? 1 : part < 0.7 ? 2 : part < 0.9 ? 3 : 4]
    grid.put(String(letter), row: row, column: column)
    grid.put(shade, row: row, column: column + 1, style: TextStyle(foreground: Palette.terminalSeries(0)))
  }

  func draw(_ link: MeshPlot.Link, on grid: inout TextGrid) {
    guard let from = place(link.from), let to = place(link.to) else { return }
    let most = region.busiest[MeshRegion.Edge(link)] ?? link.load
    let load = region.highestLoad > 0 ? most / region.highestLoad : 0
    let style = TextStyle(foreground: Palette.terminalSeries(4))
    if from.row == to.row {
      grid.put(
        load < 0.5 ? "─" : "━", row: from.row + (tileHeight - 1) / 2, column: max(from.column, to.column) - 1,
        style: style)
    } else {
      grid.put(
        load < 0.5 ? "│" : "┃", row: max(from.row, to.row) - 1, column: from.column + (tileWidth - 1) / 2, style: style)
    }
  }
}
