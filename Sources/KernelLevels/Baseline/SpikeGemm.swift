// The product of binary rows and weights, driven by events: for each spike, one row of weights is added.
//
// The spikes are listed once. Then panels of columns, as wide as the registers hold, pass over all rows, block after
// block of features, so that weights are read from the first cache where spikes are common, else from the second.

extension Level {
  public static var denseShares: (forward: Double, gradient: Double) {
    #if KERNELS_AVX512
      (0.65, 0.7)
    #elseif KERNELS_AVX2
      (0.8, 0.8)
    #else
      (1, 1)
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
    let product = SpikeProduct(lists: lists, bias: bias)
    let source = SpikeWeights(weights: weights, stride: weightStride)
    lists.fill()
    let last = plan.lastIfReversed(weights)
    ThreadPool.shared.run(tasks: plan.panels * plan.shares) { number in
      let task = abs(last - number)
      product.run(task, source, local: nil, out: out, outStride: outStride) { _, _, _, _ in }
    }
  }

  public static func spikePanelCount(features: Int, columns: Int) -> Int {
    let width = SpikePlan.fullVectors * vectorWidth
    return (columns + width - 1) / width * width * features
  }

  public static func copySpikePanels(
    _ weights: UnsafePointer<Float>, features: Int, columns: Int, to panels: UnsafeMutablePointer<Float>
  ) {
    let width = SpikePlan.fullVectors * vectorWidth
    let rows = SpikeWeights(weights: weights, stride: columns)
    ThreadPool.shared.run(tasks: (columns + width - 1) / width) { panel in
      rows.pack(
        0..<features, panel * width, min(width, columns - panel * width), to: panels + panel * width * features,
        width: width)
    }
  }

  public static func spikeLif(
    _ constants: LifConstants, steps: Int, batch: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>,
    wordsPerRow: Int, total: Int, weights: UnsafePointer<Float>, arePanels: Bool, bias: UnsafePointer<Float>?,
    membrane: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<UInt64>, workspace: UnsafeMutablePointer<Int32>,
    shouldStop: () -> Bool
  ) {
    if steps <= 0 || batch <= 0 || columns <= 0 { return }
    let plan = SpikePlan(
      steps: steps, batch: batch, features: features, columns: columns, wordsPerRow: wordsPerRow, total: total,
      weights: arePanels ? .panels : .rows)
    let lists = SpikeLists(plan, spikes, isLocal: membrane == nil, in: workspace)
    let product = SpikeProduct(lists: lists, bias: bias)
    let source = SpikeWeights(weights: weights, stride: columns, arePanels: arePanels)
    lists.fill()
    let last = plan.lastIfReversed(weights)
    ThreadPool.shared.run(tasks: plan.panels * plan.shares) { number in
      if shouldStop() { return }
      let task = abs(last - number)
      // Potentials that nobody wants later stay in memory of the task's own.
      let kept = membrane == nil ? plan.steps * plan.samplesPerGroup * plan.width : 0
      withUnsafeTemporaryAllocation(byteCount: max(4, kept * 4), alignment: 64) { room in
        guard let local = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        product.run(
          task, source, local: membrane == nil ? local : nil, out: membrane ?? local, outStride: columns
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
      if neuron % 64 == 0 && min(end, plan.columns) - neuron >= 64 {
        lifWord(
          constants, steps: plan.steps,
          membrane: potentials + ((sample - samples.lowerBound) * stride + neuron - first),
          stride: (isLocal ? samples.count : plan.batch) * stride, spikes: spikes + (sample * words + neuron / 64),
          spikeStride: plan.batch * words, carried: nil)
        neuron += 64
        continue
      }
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
