// The gradient of a convolution's input by minimal filtering, F(2x2, 3x3): four pixels cost sixteen multiplications for
// each pair of channels instead of thirty-six (S. Winograd 1980; A. Lavin and S. Gray 2016, arXiv:1509.09308).
//
// Squares of four by four numbers of the output's gradient, two apart, and the weights of each pair of channels are
// transformed to sixteen numbers each; sixteen matrix products join them, and what comes out is transformed back. The
// channels of a pixel stand side by side meanwhile. Gradients alone take this way: forward, sums must have the bits that
// events give.

/// The sizes of the gradient of one convolution of 3x3 with a stride of 1.
struct Winograd {
  /// Of the gradient that arrives, and of the one that is wanted.
  let inputs, outputs: Int
  /// The arriving gradient's lines and columns, and how many zeros stand before them.
  let height, width, borderY, borderX: Int
  /// The wanted gradient's lines and columns, and its squares of two by two.
  let outHeight, outWidth, squaresY, squaresX: Int

  /// Nil for windows that cannot go this way, or too few channels for it to pay.
  init?(_ shape: WindowShape, outputs: Int) {
    guard shape.kernelHeight == 3, shape.kernelWidth == 3, shape.strideY == 1, shape.strideX == 1,
      min(outputs, shape.channels) >= Winograd.fewestChannels
    else { return nil }
    (inputs, self.outputs) = (outputs, shape.channels)
    (height, width) = (shape.outHeight, shape.outWidth)
    (borderY, borderX) = (2 - shape.paddingY, 2 - shape.paddingX)
    (outHeight, outWidth) = (shape.height, shape.width)
    (squaresY, squaresX) = ((outHeight + 1) / 2, (outWidth + 1) / 2)
    // Squares that stick out of a small image cost as much as the others.
    if 4 * squares * 2 > 3 * shape.pixels { return nil }
  }

  /// With fewer, transforming takes as long as it saves. Measured.
  private static var fewestChannels: Int { @inline(__always) get { 32 } }

  /// The squares of an image.
  var squares: Int { squaresY * squaresX }

  /// The floats of transformed weights.
  var weightCount: Int { 16 * inputs * paddedOutputs }

  fileprivate var paddedOutputs: Int { Level.paddedChannels(outputs) }

  /// Transforms weights `[inputs, outputs, 3, 3]`, turned by half a turn: for each of sixteen places panels of some outputs,
  /// in each of them input by input.
  func pack(_ weights: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>) {
    let (padded, width) = (paddedOutputs, GemmPlan.tileColumns)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 9 * padded) { lines in
      guard let lines = lines.baseAddress else { return }
      lines.update(repeating: 0, count: 9 * padded)
      for input in 0..<inputs {
        turn(weights + input * outputs * 9, rows: outputs, columns: 9, sourceStep: 9, to: lines, outStep: padded)
        var output = 0
        while output < padded {
          let panel = output / width * width
          let target = packed + (panel * inputs + input * min(width, padded - panel) + output - panel)
          transformWeights(lines + output, step: padded, to: target, placeStep: inputs * padded)
          output += vectorWidth
        }
      }
    }
  }

  /// The wanted gradients of some rows, from those that arrive: `[inputs, height, width]` to `[outputs, outHeight,
  /// outWidth]`.
  func multiply(
    _ gradient: UnsafePointer<Float>, packed: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, rows: Range<Int>
  ) {
    let together = max(1, min(rows.count, WinogradRoom.blockSquares / squares))
    WinogradRoom.with(self, images: together) { room in
      var row = rows.lowerBound
      while row < rows.upperBound {
        let count = min(together, rows.upperBound - row)
        for i in 0..<count { room.fill(i, gradient + (row + i) * inputs * height * width) }
        room.multiply(count, packed)
        for i in 0..<count { room.spread(i, to: out + (row + i) * outputs * outHeight * outWidth) }
        row += count
      }
    }
  }
}

/// Scratch memory of some images' gradients.
private struct WinogradRoom {
  /// The squares of a block: what is transformed of them stays in the second cache.
  static var blockSquares: Int { @inline(__always) get { 72 } }

  let sizes: Winograd
  /// Images with the channels of a pixel side by side: with their border, and those that come out.
  let images, results: UnsafeMutablePointer<Float>
  /// For each of sixteen places and each square of a block, the transformed channels: those that arrive, and the products.
  let transformed, products: UnsafeMutablePointer<Float>

  /// From pixel to pixel: not a power of two, which would put all in one place of the cache.
  private var inputStep: Int { Level.paddedChannels(sizes.inputs) + 16 }
  private var outputStep: Int { sizes.paddedOutputs + 16 }
  private var lineWidth: Int { 2 * sizes.squaresX + 2 }
  private var imageSize: Int { (2 * sizes.squaresY + 2) * lineWidth * inputStep }
  private var resultWidth: Int { 2 * sizes.squaresX }
  private var resultSize: Int { 2 * sizes.squaresY * resultWidth * outputStep }

  static func with(_ sizes: Winograd, images: Int, _ body: (WinogradRoom) -> Void) {
    let (inputStep, outputStep) = (Level.paddedChannels(sizes.inputs) + 16, sizes.paddedOutputs + 16)
    let counts = (
      images * (2 * sizes.squaresY + 2) * (2 * sizes.squaresX + 2) * inputStep, images * 4 * sizes.squares * outputStep,
      16 * blockSquares * inputStep, 16 * blockSquares * outputStep
    )
    withUnsafeTemporaryAllocation(byteCount: (counts.0 + counts.1 + counts.2 + counts.3) * 4, alignment: 64) { room in
      guard let images = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      images.update(repeating: 0, count: counts.0)
      let results = images + counts.0
      body(
        WinogradRoom(
          sizes: sizes, images: images, results: results, transformed: results + counts.1,
          products: results + counts.1 + counts.2))
    }
  }

  /// Puts an arriving gradient into an image.
  func fill(_ number: Int, _ gradient: UnsafePointer<Float>) {
    let image = images + number * imageSize
    for y in 0..<sizes.height {
      turn(
        gradient + y * sizes.width, rows: sizes.inputs, columns: sizes.width, sourceStep: sizes.height * sizes.width,
        to: image + ((y + sizes.borderY) * lineWidth + sizes.borderX) * inputStep, outStep: inputStep)
    }
  }

  /// Copies a result to where its lines belong.
  func spread(_ number: Int, to out: UnsafeMutablePointer<Float>) {
    let result = results + number * resultSize
    for y in 0..<sizes.outHeight {
      turn(
        result + y * resultWidth * outputStep, rows: sizes.outWidth, columns: sizes.outputs, sourceStep: outputStep,
        to: out + y * sizes.outWidth, outStep: sizes.outHeight * sizes.outWidth)
    }
  }

  /// The results of the first `count` images.
  func multiply(_ count: Int, _ packed: UnsafePointer<Float>) {
    let total = count * sizes.squares
    let blocks = (total + WinogradRoom.blockSquares - 1) / WinogradRoom.blockSquares
    for block in 0..<blocks {
      let (first, end) = (total * block / blocks, total * (block + 1) / blocks)
      for square in first..<end { transform(square, to: transformed + (square - first) * inputStep) }
      multiplyBlock(end - first, packed)
      for square in first..<end { restore(square, from: products + (square - first) * outputStep) }
    }
  }

  /// The sixteen products of a block. Tiles read rows by a pointer for every three; the last ones may be of no meaning.
  private func multiplyBlock(_ squares: Int, _ packed: UnsafePointer<Float>) {
    let (padded, width) = (sizes.paddedOutputs, GemmPlan.tileColumns)
    let rows = (squares + 2) / 3 * 3
    let tiles = (rows + GemmPlan.tileRows - 1) / GemmPlan.tileRows
    let height = ((rows + tiles - 1) / tiles + 2) / 3 * 3
    for place in 0..<16 {
      let (a, c) = (transformed + place * WinogradRoom.blockSquares * inputStep, products + place * WinogradRoom.blockSquares * outputStep)
      var column = 0
      while column < padded {
        let columns = min(width, padded - column)
        var row = 0
        while row < rows {
          let count = min(height, rows - row)
          GemmTile(
            a: UnsafePointer(a + row * inputStep), rowStepA: inputStep, depthStepA: 1,
            b: packed + (place * padded + column) * sizes.inputs, stepB: columns, c: c + (row * outputStep + column),
            stride: outputStep, columns: columns, depth: sizes.inputs, adds: false
          ).multiply(count)
          row += count
        }
        column += columns
      }
    }
  }

  /// Where a square begins, counted through all images: its image, and its line and column of squares.
  private func place(_ square: Int) -> (image: Int, y: Int, x: Int) {
    let (image, number) = (square / sizes.squares, square % sizes.squares)
    return (image, number / sizes.squaresX, number % sizes.squaresX)
  }

  private func transform(_ square: Int, to target: UnsafeMutablePointer<Float>) {
    let (image, y, x) = place(square)
    let source = images + (image * imageSize + (2 * y * lineWidth + 2 * x) * inputStep)
    let (line, placeStep) = (lineWidth * inputStep, WinogradRoom.blockSquares * inputStep)
    var channel = 0
    while channel < sizes.inputs {
      transformSquare(source + channel, pixelStep: inputStep, lineStep: line, to: target + channel, placeStep: placeStep)
      channel += vectorWidth
    }
  }

  private func restore(_ square: Int, from source: UnsafeMutablePointer<Float>) {
    let (image, y, x) = place(square)
    let target = results + (image * resultSize + (2 * y * resultWidth + 2 * x) * outputStep)
    let (line, placeStep) = (resultWidth * outputStep, WinogradRoom.blockSquares * outputStep)
    var channel = 0
    while channel < sizes.outputs {
      restoreSquare(source + channel, placeStep: placeStep, to: target + channel, pixelStep: outputStep, lineStep: line)
      channel += vectorWidth
    }
  }
}

/// Four numbers of a line or a column, transformed: B' d.
@inline(__always)
private func transformed(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> InlineArray<4, Vector> {
  [a - c, b + c, c - b, b - d]
}

/// B' d B for a square of sixteen pixels, in the channels of a vector.
@inline(__always)
private func transformSquare(
  _ source: UnsafePointer<Float>, pixelStep: Int, lineStep: Int, to target: UnsafeMutablePointer<Float>, placeStep: Int
) {
  func column(_ x: Int) -> InlineArray<4, Vector> {
    let top = source + x * pixelStep
    return transformed(load(top), load(top + lineStep), load(top + 2 * lineStep), load(top + 3 * lineStep))
  }
  let (a, b, c, d) = (column(0), column(1), column(2), column(3))
  for y in 0..<4 {
    let line = transformed(a[y], b[y], c[y], d[y])
    for x in 0..<4 { store(line[x], target + (4 * y + x) * placeStep) }
  }
}

/// Four numbers, transformed back to two: A' m.
@inline(__always)
private func restored(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> (Vector, Vector) {
  (a + b + c, b - c - d)
}

/// A' m A: the four pixels of a square.
@inline(__always)
private func restoreSquare(
  _ source: UnsafePointer<Float>, placeStep: Int, to target: UnsafeMutablePointer<Float>, pixelStep: Int, lineStep: Int
) {
  func column(_ x: Int) -> (Vector, Vector) {
    let top = source + x * placeStep
    return restored(load(top), load(top + 4 * placeStep), load(top + 8 * placeStep), load(top + 12 * placeStep))
  }
  let (a, b, c, d) = (column(0), column(1), column(2), column(3))
  let upper = restored(a.0, b.0, c.0, d.0)
  let lower = restored(a.1, b.1, c.1, d.1)
  store(upper.0, target)
  store(upper.1, target + pixelStep)
  store(lower.0, target + lineStep)
  store(lower.1, target + (lineStep + pixelStep))
}

/// G g G' for nine weights, turned by half a turn, of the outputs of a vector.
@inline(__always)
private func transformWeights(
  _ source: UnsafePointer<Float>, step: Int, to target: UnsafeMutablePointer<Float>, placeStep: Int
) {
  func spread(_ a: Vector, _ b: Vector, _ c: Vector) -> InlineArray<4, Vector> {
    let half = (a + c) * 0.5
    return [a, half + b * 0.5, half - b * 0.5, c]
  }
  func weight(_ y: Int, _ x: Int) -> Vector { load(source + ((2 - y) * 3 + 2 - x) * step) }
  let left = spread(weight(0, 0), weight(1, 0), weight(2, 0))
  let middle = spread(weight(0, 1), weight(1, 1), weight(2, 1))
  let right = spread(weight(0, 2), weight(1, 2), weight(2, 2))
  for y in 0..<4 {
    let line = spread(left[y], middle[y], right[y])
    for x in 0..<4 { store(line[x], target + (4 * y + x) * placeStep) }
  }
}
