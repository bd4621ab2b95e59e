// Recordings of event cameras and sets of them as values of the language.

import Events
import Faults
import Formats
import Language
import Machine
import Tensors
import Texts

/// The events of a recording, in microseconds of 64 bits.
public struct EventsValue: ForeignValue {
  public static let typeName = "events"
  let events: EventStream
  /// What the reader of the file had to say.
  let notes: [String]
  /// The format of the file; nil for events that were not read.
  let format: String?

  init(_ events: EventStream, notes: [String] = [], format: String? = nil) {
    (self.events, self.notes, self.format) = (events, notes, format)
  }

  public var summary: String {
    "\(counted(events.count, "event")) of \(events.width) x \(events.height) pixels in \(Self.text(events.duration))"
  }

  /// A time as people read it.
  static func text(_ microseconds: Int64) -> String {
    if microseconds < 1000 { return "\(microseconds) us" }
    if microseconds < 1_000_000 { return "\(formatted(Double(microseconds) / 1000, "f", digits: 1)) ms" }
    return "\(formatted(Double(microseconds) / 1_000_000, "f", digits: 2)) s"
  }

  /// One fact a line.
  public func display(_ style: DisplayStyle) -> String {
    let range = events.timeRange
    let brighter = (try? events.withColumns { (columns) throws(Fault) in columns.isOn.reduce(0) { $0 + Int($1) } }) ?? 0
    var lines = [
      "events", "  count     \(groupedDigits(events.count)), \(groupedDigits(brighter)) of them brighter",
      "  sensor    \(events.width) x \(events.height) pixels", "  duration  \(Self.text(events.duration))",
    ]
    if let range { lines.append("  time      from \(range.lowerBound) to \(range.upperBound) us") }
    if let format { lines.append("  format    \(format)") }
    return (lines + notes.map { "  note      \($0)" }).joined(separator: "\n")
  }

  public var memberNames: [String] { ["times", "x", "y", "polarity", "width", "height", "start", "end", "duration", "format", "notes"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "times": try list(of: Int64.self) { $0.times }
    case "x": try list(of: UInt16.self) { $0.x }
    case "y": try list(of: UInt16.self) { $0.y }
    case "polarity": try list(of: UInt8.self) { $0.isOn }
    case "width": .int(events.width)
    case "height": .int(events.height)
    case "start": events.timeRange.map { .int(Int($0.lowerBound)) } ?? .nil
    case "end": events.timeRange.map { .int(Int($0.upperBound)) } ?? .nil
    case "duration": .int(Int(events.duration))
    case "format": format.map { .string($0) } ?? .nil
    case "notes": .list(notes.map { .string($0) })
    default: nil
    }
  }

  private func list<Element: FixedWidthInteger>(
    of _: Element.Type, _ column: (EventColumns) -> UnsafeBufferPointer<Element>
  ) throws(Fault) -> Value {
    try MemoryLimit.check(events.count * 16, for: "a list of \(events.count) numbers")
    return try events.withColumns { (columns) throws(Fault) in .list(column(columns).map { .int(Int($0)) }) }
  }

  public var count: Int? { events.count }

  /// The tuple `(time, x, y, polarity)` of an event.
  public func element(at index: Int) throws(Fault) -> Value {
    try events.withColumns { (columns) throws(Fault) in
      .tuple([
        .int(Int(columns.times[index])), .int(Int(columns.x[index])), .int(Int(columns.y[index])), .int(Int(columns.isOn[index])),
      ])
    }
  }

  /// The events of a range.
  public func part(start: Int, count: Int, step: Int) throws(Fault) -> Value? {
    if step == 1 { return .events(try events.part(start..<(start + count))) }
    return .events(try events.part(count: count) { start + $0 * step })
  }

  public func isEqual(to other: any ForeignValue) -> Bool { (other as? EventsValue)?.events == events }
}

/// A set of labelled recordings.
public struct RecordingsValue: ForeignValue {
  public static let typeName = "recordings"
  let recordings: EventSet

  init(_ recordings: EventSet) { self.recordings = recordings }

  public var summary: String {
    "recordings \(recordings.name): \(counted(recordings.samples.count, "sample")), \(counted(recordings.classNames.count, "class", "classes"))"
  }

  public func display(_ style: DisplayStyle) -> String {
    [
      "recordings", "  name      \(recordings.name)", "  samples   \(groupedDigits(recordings.samples.count))",
      "  classes   \(recordings.classNames.count): \(recordings.classNames.prefix(12).joined(separator: ", "))\(recordings.classNames.count > 12 ? ", …" : "")",
      "  sensor    \(recordings.width) x \(recordings.height)", "  source    \(recordings.source)",
    ].joined(separator: "\n")
  }

  public var memberNames: [String] { ["name", "source", "labels", "class_names", "classes", "people", "files", "width", "height"] }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "name": .string(recordings.name)
    case "source": .string(recordings.source)
    case "labels": .list(recordings.samples.map { .int($0.label) })
    case "class_names": .list(recordings.classNames.map { .string($0) })
    case "classes": .int(recordings.classNames.count)
    case "people": .list(recordings.samples.map { .int($0.person) })
    case "files": .list(recordings.samples.map { .string($0.path) })
    case "width": .int(recordings.width)
    case "height": .int(recordings.height)
    default: nil
    }
  }

  public var count: Int? { recordings.samples.count }

  /// The tuple `(events, label)` of a sample, read now.
  public func element(at index: Int) throws(Fault) -> Value {
    .tuple([.events(try recordings.events(index)), .int(recordings.samples[index].label)])
  }

  public func part(start: Int, count: Int, step: Int) throws(Fault) -> Value? {
    .recordings(try recordings.part((0..<count).map { start + $0 * step }))
  }

  public func isEqual(to other: any ForeignValue) -> Bool { (other as? RecordingsValue)?.recordings === recordings }
}

extension Value {
  /// Events as a value.
  static func events(_ events: EventStream) -> Value { .foreign(EventsValue(events)) }
  /// A set of recordings as a value.
  static func recordings(_ set: EventSet) -> Value { .foreign(RecordingsValue(set)) }
}

extension Call {
  /// The events of an argument.
  func events(_ index: Int = 0) throws(Fault) -> EventStream { try foreign(index, as: EventsValue.self).events }

  /// A time in microseconds: a quantity, or a whole number of them. Throws `.value` for a fraction of one.
  func microseconds(_ name: String) throws(Fault) -> Int64? {
    let index = place(name)
    guard isGiven(name) else { return nil }
    if let int = self[index].asInt { return Int64(int) }
    let isQuantity = self[index].asQuantity != nil
    let amount = try amount(index, .time) * (isQuantity ? 1e6 : 1)
    // 10 ms are 0.01 s, which binary fractions only come near to.
    guard let whole = Int64(exactly: amount.rounded()), (amount - amount.rounded()).magnitude <= 1e-6 * max(1, amount.magnitude) else {
      throw wrong(index, "must be whole microseconds, found \(self[index].description(of: .plain))")
    }
    return whole
  }

  /// A time that must be given.
  func neededMicroseconds(_ name: String) throws(Fault) -> Int64 {
    if let time = try microseconds(name) { return time }
    throw mismatch(place(name), "a time")
  }
}
