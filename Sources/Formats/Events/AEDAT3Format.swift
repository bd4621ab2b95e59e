// AEDAT 3.1, the files of cAER, in which DVS128 Gesture is published: packets of events of one kind.
// iniVation's file-formats page of AEDAT 3.1; libcaer's events/common.h and polarity.h.

import Faults

let aedat3Format = EventFormat(name: "aedat3", extensions: ["aedat"]) { source throws(Fault) in
  source.begins("#!AER-DAT3.1")
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let (start, lines) = commentLines(bytes, mark: 0x23, end: "#!END-HEADER")
  guard lines.last == "#!END-HEADER" else {
    throw source.damage(at: start, found: "the end of the header's lines", expected: "the line #!END-HEADER")
  }
  if try !collector.takeSize(source.options) {
    let chip = lines.first { $0.hasPrefix("#Source") } ?? ""
    let sizes = [("DVS128", 128, 128), ("DAVIS240", 240, 180), ("DAVIS346", 346, 260), ("DAVIS640", 640, 480)]
    if let known = sizes.first(where: { chip.contains($0.0) }) { try collector.setSize(known.1, known.2, source) }
  }
  var (place, invalid, skipped, mismatched) = (start, 0, 0, 0)
  let headSize = 28
  while place < bytes.count {
    try Interrupt.check()
    var reader = ByteReader(bytes, at: place)
    guard let kind = reader.littleEndian(UInt16.self), reader.littleEndian(UInt16.self) != nil,
      let size = reader.littleEndian(UInt32.self), reader.littleEndian(UInt32.self) != nil,
      let overflow = reader.littleEndian(UInt32.self), let capacity = reader.littleEndian(UInt32.self),
      let number = reader.littleEndian(UInt32.self), reader.littleEndian(UInt32.self) != nil
    else { throw source.truncated(at: place, bytes.count - place, of: headSize, "a packet's header") }
    guard Int32(bitPattern: size) >= 0, Int32(bitPattern: capacity) >= 0, number <= capacity, Int32(bitPattern: overflow) >= 0 else {
      throw source.damage(
        at: place, found: "a packet of \(number) events of \(size) bytes with room for \(capacity)", expected: "no more events than room")
    }
    let (body, length) = (place + headSize, Int(capacity) * Int(size))
    if number != capacity { mismatched += 1 }
    let isPolarity = kind == 1
    if isPolarity {
      guard size == 8 else { throw source.damage(at: place, found: "events of \(size) bytes", expected: "8 bytes an event of a pixel") }
      let whole = min(Int(number), max(0, bytes.count - body) / 8)
      try collector.appendPolarities(bytes, body, whole, Int64(overflow) << 31, source, &invalid)
    } else {
      skipped += Int(number)
    }
    if length > bytes.count - body {
      throw source.truncated(at: body, bytes.count - body, of: length, "a packet")
    }
    place = body + length
  }
  collector.note(invalid, "event marked as invalid left out", "events marked as invalid left out")
  collector.note(skipped, "event of another kind left out", "events of other kinds left out")
  collector.note(mismatched, "packet with more room than events", "packets with more room than events")
}

extension EventCollector {
  /// Appends events of 8 bytes that are known to be there: x and y in 15 bits, polarity, a mark, and a time.
  fileprivate func appendPolarities(
    _ bytes: [UInt8], _ start: Int, _ number: Int, _ base: Int64, _ source: EventSource, _ invalid: inout Int
  ) throws(Fault) {
    let (width, height) = (builder.width, builder.height)
    try bytes.withRaw { (raw) throws(Fault) in
      try Interrupt.parts(number) { (events) throws(Fault) in
        for event in events {
          let at = start + event * 8
          let data = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
          if data & 1 == 0 {
            invalid += 1
            continue
          }
          let (x, y) = (Int(data >> 17), Int(data >> 2 & 0x7fff))
          if x >= width || y >= height { throw source.outside(builder.count, at: at, x: x, y: y, width: width, height: height) }
          let time = Int32(littleEndian: raw.loadUnaligned(fromByteOffset: at + 4, as: Int32.self))
          if time < 0 { throw source.damage(at: at + 4, found: "the time \(time)", expected: "a time from 0 on") }
          try builder.append(time: base | Int64(time), x: UInt16(x), y: UInt16(y), isOn: UInt8(data >> 1 & 1))
        }
      }
    }
  }
}
