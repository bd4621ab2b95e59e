// The gradients of a convolution, for its input and for its weights.

extension Level {
  public static func packTurnedConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    let columns = Level.paddedChannels(shape.channels)
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

  public static func packedTurnedCount(_ shape: WindowShape, outputs: Int) -> Int {
    outputs * shape.kernelHeight * shape.kernelWidth * Level.paddedChannels(shape.channels)
  }

  public static func convolutionInputGradient(
    _ shape: WindowShape, outputs: Int, gradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    let columns = Level.paddedChannels(shape.channels)
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
              if shape.strideX == 1 {
                copyLine(source, shape.outWidth, to: line)
              } else {
                for x in 0..<shape.outWidth { line[x * shape.strideX] = source[x] }
              }
              source += shape.outWidth
            }
          }
          if LineProduct.suits(bordered) {
            LineProduct(
              shape: bordered, outputs: shape.channels, image: image, weights: packed, columns: columns, bias: nil
            ).multiply(to: out + row * shape.features)
            continue
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

  public static func convolutionWeightGradient(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, gradient: UnsafePointer<Float>,
    weightSums: UnsafeMutablePointer<Float>, biasSums: UnsafeMutablePointer<Float>?, rows: Range<Int>
  ) {
    let columns = Level.paddedChannels(outputs)
    let pixels = shape.outPixels
    withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * columns) { turned in
      guard let turned = turned.baseAddress else { return }
      turned.update(repeating: 0, count: pixels * columns)
      withActiveFeatures(shape.features) { active in
        withTargets(shape, width: columns) { rowTargets, columnTargets in
          PaddedImage.with(shape) { image in
            for row in rows {
              let source = gradient + row * outputs * pixels
              let isSparse = active.list(input, row: row, features: shape.features, most: mostActive(shape))
              if let biasSums { addTotals(source, outputs: outputs, pixels: pixels, to: biasSums) }
              if isSparse && active.count == 0 { continue }
              turn(source, rows: outputs, columns: pixels, sourceStep: pixels, to: turned, outStep: columns)
              if isSparse {
                forEachPair(shape, active, rowTargets, columnTargets, columns) { tap, window, value, vectors in
                  addScaled(value, turned + window, into: weightSums + tap, vectors: vectors)
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

  public static func unpackConvolution(
    _ shape: WindowShape, outputs: Int, packed: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>
  ) {
    let columns = Level.paddedChannels(outputs)
    for output in 0..<outputs {
      let target = weights + output * shape.taps
      for tap in 0..<shape.taps { target[tap] = packed[tap * columns + output] }
    }
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
