// What the leaky integrate-and-fire kernels must know of a neuron and of its surrogate gradient.

/// What happens to the membrane potential of a neuron that has just fired.
public enum LifReset: UInt8, Sendable {
  /// The threshold is taken off: `v - threshold`. What exceeded the threshold is kept.
  case subtract
  /// The potential becomes zero.
  case zero
  /// Nothing happens.
  case none
}

/// The constants of one population of leaky integrate-and-fire neurons.
public struct LifConstants: Sendable {
  /// The share of the potential that remains after one step.
  public var beta: Float
  /// The potential at which a neuron fires.
  public var threshold: Float
  public var reset: LifReset

  public init(beta: Float, threshold: Float, reset: LifReset) {
    self.beta = beta
    self.threshold = threshold
    self.reset = reset
  }
}

/// The function whose derivative stands in for the derivative of the step `H(x)`, with `x = v - threshold`.
public enum SurrogateShape: Sendable, Equatable {
  /// `1 / (1 + slope |x|)^2` (Zenke and Ganguli 2018, SuperSpike).
  case fastSigmoid(slope: Float)
  /// `(alpha / 2) / (1 + (pi / 2 alpha x)^2)` (Fang et al. 2021).
  case arctangent(alpha: Float)
  /// `max(0, 1 - |x| / width) / width` (Bellec et al. 2018, with unit area).
  case triangle(width: Float)
  /// `1` everywhere (Bengio et al. 2013).
  case straightThrough
}

/// Sixteen derivatives at a time; one small type for each shape, so that a kernel is compiled for each.
protocol SurrogateDerivative {
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float>
}

@inline(__always)
private func magnitude(_ x: SIMD16<Float>) -> SIMD16<Float> {
  x.replacing(with: -x, where: x .< 0)
}

struct FastSigmoidDerivative: SurrogateDerivative {
  let slope: Float
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let denominator = magnitude(x) * slope + 1
    return 1 / (denominator * denominator)
  }
}

struct ArctangentDerivative: SurrogateDerivative {
  let alpha: Float
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let scaled = x * (Float.pi / 2 * alpha)
    return (alpha / 2) / (scaled * scaled + 1)
  }
}

struct TriangleDerivative: SurrogateDerivative {
  let width: Float
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let height = (1 - magnitude(x) / width) / width
    return height.replacing(with: 0, where: height .< 0)
  }
}

struct StraightThroughDerivative: SurrogateDerivative {
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> { SIMD16(repeating: 1) }
}

/// Replaces each of `count` distances to the threshold, `x = v - threshold`, by the surrogate derivative there.
///
/// `values` must hold `count` floats.
public func surrogateDerivatives(
  _ shape: SurrogateShape, _ values: UnsafeMutablePointer<Float>, count: Int
) {
  switch shape {
  case .fastSigmoid(let slope): replaceEach(FastSigmoidDerivative(slope: slope), values, count)
  case .arctangent(let alpha): replaceEach(ArctangentDerivative(alpha: alpha), values, count)
  case .triangle(let width): replaceEach(TriangleDerivative(width: width), values, count)
  case .straightThrough: replaceEach(StraightThroughDerivative(), values, count)
  }
}

@inline(__always)
private func replaceEach(
  _ surrogate: some SurrogateDerivative, _ values: UnsafeMutablePointer<Float>, _ count: Int
) {
  var i = 0
  while i < count {
    let lanes = min(16, count - i)
    storeLanes(surrogate.derivative(loadLanes(values + i, lanes)), values + i, lanes)
    i += 16
  }
}

/// The first `count` (at most 16) floats at `source`; the other lanes are zero.
@inline(__always)
func loadLanes(_ source: UnsafePointer<Float>, _ count: Int) -> SIMD16<Float> {
  if count == 16 {
    return UnsafeRawPointer(source).loadUnaligned(as: SIMD16<Float>.self)
  }
  var lanes = SIMD16<Float>(repeating: 0)
  for i in 0..<count { lanes[i] = source[i] }
  return lanes
}

/// Writes the first `count` (at most 16) lanes to `target`.
@inline(__always)
func storeLanes(_ lanes: SIMD16<Float>, _ target: UnsafeMutablePointer<Float>, _ count: Int) {
  if count == 16 {
    UnsafeMutableRawPointer(target).storeBytes(of: lanes, as: SIMD16<Float>.self)
  } else {
    for i in 0..<count { target[i] = lanes[i] }
  }
}
