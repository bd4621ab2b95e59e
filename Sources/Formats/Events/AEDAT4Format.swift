// AEDAT 4.0, the files of iniVation's DV: packets of several streams, each a FlatBuffer, packed by LZ4 or Zstandard.
// iniVation's file-formats page of AEDAT 4; the schemas of faery's and EventCV's readers.

import Events
import Faults
import Libraries
import Tensors

let aedat4Format = EventFormat(name: "aedat4", extensions: ["aedat4"]) { source throws(Fault) in
  source.begins(AEDAT4.mark)
} open: { source, collector throws(Fault) in
  let bytes = try source.bytes()
  let head = try AEDAT4.Head(bytes, source)
  let eventStreams = head.streams.filter { $0.type == "EVTS" }
  guard let stream = eventStreams.first else {
    let types = head.streams.map(\.type).joined(separator: ", ")
    throw Fault(.file, "\(source.shown) has no events", label: "its streams are \(types.isEmpty ? "none" : types), none is EVTS")
  }
  if try !collector.takeSize(source.options), let width = stream.width, let height = stream.height {
    try collector.setSize(width, height, source)
  }
  if eventStreams.count > 1 {
    collector.notes.append("\(counted(eventStreams.count - 1, "other stream")) of events left out: stream \(stream.id) is read")
  }
  let unpacker = try AEDAT4.Unpacker(head.compression, source)
  if bytes.isHeld { try collector.builder.reserve(unpacker.promisedEvents(bytes, head)) }
  return AEDAT4Packets(source: source, bytes: bytes, unpacker: unpacker, stream: stream.id, place: head.start, end: head.end)
}

/// Packets of several streams, of which one is read.
private struct AEDAT4Packets: EventPieces {
  let source: EventSource
  let bytes: EventBytes
  let unpacker: AEDAT4.Unpacker
  let stream: Int
  /// The byte of the next packet, and that behind the last.
  var place: Int
  let end: Int
  private var others = 0
  private var events = 0

  init(source: EventSource, bytes: EventBytes, unpacker: AEDAT4.Unpacker, stream: Int, place: Int, end: Int) {
    (self.source, self.bytes, self.unpacker, self.stream) = (source, bytes, unpacker, stream)
    (self.place, self.end) = (place, end)
  }

  mutating func next(_ collector: EventCollector) throws(Fault) -> Bool {
    // Packets of other streams are passed over without a piece of their own.
    while place < end {
      guard end - place >= 8 else { throw source.truncated(at: place, end - place, of: 8, "a packet's header") }
      let (id, size) = try bytes.withBytes(place, 8) { (raw) throws(Fault) in
        (
          Int32(littleEndian: raw.loadUnaligned(fromByteOffset: 0, as: Int32.self)),
          Int(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: 4, as: Int32.self)))
        )
      }
      if size < 0 { throw source.damage(at: place + 4, found: "a packet of \(size) bytes", expected: "0 or more") }
      let body = place + 8
      if size > end - body { throw source.truncated(at: body, end - body, of: size, "a packet") }
      place = body + size
      if Int(id) != stream {
        others += 1
        continue
      }
      let (source, unpacker, first) = (source, unpacker, events)
      let before = collector.builder.count
      defer { events += collector.builder.count - before }
      try bytes.withBytes(body, size) { (packed) throws(Fault) in
        try unpacker.withPayload(packed, at: body) { (payload) throws(Fault) in
          try collector.append(payload, at: body, first: first, source)
        }
      }
      return true
    }
    return false
  }

  func tell(_ collector: EventCollector) {
    collector.note(others, "packet of another stream left out", "packets of other streams left out")
  }
}

/// What the reader and the writer of AEDAT 4 both know.
enum AEDAT4 {
  static let mark = "#!AER-DAT4.0\r\n"
  /// Bytes an event: its time, x, y, polarity, and three to fill up.
  static let eventSize = 16
  /// A packet may unpack to so much.
  private static let largestPacket = 1 << 30

  /// A stream that the header tells of.
  struct Stream {
    var id: Int
    var type = ""
    var width: Int?
    var height: Int?
  }

  /// The header: how packets are packed, where they begin and end, and which streams there are.
  struct Head {
    var compression: Int32
    /// From the first packet to the table of packets, or to the end of a file that was never closed.
    var start: Int
    var end: Int
    var streams: [Stream]

    init(_ bytes: EventBytes, _ source: EventSource) throws(Fault) {
      let at = AEDAT4.mark.utf8.count
      guard bytes.count - at >= 4 else { throw source.truncated(at: at, bytes.count - at, of: 4, "the length of the header") }
      let size = try bytes.withBytes(at, 4) { (raw) throws(Fault) in UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self)) }
      let start = at + 4 + Int(size)
      if start > bytes.count { throw source.truncated(at: at + 4, bytes.count - at - 4, of: Int(size), "the header") }
      let found: (Int32, Int64, String)? = try bytes.withBytes(at, start - at) { (raw) throws(Fault) in
        let buffer = FlatBuffer(raw)
        guard let (table, identifier) = buffer.root(), identifier == "IOHE" else { return nil }
        return (buffer.number(0, table, default: Int32(0)), buffer.number(1, table, default: Int64(-1)), buffer.text(2, table) ?? "")
      }
      guard let found else { throw source.damage(at: at + 4, found: "other bytes", expected: "a FlatBuffer with the mark IOHE") }
      var end = bytes.count
      if found.1 >= 0 {
        guard found.1 >= start, found.1 <= bytes.count else {
          if found.1 > bytes.count {
            throw Fault(
              .file, "\(source.shown) is truncated at byte \(bytes.count)", label: "its table of packets is to begin at byte \(found.1)",
              help: "fetch or copy the file again")
          }
          throw source.damage(at: at, found: "a table of packets at byte \(found.1)", expected: "one behind the header, which ends at \(start)")
        }
        end = Int(found.1)
      }
      (compression, self.start, self.end, streams) = (found.0, start, end, AEDAT4.streams(found.2))
    }
  }

  /// The streams of the header's XML: `outInfo` has a node for each, named by its number.
  static func streams(_ xml: String) -> [Stream] {
    var (streams, path) = ([Stream](), [String]())
    func value(_ name: String, _ tag: Substring) -> String? {
      guard let start = tag.firstRange(of: "\(name)=\"")?.upperBound, let end = tag[start...].firstIndex(of: "\"") else { return nil }
      return String(tag[start..<end])
    }
    for part in xml.split(separator: "<") {
      guard let close = part.firstIndex(of: ">") else { continue }
      let (tag, text) = (part[..<close], part[part.index(after: close)...])
      if tag.hasPrefix("/node") {
        _ = path.popLast()
      } else if tag.hasPrefix("node"), let name = value("name", tag) {
        if !tag.hasSuffix("/") { path.append(name) }
        if path.count == 2, path[0] == "outInfo", let id = Int(name), streams.count < 1000 { streams.append(Stream(id: id)) }
      } else if tag.hasPrefix("attr"), path.count >= 2, path[0] == "outInfo", let last = streams.indices.last {
        switch (path.count, value("key", tag)) {
        case (2, "typeIdentifier"): streams[last].type = String(text)
        case (3, "sizeX") where path[2] == "info": streams[last].width = Int(text)
        case (3, "sizeY") where path[2] == "info": streams[last].height = Int(text)
        default: continue
        }
      }
    }
    return streams
  }

  /// Unpacks packets.
  final class Unpacker {
    private let lz4: LZ4?
    private let zstandard: Zstandard?
    private let source: EventSource
    /// Where packets are unpacked, one after the other.
    private var room: [UInt8] = []

    init(_ compression: Int32, _ source: EventSource) throws(Fault) {
      self.source = source
      switch compression {
      case 0: (lz4, zstandard) = (nil, nil)
      case 1, 2: (lz4, zstandard) = (try LZ4(), nil)
      case 3, 4: (lz4, zstandard) = (nil, try Zstandard())
      default:
        throw Fault(.file, "\(source.shown) is packed in an unknown way", label: "found the number \(compression), expected 0 to 4")
      }
    }

    /// How many events the table of packets tells of, for which room is made at once; it may lie, and none is lost if so.
    func promisedEvents(_ bytes: EventBytes, _ head: Head) -> Int {
      if head.end >= bytes.count { return 0 }
      var sum = 0
      try? bytes.withBytes(head.end, bytes.count - head.end) { (packed) throws(Fault) in
        try withPayload(packed, at: head.end) { payload in
          let buffer = FlatBuffer(payload)
          guard let (table, identifier) = buffer.root(), identifier == "FTAB" else { return }
          for entry in buffer.tables(0, table) { sum = sum.addingReportingOverflow(Int(buffer.number(2, entry, default: Int64(0)))).partialValue }
        }
      }
      // LZ4 brings an event of 16 bytes to some 8.
      return min(max(0, sum), bytes.count / 4)
    }

    func withPayload(
      _ packed: UnsafeRawBufferPointer, at: Int, _ body: (UnsafeRawBufferPointer) throws(Fault) -> Void
    ) throws(Fault) {
      if lz4 == nil, zstandard == nil { return try body(packed) }
      let limit = min(AEDAT4.largestPacket, Tensor.memoryLimit)
      let count: Int
      do throws(Fault) {
        if let lz4 {
          count = try lz4.unpack(packed, into: &room, limit: limit)
        } else {
          count = try zstandard?.unpack(packed, into: &room, limit: limit) ?? 0
        }
      } catch {
        if error.kind != .value { throw error }
        throw source.damage(at: at, found: "a packet that cannot be unpacked (\(error.title))", expected: "a frame of \(lz4 == nil ? "Zstandard" : "LZ4")")
      }
      try room.withRaw { (raw) throws(Fault) in try body(UnsafeRawBufferPointer(rebasing: raw[..<count])) }
    }
  }
}

extension EventCollector {
  /// Appends the events of a packet that is unpacked; `at` is where it lies in the file, `first` the number of its first event.
  fileprivate func append(_ payload: UnsafeRawBufferPointer, at: Int, first: Int, _ source: EventSource) throws(Fault) {
    let buffer = FlatBuffer(payload)
    guard let (table, identifier) = buffer.root(), identifier == "EVTS" else {
      throw source.damage(at: at, found: "a packet of other bytes", expected: "a FlatBuffer with the mark EVTS")
    }
    guard let events = buffer.vector(0, table, width: AEDAT4.eventSize) else {
      if !buffer.has(0, table) { return }
      throw source.damage(at: at, found: "more events than the packet has bytes for", expected: "\(AEDAT4.eventSize) bytes an event")
    }
    let (width, height) = (builder.width, builder.height)
    try builder.append(room: events.count) { times, xs, ys, polarities in
      for k in 0..<events.count {
        let place = events.start + k * AEDAT4.eventSize
        let low = UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
        let (x, y) = (Int(Int16(truncatingIfNeeded: low)), Int(Int16(truncatingIfNeeded: low >> 16)))
        if UInt(bitPattern: x) >= UInt(width) || UInt(bitPattern: y) >= UInt(height) {
          return (k, source.outside(first + k, at: at, x: x, y: y, width: width, height: height))
        }
        times[k] = Int64(littleEndian: payload.loadUnaligned(fromByteOffset: place, as: Int64.self))
        xs[k] = UInt16(truncatingIfNeeded: x)
        ys[k] = UInt16(truncatingIfNeeded: y)
        polarities[k] = low >> 32 & 0xff == 0 ? 0 : 1
      }
      return (events.count, nil)
    }
  }
}
