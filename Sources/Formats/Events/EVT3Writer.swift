// EVT 3.0, written: a word for what changed since the event before, and one for the event.

import Events
import Faults

/// The bytes of a RAW file in EVT 3.0 that holds some events.
///
/// Its clock has 24 bits and begins at the first event; the line `% t0`, which faery writes too, tells readers what to add.
///
/// - Throws: `.value` for a sensor of more than 2,048 pixels a side, and for times that go back or stand still for days,
///   which the format cannot say.
public func encodeEVT3(_ events: EventStream) throws(Fault) -> [UInt8] {
  let most = 2048
  guard events.width <= most, events.height <= most else {
    throw Fault(
      .value, "EVT 3.0 has at most \(most) pixels a side", label: "the sensor has \(events.width) x \(events.height)",
      help: "write AEDAT 4, or take a part by events.crop")
  }
  let zero = events.timeRange?.lowerBound ?? 0
  let header = """
    % evt 3.0
    % format EVT3;height=\(events.height);width=\(events.width)
    % geometry \(events.width)x\(events.height)
    % t0 \(zero)
    % end

    """
  var bytes = Array(header.utf8)
  var (high, low, y, time) = (Int64(-1), Int64(-1), -1, Int64(0))
  try events.withColumns { (columns) throws(Fault) in
    bytes.reserveCapacity(bytes.count + events.count * 6)
    try Interrupt.parts(events.count) { (places) throws(Fault) in
      for k in places {
        let (now, isBeyond) = columns.times[k].subtractingReportingOverflow(zero)
        if now < time || isBeyond { throw unsorted(k, columns.times[k]) }
        // A reader takes a step of the upper half by 2,048 or more for one back: it is led there in smaller ones.
        let (from, to) = (time >> 12, now >> 12)
        if to - from > 1 << 24 { throw tooFar(k, columns.times[k]) }
        if high < 0 { appendLittleEndian(0x8000 as UInt16, to: &bytes) }
        var reached = from
        while reached < to {
          reached = min(to, reached + 2047)
          appendLittleEndian(0x8000 | UInt16(truncatingIfNeeded: reached & 0xfff), to: &bytes)
          low = 0
        }
        if high < 0 { low = 0 }
        (high, time) = (to, now)
        if now & 0xfff != low {
          low = now & 0xfff
          appendLittleEndian(0x6000 | UInt16(truncatingIfNeeded: low), to: &bytes)
        }
        if Int(columns.y[k]) != y {
          y = Int(columns.y[k])
          appendLittleEndian(columns.y[k], to: &bytes)
        }
        appendLittleEndian(0x2000 | UInt16(columns.isOn[k]) << 11 | columns.x[k], to: &bytes)
      }
    }
  }
  return bytes
}

private func unsorted(_ event: Int, _ time: Int64) -> Fault {
  Fault(
    .value, "a recording is written in the order of time", label: "event \(event), at \(time) us, is earlier than the one before or too far from the first",
    help: "write AEDAT 4, which keeps any order")
}

private func tooFar(_ event: Int, _ time: Int64) -> Fault {
  Fault(
    .value, "EVT 3.0 cannot say such a long silence", label: "before event \(event), at \(time) us", help: "write AEDAT 4, or cut the recording by events.between")
}
