import Faults
import Tensors

/// Samples with some of their numbers gone, as events are that a sensor misses.
public struct RandomDrop: Augmentation {
  public var share = 0.1

  public init() {}

  public static let declaration = Declaration<RandomDrop>(
    "random_drop",
    "An augmentation, for `fit(…, augment=…)`: sets each number of a sample to 0 with a probability: events that are missed.",
    [.number("share", \.share, .share, "the probability")],
    example: "print(random_drop(0.2).share)   # expect: 0.2")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    var draws = stream
    return try samples.eachSample { _, old, new in
      for place in old.indices where old[place] != 0 && draws.uniformDouble() >= share { new[place] = old[place] }
    }
  }
}
