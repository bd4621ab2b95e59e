// exp, log and their relatives over vectors, within about two units in the last place (relative error below 3e-7).
//
// Each is a range reduction and a short series written from its definition; the same lanes serve heads, bodies and
// tails of a buffer, so an element's value never depends on where it stands.

@inline(__always)
private func bits(_ vector: Vector) -> VectorBits { unsafeBitCast(vector, to: VectorBits.self) }

@inline(__always)
private func float(_ bits: VectorBits) -> Vector { unsafeBitCast(bits, to: Vector.self) }

/// 1.5 * 2^23: adding it rounds a small float to a whole number, which then stands in the low bits.
private var roundingShift: Float { @inline(__always) get { 12_582_912 } }
private var roundingShiftBits: Int32 { @inline(__always) get { 0x4B40_0000 } }

/// 2^n for whole n in -126...127.
@inline(__always)
private func powerOfTwo(_ n: VectorBits) -> Vector { float((n &+ 127) &<< 23) }

/// e^x: with n = round(x / ln 2) and r = x - n ln 2, it is 2^n times the Taylor series of e^r to r^7.
@inline(__always)
func exponential(_ x: Vector) -> Vector {
  let low = Vector(repeating: -104)
  let high = Vector(repeating: 89)
  let clamped = x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
  let shifted = multiplyAdd(
    clamped, Vector(repeating: 1.442_695_04), Vector(repeating: roundingShift))
  let n = bits(shifted) &- roundingShiftBits
  let whole = shifted - roundingShift
  var r = multiplyAdd(whole, Vector(repeating: -0.693_359_375), clamped)
  r = multiplyAdd(whole, Vector(repeating: 2.121_944_4e-4), r)
  var series = Vector(repeating: 1 / 5040)
  series = multiplyAdd(series, r, Vector(repeating: 1 / 720))
  series = multiplyAdd(series, r, Vector(repeating: 1 / 120))
  series = multiplyAdd(series, r, Vector(repeating: 1 / 24))
  series = multiplyAdd(series, r, Vector(repeating: 1 / 6))
  series = multiplyAdd(series, r, Vector(repeating: 0.5))
  let tail = multiplyAdd(series * r, r, r)
  let half = n &>> 1
  let value = (tail + 1) * powerOfTwo(half) * powerOfTwo(n &- half)
  return value.replacing(with: x, where: x .!= x)
}

/// (e^x - 1) / x: its Taylor series to x^9 near 0, where the formula would cancel, and the formula elsewhere.
@inline(__always)
func growth(_ x: Vector) -> Vector {
  var series = Vector(repeating: 1 / 3_628_800)
  series = multiplyAdd(series, x, Vector(repeating: 1 / 362_880))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 40_320))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 5040))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 720))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 120))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 24))
  series = multiplyAdd(series, x, Vector(repeating: 1 / 6))
  series = multiplyAdd(series, x, Vector(repeating: 0.5))
  series = multiplyAdd(series, x, Vector(repeating: 1))
  var value = (exponential(x) - 1) / x
  value.replace(with: x, where: x .== .infinity)
  return value.replacing(with: series, where: x * x .< 0.5625)
}

/// (e^x - growth(x)) / x, in the same way, by the series of (n + 1) x^n / (n + 2)! to x^11.
@inline(__always)
func growthSlope(_ x: Vector) -> Vector {
  var series = Vector(repeating: 12 / 6_227_020_800)
  series = multiplyAdd(series, x, Vector(repeating: 11 / 479_001_600))
  series = multiplyAdd(series, x, Vector(repeating: 10 / 39_916_800))
  series = multiplyAdd(series, x, Vector(repeating: 9 / 3_628_800))
  series = multiplyAdd(series, x, Vector(repeating: 8 / 362_880))
  series = multiplyAdd(series, x, Vector(repeating: 7 / 40_320))
  series = multiplyAdd(series, x, Vector(repeating: 6 / 5040))
  series = multiplyAdd(series, x, Vector(repeating: 5 / 720))
  series = multiplyAdd(series, x, Vector(repeating: 4 / 120))
  series = multiplyAdd(series, x, Vector(repeating: 3 / 24))
  series = multiplyAdd(series, x, Vector(repeating: 2 / 6))
  series = multiplyAdd(series, x, Vector(repeating: 0.5))
  let whole = exponential(x)
  var value = (whole - (whole - 1) / x) / x
  value.replace(with: whole, where: whole .== .infinity)
  return value.replacing(with: series, where: x * x .< 1.69)
}

/// ln x: with x = 2^e m, m in [sqrt(1/2), sqrt 2) and s = (m - 1) / (m + 1), it is e ln 2 + 2 artanh s.
@inline(__always)
func logarithm(_ x: Vector) -> Vector {
  let tiny = x .< Float.leastNormalMagnitude
  let scaled = x.replacing(with: x * 8_388_608, where: tiny)
  let raw = bits(scaled)
  let offset = (raw &- 0x3F35_04F3) &>> 23
  let m = float(raw &- (offset &<< 23))
  var exponent = float(offset &+ roundingShiftBits) - roundingShift
  exponent.replace(with: exponent - 23, where: tiny)
  let s = (m - 1) / (m + 1)
  let square = s * s
  var series = Vector(repeating: 2.0 / 9)
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 7))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 5))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 3))
  let tail = series * square * s
  let low = multiplyAdd(exponent, Vector(repeating: -2.121_944_4e-4), tail)
  var value = multiplyAdd(exponent, Vector(repeating: 0.693_359_375), s + s + low)
  value.replace(with: Vector(repeating: -.infinity), where: x .== 0)
  value.replace(with: Vector(repeating: .infinity), where: x .== .infinity)
  value.replace(with: Vector(repeating: .nan), where: (x .< 0) .| (x .!= x))
  return value
}

/// tanh x: its series near 0, where 1 - 2 / (e^2x + 1) would cancel, and that formula elsewhere.
@inline(__always)
func hyperbolicTangent(_ x: Vector) -> Vector {
  let square = x * x
  var series = Vector(repeating: -1382.0 / 155_925)
  series = multiplyAdd(series, square, Vector(repeating: 62.0 / 2835))
  series = multiplyAdd(series, square, Vector(repeating: -17.0 / 315))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 15))
  series = multiplyAdd(series, square, Vector(repeating: -1.0 / 3))
  let near = multiplyAdd(series * square, x, x)
  let far = 1 - 2 / (exponential(x + x) + 1)
  return far.replacing(with: near, where: square .< 0.1225)
}

/// 1 / (1 + e^-x).
@inline(__always)
func logistic(_ x: Vector) -> Vector { 1 / (exponential(0 - x) + 1) }

/// ln(1 + e^x) = max(x, 0) + ln(1 + y) with y = e^-|x|, where ln(1 + y) = 2 artanh(y / (2 + y)).
@inline(__always)
func softPlus(_ x: Vector) -> Vector {
  let magnitude = x.replacing(with: 0 - x, where: x .< 0)
  let y = exponential(0 - magnitude)
  let s = y / (y + 2)
  let square = s * s
  var series = Vector(repeating: 2.0 / 15)
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 13))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 11))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 9))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 7))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 5))
  series = multiplyAdd(series, square, Vector(repeating: 2.0 / 3))
  let tail = multiplyAdd(series * square, s, s + s)
  let positive = x.replacing(with: Vector(), where: x .< 0)
  return positive + tail
}

/// The nearest whole number, halves to even. From 2^23 on every float is whole.
@inline(__always)
func roundedToEven(_ x: Vector) -> Vector {
  let magnitude = float(bits(x) & 0x7FFF_FFFF)
  let sign = bits(x) & Int32.min
  let whole = float(bits((magnitude + 8_388_608) - 8_388_608) | sign)
  return x.replacing(with: whole, where: magnitude .< 8_388_608)
}

/// The largest whole number not above x.
@inline(__always)
func roundedDown(_ x: Vector) -> Vector {
  let nearest = roundedToEven(x)
  return nearest.replacing(with: nearest - 1, where: nearest .> x)
}

/// The smallest whole number not below x.
@inline(__always)
func roundedUp(_ x: Vector) -> Vector {
  let nearest = roundedToEven(x)
  return nearest.replacing(with: nearest + 1, where: nearest .< x)
}
