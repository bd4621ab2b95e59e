// The module `sound`: sound files in and out.

import Faults
import Formats
import Language
import Machine
import Tensors

/// sound.load, sound.info and sound.save.
let soundFileBuiltins: [Builtin] = [
  Builtin(
    "sound.load",
    [
      .required("path", .string, "a sound file: WAV, FLAC, Ogg, AIFF, AU and others"),
      .optional("partial", .bool, default: "false", "whether a truncated WAV gives the whole frames that are there, and not an error"),
    ],
    returns: "(tensor, int)", subject: "sound",
    """
    The samples of a sound file and their rate in samples a second: [samples] for one channel, [channels, samples] for more.

    Samples that a file stores as whole numbers are divided by half their range, so that they lie from -1 to below 1; floats come
    as they are. WAV with integers of 8 to 32 bits or with floats is read by itself, all else by libsndfile.
    """,
    example: """
      use sound
      sound.save([0, 0.5, -0.5], "/tmp/snn_three.wav", 8kHz)
      let (x, rate) = sound.load("/tmp/snn_three.wav")
      print(x, rate)   # expect: tensor[3] [0., 0.5, -0.5] 8000
      """
  ) { (call) throws(Fault) in
    let found = try readSoundPlanes(try call.string(0), partial: try call.bool(1, default: false))
    return .pair(.tensor(found.samples), .int(found.rate))
  },
  Builtin(
    "sound.info", [.required("path", .string, "a sound file")], returns: "map", subject: "sound",
    "What a sound file holds: its `rate`, how many `channels`, `samples` of each, how long they last, and the `kind` in which they are stored.",
    example: """
      use sound
      sound.save(zeros([2, 4000]), "/tmp/snn_info.wav", 8kHz)
      print(sound.info("/tmp/snn_info.wav"))   # expect: {rate: 8000, channels: 2, samples: 4000, duration: 500 ms, kind: "pcm_16"}
      """
  ) { (call) throws(Fault) in
    let recording = try readSound(try call.string(0))
    return .map([
      ("rate", .int(recording.rate)), ("channels", .int(recording.channels)), ("samples", .int(recording.frames)),
      ("duration", .quantity(Double(recording.frames) / Double(recording.rate), .time)), ("kind", .string(recording.kind.rawValue)),
    ])
  },
  Builtin(
    "sound.save",
    [
      .required("samples", .array, "numbers from -1 to 1: [samples], or [channels, samples]"), .required("path", .string, "where to; the ending tells the format: .wav, .flac, .ogg, .aiff and others"),
      .required("rate", .number | .quantity, "samples a second", dimension: .frequency),
      .optional(
        "kind", .string, default: "\"pcm_16\"",
        "how samples are stored: \"pcm_u8\", \"pcm_16\", \"pcm_24\", \"pcm_32\", \"float\", \"double\", \"ulaw\", \"alaw\", \"ima_adpcm\", \"ms_adpcm\" or \"gsm610\""),
    ],
    returns: "nil", subject: "sound",
    """
    Writes samples as a sound file. An existing file is replaced, whole or not at all.

    Kinds of whole numbers take the nearest (0.5 becomes 16384 of 16 bits) and clip what is beyond their range.
    """,
    example: """
      use sound
      let tone = 0.5 * sin(tau * 440 * arange(1600) / 16000)
      sound.save(tone, "/tmp/snn_tone.wav", 16kHz, kind="float")
      print(sound.load("/tmp/snn_tone.wav")[0] == tone |> all)   # expect: true
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let x = try call.tensor(0)
    guard x.rank == 1 || x.rank == 2 else {
      throw call.wrong(0, "must be [samples] or [channels, samples], found the shape \(Shape.text(x.shape))", kind: .shape)
    }
    let rate = try call.soundRate(2)
    var kind: SoundKind?
    if call.has(3), !call[3].isNil {
      let name = try call.string(3)
      kind = SoundKind(rawValue: name)
      if kind == nil || kind == .other {
        throw call.wrong(3, "is \"\(name)\", which is no kind of samples", help: didYouMean(name, among: SoundKind.allCases.map(\.rawValue)))
      }
    }
    try writeSound(try SoundRecording(x, rate: rate), kind: kind, to: try call.string(1))
    return .nil
  },
]

extension Call {
  /// A rate of samples, which is a whole number a second.
  func soundRate(_ index: Int) throws(Fault) -> Int {
    let amount = try amount(index, .frequency)
    guard let rate = Int(exactly: amount.rounded()), abs(amount - amount.rounded()) < 1e-6, rate >= 1, rate <= Int(Int32.max) else {
      throw wrong(index, "must be a whole number of samples a second, found \(floatText(amount))")
    }
    return rate
  }
}

extension SoundRecording {
  /// - Parameter x: `[samples]` or `[channels, samples]`
  init(_ x: Tensor, rate: Int) throws(Fault) {
    let channels = x.rank == 2 ? x.shape[0] : 1
    let frames = x.shape.last ?? 0
    var samples = [Float](repeating: 0, count: x.count)
    try x.withUnsafeBuffer { (source) throws(Fault) in
      for channel in 0..<channels {
        try Interrupt.parts(frames) { part in for frame in part { samples[frame * channels + channel] = source[channel * frames + frame] } }
      }
    }
    self.init(rate: rate, channels: channels, samples: samples)
  }
}
