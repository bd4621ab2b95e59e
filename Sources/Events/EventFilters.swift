// Filters against what a camera adds of its own: background activity, hot pixels, and pixels that speak too often.

import Faults
import Tensors

/// The pixels around one whose activity speaks for an event.
public enum Neighbourhood: String, CaseIterable, Sendable {
  /// Those that share a side with it, as in tonic.
  case four
  /// Those that share a side or a corner with it, as in dv-processing.
  case eight

  var offsets: [(Int, Int)] {
    let sides = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    return self == .four ? sides : sides + [(-1, -1), (1, -1), (-1, 1), (1, 1)]
  }
}

extension EventStream {
  /// The events that have company: a neighbouring pixel had one less than `window` microseconds before. What is left out
  /// is company all the same.
  ///
  /// This is the filter of T. Delbruck (2008) as tonic's Denoise has it (four neighbours), and with eight neighbours
  /// dv-processing's BackgroundActivityNoiseFilter. As there, each pixel counts as active at time 0, so all events
  /// before `window` pass.
  ///
  /// - Throws: `.value` for a window below 0.
  public func denoised(window: Int64, neighbours: Neighbourhood = .four) throws(Fault) -> EventStream {
    try Self.check(window, "window")
    var last = try pixelTimes(0)
    let (width, height, offsets) = (width, height, neighbours.offsets)
    return try kept { columns, k in
      let (time, x, y) = (columns.times[k], Int(columns.x[k]), Int(columns.y[k]))
      last[y * width + x] = time
      return offsets.contains { offset in
        let (column, row) = (x + offset.0, y + offset.1)
        guard column >= 0, row >= 0, column < width, row < height else { return false }
        return isLess(time, last[row * width + column], plus: window)
      }
    }
  }

  /// How a pixel's dead time goes on.
  public enum DeadTime: String, CaseIterable, Sendable {
    /// From each event that is kept; an event at its very end is kept.
    case kept
    /// From each event, kept or not, so that a busy pixel never speaks again; an event at its very end is left out, and
    /// so is one at time 0. These are the rules of tonic's RefractoryPeriod.
    case all
  }

  /// The events that come no sooner than `period` microseconds after another of their pixel, whatever the polarity.
  ///
  /// - Throws: `.value` for a period below 0.
  public func refractory(period: Int64, from rule: DeadTime = .kept) throws(Fault) -> EventStream {
    try Self.check(period, "period")
    let width = width
    switch rule {
    case .kept:
      var last = try pixelTimes(.min)
      var wasActive = [Bool](repeating: false, count: last.count)
      return try kept { columns, k in
        let place = Int(columns.y[k]) * width + Int(columns.x[k])
        if wasActive[place], isLess(columns.times[k], last[place], plus: period) { return false }
        (last[place], wasActive[place]) = (columns.times[k], true)
        return true
      }
    case .all:
      var last = try pixelTimes(-period)
      return try kept { columns, k in
        let place = Int(columns.y[k]) * width + Int(columns.x[k])
        let (wait, overflow) = columns.times[k].subtractingReportingOverflow(last[place])
        last[place] = columns.times[k]
        return overflow || wait > period
      }
    }
  }

  /// A pixel.
  public struct Pixel: Hashable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) { (self.x, self.y) = (x, y) }
  }

  /// The pixels with more than `rate` events a second between the first event and the last, row by row, as tonic's
  /// identify_hot_pixel finds them.
  public func hotPixels(rate: Double) throws(Fault) -> [Pixel] {
    guard rate >= 0 else { throw Fault(.value, "a rate is at least 0 Hz", label: "it is \(rate)") }
    let most = rate * Double(duration) * 1e-6
    let counts = try pixelCounts()
    return counts.indices.filter { Double(counts[$0]) > most && counts[$0] > 0 }.map { Pixel(x: $0 % width, y: $0 / width) }
  }

  /// The pixels with at least `ratio` times as many events as the busiest of their four neighbours, where everyone is
  /// given one event more and who lies outside has one: faery's filter_hot_pixels, with the whole stream as one packet.
  public func hotPixels(ratio: Double) throws(Fault) -> [Pixel] {
    guard ratio > 0 else { throw Fault(.value, "a ratio is above 0", label: "it is \(ratio)") }
    let counts = try pixelCounts()
    var found: [Pixel] = []
    for y in 0..<height {
      if y & 63 == 0 { try Interrupt.check() }
      for x in 0..<width where counts[y * width + x] > 0 {
        let busiest = Neighbourhood.four.offsets.map { offset in
          let (column, row) = (x + offset.0, y + offset.1)
          return column < 0 || row < 0 || column >= width || row >= height ? 0 : counts[row * width + column]
        }.max() ?? 0
        if Double(counts[y * width + x]) + 1 >= ratio * (Double(busiest) + 1) { found.append(Pixel(x: x, y: y)) }
      }
    }
    return found
  }

  /// The events of all pixels but some. Pixels that the sensor has not do no harm.
  public func without(_ pixels: [Pixel]) throws(Fault) -> EventStream {
    try MemoryLimit.check(width * height, for: "a mark for each pixel")
    var isOut = [Bool](repeating: false, count: width * height)
    for pixel in pixels where pixel.x >= 0 && pixel.y >= 0 && pixel.x < width && pixel.y < height {
      isOut[pixel.y * width + pixel.x] = true
    }
    let width = width
    return try kept { columns, k in !isOut[Int(columns.y[k]) * width + Int(columns.x[k])] }
  }

  /// How many events each pixel has, row by row.
  public func pixelCounts() throws(Fault) -> [Int] {
    try MemoryLimit.check(width * height * 8, for: "a number for each pixel")
    var counts = [Int](repeating: 0, count: width * height)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(count) { places in
        for k in places { counts[Int(columns.y[k]) * width + Int(columns.x[k])] += 1 }
      }
    }
    return counts
  }

  /// A time for each pixel.
  private func pixelTimes(_ time: Int64) throws(Fault) -> [Int64] {
    try MemoryLimit.check(width * height * 8, for: "a time for each pixel")
    return [Int64](repeating: time, count: width * height)
  }

  private static func check(_ time: Int64, _ name: String) throws(Fault) {
    if time < 0 { throw Fault(.value, "`\(name)` is at least 0 us", label: "it is \(time) us") }
  }
}

/// Whether a time is before another plus a wait, which may lie beyond 64 bits.
private func isLess(_ time: Int64, _ start: Int64, plus wait: Int64) -> Bool {
  let (end, overflow) = start.addingReportingOverflow(wait)
  return overflow || time < end
}
