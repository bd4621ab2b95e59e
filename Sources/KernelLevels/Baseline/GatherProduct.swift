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

  /// Adds as many of the `rest` rows as a tile holds, two vectors wide; answers how many.
  @inline(__always)
  func addWide(_ rest: Int) -> Int {
    #if KERNELS_AVX512
      if rest >= 12 { return add12x2() }
    #endif
    return rest >= 6 ? add6x2() : rest >= 3 ? add3x2() : add1x2()
  }

  @inline(__always)
  func addNarrow(_ rest: Int) -> Int {
    #if KERNELS_AVX512
      if rest >= 12 { return add12x1() }
    #endif
    return rest >= 6 ? add6x1() : rest >= 3 ? add3x1() : add1x1()
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  #if KERNELS_AVX512
    @inline(never) private func add12x2() -> Int { add(rows: 12, vectors: 2) }
    @inline(never) private func add12x1() -> Int { add(rows: 12, vectors: 1) }
  #endif
  @inline(never) private func add6x2() -> Int { add(rows: 6, vectors: 2) }
  @inline(never) private func add6x1() -> Int { add(rows: 6, vectors: 1) }
  @inline(never) private func add3x2() -> Int { add(rows: 3, vectors: 2) }
  @inline(never) private func add3x1() -> Int { add(rows: 3, vectors: 1) }
  @inline(never) private func add1x2() -> Int { add(rows: 1, vectors: 2) }
  @inline(never) private func add1x1() -> Int { add(rows: 1, vectors: 1) }

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

/// target[0 ..< count] += factor * source[0 ..< count], with a count of whole vectors.
@inline(__always)
func accumulateVectors(
  _ factor: Vector, _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, count: Int
) {
  var j = 0
  while j < count {
    store(multiplyAdd(factor, load(source + j), load(target + j)), target + j)
    j += vectorWidth
  }
}
