// A dense convolution as a matrix product: the weights, channel by channel, times a matrix that has a column for each
// pixel and a row for each tap. Blocks of that matrix are copied out of the images straight into the panels that tiles of
// the product read, so that the whole of it, many times as large as the images, never exists.
//
// Each sum runs in order of the taps, to the bits that the events give.

/// How the weights of a convolution are packed for it, and how it is cut.
enum WindowPlan {
  /// The pixels of a block, about.
  static var blockPixels: Int { @inline(__always) get { 256 } }
  /// The taps of a block, at most: its panels stay in the second cache, one of them in the first.
  static var blockTaps: Int { @inline(__always) get { 384 } }

  /// The output channels of a panel of weights: as even as can be.
  static func height(outputs: Int) -> Int {
    let panels = (outputs + GemmPlan.tileRows - 1) / GemmPlan.tileRows
    return (outputs + panels - 1) / panels
  }

  /// How many images fill a block.
  static func images(pixels: Int, rows: Int) -> Int { max(1, min(rows, blockPixels / pixels)) }

  /// The pixels of nearly equal blocks, in whole tiles unless one holds all.
  static func block(_ pixels: Int) -> Int {
    let parts = (pixels + blockPixels - 1) / blockPixels
    let even = (pixels + parts - 1) / parts
    return parts == 1 ? pixels : (even + GemmPlan.tileColumns - 1) / GemmPlan.tileColumns * GemmPlan.tileColumns
  }
}

/// Where the sums of some images go: pixel (y, x) of output channel o of image i stands at
/// `starts[i] + o * channelStep + y * lineStep + x * pixelStep`.
struct WindowTarget {
  var out: UnsafeMutablePointer<Float>
  /// From row to row, from channel to channel, from line to line, from pixel to pixel.
  var rowStep, channelStep, lineStep, pixelStep: Int
}

/// The product of some images' windows and the weights of all output channels.
struct WindowGemm {
  let outputs: Int
  let images: PaddedImages
  /// In panels of `WindowPlan.height(outputs:)` channels, in each of them tap by tap.
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let target: WindowTarget

  /// Calls `body` with the scratch memory of a product of up to `count` images at a time.
  func with(count: Int, _ body: (WindowGemmRoom) -> Void) {
    let pixels = WindowPlan.block(count * images.shape.outPixels)
    let width = GemmPlan.tileColumns
    let panels = (pixels + width - 1) / width
    let depth = min(images.shape.taps, WindowPlan.blockTaps)
    let packed = panels * width * depth + width
    withUnsafeTemporaryAllocation(byteCount: (packed + panels * width * outputs) * 4, alignment: 64) { room in
      WindowPieces.with(pixels: panels * width, width: width, line: images.shape.outWidth) { pieces in
        guard let start = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        start.update(repeating: 0, count: packed)
        body(WindowGemmRoom(packed: start, sums: start + packed, pieces: pieces, pixels: pixels))
      }
    }
  }

  /// Writes the sums of the first `rows.count` images, whose rows those are.
  func multiply(rows: UnsafePointer<Int>, count: Int, _ room: WindowGemmRoom) {
    let total = count * images.shape.outPixels
    var first = 0
    while first < total {
      multiplyBlock(first, min(room.pixels, total - first), rows, room)
      first += room.pixels
    }
  }

  /// The sums of `count` pixels from `first` on.
  private func multiplyBlock(_ first: Int, _ count: Int, _ rows: UnsafePointer<Int>, _ room: WindowGemmRoom) {
    let (taps, width) = (images.shape.taps, GemmPlan.tileColumns)
    let panels = (count + width - 1) / width
    let height = WindowPlan.height(outputs: outputs)
    room.pieces.list(first, count, width: width, of: images)
    let blocks = (taps + WindowPlan.blockTaps - 1) / WindowPlan.blockTaps
    for block in 0..<blocks {
      let (start, end) = (taps * block / blocks, taps * (block + 1) / blocks)
      let depth = end - start
      for panel in 0..<panels {
        room.pieces.copy(
          panel, taps: images.taps + start, count: depth, of: images.images, to: room.packed + panel * width * depth,
          step: width)
      }
      var channel = 0
      while channel < outputs {
        let channels = min(height, outputs - channel)
        for panel in 0..<panels {
          let columns = min(width, count - panel * width)
          let place = place(ofPanel: panel, first, columns, rows, room)
          GemmTile(
            a: weights + channel * taps + start * channels, rowStepA: 1, depthStepA: channels,
            b: UnsafePointer(room.packed + panel * width * depth), stepB: width, c: place.start + channel * place.step,
            stride: place.step, columns: columns, depth: depth, adds: block > 0,
            offsets: block == blocks - 1 ? bias.map { $0 + channel } : nil
          ).multiply(channels)
        }
        channel += channels
      }
    }
    for panel in 0..<panels {
      let columns = min(width, count - panel * width)
      if !isDirect(first + panel * width, columns) { spread(panel, first + panel * width, columns, rows, room) }
    }
  }

  /// Whether pixels lie side by side in the output as they do in a panel.
  private func isDirect(_ first: Int, _ count: Int) -> Bool {
    let pixels = images.shape.outPixels
    return target.pixelStep == 1 && target.lineStep == images.shape.outWidth
      && first / pixels == (first + count - 1) / pixels
  }

  /// Where a panel's sums of the first channel go, and how far on those of the next one: into the output if they can.
  private func place(
    ofPanel panel: Int, _ first: Int, _ columns: Int, _ rows: UnsafePointer<Int>, _ room: WindowGemmRoom
  ) -> (start: UnsafeMutablePointer<Float>, step: Int) {
    let (pixels, width) = (images.shape.outPixels, GemmPlan.tileColumns)
    let pixel = first + panel * width
    if isDirect(pixel, columns) {
      return (target.out + (rows[pixel / pixels] * target.rowStep + pixel % pixels), target.channelStep)
    }
    return (room.sums + panel * width * outputs, width)
  }

  /// Copies a panel's sums to the output.
  private func spread(_ panel: Int, _ first: Int, _ count: Int, _ rows: UnsafePointer<Int>, _ room: WindowGemmRoom) {
    let (pixels, outWidth, width) = (images.shape.outPixels, images.shape.outWidth, GemmPlan.tileColumns)
    let sums = room.sums + panel * width * outputs
    var lane = 0
    while lane < count {
      let (image, pixel) = ((first + lane) / pixels, (first + lane) % pixels)
      let isLine = target.pixelStep == 1 && target.lineStep == outWidth
      let length = min(count - lane, isLine ? pixels - pixel : outWidth - pixel % outWidth)
      var out = target.out + (
        rows[image] * target.rowStep + pixel / outWidth * target.lineStep + pixel % outWidth * target.pixelStep)
      var line = sums + lane
      for _ in 0..<outputs {
        if target.pixelStep == 1 {
          copyLine(line, length, to: out)
        } else {
          for x in 0..<length { out[x * target.pixelStep] = line[x] }
        }
        line += width
        out += target.channelStep
      }
      lane += length
    }
  }
}

/// Scratch memory of a `WindowGemm`.
struct WindowGemmRoom {
  let packed, sums: UnsafeMutablePointer<Float>
  let pieces: WindowPieces
  /// The pixels of a block.
  let pixels: Int
}
