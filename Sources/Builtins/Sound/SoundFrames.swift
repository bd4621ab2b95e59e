// Short-time spectra: a sound cut into overlapping frames, each windowed and transformed, in 64 bits.

import Faults
import Glibc
import Machine
import Tensors

/// How a sound is cut into frames.
struct SoundFrames {
  enum Padding: String, CaseIterable {
    /// Frames lie wholly inside the sound; what is left at its end counts for nothing.
    case none
    /// Frame m is centred on sample m hop: half a frame of zeros stands on either side (librosa).
    case zeros
    /// The same, the sound reflected at its ends (torchaudio).
    case reflect
    /// Zeros at the end alone, so that every sample is in a frame (python_speech_features).
    case end
  }

  /// Samples of a frame.
  var width: Int
  /// Samples from one frame to the next.
  var hop: Int
  /// Samples of a transform: the frame, and zeros behind it.
  var points: Int
  var padding: Padding
  /// The weight of each sample of a frame.
  var window: [Double]

  var bins: Int { points / 2 + 1 }

  /// Weights that are periodic over a frame, as spectra want them: 0.5 - 0.5 cos(2 pi n / width) for "hann".
  static func window(_ shape: String, _ width: Int) -> [Double]? {
    let base: Double
    switch shape {
    case "hann": base = 0.5
    case "hamming": base = 0.54
    case "rectangular": base = 1
    default: return nil
    }
    return (0..<width).map { base - (1 - base) * cos(2 * .pi * Double($0) / Double(width)) }
  }

  /// Frames of a sound of so many samples; nil where it is too short for one.
  func count(_ samples: Int) -> Int? {
    switch padding {
    case .none: samples < width ? nil : 1 + (samples - width) / hop
    case .zeros: samples < 1 ? nil : 1 + (samples + 2 * (width / 2) - width) / hop
    case .reflect: samples <= width / 2 ? nil : 1 + (samples + 2 * (width / 2) - width) / hop
    case .end: samples < 1 ? nil : 1 + (max(0, samples - width) + hop - 1) / hop
    }
  }

  /// Calls `body` with the spectra of frames in a row, complex numbers `[frames, bins]`, with the sound that they belong to and
  /// the first one's place in it.
  func forEach(
    _ x: Tensor, _ frames: Int, _ body: (_ sound: Int, _ first: Int, _ spectra: [Double], _ count: Int) throws(Fault) -> Void
  ) throws(Fault) {
    let samples = x.shape.last ?? 0
    let library = try fourier()
    let block = max(1, min(frames, (1 << 18) / points))
    let before = padding == .zeros || padding == .reflect ? width / 2 : 0
    try x.withUnsafeBuffer { (source) throws(Fault) in
      for sound in 0..<(samples == 0 ? 0 : source.count / samples) {
        let start = sound * samples
        for first in stride(from: 0, to: frames, by: block) {
          try Interrupt.check()
          let count = min(block, frames - first)
          var rows = [Double](repeating: 0, count: count * points)
          for frame in 0..<count {
            let offset = (first + frame) * hop - before
            for n in 0..<width {
              var place = offset + n
              if padding == .reflect {
                if place < 0 { place = -place }
                if place >= samples { place = 2 * (samples - 1) - place }
              }
              if place >= 0, place < samples { rows[frame * points + n] = Double(source[start + place]) * window[n] }
            }
          }
          try body(sound, first, try library.ofReal(rows, length: points, rows: count), count)
        }
      }
    }
  }
}

extension Call {
  /// The sounds of an argument, along the last axis.
  func sounds(_ index: Int) throws(Fault) -> Tensor {
    try checkPlain(index)
    let x = try tensor(index)
    guard let samples = x.shape.last, samples > 0, x.count > 0 else {
      throw wrong(index, "must hold samples along its last axis, found the shape \(Shape.text(x.shape))", kind: .shape)
    }
    return x
  }

  /// How the sounds of the first argument are cut, from the parameters `width`, `hop`, `points`, `window` and `padding`.
  ///
  /// - Parameter rate: samples a second, by which times become samples; nil where only samples are taken.
  func soundFrames(rate: Int?) throws(Fault) -> SoundFrames {
    let width = try samples("width", rate: rate, default: rate.map { max(1, Int((Double($0) * 0.025).rounded())) } ?? 400)
    let hop = try samples("hop", rate: rate, default: rate.map { max(1, Int((Double($0) * 0.01).rounded())) } ?? 160)
    let points = try int(place("points"), default: width)
    if points < width || points > 1 << 24 { throw wrong(place("points"), "must be from the width, \(width), to \(1 << 24), found \(points)") }
    let shape = try string(place("window"), default: "hann")
    guard let window = SoundFrames.window(shape, width) else {
      throw wrong(place("window"), "must be \"hann\", \"hamming\" or \"rectangular\", found \"\(shape)\"")
    }
    let name = try string(place("padding"), default: "none")
    guard let padding = SoundFrames.Padding(rawValue: name) else {
      throw wrong(place("padding"), "must be \"none\", \"zeros\", \"reflect\" or \"end\", found \"\(name)\"")
    }
    return SoundFrames(width: width, hop: hop, points: points, padding: padding, window: window)
  }

  /// A number of samples, given as such or as a time.
  private func samples(_ name: String, rate: Int?, default value: Int) throws(Fault) -> Int {
    let index = place(name)
    if !isGiven(name) { return value }
    var count: Int
    if let quantity = self[index].asQuantity {
      guard let rate, quantity.dimension == .time else { throw mismatch(index, rate == nil ? "a number of samples" : "a number of samples, or a time") }
      count = Int(exactly: (quantity.amount * Double(rate)).rounded()) ?? -1
    } else {
      count = try int(index)
    }
    if count < 1 || count > 1 << 24 { throw wrong(index, "must be from 1 to \(1 << 24) samples, found \(self[index].description(of: .brief))") }
    return count
  }

  /// The frames of the sounds, and how many there are; memory for `perFrame` numbers of each is seen to.
  func frameCount(_ x: Tensor, _ frames: SoundFrames, perFrame: Int) throws(Fault) -> Int {
    let samples = x.shape.last ?? 0
    guard let count = frames.count(samples) else {
      throw wrong(
        0, "is shorter than a frame: \(samples) samples, and \(frames.padding == .reflect ? "reflecting takes more than \(frames.width / 2)" : "a frame takes \(frames.width)")",
        kind: .shape, help: "padding=\"end\" puts zeros behind it; or take a smaller width")
    }
    let sounds = x.count / max(1, samples)
    let (numbers, overflow) = (sounds * count).multipliedReportingOverflow(by: perFrame * 8)
    try MemoryLimit.check(overflow ? .max : numbers, for: "the frames of \(Shape.text(x.shape))")
    return count
  }
}
