// What a core must hold for the neurons that are put in it, and how full that makes it.

/// The needs of one core.
public struct Demand: Sendable, Equatable {
  /// Neurons, with the copies that fire to further destinations.
  public var neurons = 0
  public var synapses = 0
  /// Bits of synaptic memory, each projection in its cheapest encoding.
  public var memoryBits = 0
  /// Distinct sources with a synapse into the core, times the axons that stand for a source.
  public var inputAxons = 0
  /// Distinct (neuron, destination core) pairs, times the axons that stand for a source.
  public var outputAxons = 0

  public init() {}

  /// Resources that a core has a limited amount of.
  public static let resources: [Resource] = [.neurons, .synapses, .synapticMemory, .inputAxons, .outputAxons]

  /// The need in the resource's unit: bytes for memory.
  public func need(_ resource: Resource) -> Int {
    switch resource {
    case .neurons: neurons
    case .synapses: synapses
    case .synapticMemory: (memoryBits + 7) / 8
    case .inputAxons: inputAxons
    case .outputAxons: outputAxons
    case .fanIn, .fanOutCores, .axonTypes: 0
    }
  }

  /// The first resource of which a core has too little.
  func excess(_ rules: CoreRules) -> Resource? {
    if neurons > rules.neurons { return .neurons }
    if synapses > rules.synapses { return .synapses }
    if memoryBits > rules.memoryBits { return .synapticMemory }
    if inputAxons > rules.inputAxons { return .inputAxons }
    if outputAxons > rules.outputAxons { return .outputAxons }
    return nil
  }

  /// Both needs together: at most what the neurons need in one core, where common sources share an axon.
  static func + (a: Demand, b: Demand) -> Demand {
    var sum = a
    sum.neurons += b.neurons
    sum.synapses += b.synapses
    sum.memoryBits += b.memoryBits
    sum.inputAxons += b.inputAxons
    sum.outputAxons += b.outputAxons
    return sum
  }
}
