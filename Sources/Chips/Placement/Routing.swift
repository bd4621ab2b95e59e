// The way of packets over the mesh: first along the row, then along the column, as all chips of this room route.

/// The tiles of one or several chips as one plane: chips lie in a square that is as even as can be, chip 0 at the top
/// left; a packet that passes the border between two chips makes one hop between chips there instead of one on a chip.
struct MeshPlane: Sendable {
  let columns: Int
  let rows: Int
  let slots: Int
  /// Chips that may be used.
  let chips: Int
  let chipColumns: Int

  init(_ chip: Chip, chips: Int) {
    columns = max(1, Int(chip.mesh.columns.value))
    rows = max(1, Int(chip.mesh.rows.value))
    slots = max(1, Int(chip.mesh.coresPerTile.value))
    self.chips = max(1, chips)
    var side = 1
    while side * side < self.chips { side += 1 }
    chipColumns = side
  }

  var cores: Int { columns * rows * slots * chips }

  /// The place of a core in row-major order: slot, column, row, chip.
  func place(_ index: Int) -> Mapping.Place {
    let (tile, slot) = index.quotientAndRemainder(dividingBy: slots)
    let (line, column) = tile.quotientAndRemainder(dividingBy: columns)
    let (chip, row) = line.quotientAndRemainder(dividingBy: rows)
    return Mapping.Place(chip: chip, column: column, row: row, slot: slot)
  }

  /// The number of a place in row-major order.
  func index(_ place: Mapping.Place) -> Int {
    ((place.chip * rows + place.row) * columns + place.column) * slots + place.slot
  }

  /// The first places by their tiles' distance from a place of chip 0, chip after chip: what enters there has short ways,
  /// over as many links as there are.
  func places(around port: Mapping.Place, count: Int) -> [Mapping.Place] {
    let own = columns * rows
    func distance(_ tile: Int) -> Int { abs(tile % columns - port.column) + abs(tile / columns - port.row) }
    let tiles = (0..<own).sorted { (distance($0), $0) < (distance($1), $1) }
    return (0..<min(count, cores)).map { index in
      let (tile, slot) = index.quotientAndRemainder(dividingBy: slots)
      let (chip, place) = tile.quotientAndRemainder(dividingBy: own)
      return Mapping.Place(chip: chip, column: tiles[place] % columns, row: tiles[place] / columns, slot: slot)
    }
  }

  /// A tile's position in the plane.
  @inline(__always)
  func position(_ place: Mapping.Place) -> (x: Int, y: Int) {
    let (down, across) = place.chip.quotientAndRemainder(dividingBy: chipColumns)
    return (across * columns + place.column, down * rows + place.row)
  }

  /// Hops on chips along rows and columns, and between chips.
  @inline(__always)
  func hops(_ a: Mapping.Place, _ b: Mapping.Place) -> (horizontal: Int, vertical: Int, chips: Int) {
    if a.chip == b.chip { return (abs(a.column - b.column), abs(a.row - b.row), 0) }
    let (from, to) = (position(a), position(b))
    let across = abs(from.x / columns - to.x / columns)
    let down = abs(from.y / rows - to.y / rows)
    return (abs(from.x - to.x) - across, abs(from.y - to.y) - down, across + down)
  }
}

/// What the links of a mesh carry in a step.
struct LinkLoads: Sendable {
  /// The links to the right and to the left of each row, and down and up each column: `[line][gap]`, where a gap lies
  /// between a tile and the next.
  private(set) var right: [[Double]]
  private(set) var left: [[Double]]
  private(set) var down: [[Double]]
  private(set) var up: [[Double]]
  private(set) var horizontalHops = 0.0
  private(set) var verticalHops = 0.0
  private(set) var chipHops = 0.0
  private let plane: MeshPlane
  private(set) var longestPath: (horizontal: Int, vertical: Int) = (0, 0)
  private(set) var longestPathChips = 0

  /// Routes all flows of an activity between cores at the given places.
  init(_ arrivals: [[CoreActivity.Flow]], places: [Mapping.Place], port: Mapping.Place, plane: MeshPlane) {
    let width = plane.columns * plane.chipColumns
    let height = plane.rows * ((plane.chips + plane.chipColumns - 1) / plane.chipColumns)
    self.plane = plane
    // Differences first: a path adds to all links between its ends, and the sums are taken once at the end.
    right = [[Double]](repeating: [Double](repeating: 0, count: width + 1), count: height)
    left = right
    down = [[Double]](repeating: [Double](repeating: 0, count: height + 1), count: width)
    up = down
    for (core, flows) in arrivals.enumerated() {
      let target = plane.position(places[core])
      for flow in flows where flow.packets > 0 {
        let from = flow.from < 0 ? port : places[Int(flow.from)]
        let source = plane.position(from)
        if source.x < target.x {
          right[source.y][source.x] += flow.packets
          right[source.y][target.x] -= flow.packets
        } else if source.x > target.x {
          left[source.y][target.x] += flow.packets
          left[source.y][source.x] -= flow.packets
        }
        if source.y < target.y {
          down[target.x][source.y] += flow.packets
          down[target.x][target.y] -= flow.packets
        } else if source.y > target.y {
          up[target.x][target.y] += flow.packets
          up[target.x][source.y] -= flow.packets
        }
        let hops = plane.hops(from, places[core])
        horizontalHops += flow.packets * Double(hops.horizontal)
        verticalHops += flow.packets * Double(hops.vertical)
        chipHops += flow.packets * Double(hops.chips)
        // A border between chips takes longer than many hops on one.
        let isLonger = hops.chips == longestPathChips
          ? hops.horizontal + hops.vertical > longestPath.horizontal + longestPath.vertical : hops.chips > longestPathChips
        if isLonger {
          longestPath = (hops.horizontal, hops.vertical)
          longestPathChips = hops.chips
        }
      }
    }
    for lines in [\LinkLoads.right, \.left, \.down, \.up] as [WritableKeyPath<LinkLoads, [[Double]]>] {
      for line in self[keyPath: lines].indices {
        var sum = 0.0
        for gap in self[keyPath: lines][line].indices {
          sum += self[keyPath: lines][line][gap]
          self[keyPath: lines][line][gap] = sum < 1e-12 ? 0 : sum
        }
      }
    }
  }

  /// Packets over the busiest link between tiles of a chip, and over the busiest side of a chip: neighbouring chips have
  /// one link in each direction, that all their border tiles share.
  var busiest: (tiles: Double, chips: Double) {
    var (tiles, chips) = (0.0, 0.0)
    func look(_ lines: [[Double]], linesOfChip: Int, gapsOfChip: Int) {
      var sides: [Int: Double] = [:]
      for (line, gaps) in lines.enumerated() {
        for (gap, packets) in gaps.enumerated() where packets > 0 {
          if (gap + 1) % gapsOfChip > 0 {
            tiles = max(tiles, packets)
          } else {
            let side = line / linesOfChip * gaps.count + gap
            sides[side, default: 0] += packets
            chips = max(chips, sides[side] ?? 0)
          }
        }
      }
    }
    for lines in [right, left] { look(lines, linesOfChip: plane.rows, gapsOfChip: plane.columns) }
    for lines in [down, up] { look(lines, linesOfChip: plane.columns, gapsOfChip: plane.rows) }
    return (tiles, chips)
  }

  /// The links with packets, but for those between chips.
  var tileLinks: [PlacedMapping.TileLink] {
    var result: [PlacedMapping.TileLink] = []
    func add(_ x: Int, _ y: Int, _ dx: Int, _ dy: Int, _ packets: Double) {
      let (across, down) = (x / plane.columns, y / plane.rows)
      guard packets > 0, (x + dx) / plane.columns == across, (y + dy) / plane.rows == down else { return }
      let (column, row) = (x % plane.columns, y % plane.rows)
      result.append(
        PlacedMapping.TileLink(
          chip: down * plane.chipColumns + across, from: (column, row), to: (column + dx, row + dy), packets: packets))
    }
    for y in right.indices {
      for x in right[y].indices.dropLast() {
        add(x, y, 1, 0, right[y][x])
        if left[y][x] > 0, (x + 1) % plane.columns > 0 { add(x + 1, y, -1, 0, left[y][x]) }
      }
    }
    for x in down.indices {
      for y in down[x].indices.dropLast() {
        add(x, y, 0, 1, down[x][y])
        if up[x][y] > 0, (y + 1) % plane.rows > 0 { add(x, y + 1, 0, -1, up[x][y]) }
      }
    }
    return result
  }
}
