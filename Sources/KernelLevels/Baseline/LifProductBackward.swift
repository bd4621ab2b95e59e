// Back through LIF neurons whose spikes go into few outputs: the gradient of the spikes is worked out on the way.

import CVector

extension Level {
  public static func packedOutputWeightCount(neurons: Int, outputs: Int) -> Int { lifWords(neurons) * 64 * outputs }

  public static func packOutputWeights(
    _ weights: UnsafePointer<Float>, neurons: Int, outputs: Int, packed: UnsafeMutablePointer<Float>
  ) {
    for word in 0..<lifWords(neurons) {
      let target = packed + word * 64 * outputs
      let present = min(64, neurons - word * 64)
      for output in 0..<outputs {
        for i in 0..<64 { target[output * 64 + i] = i < present ? weights[(word * 64 + i) * outputs + output] : 0 }
      }
    }
  }

  public static func lifProductBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int, trace: LifTrace,
    outputs: Int, outputGradient: UnsafePointer<Float>, packed: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    blocks: Range<Int>
  ) {
    withScratch(trace, steps: steps) { scratch in
      surrogate.run(
        ProductBackwardScan(
          constants: constants, steps: steps, rows: rows, neurons: neurons, trace: trace, scratch: scratch,
          outputs: outputs, outputGradient: outputGradient, packed: packed, target: .everyNeuron(out, blocks)))
    }
  }

  public static func lifProductWeightGradient(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
    membrane: UnsafePointer<Float>, outputs: Int, outputGradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
    spikes: UnsafePointer<UInt64>, features: Int, total: Int, out: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Int32>, shouldStop: () -> Bool
  ) {
    if features <= 0 || neurons <= 0 { return }
    let plan = SpikePlan(
      steps: 1, batch: features, features: steps * rows, columns: neurons, wordsPerRow: (steps * rows + 63) / 64,
      total: total, weights: .computed)
    let product = SpikeProduct(lists: SpikeLists(plan, spikes, in: workspace), bias: nil)
    product.lists.fill()
    ThreadPool.shared.run(tasks: plan.panels * plan.shares) { task in
      if shouldStop() { return }
      product.runComputed(task, out: out) { first, target in
        surrogate.run(
          ProductBackwardScan(
            constants: constants, steps: steps, rows: rows, neurons: neurons, trace: .potentials(membrane),
            scratch: target, outputs: outputs, outputGradient: outputGradient, packed: packed,
            target: .panel(target, first: first, width: plan.width)))
      }
    }
  }
}

private struct ProductBackwardScan: SurrogateLoop {
  let constants: LifConstants
  let steps: Int, rows: Int, neurons: Int
  let trace: LifTrace
  /// Of `withScratch`.
  let scratch: UnsafeMutablePointer<Float>
  let outputs: Int
  let outputGradient: UnsafePointer<Float>
  let packed: UnsafePointer<Float>
  let target: Target

  /// Where the gradient goes.
  enum Target {
    /// Of these blocks, to its place among that of all neurons; under a steady drive the sum over all steps.
    case everyNeuron(UnsafeMutablePointer<Float>, Range<Int>)
    /// Of 32 or 64 neurons, from `first` on, to rows of that width.
    case panel(UnsafeMutablePointer<Float>, first: Int, width: Int)
  }

  @inline(__always)
  func run(_ surrogate: some SurrogateDerivative) {
    switch target {
    case .everyNeuron(let gradient, let blocks):
      for block in blocks {
        // Rows run fastest, so that a block's weights stay in the first cache.
        let (word, row) = (block / rows, block % rows)
        if isSteady {
          scan(surrogate, row, word * 64, 4, to: gradient + (row * neurons + word * 64), stride: 0, isPadded: false)
        } else {
          scan(surrogate, row, word * 64, 4, to: gradient + word * 64, stride: neurons, isPadded: false)
        }
      }
    case .panel(let gradient, let first, let width):
      for row in 0..<rows {
        scan(surrogate, row, first, width / 16, to: gradient, stride: width, isPadded: true)
      }
    }
  }

  private var isSteady: Bool { if case .drive = trace { true } else { false } }

  /// Up to 64 neurons of one word, in `quarters` of sixteen.
  ///
  /// - Parameter isPadded: whether a row of `gradient` has room for all quarters, even if there are fewer neurons.
  @inline(__always)
  private func scan(
    _ surrogate: some SurrogateDerivative, _ row: Int, _ first: Int, _ quarters: Int,
    to gradient: UnsafeMutablePointer<Float>, stride: Int, isPadded: Bool
  ) {
    if neurons - first >= quarters * 16 {
      return quarters == 4
        ? wholeWord(surrogate, row, first, to: gradient, stride: stride)
        : halfWord(surrogate, row, first, to: gradient, stride: stride)
    }
    for quarter in 0..<quarters {
      let start = first + quarter * 16
      let lanes = max(0, min(16, neurons - start))
      self.quarter(
        surrogate, row, start, to: gradient + quarter * 16, stride: stride, lanes: lanes,
        written: isPadded ? 16 : lanes)
    }
  }

  private typealias Out = UnsafeMutablePointer<Float>

  // One function a size: the compiler gives up inlining where all stand in one.
  @inline(never)
  private func wholeWord(_ surrogate: some SurrogateDerivative, _ row: Int, _ first: Int, to out: Out, stride: Int) {
    walk(surrogate, row, first, 4, to: out, stride: stride, lanes: 16, written: 16)
  }

  @inline(never)
  private func halfWord(_ surrogate: some SurrogateDerivative, _ row: Int, _ first: Int, to out: Out, stride: Int) {
    walk(surrogate, row, first, 2, to: out, stride: stride, lanes: 16, written: 16)
  }

  @inline(never)
  private func quarter(
    _ surrogate: some SurrogateDerivative, _ row: Int, _ first: Int, to out: Out, stride: Int, lanes: Int, written: Int
  ) {
    walk(surrogate, row, first, 1, to: out, stride: stride, lanes: lanes, written: written)
  }

  @inline(__always)
  private func walk(
    _ surrogate: some SurrogateDerivative, _ row: Int, _ first: Int, _ quarters: Int,
    to gradient: UnsafeMutablePointer<Float>, stride: Int, lanes: Int, written: Int
  ) {
    let threshold = SIMD16<Float>(repeating: constants.threshold)
    let clears = constants.reset == .zero
    let weights = packed + (first / 64 * 64 * outputs + first % 64)
    var potentials: UnsafePointer<Float>
    let (step, sumsUp): (Int, Bool)
    switch trace {
    case .potentials(let kept): (potentials, step, sumsUp) = (kept + row * neurons + first, rows * neurons, false)
    case .drive(let drive):
      steadyPotentials(
        constants, steps: steps, drive: drive + (row * neurons + first), quarters: quarters, lanes: lanes, to: scratch)
      (potentials, step, sumsUp) = (UnsafePointer(scratch), 64, true)
    }
    potentials += (steps - 1) * step
    var (sums, later) = (zeroLanes(), zeroLanes())
    var t = steps - 1
    while t >= 0 {
      let at = t * rows + row
      let arriving = outputGradient + at * outputs
      var flow = zeroLanes()
      for output in 0..<outputs {
        let g = SIMD16<Float>(repeating: arriving[output])
        for q in 0..<quarters { flow[q] = multiplyAddLanes(g, loadLanes(weights + output * 64 + q * 16, 16), flow[q]) }
      }
      let gradients = gradient + at * stride
      // A sample's steps are too far apart for the CPU to foresee those of the next.
      if !sumsUp {
        for q in 0..<quarters { vector_prefetch(potentials + 2 * neurons + q * 16) }
      }
      for q in 0..<quarters {
        let x = loadLanes(potentials + q * 16, lanes) - threshold
        if clears { later[q].replace(with: 0, where: x .>= 0) }
        let total = flow[q] * surrogate.derivative(x) + later[q]
        if sumsUp { sums[q] += total } else { storeLanes(total, gradients + q * 16, written) }
        later[q] = total * constants.beta
      }
      potentials -= step
      t -= 1
    }
    if sumsUp {
      for q in 0..<quarters { storeLanes(sums[q], gradient + q * 16, written) }
    }
  }
}
