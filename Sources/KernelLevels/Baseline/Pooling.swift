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
          shape, words + row * wordsPerRow, wordsPerRow, first: 0, gradient + row * shape.channels * shape.outPixels,
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
