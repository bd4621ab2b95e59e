// Event files as TensorBoard reads them: records with masked CRC-32C checksums (the TFRecord framing), in each an `Event` in
// the encoding of protocol buffers. Field numbers are those of tensorflow/core/util/event.proto and framework/summary.proto.

import Faults
import Glibc

/// An event file that scalars are added to. A record that was not written to its end is passed over by TensorBoard.
public struct TensorBoardEvents: Sendable {
  public let path: String
  /// Seconds from 1970 to the beginning of the run.
  private let started: Double

  /// Begins a file in a folder, under a name that TensorBoard looks for. Throws `.file`.
  public init(in folder: String, started: Double) throws(Fault) {
    self.started = started
    path = "\(folder)/events.out.tfevents.\(Int(exactly: started.rounded(.down)) ?? 0).\(hostName()).\(getpid()).0"
    // Field 3, the version of the format.
    try appendBytes(Self.record(event(at: 0) + Self.bytes(3, Array("brain.Event:2".utf8))), to: path)
  }

  /// Adds a scalar summary for each number. Throws `.file`.
  public func add(_ metrics: [RunMetric]) throws(Fault) {
    var out: [UInt8] = []
    for (place, metric) in metrics.enumerated() {
      if place & 0xFFF == 0xFFF { try Interrupt.check() }
      // Of the summary's value, field 1 is the tag and field 2 the number, a float.
      let value = Self.bytes(1, Array(metric.name.utf8)) + [2 << 3 | 5] + Self.little(Float(metric.value).bitPattern)
      let event = event(at: metric.seconds) + [2 << 3] + Self.varint(UInt64(bitPattern: Int64(metric.step)))
      out += Self.record(event + Self.bytes(5, Self.bytes(1, value)))
    }
    try appendBytes(out, to: path)
  }

  /// The beginning of an event: field 1, its time.
  private func event(at seconds: Double) -> [UInt8] { [1 << 3 | 1] + Self.little((started + seconds).bitPattern) }

  /// A field that holds bytes, with their number before them.
  private static func bytes(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] { [field << 3 | 2] + varint(UInt64(bytes.count)) + bytes }

  private static func varint(_ number: UInt64) -> [UInt8] {
    var (rest, out) = (number, [UInt8]())
    while rest >= 0x80 {
      out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return out + [UInt8(rest)]
  }

  private static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  /// Bytes behind their length, each with its checksum.
  static func record(_ bytes: [UInt8]) -> [UInt8] {
    let length = little(UInt64(bytes.count))
    return length + little(maskedChecksum(length)) + bytes + little(maskedChecksum(bytes))
  }

  /// A checksum as it stands beside what it is of: the checksum of bytes that hold checksums would say little.
  private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let sum = crc32c(bytes)
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }
}

/// CRC-32C (RFC 3720, appendix B.4).
func crc32c(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { sum, byte in crcTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8 }
}

private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82F6_3B78 }
}

/// The name that this machine has of itself.
public func hostName() -> String {
  var name = utsname()
  uname(&name)
  return withUnsafePointer(to: &name.nodename) { $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) } }
}
