// The class that the output of a running stream tells of, from the first step of a sample to its last.

import Faults
import Tensors

/// A decoder's reading of a sample while it goes on: at the sample's end it is that of `Decoder.classes`.
struct StreamReading {
  private let decoder: Decoder
  private var steps = 0
  private var counts: [Int]
  private var firsts: [Int]
  private var scores: [Float]
  /// What would be read now; nil before anything was said.
  private(set) var answer: Int?
  /// The steps after which the answer last changed.
  private(set) var decidedAfter = 0

  init(_ decoder: Decoder, classes: Int) {
    self.decoder = decoder
    counts = [Int](repeating: 0, count: classes)
    firsts = [Int](repeating: .max, count: classes)
    scores = [Float](repeating: decoder == .membraneMaximum ? -.infinity : 0, count: classes)
  }

  mutating func begin() {
    steps = 0
    answer = nil
    decidedAfter = 0
    for index in counts.indices {
      counts[index] = 0
      firsts[index] = .max
    }
    for index in scores.indices { scores[index] = decoder == .membraneMaximum ? -.infinity : 0 }
  }

  /// Takes in the output of one more step.
  mutating func add(_ output: StepBuffer) {
    steps += 1
    let readsSpikes = output.isSpikes && (decoder == .spikeCount || decoder == .firstSpike)
    if output.isSpikes {
      if readsSpikes, output.count == 0 { return }
      if decoder == .membraneLast { for index in counts.indices { counts[index] = 0 } }
      for word in 0..<output.wordCount {
        var bits = output.words[word]
        while bits != 0 {
          let index = word * 64 + bits.trailingZeroBitCount
          counts[index] += 1
          firsts[index] = min(firsts[index], steps - 1)
          bits &= bits - 1
        }
      }
    } else if let values = output.values {
      for index in scores.indices {
        let value = values[index]
        switch decoder {
        case .membraneMaximum: scores[index] = max(scores[index], value)
        case .membraneLast: scores[index] = value
        case .membraneMean, .spikeCount, .firstSpike: scores[index] += value
        }
      }
    }
    let now = readsSpikes ? Decoder.best(counts: counts[...], firsts: firsts[...], decoder) : bestScore(ofSpikes: output.isSpikes)
    if now != answer {
      answer = now
      decidedAfter = steps
    }
  }

  private func bestScore(ofSpikes isSpikes: Bool) -> Int {
    // Spikes read as potentials: their highest value, or their mean.
    let values = isSpikes ? counts.map { decoder == .membraneMaximum ? Float(min(1, $0)) : Float($0) } : scores
    var best = 0
    for index in values.indices where values[index] > values[best] { best = index }
    return best
  }
}
