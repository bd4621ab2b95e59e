// The builtins of layers on images: convolutions and pools.

import Faults
import Machine
import Spiking
import Tensors

/// `conv` and `pool`.
let convolutionBuiltins: [Builtin] = [
  Builtin(
    "conv",
    [
      networkSubject, .required("outputs", .int, "the number of output channels"),
      .required("kernel", .int | .list | .tuple, "the size of the window, or (height, width)"),
      .optional("stride", .int | .list | .tuple, default: "1", "how far the window moves, or (down, right)"),
      .optional("padding", .int | .list | .tuple, default: "0", "rows and columns of zeros on each side, or (rows, columns)"),
      .optional(
        "bias", .bool | .array, default: "true",
        "whether each output channel has an offset, or the offsets, [outputs]"),
      .optional("weight", .array, default: "drawn at random", "the weights, [outputs, channels, height, width]"),
      initParameter(),
    ],
    returns: "network or layer", subject: "networks",
    """
    Slides a window with the same weights over images of `[channels, height, width]`: \
    `output[o, y, x] = bias[o] + sum of weight[o] * window(y, x)`.
    First weights are drawn as those of `dense` are, with the channels * height * width of the window as inputs; offsets
    begin at zero. Without padding, the image shrinks by the window's size less one.
    """,
    example: """
      let net = input(2, 34, 34) |> conv(16, kernel=3) |> lif() |> pool(2) |> flatten() |> dense(10) |> lif()
      print(net.layers[0].weight.shape, net.layers[0].kernel)   # expect: [16, 2, 3, 3] 3
      print((input(1, 8, 8) |> conv(4, kernel=3, padding=1)).output_shape)   # expect: [4, 8, 8]
      """
  ) { (call) throws(Fault) in try place(try convLayer(call), call) },
  Builtin(
    "pool",
    [
      networkSubject,
      .optional("size", .int | .list | .tuple | .nil, default: "the whole image", "the size of the window, or (height, width)"),
      .optional(
        "kind", .string, default: "\"average\"",
        "what a window becomes: its \"average\", its \"max\" or its \"sum\""),
      .optional("stride", .int | .list | .tuple, default: "the size", "how far the window moves, or (down, right)"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Makes images smaller: one number for each window of each channel. The `max` of spikes is a spike; `average` and
    `sum` give numbers. Rows and columns that fill no window are left out. Without a size each channel becomes one number
    (a global pool).
    """,
    example: """
      let net = input(1, 4, 4) |> pool(2, kind="max")
      print(net.output_shape, (net |> pool()).output_shape)   # expect: [1, 2, 2] [1, 1, 1]
      """
  ) { (call) throws(Fault) in try place(try poolLayer(call), call) },
]

private func convLayer(_ call: Call) throws(Fault) -> ConvLayer {
  let outputs = try call.int(1)
  let kernel = try call.pair(2)
  let stride = try call.pair(3, default: .init(1, 1))
  let padding = try call.pair(4, default: .init(0, 0))
  let bias = call.has(5) && call[5].asBool == nil ? try call.tensor(5) : nil
  let hasBias = call[5].asBool ?? true
  let rule = try initializerArgument(7, call)
  guard call.has(6) else {
    if bias != nil { throw call.wrong(5, "can be given only together with `weight`") }
    return ConvLayer(
      outputs: outputs, kernel: kernel, stride: stride, padding: padding, bias: hasBias, initializer: rule)
  }
  if rule != nil { throw call.wrong(7, "has nothing to do where `weight` is given") }
  let weight = try call.tensor(6)
  guard weight.rank == 4, weight.shape[0] == outputs, weight.shape[2] == kernel.y, weight.shape[3] == kernel.x else {
    throw call.wrong(
      6, "must have the shape [\(outputs), channels, \(kernel.y), \(kernel.x)], found \(Shape.text(weight.shape))",
      kind: .shape)
  }
  if bias == nil, hasBias {
    return try ConvLayer(weight: weight, bias: try Tensor.zeros([outputs]), stride: stride, padding: padding)
  }
  return try ConvLayer(weight: weight, bias: bias, stride: stride, padding: padding)
}

private func poolLayer(_ call: Call) throws(Fault) -> PoolLayer {
  let name = try call.string(2, default: "average")
  guard let kind = PoolLayer.Kind(rawValue: name) else {
    throw call.wrong(2, "must be \"average\", \"max\" or \"sum\", found \"\(name)\"")
  }
  guard call.isGiven("size") else {
    if call.isGiven("stride") { throw call.wrong(3, "has nothing to do where the window is the whole image") }
    return PoolLayer(wholeImage: kind)
  }
  let size = try call.pair(1)
  return PoolLayer(size: size, kind: kind, stride: try call.pair(3, default: size))
}

extension Call {
  /// One size for both directions, or a vertical and a horizontal one.
  fileprivate func pair(_ index: Int, default value: Window.Pair? = nil) throws(Fault) -> Window.Pair {
    if let value, !has(index) { return value }
    if let size = self[index].asInt { return Window.Pair(size, size) }
    let sizes = (self[index].elements.map(Array.init) ?? []).compactMap(\.asInt)
    guard sizes.count == 2, self[index].elements?.count == 2 else {
      throw wrong(
        index, "must be a whole number or a pair of them", kind: .type,
        help: "`\(parameterName(index))=3` is a square, `\(parameterName(index))=(3, 5)` is height and width")
    }
    return Window.Pair(sizes[0], sizes[1])
  }
}
