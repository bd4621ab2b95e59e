// Convolutions and pools against the plain loops, on odd shapes and at every density of spikes.

import Testing

@testable import Kernels

/// Rows of a test: the same numbers as floats and, where they are binary, as words.
private struct TestRows {
  let shape: WindowShape
  let count: Int
  let values: [Float]
  let words: [UInt64]
  let wordsPerRow: Int

  /// - Parameter density: the share of ones; nil for numbers of which half are 0.
  init(_ shape: WindowShape, count: Int, density: Float?) {
    self.shape = shape
    self.count = count
    let drawn = numbers(count * shape.features, seed: 31)
    values = drawn.map { value in
      guard let density else { return value < 0 ? 0 : value }
      return value + 0.5 < density ? 1 : 0
    }
    wordsPerRow = (shape.features + 63) / 64
    var words = [UInt64](repeating: 0, count: count * wordsPerRow)
    for (place, value) in values.enumerated() where value == 1 {
      let (row, feature) = place.quotientAndRemainder(dividingBy: shape.features)
      words[row * wordsPerRow + feature / 64] |= 1 << UInt64(feature % 64)
    }
    self.words = words
  }

  func image(_ row: Int) -> [Float] { Array(values[row * shape.features..<(row + 1) * shape.features]) }

  func with<Result>(asSpikes: Bool, _ body: (ConvolutionInput) -> Result) -> Result {
    withExtendedLifetime((values, words)) {
      values.withUnsafeBufferPointer { values in
        words.withUnsafeBufferPointer { words in
          asSpikes
            ? body(.spikes(words.baseAddress.unsafelyUnwrapped, wordsPerRow: wordsPerRow))
            : body(.values(values.baseAddress.unsafelyUnwrapped))
        }
      }
    }
  }
}

@Suite(.serialized) struct ConvolutionTests {
  static let shapes: [(WindowShape, Int)] = [
    (WindowShape(channels: 1, height: 1, width: 1, kernelHeight: 1, kernelWidth: 1), 1),
    (WindowShape(channels: 1, height: 5, width: 5, kernelHeight: 5, kernelWidth: 5), 3),
    (WindowShape(channels: 2, height: 7, width: 4, kernelHeight: 3, kernelWidth: 2), 9),
    (WindowShape(channels: 3, height: 6, width: 9, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 1), 8),
    (WindowShape(channels: 2, height: 9, width: 8, kernelHeight: 3, kernelWidth: 4, strideY: 2, strideX: 3), 17),
    (
      WindowShape(
        channels: 5, height: 8, width: 11, kernelHeight: 5, kernelWidth: 3, strideY: 3, strideX: 2, paddingY: 4,
        paddingX: 2), 4
    ),
    (WindowShape(channels: 40, height: 5, width: 6, kernelHeight: 3, kernelWidth: 3, paddingY: 2, paddingX: 0), 20),
    (WindowShape(channels: 2, height: 7, width: 35, kernelHeight: 2, kernelWidth: 3, strideY: 2), 13),
    (WindowShape(channels: 15, height: 4, width: 16, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 1), 6),
    (WindowShape(channels: 2, height: 10, width: 1, kernelHeight: 4, kernelWidth: 1, strideY: 4), 5),
    // Points, images smaller than the kernel, blocks of many taps and of many pixels, pixels that no window sees.
    (WindowShape(channels: 13, height: 3, width: 5, kernelHeight: 1, kernelWidth: 1), 7),
    (WindowShape(channels: 3, height: 2, width: 2, kernelHeight: 5, kernelWidth: 5, paddingY: 3, paddingX: 4), 11),
    (WindowShape(channels: 47, height: 4, width: 4, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 1), 25),
    (WindowShape(channels: 3, height: 18, width: 17, kernelHeight: 2, kernelWidth: 2), 14),
    (WindowShape(channels: 3, height: 7, width: 9, kernelHeight: 2, kernelWidth: 1, strideY: 3, strideX: 2), 1),
    // For minimal filtering: odd sizes, blocks over several images and within one.
    (WindowShape(channels: 33, height: 19, width: 18, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 1), 47),
    (WindowShape(channels: 32, height: 2, width: 4, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 2), 32),
  ]
  static let densities: [Float?] = [0, 0.05, 0.3, 1, nil]

  private func forward(_ rows: TestRows, _ outputs: Int, asSpikes: Bool, parts: Int, bias: [Float]?) -> [Float] {
    let shape = rows.shape
    let weights = numbers(outputs * shape.taps, seed: 7)
    var packed = [Float](repeating: 9, count: kernels.packedConvolutionCount(shape, outputs: outputs))
    kernels.packConvolution(shape, outputs: outputs, weights: weights, packed: &packed)
    var out = [Float](repeating: .nan, count: rows.count * outputs * shape.outPixels)
    rows.with(asSpikes: asSpikes) { input in
      for part in 0..<parts {
        kernels.convolutionForward(
          shape, outputs: outputs, input: input, packed: packed, bias: bias, out: &out,
          rows: rows.count * part / parts..<rows.count * (part + 1) / parts)
      }
    }
    return out
  }

  @Test func forwardIsThatOfTheDefinition() {
    for (shape, outputs) in Self.shapes {
      let weights = numbers(outputs * shape.taps, seed: 7)
      for density in Self.densities {
        let rows = TestRows(shape, count: 67, density: density)
        for bias in [nil, numbers(outputs, seed: 8)] {
          let fast = forward(rows, outputs, asSpikes: false, parts: 1, bias: bias)
          var slow: [Float] = []
          for row in 0..<rows.count {
            slow += referenceConvolution(shape, outputs: outputs, image: rows.image(row), weights: weights, bias: bias)
          }
          expectClose(fast, slow, tolerance: 1e-5)
          // Spikes and the same numbers as floats, whole and in parts: the same bits.
          #expect(forward(rows, outputs, asSpikes: false, parts: rows.count, bias: bias) == fast)
          if density != nil { #expect(forward(rows, outputs, asSpikes: true, parts: 2, bias: bias) == fast) }
        }
      }
    }
  }

  /// Events and the dense loops add in the same order: a row with one more spike than the limit differs from the same
  /// row by events in nothing but that spike.
  @Test func bothWaysGiveTheSameBits() {
    let (shape, outputs) = (
      WindowShape(channels: 37, height: 6, width: 5, kernelHeight: 3, kernelWidth: 3, paddingY: 1, paddingX: 1), 19
    )
    var weights = numbers(outputs * shape.taps, seed: 7)
    // The last channel's weights are zero, so its spikes push the row to the dense way without changing a sum.
    for output in 0..<outputs {
      for tap in shape.taps - 9..<shape.taps { weights[output * shape.taps + tap] = 0 }
    }
    var packed = [Float](repeating: 0, count: kernels.packedConvolutionCount(shape, outputs: outputs))
    kernels.packConvolution(shape, outputs: outputs, weights: weights, packed: &packed)
    var image = [Float](repeating: 0, count: shape.features)
    for (place, value) in numbers(260, seed: 3).enumerated() { image[place * 4 + place % 4] = value }
    let isSparse = Double(image.count { $0 != 0 }) <= 0.25 * Double(shape.features)
    var filled = image
    for place in (shape.features - 30)..<shape.features { filled[place] = 1 }
    let isDense = Double(filled.count { $0 != 0 }) > 0.25 * Double(shape.features)
    #expect(isSparse && isDense)
    var outs: [[Float]] = []
    for values in [image, filled] {
      var out = [Float](repeating: 0, count: outputs * shape.outPixels)
      values.withUnsafeBufferPointer { values in
        kernels.convolutionForward(
          shape, outputs: outputs, input: .values(values.baseAddress.unsafelyUnwrapped), packed: packed, bias: nil,
          out: &out, rows: 0..<1)
      }
      outs.append(out)
    }
    #expect(outs[0] == outs[1])
  }

  /// Channels whose weights are 0 decide which way a row goes, and change no sum: full ones make it dense, empty ones sparse.
  @Test func bothWaysGiveTheSameBitsInAllShapes() {
    for level in availableKernels {
      for (shape, outputs) in Self.shapes {
        for density: Float in [0, 0.05, 0.3, 1] {
          let rows = TestRows(shape, count: 9, density: density)
          let answers = [(0, Float(0)), (3 * shape.channels, 1), (40 * shape.channels, 0)].map { more, filling in
            answer(level, shape, outputs, rows, more: more, filling: filling)
          }
          for other in answers.dropFirst() {
            #expect(answers[0].forward == other.forward, "\(level.name) \(shape) \(density)")
            #expect(answers[0].slopes == other.slopes, "\(level.name) \(shape) \(density)")
          }
        }
      }
    }
  }

  /// The output and the gradient of the weights as bits, where `more` channels of one number follow the image's own.
  private func answer(
    _ level: any KernelLevel.Type, _ shape: WindowShape, _ outputs: Int, _ rows: TestRows, more: Int, filling: Float
  ) -> (forward: [UInt32], slopes: [UInt32]) {
    var wide = shape
    wide.channels += more
    let own = numbers(outputs * shape.taps, seed: 7)
    var weights: [Float] = []
    var values: [Float] = []
    for output in 0..<outputs {
      weights += own[output * shape.taps..<(output + 1) * shape.taps]
      weights += [Float](repeating: 0, count: wide.taps - shape.taps)
    }
    for row in 0..<rows.count {
      values += rows.image(row) + [Float](repeating: filling, count: wide.features - shape.features)
    }
    var packed = [Float](repeating: 9, count: level.packedConvolutionCount(wide, outputs: outputs))
    level.packConvolution(wide, outputs: outputs, weights: weights, packed: &packed)
    let gradient = numbers(rows.count * outputs * shape.outPixels, seed: 4)
    var out = [Float](repeating: .nan, count: gradient.count)
    var sums = [Float](repeating: 0, count: packed.count)
    values.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return }
      level.convolutionForward(
        wide, outputs: outputs, input: .values(start), packed: packed, bias: numbers(outputs, seed: 8), out: &out,
        rows: 0..<rows.count)
      level.convolutionWeightGradient(
        wide, outputs: outputs, input: .values(start), gradient: gradient, weightSums: &sums, biasSums: nil,
        rows: 0..<rows.count)
    }
    let kept = shape.taps * level.paddedChannels(outputs)
    return (out.map(\.bitPattern), sums[..<kept].map(\.bitPattern))
  }

  /// However many images there are, each has the bits that it has alone; and sums go on as if all came at once.
  @Test func imagesByThemselves() {
    for level in availableKernels {
      for (shape, outputs) in Self.shapes {
        let weights = numbers(outputs * shape.taps, seed: 7)
        var turned = [Float](repeating: 9, count: level.packedTurnedCount(shape, outputs: outputs))
        level.packTurnedConvolution(shape, outputs: outputs, weights: weights, packed: &turned)
        let rows = TestRows(shape, count: 19, density: nil)
        let gradient = numbers(rows.count * outputs * shape.outPixels, seed: 4)
        let answers = [1, 3, rows.count].map { parts -> [[UInt32]] in
          var image = [Float](repeating: .nan, count: rows.values.count)
          var sums = [Float](repeating: 0, count: level.packedConvolutionCount(shape, outputs: outputs))
          var totals = [Float](repeating: 0, count: outputs)
          for part in 0..<parts {
            let range = rows.count * part / parts..<rows.count * (part + 1) / parts
            level.convolutionInputGradient(
              shape, outputs: outputs, gradient: gradient, packed: turned, out: &image, rows: range)
            rows.with(asSpikes: false) { input in
              level.convolutionWeightGradient(
                shape, outputs: outputs, input: input, gradient: gradient, weightSums: &sums, biasSums: &totals,
                rows: range)
            }
          }
          return [image, sums, totals].map { $0.map(\.bitPattern) }
        }
        #expect(answers[0] == answers[1] && answers[0] == answers[2], "\(level.name) \(shape)")
      }
    }
  }

  @Test func gradientsAreThoseOfTheDefinition() {
    for (shape, outputs) in Self.shapes {
      let weights = numbers(outputs * shape.taps, seed: 7)
      var turned = [Float](repeating: 9, count: kernels.packedTurnedCount(shape, outputs: outputs))
      kernels.packTurnedConvolution(shape, outputs: outputs, weights: weights, packed: &turned)
      for density in Self.densities {
        let rows = TestRows(shape, count: 5, density: density)
        let gradient = numbers(rows.count * outputs * shape.outPixels, seed: 4)
        var images: [Float] = []
        var slopes = [Float](repeating: 0, count: weights.count)
        var offsets = [Float](repeating: 0, count: outputs)
        for row in 0..<rows.count {
          let size = outputs * shape.outPixels
          let answer = referenceConvolutionGradients(
            shape, outputs: outputs, image: rows.image(row), weights: weights,
            gradient: Array(gradient[row * size..<(row + 1) * size]))
          images += answer.image
          for (i, value) in answer.weights.enumerated() { slopes[i] += value }
          for (i, value) in answer.bias.enumerated() { offsets[i] += value }
        }
        var image = [Float](repeating: .nan, count: images.count)
        kernels.convolutionInputGradient(
          shape, outputs: outputs, gradient: gradient, packed: turned, out: &image, rows: 0..<2)
        kernels.convolutionInputGradient(
          shape, outputs: outputs, gradient: gradient, packed: turned, out: &image, rows: 2..<rows.count)
        expectClose(image, images, tolerance: 2e-5)
        for asSpikes in density == nil ? [false] : [false, true] {
          var sums = [Float](repeating: 0, count: kernels.packedConvolutionCount(shape, outputs: outputs))
          var totals = [Float](repeating: 0, count: outputs)
          rows.with(asSpikes: asSpikes) { input in
            kernels.convolutionWeightGradient(
              shape, outputs: outputs, input: input, gradient: gradient, weightSums: &sums, biasSums: &totals,
              rows: 0..<rows.count)
          }
          var slope = [Float](repeating: 0, count: weights.count)
          kernels.unpackConvolution(shape, outputs: outputs, packed: sums, weights: &slope)
          expectClose(slope, slopes, tolerance: 5e-5)
          expectClose(totals, offsets, tolerance: 5e-5)
        }
      }
    }
  }
}

@Suite(.serialized) struct PoolingTests {
  static let shapes = [
    WindowShape(channels: 1, height: 1, width: 1, kernelHeight: 1, kernelWidth: 1),
    WindowShape(channels: 3, height: 6, width: 8, kernelHeight: 2, kernelWidth: 2, strideY: 2, strideX: 2),
    WindowShape(channels: 3, height: 7, width: 9, kernelHeight: 2, kernelWidth: 2, strideY: 2, strideX: 2),
    WindowShape(channels: 2, height: 5, width: 131, kernelHeight: 2, kernelWidth: 2, strideY: 2, strideX: 2),
    WindowShape(channels: 5, height: 34, width: 64, kernelHeight: 2, kernelWidth: 2, strideY: 2, strideX: 2),
    WindowShape(channels: 2, height: 7, width: 9, kernelHeight: 3, kernelWidth: 2, strideY: 2, strideX: 3),
    WindowShape(channels: 2, height: 8, width: 5, kernelHeight: 3, kernelWidth: 3, strideY: 1, strideX: 2),
    WindowShape(channels: 70, height: 4, width: 4, kernelHeight: 4, kernelWidth: 4, strideY: 4, strideX: 4),
  ]

  @Test func sumsAndMaxima() {
    for shape in Self.shapes {
      let windows = referenceWindows(shape)
      for density in ConvolutionTests.densities {
        let rows = TestRows(shape, count: 4, density: density)
        let scale: Float = 0.25
        var sums: [Float] = []
        var maxima: [Float] = []
        for row in 0..<rows.count {
          let image = rows.image(row)
          sums += windows.map { $0.reduce(0) { $0 + image[$1] } * scale }
          maxima += windows.map { $0.map { image[$0] }.max() ?? .nan }
        }
        for asSpikes in density == nil ? [false] : [false, true] {
          var out = [Float](repeating: .nan, count: sums.count)
          rows.with(asSpikes: asSpikes) { kernels.poolSums(shape, scale: scale, input: $0, out: &out, rows: 0..<4) }
          #expect(out == sums)
        }
        var out = [Float](repeating: .nan, count: sums.count)
        kernels.poolMaxima(shape, values: rows.values, out: &out, rows: 0..<4)
        #expect(out == maxima)
        guard density != nil else { continue }
        let size = windows.count
        let outWords = (size + 63) / 64
        var bits = [UInt64](repeating: 0, count: 4 * outWords)
        kernels.poolSpikes(
          shape, words: rows.words, wordsPerRow: rows.wordsPerRow, out: &bits, outWordsPerRow: outWords, rows: 0..<4)
        let plain = (0..<4 * size).map { place in
          Float(bits[place / size * outWords + place % size / 64] >> UInt64(place % size % 64) & 1)
        }
        #expect(plain == maxima)
        #expect(kernels.countSpikes(bits, count: bits.count) == maxima.count { $0 == 1 })
      }
    }
  }

  @Test func gradients() {
    for shape in Self.shapes {
      let windows = referenceWindows(shape)
      for density in ConvolutionTests.densities {
        let rows = TestRows(shape, count: 3, density: density)
        let gradient = numbers(3 * windows.count, seed: 6)
        var spread = [Float](repeating: 0, count: rows.values.count)
        var picked = spread
        for row in 0..<3 {
          let image = rows.image(row)
          for (number, window) in windows.enumerated() {
            let flow = gradient[row * windows.count + number]
            for place in window { spread[row * shape.features + place] += flow * 0.5 }
            // `max(by:)` answers with the first of equals.
            let best = window.max { image[$0] < image[$1] } ?? 0
            picked[row * shape.features + best] += flow
          }
        }
        var out = [Float](repeating: .nan, count: spread.count)
        kernels.poolSumsGradient(shape, scale: 0.5, gradient: gradient, out: &out, rows: 0..<3)
        expectClose(out, spread, tolerance: 1e-6)
        for asSpikes in density == nil ? [false] : [false, true] {
          rows.with(asSpikes: asSpikes) {
            kernels.poolMaximaGradient(shape, input: $0, gradient: gradient, out: &out, rows: 0..<3)
          }
          expectClose(out, picked, tolerance: 1e-6)
        }
      }
    }
  }
}
