// The gradients of `LifForward.swift`, walking back through time with a surrogate for the step function.
// The reset is taken as given: no gradient flows through the spike that caused it (as in snnTorch), so the
// potential after the reset depends on the one before with factor 1 (subtract, none) or `1 - s` (zero).

import CVector

extension Level {
  public static func lifBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int, trace: LifTrace,
    gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, carried: UnsafeMutablePointer<Float>?,
    blocks: Range<Int>
  ) {
    withScratch(trace, steps: steps) { scratch in
      surrogate.run(
        BackwardScan(
          walk: BackwardWalk(
            constants: constants, steps: steps, width: rows * neurons, trace: trace, scratch: scratch,
            gradient: gradient, gradientStep: rows * neurons, out: out, carried: carried),
          rows: rows, neurons: neurons, blocks: blocks))
    }
  }

  public static func lifPoolBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, shape: WindowShape, pool: SpikePool,
    trace: LifTrace, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, range: Range<Int>
  ) {
    // As many channels at a time as leave room in the cache for all steps.
    let channels = max(1, min(shape.channels, 16_384 / max(1, steps * shape.pixels)))
    let step = channels * shape.pixels
    withScratch(trace, steps: steps) { scratch in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, steps * step)) { spread in
        guard let spread = spread.baseAddress else { return }
        surrogate.run(
          PooledBackwardScan(
            walk: BackwardWalk(
              constants: constants, steps: steps, width: rows * shape.features, trace: trace, scratch: scratch,
              gradient: UnsafePointer(spread), gradientStep: step, out: out, carried: nil),
            rows: rows, shape: shape, pool: pool, pooled: gradient, channels: channels, spread: spread, range: range))
      }
    }
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

/// Calls `body` with room for the potentials of a word of neurons at all steps, where they must be worked out again.
@inline(__always)
func withScratch(_ trace: LifTrace, steps: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
  let isSteady = if case .drive = trace { true } else { false }
  withUnsafeTemporaryAllocation(byteCount: isSteady ? max(1, steps) * 256 : 64, alignment: 64) { room in
    guard let start = room.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
    body(start)
  }
}

/// The potentials of some quarters of a word under a steady drive, as `lifSteadyForward` finds them: 64 numbers a step.
///
/// - Parameter lanes: the neurons of a quarter: sixteen, or fewer where there is only one.
@inline(__always)
func steadyPotentials(
  _ constants: LifConstants, steps: Int, drive: UnsafePointer<Float>, quarters: Int, lanes: Int,
  to scratch: UnsafeMutablePointer<Float>
) {
  let reset = AfterSpike(constants)
  var (currents, states) = (zeroLanes(), zeroLanes())
  for q in 0..<quarters { currents[q] = loadLanes(drive + q * 16, lanes) }
  var here = scratch
  for _ in 0..<steps {
    for q in 0..<quarters {
      let v = states[q] * constants.beta + currents[q]
      storeLanes(v, here + q * 16, 16)
      states[q] = reset.state(v, fired: v .>= reset.threshold)
    }
    here += 64
  }
}

private struct BackwardScan: SurrogateLoop {
  let walk: BackwardWalk
  let rows: Int, neurons: Int
  let blocks: Range<Int>

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    let words = lifWords(neurons)
    for block in blocks {
      let (row, word) = (block / words, block % words)
      let place = row * neurons + word * 64
      walk.word(surrogate, place, gradientPlace: place, count: min(64, neurons - word * 64))
    }
  }
}

/// Some channels of a row at a time: what flows back through the pool is spread over their neurons for all steps, and
/// then taken through the neurons while it is in the cache.
private struct PooledBackwardScan: SurrogateLoop {
  let walk: BackwardWalk
  let rows: Int
  let shape: WindowShape
  let pool: SpikePool
  let pooled: UnsafePointer<Float>
  let channels: Int
  let spread: UnsafeMutablePointer<Float>
  let range: Range<Int>

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    for row in range {
      var channel = 0
      while channel < shape.channels {
        var part = shape
        part.channels = min(channels, shape.channels - channel)
        for t in 0..<walk.steps { spread(part, from: channel, row: t * rows + row, to: spread + t * walk.gradientStep) }
        let (first, count) = (row * shape.features + channel * shape.pixels, part.features)
        var neuron = 0
        while neuron < count {
          walk.word(surrogate, first + neuron, gradientPlace: neuron, count: min(64, count - neuron))
          neuron += 64
        }
        channel += channels
      }
    }
  }

  @inline(never)
  private func spread(_ part: WindowShape, from channel: Int, row: Int, to target: UnsafeMutablePointer<Float>) {
    let source = pooled + (row * shape.channels + channel) * shape.outPixels
    switch pool {
    case .largest(let words, let wordsPerRow):
      choosePairs(
        part, words + row * wordsPerRow, wordsPerRow, first: channel * shape.pixels, source, to: target)
    case .sum(let scale): spreadPairs(part, scale, source, to: target)
    }
  }
}

/// The walk back through time of up to 64 neurons.
private struct BackwardWalk {
  let constants: LifConstants
  let steps: Int
  /// From one step to the next among the neurons of all samples.
  let width: Int
  let trace: LifTrace
  /// Of `withScratch`.
  let scratch: UnsafeMutablePointer<Float>
  let gradient: UnsafePointer<Float>
  /// From one step to the next.
  let gradientStep: Int
  let out: UnsafeMutablePointer<Float>
  let carried: UnsafeMutablePointer<Float>?

  /// - Parameters:
  ///   - place: the first of `count` neurons among those of all samples.
  ///   - gradientPlace: where its gradients begin.
  @inline(__always)
  func word(_ surrogate: some SurrogateDerivative, _ place: Int, gradientPlace: Int, count: Int) {
    if count == 64 { return wholeWord(surrogate, place, gradientPlace) }
    var first = 0
    while first < count {
      quarter(surrogate, place + first, gradientPlace + first, lanes: min(16, count - first))
      first += 16
    }
  }

  // One function a size: the compiler gives up inlining where all stand in one.
  /// Four quarters at once ask for more memory at a time.
  @inline(never)
  private func wholeWord(_ surrogate: some SurrogateDerivative, _ place: Int, _ gradientPlace: Int) {
    walk(surrogate, place, gradientPlace, quarters: 4, lanes: 16)
  }

  @inline(never)
  private func quarter(_ surrogate: some SurrogateDerivative, _ place: Int, _ gradientPlace: Int, lanes: Int) {
    walk(surrogate, place, gradientPlace, quarters: 1, lanes: lanes)
  }

  @inline(__always)
  private func walk(
    _ surrogate: some SurrogateDerivative, _ place: Int, _ gradientPlace: Int, quarters: Int, lanes: Int
  ) {
    let threshold = SIMD16<Float>(repeating: constants.threshold)
    let clears = constants.reset == .zero
    var potentials: UnsafePointer<Float>
    let (step, sumsUp): (Int, Bool)
    switch trace {
    case .potentials(let kept): (potentials, step, sumsUp) = (kept + place, width, false)
    case .drive(let drive):
      steadyPotentials(
        constants, steps: steps, drive: drive + place, quarters: quarters, lanes: lanes, to: scratch)
      (potentials, step, sumsUp) = (UnsafePointer(scratch), 64, true)
    }
    var (sums, later) = (zeroLanes(), zeroLanes())
    if let carried {
      for q in 0..<quarters { later[q] = loadLanes(carried + place + q * 16, lanes) }
    }
    potentials += (steps - 1) * step
    var flows = gradient + ((steps - 1) * gradientStep + gradientPlace)
    var target = out + (sumsUp ? place : (steps - 1) * width + place)
    for _ in 0..<steps {
      // The next word's potentials: written long ago, and too far from the last for the CPU to foresee.
      if !sumsUp {
        for q in 0..<quarters { vector_prefetch(potentials + 64 + q * 16) }
      }
      for q in 0..<quarters {
        let x = loadLanes(potentials + q * 16, lanes) - threshold
        if clears { later[q].replace(with: 0, where: x .>= 0) }
        let total = loadLanes(flows + q * 16, lanes) * surrogate.derivative(x) + later[q]
        if sumsUp { sums[q] += total } else { storeLanes(total, target + q * 16, lanes) }
        later[q] = total * constants.beta
      }
      potentials -= step
      flows -= gradientStep
      if !sumsUp { target -= width }
    }
    if sumsUp {
      for q in 0..<quarters { storeLanes(sums[q], target + q * 16, lanes) }
    }
    if let carried {
      for q in 0..<quarters { storeLanes(later[q], carried + place + q * 16, lanes) }
    }
  }
}
