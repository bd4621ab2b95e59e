// The plain loops that say what the leaky integrate-and-fire kernels compute, one neuron after the other.

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
      case .function(let function):
        var value = x
        function.derivatives(&value, 1)
        slope = value
      }
      let total = gradient[here] * slope + later
      gradient[here] = total
      later = constants.beta * total
    }
  }
}
