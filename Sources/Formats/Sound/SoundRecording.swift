// Recorded sound, whatever file it came from.

/// Samples of one or more channels, with their rate.
public struct SoundRecording: Equatable, Sendable {
  /// Samples a second of each channel.
  public var rate: Int
  public var channels: Int
  /// The samples of all channels of a moment side by side; integers of files are divided by half their range, so that
  /// they lie from -1 to below 1.
  public var samples: [Float]
  /// How a file stores or stored them.
  public var kind: SoundKind

  public init(rate: Int, channels: Int, samples: [Float], kind: SoundKind = .pcm16) {
    (self.rate, self.channels, self.samples, self.kind) = (rate, channels, samples, kind)
  }

  /// Samples of each channel.
  public var frames: Int { samples.count / max(1, channels) }
}

/// How a file stores samples; the raw values are libsndfile's names in lower case, as soundfile's `subtype` has them.
public enum SoundKind: String, CaseIterable, Sendable {
  case pcm8 = "pcm_u8"
  case signed8 = "pcm_s8"
  case pcm16 = "pcm_16"
  case pcm24 = "pcm_24"
  case pcm32 = "pcm_32"
  case float, double, ulaw, alaw
  case ima = "ima_adpcm"
  case ms = "ms_adpcm"
  case gsm = "gsm610"
  case g721 = "g721_32"
  case nms = "nms_adpcm"
  case vorbis, opus
  case mp3 = "mpeg_layer_iii"
  case other

  /// The number in `sndfile.h`.
  var number: Int32 {
    switch self {
    case .pcm8: 0x05
    case .signed8: 0x01
    case .pcm16: 0x02
    case .pcm24: 0x03
    case .pcm32: 0x04
    case .float: 0x06
    case .double: 0x07
    case .ulaw: 0x10
    case .alaw: 0x11
    case .ima: 0x12
    case .ms: 0x13
    case .gsm: 0x20
    case .g721: 0x30
    case .nms: 0x22
    case .vorbis: 0x60
    case .opus: 0x64
    case .mp3: 0x82
    case .other: 0
    }
  }

  init(number: Int32) { self = Self.allCases.first { $0.number == number & 0xFFFF } ?? .other }
}
