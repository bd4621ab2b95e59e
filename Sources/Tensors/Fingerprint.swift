// A short number that tells values from others: for files and runs that must be of the same thing.

/// A running hash of words, texts and tensors (FNV-1a with the high bits folded in). It is no protection against intent.
public struct Fingerprint: Sendable {
  public private(set) var bits: UInt64 = 0xcbf2_9ce4_8422_2325

  public init() {}

  public var text: String { String(bits, radix: 16) }

  public mutating func add(_ word: UInt64) { bits = ((bits ^ word) &* 0x100_0000_01b3) ^ (bits >> 29) }

  public mutating func add(_ number: Int) { add(UInt64(truncatingIfNeeded: number)) }

  public mutating func add(_ text: String) {
    for byte in text.utf8 { add(UInt64(byte)) }
    add(text.utf8.count)
  }

  public mutating func add(_ tensor: Tensor) {
    for size in tensor.shape { add(size) }
    tensor.withUnsafeBuffer { values in for value in values { add(UInt64(value.bitPattern)) } }
  }
}
