import Faults
import Tensors

/// `d^2 / 2` for distances up to delta, and `delta (|d| - delta / 2)` beyond (Huber 1964).
public struct Huber: DeclaredLoss {
  public var delta = 1.0
  public var read = Readout.mean

  public init() {}

  public static let declaration = Declaration<Huber>(
    "huber",
    """
    A loss of numbers that forgives outliers (Huber 1964): `d^2 / 2` for distances d up to `delta`, and
    `delta (|d| - delta / 2)` beyond. Targets that are nan count for nothing.
    """,
    [.number("delta", \.delta, .positive, "the distance from which on the loss grows straight"), .read(\.read)],
    example: "print(huber(tensor([[[1.5, 3.0]]]), tensor([[1.0, 1.0]])))   # expect: 0.8125")

  public let targets = TargetKind.numbers
  public var readout: Readout? { read }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let pair = try TargetPair(given, read, of: name)
    let distance = try (pair.output - pair.target).unary(.abs)
    let near = try Tensor.binary(.minimum, distance, try Tensor.scalar(Float(delta)))
    return try pair.mean(try near * (distance - near * 0.5))
  }
}
