import Faults
import Glibc
import Spiking
import Tensors
import Testing

@testable import Chips

/// A network on a mapping, with gates and rates of all sizes.
private struct Setting {
  var problem: PlacementProblem
  var placed: PlacedMapping
  var mapping: PricedMapping
  var gates: [[Double]]
  var rates: [[Double]]

  init(
    _ network: Network, _ chip: Chip, cores: Int = 3, fill: CoreUse = .objective, capacity: Double = 3
  ) throws {
    problem = try PlacementSamples.problem(network, chip, cores: cores)
    placed = try JointStrategy().place(problem)
    let gating = UnitGraph(network).populations
    let units = gating.map { (units: $0.units, neuronsPerUnit: $0.neuronsPerUnit, kept: Array(0..<$0.units)) }
    mapping = PricedMapping(problem, placed, units: units, capacity: capacity)
    gates = units.map { [Double](repeating: 1, count: $0.units) }
    let known = problem.workload.rates
    rates = units.enumerated().map { number, entry in
      (0..<entry.units).map { unit in
        known[number][unit * entry.neuronsPerUnit..<(unit + 1) * entry.neuronsPerUnit]
          .reduce(0) { $0 + Double($1) }
      }
    }
  }

  mutating func draw() {
    var draws = RandomStream(seed: 3, purpose: "price")
    gates = gates.map { $0.map { _ in 0.2 + 0.8 * draws.uniformDouble() } }
    rates = rates.map { $0.map { $0 * (0.5 + draws.uniformDouble()) } }
  }

  func terms(_ weights: HardwarePrice.Weights = .init()) -> HardwarePrice.Terms {
    var price = HardwarePrice(weights)
    price.first = (1, 1, 1)
    return price.terms(gates: gates, rates: rates, mapping: mapping)
  }
}

/// Every event has an energy and a time, and cores stand by.
private func wholeChip(coresPerTile: Int = 1) -> Chip {
  func figure(_ value: Double) -> Figure { Figure(value, grade: .derived, source: "a test") }
  var chip = PlacementSamples.chip(columns: 3, rows: 3, coresPerTile: coresPerTile, limits: [.neurons: 40, .synapses: 900])
  chip.power.perCore = figure(2e-3)
  for (event, value) in [(Event.spike, 7.0), (.axonOut, 2), (.axonIn, 3)] {
    chip.energy[event] = figure(value * 1e-12)
    chip.time[event] = figure(value * 1e-10)
  }
  chip.time[.activeUpdate] = figure(2e-9)
  chip.time[.hopVertical] = figure(5e-9)
  return chip
}

@Suite struct HardwarePriceTests {
  /// What was mapped costs what the mapper says.
  @Test func theEstimateIsTheMappersOwn() throws {
    for network in [try PlacementSamples.network([12, 20, 16, 4]), try PlacementSamples.convolutional()] {
      for cores in [1, 3, 6] {
        let setting = try Setting(network, wholeChip(), cores: cores)
        let terms = setting.terms()
        // Of several kinds of synapses in a core, their shares are those of the whole network.
        #expect(abs(terms.joules / setting.placed.cost.energy.total - 1) < 5e-3)
        #expect(abs(terms.seconds / setting.placed.cost.latency - 1) < 1e-6)
      }
    }
  }

  @Test func thePartsAddUp() throws {
    var setting = try Setting(try PlacementSamples.network([12, 20, 16, 4]), wholeChip())
    setting.draw()
    let terms = setting.terms()
    #expect(terms.utilization >= 0 && terms.communication > 0 && terms.memory > 0)
    // Far below the limits there is no wall.
    #expect(abs(terms.total - terms.energy - terms.latency) < 1e-6)
    var weights = HardwarePrice.Weights()
    (weights.utilization, weights.communication, weights.memory) = (3, 0, 0)
    let other = setting.terms(weights)
    #expect(abs(other.total - (terms.total + 2 * terms.utilization - terms.communication - terms.memory)) < 1e-6)
  }

  @Test func theWallRisesAtTheLimit() throws {
    let network = try PlacementSamples.network([12, 20, 16, 4])
    // 240 + 320 + 64 synapses.
    let below = try Setting(network, wholeChip(), capacity: 3).terms()
    let above = try Setting(network, wholeChip(), capacity: 0.5).terms()
    #expect(abs(below.total - below.energy - below.latency) < 1e-6)
    #expect(above.total - above.energy - above.latency > 0.3)
    #expect(above.gateSlopes[1][0] > below.gateSlopes[1][0] + 0.01)
  }

  @Test(arguments: [
    HardwarePrice.Weights(.energyDelay), HardwarePrice.Weights(.energy), HardwarePrice.Weights(.latency),
    HardwarePrice.Weights(utilization: 3, communication: 0.4, memory: 2, operations: 0.7),
  ])
  func slopesAreDerivatives(weights: HardwarePrice.Weights) throws {
    for (network, capacity) in [
      (try PlacementSamples.network([6, 9, 7, 3], zeros: 0.3), 3.0), (try PlacementSamples.convolutional(), 0.9),
    ] {
      var setting = try Setting(network, wholeChip(coresPerTile: 2), cores: 5, capacity: capacity)
      setting.draw()
      let terms = setting.terms(weights)
      func difference(_ move: (inout Setting, Double) -> Void) -> Double {
        let step = 1e-5
        var (up, down) = (setting, setting)
        move(&up, step)
        move(&down, -step)
        return (up.terms(weights).total - down.terms(weights).total) / (2 * step)
      }
      for population in setting.gates.indices {
        for unit in Set([0, setting.gates[population].count - 1]) {
          let gate = difference { $0.gates[population][unit] += $1 }
          #expect(abs(terms.gateSlopes[population][unit] - gate) < 1e-5 * max(1, abs(gate)))
          let rate = difference { $0.rates[population][unit] += $1 }
          #expect(abs(terms.rateSlopes[population][unit] - rate) < 1e-5 * max(1, abs(rate)))
        }
      }
    }
  }

  /// What `place` says when one neuron fires 5 % more often, or is gone, is what the derivatives foretold.
  @Test func placeChangesAsTheDerivativesSay() throws {
    let network = try PlacementSamples.network([30, 40, 30, 10])
    for chip in [wholeChip(), wholeChip(coresPerTile: 2)] {
      let setting = try Setting(network, chip, cores: 6)
      let terms = setting.terms()
      let cores = setting.placed.mapping.cores.map(\.slices)
      let places = setting.placed.mapping.cores.map(\.place)
      func score(_ problem: PlacementProblem, _ cores: [[Mapping.Slice]]) -> Double {
        log(problem.placed(cores, at: places, problem.activity(of: cores)).cost.energyDelay)
      }
      let before = score(setting.problem, cores)
      for (population, unit) in [(0, 3), (1, 4), (1, 21), (2, 5)] {
        var workload = setting.problem.workload
        let more = 0.05 * Double(workload.rates[population][unit])
        workload.rates[population][unit] *= 1.05
        let change = score(setting.problem.with(workload), cores) - before
        let foretold = terms.rateSlopes[population][unit] * more
        #expect(more > 0 && abs(change / foretold - 1) < 0.25, "\(population) \(unit): \(change) for \(foretold)")
      }
      // All neurons of a layer that fire a little more: the busiest core is no longer one among many.
      for population in 0..<3 {
        var workload = setting.problem.workload
        workload.rates[population] = workload.rates[population].map { $0 * 1.01 }
        let change = score(setting.problem.with(workload), cores) - before
        let foretold = zip(terms.rateSlopes[population], setting.rates[population]).reduce(0) { $0 + 0.01 * $1.0 * $1.1 }
        #expect(abs(change / foretold - 1) < 0.15, "\(population): \(change) for \(foretold)")
      }
      // A neuron less in each core that holds some: the mapper would not let the others wait for one core.
      for population in 1..<3 {
        var workload = setting.problem.workload
        var foretold = 0.0
        let without = cores.map { slices in
          slices.map { slice in
            guard slice.population == population, let gone = slice.neurons.last else { return slice }
            workload.rates[population][Int(gone)] = 0
            foretold += terms.gateSlopes[population][Int(gone)]
            return Mapping.Slice(population: population, neurons: Array(slice.neurons.dropLast()))
          }
        }
        let change = before - score(setting.problem.with(workload), without)
        #expect(abs(change / foretold - 1) < 0.3, "\(population): \(change) for \(foretold)")
      }
    }
  }
}

extension HardwarePrice.Weights {
  fileprivate init(utilization: Double, communication: Double, memory: Double, operations: Double) {
    self.init()
    (self.utilization, self.communication, self.memory, self.operations) = (utilization, communication, memory, operations)
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
