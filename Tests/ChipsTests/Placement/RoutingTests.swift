import Faults
import Glibc
import Spiking
import Tensors
import Testing

@testable import Chips

/// Packets over the mesh, by hand and by what must be conserved.
@Suite struct RoutingTests {
  private func place(_ column: Int, _ row: Int, chip: Int = 0) -> Mapping.Place {
    Mapping.Place(chip: chip, column: column, row: row, slot: 0)
  }

  /// Four cores on 2x2 tiles; 3 packets from the top left to the bottom right go right, then down.
  @Test func rowsBeforeColumns() {
    let plane = MeshPlane(PlacementSamples.chip(), chips: 1)
    let places = [place(0, 0), place(1, 0), place(0, 1), place(1, 1)]
    var arrivals = [[CoreActivity.Flow]](repeating: [], count: 4)
    arrivals[3] = [CoreActivity.Flow(from: 0, packets: 3), CoreActivity.Flow(from: 1, packets: 2)]
    arrivals[2] = [CoreActivity.Flow(from: -1, packets: 5), CoreActivity.Flow(from: 2, packets: 9)]
    arrivals[0] = [CoreActivity.Flow(from: 3, packets: 1)]
    let links = LinkLoads(arrivals, places: places, port: place(0, 0), plane: plane)
    #expect(links.right == [[3, 0, 0], [0, 0, 0]])
    #expect(links.left == [[0, 0, 0], [1, 0, 0]])
    #expect(links.down == [[5, 0, 0], [5, 0, 0]])
    #expect(links.up == [[1, 0, 0], [0, 0, 0]])
    #expect(links.horizontalHops == 4)
    #expect(links.verticalHops == 3 + 2 + 5 + 1)
    #expect(links.busiest.tiles == 5 && links.busiest.chips == 0)
    #expect(links.longestPath.horizontal == 1 && links.longestPath.vertical == 1)
    #expect(links.tileLinks.reduce(0) { $0 + $1.packets } == links.horizontalHops + links.verticalHops)
  }

  /// Chips lie two by two: from chip 0 to chip 3 a packet passes two borders, and the tiles in between.
  @Test func bordersBetweenChipsAreHopsOfTheirOwn() {
    let plane = MeshPlane(PlacementSamples.chip(chips: 4), chips: 4)
    let hops = plane.hops(place(0, 0), place(1, 1, chip: 3))
    #expect(hops.horizontal == 2 && hops.vertical == 2 && hops.chips == 2)
    let near = plane.hops(place(1, 0), place(0, 0, chip: 1))
    #expect(near.horizontal == 0 && near.vertical == 0 && near.chips == 1)
    for index in 0..<16 { #expect(plane.index(plane.place(index)) == index) }
  }

  /// Two chips of 2x2 tiles side by side: what leaves a chip shares one link, whatever row it comes from.
  @Test func neighbouringChipsHaveOneLink() {
    let plane = MeshPlane(PlacementSamples.chip(chips: 2), chips: 2)
    let places = [place(1, 0), place(1, 1), place(0, 0, chip: 1), place(0, 1, chip: 1)]
    var arrivals = [[CoreActivity.Flow]](repeating: [], count: 4)
    arrivals[2] = [CoreActivity.Flow(from: 0, packets: 3)]
    arrivals[3] = [CoreActivity.Flow(from: 1, packets: 4), CoreActivity.Flow(from: 0, packets: 1)]
    let links = LinkLoads(arrivals, places: places, port: place(0, 0), plane: plane)
    #expect(links.busiest.chips == 8)
    #expect(links.busiest.tiles == 1)
    #expect(links.chipHops == 8 && links.verticalHops == 1 && links.horizontalHops == 0)
    #expect(links.longestPathChips == 1 && links.longestPath.vertical == 1)
  }

  /// Two layers of 2 neurons, all in cores of their own, with rates of one half and a quarter.
  @Test func packetsAreDistinctPairsOfNeuronAndCore() throws {
    let network = try PlacementSamples.network([1, 2, 2])
    let rates: [[Float]] = [[1], [0.5, 0.25], [0, 0]]
    let problem = try PlacementSamples.problem(network, PlacementSamples.chip(), rates: rates)
    let apart = problem.activity(of: [
      [Mapping.Slice(population: 1, neurons: [0, 1])], [Mapping.Slice(population: 2, neurons: [0])],
      [Mapping.Slice(population: 2, neurons: [1])],
    ])
    #expect(apart.arrivals[1] == [CoreActivity.Flow(from: 0, packets: 0.75)])
    #expect(apart.loads[0].packetsOut == 1.5)
    #expect(apart.corePackets == 1.5 && apart.portPackets == 1)
    #expect(apart.loads.map(\.synapticOperations) == [2, 0.75, 0.75])
    // Not at rest from the first input on: the mean over 10 steps of 1 - q^t, q = 0.5 * 0.75.
    let busy = (1...10).reduce(0.0) { $0 + 1 - pow(0.375, Double($1)) } / 10
    #expect(zip(apart.loads.map(\.activeNeurons), [2, busy, busy]).allSatisfy { abs($0 - $1) < 1e-12 })
    // Both targets in one core: each source sends once.
    let together = problem.activity(of: [
      [Mapping.Slice(population: 1, neurons: [0, 1])], [Mapping.Slice(population: 2, neurons: [0, 1])],
    ])
    #expect(together.corePackets == 0.75)
    #expect(together.loads[1].synapticOperations == 1.5)
  }

  @Test(arguments: [-1, 0.0, 0.05, 0.5]) func whatIsSentArrives(zeros: Double) throws {
    let network = zeros < 0
      ? try PlacementSamples.convolutional() : try PlacementSamples.network([12, 40, 30, 6], zeros: zeros, seed: 2)
    let problem = try PlacementSamples.problem(
      network, PlacementSamples.chip(columns: 4, rows: 3, limits: [.neurons: 40]))
    for strategy in [SequentialStrategy(), JointStrategy()] as [any MappingStrategy] {
      let placed = try strategy.place(problem)
      let arrived = placed.load.cores.reduce(0) { $0 + $1.packetsIn }
      let sent = placed.load.cores.reduce(0) { $0 + $1.packetsOut }
      #expect(abs(arrived - sent - placed.portPackets) < 1e-9 * arrived)
      let spikes = placed.load.cores.reduce(0) { $0 + $1.spikes }
      let isPlaced = problem.connectome.isPlaced.flatMap { $0 }
      let rates = problem.flatRates.indices.dropFirst(problem.connectome.sizes[0]).reduce(0) {
        isPlaced[$1] ? $0 + problem.flatRates[$1] : $0
      }
      #expect(abs(spikes - rates) < 1e-9 * rates)
      let onLinks = placed.links.tileLinks.reduce(0) { $0 + $1.packets }
      #expect(abs(onLinks - placed.load.horizontalHops - placed.load.verticalHops) < 1e-9 * max(1, onLinks))
      // Every synapse carries the spikes of its source, wherever it lies.
      let operations = placed.load.cores.reduce(0) { $0 + $1.synapticOperations }
      let expected = PlacementSamples.synapses(problem.workload.graph).reduce(0) {
        isPlaced[$1.target] ? $0 + problem.flatRates[$1.source] : $0
      }
      #expect(abs(operations - expected) < 1e-9 * expected)
    }
  }
}
