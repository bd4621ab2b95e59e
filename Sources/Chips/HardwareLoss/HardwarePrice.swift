// L_hw (Eq. 9-10 of the NeuEdge paper, whose form the paper leaves open): what a designer would make small, in logarithms.
//
//     L_hw = w_E log(E / E_0) + w_T log(T / T_0) + wall
//
// The three terms of the paper are parts of it, each with a weight of 1 unless another is given:
//
//     utilization    w_T log(T / T of evenly busy cores)                  what the busiest core costs beyond the mean one
//     communication  w_T log(T / T without links and ways) + w_E log(E / E without packets)
//     memory         wall + w_E log(E / E without the cores' standing power)
//
// where wall = sum over limited resources of softplus((need / limit - 1) / s) s, which is next to nothing below the limit.
// What is left is the work itself: operations and updates, and the chip's standing power meanwhile. A logarithm has no
// unit, so that one lambda serves all networks and chips: it says how much task loss a factor e of energy or time is worth.

import Glibc

/// The price of a network with gates and rates on a mapping.
struct HardwarePrice: Sendable {
  /// How much each part counts.
  struct Weights: Sendable, Equatable {
    var energy = 1.0
    var latency = 1.0
    var utilization = 1.0
    var communication = 1.0
    var memory = 1.0
    /// Of log(operations / operations at first), which is no part of L_hw.
    var operations = 0.0

    init() {}

    /// What an objective makes small; where that has no gradient, energy and time.
    init(_ objective: Objective) {
      energy = objective == .latency ? 0 : 1
      latency = objective == .energy ? 0 : 1
    }
  }

  struct Terms: Sendable {
    /// The weighted sum.
    var total = 0.0
    /// log(E / E_0) and log(T / T_0).
    var energy = 0.0
    var latency = 0.0
    var utilization = 0.0
    var communication = 0.0
    var memory = 0.0
    var operations = 0.0
    /// Joules and seconds of an inference.
    var joules = 0.0
    var seconds = 0.0
    /// For each population and unit, of the weighted sum.
    var gateSlopes: [[Double]] = []
    /// By the spikes of all neurons of the unit in a step.
    var rateSlopes: [[Double]] = []
  }

  /// s: how soft the wall is.
  private static let softness = 0.02

  var weights: Weights
  /// E_0, T_0 and the operations; nil for what the next call has. They shift the values, and no derivative.
  var first: (energy: Double, time: Double, operations: Double)?

  init(_ weights: Weights) { self.weights = weights }

  /// - Parameters:
  ///   - gates: for each population and unit.
  ///   - rates: for each population and unit, R: spikes of all its neurons in a step.
  mutating func terms(gates: [[Double]], rates: [[Double]], mapping: PricedMapping) -> Terms {
    let sums = UnitSums(mapping, gates: gates, rates: rates)
    let cost = CostEstimate(mapping, sums)
    var terms = Terms()
    (terms.joules, terms.seconds) = (cost.energy, cost.time)
    if first == nil { first = (cost.energy, cost.time, cost.operations) }
    var slopes = CostEstimate.Slopes()
    addTime(&terms, &slopes, cost)
    addEnergy(&terms, &slopes, cost)
    addWall(&terms, &slopes, cost)
    if weights.operations > 0, cost.operations > 0, let most = first?.operations, most > 0 {
      terms.operations = log(cost.operations / most)
      slopes.operations += weights.operations / cost.operations
    }
    terms.total = weights.energy * terms.energy + weights.latency * terms.latency
      + (weights.utilization - 1) * terms.utilization + (weights.communication - 1) * terms.communication
      + weights.memory * terms.memory - terms.standing(cost, weights) + weights.operations * terms.operations
    let derivatives = cost.derivatives(slopes, gates: gates, rates: rates)
    (terms.gateSlopes, terms.rateSlopes) = (derivatives.gates, derivatives.rates)
    return terms
  }

  private func addTime(_ terms: inout Terms, _ slopes: inout CostEstimate.Slopes, _ cost: CostEstimate) {
    let (all, cores, even) = (cost.time, cost.seconds(cost.coreWork), cost.seconds(cost.evenWork))
    guard all > 0, cores > 0, even > 0 else { return }
    terms.latency = first.map { $0.time > 0 ? log(all / $0.time) : 0 } ?? 0
    let weight = weights.latency
    terms.utilization += weight * log(cores / even)
    terms.communication += weight * log(all / cores)
    let (more, links) = (weight * (weights.utilization - 1), weight * (weights.communication - 1))
    slopes.work += (weight + links) / all * cost.secondsSlope(cost.work)
    slopes.coreWork += (more - links) / cores * cost.secondsSlope(cost.coreWork)
    slopes.evenWork -= more / even * cost.secondsSlope(cost.evenWork)
  }

  private func addEnergy(_ terms: inout Terms, _ slopes: inout CostEstimate.Slopes, _ cost: CostEstimate) {
    let all = cost.energy
    let (quiet, coreless) = (all - cost.packets, all - cost.mapping.corePower * cost.time)
    guard all > 0, quiet > 0, coreless > 0 else { return }
    terms.energy = first.map { $0.energy > 0 ? log(all / $0.energy) : 0 } ?? 0
    let weight = weights.energy
    terms.communication += weight * log(all / quiet)
    terms.memory += weight * log(all / coreless)
    let (packets, cores) = (weight * (weights.communication - 1), weight * (weights.memory - 1))
    // By all joules, by those of packets, and by those of the cores' standing.
    let toAll = (weight + packets + cores) / all - packets / quiet - cores / coreless
    slopes.events += toAll
    slopes.packets += toAll + packets / quiet
    let watts = cost.mapping.chipPower + cost.mapping.corePower
    slopes.work += (toAll * watts + cores / coreless * cost.mapping.corePower) * cost.secondsSlope(cost.work)
  }

  private func addWall(_ terms: inout Terms, _ slopes: inout CostEstimate.Slopes, _ cost: CostEstimate) {
    for need in cost.mapping.needs {
      let share = need.share * cost.sums.measured(need.measure, cost.mapping) / need.mapped
      let over = (share - 1) / Self.softness
      if over < -30 { continue }
      terms.memory += Self.softness * (over > 30 ? over : log1p(exp(over)))
      let slope = weights.memory / (1 + exp(-over)) * need.share / need.mapped
      switch need.measure {
      case .neurons: slopes.neurons += slope
      case .synapses: slopes.synapses += slope
      case .axons: slopes.axons += slope
      }
    }
  }
}

extension HardwarePrice.Terms {
  /// What of `memory` is in the energy already.
  fileprivate func standing(_ cost: CostEstimate, _ weights: HardwarePrice.Weights) -> Double {
    let coreless = cost.energy - cost.mapping.corePower * cost.time
    return cost.energy > 0 && coreless > 0 && cost.energy > cost.packets ? weights.energy * log(cost.energy / coreless) : 0
  }
}
