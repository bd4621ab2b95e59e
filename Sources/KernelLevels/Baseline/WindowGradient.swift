// The gradient of a convolution's weights as a matrix product: numbers of the images, a line for each tap, times the
// gradients of the outputs, a column for each channel, over the pixels of many images.
//
// Each sum goes on in order of rows and pixels, as it does when active features are gone through one by one.

struct WindowGradient {
  /// The pixels of a block, about, and the taps whose lines are copied at a time.
  private static var blockPixels: Int { @inline(__always) get { 256 } }
  private static var blockTaps: Int { @inline(__always) get { 96 } }
  /// The floats from one tap's line to the next: not a power of two, which would put all in one place of the cache.
  private static var lineStep: Int { @inline(__always) get { blockPixels + 2 * vectorWidth + 16 } }

  let outputs: Int
  let images: PaddedImages
  /// Of the outputs, rows of `[outputs, pixels]`.
  let gradient: UnsafePointer<Float>
  /// `[taps, paddedChannels(outputs)]`, added to.
  let sums: UnsafeMutablePointer<Float>
  private let lines, panels, edge: UnsafeMutablePointer<Float>
  private let pieces: WindowPieces

  private var columns: Int { Level.paddedChannels(outputs) }

  /// How many images fill a block.
  static func images(_ shape: WindowShape, rows: Int) -> Int { max(1, min(rows, blockPixels / shape.outPixels)) }

  /// Calls `body` with a product and its scratch memory.
  static func with(
    outputs: Int, images: PaddedImages, gradient: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>,
    _ body: (WindowGradient) -> Void
  ) {
    let width = GemmPlan.tileColumns
    let panels = (outputs + width - 1) / width
    let counts = (blockTaps * lineStep, panels * width * blockPixels, 2 * blockPixels)
    withUnsafeTemporaryAllocation(byteCount: (counts.0 + counts.1 + counts.2) * 4, alignment: 64) { room in
      WindowPieces.with(pixels: blockPixels, width: blockPixels, line: images.shape.outWidth) { pieces in
        guard let start = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        start.update(repeating: 0, count: counts.0 + counts.1 + counts.2)
        body(
          WindowGradient(
            outputs: outputs, images: images, gradient: gradient, sums: sums, lines: start, panels: start + counts.0,
            edge: start + counts.0 + counts.1, pieces: pieces))
      }
    }
  }

  /// Adds the products of the images, which are those of consecutive rows.
  func add(rows: Range<Int>) {
    let total = rows.count * images.shape.outPixels
    let parts = (total + WindowGradient.blockPixels - 1) / WindowGradient.blockPixels
    for part in 0..<parts {
      let first = total * part / parts
      addBlock(first, total * (part + 1) / parts - first, firstRow: rows.lowerBound)
    }
  }

  private func addBlock(_ first: Int, _ count: Int, firstRow: Int) {
    turnGradient(first, count, firstRow: firstRow)
    pieces.list(first, count, width: WindowGradient.blockPixels, of: images)
    var tap = 0
    while tap < images.shape.taps {
      let taps = min(WindowGradient.blockTaps, images.shape.taps - tap)
      pieces.copyAll(
        taps: images.taps + tap, count: taps, of: images.images, to: lines, step: WindowGradient.lineStep)
      multiply(tap, taps, depth: count)
      tap += taps
    }
  }

  /// The tiles of some taps, whose lines were copied.
  private func multiply(_ tap: Int, _ taps: Int, depth: Int) {
    let (step, width) = (WindowGradient.lineStep, GemmPlan.tileColumns)
    // Tiles read lines by a pointer for every three.
    let whole = taps / 3 * 3
    let tiles = (whole + GemmPlan.tileRows - 1) / GemmPlan.tileRows
    let height = tiles == 0 ? 3 : ((whole + tiles - 1) / tiles + 2) / 3 * 3
    if whole < taps {
      turn(
        lines + whole * step, rows: taps - whole, columns: depth, sourceStep: step, to: edge, outStep: taps - whole)
    }
    var column = 0
    while column < columns {
      let width = min(width, columns - column)
      let panel = UnsafePointer(panels + column * WindowGradient.blockPixels)
      var row = 0
      while row < taps {
        let rows = row < whole ? min(height, whole - row) : taps - whole
        let isEdge = row == whole
        GemmTile(
          a: isEdge ? UnsafePointer(edge) : UnsafePointer(lines + row * step), rowStepA: isEdge ? 1 : step,
          depthStepA: isEdge ? rows : 1, b: panel, stepB: width, c: sums + ((tap + row) * columns + column),
          stride: columns, columns: width, depth: depth, adds: true
        ).multiply(rows)
        row += rows
      }
      column += width
    }
  }

  /// Copies the gradients of some pixels so that a tile's channels stand side by side.
  private func turnGradient(_ first: Int, _ count: Int, firstRow: Int) {
    let pixels = images.shape.outPixels
    var done = 0
    while done < count {
      let (image, pixel) = ((first + done) / pixels, (first + done) % pixels)
      let length = min(count - done, pixels - pixel)
      let source = gradient + ((firstRow + image) * outputs * pixels + pixel)
      var column = 0
      while column < outputs {
        let width = min(GemmPlan.tileColumns, columns - column)
        turn(
          source + column * pixels, rows: min(width, outputs - column), columns: length, sourceStep: pixels,
          to: panels + (column * WindowGradient.blockPixels + done * width), outStep: width)
        column += width
      }
      done += length
    }
  }
}
