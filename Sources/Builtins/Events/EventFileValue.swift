// Recordings that stay in their files, and windows of recordings, as values of the language.

import Events
import Faults
import Formats
import Glibc
import Language
import Machine
import Synchronization
import Tensors
import Texts

/// A recording that stays in its file.
public struct EventFileValue: ForeignValue {
  public static let typeName = "event_file"
  let file: EventFile

  init(_ file: EventFile) { self.file = file }

  private var duration: Int64 {
    guard let range = file.timeRange else { return 0 }
    let (length, overflow) = range.upperBound.subtractingReportingOverflow(range.lowerBound)
    return overflow ? .max : length
  }

  public var summary: String {
    "event_file \(splitPath(file.path).name): \(counted(file.count, "event")) of \(file.width) x \(file.height) pixels in \(EventsValue.text(duration))"
  }

  /// One fact a line.
  public func display(_ style: DisplayStyle) -> String {
    var lines = [
      "event_file", "  path      \(file.path)", "  count     \(groupedDigits(file.count)), read when they are asked for",
      "  sensor    \(file.width) x \(file.height) pixels", "  duration  \(EventsValue.text(duration))",
    ]
    if let range = file.timeRange { lines.append("  time      from \(range.lowerBound) to \(range.upperBound) us") }
    lines.append("  format    \(file.format)")
    return (lines + file.notes.map { "  note      \($0)" }).joined(separator: "\n")
  }

  public var memberNames: [String] { ["path", "width", "height", "start", "end", "duration", "format", "notes"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "path": .string(file.path)
    case "width": .int(file.width)
    case "height": .int(file.height)
    case "start": file.timeRange.map { .int(Int($0.lowerBound)) } ?? .nil
    case "end": file.timeRange.map { .int(Int($0.upperBound)) } ?? .nil
    case "duration": .int(Int(duration))
    case "format": .string(file.format)
    case "notes": .list(file.notes.map { .string($0) })
    default: nil
    }
  }

  public var count: Int? { file.count }

  /// The tuple `(time, x, y, polarity)` of an event.
  public func element(at index: Int) throws(Fault) -> Value {
    try EventsValue(try file.part(index..<(index + 1))).element(at: 0)
  }

  /// The events of a range, in memory.
  public func part(start: Int, count: Int, step: Int) throws(Fault) -> Value? {
    if count <= 0 { return .events(EventStream(width: file.width, height: file.height)) }
    if step == 1 { return .events(try file.part(start..<(start + count))) }
    let (first, last) = (min(start, start + (count - 1) * step), max(start, start + (count - 1) * step))
    return .events(try file.part(first..<(last + 1)).part(count: count) { start + $0 * step - first })
  }

  public func isEqual(to other: any ForeignValue) -> Bool { (other as? EventFileValue)?.file === file }
}

/// A recording in memory or in a file, of which any stretch can be had.
enum EventRecordingSource: Sendable {
  case memory(EventStream)
  case file(EventFile)

  var width: Int {
    switch self {
    case .memory(let events): events.width
    case .file(let file): file.width
    }
  }

  var height: Int {
    switch self {
    case .memory(let events): events.height
    case .file(let file): file.height
    }
  }

  var count: Int {
    switch self {
    case .memory(let events): events.count
    case .file(let file): file.count
    }
  }

  var timeRange: ClosedRange<Int64>? {
    switch self {
    case .memory(let events): events.timeRange
    case .file(let file): file.timeRange
    }
  }

  func between(_ start: Int64, _ end: Int64) throws(Fault) -> EventStream {
    switch self {
    case .memory(let events): try events.between(start, end)
    case .file(let file): try file.between(start, end)
    }
  }

  func part(_ places: Range<Int>) throws(Fault) -> EventStream {
    switch self {
    case .memory(let events): try events.part(places)
    case .file(let file): try file.part(places)
    }
  }
}

/// Windows of a recording, of one length each by time or by number of events.
struct EventWindows: Sendable {
  let source: EventRecordingSource
  let cut: Cut
  let count: Int

  enum Cut: Sendable {
    /// From a time on, each so long, the next so much later; what begins before `end` counts.
    case time(start: Int64, length: Int64, every: Int64)
    /// So many events each, the next so many later; the last may have fewer.
    case number(length: Int, every: Int)
  }

  /// When a window begins and before when it ends; nil where windows are cut by number.
  func times(_ index: Int) throws(Fault) -> Range<Int64>? {
    guard case .time(let start, let length, let every) = cut else { return nil }
    let (ahead, isBeyond) = every.multipliedReportingOverflow(by: Int64(index))
    let (first, overflow) = start.addingReportingOverflow(ahead)
    let (last, isLast) = first.addingReportingOverflow(length)
    if isBeyond || overflow { throw Fault(.value, "a window's time would leave 64 bits", label: "window \(index)") }
    return first..<(isLast ? .max : last)
  }

  func events(_ index: Int) throws(Fault) -> EventStream {
    if let times = try times(index) { return try source.between(times.lowerBound, times.upperBound) }
    guard case .number(let length, let every) = cut else { return EventStream(width: source.width, height: source.height) }
    let first = min(source.count, index.multipliedReportingOverflow(by: every).partialValue)
    return try source.part(first..<min(source.count, first + length))
  }
}

/// Windows of a recording as a value: each is read when it is asked for, and `for` has the second core read the next one.
public final class EventWindowsValue: ForeignValue, @unchecked Sendable {
  public static let typeName = "event_windows"
  let windows: EventWindows

  /// The window that is read ahead.
  private enum Ahead {
    case nothing
    case reading(Int)
    case ready(Int, EventStream)
  }
  private let ahead = Mutex(Ahead.nothing)

  init(_ windows: EventWindows) { self.windows = windows }

  private var lengthText: String {
    switch windows.cut {
    case .time(_, let length, _): EventsValue.text(length)
    case .number(let length, _): counted(length, "event")
    }
  }

  public var summary: String { "\(counted(windows.count, "event window")) of \(lengthText)" }

  public func display(_ style: DisplayStyle) -> String { summary }

  public var memberNames: [String] { ["width", "height", "starts"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "width": return .int(windows.source.width)
    case "height": return .int(windows.source.height)
    case "starts":
      try MemoryLimit.check(windows.count.multipliedReportingOverflow(by: 16).partialValue, for: "the times of all windows")
      var starts: [Value] = []
      for index in 0..<windows.count {
        if let times = try windows.times(index) {
          starts.append(.int(Int(times.lowerBound)))
        } else {
          starts.append(try windows.events(index).timeRange.map { .int(Int($0.lowerBound)) } ?? .nil)
        }
      }
      return .list(starts)
    default: return nil
    }
  }

  public var count: Int? { windows.count }

  public func element(at index: Int) throws(Fault) -> Value {
    let events = try taken(index)
    if case .file = windows.source, index + 1 < windows.count { readAhead(index + 1) }
    return .events(events)
  }

  /// A window that was read ahead, or is read now.
  private func taken(_ index: Int) throws(Fault) -> EventStream {
    while true {
      let (isComing, ready) = ahead.withLock { ahead -> (Bool, EventStream?) in
        switch ahead {
        case .reading(index): return (true, nil)
        case .ready(index, let events):
          ahead = .nothing
          return (false, events)
        default: return (false, nil)
        }
      }
      if let ready { return ready }
      if !isComing { return try windows.events(index) }
      try Interrupt.check()
      pause(microseconds: 50)
    }
  }

  private func readAhead(_ index: Int) {
    let starts = ahead.withLock { ahead in
      if case .reading = ahead { return false }
      ahead = .reading(index)
      return true
    }
    guard starts else { return }
    let own = Unmanaged.passRetained(self)
    let isStarted = startDetachedThread(own.toOpaque()) { context in
      guard let context else { return nil }
      let value = Unmanaged<EventWindowsValue>.fromOpaque(context).takeRetainedValue()
      let wanted = value.ahead.withLock { ahead in
        if case .reading(let index) = ahead { return index }
        return 0
      }
      // What cannot be read is told where it is asked for.
      let events = try? value.windows.events(wanted)
      value.ahead.withLock { ahead in ahead = events.map { .ready(wanted, $0) } ?? .nothing }
      return nil
    }
    if !isStarted {
      own.release()
      ahead.withLock { $0 = .nothing }
    }
  }

  public func isEqual(to other: any ForeignValue) -> Bool { (other as? EventWindowsValue) === self }
}

/// Waits some microseconds.
func pause(microseconds: Int) {
  var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
  nanosleep(&time, nil)
}

extension Call {
  /// A recording in memory or in a file.
  func recording(_ index: Int = 0) throws(Fault) -> EventRecordingSource {
    if let file = self[index].asForeign(EventFileValue.self) { return .file(file.file) }
    return .memory(try events(index))
  }
}
