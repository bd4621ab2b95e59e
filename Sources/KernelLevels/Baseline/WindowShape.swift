// The geometry of a window that slides over an image: what convolutions and pools share.

extension Level {
  public static func paddedChannels(_ channels: Int) -> Int {
    (channels + vectorWidth - 1) / vectorWidth * vectorWidth
  }
}

/// Where each place of an image is seen along one axis: for every place and every tap of the kernel, the window that
/// has the place under that tap, times `unit`; or a negative number.
struct AxisTargets {
  let targets: UnsafeMutablePointer<Int>

  static func count(size: Int, kernel: Int) -> Int { size * kernel }

  init(_ room: UnsafeMutablePointer<Int>, size: Int, kernel: Int, stride: Int, padding: Int, outputs: Int, unit: Int) {
    targets = room
    for place in 0..<size {
      for tap in 0..<kernel {
        let start = place + padding - tap
        let fits = start >= 0 && start % stride == 0 && start / stride < outputs
        room[place * kernel + tap] = fits ? start / stride * unit : -1
      }
    }
  }
}

/// The tables of both axes, in scratch memory that lives as long as `body`. A window's place is the sum of its row's and
/// its column's: `width` numbers to each window, row after row.
func withTargets(
  _ shape: WindowShape, width: Int = 1, _ body: (_ rows: AxisTargets, _ columns: AxisTargets) -> Void
) {
  let rows = AxisTargets.count(size: shape.height, kernel: shape.kernelHeight)
  let columns = AxisTargets.count(size: shape.width, kernel: shape.kernelWidth)
  withUnsafeTemporaryAllocation(of: Int.self, capacity: rows + columns) { room in
    guard let start = room.baseAddress else { return }
    body(
      AxisTargets(
        start, size: shape.height, kernel: shape.kernelHeight, stride: shape.strideY, padding: shape.paddingY,
        outputs: shape.outHeight, unit: shape.outWidth * width),
      AxisTargets(
        start + rows, size: shape.width, kernel: shape.kernelWidth, stride: shape.strideX, padding: shape.paddingX,
        outputs: shape.outWidth, unit: width))
  }
}
