import Kernels

/// `1 / width` within half a width of the threshold, 0 beyond.
public struct Box: Surrogate {
  public var width: Float = 1

  public init() {}

  public static let declaration = Declaration<Box>(
    "box",
    "A surrogate gradient: `1 / width` within half a width of the threshold, and 0 beyond.",
    [.number("width", \.width, .positive, "how wide it is")],
    example: "print(box()(0.25), box()(0.75))   # expect: 1.0 0.0")

  public var shape: SurrogateShape {
    let (half, height) = (width / 2, 1 / width)
    return Self.shape(reach: half.nextUp) { x in x.magnitude <= half ? height : x.isNaN ? x : 0 }
  }
}
