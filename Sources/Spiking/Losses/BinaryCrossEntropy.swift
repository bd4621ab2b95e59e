import Faults
import Tensors

/// Cross-entropy of yes and no, for each output by itself: `log(1 + e^s) - s y` with the score
/// `s = slope (reading - middle)`.
public struct BinaryCrossEntropy: DeclaredLoss {
  public var read = Readout.mean
  public var slope = 1.0
  public var middle = 0.0

  public init() {}

  public static let declaration = Declaration<BinaryCrossEntropy>(
    "binary_cross_entropy",
    """
    Cross-entropy of yes and no, 1 and 0, for each output by itself: masks, and samples that have several classes or none.
    The score of an output is `slope (reading - middle)`, and its probability 1 / (1 + e^-score). Targets that are nan
    count for nothing.
    """,
    [
      .choice("read", \.read, "what is read of an output over time: the \"mean\", the \"last\" step, the highest (\"max\"), the \"count\" or the step of the \"first_spike\""),
      .number("slope", \.slope, .finite, "how much a unit of the reading counts"),
      .number("middle", \.middle, .finite, "the reading at which yes and no are alike: for rates, say, 0.1 spikes a step"),
    ],
    example: "print(round(1000 * binary_cross_entropy(zeros([5, 1, 2]), [[1.0, 0.0]])))   # expect: 693")

  public let targets = TargetKind.numbers
  public var readout: Readout? { read }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let pair = try TargetPair(given, read, of: name)
    for value in pair.target.scalars where value < 0 || value > 1 {
      throw Fault(
        .value, "targets of `\(name)` are from 0 to 1", label: "found \(NumberText.whole(value))",
        help: "for other numbers take mse")
    }
    let score = try (pair.output - Float(middle)) * Float(slope)
    return try pair.mean(try score.unary(.softplus) - score * pair.target)
  }
}
