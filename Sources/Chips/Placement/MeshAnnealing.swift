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

  private func distance(_ a: Mapping.Place, _ b: Mapping.Place) -> Double {
    let hops = plane.hops(a, b)
    return Double(hops.horizontal) * prices.horizontal + Double(hops.vertical) * prices.vertical
      + Double(hops.chips) * prices.chip
  }

  /// The price of a core's packets if it lay at a place.
  private func price(of core: Int, at place: Mapping.Place, _ places: [Mapping.Place]) -> Double {
    var sum = 0.0
    for flow in neighbours[core] {
      sum += flow.packets * distance(place, flow.from < 0 ? port : places[Int(flow.from)])
    }
    return sum
  }

  /// The price of all packets, each flow once.
  func price(_ places: [Mapping.Place]) -> Double {
    var sum = 0.0
    for core in neighbours.indices {
      for flow in neighbours[core] {
        if flow.from < 0 {
          sum += flow.packets * distance(places[core], port)
        } else {
          sum += flow.packets * distance(places[core], places[Int(flow.from)]) / 2
        }
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
    let moves = max(200, min(2000 * cores, work / max(1, 4 * flows / cores)))
    var draws = stream
    var places = start
    var occupants = [Int32](repeating: -1, count: plane.cores)
    for (core, place) in places.enumerated() { occupants[plane.index(place)] = Int32(core) }
    var current = price(places)
    var (best, bestPrice) = (places, current)
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
      let from = plane.index(places[core])
      if target == from { continue }
      let other = Int(occupants[target])
      let (here, there) = (places[core], plane.place(target))
      var change = -price(of: core, at: here, places)
      if other >= 0 { change -= price(of: other, at: there, places) }
      places[core] = there
      if other >= 0 { places[other] = here }
      change += price(of: core, at: there, places)
      if other >= 0 { change += price(of: other, at: here, places) }
      let isTaken = change <= 0 || draws.uniformDouble() < exp(-change / max(temperature, .leastNormalMagnitude))
      if isTaken {
        occupants[from] = Int32(other)
        occupants[target] = Int32(core)
        current += change
        if current < bestPrice * (1 - 1e-9) { (best, bestPrice) = (places, current) }
      } else {
        places[core] = here
        if other >= 0 { places[other] = there }
      }
    }
    return price(best) < price(start) ? best : start
  }
}
