// Networks as plain data and back, so that the rooms above can write them to files in whatever format.

import Faults
import Tensors

/// A layer, neuron model or encoder by its kind and arguments.
public struct ComponentDescription: Sendable, Equatable {
  /// "dense", "lif", "equations", "rate" and so on.
  public var kind: String
  public var settings: [String: Setting]
  /// What it is made of: the neurons of `recurrent`, the branch of `residual`.
  public var inner: [ComponentDescription]

  public init(kind: String, settings: [String: Setting], inner: [ComponentDescription] = []) {
    self.kind = kind
    self.settings = settings
    self.inner = inner
  }

  init(_ described: any Described) {
    kind = described.name
    settings = Dictionary(described.settings.map { ($0.name, $0.value) }) { first, _ in first }
    inner = []
  }

  /// A layer with what it is made of.
  init(layer: any Layer) {
    switch layer {
    case let neurons as NeuronLayer: self.init(model: neurons.model)
    case let recurrent as RecurrentLayer:
      self.init(recurrent)
      inner = [ComponentDescription(model: recurrent.model)]
    case let branches as BranchLayer:
      self.init(branches)
      inner = branches.layers.map { ComponentDescription(layer: $0) }
      // One branch and a straight way without layers go without saying.
      if !branches.isResidual || branches.branches.count > 1 && !branches.branches[1].layers.isEmpty {
        settings["sizes"] = .integers(branches.branches.map(\.layers.count))
        if !branches.isResidual { settings["names"] = .texts(branches.branches.map(\.name)) }
      }
    default: self.init(layer)
    }
  }

  init(model: any NeuronModel) {
    if let equations = model as? EquationNeuron { self = equations.plan } else { self.init(model) }
  }

  func number(_ name: String, default value: Double) throws(Fault) -> Double {
    guard let setting = settings[name] else { return value }
    guard let number = setting.number else { throw wrong(name) }
    return number
  }

  func integer(_ name: String) throws(Fault) -> Int {
    guard let integer = settings[name]?.integer else { throw wrong(name) }
    return integer
  }

  func texts(_ name: String) throws(Fault) -> [String] {
    guard let texts = settings[name]?.texts else { throw wrong(name) }
    return texts
  }

  func wrong(_ name: String) -> Fault {
    Fault(.value, "the description of `\(kind)` has no usable `\(name)`")
  }
}

/// A network without its numbers: `parameters` holds those, by "layer.name".
public struct NetworkDescription: Sendable, Equatable {
  public var inputShape: [Int]
  public var layers: [ComponentDescription]
  public var encoder: ComponentDescription?
  public var decoder: String?
  public var history: History?
  public var coreRecords: [CoreRecord]

  public init(
    inputShape: [Int], layers: [ComponentDescription], encoder: ComponentDescription? = nil, decoder: String? = nil,
    history: History? = nil, coreRecords: [CoreRecord] = []
  ) {
    self.inputShape = inputShape
    self.layers = layers
    self.encoder = encoder
    self.decoder = decoder
    self.history = history
    self.coreRecords = coreRecords
  }
}

extension Network {
  /// The network as plain data, without its parameters.
  public var plan: NetworkDescription {
    NetworkDescription(
      inputShape: inputShape,
      layers: layers.map { ComponentDescription(layer: $0) },
      encoder: encoder.map { ComponentDescription($0) }, decoder: decoder?.rawValue, history: history, coreRecords: coreRecords)
  }

  /// All parameters and buffers by "layer.name": "0.weight".
  public var namedParameters: [(name: String, value: Tensor)] {
    layers.enumerated().flatMap { index, layer in
      (layer.parameters + layer.buffers).map { (name: "\(index).\($0.name)", value: $0.value) }
    }
  }

  /// A network from plain data and its parameters.
  ///
  /// - Throws: `.value` for a kind or an argument that isn't known or a parameter that is missing; `.shape` for a
  ///   parameter of another shape.
  public init(_ plan: NetworkDescription, parameters: [String: Tensor]) throws(Fault) {
    var network = try Network(inputShape: plan.inputShape)
    for (index, description) in plan.layers.enumerated() {
      let layer = try makeLayer(description) { parameters["\(index).\($0)"] }
      network = try network.appending(layer, seed: 0)
    }
    for (name, value) in network.namedParameters {
      guard let given = parameters[name] else {
        throw Fault(.value, "a parameter of the network is missing", label: "there is no \(name)")
      }
      guard given.shape == value.shape else {
        throw Fault(
          .shape, "a parameter does not fit the network",
          label: "\(name) is \(Shape.text(given.shape)), and the network needs \(Shape.text(value.shape))")
      }
    }
    let names = network.layers.enumerated().map { index, layer in layer.parameters.map { "\(index).\($0.name)" } }
    try network.updateParameters { (layer, parameter, value) throws(Fault) in
      if let given = parameters[names[layer][parameter]] { value = given }
    }
    if let encoder = plan.encoder { network.encoder = try makeEncoder(encoder) }
    if let decoder = plan.decoder {
      guard let known = Decoder(rawValue: decoder) else {
        throw Fault(.value, "the decoder `\(decoder)` is not known")
      }
      network.decoder = known
    }
    network.history = plan.history
    network.coreRecords = plan.coreRecords
    self = network
  }
}

extension ComponentDescription {
  /// What the window of a pool becomes.
  fileprivate var poolKind: PoolLayer.Kind {
    get throws(Fault) {
      guard let kind = PoolLayer.Kind(rawValue: settings["kind"]?.text ?? "average") else { throw wrong("kind") }
      return kind
    }
  }
}

extension ComponentDescription {
  /// Branches made of the layers of all of them.
  fileprivate func branches(_ layers: [any Layer]) throws(Fault) -> BranchLayer {
    let isResidual = kind == "residual"
    guard let joined = BranchJoin.Kind(rawValue: settings["join"]?.text ?? "add") else { throw wrong("join") }
    let join = BranchJoin(
      joined, heads: settings["heads"] == nil ? 1 : try integer("heads"), scale: try number("scale", default: 0.125))
    guard settings["sizes"] != nil else {
      guard isResidual else { throw wrong("sizes") }
      return BranchLayer(residual: layers, join: join)
    }
    guard let sizes = settings["sizes"]?.integers, sizes.allSatisfy({ (0...layers.count).contains($0) }), sizes.count <= 1 << 16,
      sizes.reduce(0, +) == layers.count
    else { throw wrong("sizes") }
    let names = isResidual ? ["branch", "shortcut"] : try texts("names")
    guard names.count == sizes.count else { throw wrong("names") }
    var rest = layers[...]
    var branches: [BranchLayer.Branch] = []
    for (name, size) in zip(names, sizes) {
      branches.append(BranchLayer.Branch(name: name, layers: Array(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
    return BranchLayer(branches, join: join, name: kind)
  }
}

/// A layer from its description and its parameters by name; new kinds of layer get a case here.
private func makeLayer(
  _ description: ComponentDescription, depth: Int = 0, parameter: (String) -> Tensor?
) throws(Fault) -> any Layer {
  // Files are not trusted: a branch of a branch of a branch … would overflow the stack.
  guard depth < 32 else { throw description.wrong("branch") }
  let (weight, bias) = (parameter("weight"), parameter("bias"))
  if let cell = GatedLayer.Cell(rawValue: description.kind) { return try GatedLayer(cell, description, parameter) }
  if let kind = ParallelNeuronLayer.Kind(rawValue: description.kind) { return try ParallelNeuronLayer(kind, description, parameter) }
  switch description.kind {
  case "recurrent":
    guard let weight = parameter("recurrent") else { throw description.wrong("recurrent") }
    guard description.inner.count == 1,
      let neurons = try makeLayer(description.inner[0], depth: depth + 1, parameter: { _ in nil }) as? NeuronLayer
    else { throw description.wrong("neurons") }
    return RecurrentLayer(neurons.model, recurrent: weight)
  case "residual", "branches":
    var layers: [any Layer] = []
    for (index, inner) in description.inner.enumerated() {
      layers.append(try makeLayer(inner, depth: depth + 1) { parameter("\(index).\($0)") })
    }
    return try description.branches(layers)
  case "dense":
    guard let weight else { throw description.wrong("weight") }
    let outputs = try description.integer("outputs")
    let hasBias = description.settings["bias"]?.flag ?? true
    let connect = try Connectivity(description.settings[Connectivity.settingName], mask: parameter("mask"))
    var layer = try DenseLayer(weight: weight, bias: bias)
    if let connect {
      guard let mask = parameter("mask") else { throw description.wrong("mask") }
      layer = try DenseLayer(weight: weight, bias: bias, connect: connect, mask: mask)
    }
    guard layer.outputs == outputs, layer.hasBias == hasBias else { throw description.wrong("weight") }
    return layer
  case "conv" where description.settings["groups"] != nil || description.settings["dilation"] != nil:
    return try GroupedConvLayer(axes: 2, description, weight: weight, bias: bias)
  case "conv1d": return try GroupedConvLayer(axes: 1, description, weight: weight, bias: bias)
  case "conv_transpose": return try TransposedConvLayer(axes: 2, description, weight: weight, bias: bias)
  case "conv1d_transpose": return try TransposedConvLayer(axes: 1, description, weight: weight, bias: bias)
  case "delay":
    guard let steps = parameter("delay") else { throw description.wrong("delay") }
    return DelayLayer(try Delays(description, steps: steps, width: parameter("kernel_width")))
  case "delayed_dense":
    guard let weight, let steps = parameter("delay") else { throw description.wrong("weight") }
    let layer = try DelayedDenseLayer(
      weight: weight, try Delays(description, steps: steps, width: parameter("kernel_width")), bias: bias)
    guard layer.outputs == (try description.integer("outputs")),
      layer.hasBias == (description.settings["bias"]?.flag ?? true), steps.shape == weight.shape
    else { throw description.wrong("weight") }
    return layer
  case "conv":
    guard let weight else { throw description.wrong("weight") }
    let one = Window.Pair(1, 1)
    let layer = try ConvLayer(
      weight: weight, bias: bias, stride: try description.pair("stride", default: one),
      padding: try description.pair("padding", default: .init(0, 0)))
    let hasBias = description.settings["bias"]?.flag ?? true
    guard layer.outputs == (try description.integer("outputs")),
      layer.kernel == (try description.pair("kernel", default: one)), layer.hasBias == hasBias
    else { throw description.wrong("weight") }
    return layer
  case "pool":
    let kind = try description.poolKind
    guard description.settings["size"] != nil else { return PoolLayer(wholeImage: kind) }
    let size = try description.pair("size", default: .init(0, 0))
    return PoolLayer(size: size, kind: kind, stride: try description.pair("stride", default: size))
  case "pool1d":
    let size = try description.settings["size"].map { (_) throws(Fault) in try description.integer("size") }
    let stride = try description.settings["stride"].map { (_) throws(Fault) in try description.integer("stride") }
    return LinePoolLayer(size: size, kind: try description.poolKind, stride: stride)
  case "adaptive_pool":
    return AdaptivePoolLayer(output: try description.pair("output", default: .init(0, 0)), kind: try description.poolKind)
  case "flatten": return FlattenLayer(from: description.settings["from"] == nil ? 0 : try description.integer("from"))
  case "positions": return try PositionLayer(description, parameter)
  case "layer_norm":
    guard let scale = parameter("scale"), let offset = parameter("offset"), scale.shape == offset.shape else {
      throw description.wrong("scale")
    }
    return LayerNormLayer(epsilon: try description.number("eps", default: 1e-5), scale: scale, offset: offset)
  case "batch_norm":
    guard let scale = parameter("scale"), let offset = parameter("offset"), let mean = parameter("mean"),
      let variance = parameter("variance"), [offset, mean, variance].allSatisfy({ $0.shape == scale.shape }), scale.rank >= 1
    else { throw description.wrong("scale") }
    let layer = BatchNormLayer(
      scale: try description.number("scale", default: 1), momentum: try description.number("momentum", default: 0.1),
      epsilon: try description.number("eps", default: 1e-5), steps: description.settings["steps"]?.integer)
    guard scale.shape.dropLast() == (layer.steps.map { [$0] } ?? []) else { throw description.wrong("steps") }
    return BatchNormLayer(layer, scale: scale, offset: offset, mean: mean, variance: variance)
  case "dropout": return DropoutLayer(rate: try description.number("rate", default: 0.5))
  case "lif":
    guard let reset = LIF.Reset(rawValue: description.settings["reset"]?.text ?? "subtract") else {
      throw description.wrong("reset")
    }
    return NeuronLayer(
      LIF(
        beta: Float(try description.number("beta", default: 0.9)),
        threshold: Float(try description.number("threshold", default: 1)), reset: reset))
  case "li": return NeuronLayer(LeakyIntegrator(beta: Float(try description.number("beta", default: 0.9))))
  case EquationNeuron.kind: return NeuronLayer(try EquationNeuron(description))
  default:
    throw Fault(.value, "the layer `\(description.kind)` is not known", help: "it may come from a newer version")
  }
}

/// An encoder from its description; new encoders get a case here.
private func makeEncoder(_ description: ComponentDescription) throws(Fault) -> any Encoder {
  let encoder: any Encoder
  if description.kind == "delta" {
    encoder = DeltaEncoder(
      threshold: try description.number("threshold", default: .nan), steps: description.settings["steps"]?.integer)
    try encoder.check()
    return encoder
  }
  let steps = try description.integer("steps")
  switch description.kind {
  case "rate": encoder = RateEncoder(steps: steps, random: description.settings["random"]?.flag ?? true)
  case "latency": encoder = LatencyEncoder(steps: steps)
  case "direct": encoder = DirectEncoder(steps: steps)
  case "hybrid":
    encoder = HybridEncoder(
      steps: steps, alpha: try description.number("alpha", default: 0.5),
      base: try description.number("base", default: HybridEncoder.standardBase))
  case "population":
    guard let inner = PopulationEncoder.Inner(rawValue: description.settings["code"]?.text ?? "latency") else {
      throw description.wrong("code")
    }
    encoder = PopulationEncoder(
      neurons: try description.integer("neurons"), steps: steps, low: try description.number("low", default: 0),
      high: try description.number("high", default: 1), width: description.settings["width"]?.number, inner: inner)
  default:
    throw Fault(.value, "the encoder `\(description.kind)` is not known", help: "it may come from a newer version")
  }
  try encoder.check()
  return encoder
}
