// A mapping with all that was counted for it: what strategies compare and reports show.

import Faults

/// A complete mapping, its needs, its load and its cost.
public struct PlacedMapping: Sendable {
  public var mapping: Mapping
  /// Of each core.
  public var demands: [Demand]
  public var load: Load
  public var cost: Cost
  /// Packets in a step between different cores, and from the input's port.
  public var corePackets: Double
  public var portPackets: Double
  /// Copies of neurons that serve destinations which the neuron itself cannot reach.
  public var copies: Int
  /// The objective's number.
  public var score: Double
  /// "sequential" or "joint".
  public var strategy = ""
  /// Whether Ctrl-C ended the search for better ones.
  public var isInterrupted = false

  let activity: CoreActivity
  let links: LinkLoads
}

extension PlacementProblem {
  /// Where spikes of the input enter.
  var port: Mapping.Place { Mapping.Place(chip: 0, column: 0, row: 0, slot: 0) }

  /// The mapping of cores to places, with its load and cost.
  func placed(_ cores: [[Mapping.Slice]], at places: [Mapping.Place], _ activity: CoreActivity) -> PlacedMapping {
    let used = (places.map(\.chip).max() ?? 0) + 1
    let plane = MeshPlane(chip, chips: max(used, chipsNeeded(cores.count)))
    let links = LinkLoads(activity.arrivals, places: places, port: port, plane: plane)
    var load = Load(cores: activity.loads, steps: workload.steps)
    for core in load.cores.indices { load.cores[core].place = places[core] }
    load.horizontalHops = links.horizontalHops
    load.verticalHops = links.verticalHops
    load.chipHops = links.chipHops
    (load.busiestLink, load.busiestChipLink) = links.busiest
    load.longestPath = links.longestPath
    load.longestPathChips = links.longestPathChips
    load.chips = Set(places.map(\.chip)).count
    load.tiles = Set(places.map { Mapping.Place(chip: $0.chip, column: $0.column, row: $0.row, slot: 0) }).count
    let cost = Chips.cost(of: load, on: chip)
    let mapping = Mapping(
      cores: zip(places, cores).map { Mapping.Core(place: $0, slices: $1) }, port: port)
    return PlacedMapping(
      mapping: mapping, demands: activity.demands, load: load, cost: cost, corePackets: activity.corePackets,
      portPackets: activity.portPackets, copies: activity.copies,
      score: objective.value(cores: cores.count, load: load, cost: cost), activity: activity, links: links)
  }
}

extension PlacementProblem {
  /// The mapping with each step of the measured run timed by itself, where there is one and the time of a step depends on
  /// its spikes.
  func timed(_ placed: PlacedMapping) -> PlacedMapping {
    guard let timeline = workload.timeline, placed.cost.timedSteps == 0, !chip.isDense, !chip.time.isEmpty else { return placed }
    var clock = StepClock(self, placed)
    for step in timeline.steps {
      if Interrupt.isRequested { return placed }
      _ = clock.add(step)
    }
    var result = placed
    result.cost.take(clock.times)
    result.score = objective.value(cores: placed.mapping.cores.count, load: placed.load, cost: result.cost)
    return result
  }
}

extension PlacedMapping {
  /// A link between neighbouring tiles of one chip, and the packets that pass it in a step.
  public struct TileLink: Sendable, Equatable {
    public var chip: Int
    public var from: (column: Int, row: Int)
    public var to: (column: Int, row: Int)
    public var packets: Double

    public static func == (a: TileLink, b: TileLink) -> Bool {
      a.chip == b.chip && a.from == b.from && a.to == b.to && a.packets == b.packets
    }
  }

  /// All links within chips that carry packets; those between chips are counted in the load alone.
  public var tileLinks: [TileLink] { links.tileLinks }
}
