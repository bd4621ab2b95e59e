import Faults
import Tensors

/// Weights whose size is measured: a batch of the data runs through each layer without its threshold, and the weights
/// are multiplied so that the standard deviation of the potential is `sigma` thresholds; then the next layer's turn
/// comes, on the spikes of this one.
///
/// The last neurons, which are read, begin quieter: scores that start almost equal are learnt faster. (`readout` is for
/// the rule of a whole network; as the rule of one layer it is `sigma` that counts.)
///
/// It needs no formula for a code or a neuron (after "layer-sequential unit variance": D. Mishkin, J. Matas, "All you
/// need is a good init", 2016). Until there is data, the weights are those of the standard rule.
public struct Measured: Initializer {
  public let name = "measured"
  /// The standard deviation of the potential, in thresholds.
  public var sigma: Double
  /// The same for the last neurons of a network.
  public var readout: Double

  public init(sigma: Double = 1, readout: Double = 0.2) {
    self.sigma = sigma
    self.readout = readout
  }

  public var settings: [(name: String, value: Setting)] { [("sigma", .number(sigma)), ("readout", .number(readout))] }
  public var measuredDeviation: Double? { sigma }
  public var readoutDeviation: Double? { readout }

  public func check() throws(Fault) {
    try checkPositive(sigma, "sigma")
    try checkPositive(readout, "readout")
  }

  public func weights(_ shape: [Int], inputs: Int, stream: RandomStream) throws(Fault) -> Tensor {
    try Kaiming.standard.weights(shape, inputs: inputs, stream: stream)
  }

  /// The share of the potential's variance that recurrent weights make; the rest is left to what comes from before
  /// (Rossbroich et al. 2022).
  static let recurrentShare = 0.1
}
