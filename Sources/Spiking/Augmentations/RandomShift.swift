import Faults
import Tensors

/// Images moved by some pixels up, down, left or right.
public struct RandomShift: Augmentation {
  public var pixels = 2

  public init() {}

  public static let declaration = Declaration<RandomShift>(
    "random_shift",
    """
    An augmentation, for `fit(…, augment=…)`: moves each image by up to so many pixels along each of its last two axes;
    what comes in from beyond the edge is 0. Each of the moves is equally likely.
    """,
    [.integer("pixels", \.pixels, 0...1_000_000, "how far at most")],
    example: "print(random_shift(3).pixels)   # expect: 3")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    try checkAxes(samples, atLeast: 2, "rows and columns")
    let (rows, columns) = (samples.shape[samples.rank - 2], samples.shape[samples.rank - 1])
    var draws = stream
    return try samples.eachSample { _, old, new in
      let down = draws.integer(below: 2 * pixels + 1) - pixels
      let right = draws.integer(below: 2 * pixels + 1) - pixels
      for plane in 0..<old.count / max(1, rows * columns) {
        for row in max(0, down)..<max(max(0, down), min(rows, rows + down)) {
          let (to, from) = ((plane * rows + row) * columns, (plane * rows + row - down) * columns)
          for column in max(0, right)..<max(max(0, right), min(columns, columns + right)) { new[to + column] = old[from + column - right] }
        }
      }
    }
  }
}
