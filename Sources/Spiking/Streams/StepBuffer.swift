// What flows between the layers of a running stream in one step.

import Faults
import Kernels
import Tensors

/// The output of one stage in the step that runs: spikes as bits, or numbers. The memory stays from step to step.
final class StepBuffer {
  /// The shape of one sample at one step.
  let shape: [Int]
  let features: Int
  let wordCount: Int
  /// Whether the step's output is spikes; decided by the first step, and the same for all.
  private(set) var isSpikes: Bool
  /// Bits, of which those from `features` on are 0.
  let words: UnsafeMutablePointer<UInt64>
  /// Numbers; nil while the output is spikes.
  private(set) var values: UnsafeMutablePointer<Float>?
  /// The number of spikes of this step.
  var count = 0
  /// Whether this step's output is bit for bit that of the step before.
  var isUnchanged = false

  init(shape: [Int], isSpikes: Bool) {
    self.shape = shape
    features = shape.reduce(1, *)
    wordCount = (features + 63) / 64
    self.isSpikes = isSpikes
    words = .allocate(capacity: max(1, wordCount))
    words.initialize(repeating: 0, count: max(1, wordCount))
    if !isSpikes { allocateValues() }
  }

  deinit {
    words.deallocate()
    values?.deallocate()
  }

  private func allocateValues() {
    let room = UnsafeMutablePointer<Float>.allocate(capacity: max(1, features))
    room.initialize(repeating: 0, count: max(1, features))
    values = room
  }

  /// The output as a signal of one step and one sample, for layers that run as in a batch.
  func signal() throws(Fault) -> Signal {
    if let values, !isSpikes {
      return .tensor(
        try Tensor(shape: [1, 1] + shape) { target in target.baseAddress?.update(from: values, count: features) })
    }
    var spikes = try Spikes(shape: [1, 1] + shape)
    for index in 0..<wordCount { spikes.words[index] = words[index] }
    return .spikes(spikes)
  }

  /// Takes over what a layer gave for one step.
  func take(_ signal: Signal) {
    switch signal {
    // One step of it is all there is.
    case .steady(let once, _): take(.tensor(once))
    case .spikes(let spikes):
      isSpikes = true
      for index in 0..<wordCount { words[index] = spikes.words[index] }
      count = kernels.countSpikes(words, count: wordCount)
    case .tensor(let tensor):
      if values == nil { allocateValues() }
      isSpikes = false
      tensor.withUnsafeBuffer { source in
        if let from = source.baseAddress { values?.update(from: from, count: min(features, source.count)) }
      }
    }
  }

  /// Copies the numbers, or spikes as 0 and 1, to memory of as many floats as there are features.
  func copyValues(to target: UnsafeMutablePointer<Float>) {
    if let values, !isSpikes {
      target.update(from: values, count: features)
    } else {
      kernels.unpackSpikeRow(words, features: features, out: target)
    }
  }

  /// No spikes in this step.
  func silence() {
    isUnchanged = count == 0
    if count != 0 { words.update(repeating: 0, count: wordCount) }
    count = 0
  }
}
