// Where the units of a network will probably lie while it still changes: a mapping, softened.
//
// A mapper says where each neuron lies now. As units go, neighbours move; so a unit is taken to be in its core with
// probability 1 - s, and otherwise in any core that holds its population, by how much of it the core holds:
//
//     a_uc = (1 - s) · share of u's neurons in c + s · share of u's population in c
//
// The softness s falls to zero until the gates freeze; then the assignment is the mapper's own.

import Spiking

/// The probability that a unit lies in a core, for every population.
struct SoftAssignment: Sendable {
  /// For each population and unit, the cores that hold neurons of it and their share of its neurons; empty for units
  /// that the mapping does not know, which may be in any core of their population.
  private let homes: [[[(core: Int, share: Double)]]]
  /// For each population and core, the share of the population's neurons.
  private let shares: [[Double]]
  /// s, 0 to 1.
  var softness: Double
  /// Hops of a packet from a core to another, at least 1 between different cores; from the input's port in the last row. A
  /// border between chips counts as so many hops as cost its energy.
  let hops: [[Double]]

  /// - Parameters:
  ///   - mapping: of the network that is left when closed units are taken out.
  ///   - populations: for each population of the mapped network, its units before that: their number, how many neurons
  ///     each has, and which of them are left, in order.
  init(
    _ mapping: Mapping, populations: [(units: Int, neuronsPerUnit: Int, kept: [Int])], chip: Chip, softness: Double
  ) {
    let cores = mapping.cores.count
    var homes = populations.map { [[(core: Int, share: Double)]](repeating: [], count: $0.units) }
    var shares = populations.map { _ in [Double](repeating: 0, count: cores) }
    for (core, entry) in mapping.cores.enumerated() {
      for slice in entry.slices {
        let population = populations[slice.population]
        let one = 1 / Double(max(1, population.neuronsPerUnit))
        let all = Double(max(1, population.kept.count * population.neuronsPerUnit))
        shares[slice.population][core] += Double(slice.neurons.count) / all
        for neuron in slice.neurons {
          let place = Int(neuron) / max(1, population.neuronsPerUnit)
          guard place < population.kept.count else { continue }
          let unit = population.kept[place]
          if let last = homes[slice.population][unit].indices.last, homes[slice.population][unit][last].core == core {
            homes[slice.population][unit][last].share += one
          } else {
            homes[slice.population][unit].append((core, one))
          }
        }
      }
    }
    self.homes = homes
    self.shares = shares
    self.softness = softness
    let used = (mapping.cores.map(\.place.chip).max() ?? 0) + 1
    let plane = MeshPlane(chip, chips: max(used, (cores + chip.mesh.cores - 1) / max(1, chip.mesh.cores)))
    let hop = max(chip.energy[.hopHorizontal]?.value ?? 0, chip.energy[.hopVertical]?.value ?? 0)
    let border = hop > 0 ? max(1, (chip.energy[.hopBetweenChips]?.value ?? 0) / hop) : 1
    let places = mapping.cores.map(\.place)
    func way(_ a: Mapping.Place, _ b: Mapping.Place) -> Double {
      let hops = plane.hops(a, b)
      return max(1, Double(hops.horizontal + hops.vertical) + Double(hops.chips) * border)
    }
    var table = places.map { from in places.map { from == $0 ? 0 : way(from, $0) } }
    table.append(places.map { way(mapping.port, $0) })
    hops = table
  }

  var cores: Int { hops.count - 1 }

  /// a_uc for all cores c.
  func probabilities(_ population: Int, _ unit: Int) -> [Double] {
    let homes = homes[population][unit]
    let shares = shares[population]
    if homes.isEmpty { return shares }
    var row = shares.map { softness * $0 }
    for home in homes { row[home.core] += (1 - softness) * home.share }
    return row
  }

  /// The mean of a number of each core, for every unit of a population.
  func means(_ population: Int, of values: [Double]) -> [Double] {
    let common = zip(shares[population], values).reduce(0) { $0 + $1.0 * $1.1 }
    return homes[population].map { homes in
      if homes.isEmpty { return common }
      return softness * common + (1 - softness) * homes.reduce(0) { $0 + $1.share * values[$1.core] }
    }
  }
}
