// How often each neuron of a network fires on samples.

import Faults
import Spiking
import Tensors

extension Network {
  /// For each population of the network's graph and each of its neurons, the mean number of spikes in a step; and the
  /// steps of a sample. Where numbers instead of spikes flow, each number that isn't zero counts as a spike.
  func measuredRates(
    on data: Dataset, encoder chosen: (any Encoder)?, seed: UInt64
  ) throws(Fault) -> (rates: [[Float]], steps: Int) {
    let graph = graph
    var sums = graph.populations.map { [Double](repeating: 0, count: $0.neurons) }
    let places = Dictionary(
      graph.populations.indices.compactMap { place in graph.populations[place].layer.map { ($0, place) } },
      uniquingKeysWith: { first, _ in first })
    var steps = 0
    let size = 256
    for (batch, start) in stride(from: 0, to: data.count, by: size).enumerated() {
      try Interrupt.check()
      let rows = try data.rows(Array(start..<min(data.count, start + size)))
      let input: Signal
      if let encoder = chosen ?? encoder {
        // The same draws as in `evaluate`.
        input = try encoder.encode(
          batch: rows, stream: RandomStream(seed: seed, purpose: "evaluate", index: UInt64(batch)))
      } else {
        input = .tensor(try rows.transposed([1, 0] + (2..<rows.rank)))
      }
      steps = input.steps
      let trace = try trace(input, Pass())
      try add(input, to: &sums[0])
      for (path, output) in trace.activity where path.count == 1 {
        if let place = places[path[0]] { try add(output, to: &sums[place]) }
      }
    }
    let all = Double(max(1, data.count * steps))
    return (sums.map { $0.map { Float($0 / all) } }, steps)
  }

  private func add(_ signal: Signal, to sums: inout [Double]) throws(Fault) {
    if let spikes = signal.spikes {
      for step in 0..<signal.steps {
        for sample in 0..<signal.batch {
          spikes.forEachActive(step: step, sample: sample) { sums[$0] += 1 }
        }
      }
      return
    }
    let features = signal.features
    guard features > 0 else { return }
    try signal.tensor().withUnsafeBuffer { values in
      for place in values.indices where values[place] != 0 { sums[place % features] += 1 }
    }
  }
}
