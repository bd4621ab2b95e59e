// The terms of L_hw and their derivatives. Eq. 9-10 of the NeuEdge paper name the first three and leave their form open;
// the fourth is ours, since operations are most of a step's time and no other term pays for a spike that stays in its
// core. Each is a share, so that one weight serves networks and chips of any size:
//
//     memory         S(g) / S(1)                   S: synapses that the chip must store
//     communication  T(g, r) / T(1, r_0)           T: packets times hops in a step, r_0: when the price is first paid
//     utilization    |f(g) - n| / C                f: cores' worth of the scarcest resource, C: cores of the mapping,
//                                                  n: the full cores below, at least 1
//     operations     O(g, r) / O(1, r_0)           O: synapses that spikes arrive over in a step
//
// with gates g of units and rates r, and
//
//     S = sum over projections  w · (sum_i g_i) · (sum_j g_j)          w: stored synapses of a pair of units
//     T = sum over sources i    g_i R_i sum_c P_ic · E[hops to c]      R: spikes of all neurons of i in a step
//     O = sum over projections  k · (sum_i g_i R_i) · (sum_j g_j)      k: synapses of a neuron of i to all of unit j
//     P_ic = 1 - prod over targets j  (1 - g_j a_jc)^(m_j)             a: soft assignment, m: neurons of a unit
//     f = f_mapped · D(g) / D(g_mapped)                                D: units, stored synapses, or source-core pairs
//
// What would spill from n full cores into a further one that it hardly fills is the price of utilization; a network
// smaller than a core is charged for the room that it leaves. As the mapping is renewed, so are f_mapped, n and C.

import Glibc

/// The populations and projections of a network as the price sees them.
struct PricedNetwork: Sendable {
  struct Population: Sendable {
    var units: Int
    var neuronsPerUnit: Int
    var isInput: Bool
  }

  struct Projection: Sendable {
    var source: Int
    var target: Int
    /// w: stored synapses of one pair of units.
    var stored: Double
    /// k: synapses from a neuron of the source to one unit of the target.
    var reached: Double
  }

  var populations: [Population]
  var projections: [Projection]

  /// S.
  func stored(_ sums: [Double]) -> Double {
    projections.reduce(0) { $0 + $1.stored * sums[$1.source] * sums[$1.target] }
  }

  /// The sums of S's derivatives: for each population, what one more open unit adds.
  func storedSlopes(_ sums: [Double]) -> [Double] {
    var slopes = [Double](repeating: 0, count: populations.count)
    for projection in projections {
      slopes[projection.source] += projection.stored * sums[projection.target]
      slopes[projection.target] += projection.stored * sums[projection.source]
    }
    return slopes
  }

  /// O, and its derivatives by gates and by rates.
  func operations(
    _ gates: [[Double]], _ rates: [[Double]]
  ) -> (value: Double, gateSlopes: [[Double]], rateSlopes: [[Double]]) {
    let sums = gates.map { $0.reduce(0, +) }
    let spikes = zip(gates, rates).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 } }
    var value = 0.0
    var fanOut = [Double](repeating: 0, count: populations.count)
    var fanIn = fanOut
    for projection in projections {
      value += projection.reached * spikes[projection.source] * sums[projection.target]
      fanOut[projection.source] += projection.reached * sums[projection.target]
      fanIn[projection.target] += projection.reached * spikes[projection.source]
    }
    let gateSlopes = gates.indices.map { population in
      rates[population].map { fanOut[population] * $0 + fanIn[population] }
    }
    return (value, gateSlopes, gates.indices.map { population in gates[population].map { fanOut[population] * $0 } })
  }
}

/// What the mapper found for the present network.
struct MappedDemand: Sendable {
  /// The scarcest resource.
  var resource: Resource
  /// f_mapped: how many full cores it would take.
  var cores: Double
  /// C.
  var used: Int
  /// The gates that it was mapped with.
  var gates: [[Double]]

  /// n.
  var target: Double { max(1, cores.rounded(.down)) }
}

/// The price of a network with gates and rates, under an assignment.
struct HardwarePrice: Sendable {
  /// How much each term counts.
  struct Weights: Sendable, Equatable {
    var utilization = 1.0
    var communication = 1.0
    var memory = 1.0
    var operations = 0.0
  }

  struct Terms: Sendable {
    var utilization = 0.0
    var communication = 0.0
    var memory = 0.0
    var operations = 0.0
    /// Of the weighted sum: for each population and unit.
    var gateSlopes: [[Double]]
    /// Of the weighted sum: for each population and unit, by the rate of each of its neurons.
    var rateSlopes: [[Double]]

    func total(_ weights: Weights) -> Double {
      weights.utilization * utilization + weights.communication * communication + weights.memory * memory
        + weights.operations * operations
    }
  }

  let network: PricedNetwork
  let weights: Weights
  /// S(1).
  private let storedAtFirst: Double
  /// T(1, r_0); nil for what the next batch has.
  var trafficAtFirst: Double?
  /// O(1, r_0); nil for what the next batch has.
  var operationsAtFirst: Double?

  init(_ network: PricedNetwork, weights: Weights) {
    self.network = network
    self.weights = weights
    storedAtFirst = network.stored(network.populations.map { Double($0.units) })
  }

  /// - Parameters:
  ///   - gates: for each population and unit.
  ///   - rates: for each population and unit, R: spikes of all its neurons in a step.
  mutating func terms(
    gates: [[Double]], rates: [[Double]], assignment: SoftAssignment, demand: MappedDemand
  ) -> Terms {
    var terms = Terms(gateSlopes: gates.map { [Double](repeating: 0, count: $0.count) }, rateSlopes: [])
    terms.rateSlopes = terms.gateSlopes
    addMemory(&terms, gates)
    addCommunication(&terms, gates, rates, assignment)
    addUtilization(&terms, gates, assignment, demand)
    addOperations(&terms, gates, rates)
    return terms
  }

  private func addMemory(_ terms: inout Terms, _ gates: [[Double]]) {
    guard storedAtFirst > 0 else { return }
    let sums = gates.map { $0.reduce(0, +) }
    terms.memory = network.stored(sums) / storedAtFirst
    for (population, slope) in network.storedSlopes(sums).enumerated() {
      let step = weights.memory * slope / storedAtFirst
      for unit in gates[population].indices { terms.gateSlopes[population][unit] += step }
    }
  }

  private mutating func addCommunication(
    _ terms: inout Terms, _ gates: [[Double]], _ rates: [[Double]], _ assignment: SoftAssignment
  ) {
    if trafficAtFirst == nil {
      let open = gates.map { [Double](repeating: 1, count: $0.count) }
      trafficAtFirst = Flow(network, gates: open, assignment).traffic(rates)
    }
    guard let first = trafficAtFirst, first > 0 else { return }
    let flow = Flow(network, gates: gates, assignment)
    let scale = weights.communication / first
    terms.communication = flow.traffic(rates) / first
    for population in gates.indices {
      for unit in gates[population].indices {
        let way = flow.ways[population][unit]
        terms.gateSlopes[population][unit] += scale * rates[population][unit] * way
        terms.rateSlopes[population][unit] += scale * gates[population][unit] * way
      }
    }
    flow.addReachSlopes(to: &terms.gateSlopes, sources: rates, hops: assignment.hops, scale: scale)
  }

  private mutating func addOperations(_ terms: inout Terms, _ gates: [[Double]], _ rates: [[Double]]) {
    if operationsAtFirst == nil {
      operationsAtFirst = network.operations(gates.map { [Double](repeating: 1, count: $0.count) }, rates).value
    }
    guard let first = operationsAtFirst, first > 0 else { return }
    let now = network.operations(gates, rates)
    terms.operations = now.value / first
    let scale = weights.operations / first
    for population in gates.indices {
      for unit in gates[population].indices {
        terms.gateSlopes[population][unit] += scale * now.gateSlopes[population][unit]
        terms.rateSlopes[population][unit] += scale * now.rateSlopes[population][unit]
      }
    }
  }

  private func addUtilization(
    _ terms: inout Terms, _ gates: [[Double]], _ assignment: SoftAssignment, _ demand: MappedDemand
  ) {
    let before = size(demand.gates, assignment, demand.resource)
    let now = size(gates, assignment, demand.resource)
    guard before.value > 0, demand.used > 0 else { return }
    let cores = demand.cores * now.value / before.value
    let over = cores - demand.target
    terms.utilization = abs(over) / Double(demand.used)
    let scale =
      weights.utilization * (over > 0 ? 1 : over < 0 ? -1 : 0) * demand.cores / before.value / Double(demand.used)
    for population in gates.indices {
      for unit in gates[population].indices { terms.gateSlopes[population][unit] += scale * now.slopes[population][unit] }
    }
  }

  /// D and its derivatives by gates.
  private func size(
    _ gates: [[Double]], _ assignment: SoftAssignment, _ resource: Resource
  ) -> (value: Double, slopes: [[Double]]) {
    let sums = gates.map { $0.reduce(0, +) }
    switch resource {
    case .neurons:
      let sizes = network.populations.map { $0.isInput ? 0 : Double($0.neuronsPerUnit) }
      return (
        zip(sizes, sums).reduce(0) { $0 + $1.0 * $1.1 },
        zip(sizes, gates).map { size, gates in [Double](repeating: size, count: gates.count) }
      )
    case .inputAxons, .outputAxons:
      // Each neuron once for each core that it reaches, its own included: packets of neurons that all fire, over ways of
      // length 1.
      let flow = Flow(network, gates: gates, assignment, hops: assignment.hops.map { $0.map { _ in 1 } })
      let all = network.populations.indices.map { population in
        let entry = network.populations[population]
        let isCounted = !entry.isInput || resource == .inputAxons
        return [Double](repeating: isCounted ? Double(entry.neuronsPerUnit) : 0, count: entry.units)
      }
      var slopes = flow.ways
      for population in slopes.indices {
        for unit in slopes[population].indices { slopes[population][unit] *= all[population][unit] }
      }
      flow.addReachSlopes(to: &slopes, sources: all, hops: assignment.hops.map { $0.map { _ in 1 } }, scale: 1)
      return (flow.traffic(all), slopes)
    default:
      return (
        network.stored(sums),
        zip(network.storedSlopes(sums), gates).map { slope, gates in [Double](repeating: slope, count: gates.count) }
      )
    }
  }
}

/// Where packets go: which cores hold targets of a population, and how far its units are from them.
private struct Flow {
  let network: PricedNetwork
  let gates: [[Double]]
  let assignment: SoftAssignment
  /// For each population that is a target, and each core, the logarithm of the probability that no open neuron is there.
  private let silence: [[Double]]
  /// For each population and unit, the expected hops of all packets that one spike of one neuron makes.
  private(set) var ways: [[Double]]

  init(_ network: PricedNetwork, gates: [[Double]], _ assignment: SoftAssignment, hops: [[Double]]? = nil) {
    self.network = network
    self.gates = gates
    self.assignment = assignment
    let targets = Set(network.projections.map(\.target))
    silence = network.populations.indices.map { population in
      guard targets.contains(population) else { return [] }
      var sums = [Double](repeating: 0, count: assignment.cores)
      let neurons = Double(network.populations[population].neuronsPerUnit)
      for unit in gates[population].indices where gates[population][unit] > 0 {
        for (core, share) in assignment.probabilities(population, unit).enumerated() where share > 0 {
          sums[core] += neurons * Self.quiet(gates[population][unit], share)
        }
      }
      return sums
    }
    let hops = hops ?? assignment.hops
    ways = gates.map { [Double](repeating: 0, count: $0.count) }
    for projection in network.projections {
      let reach = silence[projection.target].map { -expm1($0) }
      // From each core, the port last, to all cores that are reached.
      let far = hops.map { row in zip(row, reach).reduce(0) { $0 + $1.0 * $1.1 } }
      if network.populations[projection.source].isInput {
        for unit in ways[projection.source].indices { ways[projection.source][unit] += far[assignment.cores] }
      } else {
        for (unit, mean) in assignment.means(projection.source, of: far).enumerated() {
          ways[projection.source][unit] += mean
        }
      }
    }
  }

  /// log(1 - g a), kept finite.
  private static func quiet(_ gate: Double, _ share: Double) -> Double { log1p(-min(gate * share, 1 - 1e-9)) }

  /// Packets times hops, where the neurons of each unit fire so often in a step.
  func traffic(_ rates: [[Double]]) -> Double {
    var sum = 0.0
    for population in gates.indices {
      for unit in gates[population].indices {
        sum += gates[population][unit] * rates[population][unit] * ways[population][unit]
      }
    }
    return sum
  }

  /// The derivatives of `traffic` by the gates of targets: a core that holds none of them need not be reached.
  func addReachSlopes(to slopes: inout [[Double]], sources rates: [[Double]], hops: [[Double]], scale: Double) {
    for projection in network.projections {
      // What it costs, over all sources, that a core is reached.
      var price = [Double](repeating: 0, count: assignment.cores)
      let isInput = network.populations[projection.source].isInput
      for unit in gates[projection.source].indices {
        let packets = gates[projection.source][unit] * rates[projection.source][unit]
        if packets == 0 { continue }
        if isInput {
          for core in price.indices { price[core] += packets * hops[assignment.cores][core] }
        } else {
          for (from, share) in assignment.probabilities(projection.source, unit).enumerated() where share > 0 {
            for core in price.indices { price[core] += packets * share * hops[from][core] }
          }
        }
      }
      let neurons = Double(network.populations[projection.target].neuronsPerUnit)
      let rest = silence[projection.target].map { exp($0) }
      // Beside a crowd one neuron more or less changes nothing.
      guard rest.contains(where: { $0 > 1e-12 }) else { continue }
      for unit in gates[projection.target].indices {
        let gate = gates[projection.target][unit]
        for (core, share) in assignment.probabilities(projection.target, unit).enumerated()
        where share > 0 && rest[core] > 1e-12 {
          slopes[projection.target][unit] +=
            scale * price[core] * neurons * rest[core] * share / (1 - min(gate * share, 1 - 1e-9))
        }
      }
    }
  }
}
