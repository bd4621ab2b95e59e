import Faults
import Tensors

/// The mean squared distance of each class's firing rate (spikes a step) from its target: `correct` for the class of
/// the label and `incorrect` for the others.
public struct SpikeRateMeanSquare: DeclaredLoss {
  public var correct: Float = 0.8
  public var incorrect: Float = 0.05

  public init() {}

  public static let declaration = Declaration<SpikeRateMeanSquare>(
    "spike_rate_mse", "The mean squared distance of each class's firing rate (spikes a step) from its target.",
    [
      .number("correct", \.correct, .finite, "spikes a step of the class of the label"),
      .number("incorrect", \.incorrect, .finite, "spikes a step of the other classes"),
    ])

  public let targets = TargetKind.classes
  public var decoder: Decoder? { .spikeCount }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let (output, labels) = (given.output, given.target)
    try LossShapes.check(output, of: name)
    guard labels.shape == [output.shape[1]] else {
      throw Fault(
        .shape, "`\(name)` takes one label for each sample",
        label: "the output is \(Shape.text(output.shape)), the labels are \(Shape.text(labels.shape))",
        help: "the axes of the output are [time, batch, classes]")
    }
    let truth = try Tensor.oneHot(labels.detached, classes: output.shape[2])
    let target = try truth * (correct - incorrect) + incorrect
    return try (output.mean(over: [0]) - target).unary(.square).mean()
  }
}
