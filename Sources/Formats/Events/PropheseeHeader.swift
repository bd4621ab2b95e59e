// The lines of text at the start of Prophesee's recordings, and what they say.
// docs.prophesee.ai on RAW files; OpenEB's psee_raw_file_header.cpp.

import Faults

/// Lines of `% key value`.
struct PropheseeHeader {
  /// Where the events begin.
  let start: Int
  private var values: [String: String] = [:]

  init(_ bytes: [UInt8]) {
    let (start, lines) = commentLines(bytes, mark: 0x25, end: "% end")
    self.start = start
    for line in lines {
      let parts = line.dropFirst().split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      guard let key = parts.first else { continue }
      values[key.lowercased()] = parts.count > 1 ? parts[1].trimmed : ""
    }
    // `format EVT3;height=720;width=1280`
    for part in (values["format"] ?? "").split(separator: ";").dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { values["format." + pair[0].trimmed.lowercased()] = pair[1].trimmed }
    }
  }

  subscript(key: String) -> String? { values[key] }

  /// `EVT2`, `EVT21` or `EVT3`; nil where no line says it.
  var format: String? {
    if let format = values["format"]?.split(separator: ";").first { return format.trimmed.uppercased() }
    return values["evt"].flatMap { ["2.0": "EVT2", "2.1": "EVT21", "3.0": "EVT3"][$0] }
  }

  /// Columns and rows of the sensor; nil where no line says it.
  var size: (width: Int, height: Int)? {
    if let width = values["format.width"].flatMap({ Int($0) }), let height = values["format.height"].flatMap({ Int($0) }) {
      return (width, height)
    }
    if let sides = values["geometry"]?.split(separator: "x"), sides.count == 2, let width = Int(sides[0].trimmed), let height = Int(sides[1].trimmed) {
      return (width, height)
    }
    if let width = values["width"].flatMap({ Int($0) }), let height = values["height"].flatMap({ Int($0) }) { return (width, height) }
    return nil
  }

  /// What is to be added to all times: faery takes the first time off, and tells of it in a line of its own.
  var zero: Int64 { values["t0"].flatMap { Int64($0) } ?? 0 }
}

extension Substring {
  fileprivate var trimmed: String {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

extension EventSource {
  /// Whether it is a RAW file of one of Prophesee's formats.
  func isRaw(_ format: String) -> Bool {
    head.first == 0x25 && PropheseeHeader(head).format == format
  }
}

extension EventCollector {
  /// Reads the header of a file and tells the size of the sensor by it, unless the user did.
  func start(_ bytes: EventBytes, _ source: EventSource) throws(Fault) -> PropheseeHeader {
    let header = PropheseeHeader(try bytes.beginning)
    if try !takeSize(source.options), let size = header.size { try setSize(size.width, size.height, source) }
    return header
  }

  /// Notes events that came before the first time.
  func noteEarly(_ number: Int) { note(number, "event before the first time left out", "events before the first time left out") }
}
