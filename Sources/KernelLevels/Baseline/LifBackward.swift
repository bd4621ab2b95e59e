// The gradients of `LifForward.swift`, walking back through time with a surrogate for the step function.
// The reset is taken as given: no gradient flows through the spike that caused it (as in snnTorch), so the
// potential after the reset depends on the one before with factor 1 (subtract, none) or `1 - s` (zero).

extension Level {
  public static func lifBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
    membrane: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, carried: UnsafeMutablePointer<Float>?,
    blocks: Range<Int>
  ) {
    let scan = BackwardScan(
      constants: constants, steps: steps, rows: rows, neurons: neurons, membrane: membrane, gradient: gradient,
      carried: carried, blocks: blocks)
    surrogate.run(scan)
  }

  public static func leakyBackward(
    beta: Float, steps: Int, columns: Int, gradient: UnsafeMutablePointer<Float>,
    carried: UnsafeMutablePointer<Float>?, range: Range<Int>
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
}

private struct BackwardScan: SurrogateLoop {
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
