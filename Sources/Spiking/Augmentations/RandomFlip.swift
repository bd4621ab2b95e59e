import Faults
import Tensors

/// Images as in a mirror.
public struct RandomFlip: Augmentation {
  public var share = 0.5

  public init() {}

  public static let declaration = Declaration<RandomFlip>(
    "random_flip",
    "An augmentation, for `fit(…, augment=…)`: turns some of the samples around along their last axis, left to right.",
    [.number("share", \.share, .share, "how many of them")],
    example: "print(random_flip().share)   # expect: 0.5")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    try checkAxes(samples, atLeast: 1, "columns")
    let columns = max(1, samples.shape[samples.rank - 1])
    var draws = stream
    return try samples.eachSample { _, old, new in
      let isTurned = draws.uniformDouble() < share
      for place in old.indices {
        new[place] = isTurned ? old[place / columns * columns + columns - 1 - place % columns] : old[place]
      }
    }
  }
}
