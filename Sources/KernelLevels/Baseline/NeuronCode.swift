// The inner loop of neurons that are given by equations: short instructions, each on a row of 64 neurons at once, so
// that the cost of reading an instruction is shared by 64 numbers and a step's values stay in the first-level cache.
// The same instructions run a step forward and, made from the derivative of the equations, backward.

typealias NeuronBases = UnsafeMutablePointer<UnsafeMutablePointer<Float>>

@inline(__always)
func locate(_ place: NeuronPlace, _ bases: NeuronBases) -> UnsafeMutablePointer<Float> {
  bases[Int(place.base.rawValue)] + Int(place.row) * neuronLanes
}

@inline(__always)
private func row(
  _ a: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ body: (SIMD16<Float>) -> SIMD16<Float>
) {
  var i = 0
  while i < neuronLanes {
    storeLanes(body(loadLanes(a + i, 16)), out + i, 16)
    i += 16
  }
}

@inline(__always)
private func row(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ body: (SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>
) {
  var i = 0
  while i < neuronLanes {
    storeLanes(body(loadLanes(a + i, 16), loadLanes(b + i, 16)), out + i, 16)
    i += 16
  }
}

@inline(__always)
private func row(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
  _ body: (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>
) {
  var i = 0
  while i < neuronLanes {
    storeLanes(body(loadLanes(a + i, 16), loadLanes(b + i, 16), loadLanes(c + i, 16)), out + i, 16)
    i += 16
  }
}

/// Runs instructions in order. The output row of an instruction may be one of its operands.
@inline(__always)
func runNeuronCode(
  _ code: UnsafePointer<NeuronInstruction>, count: Int, _ bases: NeuronBases, _ surrogate: some SurrogateDerivative
) {
  for index in 0..<count {
    let step = code + index
    let out = locate(step.pointee.out, bases)
    let a = locate(step.pointee.a, bases)
    let b = locate(step.pointee.b, bases)
    let c = locate(step.pointee.c, bases)
    switch step.pointee.code {
    case .copy: row(a, out) { $0 }
    case .add: row(a, b, out) { $0 + $1 }
    case .subtract: row(a, b, out) { $0 - $1 }
    case .multiply: row(a, b, out) { $0 * $1 }
    case .divide: row(a, b, out) { $0 / $1 }
    case .multiplyAdd: row(a, b, c, out) { $0 * $1 + $2 }
    case .multiplySubtract: row(a, b, c, out) { $0 * $1 - $2 }
    case .subtractProduct: row(a, b, c, out) { $2 - $0 * $1 }
    case .select: row(a, b, c, out) { $2.replacing(with: $1, where: $0 .!= 0) }
    case .whereFired:
      if step.pointee.kernel != 0 {
        row(a, b, c, out) { $2.replacing(with: $1, where: $0 .> 0) }
      } else {
        row(a, b, c, out) { $2.replacing(with: $1, where: $0 .>= 0) }
      }
    case .surrogateProduct: row(a, b, out) { $1 * surrogate.derivative($0) }
    case .surrogateMultiplyAdd: row(a, b, c, out) { $1 * surrogate.derivative($0) + $2 }
    case .noise:
      if let form = NoiseForm(rawValue: step.pointee.kernel) {
        let place = UnsafeRawPointer(bases[Int(NeuronBase.lanes.rawValue)]).load(as: NoisePlace.self)
        Level.neuronNoise(form, place, time: a[0], draw: Int(step.pointee.c.row), out: out)
      }
    case .unary:
      if let kernel = UnaryKernel(rawValue: step.pointee.kernel) { Level.applyUnary(kernel, count: neuronLanes, a, out: out) }
    case .binary:
      if let kernel = BinaryKernel(rawValue: step.pointee.kernel) {
        Level.applyBinary(kernel, steps: .both, count: neuronLanes, a, b, out: out)
      }
    }
  }
}
