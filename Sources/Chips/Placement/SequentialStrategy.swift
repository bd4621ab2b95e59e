// The baseline, as toolchains place when they are asked for nothing: layer after layer, core after core.

import Faults

/// Each layer in order begins a new core and fills cores to the brim, in row-major order of the mesh, slot by slot; on a
/// chip of one core, layers share it.
public struct SequentialStrategy: MappingStrategy {
  public static let name = "sequential"

  public init() {}

  public func place(_ problem: PlacementProblem) throws(Fault) -> PlacedMapping {
    let orders = problem.naturalOrders
    let partition = try problem.partition(
      PartitionPlan(orders: orders, caps: [Int](repeating: Int.max, count: orders.count)))
    let parts = partition.parts.flatMap { $0 }
    var cores = parts.map { [Mapping.Slice(population: $0.population, neurons: $0.neurons)] }
    // On a processor that is one core, a core for each layer was never possible: they share it.
    if problem.cores == 1 {
      let packing = CorePacking(rules: problem.rules, parts: parts, seconds: [Double](repeating: 0, count: parts.count))
      cores = packing.slices(packing.fewest())
    }
    if cores.count > problem.cores { throw Misfit.cores(problem, partition, cores: cores.count) }
    let plane = MeshPlane(problem.chip, chips: problem.chipsNeeded(cores.count))
    var placed = problem.placed(cores, at: cores.indices.map { plane.place($0) }, problem.activity(of: cores))
    placed.strategy = Self.name
    return placed
  }
}

extension PlacementProblem {
  /// Chips that so many cores need.
  func chipsNeeded(_ cores: Int) -> Int { max(1, (cores + chip.mesh.cores - 1) / max(1, chip.mesh.cores)) }
}
