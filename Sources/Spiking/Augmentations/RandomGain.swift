import Faults
import Tensors

/// Samples that are louder or softer.
public struct RandomGain: Augmentation {
  public var by = 0.2
  public var low: Double?
  public var high: Double?

  public init() {}

  public static let declaration = Declaration<RandomGain>(
    "random_gain",
    "An augmentation, for `fit(…, augment=…)`: multiplies each sample by a number from 1 - `by` to 1 + `by`, all equally likely.",
    [
      .number("by", \.by, .share, "how far from 1 at most"),
      .number("low", \.low, .finite, "the least that a number may become; nil for any"),
      .number("high", \.high, .finite, "the largest that a number may become, such as 1 for codes of rates"),
    ],
    example: "print(random_gain(0.1).by)   # expect: 0.1")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    var draws = stream
    return try samples.eachSample { _, old, new in
      let gain = Float(1 + by * (2 * draws.uniformDouble() - 1))
      for place in old.indices { new[place] = (old[place] * gain).clamped(low, high) }
    }
  }
}
