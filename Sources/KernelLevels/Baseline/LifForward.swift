// Leaky neurons through time: sixteen neurons at once, with all of time in the inner loop, so that a neuron's state
// stays in registers. Drives, potentials and gradients are [steps, rows, neurons], row-major; spikes are bits, each row
// of neurons padded to whole 64-bit words: [steps, rows, words].
// A block is one word of one row; block `b` is word `b % words` of row `b / words`. Blocks are independent,
// so any division of them among threads gives the same bits.

import CVector

extension Level {
  public static func lifForward(
    _ constants: LifConstants, steps: Int, rows: Int, neurons: Int, membrane: UnsafeMutablePointer<Float>,
    spikes: UnsafeMutablePointer<UInt64>, carried: UnsafeMutablePointer<Float>?, blocks: Range<Int>
  ) {
    let words = lifWords(neurons)
    for block in blocks {
      let row = block / words
      let word = block % words
      if neurons - word * 64 >= 64 {
        let place = row * neurons + word * 64
        lifWord(
          constants, steps: steps, membrane: membrane + place, stride: rows * neurons,
          spikes: spikes + (row * words + word), spikeStride: rows * words, carried: carried.map { $0 + place })
        continue
      }
      for quarter in 0..<4 {
        let first = word * 64 + quarter * 16
        let lanes = max(0, min(16, neurons - first))
        lifLanes(
          constants, steps: steps, lanes: lanes, membrane: membrane + (row * neurons + first),
          stride: rows * neurons, spikes: quarterWord(spikes, row * words + word, quarter), spikeStride: rows * words * 4,
          carried: carried.map { $0 + (row * neurons + first) })
      }
    }
  }

  public static func lifSteadyForward(
    _ constants: LifConstants, steps: Int, rows: Int, neurons: Int, drive: UnsafePointer<Float>,
    membrane: UnsafeMutablePointer<Float>?, spikes: UnsafeMutablePointer<UInt64>, blocks: Range<Int>
  ) {
    let words = lifWords(neurons)
    for block in blocks {
      let (row, word) = (block / words, block % words)
      for quarter in 0..<4 {
        let first = word * 64 + quarter * 16
        let place = row * neurons + first
        steadyLanes(
          constants, steps: steps, lanes: max(0, min(16, neurons - first)), drive: drive + place,
          membrane: membrane.map { $0 + place }, stride: rows * neurons,
          spikes: quarterWord(spikes, row * words + word, quarter), spikeStride: rows * words * 4)
      }
    }
  }

  public static func leakyForward(
    beta: Float, steps: Int, columns: Int, membrane: UnsafeMutablePointer<Float>,
    carried: UnsafeMutablePointer<Float>?, range: Range<Int>
  ) {
    if steps == 0 { return }
    if let carried {
      for i in range { membrane[i] = carried[i] * beta + membrane[i] }
    }
    var t = 1
    while t < steps {
      let before = membrane + (t - 1) * columns
      let here = membrane + t * columns
      for i in range { here[i] = before[i] * beta + here[i] }
      t += 1
    }
    if let carried {
      let last = membrane + (steps - 1) * columns
      for i in range { carried[i] = last[i] }
    }
  }
}

/// Runs the 64 neurons of a word over all steps.
///
/// Memory is what takes its time: four lines of it at once, and few instructions between, ask for more at a time; those
/// of the next word, too far from the last for the CPU to foresee, are asked for by name.
///
/// - Parameters:
///   - stride: floats from one step to the next in `membrane`.
///   - spikeStride: words from one step to the next in `spikes`.
@inline(__always)
func lifWord(
  _ constants: LifConstants, steps: Int, membrane: UnsafeMutablePointer<Float>, stride: Int,
  spikes: UnsafeMutablePointer<UInt64>, spikeStride: Int, carried: UnsafeMutablePointer<Float>?
) {
  switch constants.reset {
  case .subtract: scanWord(constants, .subtract, steps, membrane, stride, spikes, spikeStride, carried)
  case .zero: scanWord(constants, .zero, steps, membrane, stride, spikes, spikeStride, carried)
  case .none: scanWord(constants, .none, steps, membrane, stride, spikes, spikeStride, carried)
  }
}

@inline(__always)
private func scanWord(
  _ constants: LifConstants, _ reset: LifReset, _ steps: Int, _ membrane: UnsafeMutablePointer<Float>, _ stride: Int,
  _ spikes: UnsafeMutablePointer<UInt64>, _ spikeStride: Int, _ carried: UnsafeMutablePointer<Float>?
) {
  let threshold = SIMD16<Float>(repeating: constants.threshold)
  var states = zeroLanes()
  if let carried {
    for q in 0..<4 { states[q] = loadLanes(carried + q * 16, 16) }
  }
  var (here, word) = (membrane, spikes)
  for _ in 0..<steps {
    var fired: UInt64 = 0
    for q in 0..<4 { vector_prefetch(here + 64 + q * 16) }
    for q in 0..<4 {
      let v = states[q] * constants.beta + loadLanes(here + q * 16, 16)
      let mask = v .>= threshold
      storeLanes(v, here + q * 16, 16)
      states[q] = afterReset(v, reset, mask, threshold)
      fired |= bits(of: mask) << UInt64(q * 16)
    }
    word.pointee = fired
    here += stride
    word += spikeStride
  }
  if let carried {
    for q in 0..<4 { storeLanes(states[q], carried + q * 16, 16) }
  }
}

/// The reset without a branch: `v * factor - drop` where a neuron fired.
struct AfterSpike {
  let threshold: SIMD16<Float>
  private let factor: Float
  private let drop: SIMD16<Float>

  @inline(__always)
  init(_ constants: LifConstants) {
    threshold = SIMD16(repeating: constants.threshold)
    factor = constants.reset == .zero ? 0 : 1
    drop = SIMD16(repeating: constants.reset == .subtract ? constants.threshold : 0)
  }

  @inline(__always)
  func state(_ v: SIMD16<Float>, fired: SIMDMask<SIMD16<Int32>>) -> SIMD16<Float> {
    v.replacing(with: v * factor - drop, where: fired)
  }
}

@inline(__always)
private func afterReset(
  _ v: SIMD16<Float>, _ reset: LifReset, _ fired: SIMDMask<SIMD16<Int32>>, _ threshold: SIMD16<Float>
) -> SIMD16<Float> {
  switch reset {
  case .subtract: v.replacing(with: v - threshold, where: fired)
  case .zero: v.replacing(with: 0, where: fired)
  case .none: v
  }
}

/// The sixteen bits of a quarter of a word.
@inline(__always)
func quarterWord(
  _ words: UnsafeMutablePointer<UInt64>, _ word: Int, _ quarter: Int
) -> UnsafeMutablePointer<UInt16> {
  UnsafeMutableRawPointer(words + word).assumingMemoryBound(to: UInt16.self) + quarter
}

/// Runs up to sixteen neurons over all steps.
///
/// - Parameters:
///   - stride: floats from one step to the next in `membrane`.
///   - spikes: the neurons' sixteen bits at the first step, `spikeStride` 16-bit words from one step to the next; all
///     are written, on a little-endian machine.
@inline(__always)
func lifLanes(
  _ constants: LifConstants, steps: Int, lanes: Int, membrane: UnsafeMutablePointer<Float>, stride: Int,
  spikes: UnsafeMutablePointer<UInt16>, spikeStride: Int, carried: UnsafeMutablePointer<Float>?
) {
  if lanes == 16 {
    switch constants.reset {
    case .subtract:
      lifScan(constants, .subtract, steps, 16, membrane, stride, spikes, spikeStride, carried)
    case .zero: lifScan(constants, .zero, steps, 16, membrane, stride, spikes, spikeStride, carried)
    case .none: lifScan(constants, .none, steps, 16, membrane, stride, spikes, spikeStride, carried)
    }
  } else if lanes > 0 {
    lifScan(constants, constants.reset, steps, lanes, membrane, stride, spikes, spikeStride, carried)
  } else {
    for t in 0..<steps { spikes[t * spikeStride] = 0 }
  }
}

/// Runs up to sixteen neurons over all steps under one drive; arguments as of `lifLanes`.
@inline(__always)
private func steadyLanes(
  _ constants: LifConstants, steps: Int, lanes: Int, drive: UnsafePointer<Float>,
  membrane: UnsafeMutablePointer<Float>?, stride: Int, spikes: UnsafeMutablePointer<UInt16>, spikeStride: Int
) {
  guard lanes > 0 else {
    for t in 0..<steps { spikes[t * spikeStride] = 0 }
    return
  }
  let reset = AfterSpike(constants)
  let kept = (UInt64(1) << UInt64(lanes)) &- 1
  let current = loadLanes(drive, lanes)
  var state = SIMD16<Float>(repeating: 0)
  var here = membrane
  var fired = spikes
  for _ in 0..<steps {
    let v = state * constants.beta + current
    let mask = v .>= reset.threshold
    if let place = here {
      storeLanes(v, place, lanes)
      here = place + stride
    }
    state = reset.state(v, fired: mask)
    fired.pointee = UInt16(truncatingIfNeeded: bits(of: mask) & kept)
    fired += spikeStride
  }
}

@inline(__always)
private func lifScan(
  _ constants: LifConstants, _ reset: LifReset, _ steps: Int, _ lanes: Int, _ membrane: UnsafeMutablePointer<Float>,
  _ stride: Int, _ spikes: UnsafeMutablePointer<UInt16>, _ spikeStride: Int, _ carried: UnsafeMutablePointer<Float>?
) {
  let beta = constants.beta
  let threshold = SIMD16<Float>(repeating: constants.threshold)
  let kept = (UInt64(1) << UInt64(lanes)) &- 1
  var state = SIMD16<Float>(repeating: 0)
  if let carried { state = loadLanes(carried, lanes) }
  var here = membrane
  var fired = spikes
  for _ in 0..<steps {
    let v = state * beta + loadLanes(here, lanes)
    let mask = v .>= threshold
    storeLanes(v, here, lanes)
    state = afterReset(v, reset, mask, threshold)
    fired.pointee = UInt16(truncatingIfNeeded: bits(of: mask) & kept)
    here += stride
    fired += spikeStride
  }
  if let carried { storeLanes(state, carried, lanes) }
}
