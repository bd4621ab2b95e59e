// AEDAT 2.0, the files of jAER: lines of text, then an address and a time an event, the highest byte first.
// iniVation's file-formats page of AEDAT 2.0 and 1.0.

import Faults

let aedat2Format = EventFormat(name: "aedat2", extensions: ["aedat"]) { source throws(Fault) in
  source.begins("#!AER-DAT2.0")
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let (start, lines) = commentLines(bytes, mark: 0x23)
  let chip = lines.first { $0.hasPrefix("# AEChip:") }.map { String($0.dropFirst(9)) } ?? ""
  let isDAVIS = chip.contains("DAVIS") || chip.contains("Davis") || source.options.width.map { $0 > 128 } == true
  if try !collector.takeSize(source.options) {
    // The name of the chip's class in jAER ends in its size where it is none of the smallest.
    let (width, height) = isDAVIS ? (chip.contains("346") ? (346, 260) : (240, 180)) : (128, 128)
    try collector.setSize(width, height, source)
    if chip.isEmpty { collector.notes.append("the file names no chip: taken for a DVS128 of 128 x 128 pixels") }
  }
  let (width, height) = (collector.builder.width, collector.builder.height)
  var clock = WrappingClock(bits: 32)
  var (external, others) = (0, 0)
  let size = 8
  let count = (bytes.count - start) / size
  try Interrupt.parts(count) { (events) throws(Fault) in
    for event in events {
      let at = start + event * size
      let address = bigEndian(bytes, at)
      let time = clock.time(Int64(Int32(bitPattern: bigEndian(bytes, at + 4))))
      let x, below: Int
      let isOn: UInt8
      if isDAVIS {
        // Pictures and movements of the camera have bit 31 or bit 10.
        if address >> 31 != 0 || address >> 10 & 1 != 0 {
          others += 1
          continue
        }
        (x, below, isOn) = (Int(address >> 12 & 0x3ff), Int(address >> 22 & 0x1ff), UInt8(address >> 11 & 1))
      } else {
        if address >> 15 & 1 != 0 {
          external += 1
          continue
        }
        (x, below, isOn) = (Int(address >> 1 & 0x7f), Int(address >> 8 & 0x7f), UInt8(address & 1))
      }
      if x >= width || below >= height {
        throw source.outside(collector.builder.count, at: at, x: x, y: below, width: width, height: height)
      }
      // Rows are counted from below.
      try collector.builder.append(time: time, x: UInt16(x), y: UInt16(height - 1 - below), isOn: isOn)
    }
  }
  collector.note(external, "external event left out", "external events left out")
  collector.note(others, "record of pictures or movement left out", "records of pictures or movement left out")
  let rest = (bytes.count - start) % size
  if rest > 0 { throw source.truncated(at: bytes.count - rest, rest, of: size, "an event") }
}

/// The lines at the start of a file that begin with a mark, and the offset behind them.
///
/// - Parameter end: the line that is the last, where the format has one
func commentLines(_ bytes: [UInt8], mark: UInt8, end: String? = nil) -> (start: Int, lines: [String]) {
  var (place, lines) = (0, [String]())
  while place < bytes.count, bytes[place] == mark, let stop = bytes[place...].prefix(1 << 16).firstIndex(of: 0x0a) {
    let line = String(decoding: bytes[place..<stop], as: UTF8.self)
    lines.append(line.hasSuffix("\r") ? String(line.dropLast()) : line)
    place = stop + 1
    if lines.last == end { break }
  }
  return (place, lines)
}

/// Four bytes as a number, the highest first. The caller has checked that they are there.
@inline(__always)
private func bigEndian(_ bytes: [UInt8], _ at: Int) -> UInt32 {
  UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
}
