// Pools of two by two, side by side: by whole words of spikes, and by vectors of what flows back.

import CVector

/// Up to 64 bits from a place on; those beyond the last word are 0.
@inline(__always)
private func bits(_ words: UnsafePointer<UInt64>, _ wordCount: Int, at place: Int) -> UInt64 {
  let (word, shift) = (place >> 6, UInt64(place & 63))
  if word >= wordCount { return 0 }
  let low = words[word] >> shift
  return shift == 0 || word + 1 >= wordCount ? low : low | words[word + 1] << (64 - shift)
}

/// The bits at even places, side by side.
@inline(__always)
private func evenBits(_ pairs: UInt64) -> UInt64 {
  var x = pairs & 0x5555_5555_5555_5555
  x = (x | x >> 1) & 0x3333_3333_3333_3333
  x = (x | x >> 2) & 0x0f0f_0f0f_0f0f_0f0f
  x = (x | x >> 4) & 0x00ff_00ff_00ff_00ff
  x = (x | x >> 8) & 0x0000_ffff_0000_ffff
  return (x | x >> 16) & 0xffff_ffff
}

/// A spike for each window of two by two, side by side, that sees one: up to 32 windows at once.
@inline(__always)
func mergePairs(
  _ shape: WindowShape, _ words: UnsafePointer<UInt64>, _ wordCount: Int, to target: UnsafeMutablePointer<UInt64>
) {
  let (height, width) = (shape.outHeight, shape.outWidth)
  for channel in 0..<shape.channels {
    for y in 0..<height {
      let upper = channel * shape.pixels + 2 * y * shape.width
      let line = (channel * height + y) * width
      var x = 0
      while x < width {
        let count = min(32, width - x)
        let both = bits(words, wordCount, at: upper + 2 * x) | bits(words, wordCount, at: upper + shape.width + 2 * x)
        let seen = evenBits(both | both >> 1) & (1 << UInt64(count) - 1)
        let (word, shift) = ((line + x) >> 6, UInt64((line + x) & 63))
        target[word] |= seen << shift
        // What does not fit goes to the next word, which is there only if something is left for it.
        let rest = shift == 0 ? 0 : seen >> (64 - shift)
        if rest != 0 { target[word + 1] |= rest }
        x += count
      }
    }
  }
}

/// Of 32 windows with two bits in each of two words the first bit that is set, or the very first where none is.
@inline(__always)
private func firstOfPairs(_ above: UInt64, _ below: UInt64) -> (above: UInt64, below: UInt64) {
  let even: UInt64 = 0x5555_5555_5555_5555
  let (a, b, c, d) = (above & even, above >> 1 & even, below & even, below >> 1 & even)
  let none = even & ~(a | b | c | d)
  return (a | none | (b & ~a) << 1, c & ~(a | b) | (d & ~(a | b | c)) << 1)
}

/// The spikes of windows of two by two, side by side, times a number.
@inline(__always)
func countPairs(
  _ shape: WindowShape, _ scale: Float, _ words: UnsafePointer<UInt64>, _ wordCount: Int,
  to target: UnsafeMutablePointer<Float>
) {
  let (height, width) = (shape.outHeight, shape.outWidth)
  let places = SIMD8<UInt32>(0, 1, 2, 3, 4, 5, 6, 7)
  for channel in 0..<shape.channels {
    for y in 0..<height {
      let first = channel * shape.pixels + 2 * y * shape.width
      let line = target + (channel * height + y) * width
      var x = 0
      while x < width {
        let count = min(32, width - x)
        let above = bits(words, wordCount, at: first + 2 * x)
        let below = bits(words, wordCount, at: first + shape.width + 2 * x)
        var (a, b) = (UInt32(evenBits(above)), UInt32(evenBits(above >> 1)))
        var (c, d) = (UInt32(evenBits(below)), UInt32(evenBits(below >> 1)))
        var place = x
        while place < x + count {
          var sum = SIMD8<UInt32>(repeating: a) &>> places & 1
          sum &+= SIMD8<UInt32>(repeating: b) &>> places & 1
          sum &+= SIMD8<UInt32>(repeating: c) &>> places & 1
          sum &+= SIMD8<UInt32>(repeating: d) &>> places & 1
          let numbers = SIMD8<Float>(sum) * scale
          if place + 8 <= x + count {
            UnsafeMutableRawPointer(line + place).storeBytes(of: numbers, as: SIMD8<Float>.self)
          } else {
            for lane in 0..<x + count - place { line[place + lane] = numbers[lane] }
          }
          (a, b, c, d) = (a >> 8, b >> 8, c >> 8, d >> 8)
          place += 8
        }
        x += count
      }
    }
  }
}

/// The gradient of the largest of windows of two by two, side by side, over spikes: each number goes to the window's first
/// spike or, without one, to its first place.
///
/// - Parameters:
///   - shape: of the channels that are wanted, which begin with feature `first` of the row of `words`.
///   - source: the gradient of those channels' windows.
@inline(__always)
func choosePairs(
  _ shape: WindowShape, _ words: UnsafePointer<UInt64>, _ wordCount: Int, first: Int, _ source: UnsafePointer<Float>,
  to target: UnsafeMutablePointer<Float>
) {
  let (height, width) = (shape.outHeight, shape.outWidth)
  for channel in 0..<shape.channels {
    let image = target + channel * shape.pixels
    for y in 0..<height {
      let line = source + (channel * height + y) * width
      let bit = first + channel * shape.pixels + 2 * y * shape.width
      let upper = image + 2 * y * shape.width
      let lower = upper + shape.width
      var x = 0
      while x < width {
        let count = min(32, width - x)
        var chosen = firstOfPairs(
          bits(words, wordCount, at: bit + 2 * x), bits(words, wordCount, at: bit + shape.width + 2 * x))
        var place = x
        while place + 8 <= x + count {
          storeLanes(
            vector_twice_where16(line + place, UInt16(truncatingIfNeeded: chosen.above)), upper + 2 * place, 16)
          storeLanes(
            vector_twice_where16(line + place, UInt16(truncatingIfNeeded: chosen.below)), lower + 2 * place, 16)
          chosen = (chosen.above >> 16, chosen.below >> 16)
          place += 8
        }
        if place + 4 <= x + count {
          UnsafeMutableRawPointer(upper + 2 * place).storeBytes(
            of: vector_twice_where8(line + place, UInt8(truncatingIfNeeded: chosen.above)), as: SIMD8<Float>.self)
          UnsafeMutableRawPointer(lower + 2 * place).storeBytes(
            of: vector_twice_where8(line + place, UInt8(truncatingIfNeeded: chosen.below)), as: SIMD8<Float>.self)
          chosen = (chosen.above >> 8, chosen.below >> 8)
          place += 4
        }
        while place < x + count {
          let flow = line[place]
          upper[2 * place] = chosen.above & 1 == 0 ? 0 : flow
          upper[2 * place + 1] = chosen.above & 2 == 0 ? 0 : flow
          lower[2 * place] = chosen.below & 1 == 0 ? 0 : flow
          lower[2 * place + 1] = chosen.below & 2 == 0 ? 0 : flow
          chosen = (chosen.above >> 2, chosen.below >> 2)
          place += 1
        }
        x += count
      }
      if shape.width > 2 * width { (upper[2 * width], lower[2 * width]) = (0, 0) }
    }
    for place in 2 * height * shape.width..<shape.pixels { image[place] = 0 }
  }
}

/// The gradient of windows of two by two that lie side by side: each number goes to four places, and those that no window
/// sees get none.
@inline(__always)
func spreadPairs(
  _ shape: WindowShape, _ scale: Float, _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>
) {
  let (height, width) = (shape.outHeight, shape.outWidth)
  for channel in 0..<shape.channels {
    let image = target + channel * shape.pixels
    for y in 0..<height {
      let line = source + (channel * height + y) * width
      let upper = image + 2 * y * shape.width
      let lower = upper + shape.width
      var x = 0
      while x + 4 <= width {
        let flow = load4(line + x) * scale
        let pairs = SIMD8(flow[0], flow[0], flow[1], flow[1], flow[2], flow[2], flow[3], flow[3])
        UnsafeMutableRawPointer(upper + 2 * x).storeBytes(of: pairs, as: SIMD8<Float>.self)
        UnsafeMutableRawPointer(lower + 2 * x).storeBytes(of: pairs, as: SIMD8<Float>.self)
        x += 4
      }
      while x < width {
        let flow = line[x] * scale
        (upper[2 * x], upper[2 * x + 1], lower[2 * x], lower[2 * x + 1]) = (flow, flow, flow, flow)
        x += 1
      }
      if shape.width > 2 * width { (upper[2 * width], lower[2 * width]) = (0, 0) }
    }
    for place in 2 * height * shape.width..<shape.pixels { image[place] = 0 }
  }
}
