// The mel scale, bands of equal width on it, and what is made of their energies.

import Faults
import Glibc
import Machine
import Tensors

/// A scale of pitch.
enum MelScale: String {
  /// 2595 log10(1 + f / 700), as HTK and torchaudio have it.
  case htk
  /// Linear below 1 kHz, logarithmic above, after M. Slaney's Auditory Toolbox, as librosa has it.
  case slaney

  private static let step = 200.0 / 3
  private static let logStep = log(6.4) / 27

  func mel(_ f: Double) -> Double {
    switch self {
    case .htk: 2595 * log10(1 + f / 700)
    case .slaney: f < 1000 ? f / Self.step : 15 + log(f / 1000) / Self.logStep
    }
  }

  func hertz(_ mel: Double) -> Double {
    switch self {
    case .htk: 700 * (pow(10, mel / 2595) - 1)
    case .slaney: mel < 15 ? mel * Self.step : 1000 * exp((mel - 15) * Self.logStep)
    }
  }
}

/// Triangles over the bins of a spectrum.
struct MelFilters {
  /// The first bin of each triangle, and its weights.
  var bands: [(first: Int, weights: [Double])]
  var bins: Int

  /// Triangles on the frequencies of the bins, between points of equal distance in mel.
  ///
  /// - Parameter isNormed: whether each has an area of one over its frequencies (Slaney's norm), and not a peak of 1.
  init(bands count: Int, rate: Int, points: Int, low: Double, high: Double, scale: MelScale, isNormed: Bool) {
    let bins = points / 2 + 1
    let (from, to) = (scale.mel(low), scale.mel(high))
    let edges = (0..<count + 2).map { scale.hertz(from + (to - from) * Double($0) / Double(count + 1)) }
    self.bins = bins
    bands = (0..<count).map { band in
      let (left, middle, right) = (edges[band], edges[band + 1], edges[band + 2])
      let norm = isNormed ? 2 / (right - left) : 1
      let weights = (0..<bins).map { bin in
        let f = Double(bin) * Double(rate) / Double(points)
        return norm * max(0, min((f - left) / (middle - left), (right - f) / (right - middle)))
      }
      guard let first = weights.firstIndex(where: { $0 > 0 }), let last = weights.lastIndex(where: { $0 > 0 }) else { return (0, []) }
      return (first, Array(weights[first...last]))
    }
  }

  /// The energy of each band of a spectrum's power.
  func energy(_ band: Int, _ power: (Int) -> Double) -> Double {
    var sum = 0.0
    let (first, weights) = bands[band]
    for (place, weight) in weights.enumerated() { sum += weight * power(first + place) }
    return sum
  }
}

/// How energies become what a network is given.
struct Loudness {
  enum Form: String {
    /// ln max(E, floor)
    case ln
    /// ln(E + floor), as torchaudio's `log_mels`
    case add
    /// 10 log10 max(E, floor), no more than 80 below the loudest of the sound, as librosa's `power_to_db`
    case db
    case none
  }

  var form: Form
  var floor: Double

  func value(_ energy: Double) -> Double {
    switch form {
    case .ln: log(max(energy, floor))
    case .add: log(energy + floor)
    case .db: 10 * log10(max(energy, floor))
    case .none: energy
    }
  }
}

/// Mel bands of sounds.
struct MelSettings {
  var frames: SoundFrames
  var filters: MelFilters
  var loudness: Loudness

  var bands: Int { filters.bands.count }

  /// The loudness of bands, `[sounds, frames, bands]`, frame by frame; `make` takes those of one frame.
  func run(_ x: Tensor, _ frameCount: Int, _ make: (_ row: Int, _ bands: [Double]) -> Void) throws(Fault) {
    let bins = frames.bins
    var held: [[Double]] = []
    try frames.forEach(x, frameCount) { (sound, first, spectra, count) throws(Fault) in
      for frame in 0..<count {
        let start = frame * bins * 2
        let power = { (bin: Int) in
          let (re, im) = (spectra[start + 2 * bin], spectra[start + 2 * bin + 1])
          return re * re + im * im
        }
        let row = (0..<bands).map { loudness.value(filters.energy($0, power)) }
        if loudness.form == .db { held.append(row) } else { make(sound * frameCount + first + frame, row) }
      }
      // The loudest of a sound is known at its end.
      if loudness.form == .db, first + count == frameCount {
        let floor = (held.lazy.flatMap { $0 }.max() ?? 0) - 80
        for (frame, row) in held.enumerated() { make(sound * frameCount + frame, row.map { max($0, floor) }) }
        held = []
      }
    }
  }
}

extension Call {
  /// Mel filters from the parameters `bands`, `low`, `high`, `scale` and `norm`.
  func melFilters(rate: Int, points: Int) throws(Fault) -> MelFilters {
    let bands = try int(place("bands"), default: 40, atLeast: 1)
    if bands > 1 << 16 { throw wrong(place("bands"), "must be at most \(1 << 16), found \(bands)") }
    let low = try amount(place("low"), .frequency, default: min(20, Double(rate) / 4))
    let high = try amount(place("high"), .frequency, default: Double(rate) / 2)
    guard low >= 0, high > low, high <= Double(rate) / 2 else {
      throw wrong(
        place(isGiven("high") ? "high" : "low"), "must leave room between the lowest and the highest frequency: \(floatText(low)) to \(floatText(high)) Hz",
        help: "frequencies lie between 0 and half the rate, \(floatText(Double(rate) / 2)) Hz")
    }
    let name = try string(place("scale"), default: "htk")
    guard let scale = MelScale(rawValue: name) else { throw wrong(place("scale"), "must be \"htk\" or \"slaney\", found \"\(name)\"") }
    return MelFilters(
      bands: bands, rate: rate, points: points, low: low, high: high, scale: scale, isNormed: try bool(place("norm"), default: false))
  }

  func melSettings(rate: Int) throws(Fault) -> MelSettings {
    let frames = try soundFrames(rate: rate)
    let name = try string(place("log"), default: "ln")
    guard let form = Loudness.Form(rawValue: name) else { throw wrong(place("log"), "must be \"ln\", \"add\", \"db\" or \"none\", found \"\(name)\"") }
    let floor = try number(place("floor"), default: form == .db ? 1e-10 : 1e-6)
    if !(floor > 0 && floor.isFinite) { throw wrong(place("floor"), "must be above 0, found \(floatText(floor))") }
    return MelSettings(frames: frames, filters: try melFilters(rate: rate, points: frames.points), loudness: Loudness(form: form, floor: floor))
  }
}
