// The recordings of N-MNIST and N-Caltech101: 40 bits an event of an ATIS, without a header.
// G. Orchard et al., "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades" (2015).

import Faults

/// Five bytes an event: x, y, polarity in the highest bit, and 23 bits of microseconds. An event in row 240 is none: it
/// says that 2^13 us are to be added to all that follow.
let atisFormat = EventFormat(name: "nmnist", extensions: ["bin"]) { source throws(Fault) in
  source.isNamed(["bin"])
} read: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let isKnown = try collector.takeSize(source.options)
  let (width, height) = isKnown ? (collector.builder.width, collector.builder.height) : (240, 180)
  if !isKnown { try collector.setSize(width, height, source) }
  let marker: UInt8 = 240
  var (added, largestX, largestY) = (Int64(0), 0, 0)
  var clock = WrappingClock(bits: 23)
  let size = 5
  try Interrupt.parts(bytes.count / size) { (events) throws(Fault) in
    for event in events {
      let at = event * size
      let (x, y) = (bytes[at], bytes[at + 1])
      if y == marker {
        added &+= 1 << 13
        continue
      }
      if Int(x) >= width || Int(y) >= height {
        throw source.outside(collector.builder.count, at: at, x: Int(x), y: Int(y), width: width, height: height)
      }
      (largestX, largestY) = (max(largestX, Int(x)), max(largestY, Int(y)))
      let reading = Int64(bytes[at + 2] & 0x7f) << 16 | Int64(bytes[at + 3]) << 8 | Int64(bytes[at + 4])
      try collector.builder.append(
        time: clock.time(reading) &+ added, x: UInt16(x), y: UInt16(y), isOn: bytes[at + 2] >> 7)
    }
  }
  // N-MNIST's pictures have 34 x 34 pixels of the sensor's.
  if !isKnown, largestX < 34, largestY < 34 { try collector.setSize(34, 34, source) }
  let rest = bytes.count % size
  if rest > 0 { throw source.truncated(at: bytes.count - rest, rest, of: size, "an event") }
}
