import Faults
import Glibc
import Spiking
import Tensors
import Testing

/// Codes with closed forms: a word is drawn from a value by a rule of the test's own.
private struct RuleEncoder: Encoder {
  let name = "rule"
  var steps = 8
  var settings: [(name: String, value: Setting)] { [] }
  /// The steps at which a value spikes; the number is drawn evenly from 0..<1.
  var rule: @Sendable (Float, Double) -> [Int]

  func check() throws(Fault) {}

  func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    var draws = stream
    var dense = [Float](repeating: 0, count: steps * values.count)
    for (place, value) in values.scalars.enumerated() {
      for step in rule(value, draws.uniformDouble()) { dense[step * values.count + place] = 1 }
    }
    return .spikes(try Spikes(try Tensor(dense, shape: [steps] + values.shape)))
  }
}

/// A distribution of values and labels, drawn from a stream, whose information is known.
private struct KnownCase: Sendable, CustomStringConvertible {
  var description: String
  var encoder: any Encoder
  var subject = EfficiencyOptions.Subject.input
  var word = EfficiencyOptions.Word.both
  /// Bits.
  var information: Double
  var entropy: Double
  /// Values of one sample, and its label.
  var draw: @Sendable (inout RandomStream) -> (values: [Float], label: Int)
}

private func binaryEntropy(_ p: Double) -> Double { -p * log2(p) - (1 - p) * log2(1 - p) }

/// The information between equally likely rows of a table and its columns.
private func channel(_ rows: [[Double]]) -> Double {
  let share = 1 / Double(rows.count)
  var bits = 0.0
  for column in rows[0].indices {
    let mean = rows.reduce(0) { $0 + $1[column] * share }
    for row in rows where row[column] > 0 { bits += share * row[column] * log2(row[column] / mean) }
  }
  return bits
}

private func binomial(_ steps: Int, _ p: Double) -> [Double] {
  var ways = 1.0
  return (0...steps).map { k in
    defer { ways = ways * Double(steps - k) / Double(k + 1) }
    return ways * pow(p, Double(k)) * pow(1 - p, Double(steps - k))
  }
}

private func level(_ levels: Int, of parts: Int) -> @Sendable (inout RandomStream) -> (values: [Float], label: Int) {
  { draws in
    let k = draws.integer(below: levels)
    return ([Float(k) / Float(parts)], k)
  }
}

private let latencyBits = 2 / 14.0 * log2(14) + 6 / 7.0 * log2(7)

private let known: [KnownCase] = [
  KnownCase(
    description: "latency, eight values", encoder: LatencyEncoder(steps: 8), information: 3, entropy: 3,
    draw: level(8, of: 7)),
  KnownCase(
    description: "latency, thirty-two values", encoder: LatencyEncoder(steps: 32), information: 5, entropy: 5,
    draw: level(32, of: 31)),
  // The outermost steps have half the width of the others.
  KnownCase(
    description: "latency, all values", encoder: LatencyEncoder(steps: 8), information: latencyBits, entropy: .infinity,
    draw: { draws in ([Float(draws.uniformDouble())], 0) }),
  KnownCase(
    description: "regular rate, nine values", encoder: RateEncoder(steps: 8, random: false), information: log2(9),
    entropy: log2(9), draw: level(9, of: 8)),
  KnownCase(
    description: "hybrid, nine values", encoder: HybridEncoder(steps: 8, alpha: 0, base: 1), information: log2(9),
    entropy: log2(9), draw: level(9, of: 8)),
  KnownCase(
    description: "population by latency", encoder: PopulationEncoder(neurons: 8, steps: 20), information: 2, entropy: 2,
    draw: level(4, of: 3)),
  KnownCase(
    description: "drawn rate, one step", encoder: RateEncoder(steps: 1), information: 1 - binaryEntropy(0.25), entropy: 1,
    draw: { draws in ([draws.integer(below: 2) == 0 ? 0.25 : 0.75], 0) }),
  KnownCase(
    description: "drawn rate, binomials", encoder: RateEncoder(steps: 20),
    information: channel((0..<8).map { binomial(20, Double($0) / 8) }), entropy: 3, draw: level(8, of: 8)),
  KnownCase(
    description: "drawn rate, first spikes", encoder: RateEncoder(steps: 4), word: .first,
    information: channel([[0.5, 0.25, 0.125, 0.0625, 0.0625], [0.25, 0.1875, 0.140625, 0.10546875, 0.31640625]]),
    entropy: 1, draw: { draws in ([draws.integer(below: 2) == 0 ? 0.5 : 0.25], 0) }),
  KnownCase(
    description: "a code of chance that tells nothing", encoder: RuleEncoder { _, draw in [Int(draw * 8)] }, information: 0,
    entropy: log2(6), draw: level(6, of: 5)),
  KnownCase(
    description: "a binary channel", encoder: RuleEncoder { value, draw in (value > 0.5) != (draw < 0.11) ? [3] : [] },
    information: 1 - binaryEntropy(0.11), entropy: 1, draw: level(2, of: 1)),
  KnownCase(
    description: "labels of noise, latency", encoder: LatencyEncoder(steps: 8), subject: .label, information: 0,
    entropy: log2(10), draw: { draws in ([Float(draws.uniformDouble())], draws.integer(below: 10)) }),
  KnownCase(
    description: "labels of noise, many features", encoder: RateEncoder(steps: 20), subject: .label, information: 0,
    entropy: log2(10),
    draw: { draws in ((0..<16).map { _ in Float(draws.uniformDouble()) }, draws.integer(below: 10)) }),
  KnownCase(
    description: "labels that the value decides", encoder: HybridEncoder(steps: 8, alpha: 0, base: 1), subject: .label,
    information: log2(9), entropy: log2(9), draw: level(9, of: 8)),
  KnownCase(
    description: "labels over a noisy channel, latency", encoder: LatencyEncoder(steps: 8), subject: .label,
    information: 1 - binaryEntropy(0.11), entropy: 1,
    draw: { draws in
      let label = draws.integer(below: 2)
      let isTurned = draws.uniformDouble() < 0.11
      return ([Float(draws.integer(below: 4) + ((label == 1) != isTurned ? 4 : 0)) / 7], label)
    }),
  KnownCase(
    description: "labels by a drawn rate", encoder: RateEncoder(steps: 20), subject: .label,
    information: channel([binomial(20, 0.25), binomial(20, 0.5)]), entropy: 1,
    draw: { draws in
      let label = draws.integer(below: 2)
      return ([label == 0 ? 0.25 : 0.5], label)
    }),
  KnownCase(
    description: "labels of features that agree", encoder: LatencyEncoder(steps: 8), subject: .label, information: 3,
    entropy: 3,
    draw: { draws in
      let k = draws.integer(below: 8)
      return ([Float](repeating: Float(k) / 7, count: 4), k)
    }),
  KnownCase(
    description: "labels of changes", encoder: DeltaEncoder(threshold: 0.1), subject: .label, information: log2(3),
    entropy: log2(3),
    draw: { draws in
      let label = draws.integer(below: 3)
      return ((0..<6).map { 0.5 + Float($0 * (label - 1)) * 0.1 }, label)
    }),
]

@Suite struct EfficiencyTests {
  /// Each of `levels` values equally often, `repeats` times, as one feature.
  func uniform(_ levels: Int, repeats: Int) throws -> Tensor {
    let values = (0..<levels * repeats).map { Float($0 % levels) / Float(levels - 1) }
    return try Tensor(values, shape: [values.count, 1])
  }

  func options(_ change: (inout EfficiencyOptions) -> Void = { _ in }) -> EfficiencyOptions {
    var options = EfficiencyOptions()
    options.samples = 100_000
    change(&options)
    return options
  }

  /// The mean of several estimates lies within the stated error of the truth, and each within a few of its own.
  @Test(arguments: known.indices, [50, 500, 5000]) func estimatesAreRight(_ index: Int, _ samples: Int) throws {
    let example = known[index]
    let repeats = samples == 5000 ? 3 : samples == 500 ? 8 : 20
    var (sum, errors) = (0.0, 0.0)
    for round in 0..<repeats {
      var draws = RandomStream(seed: UInt64(round), purpose: "\(samples)", index: UInt64(index))
      var values: [Float] = []
      var labels: [Int] = []
      for _ in 0..<samples {
        let (sample, label) = example.draw(&draws)
        values += sample
        labels.append(label)
      }
      let result = try efficiency(
        of: example.encoder, on: try Tensor(values, shape: [samples, values.count / samples]), labels: labels,
        options {
          $0.subject = example.subject
          $0.word = example.word
          $0.seed = UInt64(round)
        })
      #expect(result.information >= 0 && result.information <= example.entropy + 1e-9, "\(example)")
      #expect(result.information <= result.entropy + 1e-9, "\(example)")
      #expect(result.error > 0 && result.error < max(1, example.information), "\(example): \(result.error)")
      let off = abs(result.information - example.information)
      #expect(off < 5 * result.error, "\(example): \(result.information) +- \(result.error)")
      #expect(!result.isSumOverFeatures)
      sum += result.information
      errors += result.error
    }
    let bias = sum / Double(repeats) - example.information
    #expect(abs(bias) < errors / Double(repeats), "\(example): off by \(bias), said \(errors / Double(repeats))")
  }

  @Test func aPopulationByRateIsReadFromBelow() throws {
    // Three neurons of two steps: the words of counts can be listed.
    let encoder = PopulationEncoder(neurons: 3, steps: 2, inner: .rate)
    let centres = encoder.centres
    let width = (centres[1] - centres[0]) / 1.5
    let rows = [0.0, 1.0].map { value -> [Double] in
      centres.reduce([1.0]) { row, centre in
        let response = exp(-(value - centre) * (value - centre) / (2 * width * width))
        return row.flatMap { known in binomial(2, response).map { known * $0 } }
      }
    }
    let bits = channel(rows)
    let values = try Tensor((0..<5000).map { Float($0 % 2) }, shape: [5000, 1])
    let result = try efficiency(of: encoder, on: values, options { $0.word = .count })
    #expect(result.isLowerBound)
    #expect(result.information < bits + 3 * result.error)
    #expect(result.information > bits - 0.05, "\(result.information) of \(bits)")
  }

  @Test func equalSharesGiveWholeBits() throws {
    let result = try efficiency(of: LatencyEncoder(steps: 8), on: try uniform(8, repeats: 20), options())
    #expect(abs(result.information - 3) < 1e-12)
    #expect(abs(result.spikes - 7.0 / 8) < 1e-12)
    #expect(abs(result.bitsPerSpike - 3 / (7.0 / 8)) < 1e-12)
    #expect(result.error > 0 && result.error < 0.05)
    for word in EfficiencyOptions.Word.allCases where word != .count {
      let other = try efficiency(
        of: LatencyEncoder(steps: 8), on: try uniform(8, repeats: 20), options { $0.word = word })
      #expect(abs(other.information - 3) < 1e-12)
    }
  }

  @Test func finerValuesAreBinnedForReaders() throws {
    let values = try Tensor((0..<4096).map { Float($0) / 4095 }, shape: [4096, 1])
    let half = RuleEncoder { value, _ in value >= 0.5 ? [0] : [] }
    let result = try efficiency(of: half, on: values, options { $0.levels = 16 })
    #expect(abs(result.information - 1) < 0.01)
  }

  @Test func featuresAddUpAndSaySoAndPopulationsAreOne() throws {
    let one = try uniform(8, repeats: 20)
    let two = try Tensor.concatenate([one, one], along: 1)
    let twice = try efficiency(of: LatencyEncoder(steps: 8), on: two, options())
    #expect(abs(twice.information - 6) < 1e-12)
    #expect(twice.features == 2)
    #expect(twice.isSumOverFeatures)
    #expect(twice.estimator.contains("sum over 2 features, each by itself"))
    let population = try efficiency(of: PopulationEncoder(neurons: 8, steps: 30), on: two, options())
    #expect(abs(population.information - 6) < 1e-12)
    #expect(population.features == 2)
    // The label is the same in both features: together they tell 3 bits of it, one by one twice as much.
    let labels = one.scalars.map { Int(($0 * 7).rounded()) }
    let joint = try efficiency(of: LatencyEncoder(steps: 8), on: two, labels: labels, options { $0.subject = .label })
    #expect(!joint.isSumOverFeatures && joint.isLowerBound)
    #expect(joint.information <= 3 && joint.information > 2.9)
    let apart = try efficiency(
      of: LatencyEncoder(steps: 8), on: two, labels: labels,
      options {
        $0.subject = .label
        $0.together = false
      })
    #expect(apart.isSumOverFeatures && apart.information > 5.5)
    #expect(apart.estimator.contains("what features share is counted more than once"))
  }

  @Test func whatCannotBeMeasuredIsAFault() throws {
    let values = try uniform(4, repeats: 5)
    #expect(throws: Fault.self) { try efficiency(of: DirectEncoder(steps: 4), on: values) }
    #expect(throws: Fault.self) { try efficiency(of: DeltaEncoder(threshold: 0.1), on: values) }
    #expect(throws: Fault.self) { try efficiency(of: LatencyEncoder(steps: 4), on: try Tensor.zeros([5, 1])) }
    #expect(throws: Fault.self) { try efficiency(of: LatencyEncoder(steps: 4), on: try Tensor.ones([1, 1])) }
    #expect(throws: Fault.self) {
      try efficiency(of: LatencyEncoder(steps: 4), on: values, labels: [], options { $0.subject = .label })
    }
  }
}
