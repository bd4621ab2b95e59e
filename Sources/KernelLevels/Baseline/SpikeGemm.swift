// The product of binary rows and weights, driven by events: for each spike, one row of weights is added.
//
// The spikes are listed once. Then a panel of columns at a time, as wide as the registers hold, passes over all rows,
// so that the panel's weights stay in the second cache and each is read from there once a spike.

/// How the product is cut. It depends on the counts alone.
private struct SpikePlan {
  /// The vectors that hold a row's sums while its spikes are added.
  static var panelVectors: Int { @inline(__always) get { 8 } }
  static var panelColumns: Int { @inline(__always) get { panelVectors * vectorWidth } }
  /// Words of spikes whose weights are packed together.
  static var packedWords: Int { @inline(__always) get { 16 } }

  let panels, panelVectors, blocks, blockWords, groups, rowsPerGroup: Int
  let packs: Bool

  /// - Parameter groups: how many tasks share the rows of a panel; nil for what suits the count of panels.
  init(rows: Int, columns: Int, wordsPerRow: Int, features: Int, total: Int, groups wanted: Int? = nil) {
    let vectors = (columns + vectorWidth - 1) / vectorWidth
    let fewest = max(1, (vectors + SpikePlan.panelVectors - 1) / SpikePlan.panelVectors)
    // In whole sixteens, as the bits of neurons are written.
    let unit = max(1, 16 / vectorWidth)
    panelVectors = ((vectors + fewest - 1) / fewest + unit - 1) / unit * unit
    panels = (vectors + panelVectors - 1) / max(1, panelVectors)
    // Few panels are shared by rows too, in groups large enough to pay for packing the panel again.
    groups = wanted ?? min(max(1, 16 / max(1, panels)), max(1, rows / 256))
    rowsPerGroup = (rows + groups - 1) / groups
    // Copying weights costs about as much as using them; without a copy, the last vector overlaps the one before it.
    packs = total > 3 * groups * features
    blockWords = packs ? SpikePlan.packedWords : max(1, wordsPerRow)
    blocks = max(1, (wordsPerRow + blockWords - 1) / blockWords)
  }
}

/// What the tasks of a spike product share.
private struct SpikeProduct {
  var plan: SpikePlan
  var rows, features, columns, wordsPerRow: Int
  var spikes: UnsafePointer<UInt64>
  var weights: UnsafePointer<Float>
  var weightStride: Int
  /// Added to each sum; nil for nothing.
  var bias: UnsafePointer<Float>?
  var out: UnsafeMutablePointer<Float>
  var outStride: Int
  /// Where the spikes of each row begin in `list`, block after block; one more entry ends the last.
  var starts: UnsafeMutablePointer<Int32>
  /// The features that spike, counted from their block's first.
  var list: UnsafeMutablePointer<Int32>
}

private let rowsPerListTask = 64

extension Level {
  public static var denseShares: (forward: Double, gradient: Double) {
    #if KERNELS_AVX512
      (0.35, 0.3)
    #else
      (0.5, 0.4)
    #endif
  }

  public static func spikeGemmWorkspace(rows: Int, features: Int, total: Int) -> Int {
    let words = (features + 63) / 64
    let blocks = max(1, (words + SpikePlan.packedWords - 1) / SpikePlan.packedWords)
    return rows * blocks + 1 + total
  }

  public static func spikeGemm(
    rows: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>, wordsPerRow: Int, total: Int,
    weights: UnsafePointer<Float>, weightStride: Int, bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>,
    outStride: Int, workspace: UnsafeMutablePointer<Int32>
  ) {
    if rows <= 0 || columns <= 0 { return }
    let plan = SpikePlan(
      rows: rows, columns: columns, wordsPerRow: wordsPerRow, features: features, total: total)
    var product = SpikeProduct(
      plan: plan, rows: rows, features: features, columns: columns, wordsPerRow: wordsPerRow, spikes: spikes,
      weights: weights, weightStride: weightStride, bias: bias, out: out, outStride: outStride, starts: workspace,
      list: workspace + (rows * plan.blocks + 1))
    withUnsafePointer(to: &product) { pointer in
      listSpikes(pointer)
      ThreadPool.shared.run(tasks: plan.panels * plan.groups, context: UnsafeRawPointer(pointer)) { raw, task in
        multiplyPanel(raw.assumingMemoryBound(to: SpikeProduct.self).pointee, task)
      }
    }
  }

  public static func spikeLif(
    _ constants: LifConstants, steps: Int, batch: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>,
    wordsPerRow: Int, total: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    membrane: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<UInt64>, workspace: UnsafeMutablePointer<Int32>,
    shouldStop: () -> Bool
  ) {
    if steps <= 0 || batch <= 0 || columns <= 0 { return }
    let rows = steps * batch
    // Samples are taken in groups whose potentials stay in the second cache between the product and the neurons.
    let samples = max(1, min(batch, 1000 / steps))
    let groups = (batch + samples - 1) / samples
    let plan = SpikePlan(
      rows: rows, columns: columns, wordsPerRow: wordsPerRow, features: features, total: total, groups: groups)
    var neurons = SpikingPanel(
      product: SpikeProduct(
        plan: plan, rows: rows, features: features, columns: columns, wordsPerRow: wordsPerRow, spikes: spikes,
        weights: weights, weightStride: columns, bias: bias, out: membrane ?? UnsafeMutablePointer(mutating: weights),
        outStride: columns, starts: workspace, list: workspace + (rows * plan.blocks + 1)),
      constants: constants, steps: steps, batch: batch, samples: samples, keepsPotentials: membrane != nil, spikes: out)
    withUnsafePointer(to: &neurons) { pointer in
      withUnsafePointer(to: pointer.pointee.product) { listSpikes($0) }
      ThreadPool.shared.run(tasks: plan.panels * groups) { task in
        if !shouldStop() { pointer.pointee.run(task) }
      }
    }
  }
}

/// Fills the list of spikes.
private func listSpikes(_ product: UnsafePointer<SpikeProduct>) {
  let raw = UnsafeRawPointer(product)
  let tasks = (product.pointee.rows + rowsPerListTask - 1) / rowsPerListTask
  ThreadPool.shared.run(tasks: tasks, context: raw) { raw, task in
    countRows(raw.assumingMemoryBound(to: SpikeProduct.self).pointee, task)
  }
  accumulateStarts(product.pointee)
  ThreadPool.shared.run(tasks: tasks, context: raw) { raw, task in
    listRows(raw.assumingMemoryBound(to: SpikeProduct.self).pointee, task)
  }
}

/// Counts the spikes of each row and block.
private func countRows(_ product: SpikeProduct, _ task: Int) {
  let first = task * rowsPerListTask
  for row in first..<min(first + rowsPerListTask, product.rows) {
    let words = product.spikes + row * product.wordsPerRow
    for block in 0..<product.plan.blocks {
      let begin = block * product.plan.blockWords
      var count = 0
      for word in begin..<min(begin + product.plan.blockWords, product.wordsPerRow) { count += words[word].nonzeroBitCount }
      product.starts[block * product.rows + row] = Int32(truncatingIfNeeded: count)
    }
  }
}

/// Turns counts into places.
private func accumulateStarts(_ product: SpikeProduct) {
  var place: Int32 = 0
  for entry in 0..<(product.rows * product.plan.blocks) {
    let count = product.starts[entry]
    product.starts[entry] = place
    place &+= count
  }
  product.starts[product.rows * product.plan.blocks] = place
}

private func listRows(_ product: SpikeProduct, _ task: Int) {
  let first = task * rowsPerListTask
  for row in first..<min(first + rowsPerListTask, product.rows) {
    for block in 0..<product.plan.blocks {
      let begin = block * product.plan.blockWords
      let count = max(0, min(product.plan.blockWords, product.wordsPerRow - begin))
      _ = listActive(
        product.spikes + row * product.wordsPerRow + begin, wordCount: count,
        into: product.list + Int(product.starts[block * product.rows + row]))
    }
  }
}

/// One panel of columns by one group of rows.
private func multiplyPanel(_ product: SpikeProduct, _ task: Int) {
  let plan = product.plan
  let begin = task % plan.groups * plan.rowsPerGroup
  let rows = begin..<max(begin, min(begin + plan.rowsPerGroup, product.rows))
  forEachBlock(of: task / plan.groups, product) { panel in
    panel.multiply(rows, to: product.out + (begin * product.outStride + panel.first), stride: product.outStride)
  }
}

/// Calls `body` with a panel of columns, block after block of the features.
@inline(__always)
private func forEachBlock(of number: Int, _ product: SpikeProduct, _ body: (SpikePanel) -> Void) {
  let plan = product.plan
  let first = number * plan.panelVectors * vectorWidth
  let columns = min(plan.panelVectors * vectorWidth, product.columns - first)
  if columns <= 0 { return }
  var panel = SpikePanel(
    product: product, weights: product.weights + first, step: product.weightStride, first: first,
    lastVector: columns - vectorWidth, columns: columns)
  guard plan.packs else { return body(panel) }
  let width = panel.vectors * vectorWidth
  let features = min(plan.blockWords * 64, product.features)
  withUnsafeTemporaryAllocation(byteCount: max(1, features) * width * 4, alignment: 64) { room in
    guard let packed = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    (panel.weights, panel.step, panel.lastVector) = (UnsafePointer(packed), width, width - vectorWidth)
    for block in 0..<plan.blocks {
      let skipped = block * plan.blockWords * 64
      let source = product.weights + skipped * product.weightStride + first
      for k in 0..<max(0, min(features, product.features - skipped)) {
        copyPadded(source + k * product.weightStride, columns, to: packed + k * width, width)
      }
      panel.block = block
      body(panel)
    }
  }
}

/// Products that go straight into leaky integrate-and-fire neurons: one panel of neurons of some samples at a time.
private struct SpikingPanel {
  var product: SpikeProduct
  let constants: LifConstants
  let steps, batch, samples: Int
  /// Whether the potentials go to `product.out`; otherwise they are forgotten.
  let keepsPotentials: Bool
  let spikes: UnsafeMutablePointer<UInt64>

  func run(_ task: Int) {
    let groups = product.plan.groups
    let firstSample = task % groups * samples
    let count = min(samples, batch - firstSample)
    let width = product.plan.panelVectors * vectorWidth
    if keepsPotentials {
      let first = task / groups * width
      return run(
        task / groups, firstSample, count, potentials: product.out + (firstSample * product.columns + first),
        stride: product.columns, stepStride: batch * product.columns)
    }
    withUnsafeTemporaryAllocation(byteCount: steps * count * width * 4, alignment: 64) { room in
      guard let potentials = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      run(task / groups, firstSample, count, potentials: potentials, stride: width, stepStride: count * width)
    }
  }

  @inline(__always)
  private func run(
    _ number: Int, _ firstSample: Int, _ count: Int, potentials: UnsafeMutablePointer<Float>, stride: Int,
    stepStride: Int
  ) {
    var (first, columns) = (0, 0)
    forEachBlock(of: number, product) { panel in
      (first, columns) = (panel.first, panel.columns)
      for t in 0..<steps {
        let row = t * batch + firstSample
        panel.multiply(row..<row + count, to: potentials + t * stepStride, stride: stride)
      }
    }
    let words = lifWords(product.columns)
    // The last panel clears the bits beyond the last neuron too.
    let isLast = first + columns == product.columns
    let end = isLast ? words * 64 : first + columns
    for sample in 0..<count {
      var neuron = first
      while neuron < end {
        lifLanes(
          constants, steps: steps, lanes: max(0, min(16, product.columns - neuron)),
          membrane: potentials + (sample * stride + neuron - first), stride: stepStride,
          spikes: quarterWord(spikes, (firstSample + sample) * words + neuron / 64, neuron % 64 / 16),
          spikeStride: batch * words * 4, carried: nil)
        neuron += 16
      }
    }
  }
}

@inline(__always)
private func copyPadded(
  _ source: UnsafePointer<Float>, _ count: Int, to target: UnsafeMutablePointer<Float>, _ width: Int
) {
  var j = 0
  while j < width {
    store(loadHead(source + j, count - j), target + j)
    j += vectorWidth
  }
}

/// A panel of weights, and the block of features whose weights they are.
private struct SpikePanel {
  let product: SpikeProduct
  var weights: UnsafePointer<Float>
  var step: Int
  /// The panel's first column of the output.
  let first: Int
  /// Where the last vector begins: overlapping the one before it where weights are read in place.
  var lastVector: Int
  let columns: Int
  var block = 0

  var vectors: Int { (columns + vectorWidth - 1) / vectorWidth }

  /// Adds the weights of each row's spikes to its sums, which begin with `out` and are `stride` floats apart.
  func multiply(_ rows: Range<Int>, to out: UnsafeMutablePointer<Float>, stride: Int) {
    if lastVector < 0 { return multiplyNarrow(rows, out, stride) }
    switch vectors {
    case 1: multiply1(rows, out, stride)
    case 2: multiply2(rows, out, stride)
    case 3: multiply3(rows, out, stride)
    case 4: multiply4(rows, out, stride)
    case 5: multiply5(rows, out, stride)
    case 6: multiply6(rows, out, stride)
    case 7: multiply7(rows, out, stride)
    default: multiply8(rows, out, stride)
    }
  }

  private typealias Sums = UnsafeMutablePointer<Float>

  // One function a width: the compiler gives up inlining where all stand in one.
  @inline(never) private func multiply1(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 1) }
  @inline(never) private func multiply2(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 2) }
  @inline(never) private func multiply3(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 3) }
  @inline(never) private func multiply4(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 4) }
  @inline(never) private func multiply5(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 5) }
  @inline(never) private func multiply6(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 6) }
  @inline(never) private func multiply7(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 7) }
  @inline(never) private func multiply8(_ rows: Range<Int>, _ out: Sums, _ stride: Int) { multiply(rows, out, stride, 8) }

  /// Fewer columns than a vector holds, read in place.
  private func multiplyNarrow(_ rows: Range<Int>, _ out: Sums, _ stride: Int) {
    let starts = product.starts + block * product.rows
    var out = out
    for row in rows {
      var sum = Vector()
      for place in Int(starts[row])..<Int(starts[row + 1]) {
        sum += loadHead(weights + Int(product.list[place]) * step, columns)
      }
      if let bias = product.bias { sum += loadHead(bias + first, columns) }
      storeHead(sum, out, columns)
      out += stride
    }
  }

  /// The listed rows of weights are summed in registers.
  @inline(__always)
  private func multiply(_ rows: Range<Int>, _ out: Sums, _ stride: Int, _ vectors: Int) {
    let starts = product.starts + block * product.rows
    let last = weights + lastVector
    let isWhole = lastVector + vectorWidth <= columns
    let bias = block == product.plan.blocks - 1 ? product.bias.map { $0 + first } : nil
    var out = out
    for row in rows {
      let lastOut = out + lastVector
      var sums = zeroSums()
      if block > 0 {
        for j in 0..<(vectors - 1) { sums[j] = load(out + j * vectorWidth) }
        sums[vectors - 1] = isWhole ? load(lastOut) : loadHead(lastOut, columns - lastVector)
      }
      var place = product.list + Int(starts[row])
      let end = product.list + Int(starts[row + 1])
      while place < end {
        let offset = Int(place.pointee) * step
        let line = weights + offset
        for j in 0..<(vectors - 1) { sums[j] += load(line + j * vectorWidth) }
        sums[vectors - 1] += load(last + offset)
        place += 1
      }
      if let bias {
        for j in 0..<(vectors - 1) { sums[j] += load(bias + j * vectorWidth) }
        sums[vectors - 1] += isWhole ? load(bias + lastVector) : loadHead(bias + lastVector, columns - lastVector)
      }
      for j in 0..<(vectors - 1) { store(sums[j], out + j * vectorWidth) }
      if isWhole { store(sums[vectors - 1], lastOut) } else { storeHead(sums[vectors - 1], lastOut, columns - lastVector) }
      out += stride
    }
  }
}
