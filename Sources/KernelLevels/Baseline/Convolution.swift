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
    withUnsafeTemporaryAllocation(of: Float.self, capacity: pixels * columns) { sums in
      guard let sums = sums.baseAddress else { return }
      withActiveFeatures(shape.features) { active in
        withTargets(shape) { rowTargets, columnTargets in
          var first = rows.lowerBound
          while first < rows.upperBound {
            let last = min(first + 64, rows.upperBound)
            var dense: UInt64 = 0
            for row in first..<last {
              guard active.list(input, row: row, features: shape.features) else {
                dense |= 1 << UInt64(row - first)
                continue
              }
              sums.update(repeating: 0, count: pixels * columns)
              forEachPair(shape, active, rowTargets, columnTargets) { tap, pixel, value in
                accumulateVectors(value, packed + tap * columns, into: sums + pixel * columns, count: columns)
              }
              spread(sums, columns: columns, bias, outputs: outputs, pixels: pixels, to: out + row * outputs * pixels)
            }
            if dense != 0 {
              PaddedImage.with(shape) { image in
                for row in first..<last where dense >> UInt64(row - first) & 1 == 1 {
                  image.fill(input, row: row)
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

/// Calls `body` with each tap and window under which an active feature lies, and the feature's value.
@inline(__always)
func forEachPair(
  _ shape: WindowShape, _ active: ActiveFeatures, _ rowTargets: AxisTargets, _ columnTargets: AxisTargets,
  _ body: (_ tap: Int, _ pixel: Int, _ value: Vector) -> Void
) {
  let pixels = UInt32(truncatingIfNeeded: shape.pixels)
  let width = UInt32(truncatingIfNeeded: shape.width)
  let (kernelHeight, kernelWidth, outWidth) = (shape.kernelHeight, shape.kernelWidth, shape.outWidth)
  for i in 0..<active.count {
    let index = UInt32(truncatingIfNeeded: active.indices[i])
    let channel = index / pixels
    let place = index - channel * pixels
    let y = place / width
    let x = Int(place - y * width)
    let value = Vector(repeating: active.values[i])
    var tap = Int(channel) * kernelHeight * kernelWidth
    for ky in 0..<kernelHeight {
      let row = Int(rowTargets.targets[Int(y) * kernelHeight + ky])
      if row >= 0 {
        for kx in 0..<kernelWidth {
          let column = Int(columnTargets.targets[x * kernelWidth + kx])
          if column >= 0 { body(tap + kx, row * outWidth + column, value) }
        }
      }
      tap += kernelWidth
    }
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
