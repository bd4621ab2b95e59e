// Energy and time of an inference as functions of gates and rates, with their derivatives: the cost model of `Cost.swift`
// on the mapping that the mapper found last.
//
//     X_p = sum g_u R_u       spikes of a population in a step          N_p = sum g_u m_u       its neurons
//     D_b = sum g_u R_u a_u   synapses that spikes leave over, of a projection, where all targets are there
//     T_b = sum g_u b_u       the share of its synapses whose targets are there
//
//     operations(c) = D_b T_b s_pc      s_pc: the share of the targets' population that core c holds
//     in(c)         = sum of X_p over the populations that core c receives, out(c) = X_p s_pc · cores that p reaches
//     receive(c)    = operations · t_operation + in · t_in
//     generate(c)   = N_p s_pc (t_update + busy · t_active) + X_p s_pc t_spike + out · t_out
//     work          = smooth maximum of cores, busiest links and the longest way
//     T             = S · max(fixed step, work + barrier)
//     E             = S · (each event times its energy) + (chips · P_chip + cores · P_core) · T
//
// The smooth maximum of x_k is (mean of x_k^p)^(1/p) over cores, and (sum of x_k^p)^(1/p) over cores, links and way: as
// the mapper balances cores, their mean counts. How many cores there are, and which of them a population reaches, is the
// mapper's; at its optimum a little more or less of them changes nothing.

import Glibc

/// What gates and rates of units add up to.
struct UnitSums: Sendable {
  /// X_p and N_p.
  var spikes: [Double]
  var neurons: [Double]
  /// D_b, the same where every neuron fires, and T_b.
  var driven: [Double]
  var wired: [Double]
  var present: [Double]

  init(_ mapping: PricedMapping, gates: [[Double]], rates: [[Double]]) {
    spikes = zip(gates, rates).map { zip($0, $1).reduce(0) { $0 + $1.0 * $1.1 } }
    neurons = zip(mapping.populations, gates).map { Double($0.neuronsPerUnit) * $1.reduce(0, +) }
    (driven, wired, present) = ([], [], [])
    for projection in mapping.projections {
      let (gates, rates, fanOut) = (gates[projection.source], rates[projection.source], projection.fanOut)
      var (fired, all) = (0.0, 0.0)
      for unit in gates.indices {
        fired += gates[unit] * rates[unit] * fanOut[unit]
        all += gates[unit] * fanOut[unit]
      }
      driven.append(fired)
      wired.append(all * Double(mapping.populations[projection.source].neuronsPerUnit))
    }
    for projection in mapping.projections {
      present.append(zip(gates[projection.target], projection.share).reduce(0) { $0 + $1.0 * $1.1 })
    }
  }

  /// How much there is of what a resource is needed for.
  func measured(_ measure: PricedMapping.Need.Measure, _ mapping: PricedMapping) -> Double {
    switch measure {
    case .neurons: neurons.dropFirst().reduce(0, +)
    case .synapses: zip(wired, present).reduce(0) { $0 + $1.0 * $1.1 }
    case .axons: zip(neurons, mapping.populations).reduce(0) { $0 + $1.0 * $1.1.destinations }
    }
  }
}

/// What happens in each core in a step.
struct CoreEvents: Sendable {
  var operations: [Double]
  var operationEnergy = 0.0
  var operationTime: [Double]
  var packetsIn: [Double]
  var packetsOut: [Double]
  var neurons: [Double]
  var spikes: [Double]

  init(_ mapping: PricedMapping, _ sums: UnitSums) {
    let none = [Double](repeating: 0, count: mapping.cores)
    (operations, operationTime, packetsIn, packetsOut, neurons, spikes) = (none, none, none, none, none, none)
    for (index, projection) in mapping.projections.enumerated() {
      let drive = (mapping.chip.isDense ? sums.wired : sums.driven)[index]
      let all = drive * sums.present[index] * mapping.axons
      let shares = mapping.populations[projection.target].shares
      for core in 0..<mapping.cores where shares[core] > 0 {
        let count = all * shares[core] * mapping.operations[core]
        operations[core] += count
        operationTime[core] += count * projection.time
        operationEnergy += count * projection.energy
      }
    }
    for (number, population) in mapping.populations.enumerated() {
      let (fired, out) = (sums.spikes[number], sums.spikes[number] * population.destinations * mapping.axons)
      for core in 0..<mapping.cores {
        packetsIn[core] += fired * population.reach[core] * mapping.axons * mapping.packetsIn[core]
        let share = population.shares[core]
        if share == 0 { continue }
        packetsOut[core] += out * share * mapping.packetsOut[core]
        neurons[core] += sums.neurons[number] * share * mapping.neurons[core]
        if population.fires { spikes[core] += fired * share }
      }
    }
  }
}

/// The energy and the time of an inference, and all that their derivatives need.
struct CostEstimate: Sendable {
  /// How hard the smooth maximum is.
  static let power = 20.0
  /// Links that are watched.
  static let links = 6

  let mapping: PricedMapping
  let sums: UnitSums
  /// Of each core, seconds of receiving, of generating, and of the longer of both.
  private let receive: [Double]
  private let generate: [Double]
  private let longer: [Double]
  private let links: [Double]
  /// Seconds of the work of a step, without and with links and ways: before `pace`.
  let coreWork: Double
  let work: Double
  /// Seconds of the mean core.
  let evenWork: Double
  /// Joules of events in an inference, and of these the packets'.
  let events: Double
  let packets: Double
  /// Spikes that arrive over synapses, in an inference.
  let operations: Double

  init(_ mapping: PricedMapping, _ sums: UnitSums) {
    self.mapping = mapping
    self.sums = sums
    let (energy, time) = (mapping.energy, mapping.time)
    let core = CoreEvents(mapping, sums)
    receive = zip(core.operationTime, core.packetsIn).map { $0 + $1 * time.axonIn }
    generate = (0..<mapping.cores).map { index in
      core.neurons[index] * (time.neuronUpdate + mapping.busy[index] * time.activeUpdate)
        + core.spikes[index] * time.spike + core.packetsOut[index] * time.axonOut
    }
    longer = zip(receive, generate).map { Self.smooth([$0, $1], count: 1) }
    let watched = mapping.populations.first?.links.count ?? 0
    links = (0..<watched).map { link in
      mapping.linkTime * zip(mapping.populations, sums.spikes).reduce(0) { $0 + $1.0.links[link] * $1.1 }
    }
    coreWork = Self.smooth(longer, count: Double(max(1, mapping.cores)))
    work = Self.smooth([coreWork, mapping.way] + links, count: 1)
    evenWork = longer.reduce(0, +) / Double(max(1, mapping.cores))
    let hops = zip(mapping.populations, sums.spikes).reduce(0) { $0 + $1.0.hops * $1.1 }
    let axons = core.packetsIn.reduce(0, +) * energy.axonIn + core.packetsOut.reduce(0, +) * energy.axonOut
    let updates = (0..<mapping.cores).reduce(0.0) {
      $0 + core.neurons[$1] * (energy.neuronUpdate + mapping.busy[$1] * energy.activeUpdate)
    }
    packets = mapping.steps * (hops + axons)
    events = packets + mapping.steps * (core.operationEnergy + updates + core.spikes.reduce(0, +) * energy.spike)
    operations = core.operations.reduce(0, +) * mapping.steps
  }

  /// The root of the mean (of the sum, with a count of 1) of powers.
  private static func smooth(_ values: [Double], count: Double) -> Double {
    guard let most = values.max(), most > 0 else { return 0 }
    let sum = values.reduce(0) { $0 + pow($1 / most, power) }
    return most * pow(sum / count, 1 / power)
  }

  /// Seconds of an inference whose steps take so much work.
  func seconds(_ work: Double) -> Double {
    mapping.steps * max(mapping.chip.step.fixed?.value ?? 0, work * mapping.pace + mapping.barrier)
  }

  /// The derivative of `seconds`.
  func secondsSlope(_ work: Double) -> Double {
    let whole = work * mapping.pace + mapping.barrier
    return whole > mapping.chip.step.fixed?.value ?? 0 ? mapping.steps * mapping.pace : 0
  }

  var time: Double { seconds(work) }
  var standing: Double { (mapping.chipPower + mapping.corePower) * time }
  var energy: Double { events + standing }

  // MARK: Derivatives

  /// What a number is by events, packets and times.
  struct Slopes: Sendable {
    /// By joules of events that are no packets, and by those of packets.
    var events = 0.0
    var packets = 0.0
    /// By seconds of `work`, `coreWork` and `evenWork`.
    var work = 0.0
    var coreWork = 0.0
    var evenWork = 0.0
    /// By operations.
    var operations = 0.0
    /// By what resources are needed for.
    var neurons = 0.0
    var synapses = 0.0
    var axons = 0.0
  }

  /// The derivatives of a number by the gate and by the rate of each unit.
  ///
  /// - Parameters:
  ///   - slopes: of the number.
  ///   - gates, rates: those that the sums are of.
  func derivatives(_ slopes: Slopes, gates: [[Double]], rates: [[Double]]) -> (gates: [[Double]], rates: [[Double]]) {
    let (energy, time, steps) = (mapping.energy, mapping.time, mapping.steps)
    let populations = mapping.populations
    let last = Self.power - 1
    func part(_ value: Double, of whole: Double) -> Double { whole > 0 ? pow(value / whole, last) : 0 }
    // By the work of cores and by each link.
    let toCores = slopes.coreWork + slopes.work * part(coreWork, of: work)
    let toLinks = links.map { slopes.work * part($0, of: work) * mapping.linkTime }
    var (toReceive, toGenerate) = (receive, generate)
    for core in receive.indices {
      let toCore = (toCores * part(longer[core], of: coreWork) + slopes.evenWork) / Double(max(1, mapping.cores))
      toReceive[core] = toCore * part(receive[core], of: longer[core])
      toGenerate[core] = toCore * part(generate[core], of: longer[core])
    }
    var spikes = [Double](repeating: 0, count: populations.count)
    var neurons = spikes
    for (number, population) in populations.enumerated() {
      var toSpike = slopes.packets * steps * population.hops
      for link in toLinks.indices { toSpike += toLinks[link] * population.links[link] }
      var toNeuron = 0.0
      let destinations = population.destinations * mapping.axons
      for core in 0..<mapping.cores {
        if population.reach[core] > 0 {
          let packets = mapping.axons * mapping.packetsIn[core]
          toSpike += packets * (slopes.packets * steps * energy.axonIn + toReceive[core] * time.axonIn)
        }
        let share = population.shares[core]
        if share == 0 { continue }
        toSpike += share * destinations * mapping.packetsOut[core]
          * (slopes.packets * steps * energy.axonOut + toGenerate[core] * time.axonOut)
        if population.fires { toSpike += share * (slopes.events * steps * energy.spike + toGenerate[core] * time.spike) }
        toNeuron += share * mapping.neurons[core]
          * (slopes.events * steps * (energy.neuronUpdate + mapping.busy[core] * energy.activeUpdate)
            + toGenerate[core] * (time.neuronUpdate + mapping.busy[core] * time.activeUpdate))
      }
      spikes[number] = toSpike
      neurons[number] = toNeuron + (population.isInput ? 0 : slopes.neurons) + slopes.axons * population.destinations
    }
    var gateSlopes = populations.enumerated().map { number, population in
      (0..<population.units).map { rates[number][$0] * spikes[number] + Double(population.neuronsPerUnit) * neurons[number] }
    }
    var rateSlopes = populations.indices.map { number in gates[number].map { $0 * spikes[number] } }
    for (index, projection) in mapping.projections.enumerated() {
      // What one operation costs, over the cores of the target.
      var toOperation = 0.0
      let shares = populations[projection.target].shares
      for core in 0..<mapping.cores where shares[core] > 0 {
        toOperation += shares[core] * mapping.operations[core] * mapping.axons
          * (steps * (slopes.events * projection.energy + slopes.operations) + toReceive[core] * projection.time)
      }
      let isDense = mapping.chip.isDense
      let neuronsPerUnit = Double(populations[projection.source].neuronsPerUnit)
      let toDriven = isDense ? 0 : toOperation * sums.present[index]
      let toWired = (isDense ? toOperation * sums.present[index] : 0) + slopes.synapses * sums.present[index]
      let toPresent = toOperation * (isDense ? sums.wired : sums.driven)[index] + slopes.synapses * sums.wired[index]
      let (source, target) = (projection.source, projection.target)
      for (unit, fanOut) in projection.fanOut.enumerated() {
        gateSlopes[source][unit] += fanOut * (rates[source][unit] * toDriven + neuronsPerUnit * toWired)
        rateSlopes[source][unit] += fanOut * gates[source][unit] * toDriven
      }
      for (unit, share) in projection.share.enumerated() { gateSlopes[target][unit] += share * toPresent }
    }
    return (gateSlopes, rateSlopes)
  }
}
