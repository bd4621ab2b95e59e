// The whole numbers of Xylo, as rockpool 3.1's `global_quantize` finds them: one scale for the hidden neurons, one for the
// readout.

/// The numbers of a network on Xylo before they are rounded: hidden neurons with inputs and a recurrence, and a readout.
public struct XyloNetwork: Sendable, Equatable {
  public var inputWeights: [Double]
  public var recurrentWeights: [Double]
  public var outputWeights: [Double]
  public var threshold: [Double]
  public var outputThreshold: [Double]
  public var bias: [Double]
  public var outputBias: [Double]

  public init(
    inputWeights: [Double], recurrentWeights: [Double], outputWeights: [Double], threshold: [Double],
    outputThreshold: [Double], bias: [Double], outputBias: [Double]
  ) {
    self.inputWeights = inputWeights
    self.recurrentWeights = recurrentWeights
    self.outputWeights = outputWeights
    self.threshold = threshold
    self.outputThreshold = outputThreshold
    self.bias = bias
    self.outputBias = outputBias
  }

  /// The network in whole numbers, halves to even. As in the tool, the readout's bias gets the hidden neurons' scale, and
  /// where a threshold is beyond 16 bits, weights that are rounded already are scaled again.
  public func rounded() -> XyloNetwork {
    func largest(_ lists: [Double]...) -> Double { lists.joined().reduce(0) { max($0, $1.magnitude) } }
    func whole(_ values: [Double], _ scale: Double) -> [Double] {
      values.map { ($0 * scale).rounded(.toNearestOrEven) }
    }
    let hidden = largest(inputWeights, recurrentWeights, bias)
    let output = largest(outputWeights, outputBias)
    let scale = hidden > 0 ? 127 / hidden : 1
    let outputScale = output > 0 ? 127 / output : 1
    var result = XyloNetwork(
      inputWeights: whole(inputWeights, scale), recurrentWeights: whole(recurrentWeights, scale),
      outputWeights: whole(outputWeights, outputScale), threshold: whole(threshold, scale),
      outputThreshold: whole(outputThreshold, outputScale), bias: whole(bias, scale), outputBias: whole(outputBias, scale))
    if let top = result.threshold.max(), top > 32_767 {
      let again = 32_767 / top
      result.threshold = whole(result.threshold, again)
      result.inputWeights = whole(result.inputWeights, again)
      result.recurrentWeights = whole(result.recurrentWeights, again)
      result.bias = whole(result.bias, again)
    }
    if let top = result.outputThreshold.max(), top > 32_767 {
      let again = 32_767 / top
      result.outputThreshold = whole(result.outputThreshold, again)
      result.outputWeights = whole(result.outputWeights, again)
    }
    return result
  }
}
