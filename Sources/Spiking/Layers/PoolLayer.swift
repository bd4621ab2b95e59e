// Pools make images smaller: one number, or spike, for each window of each channel.

import Faults
import Kernels
import Tensors

/// The mean, the largest or the sum of each window of each channel. Rows and columns that fill no window are left out.
///
/// The largest of spikes is a spike, so a network stays binary; mean and sum give numbers.
public struct PoolLayer: Layer {
  public enum Kind: String, Sendable, CaseIterable {
    case average, max, sum
  }

  public let name = "pool"
  /// The window.
  public var size: Window.Pair
  public var kind: Kind
  public var stride: Window.Pair
  /// Whether the window is the whole image, whose size it gets when the layer becomes part of a network.
  public private(set) var isWhole = false

  /// A pool of the whole image: one number for each channel.
  public init(wholeImage kind: Kind) {
    self.init(size: .init(1, 1), kind: kind)
    isWhole = true
  }

  /// - Parameter stride: the window's own size when nil, so that windows lie side by side.
  public init(size: Window.Pair, kind: Kind = .average, stride: Window.Pair? = nil) {
    self.size = size
    self.kind = kind
    self.stride = stride ?? size
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = isWhole ? [] : [("size", size.setting)]
    if kind != .average { list.append(("kind", .text(kind.rawValue))) }
    if stride != size { list.append(("stride", stride.setting)) }
    return list
  }

  private var check: WindowCheck { WindowCheck(layer: name, kernel: size, kernelName: "size", stride: stride) }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer { sized(for: input) }

  /// The layer with the size of an image, where that is its window.
  private func sized(for input: [Int]) -> PoolLayer {
    guard isWhole, input.count == 3 else { return self }
    var layer = self
    layer.size = .init(input[1], input[2])
    layer.stride = layer.size
    return layer
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    let shape = try sized(for: input).check.shape(for: input)
    return [input[0], shape.outHeight, shape.outWidth]
  }

  public func wiring(for input: [Int]) -> Wiring { check.wiring(for: input, outputs: nil) }
  public var isTimeless: Bool { true }

  /// The window over inputs `[time, batch, ...features]`; nil for what is no image.
  func window(for input: [Int]) -> WindowShape? { try? check.shape(for: Array(input.dropFirst(2))) }

  /// What the sum of a window is multiplied by.
  var scale: Float { kind == .average ? 1 / Float(size.y * size.x) : 1 }

  private func workPerRow(_ shape: WindowShape) -> Int {
    shape.channels * shape.outPixels * shape.kernelHeight * shape.kernelWidth
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let shape = try check.shape(for: input.featureShape)
    let memory = LayerMemory(signal: pass.isTraining && kind == .max ? input : nil, inputShape: input.shape)
    let rows = input.steps * input.batch
    let work = workPerRow(shape)
    let outShape = [input.steps, input.batch, shape.channels, shape.outHeight, shape.outWidth]
    if kind == .max, case .spikes(let spikes) = input {
      var pooled = try Spikes(shape: outShape)
      let width = pooled.wordsPerRow
      _ = try pooled.withUnsafeMutableWords { (out) throws(Fault) in
        try spikes.withUnsafeWords { (words) throws(Fault) in
          try inParallel(rows, workPerItem: work) { range in
            kernels.poolSpikes(
              shape, words: words, wordsPerRow: spikes.wordsPerRow, out: out, outWordsPerRow: width, rows: range)
          }
        }
      }
      return LayerRun(output: .spikes(pooled), memory: memory)
    }
    let (kind, scale) = (kind, scale)
    let pooled = try Tensor(shape: outShape) { (target) throws(Fault) in
      guard let out = target.baseAddress else { return }
      try input.withConvolutionInput { (source) throws(Fault) in
        try inParallel(rows, workPerItem: work) { range in
          if kind == .max, case .values(let values) = source {
            kernels.poolMaxima(shape, values: values, out: out, rows: range)
          } else {
            kernels.poolSums(shape, scale: scale, input: source, out: out, rows: range)
          }
        }
      }
    }
    return LayerRun(output: .tensor(pooled), memory: memory)
  }

  /// For `max`, the gradient flows to the first of the largest of a window.
  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard wantsInput else { return LayerGradient(input: nil) }
    let flow = gradient
    let wanted = memory.inputShape
    let shape = try check.shape(for: Array(wanted.dropFirst(2)))
    let (scale, work) = (scale, workPerRow(shape))
    let result = try Tensor(shape: wanted) { (target) throws(Fault) in
      try flow.withUnsafeBuffer { (flows) throws(Fault) in
        guard let out = target.baseAddress, let flow = flows.baseAddress else { return }
        guard let input = memory.signal else {
          return try inParallel(wanted[0] * wanted[1], workPerItem: work) { range in
            kernels.poolSumsGradient(shape, scale: scale, gradient: flow, out: out, rows: range)
          }
        }
        try input.withConvolutionInput { (source) throws(Fault) in
          try inParallel(wanted[0] * wanted[1], workPerItem: work) { range in
            kernels.poolMaximaGradient(shape, input: source, gradient: flow, out: out, rows: range)
          }
        }
      }
    }
    return LayerGradient(input: result)
  }
}
