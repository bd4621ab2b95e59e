// Tells of layers that fire nothing, or always: no training gets far through them, and nothing else would say so.

import Faults
import Tensors

/// Counts the spikes of each population.
struct ActivityTally {
  private struct Count {
    var place: [Int]
    var spikes = 0
    /// Neurons that fired, in each sample and step.
    var firing = 0
    /// Neurons times samples times steps.
    var chances = 0
  }
  private var counts: [Count] = []

  /// Adds what populations did, in the order of their places; answers with the spikes of all.
  ///
  /// - Parameter counting: the populations that send numbers of spikes; see `Network.countingPopulations`.
  mutating func add(
    _ activity: [(place: [Int], output: Signal)], counting: Set<[Int]> = []
  ) throws(Fault) -> Int {
    var sum = 0
    if counts.isEmpty { counts = activity.map { Count(place: $0.place) } }
    for (index, population) in activity.enumerated() where index < counts.count {
      let (total, firing): (Int, Int)
      if let spikes = population.output.spikes {
        (total, firing) = (spikes.total, spikes.total)
      } else if counting.contains(population.place) {
        (total, firing) = try Self.counted(try population.output.tensor())
      } else {
        continue
      }
      counts[index].spikes = counts[index].spikes.addingReportingOverflow(total).partialValue
      counts[index].firing += firing
      counts[index].chances += population.output.shape.reduce(1, *)
      sum = sum.addingReportingOverflow(total).partialValue
    }
    return sum
  }

  /// The sum of numbers of spikes, and how many there are above 0. What no number of spikes could be counts as none.
  private static func counted(_ numbers: Tensor) throws(Fault) -> (total: Int, firing: Int) {
    var (total, firing) = (0, 0)
    try numbers.withUnsafeBuffer { (values) throws(Fault) in
      try Interrupt.parts(values.count) { part in
        for place in part where values[place] > 0 {
          total = total.addingReportingOverflow(Int(exactly: values[place].rounded()) ?? 0).partialValue
          firing += 1
        }
      }
    }
    return (total, firing)
  }

  /// The spikes of each population.
  var spikes: [Int] { counts.map(\.spikes) }

  /// A line for each population that fired nothing, or each neuron in each step, by its place.
  func warnings(_ network: Network) -> [(place: [Int], text: String)] {
    counts.compactMap { count in
      guard count.chances > 0, count.firing == 0 || count.firing == count.chances else { return nil }
      let layer = "layer \(count.place.map(String.init).joined(separator: ".")), \(network.callText(at: count.place))"
      let text =
        count.firing == 0
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
