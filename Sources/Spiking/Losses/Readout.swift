// Numbers from the activity of output neurons, one for each output of each sample.

import Faults
import Tensors

/// A reading of the output `[time, batch, outputs]` as numbers `[batch, outputs]`, differentiable.
public enum Readout: String, Sendable, CaseIterable {
  /// The mean over all steps: of potentials, or of spikes, which is their rate a step.
  case mean
  /// The last step.
  case last
  /// The highest of all steps.
  case maximum = "max"
  /// The sum over all steps: of spikes their count.
  case count
  /// The step of the first spike; the number of steps for a silent neuron.
  case firstSpike = "first_spike"

  public func read(_ output: Tensor) throws(Fault) -> Tensor {
    switch self {
    case .mean: try output.mean(over: [0])
    case .last: try output.indexed([.at(-1)])
    case .maximum: try output.reduced(.maximum, over: [0])
    case .count: try output.sum(over: [0])
    case .firstSpike: try FirstSpikeCrossEntropy.times(output)
    }
  }

  /// How classes are read by the same measure.
  var decoder: Decoder {
    switch self {
    case .mean: .membraneMean
    case .last: .membraneLast
    case .maximum: .membraneMaximum
    case .count: .spikeCount
    case .firstSpike: .firstSpike
    }
  }
}
