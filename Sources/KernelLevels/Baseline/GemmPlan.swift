// How a matrix product is cut. The sizes depend on the shape alone.

/// The blocks of a product, and which of its matrices are read in place.
struct GemmPlan {
  /// A tile of C fills the registers: two vectors wide, and as high as leaves room for a row of B and an element of A.
  static var tileRows: Int {
    @inline(__always) get {
      #if KERNELS_AVX512
        12
      #else
        6
      #endif
    }
  }
  static var tileColumns: Int { @inline(__always) get { 2 * vectorWidth } }

  /// The floats of B that one task reads again for each of its panels of A: half of a second cache of a megabyte.
  static var groupFloats: Int { @inline(__always) get { 1 << 17 } }
  /// The multiplications of a task, at least: some tens of microseconds.
  static var taskWork: Int { @inline(__always) get { 3_000_000 } }

  let blockRows, blockColumns, blockDepth: Int

  init(m: Int, n: Int, k: Int) {
    // Deep blocks: every further one reads and writes all of C once more. A panel of A (tileRows x depth) stays in the
    // first cache, a task's panels of B in the second, the blocks of both in the third.
    blockRows = GemmPlan.balanced(m, limit: 600, unit: GemmPlan.tileRows)
    blockColumns = GemmPlan.balanced(n, limit: 2048, unit: GemmPlan.tileColumns)
    blockDepth = GemmPlan.balanced(k, limit: 512, unit: 1)
  }

  /// The size of nearly equal blocks, none above the limit by more than a unit, in whole units.
  private static func balanced(_ size: Int, limit: Int, unit: Int) -> Int {
    let size = max(size, 1)
    let blocks = (size + limit - 1) / limit
    let block = (size + blocks - 1) / blocks
    return (block + unit - 1) / unit * unit
  }
}

/// What the tasks of one block share.
struct GemmBlock {
  let a: MatrixView
  let b: MatrixView
  let c: UnsafeMutablePointer<Float>
  let cStride: Int
  let rows, columns, depth: Int
  /// Whether the product is added to what stands in c.
  let adds: Bool
  let packedA: UnsafeMutablePointer<Float>
  let packedB: UnsafeMutablePointer<Float>
  let panelsA, panelsB: Int
  /// The rows of a tile, and of a panel of A: as even as can be.
  let height: Int
  /// Whether whole panels of A are read in place: copies pay where they are read often.
  let readsA: Bool
  /// Whether panels of B are read in place: where they are read seldom, or fit the first cache as they are.
  let readsB: Bool
  /// Panels of one task, along both sides of c.
  var groupA = 0, groupB = 0

  init(
    a: MatrixView, b: MatrixView, c: UnsafeMutablePointer<Float>, cStride: Int, rows: Int, columns: Int, depth: Int,
    adds: Bool, packedA: UnsafeMutablePointer<Float>, packedB: UnsafeMutablePointer<Float>
  ) {
    (self.a, self.b, self.c, self.cStride) = (a, b, c, cStride)
    (self.rows, self.columns, self.depth, self.adds) = (rows, columns, depth, adds)
    (self.packedA, self.packedB) = (packedA, packedB)
    panelsA = (rows + GemmPlan.tileRows - 1) / GemmPlan.tileRows
    panelsB = (columns + GemmPlan.tileColumns - 1) / GemmPlan.tileColumns
    readsA = columns <= 4 * GemmPlan.tileColumns && (a.rowStep == 1 || a.columnStep == 1)
    readsB = (rows <= 3 * GemmPlan.tileRows || depth <= 96) && b.columnStep == 1
    let even = (rows + panelsA - 1) / panelsA
    height = readsA && a.rowStep != 1 ? (even + 2) / 3 * 3 : even
  }

  /// How many rows a panel of A has.
  @inline(__always)
  func height(ofPanel panel: Int) -> Int { max(0, min(height, rows - panel * height)) }

  /// How wide a panel of B is packed: the last one by one vector where that holds its columns.
  @inline(__always)
  func width(ofPanel panel: Int) -> Int {
    columns - panel * GemmPlan.tileColumns <= vectorWidth ? vectorWidth : GemmPlan.tileColumns
  }

  /// Whether a panel of B is read in place; its edge can be where vectors are loaded in part.
  @inline(__always)
  func readsB(_ panel: Int) -> Bool {
    #if KERNELS_AVX512
      return readsB
    #else
      return readsB && columns - panel * GemmPlan.tileColumns >= GemmPlan.tileColumns
    #endif
  }
}
