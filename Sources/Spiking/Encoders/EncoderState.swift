// A code driven one step at a time, with what it carries in the caller's hand: for values that change from step to step.

import Faults
import Tensors

/// What a code carries from one step to the next; a value.
public struct EncoderState: Sendable, Equatable {
  /// Names the draws of random codes.
  let seed: UInt64
  /// Steps that are done.
  public var step = 0
  /// For codes of changes: for each feature the first value, and the thresholds told since.
  var first: [Float] = []
  var told: [Int] = []

  public init(seed: UInt64) { self.seed = seed }
}

extension Encoder {
  /// Encodes the values of one step.
  ///
  /// A code of so many steps begins again after them. Of a value that stays the steps are those of its code word; of one
  /// that changes each step is that of the word of the value as it is now. A code of changes goes on without an end.
  ///
  /// - Parameters:
  ///   - values: `[batch, ...sample]`; for codes of changes without a time axis.
  ///   - state: as the last step left it.
  /// - Returns: `[1, batch, ...coded features]`.
  /// - Throws: `.value` for a number that cannot be encoded; `.shape` for other features than those of the step before.
  public func step(_ values: Tensor, _ state: inout EncoderState) throws(Fault) -> Signal {
    try check()
    guard values.rank >= 2 else {
      throw Fault(
        .shape, "a step of `\(name)` takes the values of a batch", label: "found \(Shape.text(values.shape))",
        help: "their axes are [batch, features]")
    }
    if let delta = self as? DeltaEncoder { return try delta.stepOfChanges(values, &state) }
    guard !needsTime, steps >= 1 else {
      throw Fault(.value, "`\(name)` has no single steps", label: "it encodes whole signals")
    }
    let (word, place) = state.step.quotientAndRemainder(dividingBy: steps)
    let stream = RandomStream(seed: state.seed, purpose: "encode", index: UInt64(word))
    let coded = try encode(batch: values, stream: stream)
    state.step += 1
    return try coded.steps(place..<place + 1)
  }
}

extension DeltaEncoder {
  fileprivate func stepOfChanges(_ values: Tensor, _ state: inout EncoderState) throws(Fault) -> Signal {
    try checkValues(values, of: "the values")
    guard fixedSteps == nil else {
      throw Fault(
        .value, "`delta` with steps of its own has no single steps", label: callText, help: "leave `steps` out: delta(threshold=\(threshold))")
    }
    let now = values.scalars
    if state.step == 0 { (state.first, state.told) = (now, now.map { _ in 0 }) }
    guard state.first.count == now.count else {
      throw Fault(
        .shape, "the state does not fit the values", label: "it is of \(counted(state.first.count, "value")), and there are \(now.count)",
        help: "begin with nil, and give the state that the last step gave")
    }
    let coded = try codedShape(for: [1] + values.shape.dropFirst())
    var spikes = try Spikes(shape: [1, values.shape[0]] + coded)
    let features = values.shape.dropFirst().reduce(1, *)
    let rests = max(1, values.shape.dropFirst(2).reduce(1, *))
    for (number, value) in now.enumerated() {
      let (sample, index) = (number / max(1, features), number % max(1, features))
      let first = state.first[number]
      let change = Double(value) - (Double(first) + Double(state.told[number]) * threshold)
      guard change.magnitude >= threshold - min(first.roundingReach + value.roundingReach, threshold / 4) else { continue }
      let place = (2 * (index / rests) + (change > 0 ? 0 : 1)) * rests + index % rests
      spikes.words[sample * spikes.wordsPerRow + place / 64] |= 1 << UInt64(place % 64)
      state.told[number] += change > 0 ? 1 : -1
    }
    state.step += 1
    return .spikes(spikes)
  }
}
