// Entropies from samples, in bits, and how far they may be off.

import Glibc

/// An entropy or an information with what it would be without one of its samples.
struct LeaveOneOut {
  /// The estimate from all samples.
  var value = 0.0
  /// The estimates without a sample, by the number of times that this sample's word (or its value) was seen.
  var without: [Int: Double] = [:]
  /// The variance that is left where leaving out makes no difference, as with words that are seen equally often.
  var leastVariance = 0.0
}

/// The entropy of a discrete variable from how often each of its values was seen.
///
/// The estimator of Chao, Wang and Jost (2013, "Entropy and the species accumulation curve"): what the plug-in entropy
/// lacks for few samples is made good from the numbers of values that were seen once and twice. It has next to no bias
/// also where there are more values than samples. Where no value was seen only once, all are taken to be known, and the
/// entropy is at most the logarithm of their number.
struct EntropyEstimator {
  /// The sums of 1/1 to 1/n.
  private var harmonic: [Double] = [0]

  init(samples: Int) {
    harmonic.reserveCapacity(samples + 1)
    for k in stride(from: 1, through: max(samples, 1), by: 1) { harmonic.append(harmonic[k - 1] + 1 / Double(k)) }
  }

  /// - Parameter counts: how often each value was seen; their sum is at most the number of samples.
  func estimate(_ counts: [Int]) -> LeaveOneOut {
    let counts = counts.filter { $0 > 0 }
    let samples = counts.reduce(0, +)
    guard samples > 1, counts.count > 1 else {
      return LeaveOneOut(value: 0, without: Dictionary(counts.map { ($0, 0) }) { first, _ in first })
    }
    let once = counts.count { $0 == 1 }
    let twice = counts.count { $0 == 2 }
    let weighted = counts.sorted().reduce(0.0) { $0 + Double($1) * harmonic[$1 - 1] }
    var result = LeaveOneOut()
    result.value = entropy(samples, weighted: weighted, once: once, twice: twice)
    if once == 0 { result.value = min(result.value, log2(Double(counts.count))) }
    for count in Set(counts).sorted() {
      // One value was seen once less: its term changes, and so may the numbers of those seen once and twice.
      let shorter = count > 1 ? Double(count - 1) * harmonic[count - 2] : 0
      let rest = weighted - Double(count) * harmonic[count - 1] + shorter
      let fewer = (
        once: once + (count == 1 ? -1 : count == 2 ? 1 : 0), twice: twice + (count == 2 ? -1 : count == 3 ? 1 : 0)
      )
      result.without[count] = entropy(samples - 1, weighted: rest, once: fewer.once, twice: fewer.twice)
    }
    let unit = 1 / (2 * Double(samples) * log(2))
    result.leastVariance = 2 * Double(counts.count - 1) * unit * unit
    return result
  }

  /// - Parameter weighted: the sum of each count times the harmonic number before it.
  private func entropy(_ samples: Int, weighted: Double, once: Int, twice: Int) -> Double {
    let n = Double(samples)
    guard samples > 1 else { return 0 }
    let seen = harmonic[samples - 1] - weighted / n
    guard once > 0 else { return seen / log(2) }
    let (f1, f2) = (Double(once), Double(twice))
    // The share of what is left of a word's probability when it was seen once.
    let share = twice > 0 ? 2 * f2 / ((n - 1) * f1 + 2 * f2) : 2 / ((n - 1) * (f1 - 1) + 2)
    return (seen + f1 / n * unseen(samples, share)) / log(2)
  }

  /// `(1 - a)^(1 - n) (-ln a - sum of (1 - a)^r / r up to n - 1)`, which is the sum of `(1 - a)^(k + 1) / (n + k)` from 0.
  private func unseen(_ samples: Int, _ share: Double) -> Double {
    let n = Double(samples)
    let rest = 1 - share
    if rest <= 0 { return 0 }
    if share * n > 5 {
      var (sum, power, k) = (0.0, rest, 0.0)
      while power > 1e-17, k < 20 * n {
        sum += power / (n + k)
        power *= rest
        k += 1
      }
      return sum
    }
    var (sum, power) = (0.0, 1.0)
    for r in 1..<samples {
      power *= rest
      sum += power / Double(r)
    }
    return exp((1 - n) * log1p(-share)) * (-log(share) - sum)
  }
}

/// The information between a value and a word that is drawn with known probabilities: the entropy of the mean of all
/// values' distributions, less the mean of their entropies. Corrected by the jackknife, which takes off the first order
/// of what too few values do.
///
/// - Parameters:
///   - distributions: for each value, the probabilities of its words, in one order.
///   - counts: how often each value was seen.
/// - Returns: without one sample of a value, by the value's place in `counts`.
func drawnInformation(_ distributions: [[Double]], counts: [Int]) -> LeaveOneOut {
  let samples = counts.reduce(0, +)
  guard samples > 1, let words = distributions.first?.count else { return LeaveOneOut() }
  let own = distributions.map(entropy)
  var sum = [Double](repeating: 0, count: words)
  for (value, count) in counts.enumerated() {
    for word in 0..<words { sum[word] += Double(count) * distributions[value][word] }
  }
  let ownSum = zip(own, counts).reduce(0.0) { $0 + $1.0 * Double($1.1) }
  func information(of total: Double, _ sum: [Double], _ ownSum: Double) -> Double {
    entropy(sum.map { $0 / total }) - ownSum / total
  }
  let plain = information(of: Double(samples), sum, ownSum)
  var result = LeaveOneOut()
  var mean = 0.0
  for (value, count) in counts.enumerated() where count > 0 {
    let rest = zip(sum, distributions[value]).map { max(0, $0 - $1) }
    let without = information(of: Double(samples - 1), rest, ownSum - own[value])
    result.without[value] = without
    mean += Double(count) * without / Double(samples)
  }
  result.value = Double(samples) * plain - Double(samples - 1) * mean
  let unit = 1 / (2 * Double(samples) * log(2))
  result.leastVariance = 2 * Double(counts.count { $0 > 0 } - 1) * unit * unit
  return result
}

/// The entropy of probabilities.
func entropy(_ probabilities: [Double]) -> Double {
  probabilities.reduce(0.0) { $1 > 0 ? $0 - $1 * log2($1) : $0 }
}
