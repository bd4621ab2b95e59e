// What happens on a mapped chip in one step, counted from the workload's rates: the bridge from a mapping to its cost.

/// The mean number of events in one step.
public struct Load: Sendable {
  /// What happens in one core in a step.
  public struct CoreLoad: Sendable, Equatable {
    public var place: Mapping.Place
    /// Neurons of the core.
    public var neurons = 0.0
    /// Neurons in a step that the chip's `active_update` is charged for.
    public var activeNeurons = 0.0
    public var synapticOperations = 0.0
    /// Of these, those over listed synapses and those of convolutions.
    public var sparseOperations = 0.0
    public var convolutionOperations = 0.0
    /// What `synapticOperations` would be if every neuron fired in every step.
    public var synapses = 0.0
    public var spikes = 0.0
    /// Distinct (neuron, destination core) pairs with a spike.
    public var packetsOut = 0.0
    public var packetsIn = 0.0

    public init(place: Mapping.Place) { self.place = place }
  }

  public var cores: [CoreLoad]
  /// Packets times tiles passed, along rows, along columns, and between chips.
  public var horizontalHops = 0.0
  public var verticalHops = 0.0
  public var chipHops = 0.0
  /// Packets over the busiest link between tiles.
  public var busiestLink = 0.0
  /// Packets over the busiest side of a chip: neighbouring chips have one link in each direction.
  public var busiestChipLink = 0.0
  /// Hops of the packet that travels farthest, horizontal and vertical, and the chips' borders that it passes.
  public var longestPath: (horizontal: Int, vertical: Int) = (0, 0)
  public var longestPathChips = 0
  /// Tiles and chips that are in use.
  public var tiles = 0
  public var chips = 0
  /// The steps of one inference.
  public var steps: Int

  public init(cores: [CoreLoad], steps: Int) {
    self.cores = cores
    self.steps = steps
  }
}
