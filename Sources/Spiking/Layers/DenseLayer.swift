// Every input feature to every output: the layer that most of a network's synapses are in.

import Faults
import Tensors

/// `output = input @ weight + bias`, one product for all time steps.
public struct DenseLayer: DrawnLayer {
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
  private(set) var panels = WeightPanels()
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// - Parameter initializer: how the first weights are found; nil leaves it to the network.
  public init(outputs: Int, bias: Bool = true, initializer: (any Initializer)? = nil) {
    self.outputs = outputs
    self.initializer = initializer
    hasBias = bias
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
  }

  public var callText: String { callText(drawnBy: initializer) }

  public var parameters: [(name: String, value: Tensor)] {
    var list: [(name: String, value: Tensor)] = []
    if let weight { list.append((name: "weight", value: weight)) }
    if let bias { list.append((name: "bias", value: bias)) }
    return list
  }

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
      return self
    }
    let rule = initializer ?? Kaiming.standard
    var layer = self
    layer.weight = try rule.weights([input[0], outputs], inputs: input[0], stream: stream)
    layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> DenseLayer {
    var layer = self
    if let weight { layer.weight = try rule.weights(weight.shape, inputs: weight.shape[0], stream: stream) }
    return layer
  }

  public func scaled(by factor: Float) throws(Fault) -> DenseLayer {
    var layer = self
    if let weight { layer.weight = try weight * factor }
    layer.initializer = nil
    return layer
  }

  public func synapses(for input: [Int]) -> Int {
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
    let parameters = hasBias ? [slopes.weight, slopes.bias] : [slopes.weight]
    let inputGradient = wantsInput ? try Product.inputGradient(gradient, weight: weight) : nil
    return LayerGradient(input: inputGradient, parameters: parameters)
  }

  public mutating func updateParameters(
    _ body: (Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    if var matrix = weight {
      weight = nil
      defer { weight = matrix }
      try body(0, &matrix)
    }
    if var row = bias {
      bias = nil
      defer { bias = row }
      try body(1, &row)
    }
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `dense` layer has no weights yet",
      help: "it gets them in a network: input(64) |> dense(\(outputs))")
  }
}
