// The derivative of one step of a neuron's program: the same operations in reverse, each sending its gradient to its
// operands.

import Kernels

/// One backward walk over the rows of a step, 64 lanes each.
struct ProgramAdjoint {
  let operations: [NeuronProgram.Operation]
  /// The values of the step.
  let rows: UnsafePointer<Float>
  /// The gradient of each value; those of results are set, and the walk adds the rest.
  let adjoints: UnsafeMutablePointer<Float>
  /// Two rows for intermediate values.
  let scratch: UnsafeMutablePointer<Float>

  private var lanes: Int { ProgramRunner.lanes }

  /// Adds the gradient of the drive to `input` (its first `count` lanes), and of the states to `states`.
  func run(input: UnsafeMutablePointer<Float>, count: Int, states: UnsafeMutablePointer<Float>) {
    for place in operations.indices.reversed() {
      let g = adjoints + place * lanes
      switch operations[place] {
      case .input: for i in 0..<count { input[i] += g[i] }
      case .state(let index): add(g, to: states + index * lanes)
      case .parameter, .constant: break
      case .unary(let kernel, let a): unary(kernel, place, a, g)
      case .binary(let kernel, let a, let b): binary(kernel, place, a, b, g)
      case .select(let condition, let a, let b):
        let chosen = rows + condition * lanes
        let (left, right) = (adjoints + a * lanes, adjoints + b * lanes)
        for i in 0..<lanes {
          if chosen[i] != 0 { left[i] += g[i] } else { right[i] += g[i] }
        }
      }
    }
  }

  private func add(_ gradient: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
    for i in 0..<lanes { target[i] += gradient[i] }
  }

  private func unary(_ kernel: UnaryKernel, _ place: Int, _ a: Int, _ g: UnsafePointer<Float>) {
    let x = rows + a * lanes
    let y = rows + place * lanes
    let target = adjoints + a * lanes
    switch kernel {
    case .negate: for i in 0..<lanes { target[i] -= g[i] }
    case .exp: for i in 0..<lanes { target[i] += g[i] * y[i] }
    case .log: for i in 0..<lanes { target[i] += g[i] / x[i] }
    case .sqrt: for i in 0..<lanes { target[i] += g[i] / (2 * y[i]) }
    case .abs: for i in 0..<lanes { target[i] += x[i] > 0 ? g[i] : x[i] < 0 ? -g[i] : 0 }
    case .sin:
      applyUnary(.cos, count: lanes, x, out: scratch)
      for i in 0..<lanes { target[i] += g[i] * scratch[i] }
    case .cos:
      applyUnary(.sin, count: lanes, x, out: scratch)
      for i in 0..<lanes { target[i] -= g[i] * scratch[i] }
    case .tan: for i in 0..<lanes { target[i] += g[i] * (1 + y[i] * y[i]) }
    case .tanh: for i in 0..<lanes { target[i] += g[i] * (1 - y[i] * y[i]) }
    case .sigmoid: for i in 0..<lanes { target[i] += g[i] * y[i] * (1 - y[i]) }
    case .relu: for i in 0..<lanes where x[i] > 0 { target[i] += g[i] }
    case .square: for i in 0..<lanes { target[i] += g[i] * 2 * x[i] }
    case .reciprocal: for i in 0..<lanes { target[i] -= g[i] * y[i] * y[i] }
    case .softplus:
      applyUnary(.sigmoid, count: lanes, x, out: scratch)
      for i in 0..<lanes { target[i] += g[i] * scratch[i] }
    case .floor, .ceil, .round, .sign, .isZero: break
    }
  }

  private func binary(_ kernel: BinaryKernel, _ place: Int, _ a: Int, _ b: Int, _ g: UnsafePointer<Float>) {
    let (x, y) = (rows + a * lanes, rows + b * lanes)
    let (left, right) = (adjoints + a * lanes, adjoints + b * lanes)
    switch kernel {
    case .add:
      add(g, to: left)
      add(g, to: right)
    case .subtract:
      add(g, to: left)
      for i in 0..<lanes { right[i] -= g[i] }
    case .multiply:
      for i in 0..<lanes {
        left[i] += g[i] * y[i]
        right[i] += g[i] * x[i]
      }
    case .divide:
      for i in 0..<lanes {
        left[i] += g[i] / y[i]
        right[i] -= g[i] * x[i] / (y[i] * y[i])
      }
    case .power:
      let result = rows + place * lanes
      let (lower, logarithm) = (scratch, scratch + lanes)
      for i in 0..<lanes { lower[i] = y[i] - 1 }
      applyBinary(.power, steps: .both, count: lanes, x, lower, out: lower)
      applyUnary(.log, count: lanes, x, out: logarithm)
      for i in 0..<lanes {
        left[i] += y[i] == 0 ? 0 : g[i] * y[i] * lower[i]
        if x[i] > 0 { right[i] += g[i] * result[i] * logarithm[i] }
      }
    case .maximum: for i in 0..<lanes { if x[i] > y[i] { left[i] += g[i] } else { right[i] += g[i] } }
    case .minimum: for i in 0..<lanes { if x[i] < y[i] { left[i] += g[i] } else { right[i] += g[i] } }
    case .remainder:
      add(g, to: left)
      applyBinary(.floorDivide, steps: .both, count: lanes, x, y, out: scratch)
      for i in 0..<lanes { right[i] -= g[i] * scratch[i] }
    case .floorDivide, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or: break
    }
  }
}
