// AEDAT 2.0, the files of jAER: lines of text, then an address and a time an event, the highest byte first.
// iniVation's file-formats page of AEDAT 2.0 and 1.0.

import Faults

let aedat2Format = EventFormat(name: "aedat2", extensions: ["aedat"]) { source throws(Fault) in
  source.begins("#!AER-DAT2.0")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let (start, lines) = commentLines(try bytes.beginning, mark: 0x23)
  let chip = lines.first { $0.hasPrefix("# AEChip:") }.map { String($0.dropFirst(9)) } ?? ""
  let isDAVIS = chip.contains("DAVIS") || chip.contains("Davis") || source.options.width.map { $0 > 128 } == true
  if try !collector.takeSize(source.options) {
    // The name of the chip's class in jAER ends in its size where it is none of the smallest.
    let (width, height) = isDAVIS ? (chip.contains("346") ? (346, 260) : (240, 180)) : (128, 128)
    try collector.setSize(width, height, source)
    if chip.isEmpty { collector.notes.append("the file names no chip: taken for a DVS128 of 128 x 128 pixels") }
  }
  return EventRecords(
    source, bytes, start: start, size: 8, name: "an event",
    AEDAT2State(width: collector.builder.width, height: collector.builder.height, isDAVIS: isDAVIS))
}

/// What the events so far have set.
private struct AEDAT2State: EventRecordDecoder {
  let width: Int
  let height: Int
  let isDAVIS: Bool
  private var clock = WrappingClock(bits: 32)
  private var external = 0
  private var others = 0

  init(width: Int, height: Int, isDAVIS: Bool) { (self.width, self.height, self.isDAVIS) = (width, height, isDAVIS) }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    var written = 0
    func word(_ at: Int) -> UInt32 { UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)) }
    for event in 0..<count {
      let address = word(event * 8)
      let time = clock.time(Int64(Int32(bitPattern: word(event * 8 + 4))))
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
      if x >= width || below >= height { return DecodedEvents(written: written, outside: (event, x, below)) }
      // Rows are counted from below.
      room.write(written, time: time, x: x, y: height - 1 - below, isOn: isOn)
      written += 1
    }
    return DecodedEvents(written: written)
  }

  func tell(_ collector: EventCollector) {
    collector.note(external, "external event left out", "external events left out")
    collector.note(others, "record of pictures or movement left out", "records of pictures or movement left out")
  }
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
