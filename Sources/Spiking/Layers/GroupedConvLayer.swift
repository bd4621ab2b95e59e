// Convolutions along rows, and those with groups or with gaps between the taps of their kernel.

import Faults
import Kernels
import Tensors

/// `output[o, x] = bias[o] + the sum over c, i of weight[o, c, i] input[first(o) + c, x stride + i dilation - padding]`,
/// along a row (`conv1d`), or along both axes of an image (`conv` with `groups` or `dilation`).
///
/// The channels are parted into `groups`, each with as many outputs; with as many groups as channels it is depthwise. A
/// kernel with `dilation` has its taps so far apart (Yu and Koltun 2016).
public struct GroupedConvLayer: WeightedLayer {
  public var name: String { geometry.axes == 1 ? "conv1d" : "conv" }
  /// The number of output channels.
  public var outputs: Int
  public var geometry: ConvGeometry
  public var hasBias: Bool
  /// `[outputs, channels / groups, …kernel]`; nil before the layer is part of a network.
  public var weight: Tensor? { didSet { isAsDrawn = false } }
  /// `[outputs]`; nil without a bias, or before the layer is part of a network.
  public var bias: Tensor?
  public var initializer: (any Initializer)?
  public private(set) var isAsDrawn = false

  /// - Parameter initializer: how the first weights are found; nil leaves it to the network.
  public init(outputs: Int, _ geometry: ConvGeometry, bias: Bool = true, initializer: (any Initializer)? = nil) {
    self.outputs = outputs
    self.geometry = geometry
    hasBias = bias
    self.initializer = initializer
  }

  /// A layer with the given weights, whose kernel is that of the geometry.
  public init(weight: Tensor, bias: Tensor?, _ geometry: ConvGeometry) throws(Fault) {
    let kernel = geometry.axes == 1 ? [geometry.kernel.x] : [geometry.kernel.y, geometry.kernel.x]
    let name = geometry.axes == 1 ? "conv1d" : "conv"
    guard weight.rank == geometry.axes + 2, Array(weight.shape.dropFirst(2)) == kernel else {
      throw Fault(
        .shape, "the weight of `\(name)` does not fit its kernel", label: "its shape is \(Shape.text(weight.shape))",
        help: "its axes are [outputs, channels / groups, \(kernel.map(String.init).joined(separator: ", "))]")
    }
    self.init(outputs: weight.shape[0], geometry, bias: bias != nil)
    if let bias, bias.shape != [outputs] {
      throw Fault(
        .shape, "the bias of `\(name)` does not fit its weight",
        label: "the weight is \(Shape.text(weight.shape)), the bias \(Shape.text(bias.shape))")
    }
    self.weight = weight
    self.bias = bias
  }

  /// From a description and weights of the name that it tells.
  init(axes: Int, _ description: ComponentDescription, weight: Tensor?, bias: Tensor?) throws(Fault) {
    guard let weight else { throw description.wrong("weight") }
    let geometry = try ConvGeometry(axes: axes, description)
    try geometry.check(description.kind)
    try self.init(weight: weight, bias: bias, geometry)
    guard try outputs == description.integer("outputs"), hasBias == (description.settings["bias"]?.flag ?? true) else {
      throw description.wrong("weight")
    }
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("outputs", .integer(outputs))] + geometry.settings
    if !hasBias { list.append(("bias", .flag(false))) }
    if geometry.groups != 1 { list.append(("groups", .integer(geometry.groups))) }
    if geometry.dilation != .init(1, 1) { list.append(("dilation", geometry.setting(geometry.dilation))) }
    return list
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    guard outputs >= 1 else {
      throw Fault(.value, "`\(name)` needs at least one output channel", label: "outputs is \(outputs)")
    }
    let shape = try geometry.window(input, name)
    guard input[0] % geometry.groups == 0, outputs % geometry.groups == 0 else {
      throw Fault(
        .shape, "the channels of `\(name)` cannot be parted into \(geometry.groups) groups",
        label: "\(input[0]) channels enter, \(outputs) leave",
        help: "both must be multiples of groups; with groups=\(input[0]) and as many outputs it is depthwise")
    }
    return geometry.features([outputs, shape.outHeight, shape.outWidth])
  }

  /// Draws the weights by the layer's rule, or else the standard one; biases begin at zero.
  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    let shape = geometry.weightShape(outputs: outputs, channels: input[0])
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
    layer.weight = try rule.weights(shape, inputs: try Shape.count(Array(shape.dropFirst())), stream: stream)
    layer.bias = hasBias ? try Tensor.zeros([outputs]) : nil
    layer.isAsDrawn = initializer == nil || rule.measuredDeviation != nil
    if !layer.isAsDrawn { layer.initializer = nil }
    return layer
  }

  public func redrawn(by rule: any Initializer, stream: RandomStream) throws(Fault) -> GroupedConvLayer {
    var layer = self
    if let weight {
      layer.weight = try rule.weights(
        weight.shape, inputs: try Shape.count(Array(weight.shape.dropFirst())), stream: stream)
    }
    return layer
  }

  /// Every window of every output channel, with the gaps of its kernel but without what lies in the padding.
  public func synapses(for input: [Int]) -> Int {
    guard let shape = try? geometry.window(input, name), geometry.groups >= 1 else { return 0 }
    func seen(_ size: Int, _ kernel: Int, _ dilation: Int, _ stride: Int, _ padding: Int, _ outputs: Int) -> Int {
      (0..<kernel).reduce(0) { sum, tap in
        let first = tap * dilation - padding
        let begin = first >= 0 ? 0 : (-first + stride - 1) / stride
        let end = size - 1 - first < 0 ? 0 : min(outputs, (size - 1 - first) / stride + 1)
        return sum + max(0, end - begin)
      }
    }
    let (kernel, dilation) = (geometry.kernel, geometry.dilation)
    let rows = seen(shape.height, kernel.y, dilation.y, shape.strideY, shape.paddingY, shape.outHeight)
    let columns = seen(shape.width, kernel.x, dilation.x, shape.strideX, shape.paddingX, shape.outWidth)
    return [rows, columns, shape.channels / geometry.groups, outputs].reduce(1) { product, factor in
      let (count, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? Int.max : count
    }
  }

  public func wiring(for input: [Int]) -> Wiring {
    guard let shape = try? geometry.window(input, name) else { return .all }
    return .window(
      Window(
        input: geometry.image(input), output: [outputs, shape.outHeight, shape.outWidth], kernel: geometry.reach,
        stride: geometry.stride, padding: geometry.padding, isDepthwise: geometry.groups == input[0] && outputs == input[0]))
  }
  public var isTimeless: Bool { true }
  /// A chip runs it as the plain convolution that `Network.forChips` makes of it.
  public var mapsToSynapses: Bool { false }

  /// The same as a plain convolution of images, with weights of zero where there are none.
  public func plain() throws(Fault) -> ConvLayer? {
    guard let weight else { return nil }
    return try ConvLayer(
      weight: try geometry.plain(weight, separatesGroups: true), bias: bias, stride: geometry.stride, padding: geometry.padding)
  }

  /// Whether to put zeros into the gaps and take the dense loops costs less than to go tap by tap.
  private var takesDenseLoops: Bool {
    let (kernel, reach) = (geometry.kernel, geometry.reach)
    return geometry.groups == 1 && reach.y * reach.x <= 4 * kernel.y * kernel.x
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let weight else { throw unbuilt }
    let features = input.featureShape
    let shape = try geometry.window(features, name)
    let images = try input.reshaped(features: geometry.image(features))
    let output: Tensor
    if takesDenseLoops {
      output = try WindowProduct(shape, outputs: outputs).forward(
        images, weight: try geometry.plain(weight, separatesGroups: false), bias: bias)
    } else {
      output = try GroupedProduct(geometry, shape, outputs: outputs).forward(try images.tensor(), weight: weight, bias: bias)
    }
    let result = try Signal.tensor(output).reshaped(features: geometry.features([outputs, shape.outHeight, shape.outWidth]))
    return LayerRun(output: result, memory: LayerMemory(signal: pass.isTraining ? images : nil, inputShape: [input.steps, input.batch] + features))
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let weight, let images = memory.signal else { throw unbuilt }
    let shape = try geometry.window(geometry.features(images.featureShape), name)
    let flow = try gradient.reshaped([images.steps, images.batch, outputs, shape.outHeight, shape.outWidth])
    var (slopes, offsets, input): (Tensor, Tensor, Tensor?)
    if takesDenseLoops {
      let product = WindowProduct(shape, outputs: outputs)
      let full = try product.weightGradient(images, outputGradient: flow)
      (slopes, offsets) = (try geometry.gathered(full.weight, like: weight), full.bias)
      input = wantsInput
        ? try product.inputGradient(flow, weight: try geometry.plain(weight, separatesGroups: false), shape: images.shape) : nil
    } else {
      let product = GroupedProduct(geometry, shape, outputs: outputs)
      (slopes, offsets) = try product.weightGradient(try images.tensor(), outputGradient: flow, like: weight)
      input = wantsInput ? try product.inputGradient(flow, weight: weight, shape: images.shape) : nil
    }
    if let image = input { input = try image.reshaped([images.steps, images.batch] + geometry.features(images.featureShape)) }
    return LayerGradient(input: input, parameters: hasBias ? [slopes, offsets] : [slopes])
  }

  private var unbuilt: Fault {
    Fault(.value, "this `\(name)` layer has no weights yet", help: "it gets them in a network: input(…) |> \(callText)")
  }
}
