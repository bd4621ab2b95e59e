import Faults
import Glibc
import Testing

@testable import Formats

/// The bytes of hexadecimal digits.
func bytes(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

@Suite struct SoundTests {
  let folder: TestFolder
  init() throws { folder = try TestFolder() }

  /// 0, 0.5, -0.5, all but 1, -1 as soundfile 0.14.0 writes them at 16 kHz.
  static let pcm16 = bytes("524946462e00000057415645666d74201000000001000100803e0000007d00000200100064617461 0a000000 0000004000c0ff7f0080")
  static let pcm24 = bytes("524946463400000057415645666d74201000000001000100803e000080bb00000300180064617461 0f000000 000000 000040 0000c0 f7ff7f 000080 00")
  static let pcm8 = bytes("524946462a00000057415645666d74201000000001000100803e0000803e00000100080064617461 05000000 80c040ff0000")
  static let float = bytes(
    "524946465c00000057415645666d74201000000003000100803e000000fa0000040020006661637404000000050000005045414b1000000001000000cd540c6b0000803f04000000"
      + "6461746114000000 00000000 0000003f 000000bf efff7f3f 000080bf")
  static let extensible = bytes(
    "524946465800000057415645666d742028000000feff0100803e000080bb0000030018001600180004000000010000000000100080 0000aa00389b716661637404000000050000"
      + "00646174610f000000 000000 000040 0000c0 f7ff7f 000080 00")

  @Test func plainKindsAreReadToTheLastBit() throws {
    func samples(_ bytes: [UInt8]) throws -> [Float] {
      let recording = try decodeSound(bytes, name: "it")
      #expect(recording.rate == 16_000 && recording.channels == 1)
      return recording.samples
    }
    #expect(try samples(Self.pcm16) == [0, 0.5, -0.5, 32767 / 32768, -1])
    #expect(try samples(Self.pcm24) == [0, 0.5, -0.5, 8388599 / 8388608, -1])
    #expect(try samples(Self.extensible) == [0, 0.5, -0.5, 8388599 / 8388608, -1])
    #expect(try samples(Self.pcm8) == [0, 0.5, -0.5, 127 / 128, -1])
    #expect(try samples(Self.float) == [0, 0.5, -0.5, Float(bitPattern: 0x3f7f_ffef), -1])
  }

  @Test func writtenBytesAreThoseOfLibsndfile() throws {
    let recording = SoundRecording(rate: 16_000, channels: 1, samples: [0, 0.5, -0.5, 1, -1])
    #expect(try encodePlainWAV(recording, .pcm16, name: "it") == Self.pcm16)
    for (kind, file) in [(SoundKind.pcm24, Self.pcm24), (.pcm8, Self.pcm8)] {
      let read = try decodeSound(file, name: "it")
      #expect(try encodePlainWAV(read, kind, name: "it")?.dropLast(1) == file.dropLast(1))
    }
  }

  @Test(arguments: SoundKind.allCases.filter { [.pcm8, .pcm16, .pcm24, .pcm32, .float, .double, .ulaw, .alaw, .ima, .ms, .gsm].contains($0) })
  func everyKindComesBack(_ kind: SoundKind) throws {
    let samples = (0..<640).map { 0.4 * sin(Float($0 / 2) * 0.1) }
    for channels in kind == .gsm ? [1] : [1, 2] {
      let path = "\(folder.path)/\(kind.rawValue).wav"
      try writeSound(SoundRecording(rate: 8000, channels: channels, samples: samples), kind: kind, to: path)
      let read = try readSound(path)
      #expect(read.kind == kind && read.channels == channels && read.rate == 8000)
      // Blocks of packed kinds are filled up.
      #expect(read.samples.count >= samples.count)
      let error = zip(samples, read.samples).map { abs($0 - $1) }.max() ?? 1
      let bound: Float = [.ima, .ms, .gsm].contains(kind) ? 0.25 : [.ulaw, .alaw].contains(kind) ? 0.02 : kind == .pcm8 ? 0.004 : 2e-5
      #expect(error <= bound, "\(kind) \(channels): \(error)")
    }
  }

  @Test(arguments: ["flac", "aiff", "au", "caf", "w64", "rf64"])
  func otherFormatsComeBack(_ ending: String) throws {
    let path = "\(folder.path)/a.\(ending)"
    let recording = SoundRecording(rate: 44_100, channels: 2, samples: (0..<2000).map { Float($0) / 4096 - 0.25 })
    try writeSound(recording, kind: nil, to: path)
    #expect(try readSound(path) == recording)
  }

  @Test func everyTruncationIsAFault() throws {
    for file in [Self.pcm16, Self.pcm24, Self.float, Self.extensible] {
      let padded = file.count - (file == Self.pcm24 || file == Self.extensible ? 1 : 0)
      for length in 0..<padded { #expect(fault { _ = try decodeSound(Array(file.prefix(length)), name: "it") }?.kind == .file) }
    }
    let packed = "\(folder.path)/p.wav"
    for kind in [SoundKind.ulaw, .ima, .ms, .gsm] {
      try writeSound(SoundRecording(rate: 8000, channels: 1, samples: [Float](repeating: 0.1, count: 1000)), kind: kind, to: packed)
      let whole = try readBytes(packed)
      for length in stride(from: 0, to: whole.count - 1, by: 7) {
        #expect(fault { _ = try decodeSound(Array(whole.prefix(length)), name: "it") }?.kind == .file)
      }
    }
    let flac = "\(folder.path)/f.flac"
    try writeSound(SoundRecording(rate: 8000, channels: 1, samples: (0..<9000).map { Float($0 % 91) / 91 }), kind: nil, to: flac)
    let whole = try readBytes(flac)
    for length in stride(from: 0, to: whole.count - 1, by: 101) {
      #expect(fault { _ = try decodeSound(Array(whole.prefix(length)), name: "it") }?.kind == .file)
    }
  }

  @Test func noFlippedByteTraps() throws {
    let path = "\(folder.path)/m.wav"
    try writeSound(SoundRecording(rate: 8000, channels: 1, samples: [0.1, 0.2]), kind: .ms, to: path)
    for file in [Self.pcm16, Self.extensible, Self.float, try readBytes(path)] {
      for index in 0..<min(file.count, 100) {
        for value in [0x00, 0x01, 0x7f, 0xff] as [UInt8] {
          var damaged = file
          damaged[index] = value
          do { _ = try decodeSound(damaged, name: "it") } catch { #expect([.file, .limit].contains(error.kind)) }
        }
      }
    }
  }

  @Test func saysWhatIsWrongAndWhere() throws {
    func label(_ change: (inout [UInt8]) -> Void) -> String? {
      var file = Self.pcm16
      change(&file)
      return fault { _ = try decodeSound(file, name: "it") }?.label
    }
    #expect(label { $0.removeLast(4) } == "byte 40 promises 10 bytes of samples, 6 are there")
    #expect(label { $0[40] = 9; $0.removeLast() } == "9 bytes of samples from byte 44 on are no multiple of 2")
    #expect(label { $0[22] = 0 }?.contains("the chunk `fmt ` at byte 12 says 0 channels") == true)
    #expect(label { $0[34] = 24 } == "2 bytes a frame for 1 channel of 24 bits")
    #expect(label { $0.replaceSubrange(12..<16, with: "junk".utf8) } == "the chunk `data` stands at byte 36, and no `fmt ` before it")
    #expect(label { $0[18] = 0x10 }?.contains("goes beyond the end, byte 54") == true)
    #expect(label { $0 = Array("RIFFxxxxAVI LIST".utf8) }?.contains("it begins with 52 49 46 46") == true)
    #expect(label { $0 = Array("no sound file at all".utf8) } != nil)
    let partial = try decodeSound(Self.pcm16.dropLast(3), name: "it", partial: true)
    #expect(partial.samples == [0, 0.5, -0.5])
  }

  @Test func streamsLeaveTheirLengthOpen() throws {
    for size in [bytes("00000000"), bytes("ffffffff")] {
      var file = Self.pcm16
      file.replaceSubrange(40..<44, with: size)
      #expect(try decodeSound(file, name: "it").samples.count == 5)
    }
  }

  @Test func whatCannotBeWrittenIsRefused() throws {
    let one = SoundRecording(rate: 8000, channels: 1, samples: [.nan])
    #expect(fault { try writeSound(one, kind: nil, to: "\(folder.path)/n.wav") }?.label == "its sample 0 is nan")
    let good = SoundRecording(rate: 8000, channels: 1, samples: [0])
    #expect(fault { try writeSound(good, kind: nil, to: "\(folder.path)/n.xyz") }?.help?.contains(".flac") == true)
    #expect(fault { try writeSound(good, kind: .gsm, to: "\(folder.path)/n.flac") }?.kind == .file)
  }

  /// What soundfile 0.14.0 reads from files that it wrote itself.
  static let fixtures: [(name: String, count: Int, first: [Float])] = [
    ("w_ALAW", 5, [0.000244140625, 0.515625, -0.515625, 0.984375, -0.984375]), ("w_DOUBLE", 5, [0, 0.5, -0.5, 0.9999989867210388, -1]),
    ("w_FLOAT", 5, [0, 0.5, -0.5, 0.9999989867210388, -1]), ("w_GSM610", 640, [0, 0.2109375, 0.11962890625, 0.084228515625, -0.421630859375]),
    ("w_IMA_ADPCM", 1017, [0, 0.000335693359375, -0.000579833984375, 0.0013427734375, -0.0028076171875]),
    ("w_MS_ADPCM", 1012, [0, 0.5, -0.4166259765625, 0.9356689453125, -0.8968505859375]), ("w_PCM_16", 5, [0, 0.5, -0.5, 0.999969482421875, -1]),
    ("w_PCM_24", 5, [0, 0.5, -0.5, 0.999998927116394, -1]), ("w_PCM_32", 5, [0, 0.5, -0.5, 0.9999989867210388, -1]),
    ("w_PCM_U8", 5, [0, 0.5, -0.5, 0.9921875, -1]), ("w_ULAW", 5, [0, 0.5115966796875, -0.5115966796875, 0.9803466796875, -0.9803466796875]),
    ("wx", 5, [0, 0.5, -0.5, 0.999998927116394, -1]),
  ]

  @Test(.enabled(if: access("../shared/data/formats", F_OK) == 0), arguments: fixtures.map(\.name))
  func fixturesAreReadToTheLastBit(_ name: String) throws {
    let wanted = try #require(Self.fixtures.first { $0.name == name })
    let read = try readSound("../shared/data/formats/\(name).wav")
    #expect(read.samples.count == wanted.count && Array(read.samples.prefix(5)) == wanted.first && read.rate == 16_000)
    #expect(name == "wx" || read.kind.rawValue == name.dropFirst(2).lowercased())
  }
}
