// Turns samples of a data set into what enters a network, and refuses data that cannot.

import Faults
import Tensors

/// A data set, and the code by which its samples enter a network.
struct BatchSource {
  let data: Dataset
  let network: Network
  let encoder: (any Encoder)?
  let targets: BatchTargets
  /// Samples that are recorded events, all 0 and 1, as spikes `[samples, time, ...features]`.
  private let recorded: Spikes?
  /// Where samples are not in memory.
  private let ahead: ReadAhead?
  private let augmentations: [any Augmentation]

  /// - Parameter loss: what the targets are for; without one they are not looked at but for their classes.
  /// - Throws: `.value` for an empty data set, a label that is no class or targets that the loss has no use for; `.shape`
  ///   when samples or targets don't fit.
  init(
    _ data: Dataset, network: Network, encoder: (any Encoder)?, loss: any Loss = FunctionLoss("none") { $0.output },
    augmentations: [any Augmentation] = []
  ) throws(Fault) {
    self.augmentations = augmentations
    for augmentation in augmentations { try augmentation.check() }
    self.data = data
    self.network = network
    self.encoder = encoder
    guard data.count > 0 else {
      throw Fault(.value, "the data set is empty", label: "\(data.name) has no samples")
    }
    try encoder?.check()
    let sample = data.sampleShape
    let needed = network.inputShape.reduce(1, *)
    if data.lengths != nil, let encoder {
      guard encoder.steps == 0 else {
        throw Fault(.value, "`\(encoder.name)` has steps of its own, and the samples too", label: "those of \(data.name) last differently long", help: "leave `encode` out")
      }
    }
    if let encoder {
      let coded = try encoder.codedShape(for: sample)
      guard coded.reduce(1, *) == needed else {
        let made = coded == sample ? "" : ", of which \(encoder.callText) makes \(Shape.text(coded))"
        throw Fault(
          .shape, "the samples do not fit the network",
          label: "a sample of \(data.name) is \(Shape.text(sample))\(made), "
            + "the network takes \(Shape.text(network.inputShape))",
          help: sample.count >= 2 && sample.dropFirst().reduce(1, *) == needed
            ? "the samples have a time axis of their own: leave `encode` out"
            : "begin the network with input(\(coded.map(String.init).joined(separator: ", ")))")
      }
      if let held = data.held { try encoder.checkValues(held, of: "the samples of \(data.name)") }
    } else {
      guard sample.count >= 2, sample.dropFirst().reduce(1, *) == needed else {
        throw Fault(
          .value, "these samples need an encoder",
          label: "a sample of \(data.name) is \(Shape.text(sample)), without a time axis that fits the network",
          help: "name one: encode=rate(steps=20)")
      }
    }
    let steps = encoder.flatMap { $0.steps > 0 ? $0.steps : nil } ?? data.sampleShape.first ?? 0
    targets = try BatchTargets(data, loss: loss, outputs: network.outputs, steps: steps)
    recorded = encoder == nil && augmentations.isEmpty ? try data.recordedSpikes : nil
    ahead = data.held == nil ? ReadAhead(data.samples) : nil
  }

  /// The steps that some samples last; nil where all last as long as the batch.
  func lengths(_ indices: [Int]) -> [Int]? {
    guard encoder == nil || encoder?.needsTime == true, let lengths = data.lengths else { return nil }
    return indices.map { lengths[$0] }
  }

  /// Tells which samples come next, so that they can be read while others are worked on.
  func prepare(_ indices: [Int]) { ahead?.prepare(indices) }

  /// The activity `[time, batch, ...features]` of some samples.
  ///
  /// - Parameter changes: draws the augmentations; nil leaves the samples as they are.
  func signal(_ indices: [Int], stream: RandomStream, changes: RandomStream? = nil) throws(Fault) -> Signal {
    if let recorded { return .spikes(try recorded.samples(indices)) }
    var rows = if let ahead { try ahead.rows(indices) } else { try data.rows(indices) }
    if let changes, !augmentations.isEmpty {
      rows = try augmentations.changed(rows, stream: changes)
      try encoder?.checkValues(rows, of: "the augmented samples of \(data.name)")
    }
    let signal = try data.signal(of: rows, encoder: encoder, stream: stream)
    return encoder == nil ? signal : try signal.reshaped(features: network.inputShape)
  }

  /// The network with its first weights set by a rule, which measures on some samples of the data.
  func initialized(by rule: any Initializer, seed: UInt64) throws(Fault) -> Network {
    // As many samples as keep a layer's activity to some 4 million numbers, drawn from all classes.
    let widest = network.shapes.reduce(network.inputShape.reduce(1, *)) { max($0, $1.reduce(1, *)) }
    let steps = encoder.map { $0.steps }.flatMap { $0 > 0 ? $0 : nil } ?? data.sampleShape.first ?? 1
    let (size, overflow) = widest.multipliedReportingOverflow(by: max(1, steps))
    let count = min(data.count, max(4, min(64, (1 << 22) / (overflow ? Int.max : max(1, size)))))
    var draws = RandomStream(seed: seed, purpose: "first weights, samples")
    let indices = Array(try draws.permutation(data.count).prefix(count))
    var input = try signal(indices, stream: RandomStream(seed: seed, purpose: "first weights, encode"))
    // What is beyond the end of a sample says nothing of its activity.
    if let shortest = lengths(indices)?.min() { input = try input.unrolled().steps(0..<min(shortest, input.steps)) }
    return try network.initialized(by: rule, on: input, seed: seed)
  }
}

extension Network {
  /// The network with its first weights set by a rule, which measures on some samples of the data.
  ///
  /// - Parameter encoder: the code of the samples; nil for the one that the network remembers.
  /// - Throws: `.value` or `.shape` when samples don't fit.
  public func initialized(
    by rule: any Initializer, on data: Dataset, encoder: (any Encoder)?, seed: UInt64
  ) throws(Fault) -> Network {
    try BatchSource(data, network: self, encoder: encoder ?? self.encoder)
      .initialized(by: rule, seed: seed)
  }
}

extension Dataset {
  /// The activity `[time, batch, ...features]` of some samples, by a code or, without one, along the samples' own time
  /// axis; recorded events, all 0 and 1, are spikes.
  func signal(_ indices: [Int], encoder: (any Encoder)?, stream: RandomStream) throws(Fault) -> Signal {
    try signal(of: try rows(indices), encoder: encoder, stream: stream)
  }

  /// The same of samples that were read, `[batch, ...sample shape]`.
  func signal(of rows: Tensor, encoder: (any Encoder)?, stream: RandomStream) throws(Fault) -> Signal {
    // Samples in memory were looked at once, all together.
    if held == nil {
      try encoder?.checkValues(rows, of: "the samples of \(name)")
      if encoder == nil { try rows.checkFinite("the samples of `\(name)`") }
    }
    if let encoder { return try encoder.code(rows, stream: stream) }
    let order = [1, 0] + (2..<rows.rank)
    let timed = try rows.transposed(order)
    return timed.isBinary ? .spikes(try Spikes(timed)) : .tensor(timed)
  }

  /// All samples as spikes `[samples, time, ...features]`; nil where other numbers than 0 and 1 are among them, or where
  /// bits in whole words would take more memory than the numbers.
  fileprivate var recordedSpikes: Spikes? {
    get throws(Fault) {
      guard let features = held, features.rank >= 3, sampleShape.dropFirst().reduce(1, *) >= 64, features.isBinary else { return nil }
      return try Spikes(features)
    }
  }
}

extension Tensor {
  fileprivate var isBinary: Bool {
    withUnsafeBuffer { values in values.allSatisfy { $0 == 0 || $0 == 1 } }
  }
}

extension Spikes {
  /// Some samples of `[samples, time, ...features]`, as `[time, samples, ...features]`.
  fileprivate func samples(_ indices: [Int]) throws(Fault) -> Spikes {
    let time = shape[1]
    var result = try Spikes(shape: [time, indices.count] + shape[2...])
    for (place, index) in indices.enumerated() {
      for t in 0..<time { result.setRows(t * indices.count + place, from: self, index * time + t, count: 1) }
    }
    return result
  }
}
