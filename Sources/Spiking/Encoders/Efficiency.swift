// Eq. 8 of arXiv 2602.02439: how much a code's spikes tell of what was encoded, for each spike.

import Faults
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
  /// Values that differ more finely are put into so many equal bins.
  public var levels = 32
  /// At most so many samples are used, from the first.
  public var samples = 2000
  public var correction = InformationCorrection.millerMadow
  public var seed: UInt64 = 0

  public init() {}
}

/// What a code's spikes tell, and what they cost.
public struct CodeEfficiency: Sendable {
  /// Bits a sample: the sum over the features, each taken by itself. It is the information of the whole sample only
  /// where features are independent.
  public var information: Double
  /// Spikes a sample.
  public var spikes: Double
  /// Bits for each spike.
  public var bitsPerSpike: Double
  public var estimator: String
  public var correction: InformationCorrection
  /// How many samples were used.
  public var samples: Int
  /// How many features were looked at, each by itself.
  public var features: Int
}

/// The mutual information between what was encoded and the spikes, over the number of spikes (Eq. 8).
///
/// For each feature the plug-in estimate of the mutual information of a table: its value (or the sample's class)
/// against the word read from its spikes; a population's word is that of all its neurons. Random codes draw each sample
/// once.
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
      .value, "there are no labels to tell of", label: "\(labels.count) labels for \(number) samples",
      help: "give a data set, or take of=\"input\"")
  }
  let sample = Array(whole.shape.dropFirst())
  try encoder.checkValues(whole, of: "the values")
  if options.subject == .input, encoder.needsTime {
    throw Fault(
      .value, "`\(encoder.name)` tells of changes, not of values",
      label: "its spikes have no single value that they encode", help: "take of=\"label\"")
  }
  let groups = try WordGroups(encoder, sample: sample, subject: options.subject)
  var words = [WordBook](repeating: WordBook(), count: groups.count)
  var total = 0
  let size = 256
  for (batch, start) in stride(from: 0, to: number, by: size).enumerated() {
    try Interrupt.check()
    let end = min(number, start + size)
    let part = try whole.indexed([.range(start, end)])
    let stream = RandomStream(seed: options.seed, purpose: "efficiency", index: UInt64(batch))
    guard let spikes = try encoder.code(part, stream: stream).spikes else {
      throw Fault(
        .value, "`\(encoder.name)` gives currents, not spikes", label: "there is no spike to divide by",
        help: "take a code of spikes, such as hybrid(steps=20)")
    }
    total += spikes.total
    let reader = try WordReader(spikes, options.word)
    for row in 0..<(end - start) {
      for group in 0..<groups.count {
        words[group].append(groups.members(group).flatMap { reader.word(sample: row, feature: $0) })
      }
    }
  }
  guard total > 0 else {
    throw Fault(
      .value, "the code made no spikes", label: "\(encoder.callText) on \(number) samples",
      help: "are all values 0, or the threshold out of their reach?")
  }
  let subjects = try SubjectTable(whole, labels: labels, samples: number, options)
  var information = 0.0
  for group in 0..<groups.count {
    try Interrupt.check()
    information += subjects.information(about: group, words[group].numbers, options)
  }
  let spikes = Double(total) / Double(number)
  let about = options.subject == .input ? "value" : "class"
  return CodeEfficiency(
    information: information, spikes: spikes, bitsPerSpike: information / spikes,
    estimator: "plug-in, \(about) against \(options.word.phrase), feature by feature", correction: options.correction,
    samples: number, features: groups.count)
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

/// Which coded features together tell of one thing: the neurons of a population of their value.
private struct WordGroups {
  var count: Int
  private var neurons = 1
  private var rests = 1

  init(_ encoder: any Encoder, sample: [Int], subject: EfficiencyOptions.Subject) throws(Fault) {
    let coded = try encoder.codedShape(for: sample).reduce(1, *)
    let features = sample.reduce(1, *)
    count = coded
    guard subject == .input, features > 0, coded > features else { return }
    count = features
    neurons = coded / features
    rests = max(1, sample.dropFirst().reduce(1, *))
  }

  func members(_ group: Int) -> [Int] {
    let first = group / rests * neurons * rests + group % rests
    return (0..<neurons).map { first + $0 * rests }
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

/// What the spikes should tell of, sample by sample.
private struct SubjectTable {
  private let labels: [UInt32]
  private let samples: Int
  private let bins: (low: Float, width: Float)?
  private let scalars: [Float]
  private let features: Int

  init(_ values: Tensor, labels: [Int], samples: Int, _ options: EfficiencyOptions) throws(Fault) {
    self.samples = samples
    self.labels = options.subject == .label ? labels.prefix(samples).map { UInt32(truncatingIfNeeded: $0) } : []
    scalars = values.scalars
    features = values.shape.dropFirst().reduce(1, *)
    var distinct: Set<Float> = []
    for value in scalars.prefix(samples * features) where distinct.count <= options.levels { distinct.insert(value) }
    guard distinct.count > options.levels, let low = scalars.min(), let high = scalars.max() else {
      bins = nil
      return
    }
    bins = (low, (high - low) / Float(options.levels))
  }

  /// The information about one feature, in bits.
  func information(about feature: Int, _ words: [UInt32], _ options: EfficiencyOptions) -> Double {
    let subjects = labels.isEmpty ? (0..<samples).map { level(scalars[$0 * features + feature], options) } : labels
    let table = PairTable(subjects, words)
    switch options.correction {
    case .none: return table.plugIn
    case .millerMadow: return table.plugIn - table.millerMadowBias
    case .shuffle:
      let rounds = 8
      var draws = RandomStream(seed: options.seed, purpose: "shuffle correction", index: UInt64(feature))
      var chance = 0.0
      for _ in 0..<rounds {
        var other = words
        draws.shuffle(&other)
        chance += PairTable(subjects, other).plugIn
      }
      return table.plugIn - chance / Double(rounds)
    }
  }

  private func level(_ value: Float, _ options: EfficiencyOptions) -> UInt32 {
    guard let bins else { return value == 0 ? 0 : value.bitPattern }
    return UInt32(max(0, min(Float(options.levels - 1), (value - bins.low) / bins.width)))
  }
}
