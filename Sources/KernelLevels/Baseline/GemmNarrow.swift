// Products with few columns, since a vector of columns would be mostly empty: inner products along the depth where a row
// of A runs along it, else sums of whole vectors of rows.

extension Level {
  public static var fewestOrderedColumns: Int { narrowColumns + 1 }
}

/// The most columns of such products; inner products of lines that run along the depth on both sides suit up to sixteen.
var narrowColumns: Int { @inline(__always) get { 4 } }

/// c = a b with few columns and rows of a that run along the depth. More than `narrowColumns` columns of b must do so too.
func multiplyNarrow(
  m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, c: UnsafeMutablePointer<Float>, cStride: Int,
  workspace: UnsafeMutablePointer<Float>, shouldStop: () -> Bool
) {
  var product = NarrowProduct(
    columns: n, depth: k, a: a.start, aStride: a.rowStep, b: b.start, bStride: b.columnStep, c: c, cStride: cStride)
  if b.rowStep != 1 {
    for j in 0..<n {
      for p in 0..<k { workspace[j * k + p] = b.start[p * b.rowStep + j * b.columnStep] }
    }
    (product.b, product.bStride) = (UnsafePointer(workspace), k)
  }
  let whole = product
  overTiles(m, of: NarrowProduct.tileRows, workPerRow: n * k, shouldStop: shouldStop) { whole.multiply($0) }
}

/// Divides rows among the threads, in tasks of whole tiles and some hundred thousand multiplications.
private func overTiles(
  _ rows: Int, of tileRows: Int, workPerRow: Int, shouldStop: () -> Bool, _ body: (Range<Int>) -> Void
) {
  let rowsPerTask = max(1, 100_000 / (workPerRow * tileRows)) * tileRows
  if rows <= rowsPerTask { return body(0..<rows) }
  ThreadPool.shared.run(tasks: (rows + rowsPerTask - 1) / rowsPerTask) { task in
    if !shouldStop() { body(task * rowsPerTask..<min(rows, (task + 1) * rowsPerTask)) }
  }
}

private struct NarrowProduct {
  static var tileRows: Int { @inline(__always) get { 4 } }

  let columns, depth: Int
  let a: UnsafePointer<Float>
  let aStride: Int
  var b: UnsafePointer<Float>
  var bStride: Int
  let c: UnsafeMutablePointer<Float>
  let cStride: Int

  func multiply(_ range: Range<Int>) {
    var row = range.lowerBound
    while row < range.upperBound {
      let isWhole = row + NarrowProduct.tileRows <= range.upperBound
      var column = 0
      while column < columns {
        switch columns - column {
        case 1: isWhole ? multiply4x1(row, column) : multiply1x1(row, column)
        case 2: isWhole ? multiply4x2(row, column) : multiply1x2(row, column)
        case 3: isWhole ? multiply4x3(row, column) : multiply1x3(row, column)
        default: isWhole ? multiply4x4(row, column) : multiply1x4(row, column)
        }
        column += 4
      }
      row += isWhole ? NarrowProduct.tileRows : 1
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply4x1(_ i: Int, _ j: Int) { multiply(i, j, height: 4, width: 1) }
  @inline(never) private func multiply4x2(_ i: Int, _ j: Int) { multiply(i, j, height: 4, width: 2) }
  @inline(never) private func multiply4x3(_ i: Int, _ j: Int) { multiply(i, j, height: 4, width: 3) }
  @inline(never) private func multiply4x4(_ i: Int, _ j: Int) { multiply(i, j, height: 4, width: 4) }
  @inline(never) private func multiply1x1(_ i: Int, _ j: Int) { multiply(i, j, height: 1, width: 1) }
  @inline(never) private func multiply1x2(_ i: Int, _ j: Int) { multiply(i, j, height: 1, width: 2) }
  @inline(never) private func multiply1x3(_ i: Int, _ j: Int) { multiply(i, j, height: 1, width: 3) }
  @inline(never) private func multiply1x4(_ i: Int, _ j: Int) { multiply(i, j, height: 1, width: 4) }

  /// A row's sums are the same whatever rows stand beside it.
  @inline(__always)
  private func multiply(_ row: Int, _ column: Int, height: Int, width: Int) {
    var sums = zeroSums()
    let first = a + row * aStride
    let second = b + column * bStride
    var p = 0
    while p < depth {
      let count = depth - p
      for j in 0..<width {
        let y = loadHead(second + j * bStride + p, count)
        for i in 0..<height {
          sums[4 * i + j] = multiplyAdd(loadHead(first + i * aStride + p, count), y, sums[4 * i + j])
        }
      }
      p += vectorWidth
    }
    for i in 0..<height {
      for j in 0..<width { c[(row + i) * cStride + column + j] = total(sums[4 * i + j]) }
    }
  }
}

/// c = a b with at most `narrowColumns` columns and columns of a that lie together. Sums run in order of k.
func multiplyNarrowTurned(
  m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, c: UnsafeMutablePointer<Float>, cStride: Int,
  shouldStop: () -> Bool
) {
  let product = NarrowTurned(columns: n, depth: k, a: a.start, aStep: a.columnStep, b: b, c: c, cStride: cStride)
  overTiles(m, of: NarrowTurned.tileRows, workPerRow: n * k, shouldStop: shouldStop) { product.multiply($0) }
}

private struct NarrowTurned {
  static var tileVectors: Int { @inline(__always) get { 4 } }
  static var tileRows: Int { @inline(__always) get { tileVectors * vectorWidth } }

  let columns, depth: Int
  let a: UnsafePointer<Float>
  let aStep: Int
  let b: MatrixView
  let c: UnsafeMutablePointer<Float>
  let cStride: Int

  func multiply(_ range: Range<Int>) {
    var row = range.lowerBound
    while row < range.upperBound {
      let count = range.upperBound - row
      let isWhole = count >= NarrowTurned.tileRows
      switch columns {
      case 1: isWhole ? multiply4x1(row) : multiply1x1(row, count)
      case 2: isWhole ? multiply4x2(row) : multiply1x2(row, count)
      case 3: isWhole ? multiply4x3(row) : multiply1x3(row, count)
      default: isWhole ? multiply4x4(row) : multiply1x4(row, count)
      }
      row += isWhole ? NarrowTurned.tileRows : vectorWidth
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply4x1(_ row: Int) { multiply(row, 4 * vectorWidth, vectors: 4, width: 1) }
  @inline(never) private func multiply4x2(_ row: Int) { multiply(row, 4 * vectorWidth, vectors: 4, width: 2) }
  @inline(never) private func multiply4x3(_ row: Int) { multiply(row, 4 * vectorWidth, vectors: 4, width: 3) }
  @inline(never) private func multiply4x4(_ row: Int) { multiply(row, 4 * vectorWidth, vectors: 4, width: 4) }
  @inline(never) private func multiply1x1(_ row: Int, _ n: Int) { multiply(row, n, vectors: 1, width: 1) }
  @inline(never) private func multiply1x2(_ row: Int, _ n: Int) { multiply(row, n, vectors: 1, width: 2) }
  @inline(never) private func multiply1x3(_ row: Int, _ n: Int) { multiply(row, n, vectors: 1, width: 3) }
  @inline(never) private func multiply1x4(_ row: Int, _ n: Int) { multiply(row, n, vectors: 1, width: 4) }

  /// - Parameter count: how many rows from `row` on there are.
  @inline(__always)
  private func multiply(_ row: Int, _ count: Int, vectors: Int, width: Int) {
    var sums = zeroSums()
    var line = a + row
    for p in 0..<depth {
      for j in 0..<width {
        let y = Vector(repeating: b.start[p * b.rowStep + j * b.columnStep])
        for i in 0..<vectors {
          let x = vectors == 1 ? loadHead(line, count) : load(line + i * vectorWidth)
          sums[4 * j + i] = multiplyAdd(x, y, sums[4 * j + i])
        }
      }
      line += aStep
    }
    for j in 0..<width {
      for i in 0..<vectors {
        for lane in 0..<min(vectorWidth, count - i * vectorWidth) {
          c[(row + i * vectorWidth + lane) * cStride + j] = sums[4 * j + i][lane]
        }
      }
    }
  }
}
