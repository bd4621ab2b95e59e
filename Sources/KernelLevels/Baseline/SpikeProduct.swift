// The walk of one task of a spike product through its groups of rows and blocks of features.

import CVector

/// Weights in memory.
struct SpikeWeights {
  /// Rows of all columns, `stride` floats apart; or panels, one behind the other.
  let weights: UnsafePointer<Float>
  let stride: Int
  var arePanels = false

  /// Copies some columns of some rows side by side, in rows of `width` floats.
  @inline(__always)
  func pack(_ features: Range<Int>, _ first: Int, _ columns: Int, to target: UnsafeMutablePointer<Float>, width: Int) {
    var line = target
    for feature in features {
      let source = weights + (feature * stride + first)
      var j = 0
      while j < width {
        vector_prefetch(source + 32 * stride + j)
        store(loadHead(source + j, columns - j), line + j)
        j += vectorWidth
      }
      line += width
    }
  }
}

/// What the tasks of a spike product share.
struct SpikeProduct {
  let lists: SpikeLists
  let bias: UnsafePointer<Float>?

  /// The floats of packed weights that are kept from group to group.
  private static let mostKept = 262_144

  /// One panel of columns by one share of the groups.
  ///
  /// - Parameters:
  ///   - local: where sums go that the lists count within a group; nil for their places in `out`.
  ///   - finish: called with each group when its sums are complete: the panel's first column, its first sum, and how
  ///     far apart the rows are.
  @inline(__always)
  func run(
    _ task: Int, _ source: SpikeWeights, local: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<Float>,
    outStride: Int,
    finish: (_ group: Int, _ first: Int, _ sums: UnsafeMutablePointer<Float>, _ stride: Int) -> Void
  ) {
    let plan = lists.plan
    let first = task / plan.shares * plan.width
    let columns = min(plan.width, plan.columns - first)
    let groups = plan.groups(ofShare: task % plan.shares)
    if columns <= 0 { return }
    // Blocks are kept for the next group, if there is one and they fit the second cache.
    let keepsBlocks = groups.count > 1 && plan.features * plan.width <= SpikeProduct.mostKept
    let widest = (0..<plan.blocks).reduce(0) { max($0, plan.features($1).count) }
    let packedFeatures = plan.copies ? (keepsBlocks ? plan.features : widest) : 0
    withUnsafeTemporaryAllocation(byteCount: max(4, packedFeatures * plan.width * 4), alignment: 64) { room in
      guard let packed = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      for group in groups {
        let stride = local == nil ? outStride : plan.width
        let sums = local ?? out + (plan.samples(group).lowerBound * outStride + first)
        for block in 0..<plan.blocks {
          let features = plan.features(block)
          if source.arePanels {
            let panel = packedPanel(source.weights + (first * plan.features + features.lowerBound * plan.width), columns)
            add(panel, first, group, block, to: sums, stride: stride)
            continue
          }
          var panel = SpikePanel(
            weights: source.weights + (features.lowerBound * source.stride + first), step: source.stride,
            columns: columns, lastVector: columns - vectorWidth)
          if plan.copies {
            let place = packed + (keepsBlocks ? features.lowerBound * plan.width : 0)
            if group == groups.lowerBound || !keepsBlocks { source.pack(features, first, columns, to: place, width: plan.width) }
            panel = packedPanel(UnsafePointer(place), columns)
          }
          add(panel, first, group, block, to: sums, stride: stride)
        }
        finish(group, first, sums, stride)
      }
    }
  }

  /// One panel of columns by all groups, with weights that are computed for it.
  ///
  /// - Parameter compute: writes the weights of all features from column `first` on, in rows of the plan's width.
  @inline(__always)
  func runComputed(
    _ task: Int, out: UnsafeMutablePointer<Float>,
    _ compute: (_ first: Int, _ target: UnsafeMutablePointer<Float>) -> Void
  ) {
    let plan = lists.plan
    let first = task * plan.width
    withUnsafeTemporaryAllocation(byteCount: max(4, plan.features * plan.width * 4), alignment: 64) { room in
      guard let weights = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      compute(first, weights)
      for group in 0..<plan.groups {
        for block in 0..<plan.blocks {
          let panel = packedPanel(
            UnsafePointer(weights) + plan.features(block).lowerBound * plan.width, min(plan.width, plan.columns - first))
          add(
            panel, first, group, block, to: out + (plan.samples(group).lowerBound * plan.columns + first),
            stride: plan.columns)
        }
      }
    }
  }

  private func packedPanel(_ weights: UnsafePointer<Float>, _ columns: Int) -> SpikePanel {
    SpikePanel(
      weights: weights, step: lists.plan.width, columns: columns,
      lastVector: (columns - 1) / vectorWidth * vectorWidth)
  }

  /// Adds the products of a group and a block of features to its sums.
  @inline(__always)
  private func add(
    _ panel: SpikePanel, _ first: Int, _ group: Int, _ block: Int, to sums: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var panel = panel
    panel.goesOn = block > 0
    panel.bias = block == lists.plan.blocks - 1 ? bias.map { $0 + first } : nil
    panel.multiply(lists, lists.entries(group, block), to: sums, stride: stride)
  }
}
