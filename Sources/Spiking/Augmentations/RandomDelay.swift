import Faults
import Tensors

/// Samples that begin some steps earlier or later.
public struct RandomDelay: Augmentation {
  public var steps = 2

  public init() {}

  public static let declaration = Declaration<RandomDelay>(
    "random_delay",
    """
    An augmentation, for `fit(…, augment=…)`: moves each sample `[time, ...features]` by up to so many steps forth or back
    in time, a recording `[samples]` by so many samples; steps without a sample are 0.
    """,
    [.integer("steps", \.steps, 0...1_000_000, "how far at most")],
    example: "print(random_delay(5).steps)   # expect: 5")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    try checkAxes(samples, atLeast: 1, "a time axis")
    let time = samples.shape[1]
    let width = samples.shape.dropFirst(2).reduce(1, *)
    var draws = stream
    return try samples.eachSample { _, old, new in
      let late = draws.integer(below: 2 * steps + 1) - steps
      for step in max(0, late)..<max(max(0, late), min(time, time + late)) {
        for feature in 0..<width { new[step * width + feature] = old[(step - late) * width + feature] }
      }
    }
  }
}
