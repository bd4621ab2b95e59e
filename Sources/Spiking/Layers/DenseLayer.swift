// Every input feature to every output: the layer that most of a network's synapses are in.

import Faults
import Tensors

/// `output = input @ weight + bias`, one product for all time steps.
public struct DenseLayer: WeightedLayer {
  public let name = "dense"
  public var outputs: Int
  public var hasBias: Bool
  /// `[inputs, outputs]`; nil before the layer is part of a network.
  public var weight: Tensor? {
    didSet {
      panels = WeightPanels()
      isAsDrawn = false
    }
  }
  /// `[outputs]`; nil without a bias, or before the layer is part of a network.
  public var bias: Tensor?
  /// Which synapses there are; nil for all.
  public private(set) var connect: Connectivity?
  /// 1 for each synapse that is there, else 0; nil for all, or before the layer is part of a network.
  public private(set) var mask: Tensor?
  private(set) var panels = WeightPanels()
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// - Parameter initializer: how the first weights are found; nil leaves it to the network.
  /// - Parameter connect: which synapses there are; nil for all.
  public init(outputs: Int, bias: Bool = true, connect: Connectivity? = nil, initializer: (any Initializer)? = nil) {
    self.outputs = outputs
    self.connect = connect
    self.initializer = initializer
    hasBias = bias
  }

  /// A layer with the given weights, of which those of the synapses that are there stay.
  ///
  /// - Parameter mask: 1 for each synapse that is there, else 0; nil to find them when the layer joins a network.
  public init(weight: Tensor, bias: Tensor?, connect: Connectivity, mask: Tensor?) throws(Fault) {
    try self.init(weight: weight, bias: bias)
    self.connect = connect
    try connect.check(inputs: weight.shape[0])
    guard let mask else { return }
    try Connectivity.mask(mask).check()
    self.mask = try Connectivity.mask(mask).mask(weight.shape, stream: RandomStream(seed: 0, purpose: "connections"))
    self.weight = try weight * mask
  }

  /// A layer with the given weights, `[inputs, outputs]` and `[outputs]`.
  public init(weight: Tensor, bias: Tensor?) throws(Fault) {
    guard weight.rank == 2 else {
      throw Fault(
        .shape, "the weight of `dense` must be a matrix", label: "its shape is \(Shape.text(weight.shape))",
        help: "its axes are [inputs, outputs]")
    }
    outputs = weight.shape[1]
    if let bias, bias.shape != [weight.shape[1]] {
      throw Fault(
        .shape, "the bias of `dense` does not fit its weight",
        label: "the weight is \(Shape.text(weight.shape)), the bias \(Shape.text(bias.shape))")
    }
    hasBias = bias != nil
    self.weight = weight
    self.bias = bias
  }

  public var settings: [(name: String, value: Setting)] {
    [("outputs", .integer(outputs))] + (hasBias ? [] : [("bias", .flag(false))])
      + (connect.map { [(Connectivity.settingName, $0.setting)] } ?? [])
  }

  public var buffers: [(name: String, value: Tensor)] { mask.map { [("mask", $0)] } ?? [] }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard outputs >= 1 else {
      throw Fault(.value, "`dense` needs at least one output", label: "outputs is \(outputs)")
    }
    guard input.count == 1 else {
      throw Fault(
        .shape, "`dense` takes one row of features", label: "its input is \(Shape.text(input))",
        help: "put flatten() before it")
    }
    return [outputs]
  }

  /// Draws the weights by the layer's rule, or else the standard one; biases begin at zero.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    if let weight {
      guard weight.shape == input + [outputs] else {
        throw Fault(
          .shape, "the weights of this `dense` layer are for another input",
          label: "the weight is \(Shape.text(weight.shape)), the input \(Shape.text(input))")
      }
      guard let connect, mask == nil else { return self }
      var layer = self
      let drawn = try connect.mask(weight.shape, stream: connections(stream))
      layer.mask = drawn
      layer.weight = try weight * drawn
      return layer
    }
    let rule = initializer ?? Kaiming.standard
    var layer = self
    layer.mask = try connect?.mask([input[0], outputs], stream: connections(stream))
    layer.weight = try layer.drawn(by: rule, [input[0], outputs], stream)
    layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  /// Weights for the synapses that are there, by the mean of their number an output.
  private func drawn(by rule: any Initializer, _ shape: [Int], _ stream: RandomStream) throws(Fault) -> Tensor {
    guard let mask else { return try rule.weights(shape, inputs: shape[0], stream: stream) }
    let fanIn = max(1, count(mask) / max(1, outputs))
    return try rule.weights(shape, inputs: fanIn, stream: stream) * mask
  }

  private func count(_ mask: Tensor) -> Int { mask.withUnsafeBuffer { $0.count { $0 != 0 } } }

  private func connections(_ stream: RandomStream) -> RandomStream {
    var draws = stream
    return RandomStream(seed: draws.nextBits(), purpose: "connections")
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> DenseLayer {
    var layer = self
    if let weight { layer.weight = try drawn(by: rule, weight.shape, stream) }
    return layer
  }

  public func synapses(for input: [Int]) -> Int {
    if let mask { return count(mask) }
    let (count, overflow) = input.reduce(1, *).multipliedReportingOverflow(by: outputs)
    return overflow ? Int.max : count
  }

  public func wiring(for input: [Int]) -> Wiring { .all }
  public var isTimeless: Bool { true }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let weight else { throw unbuilt }
    let output = try Product.forward(input, weight: weight, bias: bias)
    return LayerRun(output: .tensor(output), memory: LayerMemory(signal: pass.isTraining ? input : nil))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let weight, let input = memory.signal else { throw unbuilt }
    let slopes = try Product.weightGradient(input, outputGradient: gradient)
    let own = try mask.map { (mask) throws(Fault) in try slopes.weight * mask } ?? slopes.weight
    let parameters = hasBias ? [own, slopes.bias] : [own]
    let inputGradient = wantsInput ? try Product.inputGradient(gradient, weight: weight) : nil
    return LayerGradient(input: inputGradient, parameters: parameters)
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `dense` layer has no weights yet",
      help: "it gets them in a network: input(64) |> dense(\(outputs))")
  }
}
