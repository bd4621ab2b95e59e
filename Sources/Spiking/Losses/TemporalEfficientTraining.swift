import Faults
import Tensors

/// Temporal efficient training (Deng et al. 2022): `(1 - l) mean_t CE(output[t]) + l mean (output - phi)^2`.
public struct TemporalEfficientTraining: DeclaredLoss {
  public var share = 0.05
  public var level = 1.0
  var weighting = ClassWeighting()

  public init() {}

  public static let declaration = Declaration<TemporalEfficientTraining>(
    "tet",
    """
    Temporal efficient training (Deng et al. 2022): softmax cross-entropy of each step by itself, and a pull of all outputs
    towards a level: `(1 - share) mean_t CE(output[t], label) + share mean (output - level)^2`.
    """,
    [
      .number("share", \.share, .share, "how much the pull counts"),
      .number("level", \.level, .finite, "where outputs are pulled to, such as the threshold"),
    ] + SettingDeclaration.weighting(\.weighting))

  public let targets = TargetKind.classes
  public var decoder: Decoder? { .membraneMean }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    let output = given.output
    try LossShapes.check(output, of: name)
    var steps = given
    if given.target.rank == 1 { steps.target = try given.target.broadcast(to: [output.shape[0]] + given.target.shape) }
    let task = try weighting.crossEntropy(steps, of: name) { (output) throws(Fault) in output }
    if share == 0 { return task }
    let pull = try (output - Float(level)).unary(.square).mean()
    return try task * Float(1 - share) + pull * Float(share)
  }
}
