// How a class is read from the activity of the output neurons.

import Faults
import Tensors

/// A reading of the output `[time, batch, ...classes]`: which class each sample is taken for.
public enum Decoder: String, Sendable, CaseIterable {
  /// The class that fired most often; of several, the one that fired first, then the one with the lowest number.
  case spikeCount = "spike_count"
  /// The class that fired first; of several, the one that fired more often, then the one with the lowest number.
  case firstSpike = "first_spike"
  /// The class whose potential rose highest at any step.
  case membraneMaximum = "membrane_maximum"
  /// The class with the highest potential on average.
  case membraneMean = "membrane_mean"
  /// The class with the highest potential at the last step.
  case membraneLast = "membrane_last"

  /// The class of each sample.
  public func classes(_ output: Signal) throws(Fault) -> [Int] {
    switch (self, output) {
    case (.spikeCount, .spikes(let spikes)), (.firstSpike, .spikes(let spikes)):
      return spikeClasses(spikes)
    default:
      let values = try output.tensor()
      let flat = try values.reshaped([output.steps, output.batch, output.features])
      let scores =
        switch self {
        case .membraneMaximum: try flat.reduced(.maximum, over: [0])
        case .membraneLast: try flat.indexed([.at(-1)])
        case .spikeCount, .firstSpike, .membraneMean: try flat.mean(over: [0])
        }
      return try scores.argmax(over: 1).scalars.map { Int($0) }
    }
  }

  /// How much speaks for each class, `[batch, classes]`: the largest is the class that is read, and of equal ones the
  /// first.
  func scores(_ output: Signal) throws(Fault) -> Tensor {
    let flat = try output.tensor().reshaped([output.steps, output.batch, output.features])
    switch self {
    case .membraneMaximum: return try flat.reduced(.maximum, over: [0])
    case .membraneLast: return try flat.indexed([.at(-1)])
    case .membraneMean: return try flat.mean(over: [0])
    case .spikeCount, .firstSpike:
      guard case .spikes = output else { return try flat.mean(over: [0]) }
      let (counts, firsts) = (try flat.sum(over: [0]), try FirstSpikeCrossEntropy.times(flat))
      // What decides between equals weighs less than one spike, or one step.
      let share = 1 / Float(output.steps + 1)
      return self == .spikeCount ? try counts - firsts * share : try counts * share - firsts
    }
  }

  private func spikeClasses(_ spikes: Spikes) -> [Int] {
    let classes = spikes.features
    let steps = spikes.shape[0]
    let batch = spikes.shape[1]
    var counts = [Int](repeating: 0, count: batch * classes)
    var firsts = [Int](repeating: steps, count: batch * classes)
    for step in 0..<steps {
      for sample in 0..<batch {
        spikes.forEachActive(step: step, sample: sample) { feature in
          let place = sample * classes + feature
          counts[place] += 1
          firsts[place] = min(firsts[place], step)
        }
      }
    }
    return (0..<batch).map { sample in
      let row = sample * classes..<(sample + 1) * classes
      return Decoder.best(counts: counts[row], firsts: firsts[row], self)
    }
  }

  /// The class that spikes tell of, from how many each class has and when its first came.
  static func best(counts: ArraySlice<Int>, firsts: ArraySlice<Int>, _ decoder: Decoder) -> Int {
    let (first, base) = (counts.startIndex, firsts.startIndex - counts.startIndex)
    let best = counts.indices.max { a, b in
      let (later, fewer) = (firsts[base + a] > firsts[base + b], counts[a] < counts[b])
      let (sameTime, sameCount) = (firsts[base + a] == firsts[base + b], counts[a] == counts[b])
      if decoder == .spikeCount { return fewer || sameCount && (later || sameTime && a > b) }
      return later || sameTime && (fewer || sameCount && a > b)
    }
    return (best ?? first) - first
  }
}

extension Signal {
  /// The first steps.
  func first(_ count: Int) throws(Fault) -> Signal {
    switch self {
    case .tensor(let tensor): .tensor(try tensor.steps(0..<count))
    case .spikes(let spikes): .spikes(try spikes.timeSlice(0..<count))
    case .steady(let values, _): .steady(values, steps: count)
    }
  }
}
