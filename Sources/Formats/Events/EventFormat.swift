// Files of event cameras: which formats there are, and how a file's own bytes tell which it is.

import Events
import Faults
import Tensors

/// A format of recordings: one file of this folder and one line of `eventFormats`.
public struct EventFormat: Sendable {
  /// What people call it.
  public let name: String
  /// The endings of its files, without a dot.
  public let extensions: [String]
  /// Whether a file is of this format: by its first bytes, or by its ending where the format has no mark.
  let isOf: @Sendable (EventSource) throws(Fault) -> Bool
  /// Reads the header of a file, tells the collector what it says of the sensor, and gives a reader of its events.
  let open: @Sendable (EventSource, EventCollector) throws(Fault) -> any EventPieces
}

/// Every format that is read, in the order in which a file is asked for its mark.
public let eventFormats: [EventFormat] = [
  aedat2Format, aedat3Format, aedat4Format, evt2Format, evt21Format, evt3Format, datFormat, propheseeHDF5Format, mvsecFormat,
  dsecFormat, atisFormat,
]

/// What the reader of a recording is told.
public struct EventOptions: Sendable {
  /// The name of a format, where the file is not to be asked.
  public var format: String?
  /// The size of the sensor, for files that do not say it.
  public var width: Int?
  public var height: Int?
  /// Which camera's events, in files of several: `left` or `right`.
  public var camera = "left"
  /// Whether the events in front of damage are given, with a note of it, instead of a fault.
  public var isPartial = false

  public init() {}
}

/// A recording with what its reader has to say of it.
public struct EventRecording: Sendable {
  public var events: EventStream
  /// The format's name.
  public var format: String
  /// What was found and left out: `12 events before the first time`.
  public var notes: [String]
}

/// Reads a recording of an event camera, in whichever of `eventFormats` it is.
///
/// - Throws: `.file`, naming the file, the offset, what was found and what was expected, when it is of no known format,
///   is truncated or holds what cannot be; with `isPartial` the events in front of that are given.
public func readEvents(_ path: String, _ options: EventOptions = EventOptions()) throws(Fault) -> EventRecording {
  let source = try EventSource(path, options)
  let format = try chosenFormat(source)
  let collector = try EventCollector()
  var pieces = try format.open(source, collector)
  do throws(Fault) {
    while try pieces.next(collector) { try Interrupt.check() }
    pieces.tell(collector)
  } catch {
    if !options.isPartial || error.kind != .file || collector.builder.count == 0 {
      if !options.isPartial, error.kind == .file, collector.builder.count > 0 { throw error.offeringPart(collector.builder.count) }
      throw error
    }
    pieces.tell(collector)
    collector.note(error)
  }
  return try collector.recording(format: format.name)
}

func chosenFormat(_ source: EventSource) throws(Fault) -> EventFormat {
  if let name = source.options.format {
    if let format = eventFormats.first(where: { $0.name == name }) { return format }
    let names = eventFormats.map(\.name)
    throw Fault(
      .value, "there is no format \"\(name)\" of events", label: "there are \(names.map { "\"\($0)\"" }.joined(separator: ", "))",
      help: didYouMean(name, among: names))
  }
  for format in eventFormats where try format.isOf(source) { return format }
  let head = source.head.prefix(8).map { hexadecimal($0) }.joined(separator: " ")
  throw Fault(
    .file, "\(source.shown) is no recording of an event camera that is known", label: head.isEmpty ? "it is empty" : "it begins with \(head)",
    help: "known are \(eventFormats.map(\.name).joined(separator: ", ")); format= names one")
}

/// A file to be read, with its beginning.
struct EventSource: Sendable {
  let path: String
  let options: EventOptions
  /// The first 64 KiB, fewer of a shorter file.
  let head: [UInt8]
  /// Whether its bytes are read all at once.
  let isHeld: Bool

  init(_ path: String, _ options: EventOptions, isHeld: Bool = true) throws(Fault) {
    self.path = path
    self.options = options
    self.isHeld = isHeld
    head = try readBeginning(path, count: 1 << 16)
  }

  var shown: String { shownPath(path) }

  func bytes() throws(Fault) -> EventBytes { try EventBytes(path, isHeld: isHeld) }

  func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }

  func isNamed(_ endings: [String]) -> Bool { endings.contains { path.lowercased().hasSuffix("." + $0) } }

  /// Damage at an offset of the file.
  func damage(at offset: Int, found: String, expected: String) -> Fault {
    Fault(
      .file, "\(shown) is damaged at byte \(offset)", label: "found \(found), expected \(expected)",
      help: "fetch or copy the file again")
  }

  /// The end of the file in the middle of something.
  func truncated(at offset: Int, _ left: Int, of size: Int, _ what: String) -> Fault {
    Fault(
      .file, "\(shown) is truncated at byte \(offset)",
      label: "found \(counted(max(0, left), "byte")), expected \(size) of \(what)", help: "fetch or copy the file again")
  }

  /// An event that lies beside the sensor.
  func outside(_ event: Int, at offset: Int, x: Int, y: Int, width: Int, height: Int) -> Fault {
    damage(at: offset, found: "event \(event) at x \(x), y \(y)", expected: "a place on the sensor of \(width) x \(height) pixels")
  }
}

/// Collects the events of a file and what is to be said of them.
final class EventCollector {
  let builder: EventBuilder
  var notes: [String] = []
  /// Whether the file, or the user, said how large the sensor is.
  var hasSize = false

  init() throws(Fault) { builder = try EventBuilder(width: EventBuilder.sizes.upperBound, height: EventBuilder.sizes.upperBound) }

  /// Tells the size of the sensor, as found in a file.
  func setSize(_ width: Int, _ height: Int, _ source: EventSource) throws(Fault) {
    guard EventBuilder.sizes.contains(width), EventBuilder.sizes.contains(height) else {
      throw Fault(
        .file, "\(source.shown) is damaged", label: "found a sensor of \(width) x \(height) pixels, expected 1 to \(EventBuilder.sizes.upperBound) a side",
        help: "fetch or copy the file again")
    }
    try builder.resize(width: width, height: height)
    hasSize = true
  }

  /// Tells the size that the user named; false where none was named.
  func takeSize(_ options: EventOptions) throws(Fault) -> Bool {
    guard let width = options.width, let height = options.height else { return false }
    try builder.resize(width: width, height: height)
    hasSize = true
    return true
  }

  /// Notes that so many of something were found, where there were any.
  func note(_ number: Int, _ one: String, _ many: String) {
    if number > 0 { notes.append("\(counted(number, one, many))") }
  }

  /// Notes the damage before which events are given.
  func note(_ damage: Fault) { notes.append("\(damage.title)\(damage.label.map { ": \($0)" } ?? "")") }

  /// The events; a sensor of unknown size is as large as they need.
  func recording(format: String) throws(Fault) -> EventRecording {
    var back = 0
    if !hasSize {
      let (width, height) = try builder.withColumns { (columns) throws(Fault) in
        (Int(columns.x.max() ?? 0) + 1, Int(columns.y.max() ?? 0) + 1)
      }
      try builder.resize(width: width, height: height)
      notes.append("the sensor's size is not known: \(width) x \(height) is what the events need")
    }
    try builder.withColumns { (columns) throws(Fault) in
      var last = Int64.min
      for time in columns.times {
        if time < last { back += 1 }
        last = time
      }
    }
    note(back, "step back in time, kept as it is", "steps back in time, kept as they are")
    return EventRecording(events: builder.finish(), format: format, notes: notes)
  }
}

extension Fault {
  /// The same with the offer to read what lies before.
  func offeringPart(_ events: Int) -> Fault {
    var fault = self
    let offer = "partial=true gives the \(counted(events, "event")) before"
    fault.help = help.map { "\($0); \(offer)" } ?? offer
    return fault
  }
}

/// A clock of fewer bits than 64, which begins anew when it is full.
struct WrappingClock {
  private let range: Int64
  private var base: Int64 = 0
  private var last: Int64?

  init(bits: Int) { range = 1 << Int64(bits) }

  /// The time that a reading stands for: a step back by more than half the range is a new round.
  @inline(__always)
  mutating func time(_ reading: Int64) -> Int64 {
    if let last, last - reading > range / 2 { base &+= range }
    last = reading
    return base &+ reading
  }
}
