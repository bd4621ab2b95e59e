// Layer normalisation: the features of each sample at each step are kept at one mean and spread.

import Faults
import Tensors

/// `y = scale (x - mean) / sqrt(variance + eps) + offset`, with the mean and variance of all features of a sample at a step
/// (Ba, Kiros and Hinton 2016). It does the same in training and outside, whatever else is in the batch.
public struct LayerNormLayer: Layer {
  public let name = "layer_norm"
  public var epsilon: Double
  /// In the shape of the features; nil before the layer is part of a network.
  public private(set) var scale: Tensor?
  public private(set) var offset: Tensor?

  public init(epsilon: Double = 1e-5, scale: Tensor? = nil, offset: Tensor? = nil) {
    self.epsilon = epsilon
    self.scale = scale
    self.offset = offset
  }

  public var settings: [(name: String, value: Setting)] { [("eps", .number(epsilon))] }
  public var standardSettings: [(name: String, value: Setting)] { LayerNormLayer().settings }
  public var parameters: [(name: String, value: Tensor)] {
    guard let scale, let offset else { return [] }
    return [("scale", scale), ("offset", offset)]
  }
  public var parameterScales: [ParameterScale] { parameters.map { _ in .unit(1) } }
  public var isTimeless: Bool { true }
  public var mapsToSynapses: Bool { false }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard Bounds.positive.contains(epsilon) else {
      throw Fault(.value, "`eps` of `layer_norm` must be greater than 0", label: "eps is \(NumberText.whole(epsilon))")
    }
    if let scale, scale.shape != input {
      throw Fault(
        .shape, "this `layer_norm` is for other features",
        label: "it has \(Shape.text(scale.shape)), and \(Shape.text(input)) enter")
    }
    return input
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    if scale != nil { return self }
    return LayerNormLayer(epsilon: epsilon, scale: try Tensor.ones(input), offset: try Tensor.zeros(input))
  }

  /// A tensor `[time, batch, ...features]` seen as rows of features, for sums over a row and maps of a feature.
  private func views(_ shape: [Int]) -> (rows: Channels, features: Channels) {
    let (rows, features) = (shape[0] * shape[1], shape[2...].reduce(1, *))
    return (Channels([1, rows, features], axis: 1), Channels([rows, features, 1], axis: 1))
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let scale, let offset else { throw unbuilt }
    let values = try input.tensor()
    let (rows, features) = views(values.shape)
    let zero = [Float](repeating: 0, count: rows.channels)
    let count = Double(max(1, rows.positions))
    let means = try rows.sums(values, center: zero).sum.map { Float($0 / count) }
    let around = try rows.sums(values, center: means)
    let spreads = (0..<rows.channels).map { row -> Float in
      let shift = around.sum[row] / count
      return Float(1 / (max(0, around.products[row] / count - shift * shift) + epsilon).squareRoot())
    }
    let normal = try rows.affine(values, spreads, zip(means, spreads).map { -$0 * $1 })
    var memory = LayerMemory()
    if pass.isTraining { memory.tensors = [normal, try Tensor(spreads, shape: [spreads.count])] }
    return LayerRun(output: .tensor(try features.affine(normal, scale.scalars, offset.scalars)), memory: memory)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let scale, let offset, memory.tensors.count == 2 else { throw unbuilt }
    let flow = gradient
    let (normal, spreads) = (memory.tensors[0], memory.tensors[1].scalars)
    let (rows, features) = views(normal.shape)
    let none = [Float](repeating: 0, count: features.channels)
    let sums = try features.sums(flow, center: none, with: (normal, none))
    let parameters = [
      try Tensor(sums.products.map { Float($0) }, shape: scale.shape), try Tensor(sums.sum.map { Float($0) }, shape: offset.shape),
    ]
    guard wantsInput else { return LayerGradient(input: nil, parameters: parameters) }
    let inner = try features.affine(flow, scale.scalars, none)
    let zero = [Float](repeating: 0, count: rows.channels)
    let lean = try rows.sums(inner, center: zero, with: (normal, zero))
    let count = Double(max(1, rows.positions))
    let b = (0..<rows.channels).map { Float(-Double(spreads[$0]) * lean.sum[$0] / count) }
    let c = (0..<rows.channels).map { Float(-Double(spreads[$0]) * lean.products[$0] / count) }
    return LayerGradient(input: try rows.affine(inner, spreads, b, with: (normal, c)), parameters: parameters)
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    if var value = scale {
      scale = nil
      defer { scale = value }
      try body(0, &value)
    }
    if var value = offset {
      offset = nil
      defer { offset = value }
      try body(1, &value)
    }
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `layer_norm` has no features yet", help: "it gets them in a network: input(64) |> dense(100) |> \(callText)")
  }
}
