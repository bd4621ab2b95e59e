// A vertical and a horizontal size, as kernels, strides and paddings have them.

import Faults
import Kernels
import Tensors

extension Window.Pair {
  /// One number where both sizes are the same.
  var setting: Setting { y == x ? .integer(y) : .integers([y, x]) }
}

extension ComponentDescription {
  /// A pair of sizes; `value` where the description has none.
  func pair(_ name: String, default value: Window.Pair) throws(Fault) -> Window.Pair {
    guard let setting = settings[name] else { return value }
    if let size = setting.integer { return Window.Pair(size, size) }
    guard let sizes = setting.integers, sizes.count == 2 else { throw wrong(name) }
    return Window.Pair(sizes[0], sizes[1])
  }
}

/// What a layer with a window checks before it slides one over an image.
struct WindowCheck {
  /// The layer's name in the language.
  var layer: String
  var kernel: Window.Pair
  /// What the layer calls its kernel.
  var kernelName = "kernel"
  var stride: Window.Pair
  var padding = Window.Pair(0, 0)

  /// The window over images of the given features.
  ///
  /// - Throws: `.value` for a size that cannot be used; `.shape` when the features are no image or smaller than the
  ///   kernel.
  func shape(for input: [Int]) throws(Fault) -> WindowShape {
    guard kernel.y >= 1, kernel.x >= 1 else {
      throw Fault(
        .value, "the \(kernelName) of `\(layer)` must be at least 1", label: "\(kernelName) is \(kernel.setting.description)")
    }
    guard stride.y >= 1, stride.x >= 1 else {
      throw Fault(.value, "the stride of `\(layer)` must be at least 1", label: "stride is \(stride.setting.description)")
    }
    guard padding.y >= 0, padding.x >= 0, padding.y < kernel.y, padding.x < kernel.x else {
      throw Fault(
        .value, "the padding of `\(layer)` must be from 0 to less than the kernel",
        label: "padding is \(padding.setting.description), the kernel \(kernel.setting.description)",
        help: "an output that sees nothing but zeros would say nothing")
    }
    guard input.count == 3 else {
      throw Fault(
        .shape, "`\(layer)` takes images, [channels, height, width]", label: "its input is \(Shape.text(input))",
        help: input.count == 2
          ? "begin with one channel: input(1, \(input[0]), \(input[1]))"
          : "begin the network with the image's sizes, such as input(1, 28, 28), and put flatten() after `\(layer)`")
    }
    // Sizes beyond this could overflow in the sums below; no image comes near.
    guard kernel.y <= 1 << 30, kernel.x <= 1 << 30, stride.y <= 1 << 30, stride.x <= 1 << 30,
      input.allSatisfy({ $0 <= 1 << 30 })
    else { throw Fault(.limit, "the window of `\(layer)` is too large", label: "\(kernelName) is \(kernel.setting.description)") }
    guard input[1] + 2 * padding.y >= kernel.y, input[2] + 2 * padding.x >= kernel.x else {
      throw Fault(
        .shape, "the \(kernelName) of `\(layer)` is larger than the image",
        label: "\(kernelName) is \(kernel.setting.description), the image \(Shape.text(input))"
          + (padding == Window.Pair(0, 0) ? "" : " with a padding of \(padding.setting.description)"),
        help: "take a smaller \(kernelName), or fewer pools before it")
    }
    return WindowShape(
      channels: input[0], height: input[1], width: input[2], kernelHeight: kernel.y, kernelWidth: kernel.x,
      strideY: stride.y, strideX: stride.x, paddingY: padding.y, paddingX: padding.x)
  }

  /// The same as a wiring.
  func wiring(for input: [Int], outputs: Int?) -> Wiring {
    guard let shape = try? shape(for: input) else { return .all }
    return .window(
      Window(
        input: input, output: [outputs ?? input[0], shape.outHeight, shape.outWidth], kernel: kernel, stride: stride,
        padding: padding, isDepthwise: outputs == nil))
  }
}
