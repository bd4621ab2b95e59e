// Prophesee's HDF5 files: records of events in chunks that are packed by ECF, which is unpacked here, without a plugin.
// docs.prophesee.ai on HDF5; OpenEB's hdf5_event_file_writer.cpp.

import Faults

let propheseeHDF5Format = EventFormat(name: "prophesee_hdf5", extensions: ["hdf5", "h5"]) { source throws(Fault) in
  try source.hasHDF5("/CD/events")
} open: { source, collector throws(Fault) in
  let file = try HDF5File(source.path)
  if try !collector.takeSize(source.options), let text = try file.attribute("geometry")?.text {
    let sides = text.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2 else {
      throw Fault(.file, "\(source.shown) is damaged", label: "found the geometry `\(text)`, expected one as 1280x720")
    }
    try collector.setSize(sides[0], sides[1], source)
  }
  // What is to be added to all times, which a file of many hours takes off.
  let offset = try file.kind("/CD/indexes") == .dataset ? try file.attribute("offset", of: "/CD/indexes") : nil
  let added = offset?.text.flatMap { Int64($0) } ?? offset?.integer.map { Int64($0) } ?? 0
  let set = try file.dataset("/CD/events")
  guard set.shape.count == 1 else {
    throw Fault(.file, "\(source.shown) is damaged", label: "found /CD/events of \(set.shape.count) dimensions, expected 1")
  }
  let ecf = 0x8ecf
  let filters = try set.filters()
  guard filters == [ecf], let chunk = set.chunk?.first, chunk > 0 else {
    // Files that were packed anew, as by h5repack.
    return EventRows(rows: set.rows, step: 1 << 18) { (part, collector) throws(Fault) in
      try collector.append(recordsOf: set, part, added, source)
    }
  }
  return EventRows(rows: set.rows, step: chunk) { (part, collector) throws(Fault) in
    let (start, wanted) = (part.lowerBound, part.count)
    let raw = try set.rawChunk(at: start)
    func damaged(_ found: String) -> Fault {
      Fault(
        .file, "\(source.shown) is damaged in the chunk of /CD/events at event \(start)", label: "found \(found), expected \(wanted) events packed by ECF",
        help: "fetch or copy the file again")
    }
    if raw.isPlain { throw damaged("a chunk that is not packed") }
    guard var decoder = ECFDecoder(raw.bytes) else { throw damaged("no header of ECF") }
    guard decoder.count >= wanted else { throw damaged("\(decoder.count) events") }
    guard let events = decoder.events() else { throw damaged("data that end or run over at byte \(decoder.offset)") }
    try collector.append(events, first: wanted, added, from: start, source)
  }
}

extension EventSource {
  /// Whether it is an HDF5 file with a data set at a path.
  func hasHDF5(_ name: String) throws(Fault) -> Bool {
    if !HDF5File.begins(head), !head.starts(with: [0x1f, 0x8b]) || !isNamed(["h5.gz", "hdf5.gz"]) { return false }
    return try HDF5File(path).kind(name) == .dataset
  }
}

extension EventCollector {
  /// Appends the first events of a chunk.
  fileprivate func append(
    _ events: ECFDecoder.Events, first wanted: Int, _ added: Int64, from start: Int, _ source: EventSource
  ) throws(Fault) {
    try builder.reserve(wanted)
    let (width, height) = (builder.width, builder.height)
    for k in 0..<wanted {
      let (x, y) = (events.x[k], events.y[k])
      if Int(x) >= width || Int(y) >= height { throw beside(start + k, Int(x), Int(y), source) }
      try builder.append(time: events.times[k] &+ added, x: x, y: y, isOn: events.isOn[k])
    }
  }

  /// Appends some records with the fields x, y, p and t.
  fileprivate func append(recordsOf set: HDF5Dataset, _ rows: Range<Int>, _ added: Int64, _ source: EventSource) throws(Fault) {
    let part = try set.read(rows: rows)
    guard case .records(let fields, _) = part.values else { throw noColumns(set.name, "records of x, y, p and t", source) }
    func column(_ name: String) throws(Fault) -> NumericValues {
      guard let field = fields.first(where: { $0.name == name }), field.shape.isEmpty, case .numbers(let values) = field.values
      else { throw noColumns(set.name, "records of x, y, p and t", source) }
      return values
    }
    try append(
      EventColumnsOfFile(try column("t"), try column("x"), try column("y"), try column("p")), added, from: rows.lowerBound, source)
  }

  /// Appends columns of numbers as a file has them.
  func append(_ columns: EventColumnsOfFile, _ added: Int64, from start: Int, _ source: EventSource) throws(Fault) {
    guard let times = columns.times, let xs = columns.x.integers, let ys = columns.y.integers, let ps = columns.polarity.integers,
      xs.count == times.count, ys.count == times.count, ps.count == times.count
    else { throw noColumns("the events", "as many whole numbers of each of x, y, t and p", source) }
    try builder.reserve(times.count)
    try Interrupt.parts(times.count) { (places) throws(Fault) in
      for k in places {
        let (x, y) = (xs[k], ys[k])
        if x < 0 || y < 0 || x >= builder.width || y >= builder.height { throw beside(start + k, x, y, source) }
        // Darker is 0, or -1 in sets that count so.
        guard ps[k] == 1 || ps[k] == 0 || ps[k] == -1 else {
          throw Fault(
            .file, "\(source.shown) is damaged at event \(start + k)", label: "found the polarity \(ps[k]), expected 0 or -1 for darker, 1 for brighter")
        }
        try builder.append(
          time: times[k] &+ added, x: UInt16(truncatingIfNeeded: x), y: UInt16(truncatingIfNeeded: y), isOn: ps[k] == 1 ? 1 : 0)
      }
    }
  }

  func noColumns(_ name: String, _ expected: String, _ source: EventSource) -> Fault {
    Fault(.file, "\(source.shown) is damaged", label: "found something else in \(name), expected \(expected)")
  }

  /// An event beside the sensor, in a file whose offsets nobody sees.
  private func beside(_ event: Int, _ x: Int, _ y: Int, _ source: EventSource) -> Fault {
    Fault(
      .file, "\(source.shown) is damaged at event \(event)",
      label: "found x \(x), y \(y), expected a place on the sensor of \(builder.width) x \(builder.height) pixels",
      help: "fetch or copy the file again")
  }
}

/// Columns of events as a file has them.
struct EventColumnsOfFile {
  var times: [Int64]?
  var x: NumericValues
  var y: NumericValues
  var polarity: NumericValues

  /// Times in microseconds, as whole numbers.
  init(_ times: NumericValues, _ x: NumericValues, _ y: NumericValues, _ polarity: NumericValues) {
    self.init(microseconds: times.integers.map { $0.map { Int64($0) } }, x, y, polarity)
  }

  init(microseconds: [Int64]?, _ x: NumericValues, _ y: NumericValues, _ polarity: NumericValues) {
    (times, self.x, self.y, self.polarity) = (microseconds, x, y, polarity)
  }
}
