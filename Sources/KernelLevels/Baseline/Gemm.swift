// The matrix product: blocks that fit the caches, packed so that the inner kernel reads straight lines.
//
// After K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008: a
// block of A and a block of B are copied into panels, and a small tile of C is kept in registers over the whole depth
// of a block.

/// The sizes by which the product is cut. They depend on the shape alone.
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

  let blockRows, blockColumns, blockDepth: Int

  init(m: Int, n: Int, k: Int) {
    // A panel of B (tileColumns x depth) stays in the first cache, a block of A in the second, one of B in the third.
    blockRows = GemmPlan.balanced(m, limit: 480, unit: GemmPlan.tileRows)
    blockColumns = GemmPlan.balanced(n, limit: 3072, unit: GemmPlan.tileColumns)
    blockDepth = GemmPlan.balanced(k, limit: vectorWidth == 16 ? 288 : 320, unit: 1)
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
private struct GemmBlock {
  var a: MatrixView
  var b: MatrixView
  var c: UnsafeMutablePointer<Float>
  var cStride: Int
  var rows, columns, depth: Int
  /// Whether the product is added to what stands in c.
  var adds: Bool
  var packedA: UnsafeMutablePointer<Float>
  var packedB: UnsafeMutablePointer<Float>
  /// Panels of one task, along both sides of c.
  var groupA, groupB: Int

  var panelsA: Int { (rows + GemmPlan.tileRows - 1) / GemmPlan.tileRows }
  var panelsB: Int { (columns + GemmPlan.tileColumns - 1) / GemmPlan.tileColumns }

  /// How wide a panel of B is packed: the last one by one vector where that holds its columns.
  @inline(__always)
  func width(ofPanel panel: Int) -> Int {
    columns - panel * GemmPlan.tileColumns <= vectorWidth ? vectorWidth : GemmPlan.tileColumns
  }
}

extension Level {
  public static func gemmWorkspace(m: Int, n: Int, k: Int) -> Int {
    let plan = GemmPlan(m: m, n: n, k: k)
    return (plan.blockRows + plan.blockColumns) * plan.blockDepth + 64
  }

  public static func gemm(
    m: Int, n: Int, k: Int, a: MatrixView, b: MatrixView, c: UnsafeMutablePointer<Float>, cStride: Int,
    workspace: UnsafeMutablePointer<Float>, shouldStop: () -> Bool
  ) {
    if m <= 0 || n <= 0 { return }
    if k <= 0 {
      for i in 0..<m { for j in 0..<n { c[i * cStride + j] = 0 } }
      return
    }
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
          var block = GemmBlock(
            a: MatrixView(
              start: a.start + row * a.rowStep + depth * a.columnStep, rowStep: a.rowStep, columnStep: a.columnStep),
            b: MatrixView(
              start: b.start + depth * b.rowStep + column * b.columnStep, rowStep: b.rowStep,
              columnStep: b.columnStep),
            c: c + row * cStride + column, cStride: cStride, rows: rows, columns: columns, depth: depths,
            adds: depth > 0, packedA: workspace, packedB: packedB, groupA: 0, groupB: 0)
          multiply(&block, packingB: row == 0)
          row += rows
        }
        depth += depths
      }
      column += columns
    }
  }
}

/// Packs one block and multiplies it, both shared among the threads.
private func multiply(_ block: inout GemmBlock, packingB: Bool) {
  let work = block.rows * block.columns * block.depth
  // Tasks of some hundred thousand multiplications, each over a few panels of B that share the panels of A.
  block.groupA = block.panelsA
  block.groupB = max(1, 1_000_000 / max(1, block.rows * GemmPlan.tileColumns * block.depth))
  if block.panelsB < 4 { block.groupA = max(1, block.panelsA / 8) }
  let groups =
    (block.panelsA + block.groupA - 1) / block.groupA * ((block.panelsB + block.groupB - 1) / block.groupB)
  let chunks = (block.panelsA + 7) / 8 + (packingB ? (block.panelsB + 3) / 4 : 0)
  withUnsafePointer(to: &block) { pointer in
    let raw = UnsafeRawPointer(pointer)
    let pack: ThreadPool.Body = { raw, task in packChunk(raw.assumingMemoryBound(to: GemmBlock.self).pointee, task) }
    let compute: ThreadPool.Body = { raw, task in
      multiplyGroup(raw.assumingMemoryBound(to: GemmBlock.self).pointee, task)
    }
    if work < 100_000 {
      for task in 0..<chunks { pack(raw, task) }
      for task in 0..<groups { compute(raw, task) }
    } else {
      ThreadPool.shared.run(tasks: chunks, context: raw, body: pack)
      ThreadPool.shared.run(tasks: groups, context: raw, body: compute)
    }
  }
}

/// Packs eight panels of A, or four of B.
private func packChunk(_ block: GemmBlock, _ task: Int) {
  let height = GemmPlan.tileRows
  let chunksA = (block.panelsA + 7) / 8
  if task < chunksA {
    for panel in (task * 8)..<min(task * 8 + 8, block.panelsA) {
      forEachTile(block, panel) { first, rows in
        let row = panel * height + first
        packPanel(
          block.a.start + row * block.a.rowStep, lanes: rows, width: rows, laneStep: block.a.rowStep,
          depth: block.depth, depthStep: block.a.columnStep, to: block.packedA + row * block.depth)
      }
    }
    return
  }
  let tile = GemmPlan.tileColumns
  let first = (task - chunksA) * 4
  for panel in first..<min(first + 4, block.panelsB) {
    packPanel(
      block.b.start + panel * tile * block.b.columnStep, lanes: min(tile, block.columns - panel * tile),
      width: block.width(ofPanel: panel), laneStep: block.b.columnStep, depth: block.depth,
      depthStep: block.b.rowStep, to: block.packedB + panel * tile * block.depth)
  }
}

/// Copies `lanes` lines of a matrix so that the kernel finds, for each step of the depth, their elements side by side;
/// lanes up to `width` are filled with zeros.
private func packPanel(
  _ source: UnsafePointer<Float>, lanes: Int, width: Int, laneStep: Int, depth: Int, depthStep: Int,
  to target: UnsafeMutablePointer<Float>
) {
  if lanes < width {
    for i in 0..<(width * depth) { target[i] = 0 }
  }
  if laneStep == 1 {
    if lanes == GemmPlan.tileColumns {
      for p in 0..<depth {
        store(load(source + p * depthStep), target + p * lanes)
        store(load(source + p * depthStep + vectorWidth), target + p * lanes + vectorWidth)
      }
      return
    }
    for p in 0..<depth {
      let line = source + p * depthStep
      let out = target + p * width
      var i = 0
      while i + 4 <= lanes {
        store4(load4(line + i), out + i)
        i += 4
      }
      while i < lanes {
        out[i] = line[i]
        i += 1
      }
    }
    return
  }
  var lane = 0
  if depthStep == 1 {
    while lane + 4 <= lanes {
      turnFour(source + lane * laneStep, laneStep: laneStep, depth: depth, to: target + lane, width: width)
      lane += 4
    }
  }
  while lane < lanes {
    let line = source + lane * laneStep
    let out = target + lane
    for p in 0..<depth { out[p * width] = line[p * depthStep] }
    lane += 1
  }
}

/// The tiles of one task: some panels of B, each by some panels of A.
private func multiplyGroup(_ block: GemmBlock, _ task: Int) {
  let groupsA = (block.panelsA + block.groupA - 1) / block.groupA
  let firstA = task % groupsA * block.groupA
  let firstB = task / groupsA * block.groupB
  for panelB in firstB..<min(firstB + block.groupB, block.panelsB) {
    let isNarrow = block.width(ofPanel: panelB) == vectorWidth
    for panelA in firstA..<min(firstA + block.groupA, block.panelsA) {
      forEachTile(block, panelA) { first, height in
        let tile = GemmTile(block, row: panelA * GemmPlan.tileRows + first, panelB)
        if tile.columns < (isNarrow ? vectorWidth : GemmPlan.tileColumns) {
          tile.multiplyEdge(height, isNarrow: isNarrow)
        } else if isNarrow {
          tile.multiplyNarrow(height)
        } else {
          tile.multiplyWide(height)
        }
      }
    }
  }
}

/// Calls `body` with the first row and the height of each tile of a panel of A: the last panel's rows are cut into
/// tiles of less and less height, so that none is computed that nobody wants.
@inline(__always)
private func forEachTile(_ block: GemmBlock, _ panel: Int, _ body: (_ first: Int, _ height: Int) -> Void) {
  let rows = min(GemmPlan.tileRows, block.rows - panel * GemmPlan.tileRows)
  var first = 0
  while first < rows {
    let rest = rows - first
    let height: Int
    #if KERNELS_AVX512
      height = rest >= 12 ? 12 : rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1
    #else
      height = rest >= 6 ? 6 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1
    #endif
    body(first, height)
    first += height
  }
}

/// A tile of C, and the panels that it is the product of.
private struct GemmTile {
  let a: UnsafePointer<Float>
  let b: UnsafePointer<Float>
  var c: UnsafeMutablePointer<Float>
  var stride: Int
  let columns, depth: Int
  let adds: Bool

  @inline(__always)
  init(_ block: GemmBlock, row: Int, _ panelB: Int) {
    a = UnsafePointer(block.packedA + row * block.depth)
    b = UnsafePointer(block.packedB + panelB * GemmPlan.tileColumns * block.depth)
    c = block.c + row * block.cStride + panelB * GemmPlan.tileColumns
    stride = block.cStride
    columns = min(GemmPlan.tileColumns, block.columns - panelB * GemmPlan.tileColumns)
    depth = block.depth
    adds = block.adds
  }

  /// A tile with fewer columns than its vectors hold, by way of a whole one.
  func multiplyEdge(_ height: Int, isNarrow: Bool) {
    let width = isNarrow ? vectorWidth : GemmPlan.tileColumns
    var room = zeroSums()
    withUnsafeMutableBytes(of: &room) { room in
      guard let edge = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      if adds {
        for i in 0..<height {
          for j in 0..<columns { edge[i * width + j] = c[i * stride + j] }
        }
      }
      var whole = self
      whole.c = edge
      whole.stride = width
      if isNarrow { whole.multiplyNarrow(height) } else { whole.multiplyWide(height) }
      for i in 0..<height {
        for j in 0..<columns { c[i * stride + j] = edge[i * width + j] }
      }
    }
  }

  @inline(__always)
  func multiplyWide(_ height: Int) {
    switch height {
    #if KERNELS_AVX512
      case 12: multiply12x2()
      case 8: multiply8x2()
    #else
      case 6: multiply6x2()
    #endif
    case 4: multiply4x2()
    case 2: multiply2x2()
    default: multiply1x2()
    }
  }

  @inline(__always)
  func multiplyNarrow(_ height: Int) {
    switch height {
    #if KERNELS_AVX512
      case 12: multiply12x1()
      case 8: multiply8x1()
    #else
      case 6: multiply6x1()
    #endif
    case 4: multiply4x1()
    case 2: multiply2x1()
    default: multiply1x1()
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  #if KERNELS_AVX512
    @inline(never) func multiply12x2() { multiply(height: 12, vectors: 2) }
    @inline(never) func multiply12x1() { multiply(height: 12, vectors: 1) }
    @inline(never) func multiply8x2() { multiply(height: 8, vectors: 2) }
    @inline(never) func multiply8x1() { multiply(height: 8, vectors: 1) }
  #else
    @inline(never) func multiply6x2() { multiply(height: 6, vectors: 2) }
    @inline(never) func multiply6x1() { multiply(height: 6, vectors: 1) }
  #endif
  @inline(never) func multiply4x2() { multiply(height: 4, vectors: 2) }
  @inline(never) func multiply4x1() { multiply(height: 4, vectors: 1) }
  @inline(never) func multiply2x2() { multiply(height: 2, vectors: 2) }
  @inline(never) func multiply2x1() { multiply(height: 2, vectors: 1) }
  @inline(never) func multiply1x2() { multiply(height: 1, vectors: 2) }
  @inline(never) func multiply1x1() { multiply(height: 1, vectors: 1) }

  /// Keeps `height` rows by one or two vectors in registers over the block's depth.
  ///
  /// A sum that goes on starts from what stands in c: one chain of additions in order of k.
  @inline(__always)
  func multiply(height: Int, vectors: Int) {
    var (a, b) = (a, b)
    var sums = zeroSums()
    if adds {
      for i in 0..<height {
        for j in 0..<vectors { sums[2 * i + j] = load(c + i * stride + j * vectorWidth) }
      }
    }
    for _ in 0..<depth {
      let low = load(b)
      let high = vectors == 2 ? load(b + vectorWidth) : low
      for i in 0..<height {
        let x = Vector(repeating: a[i])
        sums[2 * i] = multiplyAdd(x, low, sums[2 * i])
        if vectors == 2 { sums[2 * i + 1] = multiplyAdd(x, high, sums[2 * i + 1]) }
      }
      a += height
      b += vectors * vectorWidth
    }
    for i in 0..<height {
      for j in 0..<vectors { store(sums[2 * i + j], c + i * stride + j * vectorWidth) }
    }
  }
}
