// DAT, Prophesee's older format, in which N-Cars and the Gen1 automotive set are published: 64 bits an event.
// docs.prophesee.ai on DAT; OpenEB's dat_tools.py.

import Events
import Faults

let datFormat = EventFormat(name: "dat", extensions: ["dat"]) { source throws(Fault) in
  source.isNamed(["dat"]) || source.begins("% Data file containing")
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  var start = header.start
  if start > 0 {
    // Behind the lines stand the kind of events and their size.
    guard bytes.count >= start + 2 else { throw source.truncated(at: start, bytes.count - start, of: 2, "the kind and size of events") }
    let (kind, size) = (bytes[start], bytes[start + 1])
    guard kind == 0x00 || kind == 0x0c else {
      throw source.damage(at: start, found: "events of kind 0x\(hexadecimal(kind))", expected: "changes of pixels, 0x00 or 0x0c")
    }
    guard size == 8 else { throw source.damage(at: start + 1, found: "events of \(size) bytes", expected: "8") }
    start += 2
  }
  let isFirstVersion = header["version"] == "1"
  let (builder, zero) = (collector.builder, header.zero)
  let (width, height) = (builder.width, builder.height)
  var clock = WrappingClock(bits: 32)
  try bytes.withRaw { (raw) throws(Fault) in
    try Interrupt.parts((raw.count - start) / 8) { (events) throws(Fault) in
      for event in events {
        let at = start + event * 8
        let value = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        let x, y: Int
        let isOn: UInt8
        if isFirstVersion {
          (x, y, isOn) = (Int(value >> 32 & 0x1ff), Int(value >> 41 & 0xff), UInt8(value >> 49 & 1))
        } else {
          (x, y, isOn) = (Int(value >> 32 & 0x3fff), Int(value >> 46 & 0x3fff), UInt8(value >> 60 & 1))
        }
        if x >= width || y >= height { throw source.outside(builder.count, at: at, x: x, y: y, width: width, height: height) }
        let time = clock.time(Int64(value & 0xffff_ffff))
        try builder.append(time: time &+ zero, x: UInt16(x), y: UInt16(y), isOn: isOn)
      }
    }
  }
  let rest = (bytes.count - start) % 8
  if rest > 0 { throw source.truncated(at: bytes.count - rest, rest, of: 8, "an event") }
}
