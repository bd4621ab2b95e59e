// Every input feature to every output, each synapse with a delay of its own.

import Faults
import Tensors

/// `output[t, o] = bias[o] + sum over i of weight[i, o] input[t - delay[i, o], i]`.
///
/// One product for all steps, with what entered over the last steps side by side: a convolution over time of which each
/// synapse has one tap, or while learnt delays are trained the taps around it (`DelayKernel`).
public struct DelayedDenseLayer: LateLayer, DrawnLayer {
  public let name = "delayed_dense"
  public var outputs: Int
  public var hasBias: Bool
  public internal(set) var delays: Delays
  /// `[inputs, outputs]`; nil before the layer is part of a network.
  public private(set) var weight: Tensor?
  public private(set) var bias: Tensor?
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  public init(outputs: Int, _ delays: Delays, bias: Bool = true, initializer: (any Initializer)? = nil) {
    self.outputs = outputs
    self.delays = delays
    self.initializer = initializer
    hasBias = bias
  }

  /// A layer with the given weights, `[inputs, outputs]` and `[outputs]`.
  public init(weight: Tensor, _ delays: Delays, bias: Tensor?) throws(Fault) {
    let dense = try DenseLayer(weight: weight, bias: bias)
    self.init(outputs: dense.outputs, delays, bias: bias != nil)
    self.weight = weight
    self.bias = bias
  }

  public var settings: [(name: String, value: Setting)] {
    [("outputs", .integer(outputs))] + (hasBias ? [] : [("bias", .flag(false))]) + delays.settings
  }
  public var callText: String { callText(drawnBy: initializer) }

  public var parameters: [(name: String, value: Tensor)] {
    var list: [(name: String, value: Tensor)] = []
    if let weight { list.append(("weight", weight)) }
    if let bias { list.append(("bias", bias)) }
    if delays.isLearnt, let steps = delays.steps { list.append(("delay", steps)) }
    return list
  }
  public var parameterScales: [ParameterScale] { parameters.map { $0.name == "delay" ? Delays.scale : .weight } }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    try delays.validate(name)
    guard outputs >= 1 else {
      throw Fault(.value, "`delayed_dense` needs at least one output", label: "outputs is \(outputs)")
    }
    guard input.count == 1 else {
      throw Fault(
        .shape, "`delayed_dense` takes one row of features", label: "its input is \(Shape.text(input))",
        help: "put flatten() before it")
    }
    return [outputs]
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    var layer = self
    let shape = [input[0], outputs]
    if let weight {
      guard weight.shape == shape else {
        throw Fault(
          .shape, "the weights of this `delayed_dense` layer are for another input",
          label: "the weight is \(Shape.text(weight.shape)), the input \(Shape.text(input))")
      }
    } else {
      let rule = initializer ?? Kaiming.standard
      layer.weight = try rule.weights(shape, inputs: input[0], stream: stream)
      layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
      layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
      if !layer.isAsDrawn { layer.initializer = nil }
    }
    var draws = stream
    try layer.delays.draw(shape, name, stream: RandomStream(seed: draws.nextBits(), purpose: "delays"))
    return layer
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> DelayedDenseLayer {
    var layer = self
    if let weight { layer.weight = try rule.weights(weight.shape, inputs: weight.shape[0], stream: stream) }
    layer.isAsDrawn = false
    return layer
  }

  public func scaled(by factor: Float) throws(Fault) -> DelayedDenseLayer {
    var layer = self
    if let weight { layer.weight = try weight * factor }
    layer.initializer = nil
    layer.isAsDrawn = false
    return layer
  }

  /// The layer with each output multiplied and moved.
  func scaled(by factor: [Float], adding offset: [Float]) throws(Fault) -> DelayedDenseLayer {
    var layer = self
    let scale = try Tensor(factor, shape: [factor.count])
    let moved = try Tensor(offset, shape: [offset.count])
    layer.weight = try weight.map { (weight) throws(Fault) in try weight * scale }
    layer.bias = try bias.map { (bias) throws(Fault) in try bias * scale + moved } ?? moved
    layer.hasBias = true
    layer.isAsDrawn = false
    return layer
  }

  public func synapses(for input: [Int]) -> Int {
    let (count, overflow) = input.reduce(1, *).multipliedReportingOverflow(by: outputs)
    return overflow ? Int.max : count
  }
  public func wiring(for input: [Int]) -> Wiring { .all }

  /// `[(longest + 1) inputs, outputs]`: the weights by delay.
  private func taps(_ weight: Tensor, _ shares: [Float]) throws(Fault) -> Tensor {
    let count = weight.count
    return try Tensor(shape: [(delays.longest + 1) * weight.shape[0], outputs]) { (target) throws(Fault) in
      weight.withUnsafeBuffer { weights in
        for k in 0...delays.longest { for place in 0..<count { target[k * count + place] = weights[place] * shares[k * count + place] } }
      }
    }
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let weight, delays.steps != nil else { throw unbuilt }
    let signal = try input.unrolled()
    let matrix = try taps(weight, try delays.taps(spread: delays.spreads(pass), wantsSlopes: false).shares)
    let output = try Product.forward(try signal.pastSideBySide(longest: delays.longest), weight: matrix, bias: bias)
    return LayerRun(output: .tensor(output), memory: LayerMemory(signal: pass.isTraining ? signal : nil))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let weight, let steps = delays.steps, let input = memory.signal else { throw unbuilt }
    let flow = gradient
    let isSpread = delays.spreads(pass)
    let (shares, slopes) = try delays.taps(spread: isSpread, wantsSlopes: isSpread)
    let whole = try Product.weightGradient(try input.pastSideBySide(longest: delays.longest), outputGradient: flow)
    let count = weight.count
    var (own, late) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
    try whole.weight.withUnsafeBuffer { (whole) throws(Fault) in
      try weight.withUnsafeBuffer { (weights) throws(Fault) in
        for k in 0...delays.longest {
          try Interrupt.check()
          for place in 0..<count {
            let flow = whole[k * count + place]
            own[place] += flow * shares[k * count + place]
            // A delay of whole steps has no slope.
            if isSpread { late[place] += flow * weights[place] * slopes[k * count + place] }
          }
        }
      }
    }
    var parameters = [try Tensor(own, shape: weight.shape)]
    if hasBias { parameters.append(whole.bias) }
    if delays.isLearnt { parameters.append(try Tensor(late, shape: steps.shape)) }
    guard wantsInput else { return LayerGradient(input: nil, parameters: parameters) }
    let wide = try Product.inputGradient(flow, weight: try taps(weight, shares))
    return LayerGradient(
      input: try wide.pastSummed(longest: delays.longest, features: weight.shape[0]), parameters: parameters)
  }

  public func bare() throws(Fault) -> any Layer {
    var copy = self
    copy.weight = weight?.detached
    copy.bias = bias?.detached
    copy.delays.steps = delays.steps?.detached
    copy.delays.isBounded = false
    return copy
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    isAsDrawn = false
    var number = 0
    if var matrix = weight {
      weight = nil
      defer { weight = matrix }
      try body(number, &matrix)
      number += 1
    }
    if var row = bias {
      bias = nil
      defer { bias = row }
      try body(number, &row)
      number += 1
    }
    if delays.isLearnt { try delays.update { (values) throws(Fault) in try body(number, &values) } }
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `delayed_dense` layer has no weights yet", help: "it gets them in a network: input(64) |> \(callText)")
  }
}

extension DelayedDenseLayer: PrunableLayer {
  public var inputRows: Int { weight?.shape[0] ?? 0 }
  public var outputUnits: Int { outputs }
  public var blockSize: Int { 1 }
  public func blockStart(row: Int, unit: Int) -> Int { row * outputs + unit }

  public func keeping(rows: [Int]?, units: [Int]?) throws(Fault) -> any Layer {
    guard let weight, let steps = delays.steps else { return self }
    let places = [TensorIndex.gather(rows ?? Array(0..<inputRows)), .all]
    let columns = [TensorIndex.all, .gather(units ?? Array(0..<outputs))]
    var kept = delays
    kept.steps = try steps.indexed(places).indexed(columns)
    return try DelayedDenseLayer(
      weight: try weight.indexed(places).indexed(columns), kept,
      bias: try bias.map { (bias) throws(Fault) in try bias.indexed([columns[1]]) })
  }
}
