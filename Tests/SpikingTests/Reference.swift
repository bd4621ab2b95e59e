// Plain references in double precision that the tests compare the room with.

import Glibc
import Spiking

/// The function whose derivative a surrogate is.
func smoothStep(_ surrogate: any Surrogate, _ x: Double) -> Double {
  switch surrogate.shape {
  case .fastSigmoid(let slope): return x / (1 + Double(slope) * x.magnitude)
  case .arctangent(let alpha): return atan2(.pi / 2 * Double(alpha) * x, 1) / .pi
  case .triangle(let width):
    let w = Double(width)
    return x.magnitude >= w ? (x > 0 ? 0.5 : -0.5) : (x - x * x.magnitude / (2 * w)) / w
  case .straightThrough: return x
  case .function: return .nan
  }
}

/// A feed-forward network of dense and LIF layers for one sample, in which every spike is replaced by its hard value
/// plus the smooth deviation from a base run, and every reset by that of the base run. Its true derivative at the
/// base run is therefore the surrogate gradient.
struct SmoothNetwork {
  struct Layer {
    var weight: [[Double]]
    var bias: [Double]
  }

  var layers: [Layer]
  var beta: Double
  var threshold: Double
  var reset: LIF.Reset
  var surrogate: any Surrogate

  struct Run {
    /// By layer, step and neuron.
    var potentials: [[[Double]]]
    var outputs: [[[Double]]]
  }

  /// Runs on an input [steps][features]; around `base`, or as the hard network without it.
  func run(_ input: [[Double]], around base: Run?) -> Run {
    var signal = input
    var run = Run(potentials: [], outputs: [])
    for (number, layer) in layers.enumerated() {
      let count = layer.bias.count
      var v = [Double](repeating: 0, count: count)
      var potentials: [[Double]] = []
      var outputs: [[Double]] = []
      for (t, row) in signal.enumerated() {
        var fired = [Double](repeating: 0, count: count)
        var before = v
        for j in 0..<count {
          var drive = layer.bias[j]
          for (i, x) in row.enumerated() { drive += x * layer.weight[i][j] }
          v[j] = beta * v[j] + drive
          before[j] = v[j]
          let hard: Double
          if let base {
            let x0 = base.potentials[number][t][j] - threshold
            hard = x0 >= 0 ? 1 : 0
            fired[j] = hard + smoothStep(surrogate, v[j] - threshold) - smoothStep(surrogate, x0)
          } else {
            hard = v[j] >= threshold ? 1 : 0
            fired[j] = hard
          }
          switch reset {
          case .subtract: v[j] -= threshold * hard
          case .zero: v[j] *= 1 - hard
          case .none: break
          }
        }
        potentials.append(before)
        outputs.append(fired)
      }
      run.potentials.append(potentials)
      run.outputs.append(outputs)
      signal = outputs
    }
    return run
  }
}

/// Minus the logarithm of the softmax of `scores` at `label`.
func crossEntropy(_ scores: [Double], _ label: Int) -> Double {
  let top = scores.max() ?? 0
  let sum = scores.reduce(0) { $0 + exp($1 - top) }
  return log(sum) + top - scores[label]
}

/// A small generator for test data, independent of the room's.
struct TestNumbers {
  var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> Double {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Double(state >> 11) / Double(1 << 53)
  }

  mutating func floats(_ count: Int, from low: Double = 0, to high: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(low + (high - low) * next()) }
  }
}
