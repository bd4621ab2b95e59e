// How a convolution's window lies over what it slides along: an image, or a row.

import Faults
import Kernels
import Tensors

/// The sizes of a convolution along one or two axes. A row of `length` positions is an image that is one row high.
public struct ConvGeometry: Sendable, Equatable {
  /// 1 for rows, `[channels, length]`; 2 for images, `[channels, height, width]`.
  public var axes: Int
  public var kernel: Window.Pair
  public var stride = Window.Pair(1, 1)
  /// Zeros on each side.
  public var padding = Window.Pair(0, 0)
  /// How far the taps of the kernel lie apart.
  public var dilation = Window.Pair(1, 1)
  /// Parts of the channels that have nothing to do with each other.
  public var groups = 1

  public init(
    axes: Int, kernel: Window.Pair, stride: Window.Pair = .init(1, 1), padding: Window.Pair = .init(0, 0),
    dilation: Window.Pair = .init(1, 1), groups: Int = 1
  ) {
    self.axes = axes
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }

  /// A size as a setting: one number along a row.
  func setting(_ pair: Window.Pair) -> Setting { axes == 1 ? .integer(pair.x) : pair.setting }

  /// Sizes that differ from their defaults, in the order of the builtin's parameters.
  var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [("kernel", setting(kernel))]
    if stride != .init(1, 1) { list.append(("stride", setting(stride))) }
    if padding != .init(0, 0) { list.append(("padding", setting(padding))) }
    return list
  }

  /// From a description; sizes that it does not have are those of a plain convolution.
  init(axes: Int, _ description: ComponentDescription) throws(Fault) {
    func pair(_ name: String, _ value: Int) throws(Fault) -> Window.Pair {
      let rest = Window.Pair(name == "padding" ? 0 : 1, value)
      guard axes == 1 else { return try description.pair(name, default: .init(value, value)) }
      guard description.settings[name] != nil else { return rest }
      return .init(rest.y, try description.integer(name))
    }
    guard description.settings["kernel"] != nil else { throw description.wrong("kernel") }
    self.init(
      axes: axes, kernel: try pair("kernel", 1), stride: try pair("stride", 1), padding: try pair("padding", 0),
      dilation: try pair("dilation", 1),
      groups: description.settings["groups"] == nil ? 1 : try description.integer("groups"))
  }

  /// The kernel with the gaps between its taps.
  var reach: Window.Pair { .init((kernel.y - 1) * dilation.y + 1, (kernel.x - 1) * dilation.x + 1) }

  /// The shape of weights, `[outputs, channels / groups, …kernel]`.
  func weightShape(outputs: Int, channels: Int) -> [Int] {
    [outputs, channels / groups] + (axes == 1 ? [kernel.x] : [kernel.y, kernel.x])
  }

  /// The features as an image.
  func image(_ features: [Int]) -> [Int] { axes == 1 ? [features[0], 1, features[1]] : features }
  /// What the layer gives, from an image.
  func features(_ image: [Int]) -> [Int] { axes == 1 ? [image[0], image[2]] : image }

  /// Checks the sizes, but for those of the input.
  ///
  /// - Throws: `.value` for a size that cannot be used, `.limit` for one beyond all use.
  func check(_ layer: String) throws(Fault) {
    for (name, pair, least) in [("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)] {
      guard pair.y >= least, pair.x >= least else {
        throw Fault(.value, "the \(name) of `\(layer)` must be at least \(least)", label: "\(name) is \(setting(pair).description)")
      }
      guard pair.y <= 1 << 20, pair.x <= 1 << 20 else {
        throw Fault(.limit, "the \(name) of `\(layer)` is too large", label: "\(name) is \(setting(pair).description)")
      }
    }
    guard groups >= 1 else { throw Fault(.value, "`\(layer)` needs at least one group", label: "groups is \(groups)") }
  }

  /// Checks the rank of what enters.
  func checkRank(_ input: [Int], _ layer: String) throws(Fault) {
    guard input.count == axes + 1 else {
      let (name, text, example) = axes == 1 ? ("rows", "[channels, length]", "input(1, 100)") : ("images", "[channels, height, width]", "input(1, 28, 28)")
      throw Fault(
        .shape, "`\(layer)` takes \(name), \(text)", label: "its input is \(Shape.text(input))",
        help: "begin the network with such sizes, as in \(example), and put flatten() after `\(layer)`")
    }
    guard input.allSatisfy({ $0 <= 1 << 30 }) else {
      throw Fault(.limit, "the input of `\(layer)` is too large", label: "it is \(Shape.text(input))")
    }
  }

  /// The window, with its gaps, over features.
  ///
  /// - Throws: as `check`, and `.shape` for features that do not fit.
  func window(_ input: [Int], _ layer: String) throws(Fault) -> WindowShape {
    try check(layer)
    try checkRank(input, layer)
    let shape = image(input)
    guard padding.y < reach.y, padding.x < reach.x else {
      throw Fault(
        .value, "the padding of `\(layer)` must be from 0 to less than the kernel",
        label: "padding is \(setting(padding).description), the kernel reaches over \(setting(reach).description)",
        help: "an output that sees nothing but zeros would say nothing")
    }
    guard shape[1] + 2 * padding.y >= reach.y, shape[2] + 2 * padding.x >= reach.x else {
      throw Fault(
        .shape, "the kernel of `\(layer)` is larger than its input",
        label: "the kernel reaches over \(setting(reach).description), the input is \(Shape.text(input))"
          + (padding == .init(0, 0) ? "" : " with a padding of \(setting(padding).description)"),
        help: "take a smaller kernel or dilation, more padding, or fewer pools before it")
    }
    return WindowShape(
      channels: shape[0], height: shape[1], width: shape[2], kernelHeight: reach.y, kernelWidth: reach.x,
      strideY: stride.y, strideX: stride.x, paddingY: padding.y, paddingX: padding.x)
  }

  /// Weights `[outputs, channels / groups, …kernel]` as those of one plain convolution of images: zeros stand in the gaps
  /// of the kernel and, with `groups`, between the groups.
  func plain(_ weight: Tensor, separatesGroups: Bool) throws(Fault) -> Tensor {
    let (outputs, own) = (weight.shape[0], weight.shape[1])
    let (reach, parts) = (reach, separatesGroups ? groups : 1)
    if parts == 1, dilation == .init(1, 1) { return try weight.reshaped([outputs, own, reach.y, reach.x]) }
    let (channels, overflows) = own.multipliedReportingOverflow(by: parts)
    guard !overflows else { throw Fault(.limit, "the weights would have too many channels", label: "\(own) in \(parts) groups") }
    var full = try Tensor.zeros([outputs, channels, reach.y, reach.x])
    _ = try full.withUnsafeMutableBuffer { (target) throws(Fault) in
      weight.withUnsafeBuffer { source in
        forEachTap(outputs: outputs, own: own) { output, channel, y, x, place in
          let group = parts == 1 ? 0 : output / (outputs / parts)
          target[((output * channels + group * own + channel) * reach.y + y * dilation.y) * reach.x + x * dilation.x] = source[place]
        }
      }
    }
    return full
  }

  /// The gradient of weights from that of plain ones.
  func gathered(_ full: Tensor, like weight: Tensor) throws(Fault) -> Tensor {
    if dilation == .init(1, 1) { return try full.reshaped(weight.shape) }
    let (outputs, own) = (weight.shape[0], weight.shape[1])
    let reach = reach
    return try Tensor(shape: weight.shape) { (target) throws(Fault) in
      full.withUnsafeBuffer { source in
        forEachTap(outputs: outputs, own: own) { output, channel, y, x, place in
          target[place] = source[((output * own + channel) * reach.y + y * dilation.y) * reach.x + x * dilation.x]
        }
      }
    }
  }

  private func forEachTap(outputs: Int, own: Int, _ body: (_ output: Int, _ channel: Int, _ y: Int, _ x: Int, _ place: Int) -> Void) {
    var place = 0
    for output in 0..<outputs {
      for channel in 0..<own {
        for y in 0..<kernel.y {
          for x in 0..<kernel.x {
            body(output, channel, y, x, place)
            place += 1
          }
        }
      }
    }
  }
}
