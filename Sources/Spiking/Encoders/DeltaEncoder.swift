// The delta code: spikes where a signal changes, as event cameras and silicon cochleas send them.

import Faults
import Tensors

/// Send-on-delta: a feature remembers the value that it last told of, and spikes when its input has moved away from it
/// by `threshold`: on one channel for a rise, on another for a fall; what it remembers then moves by one threshold.
///
/// So a constant costs nothing, a steep change takes several spikes in a row, and `first + threshold (rises - falls)`
/// follows the signal to within a threshold wherever it moves by no more than a threshold in a step. After the
/// asynchronous delta modulator of event cameras (Lichtsteiner, Posch and Delbruck 2008), with steps for time.
///
/// What was told is `first + n threshold` in 64 bits with n counted, so that nothing adds up however long the signal. A
/// change counts as a threshold when it falls short of it by no more than the rounding of the signal to 32-bit floats,
/// and by no more than a quarter of it: a signal of decimals spikes as the decimals would, and a threshold finer than
/// the floats can tell apart still falls silent on a constant.
///
/// The values have a time axis, `[batch, time, ...features]`. The first axis of the features doubles: an entry becomes
/// two neighbours, its rises and its falls; `[1, 34, 34]` gives `[2, 34, 34]`, and 16 features give 32.
public struct DeltaEncoder: Encoder {
  public let name = "delta"
  /// The change that makes a spike, in units of the values.
  public var threshold: Double
  /// The steps of a code word, or nil for one step for each time of the values. With another number of steps the
  /// signal is drawn out or condensed along straight lines between its values.
  public var fixedSteps: Int?

  public init(threshold: Double, steps: Int? = nil) {
    self.threshold = threshold
    fixedSteps = steps
  }

  /// 0 where the values decide about it.
  public var steps: Int { fixedSteps ?? 0 }
  public var needsTime: Bool { true }

  public var settings: [(name: String, value: Setting)] {
    [("threshold", .number(threshold))] + (fixedSteps.map { [("steps", .integer($0))] } ?? [])
  }

  public var chance: CodeChance { .none }

  public func check() throws(Fault) {
    guard threshold > 0, threshold.isFinite else {
      throw Fault(
        .value, "`threshold` of `delta` must be greater than 0", label: "threshold is \(threshold)",
        help: "it is the change that makes a spike, in units of the values")
    }
    if fixedSteps != nil { try checkSteps() }
  }

  public func codedShape(for sample: [Int]) throws(Fault) -> [Int] {
    guard let times = sample.first, times >= 1 else {
      throw Fault(
        .shape, "`delta` encodes changes over time", label: "a sample is \(Shape.text(sample)), without a time axis",
        help: "a sample of it is [time] or [time, features]")
    }
    return try grown(Array(sample.dropFirst()), by: 2)
  }

  public func checkValues(_ values: Tensor, of owner: String) throws(Fault) { try checkFinite(values, of: owner) }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let coded = try codedShape(for: Array(values.shape.dropFirst()))
    let (batch, times) = (values.shape[0], values.shape[1])
    let steps = fixedSteps ?? times
    let features = values.shape.dropFirst(2).reduce(1, *)
    let threshold = threshold
    let feature = { (entry: Int, rest: Int, rests: Int, falls: Int) in (2 * entry + falls) * rests + rest }
    var spikes = try Spikes(shape: [steps, batch] + coded)
    let rests = max(1, values.shape.dropFirst(3).reduce(1, *))
    let rowWords = spikes.wordsPerRow
    guard features > 0, batch > 0 else { return .spikes(spikes) }
    try values.withUnsafeBuffer { (source) throws(Fault) in
      _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
        try inParallel(batch, workPerItem: 4 * steps * features) { samples in
          for sample in samples {
            for index in 0..<features {
              let at = { (time: Int) in source[(sample * times + time) * features + index] }
              let first = Double(at(0))
              let reach = at(0).roundingReach
              var thresholds = 0
              for step in 0..<steps {
                let (value, error) = Self.value(step, of: steps, times: times, at)
                let change = value - (first + Double(thresholds) * threshold)
                guard change.magnitude >= threshold - min(reach + error, threshold / 4) else { continue }
                let place = feature(index / rests, index % rests, rests, change > 0 ? 0 : 1)
                words[(step * batch + sample) * rowWords + place >> 6] |= 1 << UInt64(place & 63)
                thresholds += change > 0 ? 1 : -1
              }
            }
          }
        }
      }
    }
    return .spikes(spikes)
  }

  /// The signal at a step, along straight lines where there are more or fewer steps than values, and how far the
  /// rounding to 32-bit floats may have moved it.
  @inline(__always)
  private static func value(
    _ step: Int, of steps: Int, times: Int, _ at: (Int) -> Float
  ) -> (value: Double, error: Double) {
    func known(_ time: Int) -> (value: Double, error: Double) { (Double(at(time)), at(time).roundingReach) }
    if steps == times { return known(step) }
    if steps == 1 || times == 1 { return known(0) }
    // Divided last, so that a step that falls on a time is that time.
    let place = Double(step) * Double(times - 1) / Double(steps - 1)
    let before = min(times - 2, Int(place))
    let (low, high) = (known(before), known(before + 1))
    let value = low.value + (place - Double(before)) * (high.value - low.value)
    return (value, max(low.error, high.error))
  }
}
