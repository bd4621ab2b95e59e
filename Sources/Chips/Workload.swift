// What a chip is asked to run: the populations of a network, their synapses, and how often each neuron fires.

import Spiking

/// A network and its measured activity, as a mapper sees them.
public struct Workload: Sendable {
  public var graph: NetworkGraph
  /// For each population and each of its neurons, the mean number of spikes in a step; measured, never assumed.
  public var rates: [[Float]]
  /// For each population and each of its neurons, the share of steps in which it is busy, as the chip's figures count it;
  /// from a run of the network, and empty without one.
  public var busyRates: [[Float]] = []
  /// Steps of that run one by one; nil without one.
  var timeline: Timeline?
  /// The steps of one inference.
  public var steps: Int

  public init(graph: NetworkGraph, rates: [[Float]], steps: Int) {
    self.graph = graph
    self.rates = rates
    self.steps = steps
  }
}

/// Steps of a run, one after the other: what each population did in each.
struct Timeline: Sendable {
  private(set) var steps: [StepBits] = []
  /// Samples that they are from.
  var samples = 0

  mutating func add(_ step: StepBits) { steps.append(step) }

  /// For each population and neuron, the share of steps in which it was busy.
  func busyRates(_ sizes: [Int]) -> [[Float]] {
    guard !steps.isEmpty else { return [] }
    var counts = sizes.map { [Int32](repeating: 0, count: $0) }
    for step in steps {
      for population in sizes.indices {
        step.busy[population].forEachBit { counts[population][$0] &+= 1 }
      }
    }
    return counts.map { $0.map { Float($0) / Float(steps.count) } }
  }
}
