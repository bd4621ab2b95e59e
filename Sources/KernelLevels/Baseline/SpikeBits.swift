// Bit-packed spikes: packing, unpacking, counting and transposing. A row begins on a whole word, and the bits beyond
// its last feature are 0.

import CVector

extension Level {
  public static func packSpikeRow(
    _ x: UnsafePointer<Float>, features: Int, words: UnsafeMutablePointer<UInt64>
  ) -> Bool {
    var valid = true
    var start = 0
    var index = 0
    while start < features {
      let count = min(64, features - start)
      var word: UInt64 = 0
      for bit in 0..<count {
        let value = x[start + bit]
        word |= (value != 0 ? 1 : 0) << UInt64(bit)
        if value != 0 && value != 1 { valid = false }
      }
      words[index] = word
      index += 1
      start += 64
    }
    return valid
  }

  public static func unpackSpikeRow(
    _ words: UnsafePointer<UInt64>, features: Int, out: UnsafeMutablePointer<Float>
  ) {
    var start = 0
    var index = 0
    while start < features {
      let count = min(64, features - start)
      if count == 64 {
        for part in 0..<4 {
          storeLanes(lanes(of: UInt16(truncatingIfNeeded: words[index] >> UInt64(part * 16))), out + start + part * 16, 16)
        }
      } else {
        for bit in 0..<count { out[start + bit] = Float((words[index] >> UInt64(bit)) & 1) }
      }
      index += 1
      start += 64
    }
  }

  public static func countSpikes(_ words: UnsafePointer<UInt64>, count: Int) -> Int {
    var total = 0
    for i in 0..<count { total += words[i].nonzeroBitCount }
    return total
  }

  public static func addSpikeRow(
    _ words: UnsafePointer<UInt64>, wordCount: Int, to counters: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<wordCount {
      var word = words[index]
      while word != 0 {
        counters[index * 64 + word.trailingZeroBitCount] += 1
        word &= word - 1
      }
    }
  }
}

/// The features that fire in a row, in order; answers how many.
@inline(__always)
func listActive(
  _ words: UnsafePointer<UInt64>, wordCount: Int, into list: UnsafeMutablePointer<Int32>
) -> Int {
  var count = 0
  for index in 0..<wordCount {
    var word = words[index]
    #if KERNELS_AVX512
      if word == 0 { continue }
      for part in 0..<4 {
        let bits = UInt16(truncatingIfNeeded: word)
        vector_list16(bits, Int32(truncatingIfNeeded: index * 64 + part * 16), list + count)
        count += bits.nonzeroBitCount
        word >>= 16
      }
    #else
      while word != 0 {
        list[count] = Int32(truncatingIfNeeded: index * 64 + word.trailingZeroBitCount)
        count += 1
        word &= word - 1
      }
    #endif
  }
  return count
}

extension Level {
  public static func transposeSpikes(
    _ words: UnsafePointer<UInt64>, rows: Int, wordsPerRow: Int, features: Int, out: UnsafeMutablePointer<UInt64>
  ) {
    let outWords = (rows + 63) / 64
    ThreadPool.shared.run(tasks: outWords) { group in
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { block in
        guard let block = block.baseAddress else { return }
        for column in 0..<wordsPerRow {
          let first = group * 64
          let present = min(64, rows - first)
          for i in 0..<64 { block[i] = i < present ? words[(first + i) * wordsPerRow + column] : 0 }
          transposeBlock(block)
          let wanted = min(64, features - column * 64)
          for i in 0..<wanted { out[(column * 64 + i) * outWords + group] = block[i] }
        }
      }
    }
  }
}

/// Transposes a 64 x 64 block of bits in place, by exchanging ever smaller halves.
@inline(__always)
func transposeBlock(_ block: UnsafeMutablePointer<UInt64>) {
  var width = 32
  var mask: UInt64 = 0x0000_0000_FFFF_FFFF
  while width > 0 {
    var row = 0
    while row < 64 {
      let shift = UInt64(width)
      let swapped = ((block[row] >> shift) ^ block[row + width]) & mask
      block[row] ^= swapped << shift
      block[row + width] ^= swapped
      row = (row + width + 1) & ~width
    }
    width >>= 1
    mask ^= mask << UInt64(max(width, 1))
  }
}
