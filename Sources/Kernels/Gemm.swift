// The matrix product: blocks that fit the caches, packed so that the inner kernel reads straight lines.
//
// After K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008: a
// block of A and a block of B are copied into panels, and a small tile of C is kept in registers over the whole depth
// of a block.

/// A matrix in memory: element (i, j) stands at i * rowStep + j * columnStep.
public struct MatrixView {
  public var start: UnsafePointer<Float>
  public var rowStep: Int
  public var columnStep: Int

  public init(start: UnsafePointer<Float>, rowStep: Int, columnStep: Int = 1) {
    self.start = start
    self.rowStep = rowStep
    self.columnStep = columnStep
  }

  /// A row-major matrix with `stride` floats a row, or its transpose.
  public init(_ start: UnsafePointer<Float>, stride: Int, transposed: Bool) {
    self.init(start: start, rowStep: transposed ? 1 : stride, columnStep: transposed ? stride : 1)
  }
}

/// The sizes by which the product is cut. They depend on the shape alone.
public struct GemmPlan {
  static var tileRows: Int { @inline(__always) get { 6 } }
  static var tileColumns: Int { @inline(__always) get { 2 * vectorWidth } }

  let m, n, k: Int
  let blockRows, blockColumns, blockDepth: Int

  public init(m: Int, n: Int, k: Int) {
    self.m = m
    self.n = n
    self.k = k
    blockRows = GemmPlan.balanced(m, limit: 1536, unit: GemmPlan.tileRows)
    blockColumns = GemmPlan.balanced(n, limit: 3072, unit: GemmPlan.tileColumns)
    blockDepth = GemmPlan.balanced(k, limit: 320, unit: 1)
  }

  /// The floats of scratch memory that a product needs.
  public var workspaceCount: Int { (blockRows + blockColumns) * blockDepth + 64 }

  /// The size of nearly equal blocks, none above the limit, in whole units.
  private static func balanced(_ size: Int, limit: Int, unit: Int) -> Int {
    let size = max(size, 1)
    let blocks = (size + limit - 1) / limit
    let block = (size + blocks - 1) / blocks
    return (block + unit - 1) / unit * unit
  }
}

/// What the tasks of one block share.
private struct GemmBlock {
  var a: MatrixView
  var b: MatrixView
  var c: UnsafeMutablePointer<Float>
  var cStride: Int
  var rows, columns, depth: Int
  var alpha, beta: Float
  var packedA: UnsafeMutablePointer<Float>
  var packedB: UnsafeMutablePointer<Float>
  var panelsA: Int { (rows + GemmPlan.tileRows - 1) / GemmPlan.tileRows }
  var panelsB: Int { (columns + GemmPlan.tileColumns - 1) / GemmPlan.tileColumns }
}

/// c = alpha * a b + beta * c, with c [m, n] row-major (`cStride` floats a row) and a depth of k.
///
/// With beta 0, c is written without being read. The same bits result for any number of threads, and for any number of
/// rows at once. With alpha 1, each sum runs in order of k from where c stood (beta 0 or 1), so that a product of zeros
/// and ones gives the bits of `spikeGemm`. `shouldStop` is
/// asked between blocks (some milliseconds apart); when it says yes, c is left half-written.
///
/// - Parameter workspace: `GemmPlan(m:n:k:).workspaceCount` floats, 64-byte aligned.
public func gemm(
  m: Int, n: Int, k: Int, alpha: Float = 1, a: MatrixView, b: MatrixView, beta: Float = 0,
  c: UnsafeMutablePointer<Float>, cStride: Int, workspace: UnsafeMutablePointer<Float>,
  pool: ThreadPool = .shared, shouldStop: () -> Bool = { false }
) {
  if m <= 0 || n <= 0 { return }
  if k <= 0 || alpha == 0 { return scaleRows(c, rows: m, columns: n, stride: cStride, by: beta) }
  let plan = GemmPlan(m: m, n: n, k: k)
  let packedB = workspace + (plan.blockRows * plan.blockDepth + 15) / 16 * 16
  var column = 0
  while column < n {
    let columns = min(plan.blockColumns, n - column)
    var depth = 0
    while depth < k {
      let depths = min(plan.blockDepth, k - depth)
      var row = 0
      while row < m {
        if shouldStop() { return }
        let rows = min(plan.blockRows, m - row)
        let block = GemmBlock(
          a: MatrixView(
            start: a.start + row * a.rowStep + depth * a.columnStep, rowStep: a.rowStep, columnStep: a.columnStep),
          b: MatrixView(
            start: b.start + depth * b.rowStep + column * b.columnStep, rowStep: b.rowStep,
            columnStep: b.columnStep),
          c: c + row * cStride + column, cStride: cStride, rows: rows, columns: columns, depth: depths,
          alpha: alpha, beta: depth == 0 ? beta : 1, packedA: workspace, packedB: packedB)
        multiply(block, packingB: row == 0, pool: pool)
        row += rows
      }
      depth += depths
    }
    column += columns
  }
}

/// c = beta * c, row by row.
private func scaleRows(_ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, by beta: Float) {
  for i in 0..<rows {
    let row = c + i * stride
    for j in 0..<columns { row[j] = beta == 0 ? 0 : beta * row[j] }
  }
}

/// Packs one block and multiplies it, both shared among the threads.
private func multiply(_ block: GemmBlock, packingB: Bool, pool: ThreadPool) {
  var block = block
  let work = block.rows * block.columns * block.depth
  let alone = work < 100_000
  // Tasks of about 1 MFLOP, cut along both sides of c.
  let tilesPerTask = 16
  withUnsafePointer(to: &block) { pointer in
    let raw = UnsafeRawPointer(pointer)
    let chunksA = (pointer.pointee.panelsA + 7) / 8
    let chunksB = packingB ? (pointer.pointee.panelsB + 7) / 8 : 0
    let pack: ThreadPool.Body = { raw, task in
      let block = raw.assumingMemoryBound(to: GemmBlock.self).pointee
      let chunksA = (block.panelsA + 7) / 8
      if task < chunksA {
        for panel in (task * 8)..<min(task * 8 + 8, block.panelsA) { packRows(block, panel) }
      } else {
        let first = (task - chunksA) * 8
        for panel in first..<min(first + 8, block.panelsB) { packColumns(block, panel) }
      }
    }
    let compute: ThreadPool.Body = { raw, task in
      let block = raw.assumingMemoryBound(to: GemmBlock.self).pointee
      let groupsB = (block.panelsB + 15) / 16
      let rowGroup = task / groupsB
      let columnGroup = task - rowGroup * groupsB
      for panelB in (columnGroup * 16)..<min(columnGroup * 16 + 16, block.panelsB) {
        for panelA in (rowGroup * 16)..<min(rowGroup * 16 + 16, block.panelsA) {
          multiplyTile(block, panelA, panelB)
        }
      }
    }
    let groups =
      (pointer.pointee.panelsA + tilesPerTask - 1) / tilesPerTask
      * ((pointer.pointee.panelsB + tilesPerTask - 1) / tilesPerTask)
    if alone {
      for task in 0..<(chunksA + chunksB) { pack(raw, task) }
      for task in 0..<groups { compute(raw, task) }
    } else {
      pool.run(tasks: chunksA + chunksB, context: raw, body: pack)
      pool.run(tasks: groups, context: raw, body: compute)
    }
  }
}

/// Copies `tileRows` rows of A so that the kernel finds one column of them after the other; missing rows are 0.
private func packRows(_ block: GemmBlock, _ panel: Int) {
  let height = GemmPlan.tileRows
  let first = panel * height
  let rows = min(height, block.rows - first)
  let target = block.packedA + panel * height * block.depth
  let source = block.a.start + first * block.a.rowStep
  let rowStep = block.a.rowStep
  let columnStep = block.a.columnStep
  if rows < height {
    for i in 0..<(height * block.depth) { target[i] = 0 }
  }
  if columnStep == 1 {
    for i in 0..<rows {
      let line = source + i * rowStep
      let out = target + i
      for p in 0..<block.depth { out[p * height] = line[p] }
    }
  } else {
    for p in 0..<block.depth {
      let line = source + p * columnStep
      let out = target + p * height
      for i in 0..<rows { out[i] = line[i * rowStep] }
    }
  }
}

/// Copies `tileColumns` columns of B so that the kernel finds one row of them after the other; missing columns are 0.
private func packColumns(_ block: GemmBlock, _ panel: Int) {
  let width = GemmPlan.tileColumns
  let first = panel * width
  let columns = min(width, block.columns - first)
  let target = block.packedB + panel * width * block.depth
  let source = block.b.start + first * block.b.columnStep
  let rowStep = block.b.rowStep
  let columnStep = block.b.columnStep
  if columns == width, columnStep == 1 {
    for p in 0..<block.depth {
      let line = source + p * rowStep
      let out = target + p * width
      store(load(line), out)
      store(load(line + vectorWidth), out + vectorWidth)
    }
    return
  }
  if columns < width {
    for i in 0..<(width * block.depth) { target[i] = 0 }
  }
  if columnStep == 1 {
    for p in 0..<block.depth {
      let line = source + p * rowStep
      let out = target + p * width
      for j in 0..<columns { out[j] = line[j] }
    }
  } else {
    for j in 0..<columns {
      let line = source + j * columnStep
      let out = target + j
      for p in 0..<block.depth { out[p * width] = line[p * rowStep] }
    }
  }
}

/// One tile of C: 6 rows by two vectors, kept in registers over the block's depth.
private func multiplyTile(_ block: GemmBlock, _ panelA: Int, _ panelB: Int) {
  let height = GemmPlan.tileRows
  let width = GemmPlan.tileColumns
  var a = UnsafePointer(block.packedA + panelA * height * block.depth)
  var b = UnsafePointer(block.packedB + panelB * width * block.depth)
  var c00 = Vector(), c01 = Vector(), c10 = Vector(), c11 = Vector(), c20 = Vector(), c21 = Vector()
  var c30 = Vector(), c31 = Vector(), c40 = Vector(), c41 = Vector(), c50 = Vector(), c51 = Vector()
  let row = panelA * height
  let column = panelB * width
  let target = block.c + row * block.cStride + column
  let rows = min(height, block.rows - row)
  let columns = min(width, block.columns - column)
  let isWhole = rows == height && columns == width
  // A sum that goes on over another block of the depth starts from what is there: one chain of additions in order of k.
  let goesOn = block.beta == 1 && block.alpha == 1
  if goesOn, isWhole {
    let stride = block.cStride
    c00 = load(target); c01 = load(target + vectorWidth)
    c10 = load(target + stride); c11 = load(target + stride + vectorWidth)
    c20 = load(target + 2 * stride); c21 = load(target + 2 * stride + vectorWidth)
    c30 = load(target + 3 * stride); c31 = load(target + 3 * stride + vectorWidth)
    c40 = load(target + 4 * stride); c41 = load(target + 4 * stride + vectorWidth)
    c50 = load(target + 5 * stride); c51 = load(target + 5 * stride + vectorWidth)
  } else if goesOn {
    withUnsafeTemporaryAllocation(byteCount: height * width * 4, alignment: 64) { room in
      guard let edge = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      for i in 0..<(height * width) { edge[i] = 0 }
      for i in 0..<rows {
        for j in 0..<columns { edge[i * width + j] = target[i * block.cStride + j] }
      }
      c00 = load(edge); c01 = load(edge + vectorWidth)
      c10 = load(edge + width); c11 = load(edge + width + vectorWidth)
      c20 = load(edge + 2 * width); c21 = load(edge + 2 * width + vectorWidth)
      c30 = load(edge + 3 * width); c31 = load(edge + 3 * width + vectorWidth)
      c40 = load(edge + 4 * width); c41 = load(edge + 4 * width + vectorWidth)
      c50 = load(edge + 5 * width); c51 = load(edge + 5 * width + vectorWidth)
    }
  }
  for _ in 0..<block.depth {
    let b0 = load(b)
    let b1 = load(b + vectorWidth)
    let a0 = Vector(repeating: a[0])
    c00 = multiplyAdd(a0, b0, c00)
    c01 = multiplyAdd(a0, b1, c01)
    let a1 = Vector(repeating: a[1])
    c10 = multiplyAdd(a1, b0, c10)
    c11 = multiplyAdd(a1, b1, c11)
    let a2 = Vector(repeating: a[2])
    c20 = multiplyAdd(a2, b0, c20)
    c21 = multiplyAdd(a2, b1, c21)
    let a3 = Vector(repeating: a[3])
    c30 = multiplyAdd(a3, b0, c30)
    c31 = multiplyAdd(a3, b1, c31)
    let a4 = Vector(repeating: a[4])
    c40 = multiplyAdd(a4, b0, c40)
    c41 = multiplyAdd(a4, b1, c41)
    let a5 = Vector(repeating: a[5])
    c50 = multiplyAdd(a5, b0, c50)
    c51 = multiplyAdd(a5, b1, c51)
    a += height
    b += width
  }
  let alpha = block.alpha
  let beta = goesOn ? 0 : block.beta
  if isWhole {
    let stride = block.cStride
    finish(c00, c01, target, alpha, beta)
    finish(c10, c11, target + stride, alpha, beta)
    finish(c20, c21, target + 2 * stride, alpha, beta)
    finish(c30, c31, target + 3 * stride, alpha, beta)
    finish(c40, c41, target + 4 * stride, alpha, beta)
    finish(c50, c51, target + 5 * stride, alpha, beta)
    return
  }
  withUnsafeTemporaryAllocation(byteCount: height * width * 4, alignment: 64) { room in
    guard let edge = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    finish(c00, c01, edge, alpha, 0)
    finish(c10, c11, edge + width, alpha, 0)
    finish(c20, c21, edge + 2 * width, alpha, 0)
    finish(c30, c31, edge + 3 * width, alpha, 0)
    finish(c40, c41, edge + 4 * width, alpha, 0)
    finish(c50, c51, edge + 5 * width, alpha, 0)
    for i in 0..<rows {
      let line = target + i * block.cStride
      let source = edge + i * width
      if beta == 0 {
        for j in 0..<columns { line[j] = source[j] }
      } else {
        for j in 0..<columns { line[j] = beta * line[j] + source[j] }
      }
    }
  }
}

/// target = beta * target + alpha * (low, high).
@inline(__always)
private func finish(
  _ low: Vector, _ high: Vector, _ target: UnsafeMutablePointer<Float>, _ alpha: Float, _ beta: Float
) {
  let scaledLow = low * alpha
  let scaledHigh = high * alpha
  if beta == 0 {
    store(scaledLow, target)
    store(scaledHigh, target + vectorWidth)
  } else {
    store(load(target) * beta + scaledLow, target)
    store(load(target + vectorWidth) * beta + scaledHigh, target + vectorWidth)
  }
}
