import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// A mapped network with units of one neuron and of several, its soft assignment, and gates and rates of all sizes.
private struct Setting {
  var network: PricedNetwork
  var assignment: SoftAssignment
  var gates: [[Double]]
  var rates: [[Double]]
  let cores = 3

  init(softness: Double) {
    let sizes = [(4, 1), (5, 1), (3, 4), (2, 1)]
    network = PricedNetwork(
      populations: sizes.enumerated().map {
        PricedNetwork.Population(units: $1.0, neuronsPerUnit: $1.1, isInput: $0 == 0)
      },
      projections: [
        .init(source: 0, target: 1, stored: 1, reached: 1), .init(source: 1, target: 2, stored: 2.5, reached: 4),
        .init(source: 2, target: 3, stored: 4, reached: 1), .init(source: 2, target: 2, stored: 0.5, reached: 3),
      ])
    func slice(_ population: Int, _ neurons: [Int32]) -> Mapping.Slice { .init(population: population, neurons: neurons) }
    func place(_ column: Int, _ row: Int) -> Mapping.Place { .init(chip: 0, column: column, row: row, slot: 0) }
    // Unit 3 of the second population and unit 0 of the third are closed, and the mapper has not seen them.
    let mapping = Mapping(
      cores: [
        .init(place: place(0, 0), slices: [slice(1, [0, 1, 2])]),
        .init(place: place(1, 1), slices: [slice(1, [3]), slice(2, [0, 1, 2, 3, 4])]),
        .init(place: place(1, 0), slices: [slice(2, [5, 6, 7]), slice(3, [0, 1])]),
      ], port: place(0, 0))
    assignment = SoftAssignment(
      mapping,
      populations: [(4, 1, [0, 1, 2, 3]), (5, 1, [0, 1, 2, 4]), (3, 4, [1, 2]), (2, 1, [0, 1])],
      chip: PlacementSamples.chip(), softness: softness)
    var draws = RandomStream(seed: 3, purpose: "price")
    gates = sizes.map { size in (0..<size.0).map { _ in draws.uniformDouble() } }
    gates[0] = [1, 1, 1, 1]
    rates = sizes.map { size in (0..<size.0).map { _ in 0.3 * draws.uniformDouble() } }
  }

  func terms(_ resource: Resource, _ weights: HardwarePrice.Weights = .init()) -> HardwarePrice.Terms {
    var price = HardwarePrice(network, weights: weights)
    price.trafficAtFirst = 2
    price.operationsAtFirst = 5
    let open = gates.map { $0.map { _ in 1.0 } }
    return price.terms(
      gates: gates, rates: rates, assignment: assignment,
      demand: MappedDemand(resource: resource, cores: 2.4, used: cores, gates: open))
  }
}

@Suite struct HardwarePriceTests {
  @Test(arguments: [0.0, 0.4, 1.0]) func everyUnitLiesSomewhere(softness: Double) {
    let setting = Setting(softness: softness)
    for (population, gates) in setting.gates.enumerated() where population > 0 {
      for unit in gates.indices {
        let row = setting.assignment.probabilities(population, unit)
        #expect(row.count == 3)
        #expect(abs(row.reduce(0, +) - 1) < 1e-12)
        let mean = setting.assignment.means(population, of: [2, 3, 5])[unit]
        #expect(abs(mean - (2 * row[0] + 3 * row[1] + 5 * row[2])) < 1e-12)
      }
    }
  }

  @Test func withoutSoftnessTheAssignmentIsTheMappers() {
    let assignment = Setting(softness: 0).assignment
    #expect(assignment.probabilities(1, 0) == [1, 0, 0])
    // The mapper's neuron 3 is unit 4: unit 3 was closed.
    #expect(assignment.probabilities(1, 4) == [0, 1, 0])
    #expect(assignment.probabilities(1, 3) == [0.75, 0.25, 0])
    #expect(assignment.probabilities(2, 1) == [0, 1, 0])
    #expect(assignment.probabilities(2, 2) == [0, 0.25, 0.75])
    #expect(assignment.hops == [[0, 2, 1], [2, 0, 1], [1, 1, 0], [1, 2, 1]])
  }

  @Test func trafficIsCountedByHand() {
    var setting = Setting(softness: 0)
    setting.gates = setting.gates.map { $0.map { _ in 1 } }
    setting.rates = setting.rates.map { $0.map { _ in 0 } }
    func traffic() -> Double { setting.terms(.neurons).communication * 2 }
    #expect(traffic() == 0)
    // The input reaches cores 0 and 1, of which the port is 1 and 2 hops away.
    setting.rates[0][2] = 0.5
    #expect(abs(traffic() - 0.5 * 3) < 1e-6)
    // Of targets with several neurons it is nearly, not wholly, certain that some lie in each core of theirs.
    // Unit 0 of the second population, in core 0, reaches cores 1 and 2.
    setting.rates = setting.rates.map { $0.map { _ in 0 } }
    setting.rates[1][0] = 1
    #expect(abs(traffic() - 3) < 1e-3)
    // Unit 1 of the third, all in core 1, reaches core 2 twice: on its way to the last population, and back to its own.
    setting.rates[1][0] = 0
    setting.rates[2][1] = 1
    #expect(abs(traffic() - 2) < 1e-3)
  }

  @Test func memoryAndUtilizationAreCountedByHand() {
    var setting = Setting(softness: 0)
    setting.gates = setting.gates.map { $0.map { _ in 1 } }
    let all = setting.terms(.synapticMemory)
    #expect(abs(all.memory - 1) < 1e-12)
    #expect(abs(all.utilization - 0.4 / 3) < 1e-12)
    setting.gates[3][0] = 0
    // 4·5 + 2.5·5·3 + 4·3·2 + 0.5·3·3 synapses, of which 4·3 go.
    #expect(abs(setting.terms(.synapticMemory).memory - 74.0 / 86) < 1e-12)
    // 2.4 cores' worth of 19 neurons, of which one goes.
    #expect(abs(setting.terms(.neurons).utilization - (2.4 * 18 / 19 - 2) / 3) < 1e-12)
    setting.gates = setting.gates.map { $0.map { _ in 0.5 } }
    #expect(abs(setting.terms(.neurons).utilization - (2 - 1.2) / 3) < 1e-12)
  }

  @Test func operationsAreCountedByHand() {
    var setting = Setting(softness: 0)
    setting.gates = setting.gates.map { $0.map { _ in 1 } }
    setting.rates = setting.rates.map { $0.map { _ in 0 } }
    func operations() -> Double { setting.terms(.neurons).operations * 5 }
    #expect(operations() == 0)
    // An input reaches 5 neurons; half a spike a step.
    setting.rates[0][2] = 0.5
    #expect(abs(operations() - 2.5) < 1e-12)
    // A unit of 4 neurons that fire 3 spikes a step together: 2 neurons of the last population, and 3 of each of 3 units.
    setting.rates[2][1] = 3
    #expect(abs(operations() - 2.5 - 3 * (2 + 9)) < 1e-12)
    // A closed target is not reached, and a closed source says nothing.
    setting.gates[3][0] = 0
    #expect(abs(operations() - 2.5 - 3 * (1 + 9)) < 1e-12)
    setting.gates[2][1] = 0
    #expect(abs(operations() - 2.5) < 1e-12)
  }

  @Test(arguments: [Resource.neurons, .synapses, .synapticMemory, .inputAxons, .outputAxons])
  func slopesAreDerivatives(resource: Resource) {
    let weights = HardwarePrice.Weights(utilization: 0.7, communication: 1.3, memory: 0.4, operations: 0.9)
    for softness in [0.0, 0.35] {
      let setting = Setting(softness: softness)
      let terms = setting.terms(resource, weights)
      func difference(_ move: (inout Setting, Double) -> Void) -> Double {
        let step = 1e-6
        var (up, down) = (setting, setting)
        move(&up, step)
        move(&down, -step)
        return (up.terms(resource, weights).total(weights) - down.terms(resource, weights).total(weights)) / (2 * step)
      }
      for population in setting.gates.indices {
        for unit in setting.gates[population].indices {
          if population > 0 {
            let slope = difference { $0.gates[population][unit] += $1 }
            #expect(abs(terms.gateSlopes[population][unit] - slope) < 1e-6 * max(1, abs(slope)))
          }
          let slope = difference { $0.rates[population][unit] += $1 }
          #expect(abs(terms.rateSlopes[population][unit] - slope) < 1e-6 * max(1, abs(slope)))
        }
      }
    }
  }
}

@Suite struct CoreFillingTests {
  @Test func theMostUsefulUnitsStay() throws {
    let filling = CoreFilling(
      scores: [1: [1, -1, 0.5, 1, 0.2], 2: [0.4, 0.9]], importance: [1: [3, 9, 9, 5, 1], 2: [1, 2]])
    var asked = 0
    // A core holds three units.
    func kept(_ cores: Int) throws -> [Int: [Int]]? {
      try filling.kept(filling: cores) { kept in
        asked += 1
        return (kept.values.reduce(0) { $0 + $1.count } + 2) / 3
      }
    }
    #expect(try kept(1) == [1: [0, 3], 2: [1]])
    #expect(try kept(2) == [1: [0, 2, 3, 4], 2: [0, 1]])
    #expect(try kept(5) == [1: [0, 1, 2, 3, 4], 2: [0, 1]])
    #expect(asked < 12)
    #expect(try kept(0) == nil)
  }
}
