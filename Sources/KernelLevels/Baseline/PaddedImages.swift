// Images as the dense convolutions read them: in a border of zeros, so that every window lies inside.
//
// Where windows are several columns apart, the columns of a line stand in groups, those of one window's first tap
// together, then those of its second: neighbouring windows then read neighbouring numbers, whatever their distance.

/// Some images with a border, and the tables by which windows are found in them.
struct PaddedImages {
  /// The windows over an image and its border: without padding.
  let shape: WindowShape
  /// The lines and columns of the source, and which of them the image begins with: negative with a border.
  let sourceHeight, sourceWidth, firstLine, firstColumn: Int
  /// The floats of a group of columns, of a line and of an image.
  let groupWidth, lineWidth, size: Int
  let images: UnsafeMutablePointer<Float>
  /// Where the window of each output pixel begins.
  let windows: UnsafeMutablePointer<Int>
  /// Where each tap lies from the window's beginning.
  let taps: UnsafeMutablePointer<Int>

  /// Calls `body` with `count` empty images, whose borders stay zero. A vector can be read from any of their places.
  ///
  /// - Parameter shape: of windows without padding, over an image whose first line and column are those of the source with
  ///   the numbers `firstLine` and `firstColumn`, and whose places outside the source are the border.
  static func with(
    _ shape: WindowShape, sourceHeight: Int, sourceWidth: Int, firstLine: Int, firstColumn: Int, count: Int,
    _ body: (PaddedImages) -> Void
  ) {
    let groupWidth = (shape.width + shape.strideX - 1) / shape.strideX
    let lineWidth = groupWidth * shape.strideX
    let size = shape.channels * shape.height * lineWidth
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * size + vectorWidth) { images in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: shape.outPixels + shape.taps) { places in
        guard let images = images.baseAddress, let places = places.baseAddress else { return }
        images.update(repeating: 0, count: count * size + vectorWidth)
        let padded = PaddedImages(
          shape: shape, sourceHeight: sourceHeight, sourceWidth: sourceWidth, firstLine: firstLine,
          firstColumn: firstColumn, groupWidth: groupWidth, lineWidth: lineWidth, size: size, images: images,
          windows: places, taps: places + shape.outPixels)
        padded.fillTables()
        body(padded)
      }
    }
  }

  /// The same for the windows of a convolution with padding.
  static func with(_ shape: WindowShape, count: Int, _ body: (PaddedImages) -> Void) {
    let padded = WindowShape(
      channels: shape.channels, height: shape.height + 2 * shape.paddingY, width: shape.width + 2 * shape.paddingX,
      kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth, strideY: shape.strideY, strideX: shape.strideX)
    with(
      padded, sourceHeight: shape.height, sourceWidth: shape.width, firstLine: -shape.paddingY,
      firstColumn: -shape.paddingX, count: count, body)
  }

  private func fillTables() {
    var next = windows
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        next.pointee = y * shape.strideY * lineWidth + x
        next += 1
      }
    }
    next = taps
    for channel in 0..<shape.channels {
      for y in 0..<shape.kernelHeight {
        for x in 0..<shape.kernelWidth {
          next.pointee =
            (channel * shape.height + y) * lineWidth + x % shape.strideX * groupWidth + x / shape.strideX
          next += 1
        }
      }
    }
  }

  /// Puts one row of the input into image `number`.
  func fill(_ number: Int, _ input: ConvolutionInput, row: Int) {
    let features = shape.channels * sourceHeight * sourceWidth
    switch input {
    case .values(let floats):
      copy(floats + row * features, to: images + number * size)
    case .spikes(let words, let wordsPerRow):
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, features)) { plain in
        guard let plain = plain.baseAddress else { return }
        Level.unpackSpikeRow(words + row * wordsPerRow, features: features, out: plain)
        copy(plain, to: images + number * size)
      }
    }
  }

  /// Copies what of the source lies inside the image.
  private func copy(_ source: UnsafePointer<Float>, to image: UnsafeMutablePointer<Float>) {
    let lines = max(0, -firstLine)..<max(max(0, -firstLine), min(shape.height, sourceHeight - firstLine))
    let left = max(0, -firstColumn)
    let count = min(shape.width, sourceWidth - firstColumn) - left
    for channel in 0..<shape.channels {
      for y in lines {
        let from = source + ((channel * sourceHeight + firstLine + y) * sourceWidth + firstColumn + left)
        let line = image + (channel * shape.height + y) * lineWidth
        if shape.strideX == 1 {
          copyLine(from, count, to: line + left)
          continue
        }
        var (group, place) = (left % shape.strideX, left / shape.strideX)
        for x in 0..<max(0, count) {
          line[group * groupWidth + place] = from[x]
          group += 1
          if group == shape.strideX { (group, place) = (0, place + 1) }
        }
      }
    }
  }
}

/// Copies a line of an image: too short for a call to pay.
@inline(__always)
func copyLine(_ source: UnsafePointer<Float>, _ count: Int, to target: UnsafeMutablePointer<Float>) {
  var x = 0
  while x < count {
    storeHead(loadHead(source + x, count - x), target + x, count - x)
    x += vectorWidth
  }
}
