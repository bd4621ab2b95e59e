// Pools whose windows are as large as the wanted output asks for.

import Faults
import Kernels
import Tensors

/// The mean, the largest or the sum of windows of each channel, so many along each axis of an image or a row: window i of n
/// over a length L is from `floor(i L / n)` to `ceil((i + 1) L / n)`, so that windows may overlap by one position.
public struct AdaptivePoolLayer: Layer {
  public let name = "adaptive_pool"
  /// Windows along the height and the width; along a row its last counts.
  public var output: Window.Pair
  public var kind: PoolLayer.Kind

  public init(output: Window.Pair, kind: PoolLayer.Kind = .average) {
    self.output = output
    self.kind = kind
  }

  public var settings: [(name: String, value: Setting)] {
    [("output", output.setting)] + (kind == .average ? [] : [("kind", .text(kind.rawValue))])
  }
  public var isTimeless: Bool { true }
  /// Where all windows are alike, `Network.forChips` makes a plain pool of it.
  public var mapsToSynapses: Bool { false }

  /// The features as an image.
  private func image(_ input: [Int]) throws(Fault) -> (height: Int, width: Int, rows: Int) {
    guard output.y >= 1, output.x >= 1 else {
      throw Fault(.value, "the output of `adaptive_pool` must be at least 1", label: "output is \(output.setting.description)")
    }
    guard input.count == 3 || input.count == 2 else {
      throw Fault(
        .shape, "`adaptive_pool` takes images, [channels, height, width], or rows, [channels, length]",
        label: "its input is \(Shape.text(input))")
    }
    let image = input.count == 3 ? (input[1], input[2], output.y) : (1, input[1], 1)
    guard image.2 <= image.0, output.x <= image.1 else {
      throw Fault(
        .shape, "the output of `adaptive_pool` is larger than its input",
        label: "output is \(output.setting.description), the input \(Shape.text(input))")
    }
    guard input.allSatisfy({ $0 <= 1 << 30 }) else { throw Fault(.limit, "the input of `adaptive_pool` is too large") }
    return image
  }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    let image = try image(input)
    return input.count == 3 ? [input[0], image.rows, output.x] : [input[0], output.x]
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    return self
  }

  public func wiring(for input: [Int]) -> Wiring { .all }

  /// The same as a pool, where all windows are alike and lie side by side.
  public func plain(for input: [Int]) -> PoolLayer? {
    guard let image = try? image(input), image.height % image.rows == 0, image.width % output.x == 0 else { return nil }
    return PoolLayer(size: .init(image.height / image.rows, image.width / output.x), kind: kind)
  }

  /// The windows along an axis.
  private static func windows(_ length: Int, _ count: Int) -> [Range<Int>] {
    (0..<count).map { $0 * length / count..<(($0 + 1) * length + count - 1) / count }
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    let features = input.featureShape
    let image = try image(features)
    let values = try input.tensor()
    let isSpikes = input.spikes != nil
    let (rows, columns) = (Self.windows(image.height, image.rows), Self.windows(image.width, output.x))
    let planes = values.shape[0] * values.shape[1] * features[0]
    let (plane, outPlane, width, kind) = (image.height * image.width, rows.count * columns.count, image.width, kind)
    let result = try Tensor(shape: [values.shape[0], values.shape[1]] + outputShape(for: features)) { (target) throws(Fault) in
      try values.withUnsafeBuffer { (source) throws(Fault) in
        guard let out = target.baseAddress, let from = source.baseAddress else { return }
        try inParallel(planes, workPerItem: plane) { range in
          for number in range {
            let pixels = from + number * plane
            var place = out + number * outPlane
            for ys in rows {
              for xs in columns {
                var sum: Float = kind == .max ? -.infinity : 0
                for y in ys { for x in xs { sum = kind == .max ? max(sum, pixels[y * width + x]) : sum + pixels[y * width + x] } }
                place.pointee = kind == .average ? sum / Float(ys.count * xs.count) : sum
                place += 1
              }
            }
          }
        }
      }
    }
    let memory = LayerMemory(tensors: pass.isTraining && kind == .max ? [values] : [], inputShape: values.shape)
    return LayerRun(output: isSpikes && kind == .max ? .spikes(try Spikes(result)) : .tensor(result), memory: memory)
  }

  /// For `max`, the gradient flows to the first of the largest of a window.
  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard wantsInput else { return LayerGradient(input: nil) }
    let (flow, wanted) = (gradient, memory.inputShape)
    let features = Array(wanted.dropFirst(2))
    let image = try image(features)
    let (rows, columns) = (Self.windows(image.height, image.rows), Self.windows(image.width, output.x))
    let planes = wanted[0] * wanted[1] * features[0]
    let (plane, outPlane, width, kind) = (image.height * image.width, rows.count * columns.count, image.width, kind)
    var seen = try Tensor.zeros([1])
    if let kept = memory.tensors.first { seen = kept }
    let isMax = kind == .max && !memory.tensors.isEmpty
    let result = try Tensor(shape: wanted) { (target) throws(Fault) in
      try flow.withUnsafeBuffer { (flows) throws(Fault) in
        try seen.withUnsafeBuffer { (source) throws(Fault) in
          guard let out = target.baseAddress, let arriving = flows.baseAddress, let from = source.baseAddress else { return }
          try inParallel(planes, workPerItem: plane) { range in
            for number in range {
              let slopes = out + number * plane
              slopes.update(repeating: 0, count: plane)
              var place = arriving + number * outPlane
              for ys in rows {
                for xs in columns {
                  if isMax {
                    let pixels = from + number * plane
                    var best = ys.lowerBound * width + xs.lowerBound
                    for y in ys { for x in xs where pixels[y * width + x] > pixels[best] { best = y * width + x } }
                    slopes[best] += place.pointee
                  } else {
                    let part = kind == .average ? place.pointee / Float(ys.count * xs.count) : place.pointee
                    for y in ys { for x in xs { slopes[y * width + x] += part } }
                  }
                  place += 1
                }
              }
            }
          }
        }
      }
    }
    return LayerGradient(input: result)
  }
}
