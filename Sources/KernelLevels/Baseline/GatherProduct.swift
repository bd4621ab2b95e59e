// A matrix product whose left side is gathered from an image, so that a convolution needs no copy of its windows.
//
// Forward, the rows are pixels and the depth runs over the taps of the kernel; for the gradient of the weights the
// rows are taps and the depth runs over pixels. Both address the image by the sum of two tables.

/// c[i, j] += the sum over p of image[rowPlaces[i] + depthPlaces[p]] * b[p, j], added in order of p to what is there.
///
/// - Parameter columns: of b and c, which are row-major without gaps; a multiple of `vectorWidth`.
func gatherProduct(
  rows: Int, columns: Int, depth: Int, image: UnsafePointer<Float>, rowPlaces: UnsafePointer<Int>,
  depthPlaces: UnsafePointer<Int>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
) {
  var column = 0
  while column < columns {
    let vectors = columns - column >= 2 * vectorWidth ? 2 : 1
    var row = 0
    while row < rows {
      let tile = GatherTile(
        depth: depth, image: image, rowPlaces: rowPlaces + row, depthPlaces: depthPlaces, b: b + column,
        c: c + (row * columns + column), stride: columns)
      row += vectors == 2 ? tile.addWide(rows - row) : tile.addNarrow(rows - row)
    }
    column += vectors * vectorWidth
  }
}

/// Some rows by one or two vectors, kept in registers over the whole depth.
private struct GatherTile {
  let depth: Int
  let image: UnsafePointer<Float>
  let rowPlaces: UnsafePointer<Int>
  let depthPlaces: UnsafePointer<Int>
  let b: UnsafePointer<Float>
  let c: UnsafeMutablePointer<Float>
  let stride: Int

  /// Adds as many of the `rest` rows as suit a tile two vectors wide; answers how many.
  @inline(__always)
  func addWide(_ rest: Int) -> Int {
    switch evenPart(of: run(upTo: min(rest, 64)), most: GatherTile.mostWide) {
    #if KERNELS_AVX512
      case 12...: return addRun12x2()
      case 8...: return addRun8x2()
      case 7: return addRun7x2()
    #endif
    case 6...: return addRun6x2()
    case 4...: return addRun4x2()
    default: break
    }
    #if KERNELS_AVX512
      if rest >= 12 { return add12x2() }
    #endif
    return rest >= 6 ? add6x2() : rest >= 3 ? add3x2() : add1x2()
  }

  @inline(__always)
  func addNarrow(_ rest: Int) -> Int {
    switch evenPart(of: run(upTo: min(rest, 64)), most: GatherTile.mostNarrow) {
    #if KERNELS_AVX512
      case 16...: return addRun16x1()
      case 14...: return addRun14x1()
    #endif
    case 12...: return addRun12x1()
    case 8...: return addRun8x1()
    case 7: return addRun7x1()
    case 4...: return addRun4x1()
    default: break
    }
    #if KERNELS_AVX512
      if rest >= 12 { return add12x1() }
    #endif
    return rest >= 6 ? add6x1() : rest >= 3 ? add3x1() : add1x1()
  }

  /// The rows of the tallest tiles that the registers hold.
  private static var mostWide: Int {
    #if KERNELS_AVX512
      12
    #else
      6
    #endif
  }
  private static var mostNarrow: Int {
    #if KERNELS_AVX512
      16
    #else
      12
    #endif
  }

  /// How many rows from the first on stand side by side in the image, as pixels of a line do.
  @inline(__always)
  private func run(upTo limit: Int) -> Int {
    var count = 1
    while count < limit && rowPlaces[count] == rowPlaces[0] + count { count += 1 }
    return count
  }

  /// The size of parts that are nearly equal, none above `most`.
  @inline(__always)
  private func evenPart(of count: Int, most: Int) -> Int {
    let parts = (count + most - 1) / most
    return (count + parts - 1) / parts
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  #if KERNELS_AVX512
    @inline(never) private func add12x2() -> Int { add(rows: 12, vectors: 2) }
    @inline(never) private func add12x1() -> Int { add(rows: 12, vectors: 1) }
    @inline(never) private func addRun12x2() -> Int { addRun(rows: 12, vectors: 2) }
    @inline(never) private func addRun8x2() -> Int { addRun(rows: 8, vectors: 2) }
    @inline(never) private func addRun7x2() -> Int { addRun(rows: 7, vectors: 2) }
    @inline(never) private func addRun16x1() -> Int { addRun(rows: 16, vectors: 1) }
    @inline(never) private func addRun14x1() -> Int { addRun(rows: 14, vectors: 1) }
  #endif
  @inline(never) private func addRun6x2() -> Int { addRun(rows: 6, vectors: 2) }
  @inline(never) private func addRun4x2() -> Int { addRun(rows: 4, vectors: 2) }
  @inline(never) private func addRun12x1() -> Int { addRun(rows: 12, vectors: 1) }
  @inline(never) private func addRun8x1() -> Int { addRun(rows: 8, vectors: 1) }
  @inline(never) private func addRun7x1() -> Int { addRun(rows: 7, vectors: 1) }
  @inline(never) private func addRun4x1() -> Int { addRun(rows: 4, vectors: 1) }
  @inline(never) private func add6x2() -> Int { add(rows: 6, vectors: 2) }
  @inline(never) private func add6x1() -> Int { add(rows: 6, vectors: 1) }
  @inline(never) private func add3x2() -> Int { add(rows: 3, vectors: 2) }
  @inline(never) private func add3x1() -> Int { add(rows: 3, vectors: 1) }
  @inline(never) private func add1x2() -> Int { add(rows: 1, vectors: 2) }
  @inline(never) private func add1x1() -> Int { add(rows: 1, vectors: 1) }

  /// Rows side by side are found from the first: no pointers to load.
  @inline(__always)
  private func addRun(rows: Int, vectors: Int) -> Int {
    var sums = zeroSums()
    for i in 0..<rows {
      for j in 0..<vectors { sums[i * vectors + j] = load(c + i * stride + j * vectorWidth) }
    }
    let first = image + rowPlaces[0]
    var line = b
    for p in 0..<depth {
      let source = first + depthPlaces[p]
      let low = load(line)
      let high = vectors == 2 ? load(line + vectorWidth) : low
      for i in 0..<rows {
        let x = Vector(repeating: source[i])
        sums[i * vectors] = multiplyAdd(x, low, sums[i * vectors])
        if vectors == 2 { sums[i * vectors + 1] = multiplyAdd(x, high, sums[i * vectors + 1]) }
      }
      line += stride
    }
    for i in 0..<rows {
      for j in 0..<vectors { store(sums[i * vectors + j], c + i * stride + j * vectorWidth) }
    }
    return rows
  }

  @inline(__always)
  private func add(rows: Int, vectors: Int) -> Int {
    var sums = zeroSums()
    let x = image
    var sources: InlineArray<12, UnsafePointer<Float>> = [x, x, x, x, x, x, x, x, x, x, x, x]
    for i in 0..<rows {
      sources[i] = image + rowPlaces[i]
      for j in 0..<vectors { sums[2 * i + j] = load(c + i * stride + j * vectorWidth) }
    }
    var line = b
    for p in 0..<depth {
      let place = depthPlaces[p]
      let low = load(line)
      let high = vectors == 2 ? load(line + vectorWidth) : low
      for i in 0..<rows {
        let x = Vector(repeating: sources[i][place])
        sums[2 * i] = multiplyAdd(x, low, sums[2 * i])
        if vectors == 2 { sums[2 * i + 1] = multiplyAdd(x, high, sums[2 * i + 1]) }
      }
      line += stride
    }
    for i in 0..<rows {
      for j in 0..<vectors { store(sums[2 * i + j], c + i * stride + j * vectorWidth) }
    }
    return rows
  }
}
