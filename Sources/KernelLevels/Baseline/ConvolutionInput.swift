// What the convolutions read, one sample at one step after the other: spikes as bits, or numbers.

/// The features of a row that are not 0, in rising order.
struct ActiveFeatures {
  var indices: UnsafeMutablePointer<Int32>
  var values: UnsafeMutablePointer<Float>
  var count = 0

  /// Lists a row's features, or answers false (with nothing listed) when more than `most` are active.
  mutating func list(_ input: ConvolutionInput, row: Int, features: Int, most: Int) -> Bool {
    count = 0
    switch input {
    case .spikes(let words, let wordsPerRow):
      let start = words + row * wordsPerRow
      if Level.countSpikes(start, count: wordsPerRow) > most { return false }
      count = listActive(start, wordCount: wordsPerRow, into: indices)
      for i in 0..<count { values[i] = 1 }
    case .values(let floats):
      let start = floats + row * features
      var first = 0
      while first < features {
        var active = bits(of: loadLanes(start + first, min(16, features - first)) .!= 0)
        while active != 0 {
          let feature = first + active.trailingZeroBitCount
          indices[count] = Int32(truncatingIfNeeded: feature)
          values[count] = start[feature]
          count += 1
          active &= active - 1
        }
        if count > most {
          count = 0
          return false
        }
        first += 16
      }
    }
    return true
  }
}

/// The active features up to which going through them costs less than `gatherProduct`: an event loads and stores each sum,
/// which that keeps in registers.
func mostActive(_ shape: WindowShape) -> Int { shape.features / 4 }

/// The same beside `LineProduct`, which needs no sums turned afterwards: below 0 where that costs more than all its work.
func mostActiveBesideLines(_ shape: WindowShape, outputs: Int, columns: Int) -> Int {
  // In the time of one vector's multiplication. Measured: of a sum turned, and of a vector loaded, added to and stored.
  let (turning, adding) = (3, 6)
  let left = LineProduct.vectors(shape) * shape.taps * outputs - turning * shape.outPixels * columns
  return left / (adding * shape.kernelHeight * shape.kernelWidth * (columns / vectorWidth)) - (left < 0 ? 1 : 0)
}

/// Calls `body` with room for the active features of a row.
func withActiveFeatures(_ features: Int, _ body: (inout ActiveFeatures) -> Void) {
  // Bits are listed by whole words, hence the reserve.
  let capacity = (features + 63) / 64 * 64 + 64
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity) { indices in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { values in
      guard let indices = indices.baseAddress, let values = values.baseAddress else { return }
      var active = ActiveFeatures(indices: indices, values: values)
      body(&active)
    }
  }
}

/// Images with a border of zeros, and the tables by which `gatherProduct` finds windows in them.
struct PaddedImage {
  let shape: WindowShape
  let height: Int, width: Int
  let image: UnsafeMutablePointer<Float>
  /// Where the window of each output pixel begins.
  let windows: UnsafeMutablePointer<Int>
  /// Where each tap lies from the window's beginning.
  let taps: UnsafeMutablePointer<Int>

  /// Calls `body` with an empty image of the shape, whose border stays zero. A vector can be read from any of its places.
  static func with(_ shape: WindowShape, _ body: (PaddedImage) -> Void) {
    let height = shape.height + 2 * shape.paddingY
    let width = shape.width + 2 * shape.paddingX
    let count = shape.channels * height * width + vectorWidth
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { image in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: shape.outPixels + shape.taps) { places in
        guard let image = image.baseAddress, let places = places.baseAddress else { return }
        image.update(repeating: 0, count: count)
        let padded = PaddedImage(
          shape: shape, height: height, width: width, image: image, windows: places,
          taps: places + shape.outPixels)
        padded.fillTables()
        body(padded)
      }
    }
  }

  private func fillTables() {
    var next = windows
    for y in 0..<shape.outHeight {
      for x in 0..<shape.outWidth {
        next.pointee = y * shape.strideY * width + x * shape.strideX
        next += 1
      }
    }
    next = taps
    for channel in 0..<shape.channels {
      for y in 0..<shape.kernelHeight {
        for x in 0..<shape.kernelWidth {
          next.pointee = (channel * height + y) * width + x
          next += 1
        }
      }
    }
  }

  /// Puts one row of the input inside the border.
  func fill(_ input: ConvolutionInput, row: Int) {
    switch input {
    case .values(let floats):
      copy(floats + row * shape.features)
    case .spikes(let words, let wordsPerRow):
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, shape.features)) { plain in
        guard let plain = plain.baseAddress else { return }
        Level.unpackSpikeRow(words + row * wordsPerRow, features: shape.features, out: plain)
        copy(plain)
      }
    }
  }

  private func copy(_ source: UnsafePointer<Float>) {
    for channel in 0..<shape.channels {
      for y in 0..<shape.height {
        let target = image + (channel * height + y + shape.paddingY) * width + shape.paddingX
        copyLine(source + (channel * shape.height + y) * shape.width, shape.width, to: target)
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
