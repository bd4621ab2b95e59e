// The recordings of N-MNIST and N-Caltech101: 40 bits an event of an ATIS, without a header.
// G. Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades" (2015).

import Faults

/// Five bytes an event: x, y, polarity in the highest bit, and 23 bits of microseconds. An event in row 240 is none: it
/// says that 2^13 us are to be added to all that follow.
let atisFormat = EventFormat(name: "nmnist", extensions: ["bin"]) { source throws(Fault) in
  source.isNamed(["bin"])
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let isKnown = try collector.takeSize(source.options)
  if !isKnown { try collector.setSize(240, 180, source) }
  let builder = collector.builder
  return EventRecords(
    source, bytes, start: 0, size: 5, name: "an event",
    ATISState(width: builder.width, height: builder.height, isKnown: isKnown))
}

/// What the events so far have set.
private struct ATISState: EventRecordDecoder {
  let width: Int
  let height: Int
  let isKnown: Bool
  private var clock = WrappingClock(bits: 23)
  private var added: Int64 = 0
  private var largestX = 0
  private var largestY = 0
  private static let marker: UInt8 = 240

  init(width: Int, height: Int, isKnown: Bool) { (self.width, self.height, self.isKnown) = (width, height, isKnown) }

  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents {
    var written = 0
    func byte(_ at: Int) -> UInt8 { raw.load(fromByteOffset: at, as: UInt8.self) }
    for event in 0..<count {
      let at = event * 5
      let (x, y) = (Int(byte(at)), Int(byte(at + 1)))
      if y == Int(Self.marker) {
        added &+= 1 << 13
        continue
      }
      if x >= width || y >= height { return DecodedEvents(written: written, outside: (event, x, y)) }
      (largestX, largestY) = (max(largestX, x), max(largestY, y))
      let reading = Int64(byte(at + 2) & 0x7f) << 16 | Int64(byte(at + 3)) << 8 | Int64(byte(at + 4))
      room.write(written, time: clock.time(reading) &+ added, x: x, y: y, isOn: byte(at + 2) >> 7)
      written += 1
    }
    return DecodedEvents(written: written)
  }

  /// N-MNIST's pictures have 34 x 34 pixels of the sensor's.
  var size: (width: Int, height: Int)? { !isKnown && largestX < 34 && largestY < 34 ? (34, 34) : nil }

  func tell(_ collector: EventCollector) {
    if let size { try? collector.builder.resize(width: size.width, height: size.height) }
  }
}
