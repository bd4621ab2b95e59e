// Recordings of event cameras: which pixel became brighter or darker, and when.

import Faults
import Tensors

/// Events in the order in which they were recorded; a value that nobody changes.
///
/// Times are microseconds in 64 bits, by the clock of the recording. Rows count from the top and columns from the left.
/// Every event lies inside the sensor's `width` x `height` pixels.
public struct EventStream: @unchecked Sendable {
  private let storage: EventStorage
  public let width: Int
  public let height: Int
  public var count: Int { storage.count }

  /// Takes over what a builder has collected.
  init(_ storage: EventStorage, width: Int, height: Int) {
    self.storage = storage
    self.width = width
    self.height = height
  }

  /// No events of a sensor.
  public init(width: Int, height: Int) { self.init(EventStorage(), width: width, height: height) }

  /// Events from columns of one length.
  ///
  /// - Parameter isOn: 1 where it became brighter, 0 where darker
  /// - Throws: `.shape` where the columns differ in length; `.value` for a pixel outside the sensor, a size that is not
  ///   1 to 65,536, or a polarity other than 0 and 1.
  public init(times: [Int64], x: [UInt16], y: [UInt16], isOn: [UInt8], width: Int, height: Int) throws(Fault) {
    guard x.count == times.count, y.count == times.count, isOn.count == times.count else {
      throw Fault(
        .shape, "events need as many of each column", label: "\(times.count) times, \(x.count) x, \(y.count) y, \(isOn.count) polarities")
    }
    let builder = try EventBuilder(width: width, height: height, capacity: times.count)
    for k in times.indices {
      guard x[k] < width, y[k] < height, isOn[k] < 2 else {
        let found = "event \(k) is at x \(x[k]), y \(y[k]) with polarity \(isOn[k])"
        throw Fault(
          .value, "an event does not fit the sensor", label: found,
          help: "x is from 0 to \(width - 1), y from 0 to \(height - 1), the polarity 0 (darker) or 1 (brighter)")
      }
      try builder.append(time: times[k], x: x[k], y: y[k], isOn: isOn[k])
    }
    self = builder.finish()
  }

  /// Copies of the columns: microseconds, columns from the left, rows from the top, and 1 where it became brighter.
  public var times: [Int64] { copy { $0.times } }
  public var x: [UInt16] { copy { $0.x } }
  public var y: [UInt16] { copy { $0.y } }
  public var isOn: [UInt8] { copy { $0.isOn } }

  private func copy<Element>(_ column: (EventColumns) -> UnsafeBufferPointer<Element>) -> [Element] {
    (try? withColumns { (columns) throws(Fault) in Array(column(columns)) }) ?? []
  }

  /// Reads the columns while they are sure to live.
  public func withColumns<Result>(_ body: (EventColumns) throws(Fault) -> Result) throws(Fault) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(
      EventColumns(
        times: UnsafeBufferPointer(start: storage.times, count: count), x: UnsafeBufferPointer(start: storage.x, count: count),
        y: UnsafeBufferPointer(start: storage.y, count: count), isOn: UnsafeBufferPointer(start: storage.isOn, count: count)))
  }

  /// The earliest and the latest time; nil where there are no events.
  public var timeRange: ClosedRange<Int64>? {
    try? withColumns { (columns) throws(Fault) in
      guard let first = columns.times.first else { return nil }
      var (low, high) = (first, first)
      for time in columns.times { (low, high) = (min(low, time), max(high, time)) }
      return low...high
    }
  }

  /// Microseconds from the earliest event to the latest; the largest number of 64 bits where it is more than that.
  public var duration: Int64 {
    guard let range = timeRange else { return 0 }
    let (length, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
    return overflow ? .max : length
  }

  /// Whether no event is earlier than the one before it.
  public var isSorted: Bool {
    (try? withColumns { (columns) throws(Fault) in
      var last = Int64.min
      for time in columns.times {
        if time < last { return false }
        last = time
      }
      return true
    }) ?? true
  }
}

/// The columns of a stream, as long as a body may look at them.
public struct EventColumns {
  public let times: UnsafeBufferPointer<Int64>
  public let x: UnsafeBufferPointer<UInt16>
  public let y: UnsafeBufferPointer<UInt16>
  public let isOn: UnsafeBufferPointer<UInt8>
}

extension EventStream: Equatable {
  public static func == (a: EventStream, b: EventStream) -> Bool {
    if a.width != b.width || a.height != b.height || a.count != b.count { return false }
    let isSame = try? a.withColumns { (first) throws(Fault) in
      try b.withColumns { (second) throws(Fault) in
        first.times.elementsEqual(second.times) && first.x.elementsEqual(second.x) && first.y.elementsEqual(second.y)
          && first.isOn.elementsEqual(second.isOn)
      }
    }
    return isSame ?? false
  }
}
