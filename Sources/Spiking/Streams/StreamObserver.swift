// Looking at a running stream from outside, step by step, without changing it.

/// Told of each population's step, in the order of `StreamRun.populations`, and of each step's end.
public protocol StreamObserver: AnyObject {
  func observe(_ step: PopulationStep)
  func endStep(inSample: Bool)
  /// All states begin anew.
  func reset()
}

/// What one population did in one step. Its memory is the run's own, and only there while the observer is told.
public struct PopulationStep {
  /// The position in `StreamRun.populations`: 0 for the input.
  public let number: Int
  public let neurons: Int
  /// What left the population, and what entered its neurons; for the input both are the same.
  private let output: StepBuffer
  private let input: StepBuffer
  /// As the step left them, after any reset; empty for the input.
  public let potential: UnsafeBufferPointer<Float>

  init(input: StepBuffer) {
    number = 0
    neurons = input.features
    output = input
    self.input = input
    potential = UnsafeBufferPointer(start: nil, count: 0)
  }

  init(_ stage: SpikingStage, number: Int, potential: UnsafeBufferPointer<Float>) {
    self.number = number
    neurons = stage.output.features
    output = stage.output
    input = stage.input
    self.potential = potential
  }

  /// Writes a bit for each neuron that was active: that fired or, where numbers flow, whose number is not 0.
  ///
  /// - Returns: how many were.
  public func activity(into words: UnsafeMutableBufferPointer<UInt64>) -> Int { bits(of: output, into: words) }

  /// Writes a bit for each neuron with an input other than 0: from spikes or from an offset.
  public func driven(into words: UnsafeMutableBufferPointer<UInt64>) -> Int { bits(of: input, into: words) }

  private func bits(of buffer: StepBuffer, into words: UnsafeMutableBufferPointer<UInt64>) -> Int {
    let wordCount = min(words.count, buffer.wordCount)
    if buffer.isSpikes {
      for word in 0..<wordCount { words[word] = buffer.words[word] }
      return buffer.count
    }
    guard let values = buffer.values else { return 0 }
    var count = 0
    for word in 0..<wordCount {
      let start = word &* 64
      var bits: UInt64 = 0
      for bit in 0..<min(64, buffer.features &- start) where values[start &+ bit] != 0 { bits |= 1 &<< UInt64(bit) }
      words[word] = bits
      count &+= bits.nonzeroBitCount
    }
    return count
  }
}
