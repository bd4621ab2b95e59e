// Tells of layers that fire nothing, or always: no training gets far through them, and nothing else would say so.

import Faults
import Tensors

/// Counts the spikes of each population.
struct ActivityTally {
  private struct Count {
    var place: [Int]
    var spikes = 0
    /// Neurons times samples times steps.
    var chances = 0
  }
  private var counts: [Count] = []

  /// Adds what populations did, in the order of their places; answers with the spikes of all.
  mutating func add(_ activity: [(place: [Int], output: Signal)]) -> Int {
    var sum = 0
    if counts.isEmpty { counts = activity.map { Count(place: $0.place) } }
    for (index, population) in activity.enumerated() where index < counts.count {
      guard let spikes = population.output.spikes else { continue }
      let total = spikes.total
      counts[index].spikes += total
      counts[index].chances += spikes.shape.reduce(1, *)
      sum += total
    }
    return sum
  }

  /// The spikes of each population.
  var spikes: [Int] { counts.map(\.spikes) }

  /// A line for each population that fired nothing, or each neuron in each step, by its place.
  func warnings(_ network: Network) -> [(place: [Int], text: String)] {
    counts.compactMap { count in
      guard count.chances > 0, count.spikes == 0 || count.spikes == count.chances else { return nil }
      let layer = "layer \(count.place.map(String.init).joined(separator: ".")), \(network.callText(at: count.place))"
      let text =
        count.spikes == 0
        ? "\(layer), fired nothing, so \(count.place == network.readout ? "all answers are alike" : "nothing behind it can learn"): "
          + "begin with larger weights before it (init=measured() measures them), or lower its threshold"
        : "\(layer), fired in each step, so it tells nothing: "
          + "begin with smaller weights before it (init=measured() measures them), or raise its threshold"
      return (count.place, text)
    }
  }
}

extension Network {
  /// The place of the neurons that are read.
  var readout: [Int]? { neuronLayers.last.map { [$0] } }

  /// The call of the layer at a place: a position, then those inside branches.
  fileprivate func callText(at place: [Int]) -> String {
    var row = layers
    var text = ""
    for position in place where row.indices.contains(position) {
      text = row[position].callText
      row = (row[position] as? BranchLayer)?.layers ?? []
    }
    return text
  }
}
