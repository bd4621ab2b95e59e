// The module `sound`: spectra over time, mel bands and cepstra. Time comes before frequency, as it does in spikes.

import Faults
import Glibc
import Machine
import Tensors

private let soundParameter = BuiltinParameter.required("x", .array, "samples along the last axis: one sound, or many of one length")
private let rateParameter = BuiltinParameter.required("rate", .number | .quantity, "samples a second", dimension: .frequency)
private let windowParameter = BuiltinParameter.optional("window", .string, default: "\"hann\"", "\"hann\", \"hamming\" or \"rectangular\"; periodic")
private let paddingParameter = BuiltinParameter.optional(
  "padding", .string, default: "\"none\"",
  "\"none\": frames inside the sound; \"zeros\" or \"reflect\": frames centred, as librosa and torchaudio have them; \"end\": zeros behind the sound")
private let pointsParameter = BuiltinParameter.optional("points", .int, default: "the width", "samples of the Fourier transform; beyond the width they are zeros")

private let frameParameters: [BuiltinParameter] = [
  .optional("width", .number | .quantity, default: "25ms", "of a frame: a time, or samples"), .optional("hop", .number | .quantity, default: "10ms", "from a frame to the next"),
]
private let bandParameters: [BuiltinParameter] = [
  .optional("low", .number | .quantity, default: "20Hz", "where the lowest band begins", dimension: .frequency),
  .optional("high", .number | .quantity, default: "half the rate", "where the highest ends", dimension: .frequency),
  .optional("scale", .string, default: "\"htk\"", "of mel: \"htk\" or \"slaney\""),
  .optional("norm", .bool, default: "false", "whether each band has an area of 1 over its frequencies, as librosa has it"),
]
private let loudnessParameters: [BuiltinParameter] = [
  .optional(
    "log", .string, default: "\"ln\"",
    "\"ln\": ln max(E, floor); \"add\": ln(E + floor); \"db\": 10 log10 max(E, floor), at most 80 below the loudest; \"none\": the energy E"),
  .optional("floor", .number, default: "1e-6, 1e-10 for \"db\"", "the least energy"), paddingParameter, windowParameter, pointsParameter,
]

/// sound.stft, sound.mel_filters, sound.mel, sound.mfcc, sound.deltas and sound.normalize.
let spectralBuiltins: [Builtin] = [
  Builtin(
    "sound.stft",
    [
      soundParameter, .optional("width", .int, default: "400", "samples of a frame"), .optional("hop", .int, default: "160", "samples from a frame to the next"),
      windowParameter, paddingParameter, pointsParameter,
    ],
    returns: "(tensor, tensor)", subject: "sound",
    """
    The short-time Fourier transform: the real and the imaginary part, [..., frames, bins], bins being points // 2 + 1. Bin k stands
    for k rate / points Hz; nothing is scaled.
    """,
    example: """
      use sound
      let (re, im) = sound.stft(cos(tau * 4 * arange(32) / 16), width=16, hop=8)
      print(list(re.shape), round(re[0]))   # expect: [3, 9] tensor[9] [0., 0., 0., -2., 4., -2., 0., 0., 0.]
      """
  ) { (call) throws(Fault) in
    let x = try call.sounds(0)
    let frames = try call.soundFrames(rate: nil)
    let count = try call.frameCount(x, frames, perFrame: frames.bins)
    let shape = x.shape.dropLast() + [count, frames.bins]
    var im = try Tensor(filledWith: 0, shape: Array(shape))
    let re = try Tensor(shape: Array(shape)) { (real) throws(Fault) in
      try im.withUnsafeMutableBuffer { (imaginary) throws(Fault) in
        try frames.forEach(x, count) { (sound, first, spectra, number) throws(Fault) in
          let start = (sound * count + first) * frames.bins
          for place in 0..<number * frames.bins {
            real[start + place] = Float(spectra[2 * place])
            imaginary[start + place] = Float(spectra[2 * place + 1])
          }
        }
      }
    }
    return .pair(.tensor(re), .tensor(im))
  },
  Builtin(
    "sound.mel_filters",
    [rateParameter, .optional("bands", .int, default: "40", "how many"), .optional("points", .int, default: "400", "samples of the Fourier transform")] + bandParameters,
    returns: "tensor", subject: "sound",
    "The weights [bands, bins] by which mel bands add up a spectrum's power: triangles on the frequencies of the bins.",
    example: """
      use sound
      let m = sound.mel_filters(16kHz, bands=20)
      print(list(m.shape), round(1000 * m[10, 42..45]))   # expect: [20, 201] tensor[3] [72., 207., 341.]
      """
  ) { (call) throws(Fault) in
    let points = try call.int(call.place("points"), default: 400, atLeast: 1)
    let filters = try call.melFilters(rate: try call.soundRate(0), points: min(points, 1 << 24))
    return .tensor(
      try Tensor(shape: [filters.bands.count, filters.bins]) { out in
        out.update(repeating: 0)
        for (band, filter) in filters.bands.enumerated() {
          for (place, weight) in filter.weights.enumerated() { out[band * filters.bins + filter.first + place] = Float(weight) }
        }
      })
  },
  Builtin(
    "sound.mel", [soundParameter, rateParameter, .optional("bands", .int, default: "40", "how many")] + frameParameters + bandParameters + loudnessParameters,
    returns: "tensor", subject: "sound",
    """
    The loudness of mel bands over time, [..., frames, bands]: the power of each frame's spectrum, added up by `sound.mel_filters`, and
    its logarithm. The defaults are those of torchaudio (HTK's scale, no norm); librosa's are `scale="slaney", norm=true, log="db",
    padding="zeros"`.
    """,
    example: """
      use sound
      let tone = sin(tau * 1000 * arange(1600) / 16000)
      let bands = sound.mel(tone, 16kHz, bands=20)
      print(list(bands.shape), argmax(bands[3]))   # expect: [8, 20] 6
      """
  ) { (call) throws(Fault) in
    let x = try call.sounds(0)
    let settings = try call.melSettings(rate: try call.soundRate(1))
    let count = try call.frameCount(x, settings.frames, perFrame: settings.bands)
    return .tensor(
      try Tensor(shape: x.shape.dropLast() + [count, settings.bands]) { (out) throws(Fault) in
        try settings.run(x, count) { row, bands in
          for (place, value) in bands.enumerated() { out[row * bands.count + place] = Float(value) }
        }
      })
  },
  Builtin(
    "sound.mfcc",
    [soundParameter, rateParameter, .optional("coefficients", .int, default: "13", "how many, from the 0th on"), .optional("bands", .int, default: "40", "of mel")]
      + frameParameters + bandParameters
      + [.optional("lifter", .number, default: "0", "L weighs coefficient k by 1 + L/2 sin(pi k / L), as HTK does; 0 leaves them")] + loudnessParameters,
    returns: "tensor", subject: "sound",
    "Mel-frequency cepstral coefficients over time, [..., frames, coefficients]: the orthonormal DCT-II of the loudness that `sound.mel` gives.",
    example: """
      use sound
      let tone = sin(tau * 1000 * arange(1600) / 16000)
      print(list(sound.mfcc(tone, 16kHz, coefficients=20).shape))   # expect: [8, 20]
      """
  ) { (call) throws(Fault) in
    let x = try call.sounds(0)
    let settings = try call.melSettings(rate: try call.soundRate(1))
    let bands = settings.bands
    let coefficients = try call.int(2, default: min(13, bands), atLeast: 1)
    if coefficients > bands { throw call.wrong(2, "must be at most the bands, \(bands), found \(coefficients)") }
    let lifter = try call.number(call.place("lifter"), default: 0)
    if !(lifter >= 0 && lifter.isFinite) { throw call.wrong(call.place("lifter"), "must be 0 or more, found \(floatText(lifter))") }
    let count = try call.frameCount(x, settings.frames, perFrame: bands)
    let cosines = (0..<coefficients).map { k in
      let weight = sqrt((k == 0 ? 1 : 2) / Double(bands)) * (lifter == 0 ? 1 : 1 + lifter / 2 * sin(.pi * Double(k) / lifter))
      return (0..<bands).map { weight * cos(.pi * Double(k) * (Double($0) + 0.5) / Double(bands)) }
    }
    return .tensor(
      try Tensor(shape: x.shape.dropLast() + [count, coefficients]) { (out) throws(Fault) in
        try settings.run(x, count) { row, loudness in
          for (k, waves) in cosines.enumerated() {
            var sum = 0.0
            for band in 0..<bands { sum += waves[band] * loudness[band] }
            out[row * coefficients + k] = Float(sum)
          }
        }
      })
  },
  Builtin(
    "sound.deltas",
    [.required("features", .array, "[..., frames, features]"), .optional("reach", .int, default: "2", "how many frames count on either side")], returns: "tensor", subject: "sound",
    """
    How features change over time: the slope of the line of best fit over 2 reach + 1 frames, the first and the last frame repeated
    beyond the ends (HTK's delta coefficients).
    """,
    example: """
      use sound
      print(sound.deltas([[0], [1], [2], [3], [4], [5]])[.., 0])   # expect: tensor[6] [0.5, 0.8, 1., 1., 0.8, 0.5]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let x = try call.tensor(0)
    let reach = try call.int(1, default: 2, atLeast: 1)
    guard x.rank >= 2, x.count > 0 else { throw call.wrong(0, "must be [..., frames, features], found the shape \(Shape.text(x.shape))", kind: .shape) }
    if reach > 1 << 20 { throw call.wrong(1, "must be at most \(1 << 20), found \(reach)") }
    let (frames, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    // Frames beyond the ends repeat them, so that farther ones only count for their weight.
    let squares = Double(reach) * Double(reach + 1) * Double(2 * reach + 1) / 3
    return .tensor(
      try Tensor(shape: x.shape) { (out) throws(Fault) in
        try x.withUnsafeBuffer { (source) throws(Fault) in
          try Interrupt.parts(source.count, of: max(1, 65_536 / reach)) { part in
            for place in part {
              let (frame, start) = (place / width % frames, place - place / width % frames * width)
              var sum = 0.0
              for n in 1...reach {
                sum += Double(n) * (Double(source[start + min(frame + n, frames - 1) * width]) - Double(source[start + max(frame - n, 0) * width]))
              }
              out[place] = Float(sum / squares)
            }
          }
        }
      })
  },
  Builtin(
    "sound.normalize", [.required("features", .array, "[..., frames, features]"), .optional("floor", .number, default: "1e-5", "added to the standard deviation")],
    returns: "tensor", subject: "sound",
    """
    Each feature less its mean over the frames of the sound, divided by its standard deviation there: what is left of voice and microphone
    goes (cepstral mean and variance normalisation).
    """,
    example: """
      use sound
      print(sound.normalize([[1, 5], [3, 5]], floor=1))   # expect: tensor[2, 2] [[-0.5, 0.], [0.5, 0.]]
      """
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    let x = try call.tensor(0)
    let floor = try call.number(1, default: 1e-5)
    if !(floor > 0 && floor.isFinite) { throw call.wrong(1, "must be above 0, found \(floatText(floor))") }
    guard x.rank >= 2, x.count > 0 else { throw call.wrong(0, "must be [..., frames, features], found the shape \(Shape.text(x.shape))", kind: .shape) }
    let (frames, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    return .tensor(
      try Tensor(shape: x.shape) { (out) throws(Fault) in
        try x.withUnsafeBuffer { (source) throws(Fault) in
          for column in 0..<source.count / frames {
            if column & 0x3F == 0 { try Interrupt.check() }
            let start = column / width * frames * width + column % width
            var (sum, squares) = (0.0, 0.0)
            for frame in 0..<frames { sum += Double(source[start + frame * width]) }
            let mean = sum / Double(frames)
            for frame in 0..<frames {
              let distance = Double(source[start + frame * width]) - mean
              squares += distance * distance
            }
            let scale = (squares / Double(frames)).squareRoot() + floor
            for frame in 0..<frames { out[start + frame * width] = Float((Double(source[start + frame * width]) - mean) / scale) }
          }
        }
      })
  },
]
