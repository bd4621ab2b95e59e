// Loops that read one or two buffers and write a third, element by element. The output may be one of the inputs.

import Glibc

@inline(__always)
private func map(
  _ count: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ body: (Vector) -> Vector
) {
  var i = 0
  while i + vectorWidth <= count {
    store(body(load(x + i)), out + i)
    i += vectorWidth
  }
  if i < count { storeHead(body(loadHead(x + i, count - i)), out + i, count - i) }
}

@inline(__always)
private func mapLanes(
  _ count: Int, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ body: (Float) -> Float
) {
  for i in 0..<count { out[i] = body(x[i]) }
}

extension Level {
  public static func applyUnary(
    _ kernel: UnaryKernel, count: Int, _ x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    let one = Vector(repeating: 1)
    switch kernel {
    case .negate: map(count, x, out) { $0 * -1 }
    case .exp: map(count, x, out) { exponential($0) }
    case .log: map(count, x, out) { logarithm($0) }
    case .sqrt: map(count, x, out) { squareRoot($0) }
    case .abs: mapLanes(count, x, out) { $0.magnitude }
    case .sin: mapLanes(count, x, out) { sinf($0) }
    case .cos: mapLanes(count, x, out) { cosf($0) }
    case .tan: mapLanes(count, x, out) { tanf($0) }
    case .tanh: map(count, x, out) { hyperbolicTangent($0) }
    case .sigmoid: map(count, x, out) { logistic($0) }
    case .relu: map(count, x, out) { $0.replacing(with: Vector(), where: $0 .< 0) }
    case .floor: map(count, x, out) { roundedDown($0) }
    case .ceil: map(count, x, out) { roundedUp($0) }
    case .round: map(count, x, out) { roundedToEven($0) }
    case .sign:
      map(count, x, out) { x in
        x.replacing(with: one, where: x .> 0).replacing(with: 0 - one, where: x .< 0)
      }
    case .square: map(count, x, out) { $0 * $0 }
    case .reciprocal: map(count, x, out) { one / $0 }
    case .softplus: map(count, x, out) { softPlus($0) }
    case .growth: map(count, x, out) { growth($0) }
    case .growthSlope: map(count, x, out) { growthSlope($0) }
    case .isZero: map(count, x, out) { Vector().replacing(with: one, where: $0 .== 0) }
    }
  }
}

@inline(__always)
private func zip(
  _ steps: OperandSteps, _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>, _ body: (Vector, Vector) -> Vector
) {
  var i = 0
  switch steps {
  case .both:
    while i + vectorWidth <= count {
      store(body(load(a + i), load(b + i)), out + i)
      i += vectorWidth
    }
    let rest = count - i
    if rest > 0 { storeHead(body(loadHead(a + i, rest), loadHead(b + i, rest)), out + i, rest) }
  case .leftOnly:
    let right = Vector(repeating: b.pointee)
    while i + vectorWidth <= count {
      store(body(load(a + i), right), out + i)
      i += vectorWidth
    }
    let rest = count - i
    if rest > 0 { storeHead(body(loadHead(a + i, rest), right), out + i, rest) }
  case .rightOnly:
    let left = Vector(repeating: a.pointee)
    while i + vectorWidth <= count {
      store(body(left, load(b + i)), out + i)
      i += vectorWidth
    }
    let rest = count - i
    if rest > 0 { storeHead(body(left, loadHead(b + i, rest)), out + i, rest) }
  }
}

@inline(__always)
private func zipLanes(
  _ steps: OperandSteps, _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>, _ body: (Float, Float) -> Float
) {
  switch steps {
  case .both: for i in 0..<count { out[i] = body(a[i], b[i]) }
  case .leftOnly:
    let right = b.pointee
    for i in 0..<count { out[i] = body(a[i], right) }
  case .rightOnly:
    let left = a.pointee
    for i in 0..<count { out[i] = body(left, b[i]) }
  }
}

@inline(__always)
private func choose(_ mask: VectorMask) -> Vector {
  Vector().replacing(with: Vector(repeating: 1), where: mask)
}

/// a - b * floor(a / b), by the exact remainder: the sign follows the divisor.
@inline(__always)
func flooredRemainder(_ a: Float, _ b: Float) -> Float {
  let remainder = fmodf(a, b)
  if remainder == 0 { return b < 0 ? -0.0 : 0 }
  return (remainder < 0) != (b < 0) ? remainder + b : remainder
}

/// The largest whole number not above a / b, consistent with the floored remainder.
@inline(__always)
func flooredQuotient(_ a: Float, _ b: Float) -> Float {
  if b == 0 || !a.isFinite || !b.isFinite { return floorf(a / b) }
  return rintf((a - flooredRemainder(a, b)) / b)
}

extension Level {
  public static func applyBinary(
    _ kernel: BinaryKernel, steps: OperandSteps, count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  ) {
    switch kernel {
    case .add: zip(steps, count, a, b, out) { $0 + $1 }
    case .subtract: zip(steps, count, a, b, out) { $0 - $1 }
    case .multiply: zip(steps, count, a, b, out) { $0 * $1 }
    case .divide: zip(steps, count, a, b, out) { $0 / $1 }
    case .power: power(steps, count, a, b, out)
    case .remainder: zipLanes(steps, count, a, b, out) { flooredRemainder($0, $1) }
    case .floorDivide: zipLanes(steps, count, a, b, out) { flooredQuotient($0, $1) }
    case .maximum: zip(steps, count, a, b, out) { $1.replacing(with: $0, where: ($0 .> $1) .| ($0 .!= $0)) }
    case .minimum: zip(steps, count, a, b, out) { $1.replacing(with: $0, where: ($0 .< $1) .| ($0 .!= $0)) }
    case .equal: zip(steps, count, a, b, out) { choose($0 .== $1) }
    case .notEqual: zip(steps, count, a, b, out) { choose($0 .!= $1) }
    case .less: zip(steps, count, a, b, out) { choose($0 .< $1) }
    case .lessOrEqual: zip(steps, count, a, b, out) { choose($0 .<= $1) }
    case .greater: zip(steps, count, a, b, out) { choose($0 .> $1) }
    case .greaterOrEqual: zip(steps, count, a, b, out) { choose($0 .>= $1) }
    case .and: zip(steps, count, a, b, out) { choose(($0 .!= 0) .& ($1 .!= 0)) }
    case .or: zip(steps, count, a, b, out) { choose(($0 .!= 0) .| ($1 .!= 0)) }
    }
  }
}

/// Powers; the exponents that programs write most are products and roots.
private func power(
  _ steps: OperandSteps, _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
  _ out: UnsafeMutablePointer<Float>
) {
  if steps == .leftOnly {
    switch b.pointee {
    case 1: return map(count, a, out) { $0 }
    case 2: return map(count, a, out) { $0 * $0 }
    case 3: return map(count, a, out) { $0 * $0 * $0 }
    case -1: return map(count, a, out) { 1 / $0 }
    default: break
    }
  }
  zipLanes(steps, count, a, b, out) { powf($0, $1) }
}

extension Level {
  public static func select(
    count: Int, condition: UnsafePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { out[i] = condition[i] != 0 ? a[i] : b[i] }
  }

  public static func accumulate(
    count: Int, scale: Float, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    let factor = Vector(repeating: scale)
    var i = 0
    while i + vectorWidth <= count {
      store(multiplyAdd(factor, load(x + i), load(out + i)), out + i)
      i += vectorWidth
    }
    if i < count {
      let rest = count - i
      storeHead(multiplyAdd(factor, loadHead(x + i, rest), loadHead(UnsafePointer(out + i), rest)), out + i, rest)
    }
  }

  public static func clip(
    count: Int, low: Float, high: Float, _ x: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>
  ) {
    let low = Vector(repeating: low)
    let high = Vector(repeating: high)
    map(count, x, out) { $0.replacing(with: low, where: $0 .< low).replacing(with: high, where: $0 .> high) }
  }
}
