// Random words: ten rounds of two multiplications, exclusive ors and a key schedule, for eight counters at once.

import CVector

extension Level {
  public static func philox(
    key: (UInt32, UInt32), high: UInt64, first: UInt64, blocks: Int, words: UnsafeMutablePointer<UInt32>
  ) {
    let lanes = SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
    let c2 = Lanes(repeating: UInt32(truncatingIfNeeded: high))
    let c3 = Lanes(repeating: UInt32(truncatingIfNeeded: high >> 32))
    var block = 0
    while block < blocks {
      let counter = SIMD8<UInt64>(repeating: first &+ UInt64(truncatingIfNeeded: block)) &+ lanes
      var state = (lower(counter), upper(counter), c2, c3)
      var (k0, k1) = key
      for _ in 0..<10 {
        let p0 = widened(state.0) &* 0xD251_1F53
        let p1 = widened(state.2) &* 0xCD9E_8D57
        state = (
          upper(p1) ^ state.1 ^ Lanes(repeating: k0), lower(p1), upper(p0) ^ state.3 ^ Lanes(repeating: k1), lower(p0)
        )
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
      }
      let out = words + block * 4
      if blocks - block >= 8 {
        withUnsafeMutableBytes(of: &state) { state in
          // The bits of words pass through as if they were floats.
          guard let lines = state.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
          vector_turn4(lines, 8, UnsafeMutableRawPointer(out).assumingMemoryBound(to: Float.self), 4)
        }
      } else {
        for i in 0..<blocks - block {
          (out[4 * i], out[4 * i + 1]) = (state.0[i], state.1[i])
          (out[4 * i + 2], out[4 * i + 3]) = (state.2[i], state.3[i])
        }
      }
      block += 8
    }
  }

  public static func uniform(
    count: Int, low: Float, span: Float, _ words: UnsafePointer<UInt32>, out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { out[i] = low + span * (Float(Int32(truncatingIfNeeded: words[i] >> 8)) * 0x1p-24) }
  }
}

private typealias Lanes = SIMD8<UInt32>

@inline(__always)
private func widened(_ x: Lanes) -> SIMD8<UInt64> { SIMD8<UInt64>(truncatingIfNeeded: x) }

@inline(__always)
private func lower(_ x: SIMD8<UInt64>) -> Lanes { Lanes(truncatingIfNeeded: x) }

@inline(__always)
private func upper(_ x: SIMD8<UInt64>) -> Lanes { Lanes(truncatingIfNeeded: x &>> 32) }
