import Faults
import Tensors

/// `N(0, gain / inputs)`: He's rule, with a gain of 2 (K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers",
/// 2015). It knows nothing of spikes: codes of few spikes die out in it.
public struct Kaiming: Initializer {
  public let name = "kaiming"
  /// The variance of a weight times the number of inputs.
  public var gain: Double

  public init(gain: Double = 2) { self.gain = gain }

  public var settings: [(name: String, value: Setting)] { [("gain", .number(gain))] }

  public func check() throws(Fault) { try checkPositive(gain, "gain") }

  public func weights(_ shape: [Int], inputs: Int, stream: RandomStream) throws(Fault) -> Tensor {
    var draws = stream
    return try draws.normalTensor(
      shape, standardDeviation: Float((gain / Double(max(1, inputs))).squareRoot()))
  }

  /// What layers draw by when nobody chose: sums of as many spikes as there are inputs have a variance of at most 1.
  /// Training starts faster from it than from He's, and data then sets the size.
  public static let standard = Kaiming(gain: 1)
  /// The same for the weights between the neurons of a layer, which share in the variance of the potential.
  public static let standardRecurrent = Kaiming(gain: Measured.recurrentShare)
}
