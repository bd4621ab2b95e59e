// Parts of a recording: events by number, by time, by place.

import Faults
import Tensors

extension EventStream {
  /// The events at some places. Places that it has not are left out.
  public func part(_ places: Range<Int>) throws(Fault) -> EventStream {
    let places = places.clamped(to: 0..<count)
    let builder = try EventBuilder(width: width, height: height, capacity: places.count)
    try builder.append(self, places)
    return builder.finish()
  }

  /// So many events at places that `place` tells, all of which are there.
  public func part(count wanted: Int, _ place: (Int) -> Int) throws(Fault) -> EventStream {
    let builder = try EventBuilder(width: width, height: height, capacity: wanted)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(wanted) { (places) throws(Fault) in
        for to in places {
          let from = place(to)
          guard columns.times.indices.contains(from) else { continue }
          try builder.append(time: columns.times[from], x: columns.x[from], y: columns.y[from], isOn: columns.isOn[from])
        }
      }
    }
    return builder.finish()
  }

  /// The events from `start` on and before `end`, in microseconds, in their order.
  public func between(_ start: Int64, _ end: Int64) throws(Fault) -> EventStream {
    if isSorted, start <= end {
      let places = try withColumns { (columns) throws(Fault) in
        Self.firstPlace(columns.times, notBefore: start)..<Self.firstPlace(columns.times, notBefore: end)
      }
      return try part(places)
    }
    return try kept { columns, k in columns.times[k] >= start && columns.times[k] < end }
  }

  /// The first place that is not before a time, in the order of time.
  private static func firstPlace(_ times: UnsafeBufferPointer<Int64>, notBefore time: Int64) -> Int {
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The events inside a rectangle, whose upper left pixel becomes (0, 0).
  ///
  /// - Throws: `.value` where the rectangle is empty or reaches beyond the sensor.
  public func cropped(x left: Int, y top: Int, width: Int, height: Int) throws(Fault) -> EventStream {
    guard left >= 0, top >= 0, width > 0, height > 0, left <= self.width, top <= self.height,
      width <= self.width - left, height <= self.height - top
    else {
      throw Fault(
        .value, "the rectangle lies outside the sensor",
        label: "x \(left), y \(top), \(width) x \(height), of a sensor of \(self.width) x \(self.height)")
    }
    return try changed(width: width, height: height) { x, y in
      let (column, row) = (Int(x) - left, Int(y) - top)
      return column >= 0 && row >= 0 && column < width && row < height ? (UInt16(column), UInt16(row)) : nil
    }
  }

  /// The events on a sensor whose pixels are `factor` x `factor` of these: coordinates are divided and rounded down.
  /// No event is lost or merged, as in tonic's Downsample.
  public func downsampled(by factor: Int) throws(Fault) -> EventStream {
    guard EventBuilder.sizes.contains(factor) else {
      throw Fault(.value, "the factor of downsampling is a whole number from 1", label: "it is \(factor)")
    }
    return try changed(width: (width - 1) / factor + 1, height: (height - 1) / factor + 1) { x, y in
      (UInt16(Int(x) / factor), UInt16(Int(y) / factor))
    }
  }

  /// The same events with times counted from another zero, which becomes 0.
  ///
  /// - Throws: `.value` where a time would leave 64 bits.
  public func shifted(zero: Int64) throws(Fault) -> EventStream {
    let builder = try EventBuilder(width: width, height: height, capacity: count)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(count) { (places) throws(Fault) in
        for k in places {
          let (time, overflow) = columns.times[k].subtractingReportingOverflow(zero)
          if overflow {
            throw Fault(.value, "a time would leave 64 bits", label: "event \(k) is at \(columns.times[k]) us, zero is to be \(zero) us")
          }
          try builder.append(time: time, x: columns.x[k], y: columns.y[k], isOn: columns.isOn[k])
        }
      }
    }
    return builder.finish()
  }

  /// Events at other pixels; nil leaves one out.
  private func changed(
    width: Int, height: Int, _ place: (UInt16, UInt16) -> (UInt16, UInt16)?
  ) throws(Fault) -> EventStream {
    let builder = try EventBuilder(width: width, height: height)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(count) { (places) throws(Fault) in
        for k in places {
          guard let (x, y) = place(columns.x[k], columns.y[k]) else { continue }
          try builder.append(time: columns.times[k], x: x, y: y, isOn: columns.isOn[k])
        }
      }
    }
    return builder.finish()
  }

  /// The events that a test lets pass, asked in their order.
  func kept(_ isKept: (EventColumns, Int) -> Bool) throws(Fault) -> EventStream {
    let builder = try EventBuilder(width: width, height: height)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(count) { (places) throws(Fault) in
        for k in places where isKept(columns, k) {
          try builder.append(time: columns.times[k], x: columns.x[k], y: columns.y[k], isOn: columns.isOn[k])
        }
      }
    }
    return builder.finish()
  }
}
