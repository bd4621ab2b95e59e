// The product of binary rows and weights, driven by events: for each spike, one row of weights is added.
//
// The spikes are listed once. Then panels of columns, as wide as the registers hold, pass over all rows, block after
// block of features, so that weights are read from the first cache where spikes are common, else from the second.

extension Level {
  public static var denseShares: (forward: Double, gradient: Double) {
    #if KERNELS_AVX512
      (0.35, 0.3)
    #else
      (0.5, 0.4)
    #endif
  }

  public static func spikeGemmWorkspace(rows: Int, features: Int, total: Int) -> Int {
    SpikeLists.most(rows: rows, features: features, total: total)
  }

  public static func spikeGemm(
    rows: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>, wordsPerRow: Int, total: Int,
    weights: UnsafePointer<Float>, weightStride: Int, bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>,
    outStride: Int, workspace: UnsafeMutablePointer<Int32>
  ) {
    if rows <= 0 || columns <= 0 { return }
    let plan = SpikePlan(
      steps: 1, batch: rows, features: features, columns: columns, wordsPerRow: wordsPerRow, total: total)
    let lists = SpikeLists(plan, spikes, in: workspace)
    let product = SpikeProduct(lists: lists, weights: weights, weightStride: weightStride, bias: bias)
    lists.fill()
    ThreadPool.shared.run(tasks: plan.panels * plan.shares) { task in
      product.run(task, local: nil, out: out, outStride: outStride) { _, _, _, _ in }
    }
  }

  public static func spikeLif(
    _ constants: LifConstants, steps: Int, batch: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>,
    wordsPerRow: Int, total: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    membrane: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<UInt64>, workspace: UnsafeMutablePointer<Int32>,
    shouldStop: () -> Bool
  ) {
    if steps <= 0 || batch <= 0 || columns <= 0 { return }
    let plan = SpikePlan(
      steps: steps, batch: batch, features: features, columns: columns, wordsPerRow: wordsPerRow, total: total)
    let lists = SpikeLists(plan, spikes, isLocal: membrane == nil, in: workspace)
    let product = SpikeProduct(lists: lists, weights: weights, weightStride: columns, bias: bias)
    lists.fill()
    ThreadPool.shared.run(tasks: plan.panels * plan.shares) { task in
      if shouldStop() { return }
      // Potentials that nobody wants later stay in memory of the task's own.
      let kept = membrane == nil ? plan.steps * plan.samplesPerGroup * plan.width : 0
      withUnsafeTemporaryAllocation(byteCount: max(4, kept * 4), alignment: 64) { room in
        guard let local = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        product.run(
          task, local: membrane == nil ? local : nil, out: membrane ?? local, outStride: columns
        ) { group, first, potentials, stride in
          fire(constants, plan, group, first, potentials, stride, isLocal: membrane == nil, to: out)
        }
      }
    }
  }
}

/// Runs the neurons of a panel, from column `first` on, for the samples of a group.
private func fire(
  _ constants: LifConstants, _ plan: SpikePlan, _ group: Int, _ first: Int, _ potentials: UnsafeMutablePointer<Float>,
  _ stride: Int, isLocal: Bool, to spikes: UnsafeMutablePointer<UInt64>
) {
  let words = lifWords(plan.columns)
  let samples = plan.samples(group)
  // The last panel clears the bits beyond the last neuron too.
  let isLast = first + plan.width >= plan.columns
  let end = isLast ? words * 64 : first + plan.width
  for sample in samples {
    var neuron = first
    while neuron < end {
      lifLanes(
        constants, steps: plan.steps, lanes: max(0, min(16, plan.columns - neuron)),
        membrane: potentials + ((sample - samples.lowerBound) * stride + neuron - first),
        stride: (isLocal ? samples.count : plan.batch) * stride,
        spikes: quarterWord(spikes, sample * words + neuron / 64, neuron % 64 / 16),
        spikeStride: plan.batch * words * 4, carried: nil)
      neuron += 16
    }
  }
}

/// What the tasks of a spike product share.
private struct SpikeProduct {
  let lists: SpikeLists
  let weights: UnsafePointer<Float>
  let weightStride: Int
  let bias: UnsafePointer<Float>?

  /// One panel of columns by one share of the groups.
  ///
  /// - Parameters:
  ///   - local: where sums go that the lists count within a group; nil for their places in `out`.
  ///   - finish: called with each group when its sums are complete: the panel's first column, its first sum, and how
  ///     far apart the rows are.
  @inline(__always)
  func run(
    _ task: Int, local: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<Float>, outStride: Int,
    finish: (_ group: Int, _ first: Int, _ sums: UnsafeMutablePointer<Float>, _ stride: Int) -> Void
  ) {
    let plan = lists.plan
    let first = task / plan.shares * plan.width
    let columns = min(plan.width, plan.columns - first)
    let groups = plan.groups(ofShare: task % plan.shares)
    if columns <= 0 { return }
    var panel = SpikePanel(
      weights: weights + first, step: weightStride, columns: columns, lastVector: columns - vectorWidth)
    // One group uses a block at once, and needs room for no other.
    let keepsBlocks = groups.count > 1
    let widest = (0..<plan.blocks).reduce(0) { max($0, plan.features($1).count) }
    let packedFeatures = plan.packs ? (keepsBlocks ? plan.features : widest) : 0
    withUnsafeTemporaryAllocation(byteCount: max(4, packedFeatures * plan.width * 4), alignment: 64) { room in
      guard let packed = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      for group in groups {
        let stride = local == nil ? outStride : plan.width
        let sums = local ?? out + (plan.samples(group).lowerBound * outStride + first)
        for block in 0..<plan.blocks {
          if plan.packs {
            let features = plan.features(block)
            let place = packed + (keepsBlocks ? features.lowerBound * plan.width : 0)
            if group == groups.lowerBound { pack(features, first, columns, to: place) }
            (panel.weights, panel.step, panel.lastVector) = (UnsafePointer(place), plan.width, panelEnd(columns))
          }
          panel.goesOn = block > 0
          panel.bias = block == plan.blocks - 1 ? bias.map { $0 + first } : nil
          panel.multiply(lists, lists.entries(group, block), to: sums, stride: stride)
        }
        finish(group, first, sums, stride)
      }
    }
  }

  /// Where the last vector of packed columns begins.
  private func panelEnd(_ columns: Int) -> Int { (columns - 1) / vectorWidth * vectorWidth }

  private func pack(_ features: Range<Int>, _ first: Int, _ columns: Int, to target: UnsafeMutablePointer<Float>) {
    let width = lists.plan.width
    for (k, feature) in features.enumerated() {
      copyPadded(weights + (feature * weightStride + first), columns, to: target + k * width, width)
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
