import Faults
import Testing

@testable import Chips

/// Costs against sums written out by hand.
@Suite struct CostTests {
  @Test func energyDelayIsEnergyTimesTime() {
    var cost = Cost()
    cost.energy.synapticOperations = 3e-9
    cost.energy.standing = 1e-9
    cost.latency = 2e-3
    expect(cost.energy.total, 4e-9)
    expect(cost.energyDelay, 8e-12)
    expect(cost.power, 2e-6)
  }

  /// Two cores in two tiles of one row, with every event of one step counted by hand.
  ///
  /// Core 0 holds 4 neurons, of which 2 fire; each reaches all 3 neurons of core 1. Core 1 holds those 3 neurons; one
  /// of them fires and reaches nothing. Two spikes of the input enter core 0 at its own tile, each over 4 synapses.
  @Test func twoCoresByHand() throws {
    let chip = try handChip()
    var first = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    first.neurons = 4
    first.activeNeurons = 4
    first.synapticOperations = 8  // 2 input spikes x 4 neurons
    first.synapses = 16  // 4 inputs x 4 neurons
    first.spikes = 2
    first.packetsOut = 2  // 2 spikes, each to the one core 1
    first.packetsIn = 2
    var second = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 1, row: 0, slot: 0))
    second.neurons = 3
    second.activeNeurons = 3
    second.synapticOperations = 6  // 2 packets x 3 neurons
    second.synapses = 12  // 4 neurons x 3 neurons
    second.spikes = 1
    second.packetsIn = 2
    var load = Load(cores: [first, second], steps: 10)
    load.horizontalHops = 2  // 2 packets x 1 tile
    load.busiestLink = 2
    load.longestPath = (horizontal: 1, vertical: 0)
    load.tiles = 2
    load.chips = 1

    let result = cost(of: load, on: chip)
    // Synaptic operations: (8 + 6) x 20 pJ = 280 pJ a step, 2800 pJ in 10 steps.
    expect(result.energy.synapticOperations, 2800e-12)
    // Updates: 7 neurons x 50 pJ + 7 active x 30 pJ = 560 pJ; 5600 pJ.
    expect(result.energy.updates, 5600e-12)
    // Spikes: 3 x 10 pJ = 30 pJ; 300 pJ.
    expect(result.energy.spikes, 300e-12)
    // Hops: 2 out x 2 pJ + 4 in x 1 pJ + 2 hops x 3 pJ = 14 pJ; 140 pJ.
    expect(result.energy.hops, 140e-12)
    // Core 0 generates 4 x 5 + 4 x 3 + 2 x 4 + 2 x 2 = 44 ns and receives 2 x 6 + 8 x 3.5 = 40 ns; core 1 generates
    // 3 x 5 + 3 x 3 + 1 x 4 = 28 ns and receives 2 x 6 + 6 x 3.5 = 33 ns; the link needs 2 x 4 = 8 ns. The barrier of
    // 2 tiles is 100 ns: a step is 144 ns, ten are 1440 ns.
    expect(result.stepTime, 144e-9)
    expect(result.latency, 1440e-9)
    #expect(result.timeLimit == "the barrier")
    // Standing by: (100 mW + 2 cores x 1 mW) x 1440 ns = 146.88 nJ.
    expect(result.energy.standing, 146.88e-9)
    // In all 8.84 nJ + 146.88 nJ.
    expect(result.energy.total, 155.72e-9)
    expect(result.power, 155.72e-9 / 1440e-9)
    // 140 operations of 280 that a dense network would do.
    expect(result.synapticOperations, 140)
    expect(result.denseOperations, 280)
    expect(result.denseEfficiency, 280 / 155.72)
  }

  @Test func theSlowestPartIsNamed() throws {
    var chip = try handChip()
    chip.step.barrier = []
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.neurons = 4
    core.synapticOperations = 100
    var load = Load(cores: [core], steps: 1)
    #expect(cost(of: load, on: chip).timeLimit == "synaptic operations of core 0")
    core.synapticOperations = 1
    load.cores = [core]
    #expect(cost(of: load, on: chip).timeLimit == "neuron updates of core 0")
    load.busiestLink = 1000
    #expect(cost(of: load, on: chip).timeLimit == "the busiest link")
    chip.step.fixed = Figure(1e-3, grade: .published, source: "test")
    #expect(cost(of: load, on: chip).timeLimit == "the fixed step")
    #expect(cost(of: load, on: chip).stepTime == 1e-3)
  }

  /// Each kind of synapse has its price; one without a figure of its own costs what any synapse does.
  @Test func operationsCostWhatTheirKindCosts() throws {
    var chip = try handChip()
    chip.energy[.sparseOperation] = Figure(7e-12, grade: .fitted, source: "test")
    chip.time[.convolutionOperation] = Figure(2e-9, grade: .fitted, source: "test")
    chip.step.barrier = []
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.synapticOperations = 100
    core.sparseOperations = 30
    core.convolutionOperations = 50
    let result = cost(of: Load(cores: [core], steps: 1), on: chip)
    expect(result.energy.synapticOperations, (70 * 20 + 30 * 7) * 1e-12)
    expect(result.stepTime, (50 * 3.5 + 50 * 2) * 1e-9)
  }

  /// Two chips: a hop between them costs energy and time of its own, and the barrier is the chips'.
  @Test func severalChipsAreNotOne() throws {
    var chip = try handChip()
    func figure(_ value: Double, _ grade: Grade) -> Figure { Figure(value, grade: grade, source: "test") }
    chip.mesh.chips = figure(8, .published)
    #expect(chip.missingForChips.count == 3)
    chip.energy[.hopBetweenChips] = figure(500e-12, .estimated)
    chip.time[.hopBetweenChips] = figure(50e-9, .estimated)
    chip.step.chipBarrier = [(chips: 2, seconds: figure(1e-6, .estimated)), (chips: 8, seconds: figure(3e-6, .published))]
    #expect(chip.missingForChips.isEmpty)
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.neurons = 1
    core.synapticOperations = 1
    var load = Load(cores: [core], steps: 1)
    load.chips = 2
    load.tiles = 2
    load.chipHops = 4
    load.busiestChipLink = 3
    load.longestPathChips = 1
    let result = cost(of: load, on: chip)
    expect(result.energy.hops, 4 * 500e-12)
    // Three packets one after the other over the border, then the barrier of two chips.
    expect(result.stepTime, 150e-9 + 1e-6)
    #expect(result.timeLimit == "the barrier")
    expect(result.energy.standing, (2 * 100e-3 + 1e-3) * 1150e-9)
    // On a straight line over the logarithm: 4 chips lie half way between 2 and 8.
    expect(chip.step.barrier(tiles: 4, chips: 4), 2e-6)
    expect(chip.step.barrier(tiles: 4, chips: 100), 3e-6)
    #expect(chip.figures(of: load).filter { $0.grade == .estimated }.count == 3)
    load.chips = 1
    load.chipHops = 0
    #expect(chip.figures(of: load).allSatisfy { $0.grade == .published })
    load.chips = 3
    // Between two entries both are used.
    #expect(chip.figures(of: load).filter { $0.grade == .estimated }.count == 1)
  }

  @Test func barriersLieOnAStraightLine() throws {
    let barrier = try handChip().step
    expect(barrier.barrier(tiles: 1), 60e-9)
    expect(barrier.barrier(tiles: 2), 100e-9)
    expect(barrier.barrier(tiles: 3), 150e-9)
    expect(barrier.barrier(tiles: 4), 200e-9)
    expect(barrier.barrier(tiles: 400), 200e-9)
  }

  @Test func aDenseProcessorComputesEverySynapse() throws {
    var chip = try handChip()
    chip.isDense = true
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.synapticOperations = 3
    core.synapses = 100
    let result = cost(of: Load(cores: [core], steps: 2), on: chip)
    expect(result.energy.synapticOperations, 2 * 100 * 20e-12)
    #expect(result.synapticOperations == result.denseOperations)
  }

  private func expect(_ value: Double, _ expected: Double, location: SourceLocation = #_sourceLocation) {
    #expect(abs(value - expected) <= 1e-12 * abs(expected), "\(value), expected \(expected)", sourceLocation: location)
  }

  private func handChip() throws -> Chip {
    try readChip(
      """
      name: hand
      mesh:
        columns: {value: 2, grade: published, source: a test}
        rows: {value: 1, grade: published, source: a test}
        cores_per_tile: {value: 1, grade: published, source: a test}
        chips: {value: 1, grade: published, source: a test}
      limits:
        neurons: {value: 4, grade: published, source: a test}
        synapses: {value: 64, grade: published, source: a test}
      synapses:
        weight_bits: {value: 8, grade: published, source: a test}
        index_bits: {value: 0, grade: published, source: a test}
        axon_bits: {value: 0, grade: published, source: a test}
        word_bits: {value: 8, grade: published, source: a test}
      energy:
        synaptic_operation: {value: 20 pJ, grade: published, source: a test}
        neuron_update: {value: 50 pJ, grade: published, source: a test}
        active_update: {value: 30 pJ, grade: published, source: a test}
        spike: {value: 10 pJ, grade: published, source: a test}
        axon_out: {value: 2 pJ, grade: published, source: a test}
        axon_in: {value: 1 pJ, grade: published, source: a test}
        hop_horizontal: {value: 3 pJ, grade: published, source: a test}
      time:
        synaptic_operation: {value: 3.5 ns, grade: published, source: a test}
        neuron_update: {value: 5 ns, grade: published, source: a test}
        active_update: {value: 3 ns, grade: published, source: a test}
        spike: {value: 4 ns, grade: published, source: a test}
        axon_out: {value: 2 ns, grade: published, source: a test}
        axon_in: {value: 6 ns, grade: published, source: a test}
        hop_horizontal: {value: 4 ns, grade: published, source: a test}
      step:
        barrier:
          - {tiles: 1, value: 60 ns, grade: published, source: a test}
          - {tiles: 2, value: 100 ns, grade: published, source: a test}
          - {tiles: 4, value: 200 ns, grade: published, source: a test}
      power:
        per_chip: {value: 100 mW, grade: published, source: a test}
        per_core: {value: 1 mW, grade: published, source: a test}
      """, name: "`hand.yaml`")
  }
}
