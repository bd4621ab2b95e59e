// What a chip is asked to run: the populations of a network, their synapses, and how often each neuron fires.

import Spiking

/// A network and its measured activity, as a mapper sees them.
public struct Workload: Sendable {
  public var graph: NetworkGraph
  /// For each population and each of its neurons, the mean number of spikes in a step; measured, never assumed.
  public var rates: [[Float]]
  /// The steps of one inference.
  public var steps: Int

  public init(graph: NetworkGraph, rates: [[Float]], steps: Int) {
    self.graph = graph
    self.rates = rates
    self.steps = steps
  }
}
