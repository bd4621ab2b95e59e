// Finds places for cores so that packets travel short ways: simulated annealing over swaps and moves, each judged by
// the change that it makes to the packets' weighted hops.

import Faults
import Glibc
import Tensors

/// Improves the places of cores; what it makes small is a stand-in, and the caller compares true costs.
struct MeshAnnealing {
  let plane: MeshPlane
  /// The price of a hop along a row, along a column, and between chips.
  let prices: (horizontal: Double, vertical: Double, chip: Double)
  /// For each core the flows to and from other cores, each direction listed at both ends; -1 is the port.
  private let neighbours: [[CoreActivity.Flow]]
  private let port: Mapping.Place

  init(_ problem: PlacementProblem, _ activity: CoreActivity, plane: MeshPlane) {
    self.plane = plane
    port = problem.port
    func price(_ event: Event) -> Double { max(problem.chip.energy[event]?.value ?? 0, 0) }
    let (horizontal, vertical, chip) = (price(.hopHorizontal), price(.hopVertical), price(.hopBetweenChips))
    if problem.objective == .traffic || horizontal + vertical == 0 {
      prices = (1, 1, 1)
    } else {
      prices = (horizontal, vertical, max(chip, horizontal, vertical))
    }
    var neighbours = [[CoreActivity.Flow]](repeating: [], count: activity.arrivals.count)
    for (core, flows) in activity.arrivals.enumerated() {
      for flow in flows where flow.from != Int32(core) {
        neighbours[core].append(flow)
        if flow.from >= 0 {
          neighbours[Int(flow.from)].append(CoreActivity.Flow(from: Int32(core), packets: flow.packets))
        }
      }
    }
    self.neighbours = neighbours
  }

  /// The price of all packets, each flow once.
  func price(_ places: [Mapping.Place]) -> Double {
    let ways = Ways(plane, prices)
    let here = places.map { ways.tile($0) }
    let port = ways.tile(port)
    var sum = 0.0
    for core in neighbours.indices {
      for flow in neighbours[core] {
        sum += flow.from < 0
          ? flow.packets * ways.between(here[core], port)
          : flow.packets * ways.between(here[core], here[Int(flow.from)]) / 2
      }
    }
    return sum
  }

  /// Better places than the given ones, or the same.
  ///
  /// - Parameter work: about how many flows may be looked at.
  func improved(_ start: [Mapping.Place], work: Int, stream: RandomStream) -> [Mapping.Place] {
    let cores = start.count
    let flows = neighbours.reduce(0) { $0 + $1.count }
    if flows == 0 || cores == 0 { return start }
    let moves = max(200, min(600 * cores, work / max(1, 4 * flows / cores)))
    var draws = stream
    let ways = Ways(plane, prices)
    // Where each core lies, the port last.
    var sites = start.map { plane.index($0) }
    var tiles = (start + [port]).map { ways.tile($0) }
    var occupants = [Int32](repeating: -1, count: plane.cores)
    for (core, site) in sites.enumerated() { occupants[site] = Int32(core) }
    let (firsts, partners, packets) = lists(cores)
    func price(of core: Int, at tile: Ways.Tile) -> Double {
      var sum = 0.0
      for place in firsts[core]..<firsts[core + 1] { sum += packets[place] * ways.between(tile, tiles[Int(partners[place])]) }
      return sum
    }
    var current = self.price(start)
    var (best, bestPrice) = (sites, current)
    // Moves reach as far as the cores need with some room around them, not over an empty chip.
    let reach = min(plane.cores, max(2 * cores + 4 * plane.slots, plane.columns * plane.slots))
    let first = 0.5 * current / Double(max(1, cores))
    for move in 0..<moves {
      if move & 255 == 0, Interrupt.isRequested { break }
      let done = Double(move) / Double(moves)
      // From the price of half a core down to a thousandth of it.
      let temperature = first * (1 - done) * (1 - done) * (1 - done) + first * 1e-4
      let core = draws.integer(below: cores)
      let target = draws.integer(below: reach)
      let from = sites[core]
      if target == from { continue }
      let other = Int(occupants[target])
      let (here, there) = (tiles[core], ways.tile(plane.place(target)))
      var change = -price(of: core, at: here)
      if other >= 0 { change -= price(of: other, at: there) }
      tiles[core] = there
      if other >= 0 { tiles[other] = here }
      change += price(of: core, at: there)
      if other >= 0 { change += price(of: other, at: here) }
      let isTaken = change <= 0 || draws.uniformDouble() < exp(-change / max(temperature, .leastNormalMagnitude))
      if isTaken {
        sites[core] = target
        if other >= 0 { sites[other] = from }
        occupants[from] = Int32(other)
        occupants[target] = Int32(core)
        current += change
        if current < bestPrice * (1 - 1e-9) { (best, bestPrice) = (sites, current) }
      } else {
        tiles[core] = here
        if other >= 0 { tiles[other] = there }
      }
    }
    let places = best.map { plane.place($0) }
    return self.price(places) < self.price(start) ? places : start
  }

  /// All neighbours in one row: where those of each core begin, who they are (the port is the one after the cores), and
  /// the packets.
  private func lists(_ cores: Int) -> (firsts: [Int], partners: [Int32], packets: [Double]) {
    var (firsts, partners, packets): ([Int], [Int32], [Double]) = ([0], [], [])
    for flows in neighbours {
      for flow in flows {
        partners.append(flow.from < 0 ? Int32(cores) : flow.from)
        packets.append(flow.packets)
      }
      firsts.append(partners.count)
    }
    return (firsts, partners, packets)
  }
}

/// The price of the way between two tiles, looked up: rows and columns add up.
private struct Ways {
  struct Tile {
    var x: Int32
    var y: Int32
  }

  private let plane: MeshPlane
  private let width: Int
  private let height: Int
  /// From a column to another, and from a row to another.
  private let across: [Double]
  private let down: [Double]

  init(_ plane: MeshPlane, _ prices: (horizontal: Double, vertical: Double, chip: Double)) {
    self.plane = plane
    width = plane.columns * plane.chipColumns
    height = plane.rows * ((plane.chips + plane.chipColumns - 1) / plane.chipColumns)
    func table(_ size: Int, _ chip: Int, _ price: Double) -> [Double] {
      var table = [Double](repeating: 0, count: size * size)
      for from in 0..<size {
        for to in 0..<size {
          let borders = abs(from / chip - to / chip)
          table[from * size + to] = Double(abs(from - to) - borders) * price + Double(borders) * prices.chip
        }
      }
      return table
    }
    across = table(width, plane.columns, prices.horizontal)
    down = table(height, plane.rows, prices.vertical)
  }

  func tile(_ place: Mapping.Place) -> Tile {
    let (x, y) = plane.position(place)
    return Tile(x: Int32(x), y: Int32(y))
  }

  @inline(__always)
  func between(_ a: Tile, _ b: Tile) -> Double {
    across[Int(a.x) * width + Int(b.x)] + down[Int(a.y) * height + Int(b.y)]
  }
}
