// The rate code: a number becomes a firing probability, or a regular train of the same rate.

import Faults
import Tensors

/// Fires at each step with probability `x`, or, when not `random`, regularly: `x` is integrated and every whole
/// unit that is reached becomes a spike. Probabilities are rounded to whole 65536ths.
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
        try spikeTrains(of: values, steps: steps, state: { _ in () }) { value, _, fire in
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
      try spikeTrains(
        of: values, steps: steps,
        state: { sample in RandomStream(seed: seed, purpose: "rate code", index: UInt64(sample)) }
      ) { value, draws, fire in
        // Sixteen bits decide about a step, so that one draw serves four of them.
        let limit = UInt64((value * 65_536).rounded())
        var bits: UInt64 = 0
        for t in 0..<steps {
          bits = t & 3 == 0 ? draws.nextBits() : bits >> 16
          if bits & 0xffff < limit { fire(t) }
        }
      })
  }
}
