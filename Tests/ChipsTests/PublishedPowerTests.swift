import Chips
import Testing

/// The cost model against powers that were measured on silicon and published.
@Suite struct PublishedPowerTests {
  /// TrueNorth at 0.8 V with 1,048,576 neurons of 128 synapses each, at three mean rates (Merolla et al. 2014). The
  /// chip file's figures were fitted to the first and the last; the middle one is predicted.
  @Test(arguments: [(11.58, 68e-3), (20.07, 71e-3), (95.93, 94e-3)])
  func trueNorthSweep(_ rate: Double, _ watts: Double) throws {
    let chip = try ChipFiles.chip("truenorth")
    let spikes = 256 * rate * 1e-3  // of a core in a step of 1 ms
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.neurons = 256
    core.spikes = spikes
    core.synapticOperations = 128 * spikes
    core.packetsOut = spikes
    core.packetsIn = spikes
    var load = Load(cores: Array(repeating: core, count: 4096), steps: 1000)
    // The neurons of the sweep reach cores that are 21.3 tiles away in the mean.
    load.horizontalHops = 21.3 / 2 * spikes * 4096
    load.verticalHops = load.horizontalHops
    load.tiles = 4096
    load.chips = 1
    let result = cost(of: load, on: chip)
    #expect(abs(result.power / watts - 1) < 0.01, "\(result.power * 1e3) mW")
    #expect(abs(result.latency - 1) < 1e-9)
    #expect(result.timeLimit == "the fixed step")
    // A flat 26 pJ an event, as often used, fits the load that it was computed from, and no other.
    let flat = 26e-12 * result.synapticOperations / result.latency
    #expect(rate == 20.07 || abs(flat / watts - 1) > 0.4)
  }

  /// ODIN at 0.55 V (Frenkel et al. 2019): 8.43 pJ an operation, 27.3 uW of leakage and 1.78 uW/MHz of clock.
  @Test(arguments: [(75.0, 37.5e6, 477e-6), (1.3, 650e3, 35e-6)])
  func odin(_ megahertz: Double, _ operationsPerSecond: Double, _ watts: Double) throws {
    var chip = try ChipFiles.read(
      ChipFiles.small(("20 pJ", "8.43 pJ"), ("value: 4,", "value: 256,"), ("value: 64,", "value: 65536,"))
        + "\nstep: {fixed: {value: 1 ms, grade: published, source: a test}}"
        + "\npower: {per_chip: {value: \(27.3 + 1.78 * megahertz) uW, grade: derived, source: a test}}")
    var core = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    core.neurons = 256
    core.synapticOperations = operationsPerSecond * 1e-3
    var load = Load(cores: [core], steps: 1)
    load.chips = 1
    load.tiles = 1
    chip.time = [:]
    #expect(abs(cost(of: load, on: chip).power / watts - 1) < 0.01)
  }
}
