// The gradients of `LifForward.swift`, walking back through time with a surrogate for the step function.
// The reset is taken as given: no gradient flows through the spike that caused it (as in snnTorch), so the
// potential after the reset depends on the one before with factor 1 (subtract, none) or `1 - s` (zero).

/// Gradients of the drive of leaky integrate-and-fire neurons.
///
/// With `g[t]` the gradient of the spikes and `x = v - threshold`:
/// `d[t] = g[t] h(x[t]) + beta k[t] d[t+1]`, where `h` is the surrogate and `k` the factor of the reset.
///
/// - Parameters:
///   - membrane: the potential before reset that `lifForward` wrote; `steps * rows * neurons` floats.
///   - gradient: on entry the gradient of the spikes, on return that of the drive; the same size.
///   - carried: the gradient of the potentials after the last step and, on return, of those before the first;
///     `rows * neurons` floats. Nil for none.
///   - blocks: a part of `0 ..< rows * lifWords(neurons)`, as in `lifForward`.
public func lifBackward(
  _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
  membrane: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>,
  carried: UnsafeMutablePointer<Float>? = nil, blocks: Range<Int>
) {
  let scan = BackwardScan(
    constants: constants, steps: steps, rows: rows, neurons: neurons, membrane: membrane,
    gradient: gradient, carried: carried, blocks: blocks)
  switch surrogate {
  case .fastSigmoid(let slope): scan.run(FastSigmoidDerivative(slope: slope))
  case .arctangent(let alpha): scan.run(ArctangentDerivative(alpha: alpha))
  case .triangle(let width): scan.run(TriangleDerivative(width: width))
  case .straightThrough: scan.run(StraightThroughDerivative())
  }
}

private struct BackwardScan {
  let constants: LifConstants
  let steps: Int, rows: Int, neurons: Int
  let membrane: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let carried: UnsafeMutablePointer<Float>?
  let blocks: Range<Int>

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    let words = lifWords(neurons)
    let threshold = SIMD16<Float>(repeating: constants.threshold)
    let clears = constants.reset == .zero
    for block in blocks {
      let row = block / words
      let begin = block % words * 64
      let end = min(neurons, begin + 64)
      var first = begin
      while first < end {
        let lanes = min(16, end - first)
        var later = SIMD16<Float>(repeating: 0)
        if let carried { later = loadLanes(carried + (row * neurons + first), lanes) }
        var t = steps - 1
        while t >= 0 {
          let here = (t * rows + row) * neurons + first
          let x = loadLanes(membrane + here, lanes) - threshold
          if clears { later.replace(with: 0, where: x .>= 0) }
          let total = loadLanes(gradient + here, lanes) * surrogate.derivative(x) + later
          storeLanes(total, gradient + here, lanes)
          later = total * constants.beta
          t -= 1
        }
        if let carried { storeLanes(later, carried + (row * neurons + first), lanes) }
        first += 16
      }
    }
  }
}

/// The plain loop that says what `lifBackward` computes, one neuron after the other.
public func lifBackwardPlain(
  _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
  membrane: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
) {
  let columns = rows * neurons
  for column in 0..<columns {
    var later: Float = 0
    for t in (0..<steps).reversed() {
      let here = t * columns + column
      let x = membrane[here] - constants.threshold
      if constants.reset == .zero && x >= 0 { later = 0 }
      let slope: Float
      switch surrogate {
      case .fastSigmoid(let k):
        let denominator = 1 + k * x.magnitude
        slope = 1 / (denominator * denominator)
      case .arctangent(let alpha):
        let scaled = Float.pi / 2 * alpha * x
        slope = alpha / 2 / (1 + scaled * scaled)
      case .triangle(let width): slope = max(0, (1 - x.magnitude / width) / width)
      case .straightThrough: slope = 1
      }
      let total = gradient[here] * slope + later
      gradient[here] = total
      later = constants.beta * total
    }
  }
}

/// Gradients of the drive of leaky integrators, written over the gradients of their potentials:
/// `d[t] = g[t] + beta d[t+1]`. Sizes and `range` as in `leakyForward`, `carried` as in `lifBackward`.
public func leakyBackward(
  beta: Float, steps: Int, columns: Int, gradient: UnsafeMutablePointer<Float>,
  carried: UnsafeMutablePointer<Float>? = nil, range: Range<Int>
) {
  if steps == 0 { return }
  if let carried {
    let last = gradient + (steps - 1) * columns
    for i in range { last[i] += carried[i] }
  }
  defer {
    if let carried {
      for i in range { carried[i] = gradient[i] * beta }
    }
  }
  var t = steps - 2
  while t >= 0 {
    let later = gradient + (t + 1) * columns
    let here = gradient + t * columns
    for i in range { here[i] = later[i] * beta + here[i] }
    t -= 1
  }
}
