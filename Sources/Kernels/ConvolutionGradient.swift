// The gradients of a convolution, for its input and for its weights.

/// Copies weights `[outputs, channels, kernelHeight, kernelWidth]` for `convolutionInputGradient`: turned by half a
/// turn, with all input channels of an output's tap side by side.
public func packTurnedConvolution(
  _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
) {
  let columns = paddedChannels(shape.channels)
  let area = shape.kernelHeight * shape.kernelWidth
  packed.update(repeating: 0, count: outputs * area * columns)
  for output in 0..<outputs {
    for channel in 0..<shape.channels {
      let source = weights + (output * shape.channels + channel) * area
      let target = packed + output * area * columns + channel
      for tap in 0..<area { target[(area - 1 - tap) * columns] = source[tap] }
    }
  }
}

/// The floats that `packTurnedConvolution` writes.
public func packedTurnedCount(_ shape: WindowShape, outputs: Int) -> Int {
  outputs * shape.kernelHeight * shape.kernelWidth * paddedChannels(shape.channels)
}

/// The gradient of the input `[channels, height, width]` from that of the output, for the given rows.
///
/// It is a convolution too: of the output's gradient, its pixels a stride apart and with a border, by the turned
/// weights.
public func convolutionInputGradient(
  _ shape: WindowShape, outputs: Int, gradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
  out: UnsafeMutablePointer<Float>, rows: Range<Int>
) {
  let columns = paddedChannels(shape.channels)
  let bordered = WindowShape(
    channels: outputs, height: shape.height + shape.kernelHeight - 1, width: shape.width + shape.kernelWidth - 1,
    kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth)
  let (top, left) = (shape.kernelHeight - 1 - shape.paddingY, shape.kernelWidth - 1 - shape.paddingX)
  PaddedImage.with(bordered) { image in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: shape.pixels * columns) { sums in
      guard let sums = sums.baseAddress else { return }
      for row in rows {
        var source = gradient + row * outputs * shape.outPixels
        for output in 0..<outputs {
          for y in 0..<shape.outHeight {
            let line = image.image + (output * bordered.height + top + y * shape.strideY) * bordered.width + left
            for x in 0..<shape.outWidth { line[x * shape.strideX] = source[x] }
            source += shape.outWidth
          }
        }
        sums.update(repeating: 0, count: shape.pixels * columns)
        gatherProduct(
          rows: shape.pixels, columns: columns, depth: bordered.taps, image: image.image, rowPlaces: image.windows,
          depthPlaces: image.taps, b: packed, c: sums)
        spread(
          sums, columns: columns, nil, outputs: shape.channels, pixels: shape.pixels, to: out + row * shape.features)
      }
    }
  }
}

/// Adds the gradients of the weights and of the offsets from the given rows.
///
/// - Parameters:
///   - gradient: of the output, rows of `[outputs, outHeight, outWidth]`.
///   - weightSums: `[taps, paddedChannels(outputs)]`, added to.
///   - biasSums: `outputs` floats, added to; or nil.
public func convolutionWeightGradient(
  _ shape: WindowShape, outputs: Int, input: ConvolutionInput, gradient: UnsafePointer<Float>,
  weightSums: UnsafeMutablePointer<Float>, biasSums: UnsafeMutablePointer<Float>?, rows: Range<Int>
) {
  let columns = paddedChannels(outputs)
  let pixels = shape.outPixels
  withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * columns) { turned in
    guard let turned = turned.baseAddress else { return }
    turned.update(repeating: 0, count: pixels * columns)
    withActiveFeatures(shape.features) { active in
      withTargets(shape) { rowTargets, columnTargets in
        PaddedImage.with(shape) { image in
          for row in rows {
            let source = gradient + row * outputs * pixels
            let isSparse = active.list(input, row: row, features: shape.features)
            if let biasSums { addTotals(source, outputs: outputs, pixels: pixels, to: biasSums) }
            if isSparse && active.count == 0 { continue }
            turn(source, outputs: outputs, pixels: pixels, to: turned, columns: columns)
            if isSparse {
              forEachPair(shape, active, rowTargets, columnTargets) { tap, pixel, value in
                accumulateVectors(value, turned + pixel * columns, into: weightSums + tap * columns, count: columns)
              }
            } else {
              image.fill(input, row: row)
              gatherProduct(
                rows: shape.taps, columns: columns, depth: pixels, image: image.image, rowPlaces: image.taps,
                depthPlaces: image.windows, b: turned, c: weightSums)
            }
          }
        }
      }
    }
  }
}

/// The sums of `convolutionWeightGradient` as weights `[outputs, channels, kernelHeight, kernelWidth]`.
public func unpackConvolution(
  _ shape: WindowShape, outputs: Int, packed: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>
) {
  let columns = paddedChannels(outputs)
  for output in 0..<outputs {
    let target = weights + output * shape.taps
    for tap in 0..<shape.taps { target[tap] = packed[tap * columns + output] }
  }
}

private func addTotals(
  _ source: UnsafePointer<Float>, outputs: Int, pixels: Int, to totals: UnsafeMutablePointer<Float>
) {
  for output in 0..<outputs {
    let line = source + output * pixels
    var sum = Vector()
    var pixel = 0
    while pixel + vectorWidth <= pixels {
      sum += load(line + pixel)
      pixel += vectorWidth
    }
    var total: Float = 0
    for lane in 0..<vectorWidth { total += sum[lane] }
    while pixel < pixels {
      total += line[pixel]
      pixel += 1
    }
    totals[output] += total
  }
}

/// `[outputs, pixels]` to `[pixels, columns]`; the columns beyond the outputs stay as they are.
private func turn(
  _ source: UnsafePointer<Float>, outputs: Int, pixels: Int, to target: UnsafeMutablePointer<Float>, columns: Int
) {
  for output in 0..<outputs {
    let line = source + output * pixels
    var place = target + output
    for pixel in 0..<pixels {
      place.pointee = line[pixel]
      place += columns
    }
  }
}
