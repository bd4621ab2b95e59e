// EVT 2.1, Prophesee's format of up to 32 events of a row in 64 bits. docs.prophesee.ai; OpenEB's evt21_event_types.h.

import Events
import Faults

/// The two halves of a word are swapped in files that say `endianness=legacy`, as the IMX636 writes them.
let evt21Format = EventFormat(name: "evt21", extensions: ["raw"]) { source throws(Fault) in
  source.isRaw("EVT21")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  let builder = collector.builder
  return EventRecords(
    source, bytes, start: header.start, size: 8, name: "a word", mostEvents: 32,
    EVT21State(
      zero: header.zero, width: builder.width, height: builder.height, isSwapped: header["format.endianness"] == "legacy"))
}

/// What the words so far have set.
private struct EVT21State: EventRecordDecoder {
  let zero: Int64
  let width: Int
  let height: Int
  let isSwapped: Bool
  private var high: Int64?
  private var clock = WrappingClock(bits: 34)
  private var early = 0

  init(zero: Int64, width: Int, height: Int, isSwapped: Bool) {
    (self.zero, self.width, self.height, self.isSwapped) = (zero, width, height, isSwapped)
  }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    var written = 0
    for word in 0..<count {
      let stored = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self))
      let value = isSwapped ? stored << 32 | stored >> 32 : stored
      switch value >> 60 {
      case 0, 1:
        var mask = UInt32(truncatingIfNeeded: value)
        guard let high else {
          early += mask.nonzeroBitCount
          continue
        }
        let (base, y) = (Int(value >> 43 & 0x7ff), Int(value >> 32 & 0x7ff))
        let last = base + 31 - mask.leadingZeroBitCount
        if mask != 0, last >= width || y >= height { return DecodedEvents(written: written, outside: (word, last, y)) }
        let time = high &+ Int64(value >> 54 & 0x3f)
        while mask != 0 {
          room.write(
            written, time: time, x: base + mask.trailingZeroBitCount, y: y, isOn: UInt8(truncatingIfNeeded: value >> 60))
          written += 1
          mask &= mask - 1
        }
      case 8: high = clock.time(Int64(value >> 32 & 0x0fff_ffff) << 6) &+ zero
      default: continue
      }
    }
    return DecodedEvents(written: written)
  }

  func tell(_ collector: EventCollector) { collector.noteEarly(early) }
}
