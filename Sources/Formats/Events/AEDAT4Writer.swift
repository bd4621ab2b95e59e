// AEDAT 4.0, written: one stream of events, with the table of packets by which readers find a time.

import Events
import Faults
import Libraries

/// The bytes of an AEDAT 4 file that holds some events, in packets of LZ4 unless told otherwise.
///
/// - Throws: `.value` for a sensor of more than 32,767 pixels a side; `.file` where the library of LZ4 is missing.
public func encodeAEDAT4(_ events: EventStream, isPacked: Bool = true) throws(Fault) -> [UInt8] {
  let most = Int(Int16.max)
  guard events.width <= most, events.height <= most else {
    throw Fault(.value, "AEDAT 4 has at most \(most) pixels a side", label: "the sensor has \(events.width) x \(events.height)")
  }
  let lz4 = isPacked ? try LZ4() : nil
  func packed(_ bytes: [UInt8]) throws(Fault) -> [UInt8] { try lz4?.pack(bytes) ?? bytes }
  var bytes = Array(AEDAT4.mark.utf8)
  let start = bytes.count
  let head = AEDAT4.header(width: events.width, height: events.height, compression: isPacked ? 1 : 0)
  bytes += head.bytes
  var entries: [AEDAT4.Entry] = []
  let packetEvents = 1 << 14
  try events.withColumns { (columns) throws(Fault) in
    try Interrupt.parts(events.count, of: packetEvents) { (places) throws(Fault) in
      let body = try packed(AEDAT4.packet(columns, places))
      guard let size = Int32(exactly: body.count) else { throw Fault(.limit, "a packet is too large") }
      appendLittleEndian(Int32(0), to: &bytes)
      appendLittleEndian(size, to: &bytes)
      let times = columns.times[places]
      entries.append(
        AEDAT4.Entry(
          offset: Int64(bytes.count), size: size, count: Int64(places.count), first: times.min() ?? 0, last: times.max() ?? 0))
      bytes += body
    }
  }
  let table = Int64(bytes.count)
  bytes += try packed(AEDAT4.table(entries))
  withUnsafeBytes(of: table.littleEndian) { source in
    for (k, byte) in source.enumerated() { bytes[start + head.tablePlace + k] = byte }
  }
  return bytes
}

extension AEDAT4 {
  /// A line of the table of packets.
  struct Entry {
    var offset: Int64
    var size: Int32
    var count: Int64
    var first: Int64
    var last: Int64
  }

  /// The header, and where in it the place of the table stands.
  static func header(width: Int, height: Int, compression: Int32) -> (bytes: [UInt8], tablePlace: Int) {
    let xml = """
      <dv version="2.0"><node name="outInfo" path="/outInfo/"><node name="0" path="/outInfo/0/">\
      <attr key="compression" type="string">\(compression == 0 ? "NONE" : "LZ4")</attr>\
      <attr key="originalModuleName" type="string">neuedge</attr><attr key="originalOutputName" type="string">events</attr>\
      <attr key="typeDescription" type="string">Array of events (polarity ON/OFF).</attr>\
      <attr key="typeIdentifier" type="string">EVTS</attr><node name="info" path="/outInfo/0/info/">\
      <attr key="sizeX" type="int">\(width)</attr><attr key="sizeY" type="int">\(height)</attr>\
      <attr key="source" type="string">neuedge</attr></node></node></node></dv>
      """
    var body: [UInt8] = []
    append(root: 20, "IOHE", to: &body)
    // The list of the table's fields: its own size, the table's, and where the three fields lie in it.
    for number in [10, 20, 4, 8, 16, 0] as [UInt16] { appendLittleEndian(number, to: &body) }
    appendLittleEndian(Int32(12), to: &body)
    appendLittleEndian(compression, to: &body)
    let tablePlace = 4 + body.count
    appendLittleEndian(Int64(-1), to: &body)
    appendLittleEndian(UInt32(4), to: &body)
    appendLittleEndian(UInt32(xml.utf8.count), to: &body)
    body += xml.utf8
    body += [UInt8](repeating: 0, count: 4 - body.count % 4)
    return (withLength(body), tablePlace)
  }

  /// The events of some places as a packet that is not packed.
  static func packet(_ columns: EventColumns, _ places: Range<Int>) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(32 + places.count * eventSize)
    appendVectorTable("EVTS", places.count, to: &body)
    for k in places {
      appendLittleEndian(columns.times[k], to: &body)
      let rest = UInt64(columns.x[k]) | UInt64(columns.y[k]) << 16 | UInt64(columns.isOn[k]) << 32
      appendLittleEndian(rest, to: &body)
    }
    return withLength(body)
  }

  /// The table of packets.
  static func table(_ entries: [Entry]) -> [UInt8] {
    var body: [UInt8] = []
    appendVectorTable("FTAB", entries.count, to: &body)
    // The list of fields comes behind the offsets, once for all; numbers of 64 bits lie at multiples of 8 behind the length.
    let fields = body.count + 4 * entries.count
    var place = fields + 14
    while (place + 4) % 8 != 4 { place += 1 }
    let stride = 48
    for k in entries.indices { appendLittleEndian(UInt32(place + k * stride - body.count), to: &body) }
    for number in [14, 44, 12, 4, 20, 28, 36] as [UInt16] { appendLittleEndian(number, to: &body) }
    for (k, entry) in entries.enumerated() {
      let at = place + k * stride
      body += [UInt8](repeating: 0, count: at - body.count)
      appendLittleEndian(Int32(at - fields), to: &body)
      appendLittleEndian(Int32(0), to: &body)
      appendLittleEndian(entry.size, to: &body)
      for number in [entry.offset, entry.count, entry.first, entry.last] { appendLittleEndian(number, to: &body) }
    }
    return withLength(body)
  }

  /// A table whose one field is a vector, up to the vector's first item.
  private static func appendVectorTable(_ mark: String, _ count: Int, to body: inout [UInt8]) {
    append(root: 16, mark, to: &body)
    for number in [0, 6, 8, 4] as [UInt16] { appendLittleEndian(number, to: &body) }
    appendLittleEndian(Int32(6), to: &body)
    appendLittleEndian(UInt32(4), to: &body)
    appendLittleEndian(UInt32(count), to: &body)
  }

  private static func append(root: UInt32, _ mark: String, to body: inout [UInt8]) {
    appendLittleEndian(root, to: &body)
    body += mark.utf8
  }

  private static func withLength(_ body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 4)
    appendLittleEndian(UInt32(body.count), to: &bytes)
    return bytes + body
  }
}
