// A convolution: the same small weights at every place of an image.

import Faults
import Kernels
import Tensors

/// `output[o, y, x] = bias[o] + the sum over c, i, j of weight[o, c, i, j] input[c, y stride + i - padding, …]`.
///
/// (A cross-correlation, as in every framework.) Spikes, and numbers that are mostly zero, go through the weights event
/// by event; the result is the same to the last bit as that of the dense loops.
public struct ConvLayer: WeightedLayer {
  public let name = "conv"
  /// The number of output channels.
  public var outputs: Int
  public var kernel: Window.Pair
  public var stride: Window.Pair
  /// Rows and columns of zeros on each side.
  public var padding: Window.Pair
  public var hasBias: Bool
  /// `[outputs, channels, height, width]`; nil before the layer is part of a network.
  public var weight: Tensor? { didSet { isAsDrawn = false } }
  /// `[outputs]`; nil without a bias, or before the layer is part of a network.
  public var bias: Tensor?
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// - Parameter initializer: how the first weights are found; nil leaves it to the network.
  public init(
    outputs: Int, kernel: Window.Pair, stride: Window.Pair = .init(1, 1), padding: Window.Pair = .init(0, 0),
    bias: Bool = true, initializer: (any Initializer)? = nil
  ) {
    self.outputs = outputs
    self.initializer = initializer
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    hasBias = bias
  }

  /// A layer with the given weights, `[outputs, channels, height, width]` and `[outputs]`.
  public init(
    weight: Tensor, bias: Tensor?, stride: Window.Pair = .init(1, 1), padding: Window.Pair = .init(0, 0)
  ) throws(Fault) {
    guard weight.rank == 4 else {
      throw Fault(
        .shape, "the weight of `conv` must have four axes", label: "its shape is \(Shape.text(weight.shape))",
        help: "its axes are [outputs, channels, height, width]")
    }
    self.init(
      outputs: weight.shape[0], kernel: .init(weight.shape[2], weight.shape[3]), stride: stride, padding: padding,
      bias: bias != nil)
    if let bias, bias.shape != [outputs] {
      throw Fault(
        .shape, "the bias of `conv` does not fit its weight",
        label: "the weight is \(Shape.text(weight.shape)), the bias \(Shape.text(bias.shape))")
    }
    self.weight = weight
    self.bias = bias
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("outputs", .integer(outputs)), ("kernel", kernel.setting)]
    if stride != .init(1, 1) { list.append(("stride", stride.setting)) }
    if padding != .init(0, 0) { list.append(("padding", padding.setting)) }
    if !hasBias { list.append(("bias", .flag(false))) }
    return list
  }

  private var check: WindowCheck { WindowCheck(layer: name, kernel: kernel, stride: stride, padding: padding) }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard outputs >= 1 else {
      throw Fault(.value, "`conv` needs at least one output channel", label: "outputs is \(outputs)")
    }
    let shape = try check.shape(for: input)
    return [outputs, shape.outHeight, shape.outWidth]
  }

  /// Draws the weights by the layer's rule, or else the standard one; biases begin at zero.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    let shape = [outputs, input[0], kernel.y, kernel.x]
    if let weight {
      guard weight.shape == shape else {
        throw Fault(
          .shape, "the weights of this `conv` layer are for another input",
          label: "the weight is \(Shape.text(weight.shape)), the input \(Shape.text(input))",
          help: "this input needs weights \(Shape.text(shape))")
      }
      return self
    }
    let rule = initializer ?? Kaiming.standard
    var layer = self
    layer.weight = try rule.weights(shape, inputs: try Shape.count(Array(shape.dropFirst())), stream: stream)
    layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> ConvLayer {
    var layer = self
    if let weight {
      let inputs = try Shape.count(Array(weight.shape.dropFirst()))
      layer.weight = try rule.weights(weight.shape, inputs: inputs, stream: stream)
    }
    return layer
  }

  /// Every window of every output channel, without what lies in the padding.
  public func synapses(for input: [Int]) -> Int {
    guard let shape = try? check.shape(for: input) else { return 0 }
    let rows = shape.seenRows
    let columns = shape.seenColumns
    return [rows, columns, shape.channels, outputs].reduce(1) { product, factor in
      let (count, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? Int.max : count
    }
  }

  public func wiring(for input: [Int]) -> Wiring { check.wiring(for: input, outputs: outputs) }
  public var isTimeless: Bool { true }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let weight else { throw unbuilt }
    let shape = try check.shape(for: input.featureShape)
    let output = try WindowProduct(shape, outputs: outputs).forward(input, weight: weight, bias: bias)
    return LayerRun(output: .tensor(output), memory: LayerMemory(signal: pass.isTraining ? input : nil))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let weight, let input = memory.signal else { throw unbuilt }
    let product = WindowProduct(try check.shape(for: input.featureShape), outputs: outputs)
    let slopes = try product.weightGradient(input, outputGradient: gradient)
    let inputGradient = wantsInput ? try product.inputGradient(gradient, weight: weight, shape: input.shape) : nil
    return LayerGradient(input: inputGradient, parameters: hasBias ? [slopes.weight, slopes.bias] : [slopes.weight])
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `conv` layer has no weights yet",
      help: "it gets them in a network: input(1, 28, 28) |> conv(\(outputs), kernel=\(kernel.setting.description))")
  }
}

extension WindowShape {
  /// The rows of the image under all windows of one column, each counted as often as it is seen.
  var seenRows: Int { WindowShape.seen(height, kernelHeight, strideY, paddingY, outHeight) }
  var seenColumns: Int { WindowShape.seen(width, kernelWidth, strideX, paddingX, outWidth) }

  private static func seen(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ outputs: Int) -> Int {
    (0..<outputs).reduce(0) { sum, place in
      let start = place * stride - padding
      return sum + min(size, start + kernel) - max(0, start)
    }
  }
}
