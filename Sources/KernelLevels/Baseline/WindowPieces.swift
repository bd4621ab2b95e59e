// Which numbers of the images the pixels of a product's block are, vector by vector.

/// The pixels of a block in pieces of neighbours: each at most a vector long, inside one line of an image and inside one
/// panel of the block.
struct WindowPieces {
  /// Where a piece begins in the images, but for its tap.
  let sources: UnsafeMutablePointer<Int>
  /// Where it begins in its panel.
  let lanes: UnsafeMutablePointer<Int>
  /// The first piece of each panel, and the end of the last.
  let starts: UnsafeMutablePointer<Int>
  /// As many numbers as the longest piece has, or more: 4, 8 or a whole vector.
  let unit: Int

  /// Calls `body` with room for blocks of up to `pixels` pixels in panels of `width`.
  ///
  /// - Parameter line: the pixels of a line of the output.
  static func with(pixels: Int, width: Int, line: Int, _ body: (WindowPieces) -> Void) {
    let panels = (pixels + width - 1) / width
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * pixels + panels + 1) { room in
      guard let room = room.baseAddress else { return }
      body(WindowPieces(sources: room, lanes: room + pixels, starts: room + 2 * pixels, unit: line <= 4 ? 4 : line <= 8 ? 8 : 16))
    }
  }

  /// Lists `count` pixels from `first` on, where the pixels of all images are numbered one image after the other.
  func list(_ first: Int, _ count: Int, width: Int, of images: PaddedImages) {
    let (pixels, outWidth) = (images.shape.outPixels, images.shape.outWidth)
    var (image, pixel) = (first / pixels, first % pixels)
    var (x, lane, piece, panel, done) = (pixel % outWidth, 0, 0, 0, 0)
    starts[0] = 0
    while done < count {
      let length = min(min(outWidth - x, vectorWidth), min(width - lane, count - done))
      sources[piece] = image * images.size + images.windows[pixel]
      lanes[piece] = lane
      piece += 1
      done += length
      (x, pixel, lane) = (x + length, pixel + length, lane + length)
      if x == outWidth { x = 0 }
      if pixel == pixels { (image, pixel) = (image + 1, 0) }
      if lane == width || done == count {
        panel += 1
        lane = 0
        starts[panel] = piece
      }
    }
  }

  /// Copies a panel's numbers under some taps, `step` floats from one tap to the next. What is written beyond the last
  /// pixel of a tap is of no meaning, up to a vector's length.
  @inline(__always)
  func copy(
    _ panel: Int, taps: UnsafePointer<Int>, count: Int, of images: UnsafePointer<Float>,
    to target: UnsafeMutablePointer<Float>, step: Int
  ) {
    let first = starts[panel]
    var out = target
    switch starts[panel + 1] - first {
    case 1:
      let a = images + sources[first]
      for p in 0..<count {
        store(load(a + taps[p]), out)
        out += step
      }
    case 2:
      let (a, b, lane) = (images + sources[first], images + sources[first + 1], lanes[first + 1])
      for p in 0..<count {
        let place = taps[p]
        store(load(a + place), out)
        store(load(b + place), out + lane)
        out += step
      }
    default:
      switch unit {
      case 4: copyPieces(panel, taps, count, images, target, step, unit: 4)
      case 8: copyPieces(panel, taps, count, images, target, step, unit: 8)
      default: copyPieces(panel, taps, count, images, target, step, unit: 16)
      }
    }
  }

  @inline(__always)
  private func copyPieces(
    _ panel: Int, _ taps: UnsafePointer<Int>, _ count: Int, _ images: UnsafePointer<Float>,
    _ target: UnsafeMutablePointer<Float>, _ step: Int, unit: Int
  ) {
    var out = target
    for p in 0..<count {
      let line = images + taps[p]
      for i in starts[panel]..<starts[panel + 1] { move(line + sources[i], to: out + lanes[i], unit: unit) }
      out += step
    }
  }

  /// The same for one panel with room for a vector beyond it: piece by piece.
  @inline(__always)
  func copyAll(
    taps: UnsafePointer<Int>, count: Int, of images: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    step: Int
  ) {
    switch unit {
    case 4: copyAll(taps, count, images, target, step, unit: 4)
    case 8: copyAll(taps, count, images, target, step, unit: 8)
    default: copyAll(taps, count, images, target, step, unit: 16)
    }
  }

  @inline(__always)
  private func copyAll(
    _ taps: UnsafePointer<Int>, _ count: Int, _ images: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    _ step: Int, unit: Int
  ) {
    for i in 0..<starts[1] {
      let line = images + sources[i]
      var out = target + lanes[i]
      for p in 0..<count {
        move(line + taps[p], to: out, unit: unit)
        out += step
      }
    }
  }
}

/// Copies a piece, and what lies beyond it up to `unit` numbers: wide vectors across the cache's lines take long.
@inline(__always)
private func move(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, unit: Int) {
  let (from, to) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
  switch min(unit, vectorWidth) {
  case 4: to.storeBytes(of: from.loadUnaligned(as: SIMD4<Float>.self), as: SIMD4<Float>.self)
  case 8: to.storeBytes(of: from.loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
  default: store(load(source), target)
  }
}
