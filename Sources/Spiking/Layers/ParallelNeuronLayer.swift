// Parallel spiking neurons: without a reset, the potentials of all steps are one product.

import Faults
import Tensors

/// Neurons whose potential is a weighted sum of the inputs of several steps, `H = W X`, and that fire where `H + b >= 0`
/// (Fang et al., NeurIPS 2023).
///
/// `psn` hears all steps; `masked_psn` the last `order`; `sliding_psn` too, with the same weights at each step, so that it
/// runs over any number of steps and step by step.
public struct ParallelNeuronLayer: FormulaLayer {
  public enum Kind: String, Sendable, CaseIterable {
    case psn, masked = "masked_psn", sliding = "sliding_psn"
  }

  public let kind: Kind
  /// Of all but `sliding`: the number of steps, which is fixed.
  public var steps: Int
  /// Of all but `psn`: how many steps, this one among them, are heard.
  public var order: Int
  /// Of `masked`: how far the mask is closed, from 0, where all steps are heard, to 1.
  public var mask: Double
  private var tensors = NamedTensors()

  public init(_ kind: Kind, steps: Int = 1, order: Int = 1, mask: Double = 1) {
    self.kind = kind
    self.steps = steps
    self.order = order
    self.mask = mask
  }

  init(_ kind: Kind, _ description: ComponentDescription, _ parameter: (String) -> Tensor?) throws(Fault) {
    self.init(
      kind, steps: kind == .sliding ? 1 : try description.integer("steps"), order: kind == .psn ? 1 : try description.integer("order"),
      mask: try description.number("mask", default: 1))
    tensors = try NamedTensors(Self.names, description, parameter)
    guard tensors.list.map(\.value.shape) == shapes else { throw description.wrong("weight") }
  }

  private static let names = ["weight", "bias"]
  /// A matrix of all steps has this number squared.
  private static let mostSteps = 1 << 13
  private var shapes: [[Int]] { kind == .sliding ? [[order], [1]] : [[steps, steps], [steps]] }

  public var name: String { kind.rawValue }
  public var settings: [(name: String, value: Setting)] {
    switch kind {
    case .psn: [("steps", .integer(steps))]
    case .masked: [("steps", .integer(steps)), ("order", .integer(order)), ("mask", .number(mask))]
    case .sliding: [("order", .integer(order))]
    }
  }
  public var standardSettings: [(name: String, value: Setting)] { [("mask", .number(1))] }
  public var isNeurons: Bool { true }
  public var needsWholeTime: Bool { kind != .sliding }
  public var parameters: [(name: String, value: Tensor)] { tensors.list }
  /// The inputs of the steps before, the last of them last.
  public var stateNames: [String] { kind == .sliding ? ["heard"] : [] }
  public func stateShapes(for input: [Int]) -> [[Int]] { kind == .sliding ? [[order - 1] + input] : [] }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    if kind != .sliding, !(1...Self.mostSteps).contains(steps) {
      throw Fault(.value, "`steps` of `\(name)` must be from 1 to \(Self.mostSteps)", label: "steps is \(steps)")
    }
    if kind != .psn, !(1...Self.mostSteps).contains(order) {
      throw Fault(.value, "`order` of `\(name)` must be from 1 to \(Self.mostSteps)", label: "order is \(order)")
    }
    guard Bounds.share.contains(mask) else {
      throw Fault(.value, "`mask` of `\(name)` must be \(Bounds.share.text)", label: "mask is \(NumberText.whole(mask))")
    }
    return input
  }

  /// Weights are drawn evenly from ±1 / sqrt(steps), those of `sliding` are 1, 1/2, 1/4 … back in time; offsets begin at -1.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    if !tensors.isEmpty { return self }
    var draws = stream
    var layer = self
    let shapes = shapes
    let weights: Tensor
    if kind == .sliding {
      weights = try Tensor((0..<order).map { Float(sign: .plus, exponent: max($0 - order + 1, -149), significand: 1) }, shape: [order])
    } else {
      let bound = 1 / Float(steps).squareRoot()
      weights = try draws.uniformTensor(shapes[0], from: -bound, to: bound)
    }
    layer.tensors = NamedTensors([("weight", weights), ("bias", try Tensor(filledWith: -1, shape: shapes[1]))])
    return layer
  }

  public func evaluate(
    _ input: Tensor, states: [Tensor], parameters: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> (output: Tensor, states: [Tensor]) {
    guard parameters.count == 2 else {
      throw Fault(.value, "this `\(name)` layer has no weights yet", help: "it gets them in a network: input(64) |> dense(10) |> \(callText)")
    }
    let (weight, bias) = (parameters[0], parameters[1])
    let count = input.shape[0]
    guard kind == .sliding else {
      guard count == steps else {
        throw Fault(
          .shape, "`\(name)` is for another number of steps", label: "it hears \(counted(steps, "step")), the input has \(count)",
          help: "sliding_psn() takes any number of steps")
      }
      let width = input.shape.dropFirst().reduce(1, *)
      let heard = kind == .masked ? try weight * closed() : weight
      let potential = try Tensor.matmul(heard, try input.reshaped([count, width])) + bias.reshaped([count, 1])
      return (try potential.reshaped(input.shape).spiking(surrogate), [])
    }
    // The inputs of earlier steps before those of these.
    var row = input
    if order > 1, let heard = states.first {
      let axes = [1, 0] + Array(2..<heard.rank)
      row = try Tensor.concatenate([try heard.transposed(axes), input])
    }
    let taps = try weight.split(sizes: [Int](repeating: 1, count: order))
    var potential = try row.part(along: 0, from: 0, to: count) * taps[0]
    for (index, tap) in taps.enumerated().dropFirst() {
      potential = try potential + row.part(along: 0, from: index, to: index + count) * tap
    }
    let output = try (potential + bias).spiking(surrogate)
    guard order > 1, let heard = states.first else { return (output, states) }
    let axes = [1, 0] + Array(2..<heard.rank)
    return (output, [try row.part(along: 0, from: count, to: count + order - 1).transposed(axes)])
  }

  /// What the weights are multiplied by: 1 within the order, and 1 - mask elsewhere.
  private func closed() throws(Fault) -> Tensor {
    let rest = Float(1 - mask)
    return try Tensor(
      (0..<steps * steps).map { place in
        let (to, from) = place.quotientAndRemainder(dividingBy: steps)
        return from <= to && from > to - order ? 1 : rest
      }, shape: [steps, steps])
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    try tensors.update(body)
  }
}
