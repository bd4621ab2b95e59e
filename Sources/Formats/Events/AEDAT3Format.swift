// AEDAT 3.1, the files of cAER, in which DVS128 Gesture is published: packets of events of one kind.
// iniVation's file-formats page of AEDAT 3.1; libcaer's events/common.h and polarity.h.

import Faults

let aedat3Format = EventFormat(name: "aedat3", extensions: ["aedat"]) { source throws(Fault) in
  source.begins("#!AER-DAT3.1")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let (start, lines) = commentLines(try bytes.beginning, mark: 0x23, end: "#!END-HEADER")
  guard lines.last == "#!END-HEADER" else {
    throw source.damage(at: start, found: "the end of the header's lines", expected: "the line #!END-HEADER")
  }
  if try !collector.takeSize(source.options) {
    let chip = lines.first { $0.hasPrefix("#Source") } ?? ""
    let sizes = [("DVS128", 128, 128), ("DAVIS240", 240, 180), ("DAVIS346", 346, 260), ("DAVIS640", 640, 480)]
    if let known = sizes.first(where: { chip.contains($0.0) }) { try collector.setSize(known.1, known.2, source) }
  }
  return AEDAT3Packets(source: source, bytes: bytes, place: start)
}

/// Packets of events of one kind each.
private struct AEDAT3Packets: EventPieces {
  let source: EventSource
  let bytes: EventBytes
  /// The byte of the next packet.
  var place: Int
  private var events = 0
  private var (invalid, skipped, mismatched) = (0, 0, 0)
  private static let headSize = 28

  init(source: EventSource, bytes: EventBytes, place: Int) { (self.source, self.bytes, self.place) = (source, bytes, place) }

  mutating func next(_ collector: EventCollector) throws(Fault) -> Bool {
    let left = bytes.count - place
    if left <= 0 { return false }
    guard left >= Self.headSize else { throw source.truncated(at: place, left, of: Self.headSize, "a packet's header") }
    let words = try bytes.withBytes(place, Self.headSize) { (raw) throws(Fault) in
      (0..<Self.headSize / 4).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
    }
    // The kind and the source are of 16 bits; then the size of an event, where its time lies, overflows, room, events, valid ones.
    let (kind, size, overflow, capacity, number) = (words[0] & 0xffff, words[1], words[3], words[4], words[5])
    guard Int32(bitPattern: size) >= 0, Int32(bitPattern: capacity) >= 0, number <= capacity, Int32(bitPattern: overflow) >= 0 else {
      throw source.damage(
        at: place, found: "a packet of \(number) events of \(size) bytes with room for \(capacity)", expected: "no more events than room")
    }
    let (body, length) = (place + Self.headSize, Int(capacity) * Int(size))
    if number != capacity { mismatched += 1 }
    if kind == 1 {
      guard size == 8 else { throw source.damage(at: place, found: "events of \(size) bytes", expected: "8 bytes an event of a pixel") }
      let whole = min(Int(number), (bytes.count - body) / 8)
      try append(collector, body, whole, Int64(overflow) << 31)
    } else {
      skipped += Int(number)
    }
    if length > bytes.count - body { throw source.truncated(at: body, bytes.count - body, of: length, "a packet") }
    place = body + length
    return true
  }

  /// Appends events of 8 bytes that are known to be there: x and y in 15 bits, polarity, a mark, and a time.
  private mutating func append(_ collector: EventCollector, _ start: Int, _ number: Int, _ base: Int64) throws(Fault) {
    let (builder, source) = (collector.builder, source)
    let (width, height) = (builder.width, builder.height)
    var (invalid, total) = (invalid, events)
    defer { (self.invalid, events) = (invalid, total) }
    try bytes.withBytes(start, number * 8) { (raw) throws(Fault) in
      try Interrupt.parts(number) { (events) throws(Fault) in
        for event in events {
          let at = start + event * 8
          let data = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: event * 8, as: UInt32.self))
          if data & 1 == 0 {
            invalid += 1
            continue
          }
          let (x, y) = (Int(data >> 17), Int(data >> 2 & 0x7fff))
          if x >= width || y >= height { throw source.outside(total, at: at, x: x, y: y, width: width, height: height) }
          let time = Int32(littleEndian: raw.loadUnaligned(fromByteOffset: event * 8 + 4, as: Int32.self))
          if time < 0 { throw source.damage(at: at + 4, found: "the time \(time)", expected: "a time from 0 on") }
          try builder.append(time: base | Int64(time), x: UInt16(x), y: UInt16(y), isOn: UInt8(data >> 1 & 1))
          total += 1
        }
      }
    }
  }

  func tell(_ collector: EventCollector) {
    collector.note(invalid, "event marked as invalid left out", "events marked as invalid left out")
    collector.note(skipped, "event of another kind left out", "events of other kinds left out")
    collector.note(mismatched, "packet with more room than events", "packets with more room than events")
  }
}
