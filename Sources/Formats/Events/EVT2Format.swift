// EVT 2.0, Prophesee's format of 32 bits an event. docs.prophesee.ai; OpenEB's decoders.

import Events
import Faults

let evt2Format = EventFormat(name: "evt2", extensions: ["raw"]) { source throws(Fault) in
  source.isRaw("EVT2")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  let builder = collector.builder
  return EventRecords(
    source, bytes, start: header.start, size: 4, name: "a word",
    EVT2State(zero: header.zero, width: builder.width, height: builder.height))
}

/// What the words so far have set.
private struct EVT2State: EventRecordDecoder {
  let zero: Int64
  let width: Int
  let height: Int
  private var high: Int64?
  /// Times have 34 bits, of which an event has the lowest 6.
  private var clock = WrappingClock(bits: 34)
  private var early = 0

  init(zero: Int64, width: Int, height: Int) { (self.zero, self.width, self.height) = (zero, width, height) }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    var written = 0
    for word in 0..<count {
      let value = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: word * 4, as: UInt32.self))
      switch value >> 28 {
      case 0, 1:
        guard let high else {
          early += 1
          continue
        }
        let (x, y) = (Int(value >> 11 & 0x7ff), Int(value & 0x7ff))
        if x >= width || y >= height { return DecodedEvents(written: written, outside: (word, x, y)) }
        room.write(written, time: high &+ Int64(value >> 22 & 0x3f), x: x, y: y, isOn: UInt8(truncatingIfNeeded: value >> 28))
        written += 1
      case 8: high = clock.time(Int64(value & 0x0fff_ffff) << 6) &+ zero
      // Triggers, movements and what other kinds there are.
      default: continue
      }
    }
    return DecodedEvents(written: written)
  }

  func tell(_ collector: EventCollector) { collector.noteEarly(early) }
}
