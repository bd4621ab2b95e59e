// Eq. 8 of arXiv 2602.02439: how much a code's spikes tell of what was encoded, for each spike.

import Faults
import Glibc
import Tensors

/// What `efficiency` must know besides the code and the data.
public struct EfficiencyOptions: Sendable {
  /// What the spikes should tell of.
  public enum Subject: String, Sendable, CaseIterable {
    /// The value of the feature that they encode.
    case input
    /// The class of the sample.
    case label
  }

  /// What is read from a feature's spikes.
  public enum Word: String, Sendable, CaseIterable {
    /// How many there are.
    case count
    /// When the first one comes.
    case first
    /// Both.
    case both
    /// All of them, step by step.
    case train
  }

  public var subject = Subject.input
  public var word = Word.both
  /// Whether the label is read from all features together; otherwise from each by itself, and the bits are added up.
  public var together = true
  /// Codes that draw in ways of their own are asked for the level of a value: so many equal bins, where values are finer.
  public var levels = 32
  /// At most so many samples are used, from the first.
  public var samples = 2000
  public var seed: UInt64 = 0

  public init() {}
}

/// What a code's spikes tell, and what they cost.
public struct CodeEfficiency: Sendable {
  /// Bits a sample.
  public var information: Double
  /// The standard error of `information`, with what its bias may be.
  public var error: Double
  /// The entropy of what is told of, in bits: the information is never more.
  public var entropy: Double
  /// Spikes a sample.
  public var spikes: Double
  /// Whether the bits of features were added up as if they were independent: what features share is counted more than
  /// once.
  public var isSumOverFeatures: Bool
  /// Whether the spikes may tell more than this: it is what a reader of a certain kind gets.
  public var isLowerBound: Bool
  public var estimator: String
  /// How many samples were used.
  public var samples: Int
  /// How many features were looked at.
  public var features: Int

  /// Bits for each spike, and its standard error.
  public var bitsPerSpike: Double { information / spikes }
  public var bitsPerSpikeError: Double { error / spikes }
}

/// The mutual information between what was encoded and the spikes, over the number of spikes (Eq. 8).
///
/// - Of the input, feature by feature: a code without chance tells the entropy of its words, because the value decides
///   them; of the drawn rate code the distribution of words is known for each value; of any other code a cross-validated
///   reader tells the level of the value (`WordReading`). The bits of features are added up; a population's word is that
///   of all its neurons.
/// - Of the label: what a cross-validated reader of all features tells, which is a lower bound; or with `together` false
///   the sum over features.
///
/// Random codes draw each sample once.
///
/// - Parameters:
///   - values: `[samples, ...sample]`.
///   - labels: the class of each sample; only for `subject` label.
/// - Throws: `.value` for currents in place of spikes, a code that stays silent, fewer than two samples, or a subject
///   that the code doesn't have.
public func efficiency(
  of encoder: any Encoder, on values: Tensor, labels: [Int] = [], _ options: EfficiencyOptions = EfficiencyOptions()
) throws(Fault) -> CodeEfficiency {
  try encoder.check()
  let whole = values.rank == 1 ? try values.detached.reshaped([values.count, 1]) : values.detached
  let number = min(whole.shape.first ?? 0, options.samples)
  guard number >= 2 else {
    throw Fault(
      .value, "an efficiency needs at least two samples", label: "there are \(number)",
      help: "the first axis of the values is that of the samples")
  }
  guard options.levels >= 2 else {
    throw Fault(.value, "an efficiency needs at least two levels", label: "levels is \(options.levels)")
  }
  if options.subject == .label, labels.count < number {
    throw Fault(
      .value, "there are no labels to tell of", label: "\(counted(labels.count, "label")) for \(counted(number, "sample"))",
      help: "give a data set, or take of=\"input\"")
  }
  let sample = Array(whole.shape.dropFirst())
  try encoder.checkValues(whole, of: "the values")
  if options.subject == .input, encoder.needsTime {
    throw Fault(
      .value, "`\(encoder.name)` tells of changes, not of values",
      label: "its spikes have no single value that they encode", help: "take of=\"label\"")
  }
  let (words, total) = try words(of: encoder, on: whole, samples: number, options)
  guard total > 0 else {
    throw Fault(
      .value, "the code made no spikes", label: "\(encoder.callText) on \(counted(number, "sample"))",
      help: "are all values 0, or the threshold out of their reach?")
  }
  let told =
    switch options.subject {
    case .label: try Told(ofLabels: Array(labels.prefix(number)), words, options)
    case .input:
      try Told(
        ofValues: whole, words, WordGroups(encoder, sample: sample), encoder.chance, steps: encoder.steps,
        samples: number, options)
    }
  return CodeEfficiency(
    information: told.information, error: told.error, entropy: told.entropy, spikes: Double(total) / Double(number),
    isSumOverFeatures: told.isSum, isLowerBound: told.isLowerBound, estimator: told.estimator, samples: number,
    features: told.features)
}

/// The words of each coded feature, and how many spikes there are in all.
private func words(
  of encoder: any Encoder, on whole: Tensor, samples: Int, _ options: EfficiencyOptions
) throws(Fault) -> (columns: [WordBook], spikes: Int) {
  let coded = try encoder.codedShape(for: Array(whole.shape.dropFirst())).reduce(1, *)
  var books = [WordBook](repeating: WordBook(), count: coded)
  var total = 0
  let size = 256
  for (batch, start) in stride(from: 0, to: samples, by: size).enumerated() {
    try Interrupt.check()
    let end = min(samples, start + size)
    let part = try whole.indexed([.range(start, end)])
    let stream = RandomStream(seed: options.seed, purpose: "efficiency", index: UInt64(batch))
    guard let spikes = try encoder.code(part, stream: stream).spikes else {
      throw Fault(
        .value, "`\(encoder.name)` gives currents, not spikes", label: "there is no spike to divide by",
        help: "take a code of spikes, such as hybrid(steps=20)")
    }
    total += spikes.total
    let reader = try WordReader(spikes, options.word)
    for feature in 0..<coded {
      for row in 0..<(end - start) { books[feature].append(reader.word(sample: row, feature: feature)) }
    }
  }
  return (books, total)
}

/// What words tell, before it is divided by spikes.
private struct Told {
  var information = 0.0
  var error = 0.0
  var entropy = 0.0
  var isSum = false
  var isLowerBound = false
  var estimator = ""
  var features: Int

  /// Of the class of the sample.
  init(ofLabels labels: [Int], _ words: [WordBook], _ options: EfficiencyOptions) throws(Fault) {
    let places = Dictionary(uniqueKeysWithValues: Set(labels).sorted().enumerated().map { ($1, $0) })
    let classes = labels.map { places[$0] ?? 0 }
    var sizes = [Int](repeating: 0, count: places.count)
    for label in classes { sizes[label] += 1 }
    entropy = min(EntropyEstimator(samples: labels.count).estimate(sizes).value, log2(Double(max(1, places.count))))
    features = words.count
    isSum = !options.together && words.count > 1
    let phrase = options.word.phrase
    if isSum {
      estimator = "sum over \(counted(words.count, "feature")), each by itself, of what the \(phrase) tells of the class: "
        + "what features share is counted more than once"
      try readEach(words.map { [$0.numbers] }, classes: { _ in classes }, options)
    } else {
      estimator = words.count == 1
        ? "what a cross-validated reader of the \(phrase) tells of the class"
        : "what a cross-validated reader of the \(phrase) of all \(counted(words.count, "feature")) together tells of the class; "
          + "the spikes may tell more"
      try readEach([words.map(\.numbers)], classes: { _ in classes }, options)
      information = min(information, entropy)
    }
    information = max(0, information)
  }

  /// Of the value of each feature.
  init(
    ofValues values: Tensor, _ words: [WordBook], _ groups: WordGroups, _ chance: CodeChance, steps: Int, samples: Int,
    _ options: EfficiencyOptions
  ) throws(Fault) {
    let scalars = values.scalars
    let number = groups.count
    features = number
    isSum = number > 1
    func column(_ feature: Int) -> [Float] { (0..<samples).map { scalars[$0 * number + feature] } }
    let counter = EntropyEstimator(samples: samples)
    // A value's entropy is at most the logarithm of how many there are.
    let entropies = (0..<number).map { feature -> Double in
      let counts = tally(column(feature).map(\.magnitudeBits)).counts
      return min(counter.estimate(counts).value, log2(Double(max(1, counts.count))))
    }
    entropy = entropies.reduce(0, +)
    let sum = isSum ? "sum over \(counted(number, "feature")), each by itself, of " : ""
    let phrase = options.word.phrase
    switch chance {
    case .none:
      estimator = sum + "the entropy of its \(phrase), which the value decides"
      try addUp(samples, entropies) { feature in
        let (places, counts) = tally(groups.word(of: feature, words))
        return (counter.estimate(counts), places.map { counts[$0] })
      }
    case .bernoulli:
      estimator = sum + "the information between value and \(phrase), from the code's known probabilities"
      try addUp(samples, entropies) { feature in
        let chances = column(feature).map { UInt32(($0 * 65_536).rounded()) }
        let (places, counts) = tally(chances)
        var known: [UInt32] = []
        for (place, chance) in zip(places, chances) where place == known.count { known.append(chance) }
        let distributions = known.map { options.word.distribution(Double($0) / 65_536, steps: steps) }
        return (drawnInformation(distributions, counts: counts), places)
      }
    case .other:
      isLowerBound = true
      estimator = sum + "what a cross-validated reader of the \(phrase) tells of the value's level, of at most "
        + "\(options.levels); the spikes may tell more"
      let levels = ValueLevels(scalars.prefix(samples * number), options.levels)
      try readEach(
        (0..<number).map { feature in groups.members(feature).map { words[$0].numbers } },
        classes: { feature in tally(column(feature).map(levels.level)).places }, options)
    }
    information = max(0, min(information, entropy))
  }

  /// Adds up what each feature's words tell, at most its entropy, and from what is left without each sample the error of
  /// the sum.
  private mutating func addUp(
    _ samples: Int, _ entropies: [Double], _ estimate: (_ feature: Int) -> (LeaveOneOut, keys: [Int])
  ) throws(Fault) {
    var without = [Double](repeating: 0, count: samples)
    var (least, cut) = (0.0, 0.0)
    for feature in 0..<features {
      try Interrupt.check()
      let (known, keys) = estimate(feature)
      information += min(known.value, entropies[feature])
      cut += max(0, known.value - entropies[feature])
      least += known.leastVariance
      // Of one word that always came nothing varies; others that have not come yet may be as many as one in so many.
      if keys.allSatisfy({ $0 == keys.first }) { least += 1 / Double(samples * samples) }
      for (sample, key) in keys.enumerated() { without[sample] += known.without[key] ?? 0 }
    }
    let count = Double(samples)
    let mean = without.reduce(0, +) / count
    let spread = without.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
    error = ((count - 1) / count * spread + least + cut * cut).squareRoot()
  }

  /// Adds up what a reader of each group of columns tells. Of a single column it is the mean of what readers tell who have
  /// learnt from the sample and who have not, whose biases cancel to first order; half their distance is an error too, and
  /// half of what may be told by words that came only once.
  private mutating func readEach(
    _ groups: [[[UInt32]]], classes: (Int) -> [Int], _ options: EfficiencyOptions
  ) throws(Fault) {
    var gains: [Double] = []
    var (bias, least, missed) = (0.0, 0.0, 0.0)
    for (group, columns) in groups.enumerated() {
      let classes = classes(group)
      let reading = try WordReading(columns: columns, classes: classes, seed: options.seed)
      let isTable = columns.count == 1
      if !isTable { isLowerBound = true }
      if gains.isEmpty { gains = [Double](repeating: 0, count: classes.count) }
      for sample in classes.indices {
        let (held, own) = (reading.heldOut[sample], reading.inSample[sample])
        gains[sample] += isTable ? (held + own) / 2 : held
        if isTable { bias += (own - held) / 2 / Double(classes.count) }
      }
      if isTable {
        let once = Double(tally(columns[0]).counts.count { $0 == 1 }) / Double(classes.count)
        let most = Spiking.entropy(tally(classes).counts.map { Double($0) / Double(classes.count) })
        let read = zip(reading.heldOut, reading.inSample).reduce(0) { $0 + $1.0 + $1.1 } / 2 / Double(classes.count)
        missed += once * max(0, most - read) / 2
      }
      // What the frequencies of the classes alone leave open.
      least = max(least, Double(classes.max() ?? 0) / (2 * Double(classes.count) * log(2)))
    }
    let count = Double(max(1, gains.count))
    information = gains.reduce(0, +) / count
    let spread = gains.reduce(0.0) { $0 + ($1 - information) * ($1 - information) } / count
    error = (spread / count + bias * bias + least * least + missed * missed).squareRoot()
  }
}

/// Each thing's number by first appearance, and how often each number comes.
private func tally<Thing: Hashable>(_ things: [Thing]) -> (places: [Int], counts: [Int]) {
  var known: [Thing: Int] = [:]
  var counts: [Int] = []
  let places = things.map { thing -> Int in
    if let place = known[thing] {
      counts[place] += 1
      return place
    }
    known[thing] = counts.count
    counts.append(1)
    return counts.count - 1
  }
  return (places, counts)
}

extension Float {
  /// Its bits, with one zero.
  fileprivate var magnitudeBits: UInt32 { self == 0 ? 0 : bitPattern }
}

extension EfficiencyOptions.Word {
  var phrase: String {
    switch self {
    case .count: "spike count"
    case .first: "time of the first spike"
    case .both: "spike count and time of the first spike"
    case .train: "spike train"
    }
  }
}

extension EfficiencyOptions.Word {
  /// The probabilities of the words of a train that spikes at each step with the same chance. Given the count, the places
  /// of its spikes are equally likely whatever the chance, so they tell nothing more than the count.
  func distribution(_ chance: Double, steps: Int) -> [Double] {
    if self == .first {
      // At each step, and last of all not at all.
      var left = 1.0
      return (0..<steps).map { _ in
        defer { left *= 1 - chance }
        return left * chance
      } + [left]
    }
    if chance <= 0 || chance >= 1 { return (0...steps).map { $0 == (chance <= 0 ? 0 : steps) ? 1 : 0 } }
    let (yes, no) = (log(chance), log1p(-chance))
    // The logarithm of in how many ways the spikes can be placed.
    var ways = 0.0
    return (0...steps).map { count in
      defer { ways += log(Double(steps - count) / Double(count + 1)) }
      return exp(ways + Double(count) * yes + Double(steps - count) * no)
    }
  }
}

/// Which coded features together tell of one value: the neurons of a population.
private struct WordGroups {
  var count: Int
  private var neurons = 1
  private var rests = 1

  init(_ encoder: any Encoder, sample: [Int]) throws(Fault) {
    let coded = try encoder.codedShape(for: sample).reduce(1, *)
    let features = sample.reduce(1, *)
    count = coded
    guard features > 0, coded > features else { return }
    count = features
    neurons = coded / features
    rests = max(1, sample.dropFirst().reduce(1, *))
  }

  func members(_ group: Int) -> [Int] {
    let first = group / rests * neurons * rests + group % rests
    return (0..<neurons).map { first + $0 * rests }
  }

  /// The words of a group's neurons as one word.
  func word(of group: Int, _ words: [WordBook]) -> [[UInt32]] {
    let columns = members(group).map { words[$0].numbers }
    return (columns.first ?? []).indices.map { sample in columns.map { $0[sample] } }
  }
}

/// The words of some samples' spikes.
private struct WordReader {
  private var counts: [Float] = []
  private var firsts: [Float] = []
  private var trains: [[UInt64]] = []
  private let features: Int

  init(_ spikes: Spikes, _ word: EfficiencyOptions.Word) throws(Fault) {
    features = spikes.features
    if word == .count || word == .both { counts = try spikes.counts(over: [0]).scalars }
    if word == .first || word == .both { firsts = try spikes.firstSpikeTimes().scalars }
    guard word == .train else { return }
    let length = (spikes.steps + 63) / 64
    trains = [[UInt64]](repeating: [UInt64](repeating: 0, count: length), count: spikes.batch * features)
    for step in 0..<spikes.steps {
      for sample in 0..<spikes.batch {
        spikes.forEachActive(step: step, sample: sample) { feature in
          trains[sample * features + feature][step / 64] |= 1 << UInt64(step % 64)
        }
      }
    }
  }

  func word(sample: Int, feature: Int) -> [UInt64] {
    let place = sample * features + feature
    if !trains.isEmpty { return trains[place] }
    let count = counts.isEmpty ? 0 : UInt64(counts[place])
    let first = firsts.isEmpty ? 0 : UInt64(firsts[place] + 1)
    return [count << 32 | first]
  }
}

/// The words of one feature, each by the number of its first appearance.
private struct WordBook {
  private var known: [[UInt64]: UInt32] = [:]
  private(set) var numbers: [UInt32] = []

  mutating func append(_ word: [UInt64]) {
    let number = known[word] ?? UInt32(truncatingIfNeeded: known.count)
    if Int(number) == known.count { known[word] = number }
    numbers.append(number)
  }
}

/// Values as levels: each by itself where there are few, else equal bins of their whole range.
private struct ValueLevels {
  private var bins: (low: Double, width: Double, count: Int)?

  init(_ scalars: ArraySlice<Float>, _ most: Int) {
    var distinct: Set<Float> = []
    for value in scalars where distinct.count <= most { distinct.insert(value) }
    guard distinct.count > most, let low = scalars.min(), let high = scalars.max() else { return }
    bins = (Double(low), (Double(high) - Double(low)) / Double(most), most)
  }

  func level(_ value: Float) -> UInt32 {
    guard let bins else { return value.magnitudeBits }
    return UInt32(max(0, min(Double(bins.count - 1), (Double(value) - bins.low) / bins.width)))
  }
}
