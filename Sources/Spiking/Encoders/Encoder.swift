// Encoders turn numbers into activity over time. Each one is a small value in a file of its own.

import Faults
import Tensors

/// What of a code's spikes is left to chance.
public enum CodeChance: Sendable {
  /// Nothing: the same values give the same spikes.
  case none
  /// At each step a spike is drawn by itself, with the value, rounded to 65536ths, as its probability.
  case bernoulli
  /// Something else.
  case other
}

/// A code: how a number from 0 to 1 becomes spikes (or a current) over `steps` time steps.
public protocol Encoder: Described, Sendable {
  /// The number of time steps of a code word; 0 where the sample's own time axis decides.
  var steps: Int { get }
  /// Whether a sample has a time axis before its features.
  var needsTime: Bool { get }
  /// What of the spikes is left to chance.
  var chance: CodeChance { get }
  /// Whether gradients flow through the code to the values; spikes that are drawn or timed have none.
  var carriesGradient: Bool { get }
  /// The features that enter the network at each step when a sample has the given shape. Most codes leave it.
  ///
  /// - Throws: `.shape` for a sample that cannot be encoded.
  func codedShape(for sample: [Int]) throws(Fault) -> [Int]
  /// A `.value` fault when a parameter cannot be used.
  func check() throws(Fault)
  /// A `.value` fault for a value that the code cannot tell of; most codes take 0...1.
  func checkValues(_ values: Tensor, of owner: String) throws(Fault)
  /// Encodes values that passed `checkValues`.
  ///
  /// - Parameters:
  ///   - values: `[batch, ...sample]`.
  ///   - stream: where random codes draw from; others ignore it.
  /// - Returns: `[steps, batch, ...coded features]`.
  func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal
}

extension Encoder {
  public var needsTime: Bool { false }
  public var chance: CodeChance { .other }
  public var carriesGradient: Bool { false }
  public func codedShape(for sample: [Int]) throws(Fault) -> [Int] { sample }
  public func checkValues(_ values: Tensor, of owner: String) throws(Fault) {
    try checkUnitInterval(values, of: owner)
  }

  /// Encodes a batch of samples, or one sample given without the batch axis (then the batch is 1): a list of features,
  /// or, for codes of changes over time, `[time]` or `[time, features]`.
  ///
  /// - Throws: `.value` for a number that cannot be encoded, naming it and where it stands; `.shape` for a single
  ///   number.
  public func encode(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    try check()
    guard values.rank > 0 else {
      throw Fault(
        .shape, "`\(name)` encodes lists of features, not a single number",
        help: "give it a tensor such as tensor([0.2, 0.9])")
    }
    let isOneSample = values.rank <= (needsTime ? 2 : 1)
    return try encode(batch: isOneSample ? try values.reshaped([1] + values.shape) : values, stream: stream)
  }

  /// Encodes a batch of samples, `[batch, ...sample]`.
  public func encode(batch values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    try check()
    if values.isTracked, !carriesGradient { throw Tape.leaving("the code `\(name)`") }
    try checkValues(values, of: "the values")
    return try code(values, stream: stream)
  }

  /// The samples of a tensor as the code takes them for a network of `inputs` features: `[batch, ...sample]`; nil when
  /// the tensor is neither one sample nor a batch that gives so many features.
  func samples(of tensor: Tensor, inputs: Int) throws(Fault) -> Tensor? {
    func fits(_ sample: [Int]) -> Bool {
      let coded = try? codedShape(for: sample)
      return coded.map { $0.reduce(1, *) == inputs } ?? false
    }
    if fits(tensor.shape) { return try tensor.reshaped([1] + tensor.shape) }
    return tensor.rank > 1 && fits(Array(tensor.shape.dropFirst())) ? tensor : nil
  }

  /// The features with `factor` entries for each entry of the first axis.
  func grown(_ features: [Int], by factor: Int) throws(Fault) -> [Int] {
    let first = features.first ?? 1
    let (product, overflow) = first.multipliedReportingOverflow(by: factor)
    let shape = [overflow ? Int.max : product] + features.dropFirst()
    _ = try Shape.count(shape)
    return shape
  }

  /// A `.value` fault when there are no steps.
  func checkSteps() throws(Fault) {
    guard steps >= 1 else {
      throw Fault(.value, "`\(name)` needs at least one step", label: "steps is \(steps)")
    }
  }

  /// A `.value` fault for a number outside 0...1, naming it and where it stands in `owner`.
  func checkUnitInterval(_ values: Tensor, of owner: String) throws(Fault) {
    guard let (value, place) = first(of: values, where: { !($0 >= 0 && $0 <= 1) }) else { return }
    let help = value.isNaN
      ? "a nan usually comes from 0 / 0 in the preparation of the data"
      : "scale the data first, for example x / max(x)"
    throw Fault(
      .value, "`\(name)` encodes values from 0 to 1", label: "\(owner) hold \(NumberText.whole(value)) at \(place)", help: help)
  }

  /// A `.value` fault for infinity or nan, naming where it stands in `owner`.
  func checkFinite(_ values: Tensor, of owner: String) throws(Fault) {
    if values.isFinite { return }
    guard let (value, place) = first(of: values, where: { !$0.isFinite }) else { return }
    throw Fault(
      .value, "`\(name)` encodes finite values", label: "\(owner) hold \(NumberText.whole(value)) at \(place)",
      help: "a nan usually comes from 0 / 0 in the preparation of the data")
  }

  /// The first offending value, and where it stands: "[1, 4]".
  private func first(of values: Tensor, where isWrong: (Float) -> Bool) -> (Float, String)? {
    let offender = values.withUnsafeBuffer { buffer in
      buffer.firstIndex(where: isWrong).map { ($0, buffer[$0]) }
    }
    return offender.map { ($0.1, Shape.text(Shape.index(of: $0.0, in: values.shape))) }
  }
}

extension Float {
  /// Half the distance to the next 32-bit float: a decimal or a fraction lies at most so far from the float that stands
  /// for it. Codes that compare values with a grid (steps, thresholds) do so in 64 bits and allow for this, so that 0.7,
  /// whose float is a little less, counts as 0.7. The allowance is far below what two different floats differ by.
  var roundingReach: Double { Double(ulp) / 2 }
}

/// Builds spikes sample by sample, divided among the threads: `train` writes all words of a sample, those of a step
/// `stride` words after those of the one before.
func spikeTrains(
  of values: Tensor, steps: Int,
  _ train: (_ sample: Int, _ values: UnsafePointer<Float>, _ words: UnsafeMutablePointer<UInt64>, _ stride: Int) -> Void
) throws(Fault) -> Spikes {
  var spikes = try Spikes(shape: [steps] + values.shape)
  let (features, rowWords) = (spikes.features, spikes.wordsPerRow)
  let stride = values.shape[0] * rowWords
  guard features > 0 else { return spikes }
  try values.withUnsafeBuffer { (source) throws(Fault) in
    guard let source = source.baseAddress else { return }
    _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
      try inParallel(values.shape[0], workPerItem: steps * features) { samples in
        for sample in samples { train(sample, source + sample * features, words + sample * rowWords, stride) }
      }
    }
  }
  return spikes
}

/// Builds spikes feature by feature: `train` is given each non-zero value, and calls `fire` with every step at which
/// that feature spikes. Samples are divided among the threads; each begins with a `state` of its own, by its number,
/// which `train` may change from feature to feature; codes that need none give `()`.
func spikeTrains<State>(
  of values: Tensor, steps: Int, state begin: (_ sample: Int) -> State,
  _ train: (_ value: Float, _ state: inout State, _ fire: (_ step: Int) -> Void) -> Void
) throws(Fault) -> Spikes {
  let features = values.shape.dropFirst().reduce(1, *)
  return try spikeTrains(of: values, steps: steps) { sample, values, words, stride in
    var state = begin(sample)
    for feature in 0..<features where values[feature] != 0 {
      let bit = UInt64(1) << UInt64(feature & 63)
      train(values[feature], &state) { step in words[step * stride + feature >> 6] |= bit }
    }
  }
}
