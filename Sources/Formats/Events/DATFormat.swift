// DAT, Prophesee's older format, in which N-Cars and the Gen1 automotive set are published: 64 bits an event.
// docs.prophesee.ai on DAT; OpenEB's dat_tools.py.

import Events
import Faults

let datFormat = EventFormat(name: "dat", extensions: ["dat"]) { source throws(Fault) in
  source.isNamed(["dat"]) || source.begins("% Data file containing")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  var start = header.start
  if start > 0 {
    // Behind the lines stand the kind of events and their size.
    guard bytes.count >= start + 2 else { throw source.truncated(at: start, bytes.count - start, of: 2, "the kind and size of events") }
    let (kind, size) = try bytes.withBytes(start, 2) { (raw) throws(Fault) in (raw[0], raw[1]) }
    guard kind == 0x00 || kind == 0x0c else {
      throw source.damage(at: start, found: "events of kind 0x\(hexadecimal(kind))", expected: "changes of pixels, 0x00 or 0x0c")
    }
    guard size == 8 else { throw source.damage(at: start + 1, found: "events of \(size) bytes", expected: "8") }
    start += 2
  }
  let builder = collector.builder
  return EventRecords(
    source, bytes, start: start, size: 8, name: "an event",
    DATState(zero: header.zero, width: builder.width, height: builder.height, isFirstVersion: header["version"] == "1"))
}

/// What the events so far have set: the rounds of the clock.
private struct DATState: EventRecordDecoder {
  let zero: Int64
  let width: Int
  let height: Int
  let isFirstVersion: Bool
  private var clock = WrappingClock(bits: 32)

  init(zero: Int64, width: Int, height: Int, isFirstVersion: Bool) {
    (self.zero, self.width, self.height, self.isFirstVersion) = (zero, width, height, isFirstVersion)
  }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    for event in 0..<count {
      let value = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: event * 8, as: UInt64.self))
      let x, y: Int
      let isOn: UInt8
      if isFirstVersion {
        (x, y, isOn) = (Int(value >> 32 & 0x1ff), Int(value >> 41 & 0xff), UInt8(value >> 49 & 1))
      } else {
        (x, y, isOn) = (Int(value >> 32 & 0x3fff), Int(value >> 46 & 0x3fff), UInt8(value >> 60 & 1))
      }
      if x >= width || y >= height { return DecodedEvents(written: event, outside: (event, x, y)) }
      room.write(event, time: clock.time(Int64(value & 0xffff_ffff)) &+ zero, x: x, y: y, isOn: isOn)
    }
    return DecodedEvents(written: count)
  }
}
