// How a product of spikes and weights is cut so that weights are read from the caches.

/// The cuts of a product of `steps * batch` rows of spikes. They depend on the counts alone.
///
/// Columns are cut into panels, as wide as the registers hold sums. Samples are cut into groups, whose sums stay in the
/// second cache; features into blocks, whose weights stay in the first.
struct SpikePlan {
  let steps, batch, features, columns, wordsPerRow: Int
  /// How many vectors of sums a panel has, and how many panels there are.
  let panelVectors, panels: Int
  let samplesPerGroup, groups: Int
  /// How many tasks share the groups of a panel.
  let shares: Int
  let blocks: Int
  /// Whether a panel's weights are copied together first.
  let copies: Bool
  /// Whether the rows of a block are taken in order of their counts of spikes: where they are short, guessing the ends
  /// of their lists wrongly costs as much as the sums.
  let sorts: Bool

  /// From how many uses of a weight on copying it pays.
  private static var copyingUses: Int { 8 }

  var rows: Int { steps * batch }
  var width: Int { panelVectors * vectorWidth }

  /// How the weights of a product are found.
  enum Weights {
    /// In rows of all columns.
    case rows
    /// In panels of full width, one behind the other.
    case panels
    /// In panels of full width that are computed when they are wanted, and never twice.
    case computed
  }

  /// The vectors of a panel of full width: wider ones need fewer list entries a sum, and leave the first cache sooner.
  static var fullVectors: Int { @inline(__always) get { vectorWidth == 16 ? 4 : 8 } }

  init(
    steps: Int, batch: Int, features: Int, columns: Int, wordsPerRow: Int, total: Int, weights: Weights = .rows
  ) {
    (self.steps, self.batch, self.features, self.columns) = (steps, batch, features, columns)
    self.wordsPerRow = wordsPerRow
    let rows = steps * batch
    let vectors = (columns + vectorWidth - 1) / vectorWidth
    // Where weights are used a few times only, longer pieces of their lines arrive sooner.
    let most = weights == .rows && total <= SpikePlan.copyingUses * features ? 8 : SpikePlan.fullVectors
    let fewest = max(1, (vectors + most - 1) / most)
    // In whole sixteens, as the bits of neurons are written.
    let unit = max(1, 16 / vectorWidth)
    panelVectors = weights == .rows ? max(1, ((vectors + fewest - 1) / fewest + unit - 1) / unit * unit) : most
    panels = (vectors + panelVectors - 1) / panelVectors
    // Few panels are shared by samples too, in groups large enough to pay for packing the panel again.
    let tasks = weights == .computed ? 1 : max(1, 16 / max(1, panels))
    samplesPerGroup = max(1, min(batch, 1000 / max(1, steps), max(256 / max(1, steps), (batch + tasks - 1) / tasks)))
    groups = (batch + samplesPerGroup - 1) / samplesPerGroup
    shares = max(1, min(groups, tasks))
    copies = weights == .rows && total > SpikePlan.copyingUses * shares * features
    // Sums are taken up and put down once a block, for which a dozen spikes make up.
    let dozen = 12 * rows * wordsPerRow / max(1, total) + 1
    let wordBytes = 64 * panelVectors * vectorWidth * 4
    let isReused = copies || weights != .rows || total > features
    blocks = isReused ? max(1, wordsPerRow / max(2, min(dozen, 16), 32_768 / wordBytes)) : 1
    sorts = blocks > 1
  }

  /// A block has two words at least, where there are so many.
  static func mostBlocks(wordsPerRow: Int) -> Int { max(1, wordsPerRow / 2) }

  /// The samples of a group.
  func samples(_ group: Int) -> Range<Int> {
    group * samplesPerGroup..<min(batch, (group + 1) * samplesPerGroup)
  }

  /// The groups of a task's share.
  func groups(ofShare share: Int) -> Range<Int> {
    groups * share / shares..<groups * (share + 1) / shares
  }

  /// The last task if the panels of weights, read in place, are walked backwards this time; else 0.
  func lastIfReversed(_ weights: UnsafePointer<Float>) -> Int {
    !copies && PanelOrder.isReversed(weights) ? panels * shares - 1 : 0
  }

  /// The words of a block.
  func words(_ block: Int) -> Range<Int> {
    wordsPerRow * block / blocks..<wordsPerRow * (block + 1) / blocks
  }

  /// The features of a block.
  func features(_ block: Int) -> Range<Int> {
    let words = words(block)
    return min(features, words.lowerBound * 64)..<min(features, words.upperBound * 64)
  }
}
