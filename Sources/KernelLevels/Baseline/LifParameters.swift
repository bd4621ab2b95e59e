// What the leaky integrate-and-fire kernels must know of a neuron and of its surrogate gradient.

/// Sixteen derivatives at a time; one small type for each shape, so that a kernel is compiled for each.
protocol SurrogateDerivative {
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float>
}

/// A loop that is compiled for each surrogate.
protocol SurrogateLoop {
  func run(_ surrogate: some SurrogateDerivative)
}

extension SurrogateShape {
  /// Runs a loop with the derivative of this shape.
  @inline(__always)
  func run(_ loop: some SurrogateLoop) {
    switch self {
    case .fastSigmoid(let slope): loop.run(FastSigmoidDerivative(slope: slope))
    case .arctangent(let alpha): loop.run(ArctangentDerivative(alpha: alpha))
    case .triangle(let width): loop.run(TriangleDerivative(width: width))
    case .straightThrough: loop.run(StraightThroughDerivative())
    case .function(let function): loop.run(FunctionDerivative(function: function))
    }
  }
}

@inline(__always)
private func magnitude(_ x: SIMD16<Float>) -> SIMD16<Float> {
  x.replacing(with: -x, where: x .< 0)
}

/// Numbers whose squares have reciprocals; beyond, the derivative is nothing beside a gradient. What isn't a number stays.
@inline(__always)
private func ordinary(_ x: SIMD16<Float>) -> SIMD16<Float> {
  x.replacing(with: 1e15, where: x .> 1e15)
}

struct FastSigmoidDerivative: SurrogateDerivative {
  let slope: Float
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let denominator = ordinary(magnitude(x) * slope + 1)
    return reciprocal(denominator * denominator)
  }
}

struct ArctangentDerivative: SurrogateDerivative {
  let alpha: Float
  @inline(__always)
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    let scaled = ordinary(magnitude(x) * (Float.pi / 2 * alpha))
    return (alpha / 2) * reciprocal(scaled * scaled + 1)
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

struct FunctionDerivative: SurrogateDerivative {
  let function: SurrogateFunction
  func derivative(_ x: SIMD16<Float>) -> SIMD16<Float> {
    var lanes = x
    withUnsafeMutableBytes(of: &lanes) { bytes in
      if let base = bytes.baseAddress { function.derivatives(base.assumingMemoryBound(to: Float.self), 16) }
    }
    return lanes
  }
}

extension Level {
  public static func surrogateDerivatives(
    _ shape: SurrogateShape, _ values: UnsafeMutablePointer<Float>, count: Int
  ) {
    shape.run(Replacing(values: values, count: count))
  }
}

private struct Replacing: SurrogateLoop {
  let values: UnsafeMutablePointer<Float>
  let count: Int

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    var i = 0
    while i < count {
      let lanes = min(16, count - i)
      storeLanes(surrogate.derivative(loadLanes(values + i, lanes)), values + i, lanes)
      i += 16
    }
  }
}
