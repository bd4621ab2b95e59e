// Complex numbers, as far as the model of the cochlea takes them.

import Glibc

struct ComplexNumber {
  var re: Double
  var im: Double

  init(_ re: Double, _ im: Double = 0) { (self.re, self.im) = (re, im) }

  static let i = ComplexNumber(0, 1)

  static func + (a: Self, b: Self) -> Self { Self(a.re + b.re, a.im + b.im) }
  static func - (a: Self, b: Self) -> Self { Self(a.re - b.re, a.im - b.im) }
  static func * (a: Self, b: Self) -> Self { Self(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re) }
  static func * (a: Double, b: Self) -> Self { Self(a * b.re, a * b.im) }

  /// Scaled first, so that squares of large and of small numbers do not leave the range (R. L. Smith 1962).
  static func / (a: Self, b: Self) -> Self {
    if abs(b.re) >= abs(b.im) {
      let ratio = b.im / b.re
      let size = b.re + b.im * ratio
      return Self((a.re + a.im * ratio) / size, (a.im - a.re * ratio) / size)
    }
    let ratio = b.re / b.im
    let size = b.re * ratio + b.im
    return Self((a.re * ratio + a.im) / size, (a.im * ratio - a.re) / size)
  }

  var magnitude: Double { hypot(re, im) }
  var isFinite: Bool { re.isFinite && im.isFinite }

  /// The root whose real part is not negative.
  var squareRoot: Self {
    let size = magnitude
    if size == 0 { return Self(0) }
    let a = ((size + abs(re)) / 2).squareRoot()
    let b = im / (2 * a)
    return re >= 0 ? Self(a, b) : Self(abs(b), im < 0 ? -a : a)
  }

  /// The logarithm whose imaginary part lies from -pi to pi.
  var logarithm: Self { Self(log(magnitude), atan2(im, re)) }

  var exponential: Self {
    let size = exp(re)
    return Self(size * cos(im), size * sin(im))
  }

  /// Hankel's function of the first kind and order 0, for numbers whose imaginary part is not far below 0: near 0 by the
  /// series of J0 and Y0 (DLMF 10.2.2 and 10.8.2), elsewhere by Hankel's expansion (10.17.5), each to some 8 digits.
  var hankel0: Self {
    if magnitude < 9 {
      let quarter = -0.25 * self * self
      var term = Self(1)
      var (j, rest) = (Self(1), Self(0))
      var harmonic = 0.0
      for k in 1..<60 {
        term = 1 / Double(k * k) * (term * quarter)
        harmonic += 1 / Double(k)
        j = j + term
        rest = rest - harmonic * term
        if term.magnitude * harmonic < 1e-18 * j.magnitude { break }
      }
      let gamma = 0.577_215_664_901_532_9
      let y = 2 / .pi * (((0.5 * self).logarithm + Self(gamma)) * j + rest)
      return j + Self.i * y
    }
    var (term, sum) = (Self(1), Self(1))
    for k in 1..<40 {
      let odd = Double(2 * k - 1)
      let next = (-odd * odd / (8 * Double(k))) * (term * Self.i / self)
      if next.magnitude >= term.magnitude || next.magnitude < 1e-18 { break }
      term = next
      sum = sum + term
    }
    return (Self(2 / .pi) / self).squareRoot * (Self.i * (self - Self(.pi / 4))).exponential * sum
  }
}
