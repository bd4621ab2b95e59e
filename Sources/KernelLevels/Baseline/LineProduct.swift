// A dense convolution with neighbouring pixels of a line in the lanes: each output channel's pixels are written where they
// belong, and a line of the image serves several channels once it is loaded.

import CVector

/// The product of one image's windows and the weights of all output channels. Terms are added in order of the taps.
struct LineProduct {
  let outputs: Int
  let images: PaddedImages
  /// Which of the images.
  let number: Int
  /// In panels of `WindowPlan.height(outputs:)` channels, in each of them tap by tap.
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?

  /// The vectors of a tile, and the most channels that the registers hold sums of besides.
  private static var tileVectors: Int {
    @inline(__always) get {
      #if KERNELS_AVX512
        4
      #else
        2
      #endif
    }
  }
  private static var tileChannels: Int { @inline(__always) get { 6 } }

  /// Whether the lines of a shape's windows fill two thirds of their vectors or more.
  static func suits(_ shape: WindowShape) -> Bool {
    let filled = (shape.outWidth + vectorWidth - 1) / vectorWidth * vectorWidth
    return 3 * shape.outWidth >= 2 * filled
  }

  /// Writes `[outputs, pixels]`.
  func multiply(to out: UnsafeMutablePointer<Float>) {
    let shape = images.shape
    let image = images.images + number * images.size
    let height = WindowPlan.height(outputs: outputs)
    var tile = LineTile(UnsafePointer(image))
    var (x, y) = (0, 0)
    while y < shape.outHeight {
      for v in 0..<LineProduct.tileVectors {
        // Beyond the last vector the tile works on that one again.
        if y == shape.outHeight {
          tile.repeatLast(v)
          continue
        }
        let pixel = y * shape.outWidth + x
        tile.set(v, line: image + images.windows[pixel], pixel: pixel, lanes: shape.outWidth - x)
        x += vectorWidth
        if x >= shape.outWidth { (x, y) = (0, y + 1) }
      }
      var channel = 0
      while channel < outputs {
        let panel = channel / height * height
        let end = min(outputs, panel + height)
        let parts = (end - channel + LineProduct.tileChannels - 1) / LineProduct.tileChannels
        let count = (end - channel + parts - 1) / parts
        tile.weights = weights + (panel * shape.taps + channel - panel)
        tile.weightStep = end - panel
        switch count {
        case 6: multiply6(tile, channel, out)
        case 5: multiply5(tile, channel, out)
        case 4: multiply4(tile, channel, out)
        case 3: multiply3(tile, channel, out)
        case 2: multiply2(tile, channel, out)
        default: multiply1(tile, channel, out)
        }
        channel += count
      }
    }
  }

  private typealias Out = UnsafeMutablePointer<Float>

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply6(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 6, o) }
  @inline(never) private func multiply5(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 5, o) }
  @inline(never) private func multiply4(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 4, o) }
  @inline(never) private func multiply3(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 3, o) }
  @inline(never) private func multiply2(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 2, o) }
  @inline(never) private func multiply1(_ t: LineTile, _ c: Int, _ o: Out) { multiply(t, c, 1, o) }

  /// A tile's sums for some channels.
  @inline(__always)
  private func multiply(_ tile: LineTile, _ channel: Int, _ channels: Int, _ out: Out) {
    let pixels = images.shape.outPixels
    let target = out + channel * pixels
    // Written long ago if at all: the lines are there when the sums are.
    for c in 0..<channels {
      for v in 0..<LineProduct.tileVectors { vector_prefetch(target + (c * pixels + tile.pixels[v])) }
    }
    var sums = zeroSums()
    var weight = tile.weights
    let step = tile.weightStep
    for tap in 0..<images.shape.taps {
      let place = images.taps[tap]
      var line: InlineArray<4, Vector> = [Vector(), Vector(), Vector(), Vector()]
      for v in 0..<LineProduct.tileVectors { line[v] = load(tile.lines[v] + place) }
      for c in 0..<channels {
        let factor = Vector(repeating: weight[c])
        for v in 0..<LineProduct.tileVectors { sums[c * 4 + v] = multiplyAdd(line[v], factor, sums[c * 4 + v]) }
      }
      weight += step
    }
    if let bias {
      for c in 0..<channels {
        let offset = Vector(repeating: bias[channel + c])
        for v in 0..<LineProduct.tileVectors { sums[c * 4 + v] += offset }
      }
    }
    for c in 0..<channels {
      let line = target + c * pixels
      for v in 0..<LineProduct.tileVectors { storeHead(sums[c * 4 + v], line + tile.pixels[v], tile.lanes[v]) }
    }
  }
}

/// Where a tile's vectors begin: in the image, and among the output's pixels, of which so many are left in their line.
private struct LineTile {
  var lines: InlineArray<4, UnsafePointer<Float>>
  var pixels: InlineArray<4, Int> = [0, 0, 0, 0]
  var lanes: InlineArray<4, Int> = [0, 0, 0, 0]
  /// The weights of the channels that are worked on, and how far on those of the next tap are.
  var weights: UnsafePointer<Float>
  var weightStep = 0

  init(_ start: UnsafePointer<Float>) {
    lines = [start, start, start, start]
    weights = start
  }

  mutating func set(_ vector: Int, line: UnsafePointer<Float>, pixel: Int, lanes: Int) {
    (lines[vector], pixels[vector], self.lanes[vector]) = (line, pixel, lanes)
  }

  mutating func repeatLast(_ vector: Int) {
    set(vector, line: lines[vector - 1], pixel: pixels[vector - 1], lanes: lanes[vector - 1])
  }
}
