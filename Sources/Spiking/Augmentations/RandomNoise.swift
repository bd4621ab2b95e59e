import Faults
import Tensors

/// Samples with noise.
public struct RandomNoise: Augmentation {
  public var sd = 0.1
  public var low: Double?
  public var high: Double?

  public init() {}

  public static let declaration = Declaration<RandomNoise>(
    "random_noise",
    "An augmentation, for `fit(…, augment=…)`: adds a normal number of mean 0 to each number of a sample.",
    [
      .number("sd", \.sd, .notNegative, "its standard deviation"),
      .number("low", \.low, .finite, "the least that a number may become; nil for any"),
      .number("high", \.high, .finite, "the largest that a number may become, such as 1 for codes of rates"),
    ],
    example: "print(random_noise(0.05).sd)   # expect: 0.05")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    var draws = stream
    return try samples.eachSample { _, old, new in
      for place in old.indices { new[place] = (old[place] + Float(sd) * draws.normal()).clamped(low, high) }
    }
  }
}
