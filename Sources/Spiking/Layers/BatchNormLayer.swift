// Batch normalisation: what enters neurons is kept at one mean and spread, so that deep networks neither fall silent nor
// fire all the time.

import Faults
import Tensors

/// `y = scale (x - mean) / sqrt(variance + eps) + offset` for each channel (Ioffe and Szegedy 2015), with the statistics
/// of all steps, samples and positions of a batch together while the network is trained, and their running means
/// otherwise.
///
/// With `scale` at the threshold of the neurons behind it is tdBN (Zheng et al. 2021). With `steps` each step has
/// statistics and parameters of its own (BNTT, Kim and Panda 2021).
public struct BatchNormLayer: Layer {
  public let name = "batch_norm"
  /// What the learnt scale begins with.
  public var firstScale: Double
  /// The share of a running statistic that a batch replaces.
  public var momentum: Double
  public var epsilon: Double
  /// The number of steps that have statistics of their own; nil for one for all.
  public var steps: Int?
  /// `[channels]`, or `[steps, channels]`: the learnt scale and offset, and the running mean and variance; nil before the
  /// layer is part of a network.
  public private(set) var scale: Tensor?
  public private(set) var offset: Tensor?
  public private(set) var mean: Tensor?
  public private(set) var variance: Tensor?

  public init(scale: Double = 1, momentum: Double = 0.1, epsilon: Double = 1e-5, steps: Int? = nil) {
    firstScale = scale
    self.momentum = momentum
    self.epsilon = epsilon
    self.steps = steps
  }

  /// A layer of a file: scale, offset, mean and variance.
  init(_ layer: BatchNormLayer, scale: Tensor, offset: Tensor, mean: Tensor, variance: Tensor) {
    self.init(scale: layer.firstScale, momentum: layer.momentum, epsilon: layer.epsilon, steps: layer.steps)
    (self.scale, self.offset, self.mean, self.variance) = (scale, offset, mean, variance)
  }

  public var settings: [(name: String, value: Setting)] {
    [
      ("scale", .number(firstScale)), ("momentum", .number(momentum)), ("eps", .number(epsilon)),
      ("steps", steps.map { .integer($0) } ?? .none),
    ]
  }
  public var standardSettings: [(name: String, value: Setting)] { BatchNormLayer().settings }
  public var parameters: [(name: String, value: Tensor)] {
    guard let scale, let offset else { return [] }
    return [("scale", scale), ("offset", offset)]
  }
  /// Nothing draws a scale to zero.
  public var parameterScales: [ParameterScale] { parameters.map { _ in .unit(1) } }
  public var buffers: [(name: String, value: Tensor)] {
    guard let mean, let variance else { return [] }
    return [("mean", mean), ("variance", variance)]
  }
  public var needsWholeBatch: Bool { true }
  public var mapsToSynapses: Bool { false }
  /// Where steps differ in their statistics, so do the outputs of the same input.
  public var isTimeless: Bool { steps == nil }

  public func outputShape(for input: [Int]) throws(Fault) -> [Int] {
    func check(_ label: String, _ value: Double, _ bounds: Bounds) throws(Fault) {
      guard bounds.contains(value) else {
        throw Fault(.value, "`\(label)` of `batch_norm` must be \(bounds.text)", label: "\(label) is \(NumberText.whole(value))")
      }
    }
    try check("scale", firstScale, .finite)
    try check("momentum", momentum, .share)
    try check("eps", epsilon, .positive)
    if let steps, steps < 1 { throw Fault(.value, "`steps` of `batch_norm` must be 1 or more", label: "steps is \(steps)") }
    if let scale, scale.shape.last != input.first {
      throw Fault(
        .shape, "this `batch_norm` is for another number of channels",
        label: "it has \(scale.shape.last ?? 0), and \(input.first ?? 0) enter")
    }
    return input
  }

  public func built(for input: [Int], stream: RandomStream) throws(Fault) -> any Layer {
    _ = try outputShape(for: input)
    if scale != nil { return self }
    var layer = self
    let shape = (steps.map { [$0] } ?? []) + [input[0]]
    layer.scale = try Tensor(filledWith: Float(firstScale), shape: shape)
    layer.offset = try Tensor.zeros(shape)
    layer.mean = try Tensor.zeros(shape)
    layer.variance = try Tensor.ones(shape)
    return layer
  }

  public func wiring(for input: [Int]) -> Wiring { .each }

  /// Parts of the time that have statistics of their own, with where theirs begin.
  private func parts(_ shape: [Int]) throws(Fault) -> [(steps: Range<Int>, first: Int)] {
    guard let steps else { return [(0..<shape[0], 0)] }
    guard shape[0] == steps else {
      throw Fault(
        .shape, "`batch_norm` has statistics for another number of steps",
        label: "it has \(counted(steps, "step")), the input \(shape[0])", help: "without `steps` it takes any number")
    }
    return (0..<steps).map { ($0..<$0 + 1, $0 * shape[2]) }
  }

  public func forward(_ input: consuming Signal, _ pass: Pass) throws(Fault) -> LayerRun {
    guard let scale, let offset, let mean, let variance else { throw unbuilt }
    var values = try input.tensor()
    let shape = values.shape
    let channels = shape[2]
    let padding = pass.padding(shape)
    // What is beyond the end of a sample lies at the centre, where it adds nothing to the sums.
    if !padding.isEmpty { values = try values.filling(padding, with: Array(mean.scalars.prefix(channels))) }
    let learns = pass.drops
    var (means, variances) = (mean.scalars, variance.scalars)
    let (scales, offsets) = (scale.scalars, offset.scalars)
    var output: [Tensor] = []
    for part in try parts(shape) {
      let own = part.steps == 0..<shape[0] ? values : try values.steps(part.steps)
      let view = Channels(own.shape, axis: 2)
      let places = part.first..<part.first + channels
      if learns {
        // Around the running mean, so that the squares of numbers far from zero do not swallow their spread.
        let center = Array(means[places])
        let own = padding.isEmpty ? own : try own.filling(
          padding.filter { part.steps.contains($0 / shape[1]) }.map { $0 - part.steps.lowerBound * shape[1] }, with: center)
        let sums = try view.sums(own, center: center)
        let count = Double(Self.present(view.count, part.steps, shape, padding))
        for channel in 0..<channels {
          let shift = sums.sum[channel] / count
          means[part.first + channel] = center[channel] + Float(shift)
          variances[part.first + channel] = Float(max(0, sums.products[channel] / count - shift * shift))
        }
      }
      let a = places.map { scales[$0] / (variances[$0] + Float(epsilon)).squareRoot() }
      let b = zip(places, a).map { offsets[$0] - means[$0] * $1 }
      output.append(try view.affine(own, a, b))
    }
    var memory = LayerMemory(inputShape: shape)
    if pass.isTraining {
      memory.signal = .tensor(values)
      memory.tensors = [try Tensor(means, shape: mean.shape), try Tensor(variances, shape: variance.shape)]
    }
    return LayerRun(output: .tensor(output.count == 1 ? output[0] : try Tensor.concatenate(output)), memory: memory)
  }

  public func backward(
    _ gradient: consuming Tensor, memory: LayerMemory, wantsInput: Bool, _ pass: Pass
  ) throws(Fault) -> LayerGradient {
    guard let scale, case .tensor(let values)? = memory.signal, memory.tensors.count == 2 else { throw unbuilt }
    let padding = pass.padding(values.shape)
    let flow = try (gradient as Tensor).filling(padding, with: [Float](repeating: 0, count: values.shape[2]))
    let (means, variances, scales) = (memory.tensors[0].scalars, memory.tensors[1].scalars, scale.scalars)
    let channels = values.shape[2]
    var (ofScale, ofOffset) = ([Float](repeating: 0, count: scales.count), [Float](repeating: 0, count: scales.count))
    var inputs: [Tensor] = []
    for part in try parts(values.shape) {
      let isWhole = part.steps == 0..<values.shape[0]
      let (own, slope) = isWhole ? (values, flow) : (try values.steps(part.steps), try flow.steps(part.steps))
      let view = Channels(own.shape, axis: 2)
      let places = part.first..<part.first + channels
      let zero = [Float](repeating: 0, count: channels)
      let sums = try view.sums(slope, center: zero, with: (own, Array(means[places])))
      let count = Double(Self.present(view.count, part.steps, values.shape, padding))
      var (a, b, c) = (zero, zero, zero)
      for channel in 0..<channels {
        let place = part.first + channel
        let spread = 1 / (Double(variances[place]) + epsilon).squareRoot()
        let turned = sums.products[channel] * spread
        ofScale[place] = Float(turned)
        ofOffset[place] = Float(sums.sum[channel])
        let gain = Double(scales[place]) * spread
        a[channel] = Float(gain)
        guard pass.drops else { continue }
        // The statistics move with the input as well.
        let lean = gain * turned * spread / count
        c[channel] = Float(-lean)
        b[channel] = Float(Double(means[place]) * lean - gain * sums.sum[channel] / count)
      }
      if wantsInput { inputs.append(try view.affine(slope, a, b, with: (own, c))) }
    }
    var input = inputs.isEmpty ? nil : inputs.count == 1 ? inputs[0] : try Tensor.concatenate(inputs)
    if let whole = input { input = try whole.filling(padding, with: [Float](repeating: 0, count: channels)) }
    return LayerGradient(
      input: input, parameters: [try Tensor(ofScale, shape: scale.shape), try Tensor(ofOffset, shape: scale.shape)])
  }

  /// The numbers of a channel in some steps that are of samples which have not ended.
  private static func present(_ all: Int, _ steps: Range<Int>, _ shape: [Int], _ padding: [Int]) -> Int {
    let rows = max(1, steps.count * shape[1])
    let beyond = padding.count { steps.contains($0 / shape[1]) }
    return max(1, all / rows * (rows - beyond))
  }

  /// Moves the running statistics towards those of a batch; the variance is then that of the numbers behind the batch.
  public mutating func absorb(_ memory: LayerMemory, share: Double?) throws(Fault) {
    guard let mean, let variance, memory.tensors.count == 2 else { return }
    let shape = memory.inputShape
    let count = Float(shape.reduce(1, *) / max(1, (steps ?? 1) * (shape.count > 2 ? shape[2] : 1)))
    let share = Float(share ?? momentum)
    self.mean = try mean * (1 - share) + memory.tensors[0] * share
    self.variance = try variance * (1 - share) + memory.tensors[1] * (share * count / max(1, count - 1))
  }

  public mutating func updateParameters(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    if var value = scale {
      scale = nil
      defer { scale = value }
      try body(0, &value)
    }
    if var value = offset {
      offset = nil
      defer { offset = value }
      try body(1, &value)
    }
  }

  /// For each channel the factor and the offset that the layer comes to outside of training.
  ///
  /// - Throws: `.value` where each step has its own.
  func affine() throws(Fault) -> (factor: [Float], offset: [Float]) {
    guard let scale, let offset, let mean, let variance else { throw unbuilt }
    guard steps == nil else {
      throw Fault(
        .value, "`batch_norm` with `steps` cannot be folded", label: "each of its steps would need weights of its own",
        help: "train with batch_norm() for a chip")
    }
    let factor = zip(scale.scalars, variance.scalars).map { $0 / ($1 + Float(epsilon)).squareRoot() }
    let moved = (0..<factor.count).map { offset.scalars[$0] - mean.scalars[$0] * factor[$0] }
    return (factor, moved)
  }

  private var unbuilt: Fault {
    Fault(
      .value, "this `batch_norm` has no channels yet", help: "it gets them in a network: input(64) |> dense(100) |> \(callText)")
  }
}
