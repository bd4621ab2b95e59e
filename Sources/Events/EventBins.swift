// Events as tensors: counts in bins of time, surfaces of time, voxel grids.

import Faults
import Glibc
import Tensors

/// How a recording is cut into frames.
public enum EventCut: Sendable {
  /// Frames of so many microseconds by the clock, the first from `start` on; the last may reach beyond `end`.
  case every(Int64)
  /// So many frames of one length from `start` to `end`.
  case into(Int)
  /// Frames of so many events each; the last has the rest.
  case events(Int)
}

extension EventStream {
  /// Counts of events, `[frames, 2, height, width]`: channel 0 holds those that became darker, channel 1 brighter.
  ///
  /// Frames follow the clock from `start`, the earliest event's time where none is given, to before `end`, right after
  /// the latest event: none is lost at the end, and frames without events are empty. Events outside are left out.
  ///
  /// - Throws: `.value` for a length or a number that is not above 0, and for a start behind the end; `.shape` and
  ///   `.limit` for frames that memory cannot hold.
  public func frames(_ cut: EventCut, start: Int64? = nil, end: Int64? = nil) throws(Fault) -> Tensor {
    let plan = try FramePlan(self, cut, start: start, end: end)
    return try Tensor(shape: [plan.frames, 2, height, width]) { (out) throws(Fault) in
      out.update(repeating: 0)
      try forEachFrame(plan) { frame, place in out[frame * 2 * height * width + place] += 1 }
    }
  }

  /// The same as spikes, `[frames, 1, 2, height, width]`: whether there was an event.
  public func spikes(_ cut: EventCut, start: Int64? = nil, end: Int64? = nil) throws(Fault) -> Spikes {
    let plan = try FramePlan(self, cut, start: start, end: end)
    var spikes = try Spikes(shape: [plan.frames, 1, 2, height, width])
    let words = spikes.wordsPerRow
    try forEachFrame(plan) { frame, place in spikes.words[frame * words + place / 64] |= 1 << UInt64(place % 64) }
    return spikes
  }

  /// Calls a body with the frame of each event and its place in a frame of [2, height, width].
  private func forEachFrame(_ plan: FramePlan, _ body: (Int, Int) -> Void) throws(Fault) {
    let (width, pixels) = (width, width * height)
    try withColumns { (columns) throws(Fault) in
      try Interrupt.parts(count) { places in
        for k in places {
          guard let frame = plan.frame(of: k, at: columns.times[k]) else { continue }
          body(frame, Int(columns.isOn[k]) * pixels + Int(columns.y[k]) * width + Int(columns.x[k]))
        }
      }
    }
  }

  /// How long ago each pixel's last event was, as exp(-(at - t) / tau), `[2, height, width]`; 0 where there was none.
  ///
  /// - Parameter at: the time to look back from, the latest event's where none is given; later events are left out
  /// - Throws: `.value` for a tau that is not above 0.
  public func timeSurface(tau: Double, at: Int64? = nil) throws(Fault) -> Tensor {
    guard tau > 0 else { throw Fault(.value, "`tau` is above 0 us", label: "it is \(tau) us") }
    let now = at ?? timeRange?.upperBound ?? 0
    let (width, pixels) = (width, width * height)
    return try Tensor(shape: [2, height, width]) { (out) throws(Fault) in
      out.update(repeating: 0)
      try withColumns { (columns) throws(Fault) in
        try Interrupt.parts(count) { places in
          for k in places where columns.times[k] <= now {
            let place = Int(columns.isOn[k]) * pixels + Int(columns.y[k]) * width + Int(columns.x[k])
            let value = Float(exp((Double(columns.times[k]) - Double(now)) / tau))
            if value > out[place] { out[place] = value }
          }
        }
      }
    }
  }

  /// A grid of `bins` layers over the recording's time, `[bins, height, width]`: each event adds its polarity, -1 or +1,
  /// to the two layers nearest in time, by how near they are (A. Z. Zhu et al., CVPR 2019, arXiv 1812.08156).
  ///
  /// - Throws: `.value` for fewer than 1 bins.
  public func voxelGrid(bins: Int) throws(Fault) -> Tensor {
    guard bins > 0 else { throw Fault(.value, "a voxel grid has at least 1 bin", label: "\(bins) are asked for") }
    let (width, pixels) = (width, width * height)
    let range = timeRange ?? 0...0
    let length = max(1, Double(range.upperBound) - Double(range.lowerBound))
    return try Tensor(shape: [bins, height, width]) { (out) throws(Fault) in
      out.update(repeating: 0)
      try withColumns { (columns) throws(Fault) in
        try Interrupt.parts(count) { places in
          for k in places {
            let away = Double(columns.times[k]) - Double(range.lowerBound)
            let position = min(max(0, away / length * Double(bins - 1)), Double(bins - 1))
            let (layer, place) = (Int(position), Int(columns.y[k]) * width + Int(columns.x[k]))
            let share = Float(position - Double(layer))
            let sign: Float = columns.isOn[k] == 1 ? 1 : -1
            out[layer * pixels + place] += sign * (1 - share)
            if share > 0 { out[(layer + 1) * pixels + place] += sign * share }
          }
        }
      }
    }
  }
}

/// In which frame an event falls.
private struct FramePlan {
  var frames: Int
  private let cut: EventCut
  private let start: Int64
  private let end: Int64

  init(_ events: EventStream, _ cut: EventCut, start: Int64?, end: Int64?) throws(Fault) {
    let range = events.timeRange
    let low = start ?? range?.lowerBound ?? 0
    let (after, isLast) = (range?.upperBound ?? 0).addingReportingOverflow(range == nil ? 0 : 1)
    let high = end ?? max(low, isLast ? .max : after)
    if high < low { throw Fault(.value, "`end` is before `start`", label: "from \(low) us to \(high) us") }
    let (length, overflow) = high.subtractingReportingOverflow(low)
    if overflow { throw Fault(.value, "the frames span more than 64 bits", label: "from \(low) us to \(high) us") }
    (self.cut, self.start, self.end) = (cut, low, high)
    switch cut {
    case .every(let step):
      if step <= 0 { throw Fault(.value, "a frame lasts longer than 0 us", label: "it is to last \(step) us") }
      frames = length == 0 ? 0 : Int((length - 1) / step + 1)
    case .into(let number):
      if number <= 0 { throw Fault(.value, "there is at least 1 frame", label: "\(number) are asked for") }
      frames = number
    case .events(let number):
      if number <= 0 { throw Fault(.value, "a frame has at least 1 event", label: "\(number) are asked for") }
      if start != nil || end != nil {
        throw Fault(.value, "frames by number of events have no start and no end", help: "cut the events first, as by `events.between`")
      }
      frames = events.count == 0 ? 0 : (events.count - 1) / number + 1
    }
  }

  @inline(__always)
  func frame(of place: Int, at time: Int64) -> Int? {
    switch cut {
    case .events(let number): return place / number
    case .every(let step): return time >= start && time < end ? Int((time - start) / step) : nil
    case .into(let number):
      guard time >= start, time < end else { return nil }
      // In 128 bits: a time times a number of frames.
      let product = UInt64(time - start).multipliedFullWidth(by: UInt64(number))
      return Int(UInt64(end - start).dividingFullWidth(product).quotient)
    }
  }
}
