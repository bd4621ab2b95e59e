// A chip's mesh in SVG: tiles with their cores, shaded by how full they are, and the traffic between them.

import Texts

/// Where the tiles of a mesh lie in a picture.
private struct MeshLayout {
  let region: MeshRegion
  /// From one tile to the next, and how much of that the tile takes.
  let pitch: Double
  let tile: Double
  let chipsAcross: Int
  let chipWidth: Double
  let chipHeight: Double
  let left: Double
  let top: Double

  static let chipGap = 26.0
  /// Room for the numbers of rows and columns.
  static let numbers = 20.0

  init(_ region: MeshRegion, width: Double, top: Double) {
    self.region = region
    chipsAcross = min(region.chips.count, region.columns.count > 24 ? 2 : width < 450 ? 2 : 4)
    let room = (width - 36 - Self.chipGap * Double(chipsAcross - 1)) / Double(chipsAcross) - Self.numbers
    // One chip of few tiles need not fill the width.
    let most = region.across > 1 ? 92.0 : 64.0
    pitch = max(min(room / Double(region.columns.count), most), 2)
    tile = region.links.isEmpty ? pitch * 0.9 : pitch * (pitch < 8 ? 0.7 : 0.78)
    chipWidth = pitch * Double(region.columns.count)
    chipHeight = pitch * Double(region.rows.count)
    let all = Double(chipsAcross) * (chipWidth + Self.numbers) + Double(chipsAcross - 1) * Self.chipGap
    left = max(18, (width - all) / 2) + Self.numbers
    self.top = top
  }

  /// The gap between the cores of a tile, and the size of a core.
  var coreGap: Double { region.across > 1 && tile > 12 ? 1.5 : 0 }
  var coreWidth: Double { (tile - coreGap * Double(region.across - 1)) / Double(region.across) }
  var coreHeight: Double { (tile - coreGap * Double(region.down - 1)) / Double(region.down) }

  /// How many characters of a label fit on a core.
  var labelRoom: Int { coreWidth < 24 ? 0 : Int(coreWidth / 5.6) }

  var chipRows: Int { (region.chips.count + chipsAcross - 1) / chipsAcross }
  var hasChipNames: Bool { region.chips.count > 1 }
  private var rowHeight: Double { chipHeight + Self.numbers + (hasChipNames ? 22 : 0) + 14 }
  var height: Double { rowHeight * Double(chipRows) }

  /// The upper left corner of a chip's mesh.
  func corner(_ chip: Int) -> (x: Double, y: Double) {
    let index = region.chips.firstIndex(of: chip) ?? 0
    let across = Double(index % chipsAcross), down = Double(index / chipsAcross)
    return (
      left + across * (chipWidth + Self.numbers + Self.chipGap),
      top + down * rowHeight + Self.numbers + (hasChipNames ? 22 : 0)
    )
  }

  /// The middle of a tile.
  func middle(_ place: MeshPlot.Place, chip: Int) -> (x: Double, y: Double) {
    let corner = corner(chip)
    return (
      corner.x + (Double(place.column - region.columns.lowerBound) + 0.5) * pitch,
      corner.y + (Double(place.row - region.rows.lowerBound) + 0.5) * pitch
    )
  }
}

extension Figure {
  func meshPicture(_ plot: MeshPlot, _ width: Double) -> SVGFrame? {
    guard let region = MeshRegion(plot) else { return nil }
    let top = title.isEmpty ? 12.0 : 16 + SVGFrame.titleHeight(self, width: width)
    let layout = MeshLayout(region, width: width, top: top)
    // Where labels do not fit, letters stand for them, and a key below says which.
    let letters = region.cells.contains { $0.label.displayWidth > layout.labelRoom } ? region.letters : []
    let key = Self.key(layout.coreWidth < 11 ? [] : letters, region, width: width)
    let notes = key + [region.note].filter { !$0.isEmpty }
    let names = Dictionary(letters.map { ($0.label, String($0.letter)) }) { first, _ in first }
    let isNarrow = width < 520
    let legendHeight = (isNarrow && !region.links.isEmpty ? 84.0 : 46.0) + Double(notes.count) * 18
    var frame = SVGFrame(bare: self, width: width, height: top + layout.height + legendHeight)
    for chip in region.chips { drawGround(chip, plot, layout, on: &frame.writer) }
    for link in region.links { drawLink(link, plot, layout, on: &frame.writer) }
    for cell in region.cells { drawCell(cell, names[cell.label] ?? cell.label, layout, on: &frame.writer) }
    drawLegend(plot, region, top: top + layout.height + 8, isNarrow: isNarrow, width: width, on: &frame.writer)
    for (index, note) in notes.enumerated() {
      let y = frame.height - 10 - Double(notes.count - 1 - index) * 18
      frame.writer.text(
        note.clipped(toWidth: Int(width / 6.2)),
        [
          ("class", "ne-soft"), ("x", SVGWriter.number(width / 2)), ("y", SVGWriter.number(y)),
          ("text-anchor", "middle"),
        ])
    }
    return frame
  }

  /// What the letters stand for, as lines that fit the width.
  private static func key(
    _ letters: [(label: String, letter: Character)], _ region: MeshRegion, width: Double
  ) -> [String] {
    var lines: [String] = []
    for (label, letter) in letters.prefix(16) {
      let entry = "\(letter) = \(region.meaning(of: label))".clipped(toWidth: 60)
      if let last = lines.last, SVGWriter.width(last + entry) + 30 < width - 30 {
        lines[lines.count - 1] = last + "  ·  " + entry
      } else {
        lines.append(entry)
      }
    }
    return lines + (letters.count > 16 ? ["and \(letters.count - 16) more"] : [])
  }

  /// The cores that are not in use, the lines of the mesh behind them, and the numbers of rows and columns.
  private func drawGround(_ chip: Int, _ plot: MeshPlot, _ layout: MeshLayout, on writer: inout SVGWriter) {
    let region = layout.region
    let corner = layout.corner(chip)
    if layout.hasChipNames {
      writer.text("chip \(chip)", [("x", SVGWriter.number(corner.x)), ("y", SVGWriter.number(corner.y - MeshLayout.numbers - 4))])
    }
    let half = layout.pitch / 2
    if layout.pitch >= 10 {
      for row in 0..<region.rows.count {
        let y = corner.y + (Double(row) + 0.5) * layout.pitch
        writer.line(corner.x + half, y, corner.x + layout.chipWidth - half, y, style: "ne-grid")
      }
      for column in 0..<region.columns.count {
        let x = corner.x + (Double(column) + 0.5) * layout.pitch
        writer.line(x, corner.y + half, x, corner.y + layout.chipHeight - half, style: "ne-grid")
      }
    }
    // One path for all that is idle: a mesh may have thousands of tiles.
    var path = ""
    for row in region.rows {
      for column in region.columns {
        let middle = layout.middle(MeshPlot.Place(column, row), chip: chip)
        let side = SVGWriter.number(layout.tile)
        path += "M\(SVGWriter.number(middle.x - layout.tile / 2)) \(SVGWriter.number(middle.y - layout.tile / 2))"
        path += "h\(side)v\(side)h-\(side)z"
      }
    }
    writer.element("path", [("class", "ne-ground"), ("d", path)])
    writer.element("path", [("class", "ne-idle"), ("d", path)])
    let every = max(1, Int((22 / layout.pitch).rounded(.up)))
    for (index, column) in region.columns.enumerated() where index % every == 0 {
      writer.text(
        "\(column)",
        [
          ("class", "ne-small"), ("x", SVGWriter.number(corner.x + (Double(index) + 0.5) * layout.pitch)),
          ("y", SVGWriter.number(corner.y - 6)), ("text-anchor", "middle"),
        ])
    }
    for (index, row) in region.rows.enumerated() where index % every == 0 {
      writer.text(
        "\(row)",
        [
          ("class", "ne-small"), ("x", SVGWriter.number(corner.x - 4)),
          ("y", SVGWriter.number(corner.y + (Double(index) + 0.5) * layout.pitch + 3.5)), ("text-anchor", "end"),
        ])
    }
  }

  private func drawCell(_ cell: MeshPlot.Cell, _ label: String, _ layout: MeshLayout, on writer: inout SVGWriter) {
    let region = layout.region
    let middle = layout.middle(MeshPlot.Place(cell.column, cell.row), chip: cell.chip)
    let (wide, high, gap) = (layout.coreWidth, layout.coreHeight, layout.coreGap)
    let x = middle.x - layout.tile / 2 + Double(cell.slot % region.across) * (wide + gap)
    let y = middle.y - layout.tile / 2 + Double(cell.slot / region.across) * (high + gap)
    let strength = 0.15 + 0.85 * MeshRegion.part(cell.fill)
    let percent = MeshRegion.percent(cell.fill)
    let name = cell.label.isEmpty ? "" : "\(cell.label), "
    writer.rectangle(
      x, y, wide, high, [("class", "ne-hit"), ("fill-opacity", fixedText(strength, decimals: 2))],
      note: "\(name)tile \(cell.column), \(cell.row), core \(cell.slot): \(percent)")
    if wide < 11 || high < 11 { return }
    let ink = strength > 0.8 ? "ne-small ne-on" : "ne-small ne-ink"
    let hasPercent = wide >= 24 && (high >= 26 || label.isEmpty)
    let lines = [label, hasPercent ? percent : ""].filter { !$0.isEmpty }
    for (index, line) in lines.enumerated() {
      let offset = (Double(index) - Double(lines.count - 1) / 2) * 12 + 3.5
      writer.text(
        line,
        [
          ("class", ink), ("x", SVGWriter.number(x + wide / 2)), ("y", SVGWriter.number(y + high / 2 + offset)),
          ("text-anchor", "middle"),
        ])
    }
  }

  /// The two directions between neighbours lie beside each other.
  private func drawLink(_ link: MeshPlot.Link, _ plot: MeshPlot, _ layout: MeshLayout, on writer: inout SVGWriter) {
    let part = layout.region.load(link)
    let from = layout.middle(link.from, chip: link.chip), to = layout.middle(link.to, chip: link.chip)
    let (dx, dy) = ((to.x - from.x) / layout.pitch, (to.y - from.y) / layout.pitch)
    let aside = min(layout.tile * 0.16, 5), reach = layout.tile / 2
    let start = (x: from.x + dx * reach - dy * aside, y: from.y + dy * reach + dx * aside)
    let end = (x: to.x - dx * reach - dy * aside, y: to.y - dy * reach + dx * aside)
    let d = "M\(SVGWriter.number(start.x)) \(SVGWriter.number(start.y))L\(SVGWriter.number(end.x)) \(SVGWriter.number(end.y))"
    let stroke = Self.linkWidth(part, pitch: layout.pitch)
    writer.raw(
      "<path class=\"ne-traffic\" stroke-width=\"\(SVGWriter.number(stroke))\" "
        + "stroke-opacity=\"\(fixedText(0.35 + 0.65 * part, decimals: 2))\" d=\"\(d)\"><title>"
        + "\(link.from.column), \(link.from.row) to \(link.to.column), \(link.to.row): "
        + SVGWriter.escaped("\(shortText(link.load)) \(plot.traffic)") + "</title></path>\n")
  }

  private static func linkWidth(_ part: Double, pitch: Double) -> Double {
    max(1, min(1 + 6 * part, pitch * 0.22))
  }

  /// A scale of shades and one of lines.
  private func drawLegend(
    _ plot: MeshPlot, _ region: MeshRegion, top: Double, isNarrow: Bool, width: Double, on writer: inout SVGWriter
  ) {
    let hasLinks = !region.links.isEmpty
    let middle = isNarrow || !hasLinks ? width / 2 : width * 0.27
    writer.text(
      "\(plot.resource), part in use".clipped(toWidth: 44),
      [
        ("class", "ne-soft"), ("x", SVGWriter.number(middle)), ("y", SVGWriter.number(top + 10)),
        ("text-anchor", "middle"),
      ])
    let steps = 20, step = 7.0
    let x = middle - Double(steps) * step / 2
    for index in 0..<steps {
      let strength = 0.15 + 0.85 * Double(index) / Double(steps - 1)
      writer.rectangle(
        x + Double(index) * step, top + 17, step + 0.4, 9,
        [("class", "ne-hit"), ("fill-opacity", fixedText(strength, decimals: 2))])
    }
    for (text, place, anchor) in [("0", x - 5, "end"), ("100 %", x + Double(steps) * step + 5, "start")] {
      writer.text(
        text,
        [("class", "ne-small"), ("x", SVGWriter.number(place)), ("y", SVGWriter.number(top + 25)), ("text-anchor", anchor)])
    }
    if !hasLinks { return }
    let right = isNarrow ? width / 2 : width * 0.73
    let line = isNarrow ? top + 38 : top
    writer.text(
      plot.traffic.clipped(toWidth: 44),
      [
        ("class", "ne-soft"), ("x", SVGWriter.number(right)), ("y", SVGWriter.number(line + 10)),
        ("text-anchor", "middle"),
      ])
    for (index, part) in [0.1, 0.5, 1].enumerated() {
      let place = right - 108 + Double(index) * 76
      let y = SVGWriter.number(line + 21)
      writer.element(
        "path",
        [
          ("class", "ne-traffic"), ("stroke-width", SVGWriter.number(Self.linkWidth(part, pitch: 64))),
          ("stroke-opacity", fixedText(0.35 + 0.65 * part, decimals: 2)), ("d", "M\(SVGWriter.number(place)) \(y)h22"),
        ])
      writer.text(
        shortText(region.highestLoad * part, digits: 3),
        [("class", "ne-small"), ("x", SVGWriter.number(place + 27)), ("y", SVGWriter.number(line + 25))])
    }
  }
}
