// The instructions of neurons that are given by equations: each works on a row of 64 neurons at once.

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
  /// Random numbers of the step that `a` counts: `kernel` is a `NoiseForm`, the row of `c` says which draw of the step.
  case noise
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
  /// What names the draws of the block: bits of a seed, a sample and a block of neurons.
  case lanes

  public static let count = 11
}

/// What is drawn.
public enum NoiseForm: UInt8, Sendable {
  /// From a normal distribution of mean 0 and standard deviation 1.
  case normal
  /// Evenly from 0 to below 1.
  case uniform
}

/// What names the draws of a block of 64 neurons, beside the step and the draw.
public struct NoisePlace: Sendable {
  public var seed: UInt64
  public var sample: UInt32
  public var block: UInt32

  public init(seed: UInt64, sample: UInt32, block: UInt32) {
    (self.seed, self.sample, self.block) = (seed, sample, block)
  }
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
