// Encoders turn numbers into activity over time. Each one is a small value in a file of its own.

import Faults
import Tensors

/// A code: how a number from 0 to 1 becomes spikes (or a current) over `steps` time steps.
public protocol Encoder: Described, Sendable {
  /// The number of time steps of a code word.
  var steps: Int { get }
  /// A `.value` fault when a parameter cannot be used.
  func check() throws(Fault)
  /// Encodes values that are known to lie in 0...1.
  ///
  /// - Parameters:
  ///   - values: `[batch, ...features]`.
  ///   - stream: where random codes draw from; others ignore it.
  /// - Returns: `[steps, batch, ...features]`.
  func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal
}

extension Encoder {
  /// Encodes a batch of samples, or one sample given as a one-dimensional tensor (then the batch is 1).
  ///
  /// - Throws: `.value` for a number outside 0...1, naming it and where it stands; `.shape` for a single number.
  public func encode(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    try check()
    guard values.rank > 0 else {
      throw Fault(
        .shape, "`\(name)` encodes lists of features, not a single number",
        help: "give it a tensor such as tensor([0.2, 0.9])")
    }
    let batched = values.rank == 1 ? try values.detached.reshaped([1, values.count]) : values.detached
    try checkUnitInterval(batched, of: "the values")
    return try code(batched, stream: stream)
  }

  /// A `.value` fault when there are no steps.
  func checkSteps() throws(Fault) {
    guard steps >= 1 else {
      throw Fault(.value, "`\(name)` needs at least one step", label: "steps is \(steps)")
    }
  }

  /// A `.value` fault for a number outside 0...1, naming it and where it stands in `owner`.
  func checkUnitInterval(_ values: Tensor, of owner: String) throws(Fault) {
    let offender = values.withUnsafeBuffer { buffer in
      buffer.firstIndex { !($0 >= 0 && $0 <= 1) }.map { ($0, buffer[$0]) }
    }
    guard let (place, value) = offender else { return }
    var index: [Int] = []
    var rest = place
    for size in values.shape.reversed() {
      index.insert(rest % max(size, 1), at: 0)
      rest /= max(size, 1)
    }
    let help = value.isNaN
      ? "a nan usually comes from 0 / 0 in the preparation of the data"
      : "scale the data first, for example x / max(x)"
    throw Fault(
      .value, "`\(name)` encodes values from 0 to 1", label: "\(owner) hold \(value) at \(Shape.text(index))",
      help: help)
  }
}

/// Builds spikes feature by feature: `train` is given each non-zero value, and calls `fire` with every step at which
/// that feature spikes. Samples are divided among the threads; each begins with a `state` of its own, by its number,
/// which `train` may change from feature to feature; codes that need none give `()`.
func spikeTrains<State>(
  of values: Tensor, steps: Int, state begin: (_ sample: Int) -> State,
  _ train: (_ value: Float, _ state: inout State, _ fire: (_ step: Int) -> Void) -> Void
) throws(Fault) -> Spikes {
  var spikes = try Spikes(shape: [steps] + values.shape)
  let features = spikes.features
  let rowWords = spikes.wordsPerRow
  let stepWords = values.shape[0] * rowWords
  guard features > 0 else { return spikes }
  try values.withUnsafeBuffer { (source) throws(Fault) in
    _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
      try inParallel(values.shape[0], workPerItem: steps * features) { samples in
        for sample in samples {
          var state = begin(sample)
          for feature in 0..<features {
            let value = source[sample * features + feature]
            if value == 0 { continue }
            let bit = UInt64(1) << UInt64(feature & 63)
            let place = sample * rowWords + feature >> 6
            train(value, &state) { step in words[step * stepWords + place] |= bit }
          }
        }
      }
    }
  }
  return spikes
}
