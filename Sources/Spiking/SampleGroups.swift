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
    let features = shapes.map { $0.reduce(1, *) }
    let largest = max(1, steps * (features.max() ?? 0) * MemoryLayout<Float>.stride)
    let size = max(1, SampleGroups.limit / largest)
    // The gradients of the parameters are added up once a group: that must cost less than it saves.
    let pays = parameters < steps * features.reduce(0, +) / 2
    guard batch > size, pays else {
      ranges = [0..<batch]
      return
    }
    ranges = stride(from: 0, to: batch, by: size).map { $0..<min(batch, $0 + size) }
  }
}

extension Signal {
  /// The activity of some samples.
  func samples(_ range: Range<Int>) throws(Fault) -> Signal {
    switch self {
    case .tensor(let tensor): .tensor(try tensor.samples(range))
    case .spikes(let spikes): .spikes(try spikes.samples(range))
    }
  }

  /// Activities of the groups of a batch, one behind the other.
  static func joined(_ parts: [Signal], batch: Int) throws(Fault) -> Signal {
    guard let first = parts.first else { throw Fault(.value, "a batch needs at least one sample") }
    let shape = [first.steps, batch] + first.featureShape
    let width = first.features
    switch first {
    case .spikes:
      var whole = try Spikes(shape: shape)
      var begin = 0
      for case .spikes(let part) in parts {
        whole.setSamples(begin, part)
        begin += part.batch
      }
      return .spikes(whole)
    case .tensor:
      return .tensor(
        try Tensor(shape: shape) { target in
          guard let out = target.baseAddress else { return }
          var begin = 0
          for case .tensor(let part) in parts {
            let count = part.shape[1]
            part.withUnsafeBuffer { source in
              guard let from = source.baseAddress else { return }
              for t in 0..<first.steps {
                (out + (t * batch + begin) * width).update(from: from + t * count * width, count: count * width)
              }
            }
            begin += count
          }
        })
    }
  }
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
    let count = range.count * wordsPerRow
    for t in 0..<steps {
      let from = (t * batch + range.lowerBound) * wordsPerRow
      for word in 0..<count { part.words[t * count + word] = words[from + word] }
    }
    return part
  }

  /// Puts the spikes of some samples, from `first` on, where they belong.
  mutating func setSamples(_ first: Int, _ part: Spikes) {
    let count = part.batch * wordsPerRow
    for t in 0..<steps {
      let to = (t * batch + first) * wordsPerRow
      for word in 0..<count { words[to + word] = part.words[t * count + word] }
    }
  }
}
