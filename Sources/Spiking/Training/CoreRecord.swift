// What an objective that knows a chip found out while it trained a network, for who places the network later.

/// The cores of a chip that a network was trained to fill. The chip is known by what decides whether something fits,
/// never by its name.
public struct CoreRecord: Sendable, Equatable {
  /// For messages alone.
  public var chip: String
  /// The chip's numbers by name, such as "limits.neurons".
  public var limits: [String: Double]
  /// Bits of a weight.
  public var weightBits: Int
  /// How many cores.
  public var cores: Int
  /// Neurons of each population of the network's graph, and synapses that had a weight: another network has others.
  public var populations: [Int]
  public var synapses: Int
  /// Where the neurons lay, core by core; empty when it is not known.
  public var mapping: [Core]

  /// One core.
  public struct Core: Sendable, Equatable {
    /// Chip, column, row and slot.
    public var place: [Int]
    /// For each slice its population, and then its neurons as runs: first, last, first, last …
    public var slices: [[Int]]

    public init(place: [Int], slices: [[Int]]) {
      self.place = place
      self.slices = slices
    }
  }

  public init(
    chip: String, limits: [String: Double], weightBits: Int, cores: Int, populations: [Int], synapses: Int,
    mapping: [Core]
  ) {
    self.chip = chip
    self.limits = limits
    self.weightBits = weightBits
    self.cores = cores
    self.populations = populations
    self.synapses = synapses
    self.mapping = mapping
  }
}

extension Network {
  /// Adds a record, in the place of one for the same chip.
  public mutating func remember(_ record: CoreRecord) {
    coreRecords.removeAll { $0.limits == record.limits && $0.weightBits == record.weightBits }
    coreRecords.append(record)
  }
}
