// Which way a matrix is walked next.

import Synchronization

/// Turns the way through a matrix around each time: what the last walk has left in the cache is then met first. A matrix
/// half as large again as the cache, walked one way only, would find nothing of itself there.
public enum PanelOrder {
  private static let directions = Atomic<UInt64>(0)

  /// Whether this walk goes from the last panel to the first.
  ///
  /// - Parameter address: of the matrix; some matrices share a direction.
  public static func isReversed(_ address: UnsafePointer<Float>) -> Bool {
    let bit = UInt64(1) << UInt64(UInt(bitPattern: address) >> 12 & 63)
    return directions.bitwiseXor(bit, ordering: .relaxed).oldValue & bit != 0
  }
}
