import Faults
import Tensors

/// Softmax cross-entropy with any reading of the output as scores.
public struct CrossEntropy: DeclaredLoss {
  public var read = Readout.mean
  var weighting = ClassWeighting()

  public init() {}

  public static let declaration = Declaration<CrossEntropy>(
    "cross_entropy",
    """
    Softmax cross-entropy of classes, with any reading of the output as scores: potentials or spike counts, the mean over
    the batch. Where the targets have a label for each step, each step is scored by itself and those labelled -1 are left
    out.
    """,
    [.choice("read", \.read, "what a score is: the \"mean\" over all steps, the \"last\" one, the highest (\"max\"), the \"count\", or minus the step of the \"first_spike\"")]
      + SettingDeclaration.weighting(\.weighting))

  public let targets = TargetKind.classes
  public var decoder: Decoder? { read.decoder }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    try weighting.crossEntropy(given, of: name) { (output) throws(Fault) in
      let scores = try read.read(output)
      return read == .firstSpike ? try scores * -1 : scores
    }
  }
}
