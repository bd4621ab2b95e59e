// The builtins of layers on images: convolutions and pools.

import Faults
import Machine
import Spiking
import Tensors

/// Convolutions and pools, of images and of rows.
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
      .optional("weight", .array, default: "drawn at random", "the weights, [outputs, channels / groups, height, width]"),
      initParameter(), groupsParameter, .optional("dilation", .int | .list | .tuple, default: "1", "how far the taps of the window lie apart, or (down, right)"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Slides a window with the same weights over images of `[channels, height, width]`: \
    `output[o, y, x] = bias[o] + sum of weight[o] * window(y, x)`. `groups=` parts the channels (with as many groups as channels
    it is depthwise), `dilation=` makes the window wider without more weights. `conv1d` does the same along rows.
    First weights are drawn as those of `dense` are, with the channels * height * width of the window as inputs; offsets
    begin at zero. Without padding, the image shrinks by the window's size less one.
    """,
    example: """
      let net = input(2, 34, 34) |> conv(16, kernel=3) |> lif() |> pool(2) |> flatten() |> dense(10) |> lif()
      print(net.layers[0].weight.shape, net.layers[0].kernel)   # expect: [16, 2, 3, 3] 3
      print((input(1, 8, 8) |> conv(4, kernel=3, padding=1)).output_shape)   # expect: [4, 8, 8]
      let depthwise = input(4, 8, 8) |> conv(4, kernel=3, groups=4) |> conv(8, kernel=1)
      print(depthwise.layers[0].weight.shape, depthwise.parameters)   # expect: [4, 1, 3, 3] 80
      """
  ) { (call) throws(Fault) in
    if call.isGiven("groups") || call.isGiven("dilation") { return try place(try groupedLayer(call, axes: 2), call) }
    return try place(try convLayer(call), call)
  },
  Builtin(
    "conv1d",
    [
      networkSubject, .required("outputs", .int, "the number of output channels"),
      .required("kernel", .int, "the length of the window"),
      .optional("stride", .int, default: "1", "how far the window moves"),
      .optional("padding", .int, default: "0", "zeros on each side"),
      .optional(
        "bias", .bool | .array, default: "true",
        "whether each output channel has an offset, or the offsets, [outputs]"),
      .optional("weight", .array, default: "drawn at random", "the weights, [outputs, channels / groups, kernel]"),
      initParameter(), groupsParameter, .optional("dilation", .int, default: "1", "how far the taps of the window lie apart"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Slides a window with the same weights along rows of `[channels, length]`:
    `output[o, x] = bias[o] + sum over c, i of weight[o, c, i] * input[c, x * stride + i * dilation - padding]`. The length
    becomes `(length + 2 padding - dilation (kernel - 1) - 1) / stride + 1`, rounded down. Steps of time are no such axis.
    First weights are drawn as those of `conv` are. `place` and `deploy` run it as a `conv` over images that are one row high.
    """,
    example: """
      let net = input(2, 100) |> conv1d(16, kernel=5, stride=2, padding=2) |> lif() |> pool1d(2) |> flatten() |> dense(10)
      print(net.layers[0].weight.shape, net.output_shape)   # expect: [16, 2, 5] [10]
      print((input(2, 100) |> conv1d(4, kernel=3, dilation=4)).output_shape)   # expect: [4, 92]
      """
  ) { (call) throws(Fault) in try place(try groupedLayer(call, axes: 1), call) },
  Builtin(
    "conv_transpose",
    [
      networkSubject, .required("outputs", .int, "the number of output channels"),
      .required("kernel", .int | .list | .tuple, "the size of the window, or (height, width)"),
      .optional("stride", .int | .list | .tuple, default: "1", "how far the windows of two inputs lie apart, or (down, right)"),
      .optional("padding", .int | .list | .tuple, default: "0", "rows and columns that are cut off each side, or (rows, columns)"),
      .optional("output_padding", .int | .list | .tuple, default: "0", "rows and columns more at the far end, less than the stride"),
      .optional("bias", .bool | .array, default: "true", "whether each output channel has an offset, or the offsets, [outputs]"),
      .optional("weight", .array, default: "drawn at random", "the weights, [channels, outputs, height, width]"),
      initParameter(),
    ],
    returns: "network or layer", subject: "networks",
    """
    Makes images larger: each input adds its multiple of a kernel to a window of the output, whose height is
    `(height - 1) stride - 2 padding + kernel + output_padding`. It is the adjoint of `conv` with the same weights. No chip
    runs it.
    """,
    example: """
      let net = input(4, 7, 7) |> conv_transpose(1, kernel=4, stride=2, padding=1)
      print(net.output_shape, net.layers[0].weight.shape)   # expect: [1, 14, 14] [4, 1, 4, 4]
      """
  ) { (call) throws(Fault) in try place(try transposedLayer(call, axes: 2), call) },
  Builtin(
    "conv1d_transpose",
    [
      networkSubject, .required("outputs", .int, "the number of output channels"),
      .required("kernel", .int, "the length of the window"),
      .optional("stride", .int, default: "1", "how far the windows of two inputs lie apart"),
      .optional("padding", .int, default: "0", "positions that are cut off each side"),
      .optional("output_padding", .int, default: "0", "positions more at the far end, less than the stride"),
      .optional("bias", .bool | .array, default: "true", "whether each output channel has an offset, or the offsets, [outputs]"),
      .optional("weight", .array, default: "drawn at random", "the weights, [channels, outputs, kernel]"),
      initParameter(),
    ],
    returns: "network or layer", subject: "networks",
    """
    Makes rows longer, as `conv_transpose` makes images larger: the length becomes
    `(length - 1) stride - 2 padding + kernel + output_padding`.
    """,
    example: "print((input(4, 10) |> conv1d_transpose(2, kernel=3, stride=2)).output_shape)   # expect: [2, 21]"
  ) { (call) throws(Fault) in try place(try transposedLayer(call, axes: 1), call) },
  Builtin(
    "pool1d",
    [
      networkSubject, .optional("size", .int | .nil, default: "the whole row", "the length of the window"),
      .optional("kind", .string, default: "\"average\"", "what a window becomes: its \"average\", its \"max\" or its \"sum\""),
      .optional("stride", .int, default: "the size", "how far the window moves"),
    ],
    returns: "network or layer", subject: "networks",
    """
    Makes rows of `[channels, length]` shorter: one number for each window of each channel. The `max` of spikes is a spike;
    `average` and `sum` give numbers. Without a size each channel becomes one number (a global pool).
    """,
    example: """
      let net = input(3, 12) |> pool1d(4, kind="max")
      print(net.output_shape, (net |> pool1d()).output_shape)   # expect: [3, 3] [3, 1]
      """
  ) { (call) throws(Fault) in
    let kind = try poolKind(call)
    guard call.isGiven("size") else {
      if call.isGiven("stride") { throw call.wrong(3, "has nothing to do where the window is the whole row") }
      return try place(LinePoolLayer(size: nil, kind: kind), call)
    }
    return try place(LinePoolLayer(size: try call.int(1), kind: kind, stride: call.has(3) ? try call.int(3) : nil), call)
  },
  Builtin(
    "adaptive_pool",
    [
      networkSubject, .required("output", .int | .list | .tuple, "how many windows along each axis, or (down, right)"),
      .optional("kind", .string, default: "\"average\"", "what a window becomes: its \"average\", its \"max\" or its \"sum\""),
    ],
    returns: "network or layer", subject: "networks",
    """
    Pools images `[channels, height, width]` or rows `[channels, length]` of any size down to so many windows: number i of n
    over a length L is from i L / n, rounded down, to (i + 1) L / n, rounded up. Where n divides L it is `pool` with windows of
    L / n.
    """,
    example: """
      print((input(3, 10, 7) |> adaptive_pool(4)).output_shape)   # expect: [3, 4, 4]
      print((input(3, 10) |> adaptive_pool(5)).output_shape)   # expect: [3, 5]
      """
  ) { (call) throws(Fault) in
    try place(AdaptivePoolLayer(output: try call.pair(1), kind: try poolKind(call)), call)
  },
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

private let groupsParameter = BuiltinParameter.optional(
  "groups", .int, default: "1", "parts of the channels that have nothing to do with each other; both numbers of channels are multiples of it")

/// The offsets that are given, and whether there are any.
private func biasArgument(_ index: Int, _ call: Call) throws(Fault) -> (given: Tensor?, has: Bool) {
  let given = call.has(index) && call[index].asBool == nil ? try call.tensor(index) : nil
  return (given, call[index].asBool ?? true)
}

/// The offsets of a layer whose weights are given.
private func offsets(_ bias: (given: Tensor?, has: Bool), _ outputs: Int) throws(Fault) -> Tensor? {
  if let given = bias.given { return given }
  return bias.has ? try Tensor.zeros([outputs]) : nil
}

private func groupedLayer(_ call: Call, axes: Int) throws(Fault) -> GroupedConvLayer {
  let outputs = try call.int(1)
  func pair(_ index: Int, _ value: Int) throws(Fault) -> Window.Pair {
    if axes == 2 { return try call.pair(index, default: .init(value, value)) }
    return .init(value, try call.int(index, default: value))
  }
  var kernel = try pair(2, 1)
  if axes == 1 { kernel.y = 1 }
  var padding = try pair(4, 0)
  if axes == 1 { padding.y = 0 }
  let geometry = ConvGeometry(
    axes: axes, kernel: kernel, stride: try pair(3, 1), padding: padding, dilation: try pair(9, 1),
    groups: try call.int(8, default: 1))
  let bias = try biasArgument(5, call)
  let rule = try initializerArgument(7, call)
  guard call.has(6) else {
    if bias.given != nil { throw call.wrong(5, "can be given only together with `weight`") }
    return GroupedConvLayer(outputs: outputs, geometry, bias: bias.has, initializer: rule)
  }
  if rule != nil { throw call.wrong(7, "has nothing to do where `weight` is given") }
  let weight = try call.tensor(6)
  let sizes = axes == 1 ? [kernel.x] : [kernel.y, kernel.x]
  guard weight.rank == axes + 2, weight.shape[0] == outputs, Array(weight.shape.dropFirst(2)) == sizes else {
    throw call.wrong(
      6, "must have the shape [\(outputs), channels / groups, \(sizes.map(String.init).joined(separator: ", "))], found \(Shape.text(weight.shape))",
      kind: .shape)
  }
  return try GroupedConvLayer(
    weight: weight, bias: try offsets(bias, outputs), geometry)
}

private func transposedLayer(_ call: Call, axes: Int) throws(Fault) -> TransposedConvLayer {
  let outputs = try call.int(1)
  func pair(_ index: Int, _ value: Int, _ other: Int) throws(Fault) -> Window.Pair {
    if axes == 2 { return try call.pair(index, default: .init(value, value)) }
    return .init(other, try call.int(index, default: value))
  }
  let geometry = ConvGeometry(axes: axes, kernel: try pair(2, 1, 1), stride: try pair(3, 1, 1), padding: try pair(4, 0, 0))
  let more = try pair(5, 0, 0)
  let bias = try biasArgument(6, call)
  let rule = try initializerArgument(8, call)
  guard call.has(7) else {
    if bias.given != nil { throw call.wrong(6, "can be given only together with `weight`") }
    return TransposedConvLayer(outputs: outputs, geometry, outputPadding: more, bias: bias.has, initializer: rule)
  }
  if rule != nil { throw call.wrong(8, "has nothing to do where `weight` is given") }
  let weight = try call.tensor(7)
  let sizes = axes == 1 ? [geometry.kernel.x] : [geometry.kernel.y, geometry.kernel.x]
  guard weight.rank == axes + 2, weight.shape[1] == outputs, Array(weight.shape.dropFirst(2)) == sizes else {
    throw call.wrong(
      7, "must have the shape [channels, \(outputs), \(sizes.map(String.init).joined(separator: ", "))], found \(Shape.text(weight.shape))",
      kind: .shape)
  }
  return try TransposedConvLayer(
    weight: weight, bias: try offsets(bias, outputs), geometry, outputPadding: more)
}

/// What a window becomes, the third argument of a pool.
private func poolKind(_ call: Call) throws(Fault) -> PoolLayer.Kind {
  let name = try call.string(2, default: "average")
  guard let kind = PoolLayer.Kind(rawValue: name) else {
    throw call.wrong(2, "must be \"average\", \"max\" or \"sum\", found \"\(name)\"")
  }
  return kind
}

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
  let kind = try poolKind(call)
  guard call.isGiven("size") else {
    if call.isGiven("stride") { throw call.wrong(3, "has nothing to do where the window is the whole image") }
    return PoolLayer(wholeImage: kind)
  }
  let size = try call.pair(1)
  return PoolLayer(size: size, kind: kind, stride: try call.pair(3, default: size))
}

extension Call {
  /// One size for both directions, or a vertical and a horizontal one.
  func pair(_ index: Int, default value: Window.Pair? = nil) throws(Fault) -> Window.Pair {
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
