// Binary tensors over time, one bit an element: what flows between spiking layers.

import Faults
import Kernels
import Synchronization

/// Spikes: a binary tensor [time, batch, …features], bit-packed. Each (time, batch) row starts on a whole word.
public struct Spikes: @unchecked Sendable, Equatable {
  /// Time, batch, then the features' own axes (none for a single feature).
  public let shape: [Int]
  /// The words, row after row. Bit i of word w of a row is feature 64 w + i; bits from `features` on are 0, and who
  /// writes words keeps them so.
  public var words: [UInt64]
  /// The number of features of a row.
  public let features: Int
  /// The words of a row: features / 64, rounded up.
  public let wordsPerRow: Int

  /// The number of time steps.
  public var steps: Int { shape[0] }
  /// The number of samples.
  public var batch: Int { shape[1] }
  /// The number of rows: steps times batch.
  public var rows: Int { shape[0] * shape[1] }

  /// Silence of the given shape, which has at least the axes time and batch.
  public init(shape: [Int]) throws(Fault) {
    guard shape.count >= 2 else {
      throw Fault(
        .shape, "spikes have at least two axes, time and batch", label: "the shape is \(Shape.text(shape))")
    }
    _ = try Shape.count(shape)
    self.shape = shape
    features = shape[2...].reduce(1, *)
    wordsPerRow = features == 0 ? 0 : (features - 1) / 64 + 1
    let (number, overflow) = shape[0].multipliedReportingOverflow(by: shape[1])
    let (total, overflowAgain) = number.multipliedReportingOverflow(by: wordsPerRow)
    if overflow || overflowAgain || total > Tensor.memoryLimit / 8 { throw Shape.tooLarge(shape, bytes: nil) }
    words = [UInt64](repeating: 0, count: total)
  }

  /// The spikes of a tensor of 0s and 1s.
  ///
  /// - Throws: `.value` when another number is among them, and for a tensor under differentiation, whose gradient bits
  ///   do not carry.
  public init(_ tensor: Tensor) throws(Fault) {
    if tensor.isTracked { throw Tape.leaving("a train of spikes") }
    try self.init(shape: tensor.shape)
    let (source, width, step) = (UnsafePointer(tensor.base), features, wordsPerRow)
    let number = rows
    let flag = Flag()
    try words.withUnsafeMutableBufferPointer { (words) throws(Fault) in
      guard let out = words.baseAddress else { return }
      try Parallel.rows(number, width: width) { rows in
        for row in rows where !kernels.packSpikeRow(source + row * width, features: width, words: out + row * step) {
          flag.isRaised.store(true, ordering: .relaxed)
        }
      }
    }
    if flag.isRaised.load(ordering: .relaxed) {
      throw Fault(.value, "spikes are 0 or 1", help: "compare with a threshold first, as in `x > 0.5`")
    }
  }

  /// The same as a tensor of 0s and 1s.
  public func tensor() throws(Fault) -> Tensor {
    let result = try Tensor(uninitialized: shape)
    let (out, width, step) = (result.base, features, wordsPerRow)
    try withWords { (words) throws(Fault) in
      try Parallel.rows(rows, width: width) { rows in
        for row in rows { kernels.unpackSpikeRow(words + row * step, features: width, out: out + row * width) }
      }
    }
    return result
  }

  /// The number of spikes.
  public var total: Int {
    words.withUnsafeBufferPointer { words in
      words.baseAddress.map { kernels.countSpikes($0, count: words.count) } ?? 0
    }
  }

  /// The share of places that spike, from 0 to 1; 0 for an empty tensor.
  public var density: Double {
    let places = Double(rows) * Double(features)
    return places == 0 ? 0 : Double(total) / places
  }

  /// The number of spikes summed over axes of `shape` (0 is time, 1 the batch), as a tensor of the other axes.
  public func counts(over axes: [Int]) throws(Fault) -> Tensor {
    // Counters are 32-bit floats: they count one by one up to 2^24.
    if try Shape.axes(axes, of: shape) == [0], steps <= 1 << 24 { return try countsOverTime() }
    return try tensor().sum(over: axes)
  }

  /// Spikes of each neuron of each sample over all steps: [batch, …features].
  private func countsOverTime() throws(Fault) -> Tensor {
    let padded = wordsPerRow * 64
    let room = try Tensor(filledWith: 0, shape: [batch, padded])
    let (out, step, steps, batch) = (room.base, wordsPerRow, self.steps, self.batch)
    try withWords { (words) throws(Fault) in
      try Parallel.rows(batch, width: steps * step) { samples in
        for sample in samples {
          for time in 0..<steps {
            kernels.addSpikeRow(words + (time * batch + sample) * step, wordCount: step, to: out + sample * padded)
          }
        }
      }
    }
    return try room.indexed([.all, .range(0, features)]).reshaped(Array(shape[1...]))
  }

  /// The steps in a range, which must lie within the spikes.
  public func timeSlice(_ range: Range<Int>) throws(Fault) -> Spikes {
    guard range.lowerBound >= 0, range.upperBound <= steps else {
      throw Fault(
        .value, "the steps \(range.lowerBound)..\(range.upperBound) are out of range",
        label: "the shape is \(Shape.text(shape))")
    }
    var part = try Spikes(shape: [range.count] + shape[1...])
    let stride = batch * wordsPerRow
    part.words = Array(words[(range.lowerBound * stride)..<(range.upperBound * stride)])
    return part
  }

  /// Calls `body` with each feature that spikes at a step of a sample, in order.
  public func forEachActive(step: Int, sample: Int, _ body: (Int) -> Void) {
    let first = (step * batch + sample) * wordsPerRow
    for index in 0..<wordsPerRow {
      var word = words[first + index]
      while word != 0 {
        body(index * 64 + word.trailingZeroBitCount)
        word &= word - 1
      }
    }
  }

  /// The step of each neuron's first spike, [batch, …features]; -1 for one that stays silent.
  public func firstSpikeTimes() throws(Fault) -> Tensor {
    var result = try Tensor(filledWith: -1, shape: Array(shape[1...]))
    try result.withUnsafeMutableBuffer { out in
      for step in (0..<steps).reversed() {
        for sample in 0..<batch {
          forEachActive(step: step, sample: sample) { out[sample * features + $0] = Float(step) }
        }
      }
    }
    return result
  }

  /// The words through a pointer that isn't read when there are none.
  func withWords<Result>(_ body: (UnsafePointer<UInt64>) throws(Fault) -> Result) throws(Fault) -> Result {
    var none: UInt64 = 0
    return try words.withUnsafeBufferPointer { (words) throws(Fault) in
      if let start = words.baseAddress { return try body(start) }
      return try withUnsafePointer(to: &none) { (pointer) throws(Fault) in try body(pointer) }
    }
  }

  /// Raised by any task that meets a number other than 0 and 1.
  private final class Flag: Sendable {
    let isRaised = Atomic<Bool>(false)
  }
}
