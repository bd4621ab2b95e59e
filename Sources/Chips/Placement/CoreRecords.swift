// The cores that training found, between the objective that found them and the mapper that uses them.

import Spiking

extension Chip {
  /// What decides whether something fits, by name: two chips that agree in it are one to a mapper.
  var fitLimits: [String: Double] {
    var limits: [String: Double] = [:]
    for (name, figure) in figures where [.mesh, .limits, .synapses].contains(name.section) {
      limits["\(name.section.rawValue).\(name.key)"] = figure.value
    }
    limits["synapses.shares_convolution"] = synapses.sharesConvolution ? 1 : 0
    limits["synapses.allows_full_rows"] = synapses.allowsFullRows ? 1 : 0
    return limits
  }
}

extension Chip {
  /// Whether whatever fits one of both chips fits the other: a mapping for one is then one for the other, whatever their
  /// names, energies and times are.
  public func hasLimits(of other: Chip) -> Bool { fitLimits == other.fitLimits }
}

/// What a network's records say to one who places it.
struct RecordedCores {
  /// The record that holds; nil for none.
  var record: CoreRecord?
  /// Why a record does not hold that a user would expect to; nil where there is nothing to say.
  var note: String?

  init(of network: Network, on chip: Chip, rules: CoreRules) {
    let sizes = network.graph.populations.map(\.neurons)
    let limits = chip.fitLimits
    let same = network.coreRecords.filter { $0.limits == limits }
    if let fitting = same.last(where: { $0.populations == sizes && $0.weightBits == rules.weightBits }) {
      record = fitting
      return
    }
    if let other = same.last {
      let reason =
        other.populations != sizes
        ? "its layers have changed since" : "that was with weights of \(other.weightBits) bits"
      note = Self.text(other, reason)
    } else if let named = network.coreRecords.last(where: { $0.chip == chip.name }) {
      let names = Set(named.limits.keys).union(limits.keys).filter { named.limits[$0] != limits[$0] }.sorted()
      let changes = names.prefix(3).map { name in
        "\(name) \(named.limits[name].map(Self.number) ?? "none") there, \(limits[name].map(Self.number) ?? "none") here"
      }
      note = Self.text(named, "that chip had other limits (\(changes.joined(separator: "; ")))")
    }
  }

  /// What is to be said after a record was used.
  static func note(_ record: CoreRecord, cores: Int, synapses: Int) -> String? {
    if cores <= record.cores { return nil }
    return "it was trained to fill \(Self.cores(record.cores)), and needs \(cores) now: it has \(Misfit.count(synapses)) "
      + "synapses, and had \(Misfit.count(record.synapses)); train on with hardware=hardware_loss(…) to keep what was removed away"
  }

  private static func text(_ record: CoreRecord, _ reason: String) -> String {
    "it was trained to fill \(cores(record.cores)) of \(record.chip), which is not used: \(reason); cores=\(record.cores) asks for as many"
  }

  private static func cores(_ count: Int) -> String { "\(count) core\(count == 1 ? "" : "s")" }
  private static func number(_ value: Double) -> String {
    Int(exactly: value).map { Misfit.count($0) } ?? "\(value)"
  }
}

extension CoreRecord {
  init(_ placed: PlacedMapping, _ problem: PlacementProblem, cores: Int) {
    self.init(
      chip: problem.chip.name, limits: problem.chip.fitLimits, weightBits: problem.rules.weightBits, cores: cores,
      populations: problem.connectome.sizes, synapses: problem.connectome.synapses,
      mapping: placed.mapping.cores.map { core in
        CoreRecord.Core(
          place: [core.place.chip, core.place.column, core.place.row, core.place.slot],
          slices: core.slices.map { [$0.population] + Self.runs($0.neurons) })
      })
  }

  /// Numbers as first, last, first, last …
  private static func runs(_ neurons: [Int32]) -> [Int] {
    var runs: [Int] = []
    for neuron in neurons.map({ Int($0) }) {
      if let last = runs.last, last + 1 == neuron { runs[runs.count - 1] = neuron } else { runs += [neuron, neuron] }
    }
    return runs
  }

  /// The cores' contents for a network as it is now: without neurons that are no longer placed; nil where the record does
  /// not hold every neuron once, as in a damaged file.
  func slices(for connectome: Connectome) -> [[Mapping.Slice]]? {
    var seen = connectome.sizes.map { [Bool](repeating: false, count: $0) }
    var cores: [[Mapping.Slice]] = []
    for core in mapping {
      var slices: [Mapping.Slice] = []
      for slice in core.slices {
        guard let population = slice.first, population > 0, population < seen.count, slice.count % 2 == 1 else { return nil }
        var neurons: [Int32] = []
        for place in stride(from: 1, to: slice.count, by: 2) {
          let (first, last) = (slice[place], slice[place + 1])
          guard first >= 0, first <= last, last < seen[population].count else { return nil }
          for neuron in first...last {
            if seen[population][neuron] { return nil }
            seen[population][neuron] = true
            if connectome.isPlaced[population][neuron] { neurons.append(Int32(neuron)) }
          }
        }
        if !neurons.isEmpty { slices.append(Mapping.Slice(population: population, neurons: neurons)) }
      }
      if !slices.isEmpty { cores.append(slices) }
    }
    for population in seen.indices.dropFirst() {
      for neuron in seen[population].indices where connectome.isPlaced[population][neuron] && !seen[population][neuron] {
        return nil
      }
    }
    return cores.isEmpty ? nil : cores
  }
}
