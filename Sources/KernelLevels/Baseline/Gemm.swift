// The matrix product: blocks that fit the caches, packed so that the inner kernel reads straight lines.
//
// After K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008: a
// block of A and a block of B are copied into panels, and a small tile of C is kept in registers over the whole depth
// of a block. A matrix of which little use is made is read in place.

/// Whether a product with columns of A that lie together, and a narrow C, is computed turned around: then whole vectors of
/// A's rows stand in the lanes. Either way sums run in order of k.
private func isTurned(m: Int, n: Int) -> Bool { n <= mostTurnedColumns && n < m && m <= 8192 }

/// Where columns of B run along the depth nothing is copied, and some more are allowed.
private var mostTurnedColumns: Int { @inline(__always) get { 18 } }
private var mostTurnedCopies: Int { @inline(__always) get { 12 } }

extension Level {
  public static func gemmWorkspace(m: Int, n: Int, k: Int) -> Int {
    let plan = GemmPlan(m: m, n: n, k: k)
    let whole = max((plan.blockRows + plan.blockColumns) * plan.blockDepth, narrowColumns * k) + 64
    if !isTurned(m: m, n: n) { return whole }
    let turned = GemmPlan(m: n, n: m, k: k)
    return max(whole, (turned.blockRows + turned.blockColumns) * turned.blockDepth + n * m + 80)
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
    if shouldStop() { return }
    // A tile wastes the lanes beyond few columns; so do inner products the sum of their lanes where they are short.
    if a.columnStep == 1 && (n <= narrowColumns || n <= 16 && b.rowStep == 1 && k >= 32 * vectorWidth) {
      return multiplyNarrow(
        m: m, n: n, k: k, a: a, b: b, c: c, cStride: cStride, workspace: workspace, shouldStop: shouldStop)
    }
    if a.rowStep == 1 && n <= narrowColumns {
      return multiplyNarrowTurned(
        m: m, n: n, k: k, a: a, b: b, c: c, cStride: cStride, shouldStop: shouldStop)
    }
    if a.rowStep == 1 && isTurned(m: m, n: n) && (n <= mostTurnedCopies || b.rowStep == 1) {
      // Columns of A lie together and C is narrow: its transpose has whole vectors.
      gemm(
        m: n, n: m, k: k, a: MatrixView(start: b.start, rowStep: b.columnStep, columnStep: b.rowStep),
        b: MatrixView(start: a.start, rowStep: a.columnStep, columnStep: 1), c: workspace, cStride: m,
        workspace: workspace + (n * m + 15) / 16 * 16, shouldStop: shouldStop)
      return turn(workspace, rows: n, columns: m, sourceStep: m, to: c, outStep: cStride)
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
            adds: depth > 0, packedA: workspace, packedB: packedB)
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
  if work < 100_000 {
    (block.groupA, block.groupB) = (block.panelsA, block.panelsB)
    for panel in 0..<block.panelsA { packA(block, panel) }
    if packingB {
      for panel in 0..<block.panelsB { packB(block, panel) }
    }
    return multiplyGroup(block, 0)
  }
  // A task's panels of B stay in the second cache while one panel of A after the other meets them all.
  block.groupB = max(1, min(block.panelsB, GemmPlan.groupFloats / (GemmPlan.tileColumns * block.depth)))
  block.groupA = 1 + GemmPlan.taskWork / (block.height * block.groupB * GemmPlan.tileColumns * block.depth)
  let groups =
    (block.panelsA + block.groupA - 1) / block.groupA * ((block.panelsB + block.groupB - 1) / block.groupB)
  let chunks = (block.panelsA + 7) / 8 + (packingB ? (block.panelsB + 3) / 4 : 0)
  withUnsafePointer(to: &block) { pointer in
    let raw = UnsafeRawPointer(pointer)
    ThreadPool.shared.run(tasks: chunks, context: raw) { raw, task in
      packChunk(raw.assumingMemoryBound(to: GemmBlock.self).pointee, task)
    }
    ThreadPool.shared.run(tasks: groups, context: raw) { raw, task in
      multiplyGroup(raw.assumingMemoryBound(to: GemmBlock.self).pointee, task)
    }
  }
}

/// Packs eight panels of A, or four of B.
private func packChunk(_ block: GemmBlock, _ task: Int) {
  let chunksA = (block.panelsA + 7) / 8
  if task < chunksA {
    for panel in (task * 8)..<min(task * 8 + 8, block.panelsA) { packA(block, panel) }
  } else {
    let first = (task - chunksA) * 4
    for panel in first..<min(first + 4, block.panelsB) { packB(block, panel) }
  }
}

private func packA(_ block: GemmBlock, _ panel: Int) {
  let (row, rows) = (panel * block.height, block.height(ofPanel: panel))
  if rows == 0 || block.readsA && rows == block.height { return }
  packPanel(
    block.a.start + row * block.a.rowStep, lanes: rows, width: rows, laneStep: block.a.rowStep, depth: block.depth,
    depthStep: block.a.columnStep, to: block.packedA + row * block.depth)
}

private func packB(_ block: GemmBlock, _ panel: Int) {
  if block.readsB(panel) { return }
  let tile = GemmPlan.tileColumns
  packPanel(
    block.b.start + panel * tile * block.b.columnStep, lanes: min(tile, block.columns - panel * tile),
    width: block.width(ofPanel: panel), laneStep: block.b.columnStep, depth: block.depth, depthStep: block.b.rowStep,
    to: block.packedB + panel * tile * block.depth)
}

/// Copies `lanes` lines of a matrix so that the kernel finds, for each step of the depth, their elements side by side;
/// lanes up to `width` are filled with zeros.
private func packPanel(
  _ source: UnsafePointer<Float>, lanes: Int, width: Int, laneStep: Int, depth: Int, depthStep: Int,
  to target: UnsafeMutablePointer<Float>
) {
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
      while i < width {
        storeHead(loadHead(line + i, lanes - i), out + i, width - i)
        i += vectorWidth
      }
    }
    return
  }
  var lane = 0
  if depthStep == 1 {
    while lane + 8 <= width {
      turnEight(
        source + lane * laneStep, lanes: lanes - lane, laneStep: laneStep, depth: depth, to: target + lane, width: width)
      lane += 8
    }
    while lane + 4 <= lanes {
      turnFour(source + lane * laneStep, laneStep: laneStep, depth: depth, to: target + lane, width: width)
      lane += 4
    }
  }
  while lane < width {
    let line = source + lane * laneStep
    let out = target + lane
    if lane < lanes {
      for p in 0..<depth { out[p * width] = line[p * depthStep] }
    } else {
      for p in 0..<depth { out[p * width] = 0 }
    }
    lane += 1
  }
}

/// The tiles of one task: some panels of B, each by some panels of A.
private func multiplyGroup(_ block: GemmBlock, _ task: Int) {
  let groupsA = (block.panelsA + block.groupA - 1) / block.groupA
  let firstA = task % groupsA * block.groupA
  let firstB = task / groupsA * block.groupB
  for panelA in firstA..<min(firstA + block.groupA, block.panelsA) {
    for panelB in firstB..<min(firstB + block.groupB, block.panelsB) {
      GemmTile(block, panelA, panelB).multiply(block.height(ofPanel: panelA))
    }
  }
}
