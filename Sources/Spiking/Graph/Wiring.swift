// Which inputs reach which outputs of a layer, without its weights: what a mapper must know of a network.

/// How the outputs of a layer without neurons are joined to its inputs.
public enum Wiring: Sendable, Equatable {
  /// Output i to input i alone.
  case each
  /// Every output to every input.
  case all
  /// Every output to a window of the input.
  case window(Window)
  /// Output i to input i less a number, where there is one: a part of several that lie one behind the other.
  case shifted(Int)

  /// Calls `body` with each input that reaches an output, in rising order.
  ///
  /// - Parameters:
  ///   - output: the output's number, row-major.
  ///   - inputs: the number of inputs.
  public func forEachInput(of output: Int, inputs: Int, _ body: (Int) -> Void) {
    switch self {
    case .each: if output < inputs { body(output) }
    case .all: for input in 0..<inputs { body(input) }
    case .window(let window): window.forEachInput(of: output, body)
    case .shifted(let first): if output >= first, output - first < inputs { body(output - first) }
    }
  }

  /// The number of inputs that reach an output.
  public func fanIn(of output: Int, inputs: Int) -> Int {
    switch self {
    case .each: output < inputs ? 1 : 0
    case .all: inputs
    case .window(let window): window.fanIn(of: output)
    case .shifted(let first): output >= first && output - first < inputs ? 1 : 0
    }
  }

  /// The wiring of this layer followed by another one: which inputs of this one reach which outputs of that one.
  ///
  /// - Parameter outputs: the number of outputs of the next layer.
  public func followed(by next: Wiring, outputs: Int) -> Wiring {
    switch (self, next) {
    case (.each, _): next
    case (_, .each): self
    case (.window(let first), .window(let second)): .window(first.followed(by: second))
    case (.window(let first), .all):
      // What a pool leaves out at the border reaches nothing, though all else reaches all.
      first.seesAll ? .all : .window(first.followed(by: .whole(of: first.output, outputs: outputs)))
    default: .all
    }
  }
}

/// A sliding window over `[channels, height, width]`, as of a convolution or a pool.
public struct Window: Sendable, Equatable {
  /// Vertical and horizontal.
  public struct Pair: Sendable, Equatable {
    public var y: Int
    public var x: Int

    public init(_ y: Int, _ x: Int) {
      self.y = y
      self.x = x
    }
  }

  /// `[channels, height, width]`.
  public var input: [Int]
  /// `[channels, height, width]`.
  public var output: [Int]
  public var kernel: Pair
  public var stride: Pair
  public var padding: Pair
  /// Whether an output channel sees its own input channel alone, as in a pool.
  public var isDepthwise: Bool
  /// How many rows and columns of the input, from the first, are seen at all: those beyond fill no window of a pool.
  public private(set) var reach: Pair
  /// The windows one after the other, where their whole has gaps (a stride wider than the kernel before it); otherwise
  /// empty.
  public private(set) var path: [Window] = []

  public init(input: [Int], output: [Int], kernel: Pair, stride: Pair, padding: Pair, isDepthwise: Bool) {
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.isDepthwise = isDepthwise
    reach = Pair(input[1], input[2])
  }

  /// A window as large as the image, for every output.
  static func whole(of image: [Int], outputs: Int) -> Window {
    Window(
      input: image, output: [outputs, 1, 1], kernel: Pair(image[1], image[2]), stride: Pair(1, 1), padding: Pair(0, 0),
      isDepthwise: false)
  }

  /// The rows and columns of the input that an output sees.
  private func view(of output: Int) -> (channel: Int, rows: Range<Int>, columns: Range<Int>) {
    let (height, width) = (self.output[1], self.output[2])
    let (channel, place) = output.quotientAndRemainder(dividingBy: height * width)
    let (y, x) = place.quotientAndRemainder(dividingBy: width)
    let top = y * stride.y - padding.y
    let left = x * stride.x - padding.x
    let rows = max(0, top)..<max(max(0, top), min(reach.y, top + kernel.y))
    let columns = max(0, left)..<max(max(0, left), min(reach.x, left + kernel.x))
    return (channel, rows, columns)
  }

  func forEachInput(of output: Int, _ body: (Int) -> Void) {
    if !path.isEmpty {
      for input in inputsThroughPath(of: output) { body(input) }
      return
    }
    let (channel, rows, columns) = view(of: output)
    for source in isDepthwise ? channel..<channel + 1 : 0..<input[0] {
      for row in rows {
        let start = (source * input[1] + row) * input[2]
        for column in columns { body(start + column) }
      }
    }
  }

  /// Calls `body` with each input that an output sees and the place of its weight in `[outputs, inputs, height, width]`;
  /// for a single window over all channels.
  @inline(__always)
  public func forEachTap(of output: Int, _ body: (_ input: Int, _ weight: Int) -> Void) {
    let (channel, rows, columns) = view(of: output)
    let place = output % (self.output[1] * self.output[2])
    let top = place / self.output[2] * stride.y - padding.y
    let left = place % self.output[2] * stride.x - padding.x
    for source in 0..<input[0] {
      for row in rows {
        let start = (source * input[1] + row) * input[2]
        let weights = ((channel * input[0] + source) * kernel.y + row - top) * kernel.x - left
        for column in columns { body(start + column, weights + column) }
      }
    }
  }

  func fanIn(of output: Int) -> Int {
    if !path.isEmpty { return inputsThroughPath(of: output).count }
    let (_, rows, columns) = view(of: output)
    return (isDepthwise ? 1 : input[0]) * rows.count * columns.count
  }

  private func inputsThroughPath(of output: Int) -> [Int] {
    var places: Set<Int> = [output]
    for window in path.reversed() {
      var seen: Set<Int> = []
      for place in places { window.forEachInput(of: place) { seen.insert($0) } }
      places = seen
    }
    return places.sorted()
  }

  /// Whether every input is under some window.
  var seesAll: Bool {
    func covers(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ outputs: Int, _ reach: Int) -> Bool {
      (stride <= kernel || outputs == 1) && reach == size && (outputs - 1) * stride - padding + kernel >= size
    }
    return path.isEmpty && covers(input[1], kernel.y, stride.y, padding.y, output[1], reach.y)
      && covers(input[2], kernel.x, stride.x, padding.x, output[2], reach.x)
  }

  /// This window followed by another, seen from this one's input: a pool before a convolution is a wider convolution.
  func followed(by next: Window) -> Window {
    var whole = Window(
      input: input, output: next.output,
      kernel: Pair((next.kernel.y - 1) * stride.y + kernel.y, (next.kernel.x - 1) * stride.x + kernel.x),
      stride: Pair(stride.y * next.stride.y, stride.x * next.stride.x),
      padding: Pair(padding.y + next.padding.y * stride.y, padding.x + next.padding.x * stride.x),
      isDepthwise: isDepthwise && next.isDepthwise)
    // The last row of this one's output that counts ends the rows of the input that do.
    whole.reach = Pair(
      min(reach.y, (next.reach.y - 1) * stride.y - padding.y + kernel.y),
      min(reach.x, (next.reach.x - 1) * stride.x - padding.x + kernel.x))
    let gaps = stride.y > kernel.y && next.kernel.y > 1 || stride.x > kernel.x && next.kernel.x > 1
    if gaps || !path.isEmpty || !next.path.isEmpty {
      whole.path = (path.isEmpty ? [self] : path) + (next.path.isEmpty ? [next] : next.path)
    }
    return whole
  }
}
