// The product of binary rows and weights, driven by events: for each spike, one row of weights is added.

/// How wide a panel of columns is: as many as eight vectors hold.
private var panelWidth: Int { @inline(__always) get { 8 * vectorWidth } }

/// Whether copying the weights into panels pays for so many rows.
@inline(__always)
private func packs(rows: Int) -> Bool { rows >= 128 }

/// The floats of scratch memory that `spikeGemm` needs.
public func spikeGemmWorkspace(rows: Int, features: Int, columns: Int) -> Int {
  packs(rows: rows) ? features * columns + 16 : 16
}

/// What the tasks of a spike product share.
private struct SpikeProduct {
  var rows, features, columns, wordsPerRow, rowsPerTask: Int
  var spikes: UnsafePointer<UInt64>
  var weights: UnsafePointer<Float>
  var weightStride: Int
  var packed: UnsafeMutablePointer<Float>?
  var beta: Float
  var out: UnsafeMutablePointer<Float>
  var outStride: Int
}

/// out[r, :] = the sum of weights[k, :] over the bits k set in row r, + beta * out[r, :].
///
/// Work grows with the number of spikes, not with the number of features. The sum runs in order of k, so the same bits
/// result for any number of threads.
///
/// - Parameters:
///   - spikes: rows of `wordsPerRow` words; bits from `features` on are 0.
///   - weights: [features, columns], row-major with `weightStride` floats a row.
///   - workspace: `spikeGemmWorkspace(rows:features:columns:)` floats.
public func spikeGemm(
  rows: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>, wordsPerRow: Int,
  weights: UnsafePointer<Float>, weightStride: Int, beta: Float = 0, out: UnsafeMutablePointer<Float>,
  outStride: Int, workspace: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
) {
  if rows <= 0 || columns <= 0 { return }
  let packed = packs(rows: rows) ? workspace : nil
  var product = SpikeProduct(
    rows: rows, features: features, columns: columns, wordsPerRow: wordsPerRow,
    rowsPerTask: min(max(65_536 / max(features, 1), 1), 32), spikes: spikes, weights: weights,
    weightStride: weightStride, packed: packed, beta: beta, out: out, outStride: outStride)
  let panels = (columns + panelWidth - 1) / panelWidth
  let groups = (rows + product.rowsPerTask - 1) / product.rowsPerTask
  withUnsafePointer(to: &product) { pointer in
    if packed != nil {
      pool.run(tasks: panels, context: UnsafeRawPointer(pointer)) { raw, panel in
        packPanel(raw.assumingMemoryBound(to: SpikeProduct.self).pointee, panel)
      }
    }
    pool.run(tasks: groups, context: UnsafeRawPointer(pointer)) { raw, group in
      multiplyGroup(raw.assumingMemoryBound(to: SpikeProduct.self).pointee, group)
    }
  }
}

private func packPanel(_ product: SpikeProduct, _ panel: Int) {
  guard let packed = product.packed else { return }
  let first = panel * panelWidth
  let width = min(panelWidth, product.columns - first)
  var target = packed + first * product.features
  for k in 0..<product.features {
    let source = product.weights + k * product.weightStride + first
    for j in 0..<width { target[j] = source[j] }
    target += width
  }
}

/// The rows of one task: their spikes are listed once, then every panel of columns passes over them.
private func multiplyGroup(_ product: SpikeProduct, _ group: Int) {
  let first = group * product.rowsPerTask
  let rows = min(product.rowsPerTask, product.rows - first)
  let capacity = rows * product.wordsPerRow * 64
  withUnsafeTemporaryAllocation(of: Int32.self, capacity: capacity + 64) { room in
    guard let starts = room.baseAddress else { return }
    let list = starts + 64
    var used = 0
    for row in 0..<rows {
      starts[row] = Int32(truncatingIfNeeded: used)
      used += listActive(
        product.spikes + (first + row) * product.wordsPerRow, wordCount: product.wordsPerRow, into: list + used)
    }
    starts[rows] = Int32(truncatingIfNeeded: used)
    var column = 0
    while column < product.columns {
      let width = min(panelWidth, product.columns - column)
      let base = product.packed.map { UnsafePointer($0 + column * product.features) } ?? product.weights + column
      let step = product.packed == nil ? product.weightStride : width
      for row in 0..<rows {
        let begin = Int(starts[row])
        addActive(
          list + begin, count: Int(starts[row + 1]) - begin, base, step: step, width: width, beta: product.beta,
          out: product.out + (first + row) * product.outStride + column)
      }
      column += width
    }
  }
}

/// One row by one panel: the listed rows of weights are summed in registers.
@inline(__always)
private func addActive(
  _ list: UnsafePointer<Int32>, count: Int, _ weights: UnsafePointer<Float>, step: Int, width: Int, beta: Float,
  out: UnsafeMutablePointer<Float>
) {
  let w = vectorWidth
  if width == panelWidth {
    var s0 = Vector(), s1 = Vector(), s2 = Vector(), s3 = Vector()
    var s4 = Vector(), s5 = Vector(), s6 = Vector(), s7 = Vector()
    for i in 0..<count {
      let line = weights + Int(list[i]) * step
      s0 += load(line)
      s1 += load(line + w)
      s2 += load(line + 2 * w)
      s3 += load(line + 3 * w)
      s4 += load(line + 4 * w)
      s5 += load(line + 5 * w)
      s6 += load(line + 6 * w)
      s7 += load(line + 7 * w)
    }
    finish(s0, out, beta)
    finish(s1, out + w, beta)
    finish(s2, out + 2 * w, beta)
    finish(s3, out + 3 * w, beta)
    finish(s4, out + 4 * w, beta)
    finish(s5, out + 5 * w, beta)
    finish(s6, out + 6 * w, beta)
    finish(s7, out + 7 * w, beta)
    return
  }
  var column = 0
  while column + 2 * w <= width {
    var s0 = Vector(), s1 = Vector()
    for i in 0..<count {
      let line = weights + Int(list[i]) * step + column
      s0 += load(line)
      s1 += load(line + w)
    }
    finish(s0, out + column, beta)
    finish(s1, out + column + w, beta)
    column += 2 * w
  }
  while column < width {
    var total: Float = 0
    for i in 0..<count { total += weights[Int(list[i]) * step + column] }
    out[column] = beta == 0 ? total : beta * out[column] + total
    column += 1
  }
}

@inline(__always)
private func finish(_ sum: Vector, _ out: UnsafeMutablePointer<Float>, _ beta: Float) {
  store(beta == 0 ? sum : load(out) * beta + sum, out)
}
