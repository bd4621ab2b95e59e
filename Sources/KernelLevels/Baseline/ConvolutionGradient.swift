// The gradients of a convolution, for its input and for its weights.

extension Level {
  public static func packTurnedConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    if let winograd = Winograd(shape, outputs: outputs) { return winograd.pack(weights, to: packed) }
    let area = shape.kernelHeight * shape.kernelWidth
    let columns = Level.paddedChannels(shape.channels)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: area * columns + 2 * vectorWidth) { lines in
      guard let lines = lines.baseAddress else { return }
      for output in 0..<outputs {
        // The channels of a tap side by side.
        turn(
          weights + output * shape.taps, rows: shape.channels, columns: area, sourceStep: area, to: lines,
          outStep: columns)
        var start = packed
        forEachPart(shape, outputs: outputs) { part in
          let (height, width) = (part.shape.kernelHeight, part.shape.kernelWidth)
          forEachPanel(outputs: shape.channels) { first, count in
            var target = start + output * height * width * count
            for y in 0..<height {
              let tap = (part.firstTapY + (height - 1 - y) * shape.strideY) * shape.kernelWidth + part.firstTapX
              for x in 0..<width {
                let line = lines + ((tap + (width - 1 - x) * shape.strideX) * columns + first)
                var lane = 0
                while lane < count {
                  storeHead(load(line + lane), target + lane, count - lane)
                  lane += vectorWidth
                }
                target += count
              }
            }
            start += count * part.shape.taps
          }
        }
      }
    }
  }

  public static func packedTurnedCount(_ shape: WindowShape, outputs: Int) -> Int {
    Winograd(shape, outputs: outputs)?.weightCount ?? outputs * shape.taps
  }

  public static func convolutionInputGradient(
    _ shape: WindowShape, outputs: Int, gradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    if rows.isEmpty { return }
    if let winograd = Winograd(shape, outputs: outputs) {
      return winograd.multiply(gradient, packed: packed, out: out, rows: rows)
    }
    let isCovered = shape.strideY <= shape.kernelHeight && shape.strideX <= shape.kernelWidth
    if !isCovered {
      (out + rows.lowerBound * shape.features).update(repeating: 0, count: rows.count * shape.features)
    }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows.count) { list in
      guard let list = list.baseAddress else { return }
      for i in 0..<rows.count { list[i] = rows.lowerBound + i }
      var weights = packed
      forEachPart(shape, outputs: outputs) { part in
        let together = WindowPlan.images(pixels: part.shape.outPixels, rows: rows.count)
        PaddedImages.with(
          part.shape, sourceHeight: shape.outHeight, sourceWidth: shape.outWidth, firstLine: part.firstLine,
          firstColumn: part.firstColumn, count: together
        ) { images in
          DenseForward(
            shape: part.shape, outputs: shape.channels, weights: weights, bias: nil,
            target: WindowTarget(
              out: out + (part.firstY * shape.width + part.firstX), rowStep: shape.features, channelStep: shape.pixels,
              lineStep: shape.strideY * shape.width, pixelStep: shape.strideX)
          ).multiply(.values(gradient), rows: list, count: rows.count, images)
        }
        weights += shape.channels * part.shape.taps
      }
    }
  }

  public static func convolutionWeightGradient(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, gradient: UnsafePointer<Float>,
    weightSums: UnsafeMutablePointer<Float>, biasSums: UnsafeMutablePointer<Float>?, rows: Range<Int>
  ) {
    if rows.isEmpty { return }
    if let biasSums {
      for row in rows {
        addTotals(
          gradient + row * outputs * shape.outPixels, outputs: outputs, pixels: shape.outPixels, to: biasSums)
      }
    }
    let events = EventGradient(
      shape: shape, outputs: outputs, input: input, gradient: gradient, sums: weightSums)
    let most = WindowCost.mostActiveOfGradient(shape, outputs: outputs)
    let together = WindowGradient.images(shape, rows: rows.count)
    // Rows of either kind follow each other as they come: the sums go on in their order.
    var row = rows.lowerBound
    while row < rows.upperBound {
      let isDense = { (first: Int) -> Bool in
        let block = first..<min(rows.upperBound, first + together)
        return countActive(input, rows: block, features: shape.features) > most * block.count
      }
      let first = row
      let dense = isDense(first)
      repeat { row = min(rows.upperBound, row + together) } while row < rows.upperBound && isDense(row) == dense
      if !dense {
        events.add(first..<row)
        continue
      }
      PaddedImages.with(shape, count: together) { images in
        WindowGradient.with(outputs: outputs, images: images, gradient: gradient, sums: weightSums) { product in
          var start = first
          while start < row {
            let end = min(row, start + together)
            for i in start..<end { images.fill(i - start, input, row: i) }
            product.add(rows: start..<end)
            start = end
          }
        }
      }
    }
  }

  public static func unpackConvolution(
    _ shape: WindowShape, outputs: Int, packed: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>
  ) {
    let columns = Level.paddedChannels(outputs)
    turn(packed, rows: shape.taps, columns: outputs, sourceStep: columns, to: weights, outStep: shape.taps)
  }
}

/// The pixels of the input that lie under the same taps of the kernel: all with a stride of 1, else those that are as many
/// lines and columns apart. Their gradient is a convolution of its own, of the output's gradient by these taps' weights,
/// turned by half a turn.
private struct GradientPart {
  /// Of the convolution: over as much of the gradient as it sees.
  let shape: WindowShape
  /// The first of the taps and of the pixels.
  let firstTapY, firstTapX, firstY, firstX: Int
  /// The line and the column of the gradient that the first pixel sees first.
  let firstLine, firstColumn: Int
}

private func forEachPart(_ shape: WindowShape, outputs: Int, _ body: (GradientPart) -> Void) {
  for y in 0..<min(shape.strideY, shape.kernelHeight) {
    let lines = GradientAxis(
      tap: y, size: shape.height, kernel: shape.kernelHeight, stride: shape.strideY, padding: shape.paddingY)
    if lines.pixels == 0 { continue }
    for x in 0..<min(shape.strideX, shape.kernelWidth) {
      let columns = GradientAxis(
        tap: x, size: shape.width, kernel: shape.kernelWidth, stride: shape.strideX, padding: shape.paddingX)
      if columns.pixels == 0 { continue }
      body(
        GradientPart(
          shape: WindowShape(
            channels: outputs, height: lines.pixels + lines.taps - 1, width: columns.pixels + columns.taps - 1,
            kernelHeight: lines.taps, kernelWidth: columns.taps),
          firstTapY: y, firstTapX: x, firstY: lines.first, firstX: columns.first, firstLine: lines.source,
          firstColumn: columns.source))
    }
  }
}

/// One axis of a part.
private struct GradientAxis {
  /// The first pixel, how many there are, how many taps, and the window that the first pixel sees first.
  let first, pixels, taps, source: Int

  init(tap: Int, size: Int, kernel: Int, stride: Int, padding: Int) {
    let offset = (tap - padding) % stride
    first = offset < 0 ? offset + stride : offset
    pixels = first < size ? (size - first + stride - 1) / stride : 0
    taps = (kernel - tap + stride - 1) / stride
    source = (first + padding - tap) / stride - taps + 1
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
