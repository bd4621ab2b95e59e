// Bit-packed spikes: packing, counting, transposing, and their products with weights. A row begins on a whole word, and
// the bits beyond its last feature are 0.

/// Loops over bit-packed spikes.
public protocol SpikeKernels {
  /// Sets one row's bits from floats. Answers false when an element is neither 0 nor 1.
  static func packSpikeRow(
    _ x: UnsafePointer<Float>, features: Int, words: UnsafeMutablePointer<UInt64>
  ) -> Bool

  /// Writes one row's bits as floats.
  static func unpackSpikeRow(
    _ words: UnsafePointer<UInt64>, features: Int, out: UnsafeMutablePointer<Float>
  )

  /// How many sixteen-bit draws `drawTrains` takes for each number that isn't 0.
  static func drawsPerTrain(steps: Int) -> Int

  /// Fires at random: feature f at step t where the t-th of its draws is below `65536 values[f]`, rounded.
  ///
  /// - Parameters:
  ///   - values: 0 to 1.
  ///   - draws: `drawsPerTrain(steps:)` for each feature that isn't 0, in order, and 64 more that don't matter.
  ///   - words: the features' bits at the first step, `stride` words from one step to the next; all are written.
  static func drawTrains(
    _ values: UnsafePointer<Float>, features: Int, steps: Int, draws: UnsafePointer<UInt16>,
    words: UnsafeMutablePointer<UInt64>, stride: Int
  )

  /// Fires regularly: each feature's number is added up step by step, and a whole that is reached becomes a spike. Sums
  /// are exact, and a number is read as the largest that is rounded to it: after t steps there are `floor(t x)` spikes
  /// for each fraction x of up to 2^23 parts.
  ///
  /// - Parameter words: as for `drawTrains`.
  static func regularTrains(
    _ values: UnsafePointer<Float>, features: Int, steps: Int, words: UnsafeMutablePointer<UInt64>, stride: Int
  )

  /// The number of set bits.
  static func countSpikes(_ words: UnsafePointer<UInt64>, count: Int) -> Int

  /// Adds each bit of a row to its counter.
  static func addSpikeRow(
    _ words: UnsafePointer<UInt64>, wordCount: Int, to counters: UnsafeMutablePointer<Float>
  )

  /// The transpose of a bit matrix: out has a row of ceil(rows / 64) words for each feature.
  static func transposeSpikes(
    _ words: UnsafePointer<UInt64>, rows: Int, wordsPerRow: Int, features: Int, out: UnsafeMutablePointer<UInt64>
  )

  /// The shares of spikes from which a dense product is faster: forward, and for the gradient of the weights. Measured,
  /// by `scripts/bench spike-products`.
  static var denseShares: (forward: Double, gradient: Double) { get }

  /// The 32-bit words of scratch memory that `spikeGemm` needs for rows with `total` spikes.
  static func spikeGemmWorkspace(rows: Int, features: Int, total: Int) -> Int

  /// out[r, :] = the sum of weights[k, :] over the bits k set in row r, and bias.
  ///
  /// Work grows with the number of spikes, not with the number of features. The sum runs in order of k, so the same bits
  /// result for any number of threads.
  ///
  /// - Parameters:
  ///   - spikes: rows of `wordsPerRow` words; bits from `features` on are 0.
  ///   - total: the number of bits that are set.
  ///   - weights: [features, columns], row-major with `weightStride` floats a row.
  ///   - workspace: `spikeGemmWorkspace(rows:features:total:)` words. Each thread takes up to 1 MB besides.
  static func spikeGemm(
    rows: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>, wordsPerRow: Int, total: Int,
    weights: UnsafePointer<Float>, weightStride: Int, bias: UnsafePointer<Float>?, out: UnsafeMutablePointer<Float>,
    outStride: Int, workspace: UnsafeMutablePointer<Int32>
  )

  /// The floats that `copySpikePanels` writes.
  static func spikePanelCount(features: Int, columns: Int) -> Int

  /// Copies weights, [features, columns], to where `spikeLif` finds them soonest: panel by panel of columns, in each of
  /// them feature by feature.
  static func copySpikePanels(
    _ weights: UnsafePointer<Float>, features: Int, columns: Int, to panels: UnsafeMutablePointer<Float>
  )

  /// `spikeGemm` with `steps * batch` rows straight into leaky integrate-and-fire neurons that begin at 0, with the bits
  /// of `lifForward` on its result: one panel of neurons after the other, so that drives never leave the cache.
  ///
  /// - Parameters:
  ///   - weights: [features, columns], without gaps; or what `copySpikePanels` made of them, begun on 64 bytes.
  ///   - membrane: where the potentials before reset go, [steps, batch, columns]; nil to forget them.
  ///   - out: the neurons' spikes, `steps * batch * lifWords(columns)` words, all of which are written.
  ///   - workspace: as for `spikeGemm`. Without `membrane`, each thread takes `1000 * 64` floats besides, or a panel's
  ///     of one sample where there are more than 1000 steps.
  ///   - shouldStop: asked before each panel; when it says yes, what is left is not written.
  static func spikeLif(
    _ constants: LifConstants, steps: Int, batch: Int, features: Int, columns: Int, spikes: UnsafePointer<UInt64>,
    wordsPerRow: Int, total: Int, weights: UnsafePointer<Float>, arePanels: Bool, bias: UnsafePointer<Float>?,
    membrane: UnsafeMutablePointer<Float>?, out: UnsafeMutablePointer<UInt64>, workspace: UnsafeMutablePointer<Int32>,
    shouldStop: () -> Bool
  )
}
