// Draws from the usual distributions, in 64 bits. Each takes as many random words as it needs, so a draw depends on the
// stream and on how many came before it.

import Glibc

extension RandomStream {
  /// A uniform double above 0 and below 1.
  private mutating func open() -> Double { (Double(nextBits() >> 12) + 0.5) * 0x1p-52 }

  /// A normal draw of mean 0 and standard deviation 1 (Box and Muller, 1958).
  public mutating func normalDouble() -> Double {
    let radius = sqrt(-2 * log(open()))
    return radius * cos(2 * .pi * open())
  }

  /// An exponential draw of mean 1.
  public mutating func exponential() -> Double { -log(open()) }

  /// The logarithm of a gamma draw of scale 1 (Marsaglia and Tsang, 2000): a small shape gives numbers that no float holds.
  public mutating func logGamma(shape: Double) -> Double {
    if shape < 1 { return logGamma(shape: shape + 1) + log(open()) / shape }
    let d = shape - 1.0 / 3
    let c = 1 / sqrt(9 * d)
    while true {
      let x = normalDouble()
      let t = 1 + c * x
      if t <= 0 { continue }
      let v = t * t * t
      if log(open()) < 0.5 * x * x + d - d * v + d * log(v) { return log(d) + log(v) }
    }
  }

  /// A beta draw, by two gamma draws.
  public mutating func beta(_ a: Double, _ b: Double) -> Double {
    let (x, y) = (logGamma(shape: a), logGamma(shape: b))
    return 1 / (1 + exp(y - x))
  }

  /// A Poisson draw: by products of uniform numbers up to a mean of 10, and above by transformed rejection (Hörmann's PTRS,
  /// 1993).
  public mutating func poisson(mean: Double) -> Double {
    if mean <= 0 { return 0 }
    if mean < 10 {
      let end = exp(-mean)
      var (count, product) = (0.0, open())
      while product > end {
        count += 1
        product *= open()
      }
      return count
    }
    let b = 0.931 + 2.53 * sqrt(mean)
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let vr = 0.9277 - 3.6224 / (b - 2)
    while true {
      let u = open() - 0.5
      let v = open()
      let us = 0.5 - u.magnitude
      let k = floor((2 * a / us + b) * u + mean + 0.43)
      if us >= 0.07, v <= vr { return k }
      if k < 0 || (us < 0.013 && v > us) { continue }
      if log(v) + log(inverseAlpha) - log(a / (us * us) + b) <= -mean + k * log(mean) - lgamma(k + 1) { return k }
    }
  }

  /// A binomial draw: by counting up to a mean of 10, and above by transformed rejection (Hörmann's BTRS, 1993).
  public mutating func binomial(trials: Double, probability: Double) -> Double {
    if probability > 0.5 { return trials - binomial(trials: trials, probability: 1 - probability) }
    if probability <= 0 || trials <= 0 { return 0 }
    let q = 1 - probability
    if trials * probability < 10 {
      // The gaps between successes are geometric.
      var (count, place) = (0.0, 0.0)
      while true {
        place += floor(log(open()) / log1p(-probability)) + 1
        if place > trials { return count }
        count += 1
      }
    }
    let spread = sqrt(trials * probability * q)
    let b = 1.15 + 2.53 * spread
    let a = -0.0873 + 0.0248 * b + 0.01 * probability
    let center = trials * probability + 0.5
    let alpha = (2.83 + 5.1 / b) * spread
    let vr = 0.92 - 4.2 / b
    let odds = log(probability / q)
    let mode = floor((trials + 1) * probability)
    let h = lgamma(mode + 1) + lgamma(trials - mode + 1)
    while true {
      let u = open() - 0.5
      var v = open()
      let us = 0.5 - u.magnitude
      let k = floor((2 * a / us + b) * u + center)
      if k < 0 || k > trials { continue }
      if us >= 0.07, v <= vr { return k }
      v = log(v * alpha / (a / (us * us) + b))
      if v <= h - lgamma(k + 1) - lgamma(trials - k + 1) + (k - mode) * odds { return k }
    }
  }

  /// How many trials it takes up to the first success.
  public mutating func geometric(probability: Double) -> Double {
    probability >= 1 ? 1 : floor(log(open()) / log1p(-probability)) + 1
  }

  /// An angle from -pi to pi around `mean`, the more gathered the larger `concentration` (Best and Fisher, 1979).
  public mutating func vonMises(mean: Double, concentration: Double) -> Double {
    if concentration < 1e-8 { return .pi * (2 * open() - 1) }
    // So gathered that the circle is a line: the terms below would lose all digits, and never accept a draw.
    if concentration > 1e6 { return remainder(mean + normalDouble() / sqrt(concentration), 2 * .pi) }
    let r: Double
    if concentration < 1e-5 {
      // The exact term below loses its digits here.
      r = 1 / concentration + concentration
    } else {
      let tau = 1 + sqrt(1 + 4 * concentration * concentration)
      let rho = (tau - sqrt(2 * tau)) / (2 * concentration)
      r = (1 + rho * rho) / (2 * rho)
    }
    while true {
      let z = cos(.pi * open())
      let f = (1 + r * z) / (r + z)
      let c = concentration * (r - f)
      let u = open()
      guard c * (2 - c) > u || log(c / u) + 1 - c >= 0 else { continue }
      let angle = acos(max(-1, min(1, f)))
      let turned = mean + (open() < 0.5 ? -angle : angle)
      return remainder(turned, 2 * .pi)
    }
  }
}
