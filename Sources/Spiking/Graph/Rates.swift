// How often each neuron of a network fires on data: what placing it on a chip is measured by.

import Faults
import Tensors

extension Network {
  /// The mean activity of each neuron of each population of `graph` (the input and a readout among them), in spikes a
  /// step; where numbers instead of spikes flow, one that isn't 0 counts as a spike.
  ///
  /// - Parameters:
  ///   - encoder: the code of the samples; nil for the one that the network remembers.
  ///   - seed: names the draws of random codes, which are those of `evaluate` with the same seed.
  /// - Returns: one array for each of `graph.populations`, in their order, with one number for each neuron.
  /// - Throws: `.value` or `.shape` when the samples don't fit; `.interrupt`.
  public func rates(
    on data: Dataset, encoder: (any Encoder)? = nil, seed: UInt64 = 0
  ) throws(Fault) -> [[Float]] {
    try ratesAndSteps(on: data, encoder: encoder, seed: seed).rates
  }

  /// The same, with the number of steps of a sample.
  ///
  /// - Parameter body: called with the activity that enters the network, batch by batch, and the number of the batch's
  ///   first sample.
  public func ratesAndSteps(
    on data: Dataset, encoder: (any Encoder)? = nil, seed: UInt64 = 0,
    _ body: (_ batch: Signal, _ first: Int) throws(Fault) -> Void = { (_, _) in }
  ) throws(Fault) -> (rates: [[Float]], steps: Int) {
    // Labels say nothing here, so those that are no class of the network do no harm.
    let samples = try Dataset(
      name: data.name, features: data.features, labels: [Int](repeating: 0, count: data.count))
    let source = try BatchSource(samples, network: self, encoder: encoder ?? self.encoder)
    let graph = graph
    var sums = graph.populations.map { [Double](repeating: 0, count: $0.neurons) }
    var (rows, steps) = (0, 0)
    let size = 256
    for (batch, start) in stride(from: 0, to: data.count, by: size).enumerated() {
      try Interrupt.check()
      let indices = Array(start..<min(data.count, start + size))
      let input = try source.signal(
        indices, stream: RandomStream(seed: seed, purpose: "evaluate", index: UInt64(batch)))
      let trace = try trace(input, Pass())
      rows += input.steps * input.batch
      steps = input.steps
      try trace.addCounts(of: graph, input: input, to: &sums)
      try body(input, start)
    }
    let scale = 1 / Double(max(1, rows))
    return (sums.map { $0.map { Float($0 * scale) } }, steps)
  }
}

extension NetworkTrace {
  /// Adds how often each neuron of each population of the network's graph was active, over all steps and samples.
  ///
  /// - Parameters:
  ///   - input: what entered the network, which is the first population.
  ///   - sums: for each population, one number for each neuron.
  public func addCounts(of graph: NetworkGraph, input: Signal, to sums: inout [[Double]]) throws(Fault) {
    for (number, population) in graph.populations.enumerated() {
      let signal =
        population.isInput ? input : activity.first { $0.place == population.place }?.output ?? output
      try signal.addCounts(to: &sums[number])
    }
  }
}

extension Signal {
  /// Adds to each feature's sum how often it was active.
  func addCounts(to sums: inout [Double]) throws(Fault) {
    let width = sums.count
    switch self {
    case .spikes(let spikes):
      let counts = try spikes.counts(over: [0])
      counts.withUnsafeBuffer { values in
        for place in values.indices { sums[place % width] += Double(values[place]) }
      }
    case .tensor(let tensor):
      tensor.withUnsafeBuffer { values in
        for place in values.indices where values[place] != 0 { sums[place % width] += 1 }
      }
    case .steady(let once, let steps):
      once.withUnsafeBuffer { values in
        for place in values.indices where values[place] != 0 { sums[place % width] += Double(steps) }
      }
    }
  }
}
