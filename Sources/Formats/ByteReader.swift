// Bounds-checked reading of a byte array, for formats whose every length may be a lie.

import Faults

/// A cursor over bytes that gives nil where they end instead of trapping.
struct ByteReader {
  let bytes: [UInt8]
  var offset = 0

  init(_ bytes: [UInt8], at offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(max(0, offset), bytes.count)
  }

  var remaining: Int { bytes.count - offset }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    if count < 0 || count > remaining { return nil }
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  /// The next bytes as an unsigned integer, least significant byte first.
  mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) -> T? {
    take(MemoryLayout<T>.size)?.reversed().reduce(0) { $0 << 8 | T($1) }
  }
}

/// Appends an integer, least significant byte first.
func appendLittleEndian<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
  withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
}

/// Numbers of `Element`'s width from raw bytes, in the given order; a rest too short for one is left out.
func unpack<Element: BitwiseCopyable>(
  _ bytes: ArraySlice<UInt8>, as _: Element.Type, littleEndian: Bool
) -> [Element] {
  let width = MemoryLayout<Element>.size
  let count = bytes.count / width
  let native = littleEndian == (1.littleEndian == 1)
  return [Element](unsafeUninitializedCapacity: count) { target, filled in
    let raw = UnsafeMutableRawBufferPointer(target)
    bytes.withUnsafeBytes { source in
      raw.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[0..<(count * width)]))
    }
    if !native, width > 1 {
      for start in stride(from: 0, to: count * width, by: width) {
        for k in 0..<(width / 2) { raw.swapAt(start + k, start + width - 1 - k) }
      }
    }
    filled = count
  }
}

/// The bytes of numbers, least significant byte first.
func pack<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] {
  let width = MemoryLayout<Element>.size
  var bytes = values.withUnsafeBytes { Array($0) }
  if 1.littleEndian != 1, width > 1 {
    for start in stride(from: 0, to: bytes.count, by: width) { bytes[start..<(start + width)].reverse() }
  }
  return bytes
}

/// The product of sizes, or nil when one is negative or the product does not fit an `Int`.
func checkedProduct(_ sizes: some Sequence<Int>) -> Int? {
  var product = 1
  for size in sizes {
    let (next, overflow) = product.multipliedReportingOverflow(by: size)
    if overflow || size < 0 { return nil }
    product = next
  }
  return product
}

extension [UInt8] {
  /// The bytes as raw memory, as long as a body may look at them.
  func withRaw<Result>(_ body: (UnsafeRawBufferPointer) throws(Fault) -> Result) throws(Fault) -> Result {
    try withUnsafeBufferPointer { (bytes) throws(Fault) in try body(UnsafeRawBufferPointer(bytes)) }
  }
}
