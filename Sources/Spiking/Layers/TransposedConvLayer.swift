// Transposed convolutions: from small images or rows to larger ones, as a decoder needs them.

import Faults
import Kernels
import Tensors

/// The adjoint of a convolution with the same weights: each input adds its multiple of the kernel to a window of the
/// output, whose length is `(length - 1) stride - 2 padding + kernel + output_padding`.
public struct TransposedConvLayer: WeightedLayer {
  public var name: String { geometry.axes == 1 ? "conv1d_transpose" : "conv_transpose" }
  /// The number of output channels.
  public var outputs: Int
  /// Without dilation and groups.
  public var geometry: ConvGeometry
  /// Positions more at the far end; less than the stride.
  public var outputPadding: Window.Pair
  public var hasBias: Bool
  /// `[channels, outputs, …kernel]`; nil before the layer is part of a network.
  public var weight: Tensor? { didSet { isAsDrawn = false } }
  /// `[outputs]`; nil without a bias, or before the layer is part of a network.
  public var bias: Tensor?
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// - Parameter initializer: how the first weights are found; nil leaves it to the network.
  public init(
    outputs: Int, _ geometry: ConvGeometry, outputPadding: Window.Pair = .init(0, 0), bias: Bool = true,
    initializer: (any Initializer)? = nil
  ) {
    self.outputs = outputs
    self.geometry = geometry
    self.outputPadding = outputPadding
    hasBias = bias
    self.initializer = initializer
  }

  /// A layer with the given weights, `[channels, outputs, …kernel]`.
  public init(
    weight: Tensor, bias: Tensor?, _ geometry: ConvGeometry, outputPadding: Window.Pair = .init(0, 0)
  ) throws(Fault) {
    let kernel = geometry.axes == 1 ? [geometry.kernel.x] : [geometry.kernel.y, geometry.kernel.x]
    let name = geometry.axes == 1 ? "conv1d_transpose" : "conv_transpose"
    guard weight.rank == geometry.axes + 2, Array(weight.shape.dropFirst(2)) == kernel else {
      throw Fault(
        .shape, "the weight of `\(name)` does not fit its kernel", label: "its shape is \(Shape.text(weight.shape))",
        help: "its axes are [channels, outputs, \(kernel.map(String.init).joined(separator: ", "))]")
    }
    self.init(outputs: weight.shape[1], geometry, outputPadding: outputPadding, bias: bias != nil)
    if let bias, bias.shape != [outputs] {
      throw Fault(
        .shape, "the bias of `\(name)` does not fit its weight",
        label: "the weight is \(Shape.text(weight.shape)), the bias \(Shape.text(bias.shape))")
    }
    self.weight = weight
    self.bias = bias
  }

  init(axes: Int, _ description: ComponentDescription, weight: Tensor?, bias: Tensor?) throws(Fault) {
    guard let weight else { throw description.wrong("weight") }
    let geometry = try ConvGeometry(axes: axes, description)
    try geometry.check(description.kind)
    let rest: Window.Pair
    if axes == 1 {
      rest = .init(0, description.settings["output_padding"] == nil ? 0 : try description.integer("output_padding"))
    } else {
      rest = try description.pair("output_padding", default: .init(0, 0))
    }
    try self.init(weight: weight, bias: bias, geometry, outputPadding: rest)
    guard try outputs == description.integer("outputs"), hasBias == (description.settings["bias"]?.flag ?? true),
      geometry.groups == 1, geometry.dilation == .init(1, 1)
    else { throw description.wrong("weight") }
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("outputs", .integer(outputs))] + geometry.settings
    if outputPadding != .init(0, 0) { list.append(("output_padding", geometry.setting(outputPadding))) }
    if !hasBias { list.append(("bias", .flag(false))) }
    return list
  }

  /// The window of the convolution whose adjoint this is, over what leaves this layer.
  private func window(_ input: [Int]) throws(Fault) -> WindowShape {
    try geometry.check(name)
    try geometry.checkRank(input, name)
    let (kernel, stride, padding) = (geometry.kernel, geometry.stride, geometry.padding)
    guard outputPadding.y >= 0, outputPadding.x >= 0, outputPadding.y < stride.y, outputPadding.x < stride.x else {
      throw Fault(
        .value, "the output_padding of `\(name)` must be from 0 to less than the stride",
        label: "it is \(geometry.setting(outputPadding).description), the stride \(geometry.setting(stride).description)")
    }
    guard padding.y < kernel.y, padding.x < kernel.x else {
      throw Fault(
        .value, "the padding of `\(name)` must be from 0 to less than the kernel",
        label: "padding is \(geometry.setting(padding).description), the kernel \(geometry.setting(kernel).description)")
    }
    let image = geometry.image(input)
    func length(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ more: Int) throws(Fault) -> Int {
      let result = (size - 1) * stride - 2 * padding + kernel + more
      guard result >= 1, result <= 1 << 30 else {
        throw Fault(
          .shape, "`\(name)` would give no positions, or too many", label: "\(size) positions become \(result)",
          help: "take less padding, or a smaller stride")
      }
      return result
    }
    let height = try length(image[1], kernel.y, stride.y, padding.y, outputPadding.y)
    let width = try length(image[2], kernel.x, stride.x, padding.x, outputPadding.x)
    return WindowShape(
      channels: outputs, height: height, width: width, kernelHeight: kernel.y, kernelWidth: kernel.x, strideY: stride.y,
      strideX: stride.x, paddingY: padding.y, paddingX: padding.x)
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard outputs >= 1 else {
      throw Fault(.value, "`\(name)` needs at least one output channel", label: "outputs is \(outputs)")
    }
    let shape = try window(input)
    return geometry.features([outputs, shape.height, shape.width])
  }

  /// Draws the weights by the layer's rule, or else the standard one; biases begin at zero.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    let kernel = geometry.axes == 1 ? [geometry.kernel.x] : [geometry.kernel.y, geometry.kernel.x]
    let shape = [input[0], outputs] + kernel
    if let weight {
      guard weight.shape == shape else {
        throw Fault(
          .shape, "the weights of this `\(name)` layer are for another input",
          label: "the weight is \(Shape.text(weight.shape)), the input \(Shape.text(input))",
          help: "this input needs weights \(Shape.text(shape))")
      }
      return self
    }
    let rule = initializer ?? Kaiming.standard
    var layer = self
    layer.weight = try rule.weights(shape, inputs: try fanIn(shape), stream: stream)
    layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  /// How many inputs an output sums over: the taps of a kernel that meet it, of each channel.
  private func fanIn(_ shape: [Int]) throws(Fault) -> Int {
    let taps = max(1, geometry.kernel.y / geometry.stride.y) * max(1, geometry.kernel.x / geometry.stride.x)
    return try Shape.count([shape[0], taps])
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> TransposedConvLayer {
    var layer = self
    if let weight { layer.weight = try rule.weights(weight.shape, inputs: try fanIn(weight.shape), stream: stream) }
    return layer
  }

  /// Every window of the convolution whose adjoint it is.
  public func synapses(for input: [Int]) -> Int {
    guard let shape = try? window(input) else { return 0 }
    return [shape.seenRows, shape.seenColumns, input[0], outputs].reduce(1) { product, factor in
      let (count, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? Int.max : count
    }
  }

  public func wiring(for input: [Int]) -> Wiring { .all }
  public var isTimeless: Bool { true }
  public var mapsToSynapses: Bool { false }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let weight else { throw unbuilt }
    let features = input.featureShape
    let shape = try window(features)
    let images = try input.tensor().reshaped([input.steps, input.batch] + geometry.image(features))
    let whole = [input.steps, input.batch, outputs, shape.height, shape.width]
    var output = try WindowProduct(shape, outputs: features[0]).inputGradient(images, weight: try kernels(weight), shape: whole)
    if let bias { output = try output + bias.reshaped([outputs, 1, 1]) }
    let result = try output.reshaped([input.steps, input.batch] + geometry.features([outputs, shape.height, shape.width]))
    return LayerRun(
      output: .tensor(result),
      memory: LayerMemory(tensors: pass.isTraining ? [images] : [], inputShape: [input.steps, input.batch] + features))
  }

  /// The weights with both axes of an image.
  private func kernels(_ weight: Tensor) throws(Fault) -> Tensor {
    geometry.axes == 1 ? try weight.reshaped([weight.shape[0], weight.shape[1], 1, weight.shape[2]]) : weight
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let weight, let images = memory.tensors.first else { throw unbuilt }
    let features = Array(memory.inputShape.dropFirst(2))
    let shape = try window(features)
    let flow = try gradient.reshaped([images.shape[0], images.shape[1], outputs, shape.height, shape.width])
    let product = WindowProduct(shape, outputs: features[0])
    let slopes = try product.weightGradient(.tensor(flow), outputGradient: images).weight.reshaped(weight.shape)
    let input = wantsInput
      ? try product.forward(.tensor(flow), weight: try kernels(weight), bias: nil).reshaped(memory.inputShape) : nil
    return LayerGradient(input: input, parameters: hasBias ? [slopes, try flow.sum(over: [0, 1, 3, 4])] : [slopes])
  }

  private var unbuilt: Fault {
    Fault(.value, "this `\(name)` layer has no weights yet", help: "it gets them in a network: input(…) |> \(callText)")
  }
}
