// A recording that stays in its file: it may be larger than memory.

import Events
import Faults
import Synchronization
import Tensors

/// A recording of which any stretch of events is read when it is asked for.
///
/// Opening it reads the file once from its beginning to its end, piece by piece, and remembers for each piece how many
/// events lie before it, which times it holds, and the state of the reader in front of it: some 200 bytes for 200,000
/// events. A stretch is then read from the nearest piece on. Several threads may read, one after the other.
public final class EventFile: @unchecked Sendable {
  /// A piece of the file, by what is known of its events.
  private struct Piece {
    /// The number of its first event, and how many it has.
    var first: Int
    var count: Int
    /// Its earliest and its latest time.
    var times: ClosedRange<Int64>
    /// The reader in front of it.
    var reader: any EventPieces
  }

  public let path: String
  public let format: String
  public let width: Int
  public let height: Int
  /// How many events it has.
  public let count: Int
  /// The earliest and the latest time; nil where there are no events.
  public let timeRange: ClosedRange<Int64>?
  /// Whether no event is earlier than the one before it.
  public let isSorted: Bool
  /// What was found and left out.
  public let notes: [String]
  /// What tells this file from others.
  public let identity: String
  private let pieces: [Piece]
  /// A piece has at least so many events, but for the last.
  private static let pieceEvents = 1 << 16
  /// The piece that was read last: neighbouring stretches often share one.
  private let last = Mutex<(piece: Int, events: EventStream)?>(nil)

  /// - Throws: `.file` as `readEvents` does, for damage anywhere in the file; with `isPartial` the events in front of it
  ///   are there.
  public init(_ path: String, _ options: EventOptions = EventOptions()) throws(Fault) {
    let source = try EventSource(path, options, isHeld: false)
    let format = try chosenFormat(source)
    let collector = try EventCollector()
    var reader = try format.open(source, collector)
    var (pieces, total, range) = ([Piece](), 0, ClosedRange<Int64>?.none)
    var (back, isDone, previous) = (0, false, Int64.min)
    var (width, height) = (0, 0)
    var damage: Fault?
    while !isDone {
      try Interrupt.check()
      let before = reader
      var failure: Fault?
      do throws(Fault) {
        // Small packets make a piece together.
        while !isDone, collector.builder.count < Self.pieceEvents { isDone = try !reader.next(collector) }
      } catch {
        failure = error
      }
      let part = collector.builder.finish()
      if let times = part.timeRange {
        try part.withColumns { (columns) throws(Fault) in
          for time in columns.times {
            if time < previous { back += 1 }
            previous = time
          }
          if !collector.hasSize {
            width = max(width, Int(columns.x.max() ?? 0) + 1)
            height = max(height, Int(columns.y.max() ?? 0) + 1)
          }
        }
        pieces.append(Piece(first: total, count: part.count, times: times, reader: before))
        total += part.count
        range = range.map { min($0.lowerBound, times.lowerBound)...max($0.upperBound, times.upperBound) } ?? times
      }
      if let failure {
        guard options.isPartial, failure.kind == .file, total > 0 else { throw total > 0 && failure.kind == .file ? failure.offeringPart(total) : failure }
        damage = failure
        isDone = true
      }
    }
    reader.tell(collector)
    if let damage { collector.note(damage) }
    if !collector.hasSize {
      (width, height) = (max(1, width), max(1, height))
      collector.notes.append("the sensor's size is not known: \(width) x \(height) is what the events need")
    } else {
      (width, height) = (collector.builder.width, collector.builder.height)
    }
    collector.note(back, "step back in time, kept as it is", "steps back in time, kept as they are")
    (self.path, self.format, self.width, self.height) = (path, format.name, width, height)
    (count, timeRange, isSorted, notes, self.pieces) = (total, range, back == 0, collector.notes, pieces)
    identity = "\(path), \(total) events, \(range.map { "\($0)" } ?? "no time")"
  }

  /// The events at some places. Places that it has not are left out.
  ///
  /// - Throws: `.limit` where memory does not suffice for them; `.file` where the file has changed meanwhile.
  public func part(_ places: Range<Int>) throws(Fault) -> EventStream {
    let places = places.clamped(to: 0..<count)
    // The first piece whose end lies behind the first place.
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].first + pieces[middle].count <= places.lowerBound { low = middle + 1 } else { high = middle }
    }
    let builder = try EventBuilder(width: width, height: height, capacity: places.count)
    var piece = low
    while piece < pieces.count, pieces[piece].first < places.upperBound {
      let first = pieces[piece].first
      let wanted = (places.lowerBound - first)..<(places.upperBound - first)
      try builder.append(try read(piece), wanted.clamped(to: 0..<pieces[piece].count))
      piece += 1
    }
    return builder.finish()
  }

  /// The events from `start` on and before `end`, in microseconds, in the order of the file.
  public func between(_ start: Int64, _ end: Int64) throws(Fault) -> EventStream {
    let builder = try EventBuilder(width: width, height: height)
    if start >= end { return builder.finish() }
    var piece = 0
    if isSorted {
      var high = pieces.count
      while piece < high {
        let middle = (piece + high) / 2
        if pieces[middle].times.upperBound < start { piece = middle + 1 } else { high = middle }
      }
    }
    while piece < pieces.count {
      let times = pieces[piece].times
      if isSorted, times.lowerBound >= end { break }
      if times.lowerBound < end, times.upperBound >= start {
        let events = try read(piece)
        if times.lowerBound >= start, times.upperBound < end {
          try builder.append(events, 0..<events.count)
        } else {
          let part = try events.between(start, end)
          try builder.append(part, 0..<part.count)
        }
      }
      piece += 1
    }
    return builder.finish()
  }

  /// The events of a piece.
  private func read(_ piece: Int) throws(Fault) -> EventStream {
    let result = last.withLock { last in
      Result { () throws(Fault) in
        if let last, last.piece == piece { return last.events }
        let collector = try EventCollector()
        try collector.builder.resize(width: width, height: height)
        var reader = pieces[piece].reader
        // Damage behind the events is known since the file was opened.
        var failure: Fault?
        do throws(Fault) {
          while collector.builder.count < pieces[piece].count, try reader.next(collector) { try Interrupt.check() }
        } catch {
          failure = error
        }
        let events = collector.builder.finish()
        guard events.count == pieces[piece].count else {
          throw failure
            ?? Fault(
              .file, "\(shownPath(path)) has changed since it was opened",
              label: "found \(counted(events.count, "event")) from event \(pieces[piece].first) on, expected \(pieces[piece].count)", help: "open it again")
        }
        last = (piece, events)
        return events
      }
    }
    return try result.get()
  }
}
