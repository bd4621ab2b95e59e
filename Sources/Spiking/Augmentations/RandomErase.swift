import Faults
import Tensors

/// Images with a square cut out.
public struct RandomErase: Augmentation {
  public var size = 4

  public init() {}

  public static let declaration = Declaration<RandomErase>(
    "random_erase",
    """
    An augmentation, for `fit(…, augment=…)`: sets a square of each image to 0, in all its channels and steps (DeVries and
    Taylor 2017, "cutout"). Its middle is anywhere in the image, so that some of it may lie beyond the edge.
    """,
    [.integer("size", \.size, 1...1_000_000, "pixels on a side")],
    example: "print(random_erase(2).size)   # expect: 2")

  public func changed(_ samples: Tensor, stream: RandomStream) throws(Fault) -> Tensor {
    try checkAxes(samples, atLeast: 2, "rows and columns")
    let (rows, columns) = (samples.shape[samples.rank - 2], samples.shape[samples.rank - 1])
    var draws = stream
    return try samples.eachSample { _, old, new in
      let top = draws.integer(below: rows) - size / 2
      let left = draws.integer(below: columns) - size / 2
      for place in old.indices {
        let (row, column) = (place / columns % rows, place % columns)
        let isCut = row >= top && row < top + size && column >= left && column < left + size
        new[place] = isCut ? 0 : old[place]
      }
    }
  }
}
