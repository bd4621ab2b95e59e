import Faults
import Spiking
import Tensors
import Testing

@testable import Chips

/// What must hold for every mapping, on random networks and chips.
@Suite struct StrategyTests {
  private func check(_ placed: PlacedMapping, _ problem: PlacementProblem) {
    var seen = Set<[Int]>()
    for core in placed.mapping.cores {
      for slice in core.slices {
        for neuron in slice.neurons { #expect(seen.insert([slice.population, Int(neuron)]).inserted) }
      }
    }
    let wanted = problem.naturalOrders.enumerated().flatMap { population, order in order.map { [population, Int($0)] } }
    #expect(seen == Set(wanted))
    #expect(placed.demands.allSatisfy { $0.excess(problem.rules) == nil })
    let places = placed.mapping.cores.map(\.place)
    #expect(Set(places).count == places.count)
    let mesh = problem.chip.mesh
    #expect(
      places.allSatisfy {
        $0.chip >= 0 && $0.chip < problem.chips && $0.column >= 0 && $0.column < Int(mesh.columns.value)
          && $0.row >= 0 && $0.row < Int(mesh.rows.value) && $0.slot >= 0 && $0.slot < Int(mesh.coresPerTile.value)
      })
  }

  private func randomChip(_ draws: inout RandomStream, network: Network) -> Chip {
    let inputs = network.graph.projections.map { network.graph.populations[$0.source].neurons }.max() ?? 1
    var limits: [Resource: Int] = [.neurons: 3 + draws.integer(below: 20)]
    if draws.uniform() < 0.5 { limits[.synapses] = inputs * (1 + draws.integer(below: 6)) }
    if draws.uniform() < 0.5 { limits[.synapticMemory] = inputs * (4 + draws.integer(below: 20)) }
    if draws.uniform() < 0.5 { limits[.inputAxons] = inputs + draws.integer(below: 10) }
    if draws.uniform() < 0.3 { limits[.outputAxons] = 30 + draws.integer(below: 100) }
    return PlacementSamples.chip(
      columns: 1 + draws.integer(below: 8), rows: 2 + draws.integer(below: 6), coresPerTile: 1 + draws.integer(below: 4),
      chips: 1 + draws.integer(below: 4), limits: limits, indexBits: draws.integer(below: 2) * 6,
      wordBits: 1 + draws.integer(below: 2) * 63)
  }

  @Test func everyNeuronOnceAndNoLimitBroken() throws {
    var draws = RandomStream(seed: 1, purpose: "strategies")
    var placedOnce = 0
    for round in 0..<12 as Range<UInt64> {
      let sizes = (0..<3 + draws.integer(below: 2)).map { _ in 2 + draws.integer(below: 30) }
      let network = round % 4 == 3
        ? try PlacementSamples.convolutional(seed: round)
        : try PlacementSamples.network(sizes, zeros: Double(round % 3) * 0.4, seed: round)
      let chip = randomChip(&draws, network: network)
      for objective in [Objective.energyDelay, .traffic] {
        let problem = try PlacementSamples.problem(network, chip, objective: objective, seed: round)
        let sequential: PlacedMapping
        do { sequential = try SequentialStrategy().place(problem) } catch {
          #expect(error.kind == .limit)
          continue
        }
        check(sequential, problem)
        let joint = try JointStrategy().place(problem)
        check(joint, problem)
        // Where one chip is granted, what would take more is no candidate.
        if sequential.mapping.cores.count <= problem.granted(joint.mapping.cores.count) {
          #expect(joint.score <= sequential.score * (1 + JointStrategy.leastGain))
        }
        let full = try JointStrategy().place(
          try PlacementSamples.problem(network, chip, objective: objective, fill: .cores, seed: round))
        check(full, problem)
        #expect(full.mapping.cores.count <= min(joint.mapping.cores.count, sequential.mapping.cores.count))
        placedOnce += 1
      }
    }
    #expect(placedOnce >= 8)
  }

  @Test(arguments: Objective.allCases) func jointIsNeverWorse(objective: Objective) throws {
    let network = try PlacementSamples.network([20, 40, 30, 5])
    let chip = PlacementSamples.chip(columns: 4, rows: 4, limits: [.neurons: 16])
    let problem = try PlacementSamples.problem(network, chip, objective: objective)
    let sequential = try SequentialStrategy().place(problem)
    let joint = try JointStrategy().place(problem)
    #expect(joint.score <= sequential.score * (1 + JointStrategy.leastGain))
    let spread = try JointStrategy().place(try PlacementSamples.problem(network, chip, objective: objective, cores: 16))
    check(spread, problem)
    #expect(spread.mapping.cores == joint.mapping.cores)
  }

  /// However many cores are granted, no number of them is better than what is found without one by more than what cores
  /// must gain to be taken.
  @Test(arguments: [Objective.energyDelay, .energy]) func noNumberOfCoresIsBetter(objective: Objective) throws {
    for (sizes, leak) in [([20, 40, 24, 6], 0.0), ([16, 24, 8], 0.05)] {
      var chip = PlacementSamples.chip(columns: 3, rows: 2, coresPerTile: 2, limits: [.neurons: 50])
      chip.power.perCore = Figure(leak, grade: .derived, source: "a test")
      chip.step.barrier = [
        (tiles: 1, seconds: Figure(50e-9, grade: .derived, source: "a test")),
        (tiles: 16, seconds: Figure(900e-9, grade: .derived, source: "a test")),
      ]
      let network = try PlacementSamples.network(sizes, zeros: 0.2)
      let joint = try JointStrategy().place(try PlacementSamples.problem(network, chip, objective: objective))
      for cores in [1, 2, 3, 4, 6, 8, 9, 12] {
        let problem = try PlacementSamples.problem(network, chip, objective: objective, cores: cores)
        let other = try JointStrategy().place(problem)
        #expect(joint.score <= other.score * (1 + JointStrategy.leastGain), "\(sizes), \(cores) cores")
      }
    }
  }

  @Test func coarseNumbersOfCoresBecomeFine() {
    #expect(CoreCounts.coarse(from: 1, to: 6) == [1, 2, 3, 4, 5, 6])
    #expect(CoreCounts.coarse(from: 4, to: 4) == [4])
    let coarse = CoreCounts.coarse(from: 1, to: 128)
    #expect(coarse.first == 1 && coarse.last == 128 && coarse.count < 20)
    // The best number is found though only some are tried.
    for best in [1, 7, 30, 77, 127, 128] {
      var tried = Set(coarse)
      func score(_ count: Int) -> Double { abs(Double(count) / Double(best) - 1) }
      while let next = CoreCounts.next(tried: tried, around: tried.min { score($0) < score($1) } ?? 1, from: 1, to: 128) {
        #expect(tried.insert(next).inserted)
      }
      #expect(tried.contains(best) && tried.count < 40)
    }
  }

  @Test func theSameSeedGivesTheSameMapping() throws {
    let network = try PlacementSamples.convolutional()
    let chip = PlacementSamples.chip(columns: 4, rows: 4, limits: [.neurons: 24])
    let first = try JointStrategy().place(try PlacementSamples.problem(network, chip, seed: 5))
    let second = try JointStrategy().place(try PlacementSamples.problem(network, chip, seed: 5))
    #expect(first.mapping.cores == second.mapping.cores)
    #expect(first.cost == second.cost)
  }

  @Test func annealingBringsTalkersTogether() throws {
    // Eight cores in a row of talk, thrown over a mesh of 8x8.
    let chip = PlacementSamples.chip(columns: 8, rows: 8)
    let network = try PlacementSamples.network([1, 1])
    let problem = try PlacementSamples.problem(network, chip, objective: .traffic)
    var arrivals = [[CoreActivity.Flow]](repeating: [], count: 8)
    for core in 1..<8 { arrivals[core] = [CoreActivity.Flow(from: Int32(core - 1), packets: 1)] }
    let activity = CoreActivity(
      loads: [], arrivals: arrivals, demands: [Demand](repeating: Demand(), count: 8))
    let plane = MeshPlane(chip, chips: 1)
    let far = (0..<8).map { plane.place(($0 * 27) % 64) }
    let annealing = MeshAnnealing(problem, activity, plane: plane)
    let near = annealing.improved(far, work: 1_000_000, stream: RandomStream(seed: 0, purpose: "test"))
    #expect(Set(near).count == 8)
    // A snake of seven steps is the best that there is.
    #expect(annealing.price(near) <= 9)
    #expect(annealing.price(far) > 20)
  }

  @Test func sharedCoresHoldWhatACoreALayerCannot() throws {
    let network = try PlacementSamples.network([3, 4, 4, 4])
    let chip = PlacementSamples.chip(columns: 1, rows: 2, limits: [.neurons: 8])
    let problem = try PlacementSamples.problem(network, chip)
    #expect(throws: Fault.self) { try SequentialStrategy().place(problem) }
    let joint = try JointStrategy().place(problem)
    check(joint, problem)
    #expect(joint.mapping.cores.count == 2)
  }
}
