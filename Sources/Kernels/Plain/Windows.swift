// The plain loops that say what the convolutions and pools compute. Tests compare with them.

/// Calls `body` with each output, input and weight that belong together, for one image.
private func forEachTerm(
  _ shape: WindowShape, outputs: Int, _ body: (_ output: Int, _ input: Int, _ weight: Int) -> Void
) {
  for output in 0..<outputs {
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        for channel in 0..<shape.channels {
          for ky in 0..<shape.kernelHeight {
            for kx in 0..<shape.kernelWidth {
              let row = y * shape.strideY + ky - shape.paddingY
              let column = x * shape.strideX + kx - shape.paddingX
              if row < 0 || row >= shape.height || column < 0 || column >= shape.width { continue }
              body(
                (output * shape.outHeight + y) * shape.outWidth + x,
                (channel * shape.height + row) * shape.width + column,
                ((output * shape.channels + channel) * shape.kernelHeight + ky) * shape.kernelWidth + kx)
            }
          }
        }
      }
    }
  }
}

/// The convolution of one image, by definition.
public func referenceConvolution(
  _ shape: WindowShape, outputs: Int, image: [Float], weights: [Float], bias: [Float]?
) -> [Float] {
  var out = (0..<outputs * shape.outPixels).map { place in bias?[place / shape.outPixels] ?? 0 }
  forEachTerm(shape, outputs: outputs) { output, input, weight in out[output] += image[input] * weights[weight] }
  return out
}

/// The gradients of one image's convolution: of the image, the weights and the offsets.
public func referenceConvolutionGradients(
  _ shape: WindowShape, outputs: Int, image: [Float], weights: [Float], gradient: [Float]
) -> (image: [Float], weights: [Float], bias: [Float]) {
  var images = [Float](repeating: 0, count: image.count)
  var slopes = [Float](repeating: 0, count: weights.count)
  forEachTerm(shape, outputs: outputs) { output, input, weight in
    images[input] += gradient[output] * weights[weight]
    slopes[weight] += gradient[output] * image[input]
  }
  var offsets = [Float](repeating: 0, count: outputs)
  for (place, value) in gradient.enumerated() { offsets[place / shape.outPixels] += value }
  return (images, slopes, offsets)
}

/// The inputs of each window of a pool, in order of row and column.
public func referenceWindows(_ shape: WindowShape) -> [[Int]] {
  var windows: [[Int]] = []
  for channel in 0..<shape.channels {
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        windows.append(
          (0..<shape.kernelHeight * shape.kernelWidth).map { tap in
            let row = y * shape.strideY + tap / shape.kernelWidth
            let column = x * shape.strideX + tap % shape.kernelWidth
            return (channel * shape.height + row) * shape.width + column
          })
      }
    }
  }
  return windows
}
