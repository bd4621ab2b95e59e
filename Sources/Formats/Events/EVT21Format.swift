// EVT 2.1, Prophesee's format of up to 32 events of a row in 64 bits. docs.prophesee.ai; OpenEB's evt21_event_types.h.

import Events
import Faults

/// The two halves of a word are swapped in files that say `endianness=legacy`, as the IMX636 writes them.
let evt21Format = EventFormat(name: "evt21", extensions: ["raw"]) { source throws(Fault) in
  source.isRaw("EVT21")
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  let (builder, start, zero) = (collector.builder, header.start, header.zero)
  let isSwapped = header["format.endianness"] == "legacy"
  let (width, height) = (builder.width, builder.height)
  var high: Int64?
  var clock = WrappingClock(bits: 34)
  var early = 0
  try bytes.withRaw { (raw) throws(Fault) in
    try Interrupt.parts((raw.count - start) / 8, of: 16_384) { (words) throws(Fault) in
      try builder.append(room: words.count * 32) { times, xs, ys, polarities in
        var written = 0
        for word in words {
          let at = start + word * 8
          let stored = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
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
            if mask != 0, last >= width || y >= height {
              return (written, source.outside(builder.count + written, at: at, x: last, y: y, width: width, height: height))
            }
            let time = high &+ Int64(value >> 54 & 0x3f)
            while mask != 0 {
              times[written] = time
              xs[written] = UInt16(truncatingIfNeeded: base + mask.trailingZeroBitCount)
              ys[written] = UInt16(truncatingIfNeeded: y)
              polarities[written] = UInt8(truncatingIfNeeded: value >> 60)
              written += 1
              mask &= mask - 1
            }
          case 8: high = clock.time(Int64(value >> 32 & 0x0fff_ffff) << 6) &+ zero
          default: continue
          }
        }
        return (written, nil)
      }
    }
  }
  collector.note(early, "event before the first time left out", "events before the first time left out")
  let rest = (bytes.count - start) % 8
  if rest > 0 { throw source.truncated(at: bytes.count - rest, rest, of: 8, "a word") }
}
