// A model of the inner ear, after which the Spiking Heidelberg Digits were made: B. Cramer, Y. Stradmann, J. Schemmel and
// F. Zenke, "The Heidelberg spiking data sets for the systematic evaluation of spiking neural networks", 2020.

import Faults
import Glibc
import Kernels
import Libraries
import Machine
import Tensors

/// The basilar membrane: how fast it moves at places along it, for a sound at the oval window. The hydrodynamic model of
/// N. Sieroka, H. G. Dosch and A. Rupp, "Semirealistic models of the cochlea", J. Acoust. Soc. Am. 120 (2006), 297.
struct BasilarMembrane {
  // Stiffness C0 e^(-alpha c) - a, damping delta sqrt(C0 m) e^(-alpha c / 2), mass m, height h of the duct.
  private static let (stiffness, decay, offset) = (1e9, 3.0, 3500.0)
  private static let (mass, height) = (0.05, 0.1)
  private static let damping = 0.15 * (stiffness * mass).squareRoot()
  /// The length of the membrane in cm: places lie from 0 to it, low frequencies at its end.
  static let length = 3.5

  /// The impedance of a place: stiffness, less mass and damping.
  private static func impedance(_ omega: Double, _ c: Double) -> ComplexNumber {
    ComplexNumber(
      stiffness * exp(-decay * c) - offset - mass * omega * omega, -omega * damping * exp(-decay * c / 2))
  }

  /// The number of the travelling wave at a place.
  private static func waveNumber(_ omega: Double, _ c: Double) -> ComplexNumber {
    omega * (ComplexNumber(1) / (height * impedance(omega, c))).squareRoot
  }

  /// The phase of the wave at a place: that at the window, and the integral of the wave number up to the place, which has a
  /// closed form in e^(-alpha c / 2).
  private static func phase(_ omega: Double, _ c: Double) -> ComplexNumber {
    let root = (offset + mass * omega * omega).squareRoot()
    /// A side of the integral, at the place where the stiffness has fallen by `fall` squared.
    func side(_ fall: Double) -> ComplexNumber {
      let stiff = ComplexNumber(stiffness * fall * fall - offset - mass * omega * omega, -omega * damping * fall).squareRoot
      return ComplexNumber(-omega * damping * fall / (2 * root), root) - stiff
    }
    let fall = exp(-decay * c / 2)
    let integral = (fall * (side(1) / side(fall))).logarithm
    let scale = 2 * omega / (decay * height.squareRoot() * root)
    return 2 / decay * waveNumber(omega, 0) - scale * (ComplexNumber.i * integral)
  }

  private static func pressure(_ omega: Double, _ c: Double) -> ComplexNumber {
    let g = phase(omega, c)
    return (g / waveNumber(omega, c)).squareRoot * g.hankel0
  }

  /// The impedance of the cochlea at the oval window.
  private static func window(_ omega: Double) -> ComplexNumber {
    let q = 2 * omega / decay * (2 / (height * stiffness)).squareRoot()
    return (2 * stiffness / height).squareRoot() * (ComplexNumber(y0(q), j0(q)) / ComplexNumber(j1(q), -y1(q)))
  }

  /// What a place makes of each frequency; 0 where the wave has died out beyond the range of numbers.
  static func transfer(_ omegas: [Double], place c: Double) -> [ComplexNumber] {
    omegas.map { omega in
      let v = 2 * omega * (pressure(omega, c) * window(omega) / (impedance(omega, c) * pressure(omega, 0)))
      return v.isFinite ? v : ComplexNumber(0)
    }
  }

  /// Calls `body` with the movement of some places for each sound: rows of samples // 2 + 1 numbers, at half the rate.
  ///
  /// - Parameter x: sounds along the last axis, prepared by `prepared`
  static func forEach(
    _ x: [Double], samples: Int, rate: Int, channels: Int, _ library: FFTW,
    _ body: (_ sound: Int, _ channels: Range<Int>, _ rows: [Double]) throws(Fault) -> Void
  ) throws(Fault) {
    let bins = samples / 2 + 1
    let top = Double(rate / 2)
    let omegas = (0..<bins).map { 2 * .pi * (bins == 1 ? 1 : 1 + (top - 1) * Double($0) / Double(bins - 1)) }
    let spectra = try library.ofReal(x, length: samples, rows: x.count / samples)
    let block = max(1, min(channels, (1 << 20) / bins))
    for first in stride(from: 0, to: channels, by: block) {
      let range = first..<min(channels, first + block)
      let factors = try transfers(omegas, range, of: channels)
      for sound in 0..<x.count / samples {
        try Interrupt.check()
        var rows = [Double](repeating: 0, count: range.count * bins * 2)
        for (row, factor) in factors.enumerated() {
          for bin in 0..<bins {
            let place = 2 * (sound * bins + bin)
            let product = factor[bin] * ComplexNumber(spectra[place], spectra[place + 1])
            rows[2 * (row * bins + bin)] = product.re
            rows[2 * (row * bins + bin) + 1] = product.im
          }
        }
        try library.transform(&rows, length: bins, rows: range.count, isInverse: true)
        let velocity = stride(from: 0, to: rows.count, by: 2).map { rows[$0] / Double(bins) }
        try body(sound, range, velocity)
      }
    }
  }

  private static func transfers(_ omegas: [Double], _ range: Range<Int>, of channels: Int) throws(Fault) -> [[ComplexNumber]] {
    var factors = [[ComplexNumber]](repeating: [], count: range.count)
    factors.withUnsafeMutableBufferPointer { out in
      let place = UnsafeSend(out)
      ThreadPool.shared.run(tasks: range.count) { task in
        if Interrupt.isRequested { return }
        let channel = range.lowerBound + task
        let c = channels == 1 ? length / 2 : length * Double(channel) / Double(channels - 1)
        place.value[task] = transfer(omegas, place: c)
      }
    }
    try Interrupt.check()
    return factors
  }

  /// Sounds of one loudness, faded in over their first half and out over their second (the weights of a symmetric Hann window).
  static func prepared(_ x: Tensor, level: Double, fades: Bool) throws(Fault) -> [Double] {
    let samples = max(1, x.shape.last ?? 1)
    var out = x.withUnsafeBuffer { $0.map { Double($0) } }
    for start in stride(from: 0, to: out.count, by: samples) {
      try Interrupt.check()
      var squares = 0.0
      for place in start..<start + samples { squares += out[place] * out[place] }
      let rms = (squares / Double(samples)).squareRoot()
      let scale = level > 0 && rms > 0 ? level / rms : 1
      for n in 0..<samples {
        let weight = fades && samples > 1 ? 0.5 - 0.5 * cos(2 * .pi * Double(n) / Double(samples - 1)) : 1
        out[start + n] *= scale * weight
      }
    }
    return out
  }
}

/// A pointer that threads write to at places of their own.
struct UnsafeSend<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// An inner hair cell: transmitter in a pool, a cleft and a store. R. Meddis, "Simulation of mechanical to neural
/// transduction in the auditory receptor", J. Acoust. Soc. Am. 79 (1986), 702, and 83 (1988), 1056.
struct HairCell {
  private static let (replenishing, release, loss, recovery, reprocessing) = (5.05, 2000.0, 2500.0, 6580.0, 66.3)
  private static let (a, b, firing, most) = (5.0, 300.0, 50_000.0, 1.0)
  private let dt: Double
  private var pool: Double
  private var cleft: Double
  private var store: Double

  /// At rest.
  init(rate: Double) {
    dt = 1 / rate
    let permeability = Self.release * Self.a / (Self.a + Self.b)
    cleft = Self.most * Self.replenishing * permeability / (Self.loss * permeability + Self.replenishing * (Self.loss + Self.recovery))
    pool = cleft * (Self.loss + Self.recovery) / permeability
    store = cleft * Self.recovery / Self.reprocessing
  }

  /// The probability of a spike in this sample, by one Euler step.
  mutating func step(_ velocity: Double) -> Double {
    let open = velocity + Self.a > 0 ? Self.release * dt * (velocity + Self.a) / (velocity + Self.a + Self.b) : 0
    let refill = pool < Self.most ? Self.replenishing * dt * (Self.most - pool) : 0
    let (ejected, gone, back, ready) = (open * pool, (Self.loss + Self.recovery) * dt * cleft, Self.recovery * dt * cleft, Self.reprocessing * dt * store)
    pool = max(0, pool + refill - ejected + ready)
    cleft = max(0, cleft + ejected - gone)
    store = max(0, store + back - ready)
    return Self.firing * dt * cleft
  }
}

/// A bushy cell, on which fibres of the auditory nerve end: a leaky integrator with exponential currents, silent for 1 ms after
/// a spike. The fibres fire by chance and then rest for 1 ms; they are alike, so that only how many of them fire is drawn.
struct BushyCell {
  private let fibres: Int
  private var resting: Int { rested.reduce(0, +) }
  /// How many fired in each of the samples that they rest for.
  private var rested: [Int]
  private var turn = 0
  private var potential = 0.0
  private var current = 0.0
  private var silent = 0.0
  private let (memory, currentMemory, weight, silence): (Double, Double, Double, Double)

  init(rate: Double, fibres: Int) {
    self.fibres = fibres
    rested = [Int](repeating: 0, count: max(0, Int((1e-3 * rate).rounded(.up)) - 1))
    memory = exp(-1 / (rate * 1e-3))
    currentMemory = exp(-1 / (rate * 0.5e-3))
    weight = 13_000 / Double(fibres) / rate
    silence = 1e-3 * rate
  }

  /// Whether it spikes in this sample; its fibres fire with a probability.
  mutating func step(_ probability: Double, _ stream: inout RandomStream) -> Bool {
    let fired = draw(fibres - resting, min(1, max(0, probability)), &stream)
    if !rested.isEmpty {
      rested[turn] = fired
      turn = (turn + 1) % rested.count
    }
    let spikes = potential >= 1 && silent <= 0
    potential *= memory
    if spikes { (potential, silent) = (0, silence) }
    current = current * currentMemory + Double(fired)
    if silent <= 0 { potential += current * weight }
    silent -= 1
    return spikes
  }

  /// How many of some fibres fire: a binomial number, by inversion.
  private func draw(_ count: Int, _ p: Double, _ stream: inout RandomStream) -> Int {
    if count <= 0 || p <= 0 { return 0 }
    if p >= 1 { return count }
    let u = Double(stream.nextBits() >> 11) * 0x1p-53
    var share = pow(1 - p, Double(count))
    var (sum, k) = (share, 0)
    while u >= sum, k < count {
      share *= Double(count - k) / Double(k + 1) * p / (1 - p)
      sum += share
      k += 1
    }
    return k
  }
}
