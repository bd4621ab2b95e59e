// Sound files in and out: WAV that is stored plainly here, all else by libsndfile.

import Faults
import Libraries
import Tensors

/// Reads a sound file: WAV with integers of 8 to 32 bits or floats of 32 and 64 by itself; packed WAV, FLAC, Ogg, AIFF and
/// what else libsndfile knows with its help.
///
/// - Parameter partial: whether a truncated WAV gives the whole frames that are there, and not a fault.
/// - Throws: `.file`, naming file, byte and what was expected there.
public func readSound(_ path: String, partial: Bool = false, limit: Int = 1 << 34) throws(Fault) -> SoundRecording {
  try decodeSound(try readBytes(path, limit: limit), name: shownPath(path), partial: partial)
}

func decodeSound(_ bytes: [UInt8], name: String, partial: Bool = false) throws(Fault) -> SoundRecording {
  if bytes.isEmpty { throw Fault(.file, "\(name) is empty", label: "a sound file has a header of 12 bytes or more") }
  if isWAV(bytes) {
    let layout = try wavLayout(bytes, name: name)
    try MemoryLimit.check(layout.data.count.multipliedReportingOverflow(by: 4).partialValue, for: "the samples of \(name)")
    if let plain = try decodePlainWAV(bytes, layout, name: name, partial: partial) { return plain }
    // The last block of a packed kind may be short.
    try checkWAVData(bytes, layout, name: name, partial: partial, inWholeFrames: layout.tag == 6 || layout.tag == 7)
  } else if bytes.count < 12 || bytes.starts(with: Array("RIFF".utf8)) {
    throw Fault(
      .file, "\(name) is not a sound file",
      label: "it begins with \(bytes.prefix(12).map(hexadecimal).joined(separator: " "))", help: "a WAV file begins with RIFF, four bytes of length, and WAVE")
  }
  let (samples, layout) = try soundLibrary().read(bytes, name: name) { (count) throws(Fault) in
    try MemoryLimit.check(count, for: "the samples of \(name)")
  }
  return SoundRecording(rate: layout.rate, channels: layout.channels, samples: samples, kind: SoundKind(number: layout.format))
}

/// The formats that sounds are written in, by the ending of the file's name, with the number of `sndfile.h` and the kind
/// that is usual in each.
let soundFormats: [(ending: String, number: Int32, usual: SoundKind)] = [
  ("wav", 0x010000, .pcm16), ("flac", 0x170000, .pcm16), ("ogg", 0x200000, .vorbis), ("opus", 0x200000, .opus), ("aiff", 0x020000, .pcm16),
  ("aif", 0x020000, .pcm16), ("au", 0x030000, .pcm16), ("caf", 0x180000, .pcm16), ("w64", 0x0B0000, .pcm16), ("rf64", 0x220000, .pcm16),
]

/// Writes samples into a sound file; the ending of its name tells the format.
///
/// Integers are rounded to the nearest, and what is beyond their range is clipped.
///
/// - Parameter kind: how samples are stored; nil for what is usual in the format.
/// - Throws: `.file` where the format is not known or cannot hold the kind; `.value` for a sample that is not finite.
public func writeSound(_ recording: SoundRecording, kind: SoundKind?, to path: String) throws(Fault) {
  let ending = splitPath(path).name.split(separator: ".").last.map { $0.lowercased() } ?? ""
  guard let format = soundFormats.first(where: { $0.ending == ending }) else {
    throw Fault(
      .file, "cannot write \(shownPath(path)) as sound", label: "its ending is \"\(ending)\"",
      help: "known are \(soundFormats.map { "." + $0.ending }.joined(separator: ", "))")
  }
  try checkWritable(path)
  if let place = recording.samples.firstIndex(where: { !$0.isFinite }) {
    throw Fault(
      .value, "a sound cannot be written", label: "its sample \(place / max(1, recording.channels)) is \(recording.samples[place])",
      help: "samples are numbers from -1 to 1")
  }
  guard (1...1024).contains(recording.channels), (1...Int(Int32.max)).contains(recording.rate) else {
    throw Fault(
      .value, "a sound cannot be written", label: "\(recording.channels) channels at \(recording.rate) samples a second",
      help: "there are 1 to 1024 channels, and at least 1 sample a second")
  }
  let kind = kind ?? format.usual
  if ending == "wav", let bytes = try encodePlainWAV(recording, kind, name: shownPath(path)) { return try writeBytes(bytes, to: path) }
  let layout = SoundLayout(frames: recording.frames, rate: recording.rate, channels: recording.channels, format: format.number | kind.number)
  try writeBytes(try soundLibrary().write(recording.samples, layout, name: shownPath(path)), to: path)
}

/// The bytes of a WAV file that stores integers or floats plainly; nil for kinds that pack them.
func encodePlainWAV(_ recording: SoundRecording, _ kind: SoundKind, name: String) throws(Fault) -> [UInt8]? {
  let width: Int
  switch kind {
  case .pcm8: width = 1
  case .pcm16: width = 2
  case .pcm24: width = 3
  case .pcm32, .float: width = 4
  case .double: width = 8
  default: return nil
  }
  let isFloat = kind == .float || kind == .double
  let align = recording.channels * width
  guard let size = checkedProduct([recording.samples.count, width]), size < 1 << 32 - 128, align <= Int(UInt16.max),
    let bytesPerSecond = UInt32(exactly: align * recording.rate)
  else {
    throw Fault(
      .limit, "\(name) would be too large for WAV", label: "\(recording.samples.count) samples of \(shownBytes(width))",
      help: "WAV holds less than 4 GiB: write it as .w64 or .rf64, or in parts")
  }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(size + 80)
  let header = isFloat ? 12 + 8 + 18 + 12 + 8 : 12 + 8 + 16 + 8
  bytes += Array("RIFF".utf8)
  appendLittleEndian(UInt32(header - 8 + size + size % 2), to: &bytes)
  bytes += Array("WAVEfmt ".utf8)
  appendLittleEndian(UInt32(isFloat ? 18 : 16), to: &bytes)
  appendLittleEndian(UInt16(isFloat ? 3 : 1), to: &bytes)
  appendLittleEndian(UInt16(recording.channels), to: &bytes)
  appendLittleEndian(UInt32(recording.rate), to: &bytes)
  appendLittleEndian(bytesPerSecond, to: &bytes)
  appendLittleEndian(UInt16(align), to: &bytes)
  appendLittleEndian(UInt16(8 * width), to: &bytes)
  if isFloat {
    bytes += [0, 0] + Array("fact".utf8) + [4, 0, 0, 0]
    appendLittleEndian(UInt32(clamping: recording.frames), to: &bytes)
  }
  bytes += Array("data".utf8)
  appendLittleEndian(UInt32(size), to: &bytes)
  /// To the nearest whole number, ties to even ones, as C's `lrint` does.
  func whole(_ sample: Float, _ half: Double) -> Int32 {
    Int32((Double(sample) * half).rounded(.toNearestOrEven).clamped(-half, half - 1))
  }
  try Interrupt.parts(recording.samples.count) { part in
    for sample in recording.samples[part] {
      switch kind {
      case .pcm8: bytes.append(UInt8(whole(sample, 0x1p7) + 128))
      case .pcm16: appendLittleEndian(Int16(whole(sample, 0x1p15)), to: &bytes)
      case .pcm24:
        let value = whole(sample, 0x1p23)
        bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value >> 16)]
      case .pcm32: appendLittleEndian(whole(sample, 0x1p31), to: &bytes)
      case .float: appendLittleEndian(sample.bitPattern, to: &bytes)
      default: appendLittleEndian(Double(sample).bitPattern, to: &bytes)
      }
    }
  }
  if size % 2 == 1 { bytes.append(0) }
  return bytes
}

extension Double {
  fileprivate func clamped(_ low: Double, _ high: Double) -> Double { Swift.min(high, Swift.max(low, self)) }
}

private enum Loaded {
  static let soundFile = Result<SoundFile, Fault> { () throws(Fault) in try SoundFile() }
}

func soundLibrary() throws(Fault) -> SoundFile { try Loaded.soundFile.get() }
