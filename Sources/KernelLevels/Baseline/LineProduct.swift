// A dense convolution with neighbouring pixels of a line in the lanes: each output channel's pixels are written where they
// belong, and a line of the image serves several channels once it is loaded.

/// The product of one image's windows and the weights of all output channels. Terms are added in the order of
/// `gatherProduct`, to the same bits.
struct LineProduct {
  let shape: WindowShape
  let outputs: Int
  let image: PaddedImage
  /// `[taps, columns]`: each tap's weights, channel by channel.
  let weights: UnsafePointer<Float>
  let columns: Int
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

  /// Whether the lines of a shape's windows lie side by side, and fill two thirds of their vectors or more.
  static func suits(_ shape: WindowShape) -> Bool {
    let filled = (shape.outWidth + vectorWidth - 1) / vectorWidth * vectorWidth
    return shape.strideX == 1 && 3 * shape.outWidth >= 2 * filled
  }

  /// Writes `[outputs, pixels]`.
  func multiply(to out: UnsafeMutablePointer<Float>) {
    let vectors = shape.outHeight * ((shape.outWidth + vectorWidth - 1) / vectorWidth)
    var first = 0
    while first < vectors {
      var channel = 0
      while channel < outputs {
        let parts = (outputs - channel + LineProduct.tileChannels - 1) / LineProduct.tileChannels
        let count = (outputs - channel + parts - 1) / parts
        switch count {
        case 6: multiply6(first, vectors, channel, out)
        case 5: multiply5(first, vectors, channel, out)
        case 4: multiply4(first, vectors, channel, out)
        case 3: multiply3(first, vectors, channel, out)
        case 2: multiply2(first, vectors, channel, out)
        default: multiply1(first, vectors, channel, out)
        }
        channel += count
      }
      first += LineProduct.tileVectors
    }
  }

  private typealias Out = UnsafeMutablePointer<Float>

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply6(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 6, o) }
  @inline(never) private func multiply5(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 5, o) }
  @inline(never) private func multiply4(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 4, o) }
  @inline(never) private func multiply3(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 3, o) }
  @inline(never) private func multiply2(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 2, o) }
  @inline(never) private func multiply1(_ f: Int, _ v: Int, _ c: Int, _ o: Out) { multiply(f, v, c, 1, o) }

  /// A tile from a vector and a channel on. Beyond the last vector it works on that one again.
  @inline(__always)
  private func multiply(_ first: Int, _ vectors: Int, _ channel: Int, _ channels: Int, _ out: Out) {
    let perLine = (shape.outWidth + vectorWidth - 1) / vectorWidth
    let start = UnsafePointer(image.image)
    var lines: InlineArray<4, UnsafePointer<Float>> = [start, start, start, start]
    var pixels: InlineArray<4, Int> = [0, 0, 0, 0]
    var lanes: InlineArray<4, Int> = [0, 0, 0, 0]
    for v in 0..<LineProduct.tileVectors {
      let vector = min(first + v, vectors - 1)
      let x = vector % perLine * vectorWidth
      pixels[v] = vector / perLine * shape.outWidth + x
      lanes[v] = shape.outWidth - x
      lines[v] = start + image.windows[pixels[v]]
    }
    var sums = zeroSums()
    var weight = weights + channel
    for tap in 0..<shape.taps {
      let place = image.taps[tap]
      var line: InlineArray<4, Vector> = [Vector(), Vector(), Vector(), Vector()]
      for v in 0..<LineProduct.tileVectors { line[v] = load(lines[v] + place) }
      for c in 0..<channels {
        let factor = Vector(repeating: weight[c])
        for v in 0..<LineProduct.tileVectors { sums[c * 4 + v] = multiplyAdd(line[v], factor, sums[c * 4 + v]) }
      }
      weight += columns
    }
    for c in 0..<channels {
      let target = out + (channel + c) * shape.outPixels
      let offset = Vector(repeating: bias.map { $0[channel + c] } ?? 0)
      for v in 0..<LineProduct.tileVectors {
        storeHead(bias == nil ? sums[c * 4 + v] : sums[c * 4 + v] + offset, target + pixels[v], lanes[v])
      }
    }
  }
}
