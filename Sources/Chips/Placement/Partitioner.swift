// Divides each population into cores, the last population first: how many cores a neuron must reach is known only when
// its targets have theirs, and on chips where a neuron reaches few destinations it decides how often it is copied.

import Faults

/// Neurons that will share a core, and what they need there.
struct Part: Sendable {
  var population: Int
  var neurons: [Int32]
  var demand: Demand
}

/// How populations are laid into cores.
struct PartitionPlan: Sendable {
  /// For each population, the placed neurons in the order in which they fill cores.
  var orders: [[Int32]]
  /// For each population, the most neurons of it in a core.
  var caps: [Int]
}

/// The parts of all populations, and what closed them.
struct Partition: Sendable {
  /// For each population its parts, in order; none for the input.
  var parts: [[Part]]
  /// For each population, how often each resource ran out.
  var closedBy: [[Resource: Int]]

  var count: Int { parts.reduce(0) { $0 + $1.count } }
}

extension PlacementProblem {
  /// The neurons of each population in their own order.
  var naturalOrders: [[Int32]] {
    connectome.isPlaced.enumerated().map { population, isPlaced in
      population == 0 ? [] : isPlaced.indices.filter { isPlaced[$0] }.map { Int32($0) }
    }
  }

  /// Divides the populations; every part fits a core of its own.
  ///
  /// - Throws: `.limit` for a neuron that fits no core, naming layer, resource, need and limit; `.interrupt`.
  func partition(_ plan: PartitionPlan) throws(Fault) -> Partition {
    try checkFanIn(plan)
    var known = [Int32](repeating: 0, count: connectome.neurons)
    // Synapses that lead back make a population's parts depend on themselves: the numbers are repeated until they hold.
    let leadsBack = connectome.blocks.contains { $0.target <= $0.source }
    for _ in 0..<8 {
      let (partition, destinations) = try partition(plan, back: known)
      let counts = leadsBack && (rules.outputAxons != Int.max || rules.fanOut != Int.max)
      guard counts else { return partition }
      var isEnough = true
      for neuron in known.indices where destinations[neuron] > known[neuron] {
        known[neuron] = destinations[neuron]
        isEnough = false
      }
      if isEnough { return partition }
    }
    throw Fault(
      .limit, "the recurrent synapses of the network do not come to rest on \(chip.name)",
      label: "each new core asks its neurons for more destinations",
      help: "give the recurrent layer fewer neurons, or choose a chip whose neurons reach more cores")
  }

  /// Copies of a neuron, and its output axons, for a number of destination cores.
  @inline(__always)
  func outputs(of destinations: Int) -> (copies: Int, axons: Int) {
    let axons = destinations * rules.axonsPerSource
    return (rules.fanOut == Int.max ? 1 : max(1, (axons + rules.fanOut - 1) / rules.fanOut), axons)
  }

  /// One pass; `back` holds for each neuron at least how many destinations it has by synapses that lead back.
  private func partition(
    _ plan: PartitionPlan, back: [Int32]
  ) throws(Fault) -> (partition: Partition, destinations: [Int32]) {
    let count = connectome.sizes.count
    var result = Partition(
      parts: [[Part]](repeating: [], count: count), closedBy: [[Resource: Int]](repeating: [:], count: count))
    var tally = DestinationTally(connectome)
    var filler = CoreFiller(connectome, rules)
    for population in stride(from: count - 1, to: 0, by: -1) {
      let start = connectome.starts[population]
      var open: [(population: Int, neuron: Int, copies: Int, outputs: Int)] = []
      func close() {
        if open.isEmpty { return }
        let neurons = open.map { Int32($0.neuron) }
        result.parts[population].append(Part(population: population, neurons: neurons, demand: filler.demand))
        filler.empty(open)
        tally.add(population, neurons)
        open.removeAll(keepingCapacity: true)
      }
      var places = 0
      for entry in plan.orders[population] {
        let neuron = Int(entry)
        if neuron & 63 == 0 { try Interrupt.check() }
        let destinations = max(Int(tally.counts[start + neuron]), Int(back[start + neuron]))
        let (copies, axons) = outputs(of: destinations)
        filler.add(population, neuron, copies: copies, outputs: axons)
        let excess = filler.demand.excess(rules)
        if excess != nil || places >= plan.caps[population], !open.isEmpty {
          if let excess { result.closedBy[population][excess, default: 0] += 1 }
          filler.remove(population, neuron, copies: copies, outputs: axons)
          close()
          places = 0
          filler.add(population, neuron, copies: copies, outputs: axons)
        }
        if let excess = filler.demand.excess(rules), open.isEmpty {
          throw Misfit.neuron(self, population, neuron, excess, filler.demand, copies: copies)
        }
        open.append((population, neuron, copies, axons))
        places += 1
      }
      close()
    }
    return (result, tally.counts)
  }

  private func checkFanIn(_ plan: PartitionPlan) throws(Fault) {
    if rules.fanIn == Int.max { return }
    for population in plan.orders.indices {
      for neuron in plan.orders[population] {
        let fanIn = connectome.fanIn(population: population, neuron: Int(neuron)) * rules.axonsPerSource
        if fanIn > rules.fanIn { throw Misfit.fanIn(self, population, need: fanIn) }
      }
    }
  }
}

/// Counts for each neuron the cores that it reaches.
struct DestinationTally {
  private let connectome: Connectome
  private(set) var counts: [Int32]
  /// The last core that a neuron was counted for.
  private var seen: [Int32]
  private var core: Int32 = 0

  init(_ connectome: Connectome) {
    self.connectome = connectome
    counts = [Int32](repeating: 0, count: connectome.neurons)
    seen = counts
  }

  /// One more core, with neurons of one population.
  mutating func add(_ population: Int, _ neurons: [Int32]) {
    core += 1
    for index in connectome.incoming[population] {
      let block = connectome.blocks[index]
      let start = connectome.starts[block.source]
      if case .full = block.form {
        for source in start..<start + connectome.sizes[block.source] where seen[source] != core {
          seen[source] = core
          counts[source] += 1
        }
        continue
      }
      if let unreached = block.form.unreached(by: neurons) {
        // All others reach the core; those that don't are marked for a moment as if they had.
        let passed = unreached.filter { seen[start + Int($0)] != self.core }
        for source in passed { seen[start + Int(source)] = self.core }
        for source in start..<start + connectome.sizes[block.source] where seen[source] != core {
          seen[source] = core
          counts[source] += 1
        }
        for source in passed { seen[start + Int(source)] = 0 }
        continue
      }
      let core = core
      seen.withUnsafeMutableBufferPointer { seen in
        counts.withUnsafeMutableBufferPointer { counts in
          for neuron in neurons {
            connectome.forEachSource(block, Int(neuron)) { source in
              if seen[start + source] != core {
                seen[start + source] = core
                counts[start + source] += 1
              }
            }
          }
        }
      }
    }
  }
}
