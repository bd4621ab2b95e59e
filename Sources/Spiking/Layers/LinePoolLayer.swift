// Pools along a row of positions.

import Faults
import Tensors

/// The mean, the largest or the sum of each window of each channel of `[channels, length]`; positions that fill no window
/// are left out. Without a size the window is the whole row.
public struct LinePoolLayer: Layer {
  public let name = "pool1d"
  /// The same over images that are one row high.
  public private(set) var images: PoolLayer

  /// - Parameters:
  ///   - size: of a window; nil for the whole row.
  ///   - stride: the size when nil.
  public init(size: Int?, kind: PoolLayer.Kind = .average, stride: Int? = nil) {
    guard let size else {
      images = PoolLayer(wholeImage: kind)
      return
    }
    images = PoolLayer(size: .init(1, size), kind: kind, stride: .init(1, stride ?? size))
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = images.isWhole ? [] : [("size", .integer(images.size.x))]
    if images.kind != .average { list.append(("kind", .text(images.kind.rawValue))) }
    if !images.isWhole, images.stride != images.size { list.append(("stride", .integer(images.stride.x))) }
    return list
  }

  public var isTimeless: Bool { true }
  public var mapsToSynapses: Bool { false }

  private func image(_ input: [Int]) throws(Fault) -> [Int] {
    guard input.count == 2 else {
      throw Fault(
        .shape, "`pool1d` takes rows, [channels, length]", label: "its input is \(Shape.text(input))",
        help: input.count == 3 ? "pool() makes images smaller" : "begin the network with such sizes, as in input(1, 100)")
    }
    return [input[0], 1, input[1]]
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    let image = try image(input)
    if !images.isWhole {
      guard images.size.x >= 1, images.stride.x >= 1 else {
        throw Fault(
          .value, "the size and the stride of `pool1d` must be at least 1",
          label: "size is \(images.size.x), stride \(images.stride.x)")
      }
      guard images.size.x <= input[1] else {
        throw Fault(
          .shape, "the size of `pool1d` is larger than the row", label: "size is \(images.size.x), the row \(Shape.text(input))")
      }
    }
    let output = try images.outputShape(for: image)
    return [output[0], output[2]]
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    var layer = self
    if let sized = try images.built(for: try image(input), stream: stream) as? PoolLayer { layer.images = sized }
    return layer
  }

  public func wiring(for input: [Int]) -> Wiring {
    guard let image = try? image(input) else { return .all }
    return images.wiring(for: image)
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let image = try image(input.featureShape)
    var run = try images.forward(try input.reshaped(features: image), pass)
    let output = run.output.featureShape
    run.output = try run.output.reshaped(features: [output[0], output[2]])
    return run
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    let shape = gradient.shape
    var answer = try images.backward(
      try gradient.reshaped([shape[0], shape[1], shape[2], 1, shape[3]]), memory: memory, wantsInput: wantsInput, pass)
    if let input = answer.input {
      answer.input = try input.reshaped([input.shape[0], input.shape[1], input.shape[2], input.shape[4]])
    }
    return answer
  }
}
