// What a reader that has learnt from other samples can tell from words: information that is never invented.

import Faults
import Glibc
import Tensors

/// A naive Bayes reader of the class of a sample from its words, cross-validated.
///
/// For each column of words it learns how much more often a word goes with a class than with any, adds the logarithms up,
/// and trusts the sum as far as that has proved right (one exponent for all samples, 0 where words tell nothing). What it
/// tells is the mean of `log2 q(class | words) / q(class)` over samples that it has not learnt from. By Gibbs' inequality
/// that is in expectation at most the information, whatever the reader gets wrong, and it is 0 where words tell nothing.
struct WordReading {
  /// For each sample, the bits that a reader tells of its class who has not learnt from it.
  private(set) var heldOut: [Double]
  /// The same of a reader who has learnt from all samples. Of one column it is too high by as much as `heldOut` is too
  /// low, to first order.
  private(set) var inSample: [Double]

  private static let folds = 10
  /// How many samples of a class at the common rate of words are added to those that were seen.
  private static let prior = 1.0

  /// - Parameters:
  ///   - columns: for each column, the number of each sample's word, from 0.
  ///   - classes: the class of each sample, from 0.
  ///   - seed: of what divides the samples.
  init(columns: [[UInt32]], classes: [Int], seed: UInt64) throws(Fault) {
    let samples = classes.count
    let count = (classes.max() ?? 0) + 1
    var draws = RandomStream(seed: seed, purpose: "folds of efficiency", index: 0)
    // Each fold gets the same share of each class.
    let order = try draws.permutation(samples).enumerated().sorted {
      (classes[$0.element], $0.offset) < (classes[$1.element], $1.offset)
    }
    var fold = [Int](repeating: 0, count: samples)
    for (place, sample) in order.enumerated() { fold[sample.element] = place % Self.folds }

    var held = Scores(samples: samples, classes: count)
    var own = Scores(samples: samples, classes: count)
    var sizes = [[Double]](repeating: [Double](repeating: 0, count: count), count: Self.folds + 1)
    for (sample, label) in classes.enumerated() {
      sizes[Self.folds][label] += 1
      sizes[fold[sample]][label] += 1
    }
    for number in 0..<Self.folds {
      for label in 0..<count { sizes[number][label] = sizes[Self.folds][label] - sizes[number][label] }
    }
    for sample in 0..<samples {
      held.setPrior(sizes[fold[sample]], of: sample)
      own.setPrior(sizes[Self.folds], of: sample)
    }
    for words in columns {
      try Interrupt.check()
      let kinds = Int(words.max() ?? 0) + 1
      var all = [Double](repeating: 0, count: kinds * count)
      var parts = [[Double]](repeating: all, count: Self.folds)
      for sample in 0..<samples {
        let cell = Int(words[sample]) * count + classes[sample]
        all[cell] += 1
        parts[fold[sample]][cell] += 1
      }
      for number in 0..<Self.folds {
        for cell in all.indices { parts[number][cell] = all[cell] - parts[number][cell] }
      }
      let tables = parts.indices.map { Self.evidence(parts[$0], sizes[$0], kinds: kinds) }
      let table = Self.evidence(all, sizes[Self.folds], kinds: kinds)
      for sample in 0..<samples {
        held.add(tables[fold[sample]], Int(words[sample]), of: sample)
        own.add(table, Int(words[sample]), of: sample)
      }
    }
    let trust = held.trust(in: classes)
    heldOut = held.gains(of: classes, trust: trust)
    inSample = own.gains(of: classes, trust: trust)
  }

  /// How much more often a word goes with a class than with any, as logarithms, [words, classes].
  private static func evidence(_ table: [Double], _ sizes: [Double], kinds: Int) -> [Double] {
    let count = sizes.count
    let samples = sizes.reduce(0, +)
    let rests = sizes.map { log($0 + prior) }
    var result = [Double](repeating: 0, count: table.count)
    for kind in 0..<kinds {
      let row = kind * count
      var seen = 0.0
      for label in 0..<count { seen += table[row + label] }
      // A word that was never seen tells nothing.
      if seen == 0 { continue }
      for label in 0..<count {
        let cell = table[row + label]
        result[row + label] = (cell == 0 ? log(prior) : log(cell * samples / seen + prior)) - rests[label]
      }
    }
    return result
  }

  /// The evidence for each class of each sample.
  private struct Scores {
    private var values: [Double]
    private var priors: [Double]
    private let classes: Int

    init(samples: Int, classes: Int) {
      values = [Double](repeating: 0, count: samples * classes)
      priors = values
      self.classes = classes
    }

    mutating func setPrior(_ sizes: [Double], of sample: Int) {
      let total = sizes.reduce(0, +) + 0.5 * Double(classes)
      for label in 0..<classes { priors[sample * classes + label] = log((sizes[label] + 0.5) / total) }
    }

    mutating func add(_ table: [Double], _ word: Int, of sample: Int) {
      for label in 0..<classes { values[sample * classes + label] += table[word * classes + label] }
    }

    /// Gives `body` the probability of each class of each sample.
    private func forEach(_ trust: Double, _ body: (_ sample: Int, _ chances: UnsafePointer<Double>) -> Void) {
      withUnsafeTemporaryAllocation(of: Double.self, capacity: classes) { chances in
        guard let chances = chances.baseAddress else { return }
        for sample in 0..<values.count / max(classes, 1) {
          let first = sample * classes
          var largest = -Double.infinity
          for label in 0..<classes {
            chances[label] = priors[first + label] + trust * values[first + label]
            largest = max(largest, chances[label])
          }
          var total = 0.0
          for label in 0..<classes {
            chances[label] = exp(chances[label] - largest)
            total += chances[label]
          }
          for label in 0..<classes { chances[label] /= total }
          body(sample, chances)
        }
      }
    }

    /// The exponent of the evidence that predicts the classes best: the likelihood is concave in it, so Newton's steps
    /// within bounds find it.
    func trust(in labels: [Int]) -> Double {
      func slopes(_ trust: Double) -> (first: Double, second: Double) {
        var (first, second) = (0.0, 0.0)
        forEach(trust) { sample, chances in
          var (mean, square) = (0.0, 0.0)
          for label in 0..<classes {
            let value = values[sample * classes + label]
            mean += chances[label] * value
            square += chances[label] * value * value
          }
          first += values[sample * classes + labels[sample]] - mean
          second -= square - mean * mean
        }
        return (first, second)
      }
      if slopes(0).first <= 0 { return 0 }
      var (low, high, trust) = (0.0, 3.0, 1.0)
      for _ in 0..<30 {
        let (first, second) = slopes(trust)
        if first > 0 { low = trust } else { high = trust }
        let step = second < 0 ? trust - first / second : .infinity
        let next = step > low && step < high ? step : (low + high) / 2
        if abs(next - trust) < 1e-6 { return next }
        trust = next
      }
      return trust
    }

    /// `log2 q(class | words) / q(class)` of each sample.
    func gains(of labels: [Int], trust: Double) -> [Double] {
      var gains = [Double](repeating: 0, count: labels.count)
      forEach(trust) { sample, chances in
        let chance = max(chances[labels[sample]], .leastNormalMagnitude)
        gains[sample] = (log(chance) - priors[sample * classes + labels[sample]]) / log(2)
      }
      return gains
    }
  }
}
