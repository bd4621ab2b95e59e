import Faults
import Tensors

/// Softmax cross-entropy with each class's highest (or mean) potential over time as its score, for an output of leaky
/// integrators.
public struct MembraneCrossEntropy: DeclaredLoss {
  public var usesMean = false
  var weighting = ClassWeighting()

  public init() {}

  public init(mean: Bool) { usesMean = mean }

  public static let declaration = Declaration<MembraneCrossEntropy>(
    "membrane_cross_entropy", "Softmax cross-entropy with potentials as scores, for networks that end in `li()`.",
    [.flag("mean", \.usesMean, "whether the mean over time is the score, not the highest potential")]
      + SettingDeclaration.weighting(\.weighting))

  public let targets = TargetKind.classes
  public var decoder: Decoder? { usesMean ? .membraneMean : .membraneMaximum }

  public func value(_ given: LossInput) throws(Fault) -> Tensor {
    try weighting.crossEntropy(given, of: name) { (output) throws(Fault) in
      try output.reduced(usesMean ? .mean : .maximum, over: [0])
    }
  }
}
