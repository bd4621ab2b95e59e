// Recordings that are read piece by piece: what the readers of all formats have in common.

import Events
import Faults

/// A reader of a recording; a copy goes on from the same place.
protocol EventPieces {
  /// Appends the events of the next piece, which may be none; false where there is no piece left.
  ///
  /// - Throws: `.file` for damage, once the events before it are kept.
  mutating func next(_ collector: EventCollector) throws(Fault) -> Bool

  /// Notes what was left out so far.
  func tell(_ collector: EventCollector)
}

extension EventPieces {
  func tell(_ collector: EventCollector) {}
}

/// Where a decoder writes events: columns with room for them.
struct EventRoom {
  let times: UnsafeMutablePointer<Int64>
  let x: UnsafeMutablePointer<UInt16>
  let y: UnsafeMutablePointer<UInt16>
  let isOn: UnsafeMutablePointer<UInt8>

  @inline(__always)
  func write(_ place: Int, time: Int64, x: Int, y: Int, isOn: UInt8) {
    times[place] = time
    self.x[place] = UInt16(truncatingIfNeeded: x)
    self.y[place] = UInt16(truncatingIfNeeded: y)
    self.isOn[place] = isOn
  }
}

/// How many events a decoder wrote, and the record with an event beside the sensor at which it stopped.
struct DecodedEvents {
  var written = 0
  var outside: (record: Int, x: Int, y: Int)?
}

/// Decodes records of one size, of which each changes what it knows.
protocol EventRecordDecoder {
  /// Decodes `count` records; there is room for `mostEvents` of each.
  mutating func decode(_ raw: UnsafeRawPointer, count: Int, into room: EventRoom) -> DecodedEvents

  /// Notes what was left out so far.
  func tell(_ collector: EventCollector)
}

extension EventRecordDecoder {
  func tell(_ collector: EventCollector) {}
}

/// A file of records of one size behind a header.
struct EventRecords<Decoder: EventRecordDecoder>: EventPieces {
  let source: EventSource
  let bytes: EventBytes
  /// Bytes a record, what one is called, and how many events it makes at most.
  let size: Int
  let name: String
  var mostEvents = 1
  /// The byte of the next record.
  var at: Int
  /// How many events lie before it.
  var events = 0
  var decoder: Decoder

  init(_ source: EventSource, _ bytes: EventBytes, start: Int, size: Int, name: String, mostEvents: Int = 1, _ decoder: Decoder) {
    (self.source, self.bytes, self.size, self.name, self.mostEvents) = (source, bytes, size, name, mostEvents)
    (self.at, self.decoder) = (start, decoder)
  }

  /// Room that a piece may need, in events.
  var mostRoom: Int { max(mostEvents, 3 << 16) }

  mutating func next(_ collector: EventCollector) throws(Fault) -> Bool {
    let left = bytes.count - at
    if left < size {
      if left > 0 { throw source.truncated(at: at, left, of: size, name) }
      return false
    }
    let count = min(left / size, mostRoom / mostEvents)
    let start = at
    let builder = collector.builder
    var written = 0
    var copy = decoder
    defer {
      decoder = copy
      events += written
      at = start + count * size
    }
    let (events, source, size) = (events, source, size)
    try bytes.withBytes(start, count * size) { (raw) throws(Fault) in
      guard let base = raw.baseAddress else { return }
      try builder.append(room: count * mostEvents) { times, x, y, isOn in
        let found = copy.decode(base, count: count, into: EventRoom(times: times, x: x, y: y, isOn: isOn))
        written = found.written
        let failure = found.outside.map { problem in
          source.outside(
            events + found.written, at: start + problem.record * size, x: problem.x, y: problem.y, width: builder.width, height: builder.height)
        }
        return (found.written, failure)
      }
    }
    return true
  }

  func tell(_ collector: EventCollector) { decoder.tell(collector) }
}

/// The bytes of a recording: all in memory, or read from the disk block by block.
final class EventBytes: Sendable {
  private let held: [UInt8]?
  private let file: OpenedFile
  let count: Int

  /// - Parameter isHeld: whether all bytes are read at once, as a file that is no file on a disk always is
  init(_ path: String, isHeld: Bool) throws(Fault) {
    file = try OpenedFile(reading: path)
    if !isHeld, let size = file.size {
      held = nil
      count = size
      FilesRead.current?.note(path, about: "\(size) bytes, read in parts")
    } else {
      let bytes = try file.readAll(limit: 1 << 36)
      held = bytes
      count = bytes.count
    }
  }

  /// Whether all bytes are in memory.
  var isHeld: Bool { held != nil }

  /// The first bytes, for headers of text.
  var beginning: [UInt8] {
    get throws(Fault) {
      if let held { return Array(held.prefix(1 << 20)) }
      return try file.bytes(min(count, 1 << 20), at: 0)
    }
  }

  /// Calls a body with bytes that lie in the file.
  ///
  /// - Throws: `.file` where the file has been cut short since it was opened.
  func withBytes<Result>(
    _ start: Int, _ size: Int, _ body: (UnsafeRawBufferPointer) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    try Interrupt.check()
    guard start >= 0, size >= 0, start <= count, size <= count - start else {
      throw Fault(.file, "\(shownPath(file.path)) is truncated at byte \(count)", label: "bytes \(start) to \(start &+ size) are asked for")
    }
    if let held {
      return try held.withRaw { (raw) throws(Fault) in try body(UnsafeRawBufferPointer(rebasing: raw[start..<(start + size)])) }
    }
    let part = try file.bytes(size, at: start)
    guard part.count == size else {
      throw Fault(
        .file, "\(shownPath(file.path)) is truncated at byte \(start + part.count)", label: "it had \(count) bytes when it was opened",
        help: "it has been written since: open it again")
    }
    return try part.withRaw(body)
  }
}

/// A recording of rows in an HDF5 file, a stretch of them a piece.
struct EventRows: EventPieces {
  /// How many rows there are, and how many a piece has.
  let rows: Int
  let step: Int
  /// Appends the events of some rows.
  let append: (Range<Int>, EventCollector) throws(Fault) -> Void
  var row = 0

  init(rows: Int, step: Int, _ append: @escaping (Range<Int>, EventCollector) throws(Fault) -> Void) {
    (self.rows, self.step, self.append) = (rows, max(1, step), append)
  }

  mutating func next(_ collector: EventCollector) throws(Fault) -> Bool {
    if row >= rows { return false }
    try Interrupt.check()
    let part = row..<min(rows, row + step)
    row = part.upperBound
    try append(part, collector)
    return true
  }
}
