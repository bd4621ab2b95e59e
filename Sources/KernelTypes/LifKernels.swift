// What the leaky integrate-and-fire kernels must know of a neuron and of its surrogate gradient, and what they compute.

/// What happens to the membrane potential of a neuron that has just fired.
public enum LifReset: UInt8, Sendable {
  /// The threshold is taken off: `v - threshold`. What exceeded the threshold is kept.
  case subtract
  /// The potential becomes zero.
  case zero
  /// Nothing happens.
  case none
}

/// The constants of one population of leaky integrate-and-fire neurons.
public struct LifConstants: Sendable {
  /// The share of the potential that remains after one step.
  public var beta: Float
  /// The potential at which a neuron fires.
  public var threshold: Float
  public var reset: LifReset

  public init(beta: Float, threshold: Float, reset: LifReset) {
    self.beta = beta
    self.threshold = threshold
    self.reset = reset
  }
}

/// The function whose derivative stands in for the derivative of the step `H(x)`, with `x = v - threshold`.
public enum SurrogateShape: Sendable, Equatable {
  /// `1 / (1 + slope |x|)^2` (Zenke and Ganguli 2018, SuperSpike).
  case fastSigmoid(slope: Float)
  /// `(alpha / 2) / (1 + (pi / 2 alpha x)^2)` (Fang et al. 2021).
  case arctangent(alpha: Float)
  /// `max(0, 1 - |x| / width) / width` (Bellec et al. 2018, with unit area).
  case triangle(width: Float)
  /// `1` everywhere (Bengio et al. 2013).
  case straightThrough
  /// Any function, worked out through a call.
  case function(SurrogateFunction)

  /// How far from the threshold the derivative ends; nil where it never does.
  public var reach: Float? {
    switch self {
    case .triangle(let width): width
    case .function(let function): function.reach
    case .fastSigmoid, .arctangent, .straightThrough: nil
    }
  }
}

/// A surrogate derivative as a function that turns distances from the threshold into derivatives, in place. It takes
/// memory, not vectors: the levels of the CPU pass those differently.
public final class SurrogateFunction: Sendable, Equatable {
  public let reach: Float?
  public let derivatives: @Sendable (UnsafeMutablePointer<Float>, Int) -> Void

  public init(reach: Float? = nil, _ derivatives: @escaping @Sendable (UnsafeMutablePointer<Float>, Int) -> Void) {
    self.reach = reach
    self.derivatives = derivatives
  }

  public static func == (a: SurrogateFunction, b: SurrogateFunction) -> Bool { a === b }
}

/// What a run of neurons from `v = 0` has left for the way back.
public enum LifTrace {
  /// The potentials before reset, `[steps, rows, neurons]`.
  case potentials(UnsafePointer<Float>)
  /// The drive `[rows, neurons]` that was the same at each step, from which the potentials are worked out again.
  case drive(UnsafePointer<Float>)
}

/// What a pool over spikes takes from each window, and what the way back must know of it.
public enum SpikePool {
  /// Whether any neuron fires; with the spikes, a row of `wordsPerRow` words for each step and sample.
  case largest(UnsafePointer<UInt64>, wordsPerRow: Int)
  /// The number of spikes times `scale`.
  case sum(scale: Float)
}

public func lifWords(_ neurons: Int) -> Int { (neurons + 63) / 64 }

/// Leaky neurons through time, forward and backward.
public protocol LifKernels {
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
  static func lifForward(
    _ constants: LifConstants, steps: Int, rows: Int, neurons: Int, membrane: UnsafeMutablePointer<Float>,
    spikes: UnsafeMutablePointer<UInt64>, carried: UnsafeMutablePointer<Float>?, blocks: Range<Int>
  )

  /// `lifForward` under a drive that is the same at each step, from `v = 0`, with the same bits.
  ///
  /// - Parameters:
  ///   - drive: `rows * neurons` floats.
  ///   - membrane: where the potentials before reset go, `steps * rows * neurons` floats; nil to forget them.
  static func lifSteadyForward(
    _ constants: LifConstants, steps: Int, rows: Int, neurons: Int, drive: UnsafePointer<Float>,
    membrane: UnsafeMutablePointer<Float>?, spikes: UnsafeMutablePointer<UInt64>, blocks: Range<Int>
  )

  /// Runs leaky integrators, which never fire: `v = beta v + drive`, from `v = 0` or from given potentials, written over
  /// the drive.
  ///
  /// `membrane` holds `steps * columns` floats with `columns = rows * neurons`; `range` is a part of `0 ..< columns`.
  /// `carried` holds the `columns` potentials before the first step and, on return, after the last; nil to begin at 0.
  static func leakyForward(
    beta: Float, steps: Int, columns: Int, membrane: UnsafeMutablePointer<Float>,
    carried: UnsafeMutablePointer<Float>?, range: Range<Int>
  )

  /// Gradients of the drive of leaky integrate-and-fire neurons.
  ///
  /// With `g[t]` the gradient of the spikes and `x = v - threshold`:
  /// `d[t] = g[t] h(x[t]) + beta k[t] d[t+1]`, where `h` is the surrogate and `k` the factor of the reset.
  ///
  /// - Parameters:
  ///   - trace: what `lifForward` or `lifSteadyForward` left.
  ///   - gradient: of the spikes, `steps * rows * neurons` floats.
  ///   - out: on return the gradient of the drive: as many floats, which may be those of `gradient`; under a steady
  ///     drive the sum over all steps, `rows * neurons` floats.
  ///   - carried: the gradient of the potentials after the last step and, on return, of those before the first;
  ///     `rows * neurons` floats. Nil for none.
  ///   - blocks: a part of `0 ..< rows * lifWords(neurons)`, as in `lifForward`.
  static func lifBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int, trace: LifTrace,
    gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, carried: UnsafeMutablePointer<Float>?,
    blocks: Range<Int>
  )

  /// `lifBackward` for neurons whose spikes go into a pool of two by two, side by side: the gradient of the spikes never
  /// leaves the cache.
  ///
  /// - Parameters:
  ///   - shape: of the pool, whose features are the neurons.
  ///   - gradient: of the pool's output, `steps * rows` times `[channels, outHeight, outWidth]`.
  ///   - out: as of `lifBackward`.
  ///   - range: a part of `0 ..< rows`.
  static func lifPoolBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, shape: WindowShape, pool: SpikePool,
    trace: LifTrace, gradient: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, range: Range<Int>
  )

  /// The floats that `packOutputWeights` writes.
  static func packedOutputWeightCount(neurons: Int, outputs: Int) -> Int

  /// Copies weights `[neurons, outputs]` so that those of 64 neurons to one output lie side by side.
  static func packOutputWeights(
    _ weights: UnsafePointer<Float>, neurons: Int, outputs: Int, packed: UnsafeMutablePointer<Float>
  )

  /// `lifBackward` for neurons whose spikes go into a few outputs: the gradient of the spikes, which is the outputs'
  /// gradient times the weights' transpose, never leaves the registers.
  ///
  /// - Parameters:
  ///   - outputGradient: `[steps, rows, outputs]`.
  ///   - packed: the weights from `packOutputWeights`.
  ///   - out: as of `lifBackward`.
  ///   - blocks: a part of `0 ..< rows * lifWords(neurons)`, numbered row by row for each word.
  static func lifProductBackward(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int, trace: LifTrace,
    outputs: Int, outputGradient: UnsafePointer<Float>, packed: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    blocks: Range<Int>
  )

  /// How many of `count` potentials lie nearer to the threshold than a surrogate reaches.
  static func countWithinReach(
    _ membrane: UnsafePointer<Float>, count: Int, threshold: Float, reach: Float
  ) -> Int

  /// The share of potentials within reach above which `productWithinReach` is slower than a dense product. Measured, by
  /// `scripts/bench reach`.
  static func denseReachShare(outputs: Int) -> Double

  /// The gradient of the spikes of neurons that a dense layer reads, worked out only where their surrogate lets it
  /// through; elsewhere 0.
  ///
  /// - Parameters:
  ///   - membrane: potentials before reset, `[rows, neurons]`.
  ///   - gradient: of the dense layer's output, `[rows, outputs]`.
  ///   - weights: `[neurons, outputs]`.
  ///   - out: `[rows, neurons]`.
  ///   - shouldStop: asked some milliseconds apart; when it says yes, what is left is not written.
  static func productWithinReach(
    rows: Int, neurons: Int, outputs: Int, membrane: UnsafePointer<Float>, threshold: Float, reach: Float,
    gradient: UnsafePointer<Float>, weights: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
    shouldStop: () -> Bool
  )

  /// The gradient of weights whose products with spikes drive such neurons: `spikeGemm` of the transposed spikes and of
  /// what `lifProductBackward` gives, one panel of neurons after the other, so that the drive's gradient never leaves the
  /// cache.
  ///
  /// - Parameters:
  ///   - spikes: for each feature a row of `(steps * rows + 63) / 64` words, with a bit for each step and row.
  ///   - total: the number of bits that are set.
  ///   - out: `[features, neurons]`, without gaps.
  ///   - workspace: `spikeGemmWorkspace(rows: features, features: steps * rows, total: total)` words. Each thread takes
  ///     up to 64 floats for each step and row besides.
  ///   - shouldStop: asked before each panel; when it says yes, what is left is not written.
  static func lifProductWeightGradient(
    _ constants: LifConstants, surrogate: SurrogateShape, steps: Int, rows: Int, neurons: Int,
    membrane: UnsafePointer<Float>, outputs: Int, outputGradient: UnsafePointer<Float>, packed: UnsafePointer<Float>,
    spikes: UnsafePointer<UInt64>, features: Int, total: Int, out: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Int32>, shouldStop: () -> Bool
  )

  /// Gradients of the drive of leaky integrators, written over the gradients of their potentials:
  /// `d[t] = g[t] + beta d[t+1]`. Sizes and `range` as in `leakyForward`, `carried` as in `lifBackward`.
  static func leakyBackward(
    beta: Float, steps: Int, columns: Int, gradient: UnsafeMutablePointer<Float>,
    carried: UnsafeMutablePointer<Float>?, range: Range<Int>
  )

  /// Replaces each of `count` distances to the threshold, `x = v - threshold`, by the surrogate derivative there.
  ///
  /// `values` must hold `count` floats.
  static func surrogateDerivatives(
    _ shape: SurrogateShape, _ values: UnsafeMutablePointer<Float>, count: Int
  )
}
