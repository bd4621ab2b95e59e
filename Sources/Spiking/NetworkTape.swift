// A network on a tape: each run is one operation, whose way back is the network's own, the one that training takes.

import Faults
import Tensors

/// Activity that a tape may record.
public struct TapedSignal: Sendable {
  /// The values, recorded by no tape.
  public var plain: Signal
  /// The same as a tensor of a tape; nil where no gradient flows through them.
  public var tracked: Tensor?

  public init(_ plain: Signal, tracked: Tensor? = nil) {
    self.plain = plain
    self.tracked = tracked
  }

  /// A tensor as a current, on its tape if it has one.
  public init(_ tensor: Tensor) {
    self.init(.tensor(tensor.detached), tracked: tensor.isTracked ? tensor : nil)
  }

  public func tensor() throws(Fault) -> Tensor {
    if let tracked { return tracked }
    return try plain.tensor()
  }

  func reshaped(features shape: [Int]) throws(Fault) -> TapedSignal {
    if shape == plain.featureShape { return self }
    return TapedSignal(
      try plain.reshaped(features: shape),
      tracked: try tracked.map { (tensor) throws(Fault) in try tensor.reshaped([plain.steps, plain.batch] + shape) })
  }
}

/// A recording that a tape may have recorded.
public struct TapedRecording: Sendable {
  public var name: String
  public var states: [(name: String, values: Tensor)]
  public var spikes: TapedSignal?
}

extension Layer {
  /// The parameters that a tape records, with their numbers.
  var trackedParameters: [(number: Int, value: Tensor)] {
    parameters.enumerated().compactMap { $1.value.isTracked ? (number: $0, value: $1.value) : nil }
  }

  /// The tape that records a parameter; nil where none does.
  public var tape: Tape? { trackedParameters.first?.value.trace?.tape }

  /// The layer with each parameter as a leaf of a tape, and the leaves in order.
  ///
  /// - Throws: `.value` when a tape records one already.
  public func watched(by tape: Tape) throws(Fault) -> (layer: any Layer, leaves: [Tensor]) {
    var copy = self
    var leaves: [Tensor] = []
    try copy.updateParameters { (_, value) throws(Fault) in
      value = try tape.watch(value)
      leaves.append(value)
    }
    return (copy, leaves)
  }

  /// The layer, which holds slopes, with their units.
  ///
  /// - Parameter unit: from a slope and the unit of its parameter.
  public func measuringSlopes(_ unit: (Double, ParameterUnit) -> ParameterUnit) -> any Layer {
    if let branch = self as? BranchLayer {
      return branch.with(branch.branches.map { $0.layers.map { $0.measuringSlopes(unit) } })
    }
    if var neurons = self as? NeuronLayer {
      neurons.model = neurons.model.measuringSlopes(unit)
      return neurons
    }
    if var recurrent = self as? RecurrentLayer {
      recurrent.model = recurrent.model.measuringSlopes(unit)
      return recurrent
    }
    return self
  }

  /// The layer with other numbers in its place, such as a gradient, taken from the front of `values`.
  public func carrying(_ values: inout ArraySlice<Tensor>) throws(Fault) -> any Layer {
    var copy = try bare()
    var rest = values
    try copy.updateParameters { (_, value) throws(Fault) in
      if let next = rest.popFirst() { value = next }
    }
    values = rest
    return copy
  }
}

extension Network {
  /// The tape that records a parameter; nil where none does.
  public var tape: Tape? {
    for layer in layers { if let tape = layer.tape { return tape } }
    return nil
  }

  /// The network recorded by no tape.
  public func detached() throws(Fault) -> Network {
    tape == nil ? self : try mapLayers { (layer) throws(Fault) in
      var copy = layer
      try copy.updateParameters { (_, value) throws(Fault) in value = value.detached }
      return copy
    }
  }

  /// The network with each parameter as a leaf of a tape, and the leaves in order.
  public func watched(by tape: Tape) throws(Fault) -> (network: Network, leaves: [Tensor]) {
    var leaves: [Tensor] = []
    let network = try mapLayers { (layer) throws(Fault) in
      let watched = try layer.watched(by: tape)
      leaves += watched.leaves
      return watched.layer
    }
    return (network, leaves)
  }

  /// The network with other numbers in the place of its parameters: the form of a gradient. It has no history.
  public func carrying(_ values: inout ArraySlice<Tensor>) throws(Fault) -> Network {
    var rest = values
    var network = try mapLayers { (layer) throws(Fault) in try layer.carrying(&rest) }
    values = rest
    network.history = nil
    return network
  }

  /// The network with other values in the place of a layer's parameters, which then count as given.
  ///
  /// - Throws: `.name` for a parameter that the layer has not, `.shape` for values of another shape.
  public func replacingParameters(of index: Int, _ values: [String: Tensor]) throws(Fault) -> Network {
    let names = layers[index].parameters.map(\.name)
    if let unknown = values.keys.sorted().first(where: { !names.contains($0) }) {
      throw Fault(
        .name, "layer \(index), \(layers[index].callText), has no parameter `\(unknown)`",
        label: names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))")
    }
    var layer = layers[index]
    try layer.updateParameters { (number, value) throws(Fault) in
      guard let given = values[names[number]] else { return }
      guard given.count == value.count, given.shape == value.shape || value.rank <= 1 else {
        throw Fault(
          .shape, "`\(names[number])` of layer \(index) has another shape",
          label: "given is \(Shape.text(given.shape)), the layer has \(Shape.text(value.shape))")
      }
      value = try given.reshaped(value.shape)
    }
    try layer.checkFinite()
    var place = -1
    var copy = try mapLayers { (old) throws(Fault) in
      place += 1
      return place == index ? layer : old
    }
    copy.history = nil
    copy.training = nil
    copy.coreRecords = []
    return copy
  }

  /// Runs the network; where a tape records the input or a parameter, it records the run as one operation.
  ///
  /// - Parameters:
  ///   - input: `[time, batch, ...features]`.
  ///   - pass: says the surrogate, whether dropout drops, and where it draws from.
  /// - Returns: the output of the last layer; its values are those of a run without a tape.
  public func run(_ input: TapedSignal, _ pass: Pass) throws(Fault) -> TapedSignal {
    var parameters: [(layer: Int, number: Int, value: Tensor)] = []
    for (index, layer) in layers.enumerated() {
      for parameter in layer.trackedParameters { parameters.append((index, parameter.number, parameter.value)) }
    }
    let entering = input.tracked.map { [$0] } ?? []
    let inputs = entering + parameters.map(\.value)
    guard let tape = try Tape.common(inputs) else { return TapedSignal(try trace(input.plain, pass).output) }
    if layers.isEmpty { return try input.reshaped(features: inputShape) }
    var pass = pass
    pass.isTraining = true
    let bare = try mapLayers { (layer) throws(Fault) in try layer.bare() }
    let run = try bare.trace(entering.isEmpty ? try input.plain.folded() : input.plain, pass)
    let output = try run.output.tensor()
    let (places, last, shape) = (parameters.map { ($0.layer, $0.number) }, layers.count - 1, input.plain.shape)
    let backPass = pass
    let tracked = try tape.record(inputs: inputs, output: output) { (gradient: Tensor) throws(Fault) -> [Tensor?] in
      let slopes = try bare.gradients(
        run, outputGradients: [[last]: gradient], wantsInput: !entering.isEmpty, backPass)
      let input = try slopes.input.map { (slope) throws(Fault) in try slope.reshaped(shape) }
      return (entering.isEmpty ? [] : [input]) + places.map { layer, number in
        slopes.parameters.indices.contains(layer) && slopes.parameters[layer].indices.contains(number)
          ? slopes.parameters[layer][number] : nil
      }
    }
    return TapedSignal(run.output, tracked: tracked)
  }

  /// Records the network as `record` does, on the tape that records the input or a parameter.
  public func record(_ input: TapedSignal, _ pass: Pass) throws(Fault) -> [TapedRecording] {
    if tape == nil, input.tracked == nil {
      let plain = try mapLayers { (layer) throws(Fault) in try layer.bare() }.record(input.plain, pass)
      return plain.map { TapedRecording($0) }
    }
    return try walk(input, pass).recordings
  }

  /// The output and the recordings of a network on a tape.
  func walk(_ input: TapedSignal, _ pass: Pass) throws(Fault) -> (output: Tensor, recordings: [TapedRecording]) {
    let plain = try mapLayers { (layer) throws(Fault) in try layer.bare() }.record(input.plain, pass)
    let walk = TapedWalk(pass: pass)
    return try walk.row(layers, try input.reshaped(features: inputShape).tensor(), plain)
  }
}

extension NeuronModel {
  /// Records neurons alone as `record` does, on the tape that records the drive or a parameter.
  public func record(_ drive: Tensor, surrogate: any Surrogate) throws(Fault) -> TapedRecording {
    let plain = try bare.record(drive.detached)
    guard drive.isTracked || learnables.contains(where: { $0.value.isTracked }) else { return TapedRecording(plain) }
    return try TapedWalk(pass: Pass(surrogate: surrogate)).neurons(self, drive, plain, recurrent: nil).recording
  }
}

extension TapedRecording {
  init(_ plain: Recording) {
    self.init(name: plain.name, states: plain.states, spikes: plain.spikes.map { TapedSignal(.spikes($0)) })
  }
}
