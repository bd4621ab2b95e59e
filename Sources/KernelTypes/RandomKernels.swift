// Random words that depend on a key and a place.

/// The Philox4x32-10 function, over many counters at once.
public protocol RandomKernels {
  /// The four words of each of `blocks` counters in a row.
  ///
  /// Philox4x32-10 turns a key and a counter into four random words: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel
  /// random numbers: as easy as 1, 2, 3", SC 2011. The counters are `first ..< first + blocks` in their low half, and
  /// `high` in their high half.
  static func philox(
    key: (UInt32, UInt32), high: UInt64, first: UInt64, blocks: Int, words: UnsafeMutablePointer<UInt32>)

  /// out[i] = low + span * u, with u the words' upper 24 bits as a number in 0..<1.
  static func uniform(
    count: Int, low: Float, span: Float, _ words: UnsafePointer<UInt32>, out: UnsafeMutablePointer<Float>)
}
