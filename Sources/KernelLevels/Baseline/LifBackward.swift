// The gradients of `LifForward.swift`, walking back through time with a surrogate for the step function.
// The reset is taken as given: no gradient flows through the spike that caused it (as in snnTorch), so the
// potential after the reset depends on the one before with factor 1 (subtract, none) or `1 - s` (zero).

import CVector

extension Level {
  public static func lifBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
    membrane: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, carried: UnsafeMutablePointer<Float>?,
    blocks: Range<Int>
  ) {
    let scan = BackwardScan(
      constants: constants, steps: steps, rows: rows, neurons: neurons, membrane: membrane, gradient: gradient,
      target: .eachStep(gradient), carried: carried, blocks: blocks)
    surrogate.run(scan)
  }

  public static func lifSteadyBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
    membrane: UnsafePointer<Float>, gradient: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>,
    blocks: Range<Int>
  ) {
    let scan = BackwardScan(
      constants: constants, steps: steps, rows: rows, neurons: neurons, membrane: membrane, gradient: gradient,
      target: .sum(sums), carried: nil, blocks: blocks)
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
  let gradient: UnsafePointer<Float>
  let target: Target
  let carried: UnsafeMutablePointer<Float>?
  let blocks: Range<Int>

  /// Where the gradient of the drive goes: each step's to its place, or the sum of all.
  enum Target {
    case eachStep(UnsafeMutablePointer<Float>)
    case sum(UnsafeMutablePointer<Float>)
  }

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    let words = lifWords(neurons)
    for block in blocks {
      let (row, word) = (block / words, block % words)
      let place = row * neurons + word * 64
      if neurons - word * 64 >= 64 {
        walk(surrogate, place, quarters: 4) { _ in 16 }
        continue
      }
      for quarter in 0..<4 {
        let lanes = max(0, min(16, neurons - word * 64 - quarter * 16))
        if lanes > 0 { walk(surrogate, place + quarter * 16, quarters: 1) { _ in lanes } }
      }
    }
  }

  /// Walks back with some quarters of a word from `place` on: four at once ask for more memory at a time.
  @inline(__always)
  private func walk(_ surrogate: some SurrogateDerivative, _ place: Int, quarters: Int, lanes: (Int) -> Int) {
    let threshold = SIMD16<Float>(repeating: constants.threshold)
    let clears = constants.reset == .zero
    var sums = zeroLanes()
    var later = zeroLanes()
    if let carried {
      for q in 0..<quarters { later[q] = loadLanes(carried + place + q * 16, lanes(q)) }
    }
    var t = steps - 1
    while t >= 0 {
      let here = t * rows * neurons + place
      // The next word's potentials: written long ago, and too far from the last for the CPU to foresee.
      for q in 0..<quarters { vector_prefetch(membrane + here + 64 + q * 16) }
      for q in 0..<quarters {
        let x = loadLanes(membrane + here + q * 16, lanes(q)) - threshold
        if clears { later[q].replace(with: 0, where: x .>= 0) }
        let total = loadLanes(gradient + here + q * 16, lanes(q)) * surrogate.derivative(x) + later[q]
        switch target {
        case .eachStep(let flows): storeLanes(total, flows + here + q * 16, lanes(q))
        case .sum: sums[q] += total
        }
        later[q] = total * constants.beta
      }
      t -= 1
    }
    if case .sum(let whole) = target {
      for q in 0..<quarters { storeLanes(sums[q], whole + place + q * 16, lanes(q)) }
    }
    if let carried {
      for q in 0..<quarters { storeLanes(later[q], carried + place + q * 16, lanes(q)) }
    }
  }
}
