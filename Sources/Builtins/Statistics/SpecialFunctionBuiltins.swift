// The module `special`: functions that distributions and tests are reckoned with, in 64 bits.

import Faults
import Glibc
import Machine
import Tensors

/// The error function, gamma and beta functions, and their inverses.
let specialFunctionBuiltins: [Builtin] = [
  special("erf", "The error function: the share of a normal distribution of variance 1/2 between -x and x.", "print(special.erf(0), \"{special.erf(1.0):.6}\")   # expect: 0.0 0.842701") { Glibc.erf($0) },
  special("erfc", "1 - erf(x), exact where erf is near 1.", "print(\"{special.erfc(5.0):.3e}\")   # expect: 1.537e-12") { Glibc.erfc($0) },
  special("gamma", "The gamma function: (n - 1)! of whole numbers.", "print(special.gamma(5))   # expect: 24.0") { Glibc.tgamma($0) },
  special("log_gamma", "The logarithm of the size of the gamma function.", "print(close(special.log_gamma(5), log(24)))   # expect: true") { Glibc.lgamma($0) },
  special("bessel_i0", "The modified Bessel function of order 0.", "print(special.bessel_i0(0))   # expect: 1.0") { besselI0($0) },
  special(
    "normal_cdf", "The probability that a normal number of mean 0 and standard deviation 1 is below x.", "print(special.normal_cdf(0))   # expect: 0.5"
  ) { 0.5 * Glibc.erfc(-$0 / 2.0.squareRoot()) },
  special(
    "normal_quantile", "The x below which a normal number of mean 0 and standard deviation 1 lies with probability p; nan outside 0 to 1.",
    "print(special.normal_quantile(0.5), \"{special.normal_quantile(0.975):.6}\")   # expect: 0.0 1.959964"
  ) { normalQuantile($0) },
  Builtin(
    "special.gamma_cdf", [.required("x", .number, "a number from 0"), .required("a", .number, "the form, above 0")], returns: "float", subject: "statistics",
    "The regularized lower incomplete gamma function: the probability that a gamma number of form a and scale 1 is below x.",
    example: "use special\nprint(\"{special.gamma_cdf(2.0, 1.0):.6}\")   # expect: 0.864665"
  ) { (call) throws(Fault) in
    let (x, a) = (try call.number(0), try call.number(1))
    if !(a > 0) { throw call.wrong(1, "must be above 0, found \(floatText(a))") }
    return .float(gammaCDF(x, a))
  },
  Builtin(
    "special.beta_cdf", [.required("x", .number, "a number from 0 to 1"), .required("a", .number, "above 0"), .required("b", .number, "above 0")], returns: "float", subject: "statistics",
    "The regularized incomplete beta function: the probability that a beta number of a and b is below x.",
    example: "use special\nprint(\"{special.beta_cdf(0.25, 2, 3):.6}\")   # expect: 0.261719"
  ) { (call) throws(Fault) in
    let (x, a, b) = (try call.number(0), try call.number(1), try call.number(2))
    if !(a > 0 && b > 0) { throw call.wrong(1, "and `b` must be above 0, found \(floatText(a)) and \(floatText(b))") }
    return .float(betaCDF(x, a, b))
  },
]

private func special(_ name: String, _ documentation: String, _ example: String, _ function: @escaping @Sendable (Double) -> Double) -> Builtin {
  Builtin(
    "special.\(name)", [.required("x", .number | .tensor | .list, "a number or a tensor")], returns: "float or tensor", subject: "statistics", documentation,
    example: "use special\n\(example)"
  ) { (call) throws(Fault) in
    try call.checkPlain(0)
    if let x = call[0].asNumber { return .float(function(x)) }
    let x = try call.tensor(0)
    return .tensor(try x.mapped(function))
  }
}

/// The power series up to 30, where its terms have no sign, and the asymptotic series behind (Abramowitz and Stegun 9.6.12, 9.7.1).
private func besselI0(_ x: Double) -> Double {
  let size = x.magnitude
  if size.isNaN { return .nan }
  if size <= 30 {
    var (term, sum, k) = (1.0, 1.0, 1.0)
    while term > sum * 1e-17 {
      term *= size * size / (4 * k * k)
      sum += term
      k += 1
    }
    return sum
  }
  var (term, sum, k) = (1.0, 1.0, 1.0)
  while term > 1e-17, k < 30 {
    term *= (2 * k - 1) * (2 * k - 1) / (8 * k * size)
    sum += term
    k += 1
  }
  return exp(size - 0.5 * log(2 * .pi * size)) * sum
}

/// A start by a rational function (Abramowitz and Stegun 26.2.23), and steps of Halley's rule.
private func normalQuantile(_ p: Double) -> Double {
  guard p >= 0, p <= 1 else { return .nan }
  if p == 0 { return -.infinity }
  if p == 1 { return .infinity }
  if p == 0.5 { return 0 }
  if p > 0.5 { return -normalQuantile(1 - p) }
  let t = (-2 * log(p)).squareRoot()
  var x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
  for _ in 0..<4 {
    let error = 0.5 * Glibc.erfc(-x / 2.0.squareRoot()) - p
    let density = exp(-0.5 * x * x) / (2 * .pi).squareRoot()
    let step = error / density
    x -= step / (1 + x * step / 2)
  }
  return x
}

/// A series below a + 1, and Lentz's continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31).
private func gammaCDF(_ x: Double, _ a: Double) -> Double {
  if x.isNaN || a.isNaN { return .nan }
  if x <= 0 { return 0 }
  if x.isInfinite { return 1 }
  let front = exp(a * log(x) - x - lgamma(a))
  if x < a + 1 {
    var (term, sum, n) = (1 / a, 1 / a, a)
    for _ in 0..<100_000 {
      n += 1
      term *= x / n
      sum += term
      if term < sum * 1e-17 { break }
    }
    return min(1, sum * front)
  }
  let fraction = continuedFraction { k in
    k == 0 ? (1, x + 1 - a) : (-Double(k) * (Double(k) - a), x + Double(2 * k + 1) - a)
  }
  return max(0, 1 - front * fraction)
}

/// Lentz's continued fraction (Abramowitz and Stegun 26.5.8), on the side where it converges quickly.
private func betaCDF(_ x: Double, _ a: Double, _ b: Double) -> Double {
  if x.isNaN { return .nan }
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  if x > (a + 1) / (a + b + 2) { return 1 - betaCDF(1 - x, b, a) }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
  let fraction = continuedFraction { k in
    if k == 0 { return (1, 1) }
    let m = Double(k / 2)
    let top = k % 2 == 0 ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)) : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return (top, 1)
  }
  return min(1, front * fraction)
}

/// The value of t0 / (b0 + t1 / (b1 + …)), by the modified rule of Lentz.
private func continuedFraction(_ term: (Int) -> (top: Double, bottom: Double)) -> Double {
  let tiny = 1e-300
  var (value, c, d) = (tiny, tiny, 0.0)
  for k in 0..<100_000 {
    let (top, bottom) = term(k)
    d = bottom + top * d
    if d == 0 { d = tiny }
    c = bottom + top / c
    if c == 0 { c = tiny }
    d = 1 / d
    value *= c * d
    if k > 0, (c * d - 1).magnitude < 1e-16 { break }
  }
  return value
}
