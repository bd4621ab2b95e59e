// Algorithm 1 of the NeuEdge paper: the mapping that a network's price is paid for, renewed by the mapper.

import Faults
import Spiking
import Tensors

extension HardwareState {
  /// Places the network that the gates leave, and takes over what the mapper found.
  mutating func renew(_ network: Network) throws(Fault) {
    let started = Clock.now
    defer { mappingTime += Clock.now - started }
    let kept = gates.kept(above: 0.5)
    let problem = try problem(try gates.cut(try network.narrowed(to: wide), to: kept), kept)
    let placed = try placed(problem)
    let report = MappingReport(problem, placed, activity: .assumed(rate: 0))
    cores = report.cores
    coreUtilization = report.utilization
    // Who wants full cores pays for what spills out of them.
    let filled = max(1, (report.utilization * Double(report.cores)).rounded(.down))
    let capacity = options.fill == .cores ? settledCores.map(Double.init) ?? filled : Double(problem.granted(report.cores))
    let lists = lists(of: kept)
    mapping = PricedMapping(
      problem, placed, units: units.indices.map { (units[$0].units, units[$0].neuronsPerUnit, lists[$0]) },
      capacity: capacity)
    counts = counts.map { [Double](repeating: 0, count: $0.count) }
    rows = 0
  }

  /// For each population of the graph, the units that stay.
  private func lists(of kept: [Int: [Int]]) -> [[Int]] {
    graph.populations.indices.map { number in
      guard let population = gated[number], gates.graph.populations[population].isRemovable, let list = kept[population]
      else { return Array(0..<units[number].units) }
      return list
    }
  }

  private func placed(_ problem: PlacementProblem) throws(Fault) -> PlacedMapping {
    let placed = try strategy.place(problem)
    // The mapper was content with what it had; training stops at its next look.
    if placed.isInterrupted { Interrupt.request() }
    return placed
  }

  /// A network without closed units, firing as it did since the last mapping.
  private func problem(_ network: Network, _ kept: [Int: [Int]]) throws(Fault) -> PlacementProblem {
    let lists = lists(of: kept)
    let rates = graph.populations.indices.map { number -> [Float] in
      let size = units[number].neuronsPerUnit
      return lists[number].flatMap { unit in
        (unit * size..<(unit + 1) * size).map { rows > 0 ? Float(counts[number][$0] / Double(rows)) : 0.1 }
      }
    }
    let onChip = try ChipNetwork(network, on: chip, rules: rules).network
    var problem = try PlacementProblem(
      Workload(graph: onChip.graph, rates: rates, steps: network.encoder?.steps ?? 25), on: chip,
      objective: options.objective, chips: options.chips, weightBits: options.weightBits,
      coreBudget: settledCores ?? options.cores, fill: options.fill, seed: options.seed)
    // From one epoch to the next little changes.
    problem.near = cores > 0 ? cores : nil
    return problem
  }

  // MARK: Whole cores

  /// The cores that the network was trained to fill, and where its neurons lie in them; nil where it was not.
  func record(of network: Network) throws(Fault) -> CoreRecord? {
    guard let settledCores else { return nil }
    do throws(Fault) {
      let problem = try problem(network, gates.kept())
      return CoreRecord(try placed(problem), problem, cores: settledCores)
    } catch {
      guard error.kind == .limit else { throw error }
      return nil
    }
  }

  /// Keeps the units that fill the nearest number of whole cores, the most open first.
  mutating func fillCores(_ network: Network) throws(Fault) {
    func report(_ kept: [Int: [Int]]) throws(Fault) -> MappingReport {
      let problem = try problem(try gates.cut(try network.narrowed(to: wide), to: kept), kept)
      return MappingReport(problem, try placed(problem), activity: .assumed(rate: 0))
    }
    var kept = gates.kept(above: 0.5)
    var found = try report(kept)
    let target = max(1, Int((found.utilization * Double(found.cores)).rounded()))
    var scores: [Int: [Float]] = [:]
    var importance: [Int: [Double]] = [:]
    for (number, population) in gated.enumerated() {
      guard let population, gates.graph.populations[population].isRemovable else { continue }
      scores[population] = gates.scores[population]
      importance[population] = outgoing(network, population, number)
    }
    if found.bottleneck != nil, !scores.isEmpty {
      let inputs = kept[0]
      let filling = CoreFilling(scores: scores, importance: importance)
      let choice = try filling.kept(filling: target) { (choice) throws(Fault) in
        try report(choice.merging(inputs.map { [0: $0] } ?? [:]) { $1 }).cores
      }
      if let choice {
        gates.shut(allBut: choice)
        kept = choice.merging(inputs.map { [0: $0] } ?? [:]) { $1 }
        found = try report(kept)
      }
    }
    cores = found.cores
    settledCores = cores
    coreUtilization = found.utilization
  }

  /// How much each unit says: its spikes times the sizes of its outgoing weights.
  private func outgoing(_ network: Network, _ population: Int, _ number: Int) -> [Double] {
    guard let link = gates.graph.linkOut(of: population),
      let layer = network.layers[link.layer] as? any PrunableLayer, let weight = layer.weight
    else { return [] }
    let size = units[number].neuronsPerUnit
    return weight.withUnsafeBuffer { values in
      (0..<gates.graph.populations[population].units).map { unit in
        var sum = 0.0
        for row in unit * link.rowsPerUnit..<(unit + 1) * link.rowsPerUnit {
          for target in 0..<layer.outputUnits {
            let start = layer.blockStart(row: row, unit: target)
            for place in start..<start + layer.blockSize { sum += Double(abs(values[place])) }
          }
        }
        return sum * counts[number][unit * size..<(unit + 1) * size].reduce(0, +)
      }
    }
  }
}
