import Faults
import Tensors

/// Softmax cross-entropy with the spike counts over all steps as scores, unscaled: a class that fires once more than
/// another is taken to be e times as likely. The gradient of each spike is `(softmax - truth) / batch`.
public struct SpikeCountCrossEntropy: DeclaredLoss {
  var weighting = ClassWeighting()

  public init() {}

  public static let declaration = Declaration<SpikeCountCrossEntropy>(
    "spike_count_cross_entropy",
    """
    Softmax cross-entropy with the spike counts over all steps as scores, the mean over the batch. A class that fires
    once more than another is taken to be e times as likely.
    """, SettingDeclaration.weighting(\.weighting))

  public let targets = TargetKind.classes
  public var decoder: Decoder? { .spikeCount }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    try weighting.crossEntropy(given, of: name) { (output) throws(Fault) in try output.sum(over: [0]) }
  }
}
