// What an energy or a time of a chip file is charged for: its meaning, which the file states and `describe` prints.

/// The event that a figure is multiplied with.
public enum Charge: String, Sendable, CaseIterable {
  /// Each synapse that a spike arrives over, where its kind has no figure of its own.
  case synapse = "spike_and_synapse"
  /// Each synapse that a spike arrives over, of a layer with so few of them that listing them takes less room than a row
  /// with a place for each.
  case sparseSynapse = "spike_and_sparse_synapse"
  /// Each synapse that a spike arrives over, of a convolution.
  case sharedSynapse = "spike_and_shared_synapse"
  /// Each synapse of the layers in each step, whether a spike arrives or not, and whatever its weight: of a processor that
  /// computes whole products, in which a weight of zero takes as long as any other.
  case synapseAndStep = "synapse_and_step"
  /// The same without those whose weight is zero: of a processor that knows them beforehand and passes them over.
  case nonzeroSynapseAndStep = "nonzero_synapse_and_step"

  /// Whether every step computes all synapses.
  var isDense: Bool { self == .synapseAndStep || self == .nonzeroSynapseAndStep }
  /// Each neuron in each step.
  case neuronAndStep = "neuron_and_step"
  /// Each neuron in each step in which a spike reaches it.
  case neuronWithInput = "neuron_with_input"
  /// Each neuron in each step that it begins with a potential other than zero, or in which a spike or an offset reaches it.
  case neuronNotAtRest = "neuron_not_at_rest"
  /// Each neuron that fires.
  case spike = "spike"
  /// Each packet that leaves a core.
  case packetOut = "packet_out"
  /// Each packet that enters a core.
  case packetIn = "packet_in"
  /// Each packet that goes from a tile to its neighbour in the same row.
  case hopInRow = "hop_in_row"
  /// Each packet that goes from a tile to its neighbour in the same column.
  case hopInColumn = "hop_in_column"
  /// Each packet that goes from a chip to a neighbouring one.
  case hopBetweenChips = "hop_between_chips"

  /// As a description prints it.
  public var text: String { rawValue.replacing("_", with: " ") }
}

extension Event {
  /// What a figure of this event may be charged for; the first is meant where a file says nothing, but for a dense
  /// processor's synapses.
  public var charges: [Charge] {
    switch self {
    case .synapticOperation: [.synapse, .synapseAndStep, .nonzeroSynapseAndStep]
    case .sparseOperation: [.sparseSynapse]
    case .convolutionOperation: [.sharedSynapse]
    case .neuronUpdate: [.neuronAndStep]
    case .activeUpdate: [.neuronNotAtRest, .neuronWithInput]
    case .spike: [.spike]
    case .axonOut: [.packetOut]
    case .axonIn: [.packetIn]
    case .hopHorizontal: [.hopInRow]
    case .hopVertical: [.hopInColumn]
    case .hopBetweenChips: [.hopBetweenChips]
    }
  }
}

extension Chip {
  /// What the event's energy and time are charged for.
  public func charge(_ event: Event) -> Charge {
    energy[event]?.per ?? time[event]?.per ?? event.charges[0]
  }

  /// Whether synapses whose weight is zero are kept and computed as all others are.
  public var countsZeroWeights: Bool {
    let charge = energy[.synapticOperation]?.per ?? time[.synapticOperation]?.per
    return isDense && charge != .nonzeroSynapseAndStep
  }
}
