// The convolution (a cross-correlation, as every framework has it) of many images by one set of weights.
//
// Each image goes one of two ways: through its active features one by one, each adding its weights to the sums of the
// windows that see it, so that the cost follows the spikes; or, when many features are active, by a dense product
// whose sums stay in registers. Both add the terms of a sum in order of channel, row and column of the kernel, so that
// the same bits result either way (for finite weights), and for any division of the rows.

extension Level {
  public static func packedConvolutionCount(_ shape: WindowShape, outputs: Int) -> Int {
    shape.taps * (Level.paddedChannels(outputs) + outputs) + 2 * vectorWidth
  }

  public static func packConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    let (taps, columns) = (shape.taps, Level.paddedChannels(outputs))
    // All outputs of a tap side by side, for events; then panels of some outputs, for the dense products.
    for tap in 0..<taps {
      for lane in outputs..<max(outputs, columns) { packed[tap * columns + lane] = 0 }
    }
    turn(weights, rows: outputs, columns: taps, sourceStep: taps, to: packed, outStep: columns)
    var target = packed + taps * columns
    forEachPanel(outputs: outputs) { first, count in
      for tap in 0..<taps {
        let line = packed + (tap * columns + first)
        // What lies beyond the panel's channels is written over by the next tap.
        var lane = 0
        while lane < count {
          store(load(line + lane), target + lane)
          lane += vectorWidth
        }
        target += count
      }
    }
  }

  public static func convolutionForward(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, packed: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    if rows.isEmpty { return }
    let columns = Level.paddedChannels(outputs)
    let pixels = shape.outPixels
    let most = EventForward.suits(shape, columns: columns) ? WindowCost.mostActive(shape, outputs: outputs) : -1
    let dense = DenseForward(
      shape: shape, outputs: outputs, weights: packed + shape.taps * columns, bias: bias,
      target: WindowTarget(
        out: out, rowStep: outputs * pixels, channelStep: pixels, lineStep: shape.outWidth, pixelStep: 1))
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows.count) { list in
      guard let list = list.baseAddress else { return }
      var count = 0
      let areSpikes = if case .spikes = input { true } else { false }
      withActiveFeatures(shape.features) { active in
        EventForward.with(shape, columns: columns, weights: packed) { events in
          for row in rows {
            guard active.list(input, row: row, features: shape.features, most: most) else {
              list[count] = row
              count += 1
              continue
            }
            events.multiply(active, areSpikes: areSpikes)
            spread(
              events.sums, columns: columns, bias, outputs: outputs, pixels: pixels, to: out + row * outputs * pixels)
          }
        }
      }
      if count > 0 { dense.multiply(input, rows: list, count: count) }
    }
  }
}

/// The dense convolution of some rows.
struct DenseForward {
  let shape: WindowShape
  let outputs: Int
  /// In panels.
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let target: WindowTarget

  func multiply(_ input: ConvolutionInput, rows: UnsafePointer<Int>, count: Int) {
    let together = WindowPlan.images(pixels: shape.outPixels, rows: count)
    PaddedImages.with(shape, count: together) { images in
      multiply(input, rows: rows, count: count, images)
    }
  }

  func multiply(_ input: ConvolutionInput, rows: UnsafePointer<Int>, count: Int, _ images: PaddedImages) {
    let shape = images.shape
    let isDirect = target.pixelStep == 1 && target.lineStep == shape.outWidth
    if isDirect && WindowCost.prefersLines(shape, outputs: outputs) {
      for i in 0..<count {
        images.fill(0, input, row: rows[i])
        LineProduct(outputs: outputs, images: images, number: 0, weights: weights, bias: bias).multiply(
          to: target.out + rows[i] * target.rowStep)
      }
      return
    }
    let together = WindowPlan.images(pixels: shape.outPixels, rows: count)
    let product = WindowGemm(outputs: outputs, images: images, weights: weights, bias: bias, target: target)
    product.with(count: together) { room in
      var first = 0
      while first < count {
        let number = min(together, count - first)
        for i in 0..<number { images.fill(i, input, row: rows[first + i]) }
        product.multiply(rows: rows + first, count: number, room)
        first += number
      }
    }
  }
}

/// Calls `body` with the first channel of each panel of weights, and how many it has.
@inline(__always)
func forEachPanel(outputs: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
  let height = WindowPlan.height(outputs: outputs)
  var first = 0
  while first < outputs {
    body(first, min(height, outputs - first))
    first += height
  }
}

/// Turns sums `[pixels, columns]` into `[outputs, pixels]`, with each output's offset.
@inline(__always)
func spread(
  _ sums: UnsafeMutablePointer<Float>, columns: Int, _ bias: UnsafePointer<Float>?, outputs: Int, pixels: Int,
  to out: UnsafeMutablePointer<Float>
) {
  turn(sums, rows: pixels, columns: outputs, sourceStep: columns, offset: bias, to: out, outStep: pixels)
}
