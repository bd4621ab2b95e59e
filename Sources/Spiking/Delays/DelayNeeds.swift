// What a network's delays ask of a chip.

/// The longest delay of a network, and where its delays belong.
public struct DelayNeeds: Sendable, Equatable {
  /// In steps; 0 for none.
  public var longest = 0
  /// Whether synapses of one axon have delays of their own.
  public var isSynaptic = false

  public init() {}
}

extension Network {
  /// - Parameter whileLearnt: whether learnt delays count as the longest that they may become.
  public func delayNeeds(whileLearnt: Bool = false) -> DelayNeeds {
    var needs = DelayNeeds()
    func add(_ row: [any Layer]) {
      for layer in row {
        if let branch = layer as? BranchLayer { add(branch.layers) }
        guard let late = layer as? any LateLayer else { continue }
        let longest = whileLearnt && late.delays.isLearnt ? late.delays.longest : late.delays.whole.max() ?? 0
        needs.longest = max(needs.longest, longest)
        if late is DelayedDenseLayer, longest > 0 { needs.isSynaptic = true }
      }
    }
    add(layers)
    return needs
  }
}
