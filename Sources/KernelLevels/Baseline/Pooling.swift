// Pools: the sum, the mean or the largest of each window of each channel, and their gradients.
//
// Sums of spikes go through the spikes one by one. The terms of a sum are added in order of row and column either way,
// so spikes and the same numbers as floats give the same bits.

extension Level {
  public static func poolSums(
    _ shape: WindowShape, scale: Float, input: ConvolutionInput, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    let pixels = shape.outPixels
    switch input {
    case .values(let floats):
      for row in rows {
        forEachWindow(shape) { place, begin in
          let window = floats + row * shape.features + begin
          var total: Float = 0
          for y in 0..<shape.kernelHeight {
            let line = window + y * shape.width
            for x in 0..<shape.kernelWidth { total += line[x] }
          }
          out[row * shape.channels * pixels + place] = total * scale
        }
      }
    case .spikes(let words, let wordsPerRow) where shape.isPairs:
      for row in rows {
        countPairs(shape, scale, words + row * wordsPerRow, wordsPerRow, to: out + row * shape.channels * pixels)
      }
    case .spikes(let words, let wordsPerRow):
      withTargets(shape) { rowTargets, columnTargets in
        for row in rows {
          let target = out + row * shape.channels * pixels
          target.update(repeating: 0, count: shape.channels * pixels)
          forEachSpikeWindow(shape, words + row * wordsPerRow, wordsPerRow, rowTargets, columnTargets) { place in
            target[place] += 1
          }
          if scale != 1 { for place in 0..<shape.channels * pixels { target[place] *= scale } }
        }
      }
    }
  }

  public static func poolSpikes(
    _ shape: WindowShape, words: UnsafePointer<UInt64>, wordsPerRow: Int, out: UnsafeMutablePointer<UInt64>,
    outWordsPerRow: Int, rows: Range<Int>
  ) {
    if shape.isPairs {
      for row in rows { mergePairs(shape, words + row * wordsPerRow, wordsPerRow, to: out + row * outWordsPerRow) }
      return
    }
    withTargets(shape) { rowTargets, columnTargets in
      for row in rows {
        let target = out + row * outWordsPerRow
        forEachSpikeWindow(shape, words + row * wordsPerRow, wordsPerRow, rowTargets, columnTargets) { place in
          target[place >> 6] |= 1 << UInt64(place & 63)
        }
      }
    }
  }

  public static func poolMaxima(
    _ shape: WindowShape, values: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    for row in rows {
      let image = values + row * shape.features
      let target = out + row * shape.channels * shape.outPixels
      forEachWindow(shape) { place, begin in target[place] = image[largest(shape, image, begin)] }
    }
  }

  public static func poolSumsGradient(
    _ shape: WindowShape, scale: Float, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    rows: Range<Int>
  ) {
    for row in rows {
      let target = out + row * shape.features
      let source = gradient + row * shape.channels * shape.outPixels
      if shape.isPairs {
        spreadPairs(shape, scale, source, to: target)
        continue
      }
      target.update(repeating: 0, count: shape.features)
      forEachWindow(shape) { place, begin in
        let flow = source[place] * scale
        for y in 0..<shape.kernelHeight {
          let line = target + begin + y * shape.width
          for x in 0..<shape.kernelWidth { line[x] += flow }
        }
      }
    }
  }

  public static func poolMaximaGradient(
    _ shape: WindowShape, input: ConvolutionInput, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    rows: Range<Int>
  ) {
    if case .spikes(let words, let wordsPerRow) = input, shape.isPairs {
      for row in rows {
        choosePairs(
          shape, words + row * wordsPerRow, wordsPerRow, gradient + row * shape.channels * shape.outPixels,
          to: out + row * shape.features)
      }
      return
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, shape.features)) { plain in
      guard let plain = plain.baseAddress else { return }
      for row in rows {
        let target = out + row * shape.features
        let source = gradient + row * shape.channels * shape.outPixels
        target.update(repeating: 0, count: shape.features)
        let image: UnsafePointer<Float>
        switch input {
        case .values(let floats): image = floats + row * shape.features
        case .spikes(let words, let wordsPerRow):
          Level.unpackSpikeRow(words + row * wordsPerRow, features: shape.features, out: plain)
          image = UnsafePointer(plain)
        }
        forEachWindow(shape) { place, begin in target[largest(shape, image, begin)] += source[place] }
      }
    }
  }
}

/// Calls `body` with each window's number and the feature at which it begins.
@inline(__always)
private func forEachWindow(_ shape: WindowShape, _ body: (_ place: Int, _ begin: Int) -> Void) {
  var place = 0
  for channel in 0..<shape.channels {
    for y in 0..<shape.outHeight {
      let line = (channel * shape.height + y * shape.strideY) * shape.width
      for x in 0..<shape.outWidth {
        body(place, line + x * shape.strideX)
        place += 1
      }
    }
  }
}

/// Calls `body` with the number of each window that sees a spike, spike by spike.
@inline(__always)
private func forEachSpikeWindow(
  _ shape: WindowShape, _ words: UnsafePointer<UInt64>, _ wordCount: Int, _ rowTargets: AxisTargets,
  _ columnTargets: AxisTargets, _ body: (Int) -> Void
) {
  let pixels = UInt32(truncatingIfNeeded: shape.pixels)
  let width = UInt32(truncatingIfNeeded: shape.width)
  for index in 0..<wordCount {
    var word = words[index]
    while word != 0 {
      let feature = UInt32(truncatingIfNeeded: index * 64 + word.trailingZeroBitCount)
      word &= word - 1
      let channel = feature / pixels
      let place = feature - channel * pixels
      let y = Int(place / width)
      let x = Int(place % width)
      for ky in 0..<shape.kernelHeight {
        let row = rowTargets.targets[y * shape.kernelHeight + ky]
        if row < 0 { continue }
        let line = Int(channel) * shape.outPixels + row
        for kx in 0..<shape.kernelWidth {
          let column = columnTargets.targets[x * shape.kernelWidth + kx]
          if column >= 0 { body(line + column) }
        }
      }
    }
  }
}

/// The feature of a window's first largest number.
@inline(__always)
private func largest(_ shape: WindowShape, _ image: UnsafePointer<Float>, _ begin: Int) -> Int {
  var best = begin
  for y in 0..<shape.kernelHeight {
    let line = begin + y * shape.width
    for x in 0..<shape.kernelWidth where image[line + x] > image[best] { best = line + x }
  }
  return best
}

extension WindowShape {
  /// Whether windows are of two by two and lie side by side.
  @inline(__always)
  fileprivate var isPairs: Bool { kernelHeight == 2 && kernelWidth == 2 && strideY == 2 && strideX == 2 && paddingY == 0 && paddingX == 0 }
}

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
private func mergePairs(
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

/// Eight numbers, those without a bit as 0.
@inline(__always)
private func kept(_ numbers: SIMD8<Float>, _ bits: UInt64) -> SIMD8<Float> {
  let places = SIMD8<UInt32>(1, 2, 4, 8, 16, 32, 64, 128)
  let isUnset = (SIMD8<UInt32>(repeating: UInt32(truncatingIfNeeded: bits)) & places) .== 0
  return numbers.replacing(with: 0, where: isUnset)
}

/// The spikes of windows of two by two, side by side, times a number.
@inline(__always)
private func countPairs(
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
@inline(__always)
private func choosePairs(
  _ shape: WindowShape, _ words: UnsafePointer<UInt64>, _ wordCount: Int, _ source: UnsafePointer<Float>,
  to target: UnsafeMutablePointer<Float>
) {
  let (height, width) = (shape.outHeight, shape.outWidth)
  for channel in 0..<shape.channels {
    let image = target + channel * shape.pixels
    for y in 0..<height {
      let line = source + (channel * height + y) * width
      let first = channel * shape.pixels + 2 * y * shape.width
      let upper = image + 2 * y * shape.width
      let lower = upper + shape.width
      var x = 0
      while x < width {
        let count = min(32, width - x)
        var chosen = firstOfPairs(
          bits(words, wordCount, at: first + 2 * x), bits(words, wordCount, at: first + shape.width + 2 * x))
        var place = x
        while place + 4 <= x + count {
          let flow = load4(line + place)
          let pairs = SIMD8(flow[0], flow[0], flow[1], flow[1], flow[2], flow[2], flow[3], flow[3])
          UnsafeMutableRawPointer(upper + 2 * place).storeBytes(of: kept(pairs, chosen.above), as: SIMD8<Float>.self)
          UnsafeMutableRawPointer(lower + 2 * place).storeBytes(of: kept(pairs, chosen.below), as: SIMD8<Float>.self)
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
private func spreadPairs(
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
