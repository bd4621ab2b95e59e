// Dropout: while training, some features fall silent, so that no neuron relies on one other.

import Faults
import Tensors

/// Silences each feature of each sample with probability `rate` for all steps of a training pass, and scales the rest
/// by `1 / (1 - rate)` (Srivastava et al. 2014). Does nothing when the network isn't being trained.
public struct DropoutLayer: Layer {
  public let name = "dropout"
  /// The probability of silence, from 0 to below 1.
  public var rate: Double

  public init(rate: Double = 0.5) {
    self.rate = rate
  }

  public var settings: [(name: String, value: Setting)] { [("rate", .number(rate))] }
  /// One draw serves a sample for all steps.
  public var isTimeless: Bool { true }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard rate >= 0, rate < 1 else {
      throw Fault(.value, "the rate of `dropout` must be from 0 to below 1", label: "rate is \(rate)")
    }
    return input
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard pass.drops, rate > 0 else { return LayerRun(output: input) }
    var draws = RandomStream(seed: pass.seed, purpose: "dropout", index: UInt64(pass.layerIndex))
    let kept = Float(1 / (1 - rate))
    let mask = try Tensor(shape: [input.batch] + input.featureShape) { (buffer) throws(Fault) in
      for i in buffer.indices { buffer[i] = draws.uniformDouble() < rate ? 0 : kept }
    }
    return LayerRun(output: .tensor(try input.tensor() * mask), memory: LayerMemory(tensors: [mask]))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let mask = memory.tensors.first else { return LayerGradient(input: gradient) }
    return LayerGradient(input: try gradient * mask)
  }
}
