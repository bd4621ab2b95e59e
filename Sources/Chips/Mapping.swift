// Which neurons are in which core, and where each core lies.

/// A place of every neuron of a workload on a chip.
public struct Mapping: Sendable {
  /// Neurons of one population that share a core.
  public struct Slice: Sendable, Equatable {
    /// The position in the workload's populations.
    public var population: Int
    /// The neurons' numbers in their population.
    public var neurons: [Int32]

    public init(population: Int, neurons: [Int32]) {
      self.population = population
      self.neurons = neurons
    }
  }

  /// Where a core lies.
  public struct Place: Sendable, Hashable {
    public var chip: Int
    public var column: Int
    public var row: Int
    /// The core's number in its tile.
    public var slot: Int

    public init(chip: Int, column: Int, row: Int, slot: Int) {
      self.chip = chip
      self.column = column
      self.row = row
      self.slot = slot
    }
  }

  /// A core that holds neurons.
  public struct Core: Sendable, Equatable {
    public var place: Place
    public var slices: [Slice]

    public init(place: Place, slices: [Slice]) {
      self.place = place
      self.slices = slices
    }
  }

  public var cores: [Core]
  /// Where the spikes of the input enter the mesh.
  public var port: Place

  public init(cores: [Core], port: Place) {
    self.cores = cores
    self.port = port
  }
}
