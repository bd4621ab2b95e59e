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
      let present = min(64, features - word * 64)
      // Each phase is a share of a spike in 2^-64: where the sum runs over, a whole spike is reached.
      var always: UInt64 = 0
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 128) { room in
        guard let increments = room.baseAddress else { return }
        let phases = increments + 64
        for i in 0..<64 {
          phases[i] = 0
          increments[i] = i < present ? phaseIncrement(values[word * 64 + i]) : 0
          if i < present, values[word * 64 + i] >= 1 { always |= 1 << UInt64(i) }
        }
        for t in 0..<steps {
          var fired: UInt64 = 0
          for i in 0..<64 {
            let phase = phases[i] &+ increments[i]
            fired |= (phase < increments[i] ? 1 : 0) << UInt64(i)
            phases[i] = phase
          }
          words[t * stride + word] = fired | always
        }
      }
    }
  }
}

/// What a value below 1 adds to a phase at each step, in 2^-64: the upper end of all numbers that are rounded to it, so
/// that a decimal or a fraction whose 32-bit float lies just below it reaches its spikes in time. A number of whole 4096ths
/// is itself: no fraction of fewer parts is rounded to it, and no spike of its comes early, however long the train.
@inline(__always)
private func phaseIncrement(_ value: Float) -> UInt64 {
  // A value is m 2^(e - 150), and its upper end (2 m + 1) 2^(e - 151): exact in 2^-64 down to values of 2^-39.
  let exponent = Int(value.bitPattern >> 23)
  if exponent == 0 || exponent >= 127 { return 0 }
  let mantissa = UInt64(value.bitPattern & 0x7f_ffff | 0x80_0000)
  let isExact = mantissa.trailingZeroBitCount >= 138 - exponent
  let upperEnd = mantissa << 1 | (isExact ? 0 : 1)
  let shift = exponent - 87
  return shift >= 0 ? upperEnd << UInt64(shift) : shift > -64 ? upperEnd >> UInt64(-shift) : 0
}
