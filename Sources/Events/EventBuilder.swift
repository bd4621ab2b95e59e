// Events that are being collected: by readers of files, and by filters that keep some of them.

import Faults
import Glibc
import Tensors

/// The columns of events in memory of their own.
final class EventStorage {
  fileprivate(set) var times: UnsafeMutablePointer<Int64>?
  fileprivate(set) var x: UnsafeMutablePointer<UInt16>?
  fileprivate(set) var y: UnsafeMutablePointer<UInt16>?
  fileprivate(set) var isOn: UnsafeMutablePointer<UInt8>?
  fileprivate(set) var count = 0
  fileprivate(set) var capacity = 0

  /// Bytes an event.
  static let eventBytes = 13

  init() {}

  deinit {
    free(times)
    free(x)
    free(y)
    free(isOn)
  }

  /// Makes room for at least so many events.
  fileprivate func reserve(_ wanted: Int) throws(Fault) {
    if wanted <= capacity { return }
    let (bytes, overflow) = wanted.multipliedReportingOverflow(by: Self.eventBytes)
    if overflow { throw Fault(.limit, "too many events", label: "\(wanted) are asked for") }
    try MemoryLimit.check(bytes, for: "a recording of \(wanted) events")
    func grown<Element>(_ old: UnsafeMutablePointer<Element>?, _: Element.Type) throws(Fault) -> UnsafeMutablePointer<Element> {
      guard let room = realloc(old, wanted * MemoryLayout<Element>.stride) else {
        throw Fault(.limit, "no memory for a recording of \(wanted) events")
      }
      if old == nil { useLargePages(room, wanted * MemoryLayout<Element>.stride) }
      return room.assumingMemoryBound(to: Element.self)
    }
    times = try grown(times, Int64.self)
    x = try grown(x, UInt16.self)
    y = try grown(y, UInt16.self)
    isOn = try grown(isOn, UInt8.self)
    capacity = wanted
  }
}

/// Collects events one by one.
public final class EventBuilder {
  private var storage = EventStorage()
  public private(set) var width: Int
  public private(set) var height: Int

  /// Sizes that a sensor may have: a coordinate has 16 bits.
  public static let sizes = 1...65_536

  /// - Parameter capacity: how many events to make room for at once
  /// - Throws: `.value` for a size that no sensor has; `.limit` where memory does not suffice.
  public init(width: Int, height: Int, capacity: Int = 0) throws(Fault) {
    try Self.check(width: width, height: height)
    self.width = width
    self.height = height
    try storage.reserve(capacity)
  }

  public var count: Int { storage.count }

  /// Makes room for so many more events.
  public func reserve(_ more: Int) throws(Fault) {
    let (wanted, overflow) = storage.count.addingReportingOverflow(more)
    try storage.reserve(overflow ? .max : wanted)
  }

  /// Appends an event, which the caller knows to lie on the sensor.
  @inline(__always)
  public func append(time: Int64, x: UInt16, y: UInt16, isOn: UInt8) throws(Fault) {
    if storage.count == storage.capacity { try storage.reserve(max(1024, storage.capacity + storage.capacity / 2)) }
    appendUnchecked(time: time, x: x, y: y, isOn: isOn)
  }

  /// Appends an event where room was made for it before.
  @inline(__always)
  func appendUnchecked(time: Int64, x: UInt16, y: UInt16, isOn: UInt8) {
    let place = storage.count
    storage.times?[place] = time
    storage.x?[place] = x
    storage.y?[place] = y
    storage.isOn?[place] = isOn
    storage.count = place + 1
  }

  /// Writes events straight into the columns, which get room for `room` more: `body` gives back how many it wrote, and
  /// what it then stumbled over, which is thrown once they are kept.
  public func append(
    room: Int,
    _ body: (
      UnsafeMutablePointer<Int64>, UnsafeMutablePointer<UInt16>, UnsafeMutablePointer<UInt16>, UnsafeMutablePointer<UInt8>
    ) -> (written: Int, failure: Fault?)
  ) throws(Fault) {
    if room <= 0 { return }
    if storage.capacity - storage.count < room {
      let (wanted, overflow) = storage.count.addingReportingOverflow(max(room, storage.capacity / 2))
      try storage.reserve(overflow ? .max : wanted)
    }
    guard let times = storage.times, let x = storage.x, let y = storage.y, let isOn = storage.isOn else { return }
    let start = storage.count
    let result = body(times + start, x + start, y + start, isOn + start)
    storage.count = start + min(max(0, result.written), room)
    if let failure = result.failure { throw failure }
  }

  /// Appends some of the events of another recording, which the caller knows to lie on the sensor.
  public func append(_ events: EventStream, _ places: Range<Int>) throws(Fault) {
    let places = places.clamped(to: 0..<events.count)
    try events.withColumns { (columns) throws(Fault) in
      try append(room: places.count) { times, x, y, isOn in
        guard let fromTimes = columns.times.baseAddress, let fromX = columns.x.baseAddress, let fromY = columns.y.baseAddress,
          let fromOn = columns.isOn.baseAddress
        else { return (0, nil) }
        times.update(from: fromTimes + places.lowerBound, count: places.count)
        x.update(from: fromX + places.lowerBound, count: places.count)
        y.update(from: fromY + places.lowerBound, count: places.count)
        isOn.update(from: fromOn + places.lowerBound, count: places.count)
        return (places.count, nil)
      }
    }
  }

  /// Gives the sensor another size, on which the caller knows the events to lie.
  public func resize(width: Int, height: Int) throws(Fault) {
    try Self.check(width: width, height: height)
    (self.width, self.height) = (width, height)
  }

  /// The columns of the events collected so far, as long as a body may look at them.
  public func withColumns<Result>(_ body: (EventColumns) throws(Fault) -> Result) throws(Fault) -> Result {
    try EventStream(storage, width: width, height: height).withColumns(body)
  }

  /// Hands over the events collected so far, and begins anew.
  public func finish() -> EventStream {
    defer { storage = EventStorage() }
    return EventStream(storage, width: width, height: height)
  }

  private static func check(width: Int, height: Int) throws(Fault) {
    if sizes.contains(width), sizes.contains(height) { return }
    throw Fault(
      .value, "a sensor has from 1 to \(sizes.upperBound) pixels a side", label: "its size is \(width) x \(height)")
  }
}
