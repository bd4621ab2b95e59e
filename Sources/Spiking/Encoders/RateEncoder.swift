// The rate code: a number becomes a firing probability, or a regular train of the same rate.

import Faults
import Kernels
import Tensors

/// Fires at each step with probability `x`, or, when not `random`, regularly: `x` is integrated and every whole
/// unit that is reached becomes a spike.
///
/// Probabilities are rounded to whole 65536ths, because sixteen random bits decide about a step: a value below 1 / 131072
/// never fires, and one within that of 1 fires at each step. The regular code has fired `floor(t x)` times after t steps,
/// exactly, for each decimal and fraction x = k / n with t n < 2^24, and for whole 4096ths after any number of steps.
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

  public var chance: CodeChance { random ? .bernoulli : .none }

  public func check() throws(Fault) { try checkSteps() }

  public func code(_ values: Tensor, stream: RandomStream) throws(Fault) -> Signal {
    let (steps, features) = (steps, values.shape.dropFirst().reduce(1, *))
    if !random {
      return .spikes(
        try spikeTrains(of: values, steps: steps) { _, values, words, stride in
          kernels.regularTrains(values, features: features, steps: steps, words: words, stride: stride)
        })
    }
    var source = stream
    let seed = source.nextBits()
    let perTrain = kernels.drawsPerTrain(steps: steps)
    return .spikes(
      try spikeTrains(of: values, steps: steps) { sample, values, words, stride in
        var stream = RandomStream(seed: seed, purpose: "rate code", index: UInt64(sample))
        // Sixteen bits decide about a step, so that a word serves two of them; a number that is 0 takes none.
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64 * perTrain / 2 + 32) { room in
          guard let draws = room.baseAddress else { return }
          for first in Swift.stride(from: 0, to: features, by: 64) {
            let part = first..<min(features, first + 64)
            let wanted = perTrain / 2 * part.reduce(0) { $0 + (values[$1] == 0 ? 0 : 1) }
            stream.draw(wanted, into: draws)
            for i in wanted..<wanted + 32 { draws[i] = 0 }
            draws.withMemoryRebound(to: UInt16.self, capacity: 2 * wanted + 64) { draws in
              kernels.drawTrains(
                values + first, features: part.count, steps: steps, draws: draws, words: words + first / 64,
                stride: stride)
            }
          }
        }
      })
  }
}
