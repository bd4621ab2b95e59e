// EVT 3.0, Prophesee's format of 16-bit words, each of which changes one part of the state that makes an event.
// docs.prophesee.ai; the rules of time and of vectors are those of OpenEB's decoder.

import Events
import Faults

let evt3Format = EventFormat(name: "evt3", extensions: ["raw"]) { source throws(Fault) in
  source.isRaw("EVT3")
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let header = try collector.start(bytes, source)
  let (builder, start) = (collector.builder, header.start)
  let words = EventRecords(
    source, bytes, start: start, size: 2, name: "a word", mostEvents: 12,
    EVT3State(zero: header.zero, width: builder.width, height: builder.height))
  if bytes.isHeld {
    try bytes.withBytes(start, bytes.count - start) { (raw) throws(Fault) in try builder.reserve(countEvents(raw) + words.mostRoom) }
  }
  return words
}

/// How many events words can make at most: room that grows by and by costs more than this look.
private func countEvents(_ raw: UnsafeRawBufferPointer) -> Int {
  var count = 0
  for word in 0..<(raw.count / 2) {
    let value = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: word * 2, as: UInt16.self))
    let kind = value >> 12
    let vector = (kind == 4 ? value & 0xfff : kind == 5 ? value & 0xff : 0).nonzeroBitCount
    count &+= (kind == 2 ? 1 : 0) &+ vector
  }
  return count
}

/// What the words so far have set.
private struct EVT3State: EventRecordDecoder {
  let zero: Int64
  let width: Int
  let height: Int
  /// The sum of whole rounds of the 24-bit clock, and its upper and lower half.
  private var rounds: Int64 = 0
  private var high: Int64 = -1
  private var low: Int64 = 0
  private var time: Int64 = 0
  private var y: UInt16 = 0
  /// Where the next vector begins, apart from the x of single events; it may pass the right edge.
  private var base = 0
  private var vectorIsOn: UInt8 = 0
  var early = 0

  init(zero: Int64, width: Int, height: Int) { (self.zero, self.width, self.height) = (zero, width, height) }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    let (times, xs, ys, polarities) = (room.times, room.x, room.y, room.isOn)
    // A copy, which the compiler keeps in registers.
    var state = self
    defer { self = state }
    var written = 0
    for word in 0..<count {
      let value = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: word * 2, as: UInt16.self))
      switch value >> 12 {
      case 0x2:
        let x = value & 0x7ff
        if state.high < 0 {
          state.early += 1
          continue
        }
        if Int(x) >= state.width || Int(state.y) >= state.height {
          return DecodedEvents(written: written, outside: (word, Int(x), Int(state.y)))
        }
        times[written] = state.time
        xs[written] = x
        ys[written] = state.y
        polarities[written] = UInt8(truncatingIfNeeded: value >> 11 & 1)
        written += 1
      case 0x4, 0x5:
        let is12 = value >> 12 == 0x4
        var mask = UInt32(is12 ? value & 0xfff : value & 0xff)
        let base = state.base
        state.base = min(base + (is12 ? 12 : 8), 1 << 20)
        if mask == 0 { continue }
        if state.high < 0 {
          state.early += mask.nonzeroBitCount
          continue
        }
        let last = base + 31 - mask.leadingZeroBitCount
        if last >= state.width || Int(state.y) >= state.height {
          return DecodedEvents(written: written, outside: (word, last, Int(state.y)))
        }
        let (time, y, isOn) = (state.time, state.y, state.vectorIsOn)
        repeat {
          times[written] = time
          xs[written] = UInt16(truncatingIfNeeded: base + mask.trailingZeroBitCount)
          ys[written] = y
          polarities[written] = isOn
          written += 1
          mask &= mask - 1
        } while mask != 0
      case 0x0: state.y = value & 0x7ff
      case 0x3:
        state.base = Int(value & 0x7ff)
        state.vectorIsOn = UInt8(truncatingIfNeeded: value >> 11 & 1)
      case 0x6:
        state.low = Int64(value & 0xfff)
        state.setTime()
      case 0x8:
        let high = Int64(value & 0xfff)
        if high != state.high {
          if state.high >= high + 2048 { state.rounds &+= 1 << 24 }
          (state.high, state.low) = (high, 0)
          state.setTime()
        }
      // Triggers, continuations and what other kinds there are.
      default: continue
      }
    }
    return DecodedEvents(written: written)
  }

  func tell(_ collector: EventCollector) { collector.noteEarly(early) }

  private mutating func setTime() { time = zero &+ rounds &+ (high << 12 | low) }
}
