// What training makes small. A loss is a function of the output activity; arithmetic on it is differentiated.

import Faults
import Tensors

/// A loss with its name and what it reads.
///
/// The built-in losses are ordinary functions on tensors, each in this folder, so that a loss of a user's own can
/// call them and add to them.
public struct Loss: Described {
  /// From the output `[time, batch, classes]`, the labels `[batch]` (class numbers) and, when `usesSpikes`, each neuron
  /// layer's spikes `[time, batch, ...features]` in order, to one number. The output and the spikes are tracked by a
  /// tape; the gradient of the result flows back into them.
  public typealias Function = (_ output: Tensor, _ labels: Tensor, _ spikes: [Tensor]) throws(Fault) -> Tensor

  /// The name in the language, or of the user's function.
  public var name: String
  public var settings: [(name: String, value: Setting)]
  /// Whether the function reads the layers' spikes.
  public var usesSpikes: Bool
  /// How classes are read from a network that was trained with this loss; nil when the network decides.
  public var decoder: Decoder?
  /// Whether one thread alone may call the function, as it is with one that a user's program works out.
  public var isSerial: Bool
  public var function: Function

  public init(
    _ name: String, settings: [(name: String, value: Setting)] = [], usesSpikes: Bool = false, decoder: Decoder? = nil,
    isSerial: Bool = false, function: @escaping Function
  ) {
    self.name = name
    self.settings = settings
    self.usesSpikes = usesSpikes
    self.decoder = decoder
    self.isSerial = isSerial
    self.function = function
  }

  /// Softmax cross-entropy over spike counts.
  public static var spikeCountCrossEntropy: Loss {
    Loss("spike_count_cross_entropy", decoder: .spikeCount) { (output, labels, _) throws(Fault) in
      try Losses.spikeCountCrossEntropy(output, labels)
    }
  }

  /// Squared distance of firing rates from their targets.
  public static func spikeRateMeanSquare(correct: Float = 0.8, incorrect: Float = 0.05) -> Loss {
    let settings = [(name: "correct", value: Setting.single(correct)), (name: "incorrect", value: .single(incorrect))]
    return Loss("spike_rate_mse", settings: settings, decoder: .spikeCount) { (output, labels, _) throws(Fault) in
      try Losses.spikeRateMeanSquare(output, labels, correct: correct, incorrect: incorrect)
    }
  }

  /// Softmax cross-entropy over the times of first spikes.
  public static var firstSpikeCrossEntropy: Loss {
    Loss("first_spike_cross_entropy", decoder: .firstSpike) { (output, labels, _) throws(Fault) in
      try Losses.firstSpikeCrossEntropy(output, labels)
    }
  }

  /// Softmax cross-entropy over the potentials of an output of leaky integrators.
  public static func membraneCrossEntropy(mean: Bool = false) -> Loss {
    Loss(
      "membrane_cross_entropy", settings: [(name: "mean", value: .flag(mean))], decoder: mean ? .membraneMean : .membraneMaximum
    ) { (output, labels, _) throws(Fault) in
      try Losses.membraneCrossEntropy(output, labels, mean: mean)
    }
  }
}

/// The built-in losses as functions on tensors.
///
/// Each takes the output `[time, batch, classes]` and the labels `[batch]`, and answers with the mean over the batch.
/// `.shape` when these don't fit each other, `.value` when a label is no class.
public enum Losses {
  /// Softmax cross-entropy of scores `[batch, classes]`.
  static func crossEntropy(_ scores: Tensor, _ labels: Tensor) throws(Fault) -> Tensor {
    let truth = try Tensor.oneHot(labels.detached, classes: scores.shape[1])
    let likelihood = try (scores.logSoftmax(over: -1) * truth).sum()
    return try likelihood * (-1 / Float(max(1, scores.shape[0])))
  }

  static func check(_ output: Tensor, _ labels: Tensor, of name: String) throws(Fault) {
    guard output.rank == 3 else {
      throw Fault(
        .shape, "`\(name)` takes an output over time", label: "the output is \(Shape.text(output.shape))",
        help: "its axes are [time, batch, classes]")
    }
    guard labels.shape == [output.shape[1]] else {
      throw Fault(
        .shape, "`\(name)` takes one label for each sample",
        label: "the output is \(Shape.text(output.shape)), the labels are \(Shape.text(labels.shape))",
        help: "the axes of the output are [time, batch, classes]")
    }
  }
}
