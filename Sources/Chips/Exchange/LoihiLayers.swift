// The whole numbers of a network on a chip like Loihi, layer by layer, for files of others that keep kernels as kernels.

import Faults
import Spiking

/// A layer of weights with the neurons behind it, in whole numbers.
public struct LoihiLayer: Sendable {
  /// The place of the weights among the network's layers.
  public let place: Int
  /// In the order of the layer's own weights, in steps of 64 of a potential.
  public let weights: [Int]
  /// In the same steps, rounded to whole ones; of each output or channel; nil without a bias.
  public let bias: [Int]?
  /// What a potential loses in a step, in 4096ths.
  public let decay: Int
  /// Neurons fire above so many steps.
  public let threshold: Int
  /// By how much an offset is another one than on the chip at most, in parts of the threshold.
  public let biasError: Double
}

extension Deployment {
  /// The layers of a network of `dense`, `conv` and `flatten` with `lif` behind each layer of weights.
  ///
  /// - Throws: `.value` for other layers, for a chip that does not count by `multiplied_decay`, and for neurons whose reset is
  ///   not to zero; the text names the layer.
  public func loihiLayers(for format: String) throws(Fault) -> [LoihiLayer] {
    let rounding = try ChipRounding(chip, weightBits: weightBits).rounding
    var found: [LoihiLayer] = []
    var waiting: Int?
    for (index, layer) in network.layers.enumerated() {
      try Interrupt.check()
      func cannot(_ reason: String, help: String) -> Fault {
        Fault(.value, "\(format) has no block for this network", label: "layer \(index), \(layer.callText): \(reason)", help: help)
      }
      switch layer {
      case is FlattenLayer, is DropoutLayer: break
      case is DenseLayer, is ConvLayer:
        guard waiting == nil else {
          throw cannot("it follows weights without neurons between", help: "put lif() between two layers of weights")
        }
        waiting = index
      case let neurons as NeuronLayer:
        guard let place = waiting, let lif = neurons.model as? LIF else {
          throw cannot("it is no lif behind weights", help: "each block is dense or conv, with lif(reset=\"zero\") behind it")
        }
        waiting = nil
        let parameters = Dictionary(network.layers[place].parameters.map { ($0.name, $0.value) }) { first, _ in first }
        guard let weight = parameters["weight"] else { throw cannot("its weights are missing", help: "give it weights first") }
        let bias = parameters["bias"]
        let numbers = try rounding.loihi(
          model: .lif(beta: lif.beta, threshold: lif.threshold, reset: lif.reset), bias: bias?.scalars ?? [0],
          groups: [weight.scalars], largestSum: 0, name: "\(neurons.name) \(index)")
        guard numbers.reset == .zero else {
          throw cannot("its reset is \"\(numbers.reset.rawValue)\"", help: "neurons there are set to zero: train lif(reset=\"zero\")")
        }
        let step = numbers.step
        guard numbers.mantissa > 1, numbers.integers.weights[0].allSatisfy({ Int64($0) % step == 0 }) else {
          throw cannot("its numbers are no steps of \(step)", help: "deploy it on chips.loihi1, whose numbers the format has")
        }
        let offsets = bias == nil ? nil : numbers.integers.bias.map { Int((Double($0) / Double(step)).rounded(.toNearestOrEven)) }
        let error = zip(numbers.integers.bias, offsets ?? []).reduce(0.0) { max($0, Double(abs($1.0 - Int64($1.1) * step))) }
        found.append(
          LoihiLayer(
            place: place, weights: numbers.integers.weights[0].map { Int(Int64($0) / step) }, bias: offsets, decay: Int(numbers.decay),
            threshold: Int(numbers.mantissa - 1), biasError: error / Double(numbers.mantissa * step)))
      default:
        throw cannot("netx of lava-dl has none for it", help: "dense, conv and flatten can be written, with lif(reset=\"zero\")")
      }
    }
    guard waiting == nil else {
      throw Fault(
        .value, "\(format) has no block for weights without neurons", label: "the network ends in layer \(waiting ?? 0)",
        help: "end it in lif(reset=\"zero\")")
    }
    return found
  }
}
