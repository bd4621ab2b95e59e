// The convolution (a cross-correlation, as every framework has it) of many images by one set of weights.
//
// Each image goes one of two ways: through its active features one by one, each adding its weights to the sums of the
// windows that see it, so that the cost follows the spikes; or, when many features are active, by a dense product
// whose sums stay in registers. Both add the terms of a sum in order of channel, row and column of the kernel, so that
// the same bits result either way (for finite weights), and for any division of the rows.

extension Level {
  public static func packedConvolutionCount(_ shape: WindowShape, outputs: Int) -> Int {
    shape.taps * Level.paddedChannels(outputs)
  }

  public static func packConvolution(
    _ shape: WindowShape, outputs: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    let columns = Level.paddedChannels(outputs)
    packed.update(repeating: 0, count: shape.taps * columns)
    for output in 0..<outputs {
      let source = weights + output * shape.taps
      for tap in 0..<shape.taps { packed[tap * columns + output] = source[tap] }
    }
  }

  public static func convolutionForward(
    _ shape: WindowShape, outputs: Int, input: ConvolutionInput, packed: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    let columns = Level.paddedChannels(outputs)
    let pixels = shape.outPixels
    let hasLines = LineProduct.suits(shape)
    let most =
      hasLines ? mostActiveBesideLines(shape, outputs: outputs, columns: columns) : mostActive(shape)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * columns) { sums in
      guard let sums = sums.baseAddress else { return }
      withActiveFeatures(shape.features) { active in
        withTargets(shape, width: columns) { rowTargets, columnTargets in
          var first = rows.lowerBound
          while first < rows.upperBound {
            let last = min(first + 64, rows.upperBound)
            var dense: UInt64 = 0
            for row in first..<last {
              guard active.list(input, row: row, features: shape.features, most: most) else {
                dense |= 1 << UInt64(row - first)
                continue
              }
              sums.update(repeating: 0, count: pixels * columns)
              forEachPair(shape, active, rowTargets, columnTargets, columns) { tap, window, value, vectors in
                addScaled(value, packed + tap, into: sums + window, vectors: vectors)
              }
              spread(sums, columns: columns, bias, outputs: outputs, pixels: pixels, to: out + row * outputs * pixels)
            }
            if dense != 0 {
              PaddedImage.with(shape) { image in
                for row in first..<last where dense >> UInt64(row - first) & 1 == 1 {
                  image.fill(input, row: row)
                  if hasLines {
                    LineProduct(
                      shape: shape, outputs: outputs, image: image, weights: packed, columns: columns, bias: bias
                    ).multiply(to: out + row * outputs * pixels)
                    continue
                  }
                  sums.update(repeating: 0, count: pixels * columns)
                  gatherProduct(
                    rows: pixels, columns: columns, depth: shape.taps, image: image.image, rowPlaces: image.windows,
                    depthPlaces: image.taps, b: packed, c: sums)
                  spread(
                    sums, columns: columns, bias, outputs: outputs, pixels: pixels, to: out + row * outputs * pixels)
                }
              }
            }
            first = last
          }
        }
      }
    }
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
