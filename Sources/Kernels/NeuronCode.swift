// The inner loop of neurons that are given by equations: short instructions, each on a row of 64 neurons at once, so
// that the cost of reading an instruction is shared by 64 numbers and a step's values stay in the first-level cache.
// The same instructions run a step forward and, made from the derivative of the equations, backward.

/// What an instruction does; `a`, `b`, `c` are its operands.
public enum NeuronOpcode: UInt8, Sendable {
  case copy, add, subtract, multiply, divide
  /// a * b + c, with two roundings.
  case multiplyAdd
  /// a * b - c
  case multiplySubtract
  /// c - a * b
  case subtractProduct
  /// A function of `a`, by `UnaryKernel`.
  case unary
  /// A function of `a` and `b`, by `BinaryKernel`.
  case binary
  /// Where a is not 0 b, else c.
  case select
  /// Where a is a distance at which the neuron fires b, else c.
  case whereFired
  /// h(a) * b, with h the surrogate derivative.
  case surrogateProduct
  /// h(a) * b + c
  case surrogateMultiplyAdd
}

/// The memory in which a row lies. The caller gives a pointer for each.
public enum NeuronBase: UInt8, Sendable {
  /// Constants and parameters.
  case fixed
  /// The values of this step; the first rows are the states as the last step left them.
  case frame
  /// Where the states after this step go.
  case nextFrame
  /// Intermediate gradients.
  case scratch
  /// The drive of this step.
  case drive
  /// The gradient of this step's output, and where that of the drive goes.
  case gradient, driveGradient
  /// The gradients of the states after this step, and of those before it.
  case later, earlier
  /// The gradients of learnable parameters, summed over steps.
  case parameters

  public static let count = 10
}

/// A row of 64 numbers in one of the memories.
public struct NeuronPlace: Sendable, Hashable {
  public var base: NeuronBase
  public var row: Int32

  public init(_ base: NeuronBase, _ row: Int) {
    self.base = base
    self.row = Int32(truncatingIfNeeded: row)
  }
}

/// One instruction on rows.
public struct NeuronInstruction: Sendable, Equatable {
  public var code: NeuronOpcode
  /// The raw value of a `UnaryKernel` or `BinaryKernel`; for `whereFired` 1 when a distance of 0 doesn't fire.
  public var kernel: UInt8
  public var out: NeuronPlace
  public var a: NeuronPlace
  public var b: NeuronPlace
  public var c: NeuronPlace

  public init(
    _ code: NeuronOpcode, kernel: UInt8 = 0, out: NeuronPlace, a: NeuronPlace, b: NeuronPlace? = nil,
    c: NeuronPlace? = nil
  ) {
    self.code = code
    self.kernel = kernel
    self.out = out
    self.a = a
    self.b = b ?? a
    self.c = c ?? a
  }
}

/// Neurons of a row.
public let neuronLanes = 64

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
    case .unary:
      if let kernel = UnaryKernel(rawValue: step.pointee.kernel) { applyUnary(kernel, count: neuronLanes, a, out: out) }
    case .binary:
      if let kernel = BinaryKernel(rawValue: step.pointee.kernel) {
        applyBinary(kernel, steps: .both, count: neuronLanes, a, b, out: out)
      }
    }
  }
}
