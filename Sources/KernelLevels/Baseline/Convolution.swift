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
    let most = WindowCost.mostActive(shape, outputs: outputs)
    let dense = DenseForward(
      shape: shape, outputs: outputs, weights: packed + shape.taps * columns, bias: bias,
      target: WindowTarget(
        out: out, rowStep: outputs * pixels, channelStep: pixels, lineStep: shape.outWidth, pixelStep: 1))
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows.count) { list in
      guard let list = list.baseAddress else { return }
      var count = 0
      withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * columns) { sums in
        guard let sums = sums.baseAddress else { return }
        withActiveFeatures(shape.features) { active in
          withTargets(shape, width: columns) { rowTargets, columnTargets in
            for row in rows {
              guard active.list(input, row: row, features: shape.features, most: most) else {
                list[count] = row
                count += 1
                continue
              }
              sums.update(repeating: 0, count: pixels * columns)
              forEachPair(shape, active, rowTargets, columnTargets, columns) { tap, window, value, vectors in
                addScaled(value, packed + tap, into: sums + window, vectors: vectors)
              }
              spread(sums, columns: columns, bias, outputs: outputs, pixels: pixels, to: out + row * outputs * pixels)
            }
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

/// Calls `body` with each tap and window under which an active feature lies, both as places of `columns` numbers each, and
/// the feature's value in all lanes.
///
/// - Parameter vectors: of `body`: `columns` in vectors, a constant where they are one or two.
@inline(__always)
func forEachPair(
  _ shape: WindowShape, _ active: ActiveFeatures, _ rowTargets: AxisTargets, _ columnTargets: AxisTargets,
  _ columns: Int, _ body: (_ tap: Int, _ window: Int, _ value: Vector, _ vectors: Int) -> Void
) {
  switch columns / vectorWidth {
  case 1: forEachPair(shape, active, rowTargets, columnTargets, columns) { body($0, $1, $2, 1) }
  case 2: forEachPair(shape, active, rowTargets, columnTargets, columns) { body($0, $1, $2, 2) }
  default: forEachPair(shape, active, rowTargets, columnTargets, columns) { body($0, $1, $2, columns / vectorWidth) }
  }
}

@inline(__always)
private func forEachPair(
  _ shape: WindowShape, _ active: ActiveFeatures, _ rowTargets: AxisTargets, _ columnTargets: AxisTargets,
  _ columns: Int, _ body: (_ tap: Int, _ window: Int, _ value: Vector) -> Void
) {
  let pixels = UInt32(truncatingIfNeeded: shape.pixels)
  let width = UInt32(truncatingIfNeeded: shape.width)
  let (kernelHeight, kernelWidth) = (shape.kernelHeight, shape.kernelWidth)
  let kernelLine = kernelWidth * columns
  for i in 0..<active.count {
    let index = UInt32(truncatingIfNeeded: active.indices[i])
    let channel = index / pixels
    let place = index - channel * pixels
    let y = place / width
    let x = Int(place - y * width)
    let value = Vector(repeating: active.values[i])
    let rows = rowTargets.targets + Int(y) * kernelHeight
    let line = columnTargets.targets + x * kernelWidth
    var tap = Int(channel) * kernelHeight * kernelLine
    for ky in 0..<kernelHeight {
      let row = rows[ky]
      if row >= 0 {
        var here = tap
        for kx in 0..<kernelWidth {
          let column = line[kx]
          if column >= 0 { body(here, row + column, value) }
          here += columns
        }
      }
      tap += kernelLine
    }
  }
}

/// target[0 ..< vectors] += factor * source[0 ..< vectors], in vectors.
@inline(__always)
func addScaled(
  _ factor: Vector, _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, vectors: Int
) {
  for j in 0..<vectors {
    let place = target + j * vectorWidth
    store(multiplyAdd(factor, load(source + j * vectorWidth), load(place)), place)
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
