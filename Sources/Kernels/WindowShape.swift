// The geometry of a window that slides over an image: what convolutions and pools share.

/// A window over images of `[channels, height, width]`.
public struct WindowShape: Sendable, Equatable {
  public var channels: Int, height: Int, width: Int
  public var kernelHeight: Int, kernelWidth: Int
  public var strideY: Int, strideX: Int
  /// Rows and columns of zeros around the image, fewer than the kernel's.
  public var paddingY: Int, paddingX: Int

  public init(
    channels: Int, height: Int, width: Int, kernelHeight: Int, kernelWidth: Int, strideY: Int = 1, strideX: Int = 1,
    paddingY: Int = 0, paddingX: Int = 0
  ) {
    (self.channels, self.height, self.width) = (channels, height, width)
    (self.kernelHeight, self.kernelWidth) = (kernelHeight, kernelWidth)
    (self.strideY, self.strideX) = (strideY, strideX)
    (self.paddingY, self.paddingX) = (paddingY, paddingX)
  }

  public var outHeight: Int { (height + 2 * paddingY - kernelHeight) / strideY + 1 }
  public var outWidth: Int { (width + 2 * paddingX - kernelWidth) / strideX + 1 }
  /// The pixels of one channel, before and after.
  public var pixels: Int { height * width }
  public var outPixels: Int { outHeight * outWidth }
  /// The features of a sample.
  public var features: Int { channels * pixels }
  /// The weights of one output channel of a convolution.
  public var taps: Int { channels * kernelHeight * kernelWidth }
}

/// The rows of vectors that hold so many channels: as many as whole tiles of `gatherProduct` hold.
public func paddedChannels(_ channels: Int) -> Int {
  let unit = GatherTile.columns
  return (channels + unit - 1) / unit * unit
}

/// Where each place of an image is seen along one axis: for every place and every tap of the kernel, the window that
/// has the place under that tap, or -1.
struct AxisTargets {
  let kernel: Int
  let targets: UnsafeMutablePointer<Int32>

  static func count(size: Int, kernel: Int) -> Int { size * kernel }

  init(_ room: UnsafeMutablePointer<Int32>, size: Int, kernel: Int, stride: Int, padding: Int, outputs: Int) {
    self.kernel = kernel
    targets = room
    for place in 0..<size {
      for tap in 0..<kernel {
        let start = place + padding - tap
        let fits = start >= 0 && start % stride == 0 && start / stride < outputs
        room[place * kernel + tap] = fits ? Int32(truncatingIfNeeded: start / stride) : -1
      }
    }
  }
}

/// The tables of both axes, in scratch memory that lives as long as `body`.
func withTargets(_ shape: WindowShape, _ body: (_ rows: AxisTargets, _ columns: AxisTargets) -> Void) {
  let rows = AxisTargets.count(size: shape.height, kernel: shape.kernelHeight)
  let columns = AxisTargets.count(size: shape.width, kernel: shape.kernelWidth)
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: rows + columns) { room in
    guard let start = room.baseAddress else { return }
    body(
      AxisTargets(
        start, size: shape.height, kernel: shape.kernelHeight, stride: shape.strideY, padding: shape.paddingY,
        outputs: shape.outHeight),
      AxisTargets(
        start + rows, size: shape.width, kernel: shape.kernelWidth, stride: shape.strideX, padding: shape.paddingX,
        outputs: shape.outWidth))
  }
}
