import Kernels

/// `max(0, 1 - |x| / width) / width`: a triangle of unit area (after Bellec et al. 2018).
public struct Triangle: Surrogate {
  public var width: Float = 1

  public init() {}

  public init(width: Float) { self.width = width }

  public static let declaration = Declaration<Triangle>(
    "triangle",
    "A surrogate gradient: `max(0, 1 - |x| / width) / width`, with x the distance to the threshold (after Bellec et al. 2018).",
    [.number("width", \.width, .positive, "where it ends on both sides")],
    example: "print(triangle()(0.5))   # expect: 0.5")

  public var shape: SurrogateShape { .triangle(width: width) }
}
