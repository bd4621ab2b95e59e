// Leaky neurons through time: blocks of sixteen neurons, with all of time in the inner loop, so that a
// neuron's state stays in registers. Drives, potentials and gradients are [steps, rows, neurons], row-major;
// spikes are bits, each row of neurons padded to whole 64-bit words: [steps, rows, words].
// A block is one word of one row; block `b` is word `b % words` of row `b / words`. Blocks are independent,
// so any division of them among threads gives the same bits.

/// Words of 64 bits that hold one row of spikes.
@inline(__always)
public func lifWords(_ neurons: Int) -> Int { (neurons + 63) / 64 }

/// Runs leaky integrate-and-fire neurons over all steps.
///
/// `v = beta v + drive; s = v >= threshold; then the reset`, from `v = 0` or from given potentials. The potential is
/// written over the drive as it is when the threshold is compared, that is before the reset: the backward pass needs
/// it so.
///
/// - Parameters:
///   - membrane: on entry the drive, on return the potential before reset; `steps * rows * neurons` floats.
///   - spikes: `steps * rows * lifWords(neurons)` words, all of which (within `blocks`) are written.
///   - carried: the potentials before the first step and, on return, after the last one's reset; `rows * neurons`
///     floats. Nil to begin at 0.
///   - blocks: a part of `0 ..< rows * lifWords(neurons)`.
public func lifForward(
  _ constants: LifConstants, steps: Int, rows: Int, neurons: Int, membrane: UnsafeMutablePointer<Float>,
  spikes: UnsafeMutablePointer<UInt64>, carried: UnsafeMutablePointer<Float>? = nil, blocks: Range<Int>
) {
  let words = lifWords(neurons)
  let beta = constants.beta
  let threshold = SIMD16<Float>(repeating: constants.threshold)
  let places: SIMD16<UInt32> = [
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768,
  ]
  for block in blocks {
    let row = block / words
    let word = block % words
    for quarter in 0..<4 {
      let first = word * 64 + quarter * 16
      let lanes = max(0, min(16, neurons - first))
      let kept = UInt16(truncatingIfNeeded: (UInt32(1) << UInt32(lanes)) - 1)
      var state = SIMD16<Float>(repeating: 0)
      if let carried, lanes > 0 { state = loadLanes(carried + (row * neurons + first), lanes) }
      for t in 0..<steps {
        var bits: UInt16 = 0
        if lanes > 0 {
          let here = membrane + ((t * rows + row) * neurons + first)
          let v = state * beta + loadLanes(here, lanes)
          let fired = v .>= threshold
          storeLanes(v, here, lanes)
          switch constants.reset {
          case .subtract: state = v.replacing(with: v - threshold, where: fired)
          case .zero: state = v.replacing(with: 0, where: fired)
          case .none: state = v
          }
          let picked = SIMD16<UInt32>(repeating: 0).replacing(with: places, where: fired)
          bits = UInt16(truncatingIfNeeded: picked.wrappedSum()) & kept
        }
        let place = ((t * rows + row) * words + word) * 8 + quarter * 2
        UnsafeMutableRawPointer(spikes).storeBytes(of: bits.littleEndian, toByteOffset: place, as: UInt16.self)
      }
      if let carried, lanes > 0 { storeLanes(state, carried + (row * neurons + first), lanes) }
    }
  }
}

/// The plain loop that says what `lifForward` computes, one neuron after the other.
public func lifForwardPlain(
  _ constants: LifConstants, steps: Int, rows: Int, neurons: Int,
  membrane: UnsafeMutablePointer<Float>, spikes: UnsafeMutablePointer<UInt64>
) {
  let words = lifWords(neurons)
  for i in 0..<(steps * rows * words) { spikes[i] = 0 }
  for row in 0..<rows {
    for neuron in 0..<neurons {
      var v: Float = 0
      for t in 0..<steps {
        let here = (t * rows + row) * neurons + neuron
        v = constants.beta * v + membrane[here]
        membrane[here] = v
        if v >= constants.threshold {
          spikes[(t * rows + row) * words + neuron / 64] |= 1 << UInt64(neuron % 64)
          switch constants.reset {
          case .subtract: v -= constants.threshold
          case .zero: v = 0
          case .none: break
          }
        }
      }
    }
  }
}

/// Runs leaky integrators, which never fire: `v = beta v + drive`, from `v = 0` or from given potentials, written over
/// the drive.
///
/// `membrane` holds `steps * columns` floats with `columns = rows * neurons`; `range` is a part of `0 ..< columns`.
/// `carried` holds the `columns` potentials before the first step and, on return, after the last; nil to begin at 0.
public func leakyForward(
  beta: Float, steps: Int, columns: Int, membrane: UnsafeMutablePointer<Float>,
  carried: UnsafeMutablePointer<Float>? = nil, range: Range<Int>
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
