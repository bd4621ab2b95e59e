// A stream: labelled samples in bursts, and between them long stretches in which only noise arrives.

import Faults
import Glibc
import Tensors

/// Activity over a long time with the places of the samples that it holds; a value.
public struct SpikeStream: Sendable {
  /// A labelled sample in the stream.
  public struct Segment: Sendable, Equatable {
    public var start: Int
    public var steps: Int
    public var label: Int

    public init(start: Int, steps: Int, label: Int) {
      self.start = start
      self.steps = steps
      self.label = label
    }
  }

  public var name: String
  /// `[time, 1, ...features]`.
  public var signal: Signal
  /// In the order of time; they don't overlap.
  public var segments: [Segment]
  public var classNames: [String]

  public init(name: String, signal: Signal, segments: [Segment] = [], classNames: [String] = []) {
    self.name = name
    self.signal = signal
    self.segments = segments
    self.classNames = classNames
  }

  public var steps: Int { signal.steps }
  public var features: Int { signal.features }
  /// Steps outside the samples.
  public var idleSteps: Int { steps - segments.reduce(0) { $0 + $1.steps } }
}

/// How samples become a stream.
public struct StreamOptions: Sendable {
  /// The share of steps outside the samples, from 0 to below 1.
  public var idle = 0.7
  /// The probability that a feature spikes in an idle step.
  public var idleRate = 0.02
  /// Samples that follow one another without a pause.
  public var burst = 1
  /// At most so many samples, from the first; nil for all.
  public var samples: Int?
  public var seed: UInt64 = 0

  public init() {}

  func check() throws(Fault) {
    guard idle >= 0, idle < 1 else {
      throw Fault(
        .value, "`idle` of a stream must be from 0 to below 1", label: "idle is \(idle)",
        help: "it is the share of steps outside the samples")
    }
    guard idleRate >= 0, idleRate <= 1 else {
      throw Fault(
        .value, "`idle_rate` of a stream must be from 0 to 1", label: "idle_rate is \(idleRate)",
        help: "it is the probability that a feature spikes in an idle step")
    }
    guard burst >= 1, samples ?? 1 >= 1 else {
      throw Fault(.value, "a stream needs at least one sample in a burst", label: "burst is \(burst)")
    }
  }
}

/// The stream of a data set's samples, in their order: before each burst an idle stretch of random length (half to one
/// and a half times the mean), in which each feature spikes by chance.
///
/// - Parameter encoder: the code of the samples; nil for samples that have a time axis of their own.
/// - Throws: `.value` or `.shape` when samples cannot be encoded; `.limit` for a stream that is too long; `.interrupt`.
public func makeStream(
  _ data: Dataset, encoder: (any Encoder)?, _ options: StreamOptions = StreamOptions()
) throws(Fault) -> SpikeStream {
  try options.check()
  try encoder?.check()
  guard data.count > 0 else {
    throw Fault(.value, "the data set is empty", label: "\(data.name) has no samples")
  }
  if encoder == nil, data.sampleShape.count < 2 {
    throw Fault(
      .value, "these samples need an encoder",
      label: "a sample of \(data.name) is \(Shape.text(data.sampleShape)), without a time axis",
      help: "name one: as_stream(encode=rate(steps=20))")
  }
  try data.checkLabels(for: "a stream")
  if let held = data.held { try encoder?.checkValues(held, of: "the samples of \(data.name)") }
  let number = min(data.count, options.samples ?? data.count)
  let steps = encoder.map { $0.needsTime && $0.steps == 0 ? data.sampleShape.first ?? 0 : $0.steps }
    ?? data.sampleShape[0]
  let plan = StreamPlan(samples: number, steps: steps, options)
  guard plan.total <= 100_000_000 else {
    throw Fault(.limit, "the stream is too long", label: "it would have \(counted(plan.total, "step")), and 100 million are allowed")
  }
  var whole: Signal?
  for (batch, start) in stride(from: 0, to: number, by: 256).enumerated() {
    try Interrupt.check()
    let indices = Array(start..<min(number, start + 256))
    let part = try data.signal(
      indices, encoder: encoder, stream: RandomStream(seed: options.seed, purpose: "stream", index: UInt64(batch)))
      .unrolled()
    if whole == nil { whole = try plan.empty(like: part) }
    try whole?.insert(part, at: indices.map { plan.starts[$0] })
  }
  guard var signal = whole else { throw Fault(.value, "the data set is empty") }
  try signal.addNoise(plan, rate: options.idleRate, seed: options.seed)
  let segments = (0..<number).map { index in
    SpikeStream.Segment(start: plan.starts[index], steps: steps, label: data.labels[index])
  }
  return SpikeStream(name: data.name, signal: signal, segments: segments, classNames: data.classNames)
}

/// Where each sample begins.
private struct StreamPlan {
  var starts: [Int] = []
  var total = 0
  /// Runs of idle steps.
  var gaps: [Range<Int>] = []

  init(samples: Int, steps: Int, _ options: StreamOptions) {
    var draws = RandomStream(seed: options.seed, purpose: "stream gaps")
    let perSample = Double(steps) * options.idle / (1 - options.idle)
    var owed = 0.0
    for sample in 0..<samples {
      if sample % options.burst == 0 {
        // What is owed keeps the share of idle steps: the drawn lengths only move steps from gap to gap.
        owed += Double(min(options.burst, samples - sample)) * perSample
        let drawn = owed * (0.5 + draws.uniformDouble())
        let isLast = sample + options.burst >= samples
        let gap = Int(min(1e9, max(0, (isLast ? owed : drawn).rounded())))
        owed -= Double(gap)
        gaps.append(total..<total + gap)
        total += gap
      }
      starts.append(total)
      total += steps
      if total > 1_000_000_000 { return }
    }
  }

  func empty(like part: Signal) throws(Fault) -> Signal {
    let shape = [total, 1] + part.featureShape
    if part.spikes != nil { return .spikes(try Spikes(shape: shape)) }
    return .tensor(try Tensor.zeros(shape))
  }
}

extension Signal {
  /// Copies the samples of a batch to the steps from their starts.
  fileprivate mutating func insert(_ part: Signal, at starts: [Int]) throws(Fault) {
    switch (self, part) {
    case (.spikes(var whole), .spikes(let batch)):
      self = .spikes(try Spikes(shape: [0, 0]))
      let width = whole.wordsPerRow
      for step in 0..<batch.steps {
        for (sample, start) in starts.enumerated() {
          let (from, to) = ((step * batch.batch + sample) * width, (start + step) * width)
          for word in 0..<width { whole.words[to + word] = batch.words[from + word] }
        }
      }
      self = .spikes(whole)
    case (.tensor(var whole), .tensor(let batch)):
      let width = part.features
      self = .tensor(try Tensor.zeros([0, 0]))
      try whole.withUnsafeMutableBuffer { target in
        batch.withUnsafeBuffer { source in
          guard let to = target.baseAddress, let from = source.baseAddress else { return }
          for step in 0..<part.steps {
            for (sample, start) in starts.enumerated() {
              (to + (start + step) * width).update(from: from + (step * part.batch + sample) * width, count: width)
            }
          }
        }
      }
      self = .tensor(whole)
    case (.spikes(let whole), .tensor):
      // Some samples with numbers among samples of zeros and ones: all become numbers.
      self = .tensor(try whole.tensor())
      try insert(part, at: starts)
    case (.tensor, .spikes(let spikes)): try insert(.tensor(try spikes.tensor()), at: starts)
    case (.steady, _), (_, .steady):
      self = try unrolled()
      try insert(try part.unrolled(), at: starts)
    }
  }

  /// Single spikes (or ones) by chance in the idle steps; the distances between them are drawn, so the cost follows
  /// their number.
  fileprivate mutating func addNoise(_ plan: StreamPlan, rate: Double, seed: UInt64) throws(Fault) {
    guard rate > 0 else { return }
    var places: [(step: Int, feature: Int)] = []
    var draws = RandomStream(seed: seed, purpose: "stream noise")
    let width = features
    let scale = rate < 1 ? 1 / log1p(-rate) : 0
    for gap in plan.gaps {
      try Interrupt.check()
      let count = gap.count * width
      var place = 0
      while place < count {
        if rate < 1 {
          let skip = log1p(-draws.uniformDouble()) * scale
          place += Int(min(1e15, skip.rounded(.down)))
          guard place < count else { break }
        }
        places.append((gap.lowerBound + place / max(1, width), place % max(1, width)))
        place += 1
      }
    }
    switch self {
    case .spikes(var whole):
      self = .spikes(try Spikes(shape: [0, 0]))
      for (step, feature) in places {
        whole.words[step * whole.wordsPerRow + feature >> 6] |= 1 << UInt64(feature & 63)
      }
      self = .spikes(whole)
    case .tensor(var whole):
      self = .tensor(try Tensor.zeros([0, 0]))
      try whole.withUnsafeMutableBuffer { target in
        for (step, feature) in places { target[step * width + feature] = 1 }
      }
      self = .tensor(whole)
    case .steady:
      self = try unrolled()
      try addNoise(plan, rate: rate, seed: seed)
    }
  }
}
