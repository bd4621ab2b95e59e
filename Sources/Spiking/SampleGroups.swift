// A batch walks through a network in groups of samples where what the layers pass on would not fit the cache.

import Faults
import Tensors

/// How the samples of a batch are grouped. It depends on sizes alone, so that results don't depend on the machine.
struct SampleGroups {
  let ranges: [Range<Int>]

  /// The bytes of one layer's activity that a group should not pass.
  private static let limit = 1 << 20

  /// - Parameter shapes: the features that leave each layer.
  init(steps: Int, batch: Int, shapes: [[Int]], parameters: Int) {
    // In doubles, since nobody has checked the products yet.
    let features = shapes.map { $0.reduce(1.0) { $0 * Double($1) } }
    let largest = max(1, Double(steps) * (features.max() ?? 0) * 4)
    let size = max(1, Int(min(Double(SampleGroups.limit), Double(SampleGroups.limit) / largest)))
    // The gradients of the parameters are added up once a group: that must cost less than it saves.
    let pays = Double(parameters) < Double(steps) * features.reduce(0, +) / 2
    guard batch > size, pays else {
      ranges = [0..<batch]
      return
    }
    ranges = stride(from: 0, to: batch, by: size).map { $0..<min(batch, $0 + size) }
  }
}

extension Signal {
  /// The activity of some samples.
  public func samples(_ range: Range<Int>) throws(Fault) -> Signal {
    switch self {
    case .tensor(let tensor): .tensor(try tensor.samples(range))
    case .spikes(let spikes): .spikes(try spikes.samples(range))
    case .steady(let values, let steps): .steady(try values.samples(range), steps: steps)
    }
  }
}

/// The activity of a whole batch, put together from that of its groups as they come.
struct JoinedSignal {
  private var spikes: Spikes?
  private var tensor: Tensor?

  /// - Parameter part: of a group, whose steps and features the whole has too.
  init(like part: Signal, batch: Int) throws(Fault) {
    let shape = [part.steps, batch] + part.featureShape
    switch part {
    case .spikes: spikes = try Spikes(shape: shape)
    case .tensor, .steady: tensor = try Tensor(shape: shape) { _ in }
    }
  }

  /// Puts the activity of a group, from the sample `first` on, where it belongs.
  mutating func set(_ first: Int, _ part: Signal) throws(Fault) {
    switch part {
    case .spikes(let part):
      guard let batch = spikes?.batch else { return }
      for t in 0..<part.steps { spikes?.setRows(t * batch + first, from: part, t * part.batch, count: part.batch) }
    case .steady: try set(first, try part.unrolled())
    case .tensor(let part):
      _ = try tensor?.withUnsafeMutableBuffer { target in
        part.withUnsafeBuffer { source in
          guard let to = target.baseAddress, let from = source.baseAddress else { return }
          let (steps, count) = (part.shape[0], part.count / max(1, part.shape[0]))
          let (width, whole) = (count / max(1, part.shape[1]), target.count / max(1, steps))
          for t in 0..<steps { (to + t * whole + first * width).update(from: from + t * count, count: count) }
        }
      }
    }
  }

  var signal: Signal? { spikes.map { .spikes($0) } ?? tensor.map { .tensor($0) } }
}

extension Tensor {
  /// The part `[time, range, ...]` of a tensor `[time, batch, ...]`.
  func samples(_ range: Range<Int>) throws(Fault) -> Tensor {
    let (steps, batch) = (shape[0], shape[1])
    if range == 0..<batch { return self }
    let width = shape[2...].reduce(1, *)
    return try Tensor(shape: [steps, range.count] + shape[2...]) { target in
      withUnsafeBuffer { source in
        guard let out = target.baseAddress, let from = source.baseAddress else { return }
        for t in 0..<steps {
          (out + t * range.count * width).update(
            from: from + (t * batch + range.lowerBound) * width, count: range.count * width)
        }
      }
    }
  }
}

extension Spikes {
  /// The spikes of some samples.
  func samples(_ range: Range<Int>) throws(Fault) -> Spikes {
    if range == 0..<batch { return self }
    var part = try Spikes(shape: [steps, range.count] + shape[2...])
    for t in 0..<steps { part.setRows(t * range.count, from: self, t * batch + range.lowerBound, count: range.count) }
    return part
  }

  /// Copies `count` rows, from row `source` of spikes with as many features on, to row `first` on.
  mutating func setRows(_ first: Int, from other: Spikes, _ source: Int, count: Int) {
    let (width, to, from) = (wordsPerRow, first * wordsPerRow, source * wordsPerRow)
    words.replaceSubrange(to..<to + count * width, with: other.words[from..<from + count * width])
  }
}
