// A branch beside a straight way, so that deep networks still pass gradients to their first layers.

import Faults
import Tensors

/// `output = input + branch(input)`, where the branch is a row of layers that keeps the shape.
///
/// The neurons of the branch are populations like any others: they are in the recording, the evaluation and the loss.
public struct ResidualLayer: Layer {
  public let name = "residual"
  /// The branch.
  public private(set) var layers: [any Layer]

  public init(_ layers: [any Layer]) {
    self.layers = layers
  }

  public var settings: [(name: String, value: Setting)] { [] }
  public var callText: String { "residual([\(layers.map(\.callText).joined(separator: ", "))])" }
  public var populations: [[Int]] {
    layers.enumerated().flatMap { index, layer in layer.populations.map { [index] + $0 } }
  }

  /// The parameters of the branch, by "layer.name": "0.weight".
  public var parameters: [(name: String, value: Tensor)] {
    layers.enumerated().flatMap { index, layer in
      layer.parameters.map { (name: "\(index).\($0.name)", value: $0.value) }
    }
  }
  public var parameterScales: [ParameterScale] { layers.flatMap(\.parameterScales) }
  public var buffers: [(name: String, value: Tensor)] {
    layers.enumerated().flatMap { index, layer in layer.buffers.map { (name: "\(index).\($0.name)", value: $0.value) } }
  }
  public var needsWholeBatch: Bool { layers.contains(where: \.needsWholeBatch) }
  public var mapsToSynapses: Bool { layers.allSatisfy(\.mapsToSynapses) }

  public mutating func absorb(_ memory: LayerMemory, share: Double?) throws(Fault) {
    for (index, inner) in memory.inner.enumerated() where index < layers.count { try layers[index].absorb(inner, share: share) }
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard !layers.isEmpty else {
      throw Fault(
        .value, "the branch of `residual` has no layers",
        help: "give it some: residual([conv(16, kernel=3, padding=1), lif()])")
    }
    let output = try shapes(for: input).last ?? input
    guard output == input else {
      throw Fault(
        .shape, "the branch of `residual` changes the shape",
        label: "it takes \(Shape.text(input)) and gives \(Shape.text(output)), which cannot be added",
        help: input.count == 3
          ? "end it with \(input[0]) channels, and keep the image's size with padding=(kernel - 1) / 2"
          : "end it with as many features as it takes")
    }
    return output
  }

  /// The features that leave each layer of the branch.
  public func shapes(for input: [Int]) throws(Fault) -> [[Int]] {
    var shapes: [[Int]] = []
    var shape = input
    for (index, layer) in layers.enumerated() {
      do {
        shape = try layer.outputShape(for: shape)
      } catch { throw inner(error, index) }
      shapes.append(shape)
    }
    return shapes
  }

  private func inner(_ fault: Fault, _ index: Int) -> Fault {
    var fault = fault
    let place = "layer \(index) of the branch, \(layers[index].callText)"
    fault.label = fault.label.map { "\(place): \($0)" } ?? place
    return fault
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    var draws = stream
    var copy = self
    var shape = input
    for index in layers.indices {
      let own = RandomStream(seed: draws.nextBits(), purpose: "weights", index: UInt64(index))
      do {
        copy.layers[index] = try layers[index].built(for: shape, stream: own)
        shape = try layers[index].outputShape(for: shape)
      } catch { throw inner(error, index) }
    }
    return copy
  }

  public func synapses(for input: [Int]) -> Int {
    guard let shapes = try? shapes(for: input) else { return 0 }
    return layers.indices.reduce(0) { sum, index in
      let (total, overflow) = sum.addingReportingOverflow(
        layers[index].synapses(for: index == 0 ? input : shapes[index - 1]))
      return overflow ? Int.max : total
    }
  }

  /// The pass of the branch, with draws of its own.
  /// What names the draws of noisy neurons in the branch.
  func noise(inside pass: Pass) -> UInt64 {
    var draws = RandomStream(seed: pass.noise, purpose: "residual", index: UInt64(pass.layerIndex))
    return draws.nextBits()
  }

  func branchPass(_ pass: Pass) -> Pass {
    var draws = RandomStream(seed: pass.seed, purpose: "residual", index: UInt64(pass.layerIndex))
    var inner = pass.inside
    inner.seed = draws.nextBits()
    inner.noise = noise(inside: pass)
    return inner
  }

  /// What leaves the layer, from what enters it and what its branch gives; for running it step by step.
  public static func sum(_ input: Signal, _ branch: Signal) throws(Fault) -> Signal {
    .tensor(try input.tensor() + branch.tensor())
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let straight = input
    let run = try LayerRow.forward(layers, straight, branchPass(pass))
    var memory = LayerMemory(inputShape: straight.shape)
    if pass.isTraining { memory.inner = run.memories }
    return LayerRun(
      output: try ResidualLayer.sum(straight, run.output), memory: memory, activity: run.activity)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    let straight = gradient
    let branch = try LayerRow.backward(
      layers, gradient: straight, memories: memory.inner, direct: memory.innerGradients, wantsInput: wantsInput,
      branchPass(pass))
    var input: Tensor?
    if wantsInput {
      if let flow = branch.input { input = try straight + flow } else { input = straight }
    }
    return LayerGradient(input: input, parameters: branch.parameters.flatMap { $0 })
  }

  public func recorded(
    _ input: consuming Signal, _ pass: Pass, place: String
  ) throws(Fault) -> (output: Signal, recordings: [Recording]) {
    let straight = input
    let run = try LayerRow.recorded(layers, straight, branchPass(pass), place: "\(place).")
    return (try ResidualLayer.sum(straight, run.output), run.recordings)
  }

  public func bare() throws(Fault) -> any Layer {
    var copy = self
    for index in layers.indices { copy.layers[index] = try layers[index].bare() }
    return copy
  }

  public mutating func updateParameters(
    _ body: (Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    var first = 0
    for index in layers.indices {
      let begin = first
      first += layers[index].parameters.count
      try layers[index].updateParameters { (number, value) throws(Fault) in try body(begin + number, &value) }
    }
  }
}
