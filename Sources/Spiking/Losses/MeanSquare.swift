import Faults
import Tensors

/// The mean squared distance of the output from numbers.
public struct MeanSquare: DeclaredLoss {
  public var read = Readout.mean

  public init() {}

  public init(read: Readout) { self.read = read }

  public static let declaration = Declaration<MeanSquare>(
    "mse",
    """
    The mean squared distance of the output from numbers: what `read` makes of an output over time, or each step where
    the targets have a number for each. Targets that are nan count for nothing.
    """, [.read(\.read)],
    example: "print(mse(tensor([[[1.0, 3.0]]]), tensor([[1.0, 1.0]])))   # expect: 2.0")

  public let targets = TargetKind.numbers
  public var readout: Readout? { read }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let pair = try TargetPair(given, read, of: name)
    return try pair.mean(try (pair.output - pair.target).unary(.square))
  }
}
