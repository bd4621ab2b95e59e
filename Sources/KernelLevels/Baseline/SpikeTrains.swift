// Numbers to trains of spikes, written as bits.

import CVector

extension Level {
  // Whole 64-bit draws are taken.
  public static func drawsPerTrain(steps: Int) -> Int { (steps + 3) / 4 * 4 }

  public static func drawTrains(
    _ values: UnsafePointer<Float>, features: Int, steps: Int, draws: UnsafePointer<UInt16>,
    words: UnsafeMutablePointer<UInt64>, stride: Int
  ) {
    let perTrain = drawsPerTrain(steps: steps)
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { block in
      guard let block = block.baseAddress else { return }
      var draws = draws
      for word in 0..<(features + 63) / 64 {
        let present = min(64, features - word * 64)
        var next = draws
        for first in Swift.stride(from: 0, to: steps, by: 64) {
          next = draws
          let count = min(64, steps - first)
          let kept = count == 64 ? UInt64.max : (1 << UInt64(count)) - 1
          for i in 0..<64 {
            block[i] = 0
            if i >= present || values[word * 64 + i] == 0 { continue }
            let limit = Int32((values[word * 64 + i] * 65_536).rounded())
            if limit > 0 {
              let most = UInt16(truncatingIfNeeded: limit - 1)
              let low = vector_at_most32(next + first, most)
              let high = count > 32 ? vector_at_most32(next + first + 32, most) : 0
              block[i] = (UInt64(low) | UInt64(high) << 32) & kept
            }
            next += perTrain
          }
          transposeBlock(block)
          for t in 0..<count { words[(first + t) * stride + word] = block[t] }
        }
        draws = next
      }
    }
  }

  public static func regularTrains(
    _ values: UnsafePointer<Float>, features: Int, steps: Int, words: UnsafeMutablePointer<UInt64>, stride: Int
  ) {
    for word in 0..<(features + 63) / 64 {
      var (increments, sums) = (zeroLanes(), zeroLanes())
      for q in 0..<4 {
        increments[q] = loadLanes(values + word * 64 + q * 16, max(0, min(16, features - word * 64 - q * 16)))
      }
      for t in 0..<steps {
        var fired: UInt64 = 0
        for q in 0..<4 {
          let sum = sums[q] + increments[q]
          let mask = sum .>= 1
          sums[q] = sum.replacing(with: sum - 1, where: mask)
          fired |= bits(of: mask) << UInt64(q * 16)
        }
        words[t * stride + word] = fired
      }
    }
  }
}
