// A matrix product whose left side is gathered from an image, so that a convolution needs no copy of its windows.
//
// Forward, the rows are pixels and the depth runs over the taps of the kernel; for the gradient of the weights the
// rows are taps and the depth runs over pixels. Both address the image by the sum of two tables.

enum GatherTile {
  static var rows: Int { @inline(__always) get { 6 } }
  static var columns: Int { @inline(__always) get { 2 * vectorWidth } }
}

/// c[i, j] += the sum over p of image[rowPlaces[i] + depthPlaces[p]] * b[p, j], added in order of p to what is there.
///
/// - Parameter columns: of b and c, which are row-major without gaps; a multiple of `GatherTile.columns`.
func gatherProduct(
  rows: Int, columns: Int, depth: Int, image: UnsafePointer<Float>, rowPlaces: UnsafePointer<Int>,
  depthPlaces: UnsafePointer<Int>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>
) {
  let height = GatherTile.rows
  var column = 0
  while column < columns {
    var row = 0
    while row + height <= rows {
      gatherTile(
        depth: depth, image: image, rowPlaces + row, depthPlaces, b: b + column, c: c + row * columns + column,
        stride: columns)
      row += height
    }
    while row < rows {
      gatherRow(
        depth: depth, image: image + rowPlaces[row], depthPlaces, b: b + column, c: c + row * columns + column,
        stride: columns)
      row += 1
    }
    column += GatherTile.columns
  }
}

/// Six rows by two vectors, kept in registers over the whole depth.
@inline(__always)
private func gatherTile(
  depth: Int, image: UnsafePointer<Float>, _ rowPlaces: UnsafePointer<Int>, _ depthPlaces: UnsafePointer<Int>,
  b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>, stride: Int
) {
  let w = vectorWidth
  let x0 = image + rowPlaces[0], x1 = image + rowPlaces[1], x2 = image + rowPlaces[2]
  let x3 = image + rowPlaces[3], x4 = image + rowPlaces[4], x5 = image + rowPlaces[5]
  var c00 = load(c), c01 = load(c + w)
  var c10 = load(c + stride), c11 = load(c + stride + w)
  var c20 = load(c + 2 * stride), c21 = load(c + 2 * stride + w)
  var c30 = load(c + 3 * stride), c31 = load(c + 3 * stride + w)
  var c40 = load(c + 4 * stride), c41 = load(c + 4 * stride + w)
  var c50 = load(c + 5 * stride), c51 = load(c + 5 * stride + w)
  var line = b
  for p in 0..<depth {
    let place = depthPlaces[p]
    let b0 = load(line)
    let b1 = load(line + w)
    line += stride
    let a0 = Vector(repeating: x0[place])
    c00 = multiplyAdd(a0, b0, c00)
    c01 = multiplyAdd(a0, b1, c01)
    let a1 = Vector(repeating: x1[place])
    c10 = multiplyAdd(a1, b0, c10)
    c11 = multiplyAdd(a1, b1, c11)
    let a2 = Vector(repeating: x2[place])
    c20 = multiplyAdd(a2, b0, c20)
    c21 = multiplyAdd(a2, b1, c21)
    let a3 = Vector(repeating: x3[place])
    c30 = multiplyAdd(a3, b0, c30)
    c31 = multiplyAdd(a3, b1, c31)
    let a4 = Vector(repeating: x4[place])
    c40 = multiplyAdd(a4, b0, c40)
    c41 = multiplyAdd(a4, b1, c41)
    let a5 = Vector(repeating: x5[place])
    c50 = multiplyAdd(a5, b0, c50)
    c51 = multiplyAdd(a5, b1, c51)
  }
  store(c00, c)
  store(c01, c + w)
  store(c10, c + stride)
  store(c11, c + stride + w)
  store(c20, c + 2 * stride)
  store(c21, c + 2 * stride + w)
  store(c30, c + 3 * stride)
  store(c31, c + 3 * stride + w)
  store(c40, c + 4 * stride)
  store(c41, c + 4 * stride + w)
  store(c50, c + 5 * stride)
  store(c51, c + 5 * stride + w)
}

/// One row by two vectors, for the rows that fill no tile.
@inline(__always)
private func gatherRow(
  depth: Int, image: UnsafePointer<Float>, _ depthPlaces: UnsafePointer<Int>, b: UnsafePointer<Float>,
  c: UnsafeMutablePointer<Float>, stride: Int
) {
  var low = load(c), high = load(c + vectorWidth)
  var line = b
  for p in 0..<depth {
    let a = Vector(repeating: image[depthPlaces[p]])
    low = multiplyAdd(a, load(line), low)
    high = multiplyAdd(a, load(line + vectorWidth), high)
    line += stride
  }
  store(low, c)
  store(high, c + vectorWidth)
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
