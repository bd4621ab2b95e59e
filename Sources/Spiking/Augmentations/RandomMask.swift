import Faults
import Tensors

/// Features over time of which stretches of time and bands of features are silent.
public struct RandomMask: Augmentation {
  public var steps = 10
  public var features = 8
  public var count = 1

  public init() {}

  public static let declaration = Declaration<RandomMask>(
    "random_mask",
    """
    An augmentation, for `fit(…, augment=…)`: sets stretches of up to `steps` steps, and bands of up to `features` features, of
    each sample `[time, features]` to 0, anywhere in it: the masks of SpecAugment (D. S. Park et al., Interspeech 2019,
    arXiv 1904.08779), for mel bands and spikes of a cochlea. Lengths from 0 on are equally likely.
    """,
    [
      .integer("steps", \.steps, 0...1_000_000, "how long a stretch of time is at most; 0 for none"),
      .integer("features", \.features, 0...1_000_000, "how wide a band of features is at most; 0 for none"),
      .integer("count", \.count, 1...100, "how many of each"),
    ],
    example: "print(random_mask(20, features=4).features)   # expect: 4")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    try checkAxes(samples, atLeast: 2, "a time axis and features")
    let time = samples.shape[1]
    let width = samples.shape.dropFirst(2).reduce(1, *)
    var draws = stream
    /// A stretch of up to `most` of `all` places.
    func stretch(_ most: Int, of all: Int) -> Range<Int> {
      let length = draws.integer(below: min(most, all) + 1)
      let start = draws.integer(below: all - length + 1)
      return start..<(start + length)
    }
    return try samples.eachSample { _, old, new in
      for place in old.indices { new[place] = old[place] }
      for _ in 0..<count {
        for step in stretch(steps, of: time) {
          for feature in 0..<width { new[step * width + feature] = 0 }
        }
        let band = stretch(features, of: width)
        for step in 0..<time {
          for feature in band { new[step * width + feature] = 0 }
        }
      }
    }
  }
}
