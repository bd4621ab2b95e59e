// A mapping as the hardware loss sees it: what a spike, a neuron and a synapse of each population costs there.
//
// Units of a population are alike to it but for their synapses and rates: as gates close and rates fall, the mapper moves
// neurons between cores, and it is asked anew each epoch. So a unit lies in every core that holds its population, by how
// much of the population the core holds. What the mapper counted in each core (windows that lie apart, neurons that fire
// more than others, copies) is kept as factors to what these means give.

import Spiking

/// The costs of a mapping by population, projection and core.
struct PricedMapping: Sendable {
  struct Population: Sendable {
    var units: Int
    var neuronsPerUnit: Int
    var isInput: Bool
    /// Whether what its neurons do is a spike.
    var fires: Bool
    /// For each core, the share of the population's neurons there; empty for the input.
    var shares: [Double]
    /// For each core, 1 where a spike of the population is received, else 0.
    var reach: [Double]
    /// Joules of the hops of all packets of one spike.
    var hops = 0.0
    /// For each link that is watched, the packets over it of one spike.
    var links: [Double] = []

    /// Cores that a spike reaches.
    var destinations: Double { reach.reduce(0, +) }
  }

  struct Projection: Sendable {
    var source: Int
    var target: Int
    /// Joules and seconds of one synaptic operation.
    var energy: Double
    var time: Double
    /// For each unit of the source, the synapses that leave one of its neurons.
    var fanOut: [Double]
    /// For each unit of the target, the share of all synapses that end there.
    var share: [Double]
  }

  /// What a core needs in all, of a resource with a limit.
  struct Need: Sendable {
    enum Measure: Sendable { case neurons, synapses, axons }
    var measure: Measure
    /// Need over limit of all granted cores, when it was mapped.
    var share: Double
    /// What is measured, when it was mapped.
    var mapped: Double
  }

  private(set) var populations: [Population] = []
  private(set) var projections: [Projection] = []
  private(set) var needs: [Need] = []
  let cores: Int
  let steps: Double
  let chip: Chip
  let energy: EventRates
  let time: EventRates
  /// Packets that one spike makes for a core.
  let axons: Double
  /// Of each core, what was counted over what the means give.
  private(set) var operations: [Double]
  private(set) var packetsIn: [Double]
  private(set) var packetsOut: [Double]
  private(set) var neurons: [Double]
  /// Of each core, the share of neurons that are busy in a step.
  private(set) var busy: [Double]
  /// Seconds of the longest way, and until all parts agree that a step has ended.
  let way: Double
  let barrier: Double
  let linkTime: Double
  /// The mapper's seconds of a step's work over those of the smooth maximum.
  private(set) var pace = 1.0
  /// Watts of chips, and of cores.
  let chipPower: Double
  let corePower: Double

  /// - Parameters:
  ///   - problem: the network without closed units, and the rates that it was mapped with.
  ///   - units: for each population, its units before that, the neurons of each, and which units are left, in order.
  ///   - capacity: the cores whose limits count.
  init(
    _ problem: PlacementProblem, _ placed: PlacedMapping, units: [(units: Int, neuronsPerUnit: Int, kept: [Int])],
    capacity: Double
  ) {
    let (load, chip, connectome) = (placed.load, problem.chip, problem.connectome)
    self.chip = chip
    cores = load.cores.count
    steps = Double(problem.workload.steps)
    energy = EventRates(chip.energy)
    time = EventRates(chip.time)
    axons = Double(problem.rules.axonsPerSource)
    way = time.way(of: load)
    barrier = chip.step.barrier(tiles: load.tiles, chips: load.chips)
    linkTime = max(time.hopHorizontal, time.hopVertical)
    chipPower = Double(load.chips) * (chip.power.perChip?.value ?? 0)
    corePower = Double(load.cores.count) * (chip.power.perCore?.value ?? 0)
    let ones = [Double](repeating: 1, count: load.cores.count)
    (operations, packetsIn, packetsOut, neurons) = (ones, ones, ones, ones)
    busy = load.cores.map { $0.neurons > 0 ? $0.activeNeurons / $0.neurons : 0 }
    let fires = problem.fires
    for (number, entry) in units.enumerated() {
      populations.append(
        Population(
          units: entry.units, neuronsPerUnit: entry.neuronsPerUnit, isInput: number == 0, fires: fires[number],
          shares: Self.shares(of: number, placed.mapping), reach: Self.reach(of: number, placed.mapping, connectome)))
    }
    for block in connectome.blocks { projections.append(projection(block, problem, units)) }
    calibrate(problem, placed, units)
    needs = needs(problem, placed, capacity, mappedSums(problem, units))
  }

  // MARK: Who is where

  private static func shares(of population: Int, _ mapping: Mapping) -> [Double] {
    if population == 0 { return [Double](repeating: 0, count: mapping.cores.count) }
    let counts = mapping.cores.map { core in
      core.slices.reduce(0.0) { $1.population == population ? $0 + Double($1.neurons.count) : $0 }
    }
    let all = counts.reduce(0, +)
    return all > 0 ? counts.map { $0 / all } : counts
  }

  private static func reach(of population: Int, _ mapping: Mapping, _ connectome: Connectome) -> [Double] {
    let targets = Set(connectome.outgoing[population].map { connectome.blocks[$0].target })
    return mapping.cores.map { core in
      core.slices.contains { targets.contains($0.population) && !$0.neurons.isEmpty } ? 1 : 0
    }
  }

  private func projection(
    _ block: Connectome.Block, _ problem: PlacementProblem, _ units: [(units: Int, neuronsPerUnit: Int, kept: [Int])]
  ) -> Projection {
    let connectome = problem.connectome
    let charge = chip.isDense ? Charge.synapse : problem.rules.charge(block, connectome)
    let isPlaced = connectome.isPlaced[block.target]
    let out = block.form.fanOuts(sources: connectome.sizes[block.source], counted: isPlaced).map(Double.init)
    let into = isPlaced.indices.map { isPlaced[$0] ? Double(connectome.fanIn(block, $0)) : 0 }
    let all = max(1, into.reduce(0, +))
    let (source, target) = (units[block.source], units[block.target])
    return Projection(
      source: block.source, target: block.target, energy: energy.operation(charge), time: time.operation(charge),
      fanOut: Self.byUnit(out, source).map { $0 / Double(max(1, source.neuronsPerUnit)) },
      share: Self.byUnit(into, target).map { $0 / all })
  }

  /// Sums over the neurons of each unit; a closed unit has the mean of the others.
  private static func byUnit(_ values: [Double], _ entry: (units: Int, neuronsPerUnit: Int, kept: [Int])) -> [Double] {
    let mean = values.reduce(0, +) / Double(max(1, entry.kept.count))
    var sums = [Double](repeating: mean, count: entry.units)
    for (place, unit) in entry.kept.enumerated() {
      let first = place * entry.neuronsPerUnit
      sums[unit] = values[min(first, values.count)..<min(first + entry.neuronsPerUnit, values.count)].reduce(0, +)
    }
    return sums
  }

  // MARK: What the mapper counted

  /// The sums over units that were mapped: gates of 1, and the rates of the problem.
  private func mappedSums(
    _ problem: PlacementProblem, _ units: [(units: Int, neuronsPerUnit: Int, kept: [Int])]
  ) -> UnitSums {
    var gates = populations.map { [Double](repeating: 0, count: $0.units) }
    var rates = gates
    for (number, entry) in units.enumerated() {
      let row = problem.workload.rates[number]
      for (place, unit) in entry.kept.enumerated() {
        gates[number][unit] = 1
        let first = place * entry.neuronsPerUnit
        rates[number][unit] = row[min(first, row.count)..<min(first + entry.neuronsPerUnit, row.count)]
          .reduce(0) { $0 + Double(min($1, 1)) }
      }
    }
    return UnitSums(self, gates: gates, rates: rates)
  }

  private mutating func calibrate(
    _ problem: PlacementProblem, _ placed: PlacedMapping, _ units: [(units: Int, neuronsPerUnit: Int, kept: [Int])]
  ) {
    func over(_ counted: Double, _ mean: Double) -> Double { mean > 0 ? counted / mean : 1 }
    let load = placed.load
    let sums = mappedSums(problem, units)
    let before = CoreEvents(self, sums)
    for (core, counted) in load.cores.enumerated() {
      let all = chip.isDense ? counted.synapses : counted.synapticOperations
      operations[core] = over(all, before.operations[core])
      packetsIn[core] = over(counted.packetsIn, before.packetsIn[core])
      packetsOut[core] = over(counted.packetsOut, before.packetsOut[core])
      neurons[core] = over(counted.neurons, before.neurons[core])
    }
    addWays(placed)
    let hops = populations.indices.reduce(0.0) { $0 + populations[$1].hops * sums.spikes[$1] }
    let counted = load.horizontalHops * energy.hopHorizontal + load.verticalHops * energy.hopVertical
      + load.chipHops * energy.hopBetweenChips
    for number in populations.indices { populations[number].hops *= over(counted, hops) }
    let estimate = CostEstimate(self, sums)
    let work = placed.cost.meanLoadStepTime - barrier
    if estimate.work > 0, work > 0, !placed.cost.isFixedStep { pace = work / estimate.work }
  }

  /// The ways of packets of one spike of each population: the energy of their hops, and what they add to the busiest links.
  private mutating func addWays(_ placed: PlacedMapping) {
    let places = placed.mapping.cores.map(\.place)
    let plane = MeshPlane(chip, chips: max((places.map(\.chip).max() ?? 0) + 1, placed.load.chips))
    let links = placed.tileLinks.sorted { $0.packets > $1.packets }.prefix(CostEstimate.links)
    for number in populations.indices {
      let population = populations[number]
      let starts = population.isInput
        ? [(placed.mapping.port, 1.0)] : zip(places, population.shares).filter { $0.1 > 0 }.map { ($0.0, $0.1) }
      var joules = 0.0
      var passed = [Double](repeating: 0, count: links.count)
      for (from, share) in starts {
        for (core, to) in places.enumerated() where population.reach[core] > 0 {
          let packets = share * axons * packetsIn[core]
          let hops = plane.hops(from, to)
          joules += packets * (Double(hops.horizontal) * energy.hopHorizontal + Double(hops.vertical) * energy.hopVertical
            + Double(hops.chips) * energy.hopBetweenChips)
          guard from.chip == to.chip else { continue }
          for (place, link) in links.enumerated() where link.chip == from.chip && link.isPassed(from, to) {
            passed[place] += packets
          }
        }
      }
      populations[number].hops = joules
      populations[number].links = passed
    }
  }

  private func needs(
    _ problem: PlacementProblem, _ placed: PlacedMapping, _ capacity: Double, _ sums: UnitSums
  ) -> [Need] {
    Demand.resources.compactMap { resource in
      guard let limit = problem.rules.limit(resource), limit > 0 else { return nil }
      let measure: Need.Measure =
        switch resource {
        case .neurons: .neurons
        case .inputAxons, .outputAxons: .axons
        default: .synapses
        }
      let need = placed.demands.reduce(0.0) { $0 + Double($1.need(resource)) }
      let mapped = sums.measured(measure, self)
      return mapped > 0 ? Need(measure: measure, share: need / (Double(limit) * capacity), mapped: mapped) : nil
    }
  }
}

extension PlacedMapping.TileLink {
  /// Whether a packet passes the link on its way, first along the row, then along the column.
  fileprivate func isPassed(_ a: Mapping.Place, _ b: Mapping.Place) -> Bool {
    if from.row == to.row {
      guard a.row == from.row else { return false }
      return to.column > from.column
        ? a.column <= from.column && b.column >= to.column : a.column >= from.column && b.column <= to.column
    }
    guard b.column == from.column else { return false }
    return to.row > from.row ? a.row <= from.row && b.row >= to.row : a.row >= from.row && b.row <= to.row
  }
}
