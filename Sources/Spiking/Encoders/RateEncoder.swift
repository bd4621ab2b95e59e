// The rate code: a number becomes a firing probability, or a regular train of the same rate.

import Faults
import Tensors

/// Fires at each step with probability `x`, or, when not `random`, regularly: `x` is integrated and every whole
/// unit that is reached becomes a spike.
public struct RateEncoder: Encoder {
  public let name = "rate"
  public var steps: Int
  /// Whether spikes are drawn (a Bernoulli process) or placed regularly.
  public var random: Bool

  public init(steps: Int, random: Bool = true) {
    self.steps = steps
    self.random = random
  }

  public var settings: [(name: String, value: Setting)] {
    [("steps", .integer(steps))] + (random ? [] : [("random", .flag(false))])
  }

  public func check() throws(Fault) { try checkSteps() }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let steps = steps
    if !random {
      return .spikes(
        try spikeTrains(of: values, steps: steps) { value, _, _, fire in
          var membrane: Float = 0
          for t in 0..<steps {
            membrane += value
            if membrane >= 1 {
              fire(t)
              membrane -= 1
            }
          }
        })
    }
    var source = stream
    let seed = source.nextBits()
    return .spikes(
      try spikeTrains(of: values, steps: steps) { value, sample, feature, fire in
        var draws = RandomStream(
          seed: seed, purpose: "rate code", index: UInt64(sample) << 32 | UInt64(feature))
        for t in 0..<steps where draws.uniform() < value { fire(t) }
      })
  }
}
