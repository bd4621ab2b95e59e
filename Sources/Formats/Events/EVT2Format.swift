// EVT 2.0, Prophesee's format of 32 bits an event. docs.prophesee.ai; OpenEB's decoders.

import Events
import Faults

let evt2Format = EventFormat(name: "evt2", extensions: ["raw"]) { source throws(Fault) in
  source.isRaw("EVT2")
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  let (builder, start, zero) = (collector.builder, header.start, header.zero)
  let (width, height) = (builder.width, builder.height)
  var high: Int64?
  // Times have 34 bits, of which an event has the lowest 6.
  var clock = WrappingClock(bits: 34)
  var early = 0
  try bytes.withRaw { (raw) throws(Fault) in
    try Interrupt.parts((raw.count - start) / 4) { (words) throws(Fault) in
      try builder.append(room: words.count) { times, xs, ys, polarities in
        var written = 0
        for word in words {
          let at = start + word * 4
          let value = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
          switch value >> 28 {
          case 0, 1:
            guard let high else {
              early += 1
              continue
            }
            let (x, y) = (Int(value >> 11 & 0x7ff), Int(value & 0x7ff))
            if x >= width || y >= height {
              return (written, source.outside(builder.count + written, at: at, x: x, y: y, width: width, height: height))
            }
            times[written] = high &+ Int64(value >> 22 & 0x3f)
            xs[written] = UInt16(truncatingIfNeeded: x)
            ys[written] = UInt16(truncatingIfNeeded: y)
            polarities[written] = UInt8(truncatingIfNeeded: value >> 28)
            written += 1
          case 8: high = clock.time(Int64(value & 0x0fff_ffff) << 6) &+ zero
          // Triggers, movements and what other kinds there are.
          default: continue
          }
        }
        return (written, nil)
      }
    }
  }
  collector.note(early, "event before the first time left out", "events before the first time left out")
  let rest = (bytes.count - start) % 4
  if rest > 0 { throw source.truncated(at: bytes.count - rest, rest, of: 4, "a word") }
}
