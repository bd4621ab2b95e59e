// What stands on which core of a chip, how full each is, and how busy the links between the tiles are.

import Texts

/// Cores of one or more equal chips, on the tiles of their meshes. Tile (0, 0) is drawn at the top left.
public struct MeshPlot: Equatable, Sendable {
  /// One core that is in use.
  public struct Cell: Equatable, Sendable {
    public var chip: Int
    public var column: Int
    public var row: Int
    /// Which of the tile's cores it is, from 0.
    public var slot: Int
    /// The part of the core's bottleneck resource that is in use, 0 to 1.
    public var fill: Double
    /// The layer or layers that it holds.
    public var label: String

    public init(chip: Int = 0, column: Int, row: Int, slot: Int = 0, fill: Double, label: String = "") {
      self.chip = chip
      self.column = column
      self.row = row
      self.slot = slot
      self.fill = fill
      self.label = label
    }
  }

  /// What passes from one tile to a neighbour.
  public struct Link: Equatable, Sendable {
    public var chip: Int
    public var from: Place
    public var to: Place
    public var load: Double

    public init(chip: Int = 0, from: Place, to: Place, load: Double) {
      self.chip = chip
      self.from = from
      self.to = to
      self.load = load
    }
  }

  public struct Place: Hashable, Sendable {
    public var column: Int
    public var row: Int

    public init(_ column: Int, _ row: Int) {
      self.column = column
      self.row = row
    }
  }

  /// Tiles of one chip in each direction.
  public var columns: Int
  public var rows: Int
  public var coresPerTile: Int
  public var cells: [Cell]
  public var links: [Link]
  /// What `fill` is the part of: `synaptic memory`.
  public var resource: String
  /// What `load` counts: `packets an inference`.
  public var traffic: String

  public init(
    columns: Int, rows: Int, coresPerTile: Int = 1, cells: [Cell], links: [Link] = [],
    resource: String = "utilization", traffic: String = "packets"
  ) {
    self.columns = columns
    self.rows = rows
    self.coresPerTile = coresPerTile
    self.cells = cells
    self.links = links
    self.resource = resource
    self.traffic = traffic
  }
}

/// A mesh prepared for drawing: only what lies on it, and only the part of it that is in use where it is large.
struct MeshRegion {
  /// The chips that are drawn, in order.
  let chips: [Int]
  let hiddenChips: Int
  /// The tiles that are drawn of each chip.
  let columns: Range<Int>
  let rows: Range<Int>
  let cells: [MeshPlot.Cell]
  let links: [MeshPlot.Link]
  let highestLoad: Double
  /// The larger load of both directions between two tiles, by the one that is further left or up.
  let busiest: [Edge: Double]

  struct Edge: Hashable {
    let chip: Int
    let place: MeshPlot.Place
    let isVertical: Bool

    init(_ link: MeshPlot.Link) {
      chip = link.chip
      place = MeshPlot.Place(min(link.from.column, link.to.column), min(link.from.row, link.to.row))
      isVertical = link.from.column == link.to.column
    }
  }

  /// How the cores of a tile are laid out.
  let across: Int
  let down: Int
  /// What the reader must know of the part that is not drawn; empty where all is.
  let note: String

  /// Meshes up to this many tiles a side are drawn whole.
  private static let wholeSide = 16
  private static let mostChips = 12

  /// Nil where the mesh has no tile.
  init?(_ plot: MeshPlot) {
    guard plot.columns > 0, plot.rows > 0, plot.coresPerTile > 0 else { return nil }
    let isOn: (MeshPlot.Place) -> Bool = {
      (0..<plot.columns).contains($0.column) && (0..<plot.rows).contains($0.row)
    }
    let cells = plot.cells.filter {
      isOn(MeshPlot.Place($0.column, $0.row)) && (0..<plot.coresPerTile).contains($0.slot)
    }
    let links = plot.links.filter {
      let (across, down) = (abs($0.from.column - $0.to.column), abs($0.from.row - $0.to.row))
      return isOn($0.from) && isOn($0.to) && across + down == 1 && $0.load > 0 && $0.load <= Span.largest
    }
    var used = Set(cells.map(\.chip)).union(links.map(\.chip)).sorted()
    if used.isEmpty { used = [0] }
    chips = Array(used.prefix(Self.mostChips))
    hiddenChips = used.count - chips.count
    let places = cells.map { MeshPlot.Place($0.column, $0.row) } + links.flatMap { [$0.from, $0.to] }
    columns = Self.shown(places.map(\.column), of: plot.columns)
    rows = Self.shown(places.map(\.row), of: plot.rows)
    let shownChips = Set(chips)
    self.cells = cells.filter { shownChips.contains($0.chip) }
    self.links = links.filter { shownChips.contains($0.chip) }
    highestLoad = links.map(\.load).max() ?? 0
    busiest = Dictionary(links.map { (Edge($0), $0.load) }, uniquingKeysWith: max)
    across = Self.side(plot.coresPerTile)
    down = (plot.coresPerTile + across - 1) / across

    var notes: [String] = []
    if columns.count < plot.columns || rows.count < plot.rows {
      notes.append(
        "columns \(columns.lowerBound) to \(columns.upperBound - 1) and rows \(rows.lowerBound) to "
          + "\(rows.upperBound - 1) of \(plot.columns) x \(plot.rows) tiles; the others are not in use")
    }
    if hiddenChips > 0 { notes.append("\(hiddenChips) more chips are not drawn") }
    note = notes.joined(separator: "; ")
  }

  /// All places of a small mesh; the used ones of a large one with one tile around them.
  private static func shown(_ used: [Int], of count: Int) -> Range<Int> {
    guard count > wholeSide, let low = used.min(), let high = used.max() else {
      return 0..<min(count, used.isEmpty ? wholeSide : count)
    }
    return max(0, low - 1)..<min(count, high + 2)
  }

  /// The smallest whole number whose square is not below a count, for a tile that is nearly square.
  private static func side(_ count: Int) -> Int {
    var side = 1
    while side * side < count, side < 64 { side += 1 }
    return side
  }

  /// A fill as a part between 0 and 1.
  static func part(_ fill: Double) -> Double { fill.isNaN ? 0 : min(max(fill, 0), 1) }

  static func percent(_ fill: Double) -> String { fixedText(part(fill) * 100, decimals: 0) + " %" }

  /// A letter for each label, in the order of the cells, for places where a label does not fit; beyond 52 a plus sign.
  var letters: [(label: String, letter: Character)] {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    var found: [(label: String, letter: Character)] = []
    var seen: Set<String> = [""]
    for cell in cells where seen.insert(cell.label).inserted {
      found.append((cell.label, found.count < alphabet.count ? alphabet[found.count] : "+"))
    }
    return found
  }

  /// What a letter stands for: `dense 0: 30 cores, 61 % in use`.
  func meaning(of label: String) -> String {
    let own = cells.filter { $0.label == label }
    let mean = own.reduce(0) { $0 + Self.part($1.fill) } / Double(max(own.count, 1))
    return "\(label): \(own.count) core\(own.count == 1 ? "" : "s"), \(Self.percent(mean)) in use"
  }

  func load(_ link: MeshPlot.Link) -> Double { highestLoad > 0 ? link.load / highestLoad : 0 }
}
