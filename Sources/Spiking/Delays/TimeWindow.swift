// What entered a layer over the last steps, side by side: a product with it is a convolution over time.

import Faults
import Tensors

extension Signal {
  /// `[time, batch, (longest + 1) features]`: at each step what entered now, one step ago, and so on; nothing before the
  /// first step.
  func pastSideBySide(longest: Int) throws(Fault) -> Signal {
    let width = features
    let (all, overflow) = width.multipliedReportingOverflow(by: longest + 1)
    guard !overflow else { _ = try Shape.count(shape + [longest + 1]); return self }
    let wide = [steps, batch, all]
    switch self {
    case .steady: return try unrolled().pastSideBySide(longest: longest)
    case .spikes(let spikes):
      var result = try Spikes(shape: wide)
      for step in 0..<steps {
        try Interrupt.check()
        for sample in 0..<batch {
          for k in 0...min(longest, step) {
            result.setBits(row: step * batch + sample, at: k * width, from: spikes, row: (step - k) * batch + sample)
          }
        }
      }
      return .spikes(result)
    case .tensor(let values):
      let (steps, batch) = (self.steps, self.batch)
      return .tensor(
        try Tensor(shape: wide) { (target) throws(Fault) in
          try values.withUnsafeBuffer { (source) throws(Fault) in
            guard let to = target.baseAddress, let from = source.baseAddress else { return }
            to.update(repeating: 0, count: target.count)
            try inParallel(steps, workPerItem: batch * all) { range in
              for step in range {
                for sample in 0..<batch {
                  let row = to + (step * batch + sample) * all
                  for k in 0...min(longest, step) {
                    (row + k * width).update(from: from + ((step - k) * batch + sample) * width, count: width)
                  }
                }
              }
            }
          }
        })
    }
  }

  /// The last steps of what came before, and what comes now.
  func after(_ past: Signal?) throws(Fault) -> Signal {
    guard let past, past.steps > 0 else { return self }
    return try Signal.joined([past, try unrolled()])
  }

  /// The last steps, as many as there are up to `count`.
  func lastSteps(_ count: Int) throws(Fault) -> Signal { try steps(steps - min(count, steps)..<steps) }
}

extension Tensor {
  /// The way back of `pastSideBySide`: `[time, batch, features]` from its gradient.
  func pastSummed(longest: Int, features: Int) throws(Fault) -> Tensor {
    let (steps, batch, width) = (shape[0], shape[1], features)
    let all = width * (longest + 1)
    return try Tensor(shape: [steps, batch, width]) { (target) throws(Fault) in
      try withUnsafeBuffer { (source) throws(Fault) in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        to.update(repeating: 0, count: target.count)
        try inParallel(steps, workPerItem: batch * all) { range in
          for step in range {
            for sample in 0..<batch {
              let row = to + (step * batch + sample) * width
              for k in 0...min(longest, steps - 1 - step) {
                let flow = from + ((step + k) * batch + sample) * all + k * width
                for place in 0..<width { row[place] += flow[place] }
              }
            }
          }
        }
      }
    }
  }
}

extension Spikes {
  /// Adds the spikes of a row of others to a row, from a place on.
  fileprivate mutating func setBits(row: Int, at place: Int, from other: Spikes, row source: Int) {
    let (first, shift) = (row * wordsPerRow + place / 64, UInt64(place % 64))
    for index in 0..<other.wordsPerRow {
      let word = other.words[source * other.wordsPerRow + index]
      guard word != 0 else { continue }
      words[first + index] |= word << shift
      if shift > 0 {
        let rest = word >> (64 - shift)
        // Bits beyond the features are 0, so what would lie beyond the row is none.
        if rest != 0 { words[first + index + 1] |= rest }
      }
    }
  }
}
