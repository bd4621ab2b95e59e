// WAV: chunks behind a RIFF header. What is stored plainly (integers, floats) is read here, byte for byte; what is packed
// goes on to libsndfile once its chunks have been found to hold what they say. After Microsoft's "Multiple channel audio
// data and WAVE files" and, beyond 4 GiB, EBU Tech 3306 (RF64).

import Faults

/// The parts of a WAV file that matter, each checked against the length of the file.
struct WAVLayout {
  /// The format's number; of an extensible file the one in its GUID.
  var tag: UInt16
  var channels: Int
  var rate: Int
  /// Bytes of all channels of a moment; of a packed kind, of a block.
  var blockAlign: Int
  var bits: Int
  /// The bytes of the samples, as far as they are there.
  var data: Range<Int>
  /// How many bytes the header promises; nil where a stream left that open.
  var promised: Int?
  /// Where the length of the data is written.
  var dataOffset: Int
}

/// Whether bytes begin as a WAV file does.
func isWAV(_ bytes: [UInt8]) -> Bool {
  bytes.count >= 12 && (bytes.starts(with: Array("RIFF".utf8)) || bytes.starts(with: Array("RF64".utf8)) || bytes.starts(with: Array("BW64".utf8)))
    && bytes[8..<12].elementsEqual("WAVE".utf8)
}

/// Walks the chunks of a WAV file up to its samples.
///
/// Throws `.file`, with the byte where it is wrong and what was expected there.
func wavLayout(_ bytes: [UInt8], name: String) throws(Fault) -> WAVLayout {
  var reader = ByteReader(bytes, at: 12)
  var layout: WAVLayout?
  var longData: UInt64?
  func truncated(_ what: String, _ offset: Int) -> Fault {
    Fault(
      .file, "\(name) is truncated", label: "\(what) at byte \(offset) goes beyond the end, byte \(bytes.count)",
      help: "fetch or copy the file again")
  }
  while reader.remaining >= 8 {
    try Interrupt.check()
    let start = reader.offset
    guard let id = reader.take(4), let size = reader.littleEndian(UInt32.self) else { break }
    let text = String(decoding: id.map { $0 >= 32 && $0 < 127 ? $0 : 63 }, as: UTF8.self)
    if text == "data" {
      guard var found = layout else {
        throw Fault(.file, "\(name) has no format before its samples", label: "the chunk `data` stands at byte \(start), and no `fmt ` before it")
      }
      found.dataOffset = start + 4
      let rest = reader.remaining
      if size == .max, let longData {
        found.promised = Int(exactly: longData) ?? .max
      } else if size != .max, size != 0 || rest == 0 {
        found.promised = Int(size)
      }
      found.data = reader.offset..<(reader.offset + min(found.promised ?? rest, rest))
      return found
    }
    guard let body = reader.take(Int(size)) else { throw truncated("the chunk `\(text)` of \(size) bytes", start) }
    // A chunk of odd length is followed by a byte that counts for nothing.
    if size % 2 == 1 { _ = reader.take(1) }
    if text == "fmt " { layout = try wavFormat(body, at: start, name: name) }
    if text == "ds64" {
      var sizes = ByteReader(Array(body), at: 8)
      longData = sizes.littleEndian(UInt64.self)
    }
  }
  throw Fault(
    .file, "\(name) is truncated", label: "it ends at byte \(bytes.count) before its samples, the chunk `data`",
    help: "fetch or copy the file again")
}

private func wavFormat(_ body: ArraySlice<UInt8>, at start: Int, name: String) throws(Fault) -> WAVLayout {
  var reader = ByteReader(Array(body))
  guard var tag = reader.littleEndian(UInt16.self), let channels = reader.littleEndian(UInt16.self),
    let rate = reader.littleEndian(UInt32.self), reader.littleEndian(UInt32.self) != nil,
    let align = reader.littleEndian(UInt16.self), let bits = reader.littleEndian(UInt16.self)
  else {
    throw Fault(.file, "\(name) has a malformed format", label: "the chunk `fmt ` at byte \(start) has \(body.count) bytes, at least 16 are expected")
  }
  if tag == 0xFFFE {
    guard reader.take(8) != nil, let real = reader.littleEndian(UInt16.self), let rest = reader.take(14) else {
      throw Fault(.file, "\(name) has a malformed format", label: "the extensible chunk `fmt ` at byte \(start) has \(body.count) bytes, 40 are expected")
    }
    guard rest.elementsEqual([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]) else {
      throw Fault(.file, "\(name) is stored in a way that is not known", label: "its format at byte \(start) names itself by a GUID that is not that of WAV")
    }
    tag = real
  }
  guard channels >= 1, channels <= 1024, rate >= 1, align >= 1 else {
    throw Fault(
      .file, "\(name) has a malformed format",
      label: "the chunk `fmt ` at byte \(start) says \(channels) channels, \(rate) samples a second and \(align) bytes a frame; each must be at least 1")
  }
  return WAVLayout(
    tag: tag, channels: Int(channels), rate: Int(rate), blockAlign: Int(align), bits: Int(bits), data: 0..<0, promised: nil, dataOffset: 0)
}

/// The samples of a WAV file that stores integers or floats plainly; nil where it packs them.
///
/// - Parameter partial: whether a truncated file gives the whole frames that are there.
func decodePlainWAV(_ bytes: [UInt8], _ layout: WAVLayout, name: String, partial: Bool) throws(Fault) -> SoundRecording? {
  guard let kind = try plainKind(layout, name: name) else { return nil }
  try checkWAVData(bytes, layout, name: name, partial: partial)
  let frames = layout.data.count / layout.blockAlign
  let data = bytes[layout.data.lowerBound..<(layout.data.lowerBound + frames * layout.blockAlign)]
  return SoundRecording(rate: layout.rate, channels: layout.channels, samples: try samples(data, kind), kind: kind)
}

/// How a WAV file stores its samples, where that is plainly; nil where it packs them.
///
/// - Throws: `.file` where it contradicts itself.
func plainKind(_ layout: WAVLayout, name: String) throws(Fault) -> SoundKind? {
  let width = layout.blockAlign / layout.channels
  let kind: SoundKind
  switch (layout.tag, width) {
  case (1, 1): kind = .pcm8
  case (1, 2): kind = .pcm16
  case (1, 3): kind = .pcm24
  case (1, 4): kind = .pcm32
  case (3, 4): kind = .float
  case (3, 8): kind = .double
  case (1, _), (3, _):
    throw Fault(
      .file, "\(name) stores its samples in a way that is not known",
      label: "\(layout.blockAlign) bytes for \(counted(layout.channels, "channel")) of \(layout.bits) bits",
      help: "a sample takes 1 to 4 bytes as a whole number, 4 or 8 as a float")
  default: return nil
  }
  guard layout.blockAlign == width * layout.channels, layout.bits <= 8 * width, layout.bits > 8 * (width - 1) || kind == .pcm32 else {
    throw Fault(
      .file, "\(name) contradicts itself",
      label: "\(layout.blockAlign) bytes a frame for \(counted(layout.channels, "channel")) of \(layout.bits) bits")
  }
  return kind
}

/// Throws `.file` where fewer samples are there than promised, or a part of a frame stands at their end.
func checkWAVData(
  _ bytes: [UInt8], _ layout: WAVLayout, name: String, partial: Bool, inWholeFrames: Bool = true
) throws(Fault) {
  if partial { return }
  if let promised = layout.promised, promised > layout.data.count {
    throw Fault(
      .file, "\(name) is truncated",
      label: "byte \(layout.dataOffset) promises \(promised) bytes of samples, \(layout.data.count) are there",
      help: "fetch or copy the file again; partial=true gives what is there")
  }
  if inWholeFrames, layout.data.count % layout.blockAlign != 0 {
    throw Fault(
      .file, "\(name) ends inside a frame",
      label: "\(layout.data.count) bytes of samples from byte \(layout.data.lowerBound) on are no multiple of \(layout.blockAlign)",
      help: "partial=true gives the whole frames that are there")
  }
}

private func samples(_ data: ArraySlice<UInt8>, _ kind: SoundKind) throws(Fault) -> [Float] {
  func scaled<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, by scale: Float) -> [Float] {
    unpack(data, as: T.self, littleEndian: true).map { Float($0) * scale }
  }
  try Interrupt.check()
  switch kind {
  // Eight bits have no sign: 128 is silence.
  case .pcm8: return data.map { (Float($0) - 128) / 128 }
  case .pcm16: return scaled(Int16.self, by: 0x1p-15)
  case .pcm24:
    var out = [Float](repeating: 0, count: data.count / 3)
    try data.withUnsafeBufferPointer { (source) throws(Fault) in
      try Interrupt.parts(out.count) { part in
        for place in part {
          let (low, middle, high) = (Int32(source[3 * place]), Int32(source[3 * place + 1]), Int32(source[3 * place + 2]))
          out[place] = Float((low << 8 | middle << 16 | high << 24) >> 8) * 0x1p-23
        }
      }
    }
    return out
  case .pcm32: return scaled(Int32.self, by: 0x1p-31)
  case .float: return unpack(data, as: Float.self, littleEndian: true)
  default: return unpack(data, as: Double.self, littleEndian: true).map { Float($0) }
  }
}
