// Training by surrogate-gradient descent through time.

import Faults
import Tensors

/// How to train.
public struct FitOptions {
  /// The code of the samples; nil for the network's own, or for samples that have a time axis.
  public var encoder: (any Encoder)?
  /// nil for spike-count cross-entropy of classes, and the mean square of numbers.
  public var loss: (any Loss)?
  /// Random changes of the training samples, one after the other, before they are coded.
  public var augmentations: [any Augmentation] = []
  /// Prices on activity, added to the loss.
  public var regularizers: [any Regularizer] = []
  public var surrogate: any Surrogate = standardSurrogate
  /// Those of layers that have their own, by their places in the network.
  public var surrogates: [Int: any Surrogate] = [:]
  public var optimizer: any Optimizer = Adam()
  public var schedule: any Schedule = Constant()
  /// How often each sample is seen; of a training that is resumed, how often more.
  public var epochs = 10
  /// Samples in a batch.
  public var batch = 64
  /// Batches whose gradients make one step together.
  public var accumulate = 1
  /// Goes through time window by window, in less memory; nil for all of it at once.
  public var windows: TimeWindows?
  /// The length that the gradient of all parameters together is cut to; nil for none.
  public var clip: Double?
  /// Factors of the learning rate for some parameters.
  public var rates = ParameterRates()
  /// Measured after each epoch.
  public var validation: Dataset?
  /// Epochs without a smaller validation loss after which training stops, with the best weights; nil for none.
  public var patience: Int?
  /// Whether each epoch takes the samples in another order.
  public var shuffles = true
  /// Whether the training that the network remembers goes on, as if it had not stopped.
  public var resumes = false
  /// Names all random draws of the run.
  public var seed: UInt64 = 0
  /// What is made small beside the loss, such as a network's price on a chip.
  public var objective: (any TrainingObjective)?
  /// What stands for the network in each pass, with parameters of the same shapes: rounded numbers, as a chip has them. The
  /// gradient goes to the network's own numbers, and these are what training gives.
  public var rounding: ((Network) throws(Fault) -> Network)?
  /// What tells this rounding from others, so that a training that goes on does so in the same numbers.
  public var roundingName: String?
  /// Sets weights that are still as their layers drew them, before the first epoch; nil leaves them.
  public var initializer: (any Initializer)? = Measured()
  /// Called after each batch and after each epoch.
  public var progress: ((FitProgress) -> Void)?
  /// Called once for each warning, when it arises; they are in the history too.
  public var warn: ((String) -> Void)?
  /// Called after each epoch with its number, from 0, and the network as it then is; false stops the training.
  public var epochEnded: ((Int, Network) throws(Fault) -> Bool)?

  public init() {}
}

/// Trains a network on samples with targets, and answers with the trained one; the given one stays as it was.
///
/// The result carries its `history`, its `encoder`, how its output is read, and where its training stands. When the user
/// interrupts, training stops after the batch that runs, and the result holds what was learnt so far, with
/// `history.interrupted`; the request is then spent. The same options give the same result to the last bit, whatever the
/// number of threads.
///
/// Weights that nobody has given, loaded or trained are set first, by `options.initializer`. A population that fires
/// nothing in an epoch, or always, is warned of.
///
/// - Throws: `.value` or `.shape` for options, samples or targets that cannot work, each naming what is wrong; `.value`
///   when the loss or a gradient is no longer a number, with the epoch, the batch and the layer.
public func fit(_ network: Network, _ data: Dataset, _ options: FitOptions) throws(Fault) -> Network {
  var training = try TrainingRun(network, data, options)
  return try training.run()
}
