// Puts parts of different layers into common cores.

/// Parts of populations in a number of cores.
///
/// Needs of parts are added up, which is at most too careful: common sources share axons, and destinations in one core
/// are one destination.
struct CorePacking {
  let rules: CoreRules
  let parts: [Part]
  /// How long each part keeps a core busy in a step.
  let seconds: [Double]

  /// For each core the parts in it, in as few cores as a first fit of falling size finds.
  func fewest() -> [[Int]] {
    let sizes = parts.map { fill($0.demand) }
    let order = parts.indices.sorted { (sizes[$0], $1) > (sizes[$1], $0) }
    var cores: [(demand: Demand, parts: [Int])] = []
    // The fullest core that still has room.
    for part in order {
      var choice: Int?
      var fullest = -1.0
      for (core, content) in cores.enumerated() {
        let sum = content.demand + parts[part].demand
        guard sum.excess(rules) == nil else { continue }
        let level = fill(sum)
        if level > fullest { (choice, fullest) = (core, level) }
      }
      if let choice {
        cores[choice].demand = cores[choice].demand + parts[part].demand
        cores[choice].parts.append(part)
      } else {
        cores.append((parts[part].demand, [part]))
      }
    }
    return cores.map { $0.parts.sorted() }
  }

  /// The parts over a number of cores, so that none is busy much longer than the others; nil when they don't fit.
  func balanced(_ count: Int) -> [[Int]]? {
    guard count >= 1 else { return nil }
    let order = parts.indices.sorted { (seconds[$0], $1) > (seconds[$1], $0) }
    var cores = [(demand: Demand, seconds: Double, parts: [Int])](repeating: (Demand(), 0, []), count: count)
    for part in order {
      var choice: Int?
      var least = Double.infinity
      for core in cores.indices where cores[core].seconds < least {
        if (cores[core].demand + parts[part].demand).excess(rules) == nil {
          (choice, least) = (core, cores[core].seconds)
        }
      }
      guard let choice else { return nil }
      cores[choice].demand = cores[choice].demand + parts[part].demand
      cores[choice].seconds += seconds[part]
      cores[choice].parts.append(part)
    }
    // By the layers that they hold, so that neighbours on the mesh talk to each other.
    return cores.map { $0.parts.sorted() }.filter { !$0.isEmpty }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The share of a core's scarcest resource.
  private func fill(_ demand: Demand) -> Double {
    Demand.resources.reduce(0) { level, resource in
      guard let limit = rules.limit(resource), limit > 0 else { return level }
      return max(level, Double(demand.need(resource)) / Double(limit))
    }
  }

  /// The slices of cores that hold the given parts; parts of one population become one slice.
  func slices(_ cores: [[Int]]) -> [[Mapping.Slice]] {
    cores.map { content in
      var slices: [Mapping.Slice] = []
      for part in content {
        if let last = slices.indices.last, slices[last].population == parts[part].population {
          slices[last].neurons += parts[part].neurons
        } else {
          slices.append(Mapping.Slice(population: parts[part].population, neurons: parts[part].neurons))
        }
      }
      return slices
    }
  }
}
