// A tile of the matrix product: some rows by one or two vectors, kept in registers.

import CVector

/// A tile of C, and the panels that it is the product of.
struct GemmTile {
  /// The first row's elements, `depthStepA` floats apart; those of the next row stand `rowStepA` floats on.
  private let a: UnsafePointer<Float>
  private let rowStepA, depthStepA: Int
  /// Rows of B, `stepB` floats apart.
  private let b: UnsafePointer<Float>
  private let stepB: Int
  private let c: UnsafeMutablePointer<Float>
  private let stride: Int
  private let columns, depth: Int
  private let adds: Bool
  /// A number for each row that is added to its finished sums.
  private let offsets: UnsafePointer<Float>?

  /// - Parameters:
  ///   - a: the first row's elements, `depthStepA` floats apart; those of the next row stand `rowStepA` floats on.
  ///   - b: `depth` rows of B, `stepB` floats apart; whole vectors can be read from them.
  ///   - columns: at most `GemmPlan.tileColumns`.
  @inline(__always)
  init(
    a: UnsafePointer<Float>, rowStepA: Int, depthStepA: Int, b: UnsafePointer<Float>, stepB: Int,
    c: UnsafeMutablePointer<Float>, stride: Int, columns: Int, depth: Int, adds: Bool,
    offsets: UnsafePointer<Float>? = nil
  ) {
    (self.a, self.rowStepA, self.depthStepA, self.b, self.stepB) = (a, rowStepA, depthStepA, b, stepB)
    (self.c, self.stride, self.columns, self.depth, self.adds) = (c, stride, columns, depth, adds)
    self.offsets = offsets
  }

  @inline(__always)
  init(_ block: GemmBlock, _ panelA: Int, _ panelB: Int) {
    let (row, column) = (panelA * block.height, panelB * GemmPlan.tileColumns)
    let height = block.height(ofPanel: panelA)
    if block.readsA && height == block.height {
      a = block.a.start + row * block.a.rowStep
      (rowStepA, depthStepA) = (block.a.rowStep, block.a.columnStep)
    } else {
      a = UnsafePointer(block.packedA + row * block.depth)
      (rowStepA, depthStepA) = (1, height)
    }
    if block.readsB(panelB) {
      b = block.b.start + column
      stepB = block.b.rowStep
    } else {
      b = UnsafePointer(block.packedB + column * block.depth)
      stepB = block.width(ofPanel: panelB)
    }
    c = block.c + row * block.cStride + column
    stride = block.cStride
    columns = min(GemmPlan.tileColumns, block.columns - column)
    depth = block.depth
    adds = block.adds
    offsets = nil
  }

  @inline(__always)
  func multiply(_ height: Int) {
    if height == 0 { return }
    if rowStepA != 1 { return multiplyStrided(height) }
    columns > vectorWidth ? multiplyWide(height) : multiplyNarrow(height)
  }

  @inline(__always)
  private func multiplyStrided(_ height: Int) {
    let isWide = columns > vectorWidth
    switch height {
    #if KERNELS_AVX512
      case 12: isWide ? multiplyStrided12x2() : multiplyStrided12x1()
      case 9: isWide ? multiplyStrided9x2() : multiplyStrided9x1()
    #endif
    case 6: isWide ? multiplyStrided6x2() : multiplyStrided6x1()
    default: isWide ? multiplyStrided3x2() : multiplyStrided3x1()
    }
  }

  @inline(__always)
  private func multiplyWide(_ height: Int) {
    switch height {
    #if KERNELS_AVX512
      case 12: multiply12x2()
      case 11: multiply11x2()
      case 10: multiply10x2()
      case 9: multiply9x2()
      case 8: multiply8x2()
      case 7: multiply7x2()
    #endif
    case 6: multiply6x2()
    case 5: multiply5x2()
    case 4: multiply4x2()
    case 3: multiply3x2()
    case 2: multiply2x2()
    default: multiply1x2()
    }
  }

  @inline(__always)
  private func multiplyNarrow(_ height: Int) {
    switch height {
    #if KERNELS_AVX512
      case 12: multiply12x1()
      case 11: multiply11x1()
      case 10: multiply10x1()
      case 9: multiply9x1()
      case 8: multiply8x1()
      case 7: multiply7x1()
    #endif
    case 6: multiply6x1()
    case 5: multiply5x1()
    case 4: multiply4x1()
    case 3: multiply3x1()
    case 2: multiply2x1()
    default: multiply1x1()
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  #if KERNELS_AVX512
    @inline(never) private func multiplyStrided12x2() { multiplyStrided(height: 12, vectors: 2) }
    @inline(never) private func multiplyStrided12x1() { multiplyStrided(height: 12, vectors: 1) }
    @inline(never) private func multiplyStrided9x2() { multiplyStrided(height: 9, vectors: 2) }
    @inline(never) private func multiplyStrided9x1() { multiplyStrided(height: 9, vectors: 1) }
    @inline(never) private func multiply12x2() { multiply(height: 12, vectors: 2) }
    @inline(never) private func multiply12x1() { multiply(height: 12, vectors: 1) }
    @inline(never) private func multiply11x2() { multiply(height: 11, vectors: 2) }
    @inline(never) private func multiply11x1() { multiply(height: 11, vectors: 1) }
    @inline(never) private func multiply10x2() { multiply(height: 10, vectors: 2) }
    @inline(never) private func multiply10x1() { multiply(height: 10, vectors: 1) }
    @inline(never) private func multiply9x2() { multiply(height: 9, vectors: 2) }
    @inline(never) private func multiply9x1() { multiply(height: 9, vectors: 1) }
    @inline(never) private func multiply8x2() { multiply(height: 8, vectors: 2) }
    @inline(never) private func multiply8x1() { multiply(height: 8, vectors: 1) }
    @inline(never) private func multiply7x2() { multiply(height: 7, vectors: 2) }
    @inline(never) private func multiply7x1() { multiply(height: 7, vectors: 1) }
  #endif
  @inline(never) private func multiplyStrided6x2() { multiplyStrided(height: 6, vectors: 2) }
  @inline(never) private func multiplyStrided6x1() { multiplyStrided(height: 6, vectors: 1) }
  @inline(never) private func multiplyStrided3x2() { multiplyStrided(height: 3, vectors: 2) }
  @inline(never) private func multiplyStrided3x1() { multiplyStrided(height: 3, vectors: 1) }
  @inline(never) private func multiply6x2() { multiply(height: 6, vectors: 2) }
  @inline(never) private func multiply6x1() { multiply(height: 6, vectors: 1) }
  @inline(never) private func multiply5x2() { multiply(height: 5, vectors: 2) }
  @inline(never) private func multiply5x1() { multiply(height: 5, vectors: 1) }
  @inline(never) private func multiply4x2() { multiply(height: 4, vectors: 2) }
  @inline(never) private func multiply4x1() { multiply(height: 4, vectors: 1) }
  @inline(never) private func multiply3x2() { multiply(height: 3, vectors: 2) }
  @inline(never) private func multiply3x1() { multiply(height: 3, vectors: 1) }
  @inline(never) private func multiply2x2() { multiply(height: 2, vectors: 2) }
  @inline(never) private func multiply2x1() { multiply(height: 2, vectors: 1) }
  @inline(never) private func multiply1x2() { multiply(height: 1, vectors: 2) }
  @inline(never) private func multiply1x1() { multiply(height: 1, vectors: 1) }

  /// Keeps `height` rows by one or two vectors in registers over the block's depth.
  @inline(__always)
  private func multiply(height: Int, vectors: Int) {
    var sums = zeroSums()
    if adds { loadSums(height, vectors, &sums) }
    prefetchNext(height, vectors)
    let edge = columns - (vectors - 1) * vectorWidth
    let ahead = 16 * stepB
    var (a, b) = (a, b)
    for _ in 0..<depth {
      let low = vectors == 2 ? load(b) : loadEdge(b, edge)
      let high = vectors == 2 ? loadEdge(b + vectorWidth, edge) : low
      // Rows of B read in place are too far apart for the CPU to foresee.
      for j in 0..<vectors { vector_prefetch(b + (ahead + j * vectorWidth)) }
      for i in 0..<height {
        let x = Vector(repeating: a[i])
        sums[2 * i] = multiplyAdd(x, low, sums[2 * i])
        if vectors == 2 { sums[2 * i + 1] = multiplyAdd(x, high, sums[2 * i + 1]) }
      }
      a += depthStepA
      b += stepB
    }
    storeSums(height, vectors, &sums)
  }

  /// The same with rows of A read in place, by a pointer for every three: the CPU's addresses have room for one step and
  /// for two.
  @inline(__always)
  private func multiplyStrided(height: Int, vectors: Int) {
    var sums = zeroSums()
    if adds { loadSums(height, vectors, &sums) }
    prefetchNext(height, vectors)
    let edge = columns - (vectors - 1) * vectorWidth
    let step = rowStepA
    let ahead = 16 * stepB
    var lines: InlineArray<4, UnsafePointer<Float>> = [a, a + 3 * step, a + 6 * step, a + 9 * step]
    var b = b
    for _ in 0..<depth {
      let low = vectors == 2 ? load(b) : loadEdge(b, edge)
      let high = vectors == 2 ? loadEdge(b + vectorWidth, edge) : low
      // Rows of B read in place are too far apart for the CPU to foresee.
      for j in 0..<vectors { vector_prefetch(b + (ahead + j * vectorWidth)) }
      for q in 0..<height / 3 {
        for r in 0..<3 {
          let x = Vector(repeating: lines[q][r * step])
          let i = 2 * (3 * q + r)
          sums[i] = multiplyAdd(x, low, sums[i])
          if vectors == 2 { sums[i + 1] = multiplyAdd(x, high, sums[i + 1]) }
        }
        lines[q] += 1
      }
      b += stepB
    }
    storeSums(height, vectors, &sums)
  }

  /// A sum that goes on starts from what stands in c: one chain of additions in order of k.
  @inline(__always)
  private func loadSums(_ height: Int, _ vectors: Int, _ sums: inout InlineArray<24, Vector>) {
    let edge = (vectors - 1) * vectorWidth
    for i in 0..<height {
      if vectors == 2 { sums[2 * i] = load(c + i * stride) }
      sums[2 * i + vectors - 1] = loadHead(c + i * stride + edge, columns - edge)
    }
  }

  /// A row's last vector of B, of which `count` lanes count: they may be all that there are in memory.
  @inline(__always)
  private func loadEdge(_ b: UnsafePointer<Float>, _ count: Int) -> Vector {
    #if KERNELS_AVX512
      return loadHead(b, count)
    #else
      return load(b)
    #endif
  }

  /// Asks for the sums of the tile to the right of this one, which comes next.
  @inline(__always)
  private func prefetchNext(_ height: Int, _ vectors: Int) {
    for i in 0..<height {
      for j in 0..<vectors { vector_prefetch(c + i * stride + (j + vectors) * vectorWidth) }
    }
  }

  @inline(__always)
  private func storeSums(_ height: Int, _ vectors: Int, _ sums: inout InlineArray<24, Vector>) {
    let edge = (vectors - 1) * vectorWidth
    if let offsets {
      for i in 0..<height {
        for j in 0..<vectors { sums[2 * i + j] += Vector(repeating: offsets[i]) }
      }
    }
    for i in 0..<height {
      if vectors == 2 { store(sums[2 * i], c + i * stride) }
      storeHead(sums[2 * i + vectors - 1], c + i * stride + edge, columns - edge)
    }
  }
}
