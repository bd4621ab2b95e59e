// Neurons given by equations through time.

/// The compiled step of a population; the memory it points at belongs to the caller.
public struct NeuronStep {
  /// Computes the values of a step.
  public var code: UnsafePointer<NeuronInstruction>
  public var codeCount: Int
  /// The values of one step take this many rows, of which the first are the states.
  public var frameRows: Int
  public var states: Int
  /// For each state, its value after the equations, and after a spike.
  public var updates: UnsafePointer<NeuronPlace>
  public var resets: UnsafePointer<NeuronPlace>
  /// Whether the neurons fire, and the value that decides: at least 0, or above 0 when `isStrict`.
  public var fires: Bool
  public var distance: NeuronPlace
  public var isStrict: Bool

  public init(
    code: UnsafePointer<NeuronInstruction>, codeCount: Int, frameRows: Int, states: Int,
    updates: UnsafePointer<NeuronPlace>, resets: UnsafePointer<NeuronPlace>, fires: Bool, distance: NeuronPlace,
    isStrict: Bool
  ) {
    self.code = code
    self.codeCount = codeCount
    self.frameRows = frameRows
    self.states = states
    self.updates = updates
    self.resets = resets
    self.fires = fires
    self.distance = distance
    self.isStrict = isStrict
  }
}

/// Where a block of neurons finds its numbers.
public struct NeuronBlock {
  /// How many neurons it has, 1 to 64; the other lanes compute, and what they compute is never written out.
  public var count: Int
  /// Floats from one step to the next in `drive`, `gradient` and records.
  public var stride: Int
  /// The block's first neuron at the first step.
  public var drive: UnsafePointer<Float>
  /// Rows of constants and parameters.
  public var fixed: UnsafeMutablePointer<Float>
  /// Rows for the values of steps; the first rows hold the states before the first step.
  public var frames: UnsafeMutablePointer<Float>
  /// Two rows for the ends of populations that are no whole number of blocks.
  public var pad: UnsafeMutablePointer<Float>
  /// Room for `NeuronBase.count` pointers.
  public var bases: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  /// What names its random numbers; nil for a program without.
  public var noise: UnsafePointer<NoisePlace>?

  public init(
    count: Int, stride: Int, drive: UnsafePointer<Float>, fixed: UnsafeMutablePointer<Float>,
    frames: UnsafeMutablePointer<Float>, pad: UnsafeMutablePointer<Float>,
    bases: UnsafeMutablePointer<UnsafeMutablePointer<Float>>, noise: UnsafePointer<NoisePlace>? = nil
  ) {
    self.count = count
    self.stride = stride
    self.drive = drive
    self.fixed = fixed
    self.frames = frames
    self.pad = pad
    self.bases = bases
    self.noise = noise
  }
}

/// Runs compiled neurons, forward and backward.
public protocol NeuronKernels {
  /// Runs one block forward.
  ///
  /// - Parameters:
  ///   - keepsFrames: whether each step has a frame of its own, as `neuronBackward` needs; `frames` then has room for
  ///     `steps + 1`. Otherwise one frame serves all steps, and its state rows end as the last step left them.
  ///   - spikes: one word a step, `spikeStride` words apart; nil to write none.
  ///   - records: where the updated states go before any reset, for the first `recordCount` states.
  static func neuronForward(
    _ step: NeuronStep, _ block: NeuronBlock, steps: Int, keepsFrames: Bool, spikes: UnsafeMutablePointer<UInt64>?,
    spikeStride: Int, records: UnsafePointer<UnsafeMutablePointer<Float>>?, recordCount: Int
  )

  /// 64 random numbers, one for each neuron of a block: the same for the same place, step and draw.
  ///
  /// - Parameter time: the number of the step, a whole number below 2^24.
  static func neuronNoise(
    _ form: NoiseForm, _ place: NoisePlace, time: Float, draw: Int, out: UnsafeMutablePointer<Float>)

  /// Walks one block backward over steps whose frames `neuronForward` has kept.
  ///
  /// - Parameters:
  ///   - code: one step of the derivative.
  ///   - gradient: the block's first neuron at the first step: on entry the gradient of the output, on return that of
  ///     the drive.
  ///   - scratch: rows for intermediate gradients.
  ///   - later: for each state a row, then as many again: the first hold on entry the gradients of the states after the
  ///     last step and on return those of the states before the first.
  ///   - parameters: rows that get the gradients of learnable parameters added.
  static func neuronBackward(
    _ step: NeuronStep, _ code: UnsafePointer<NeuronInstruction>, codeCount: Int, _ block: NeuronBlock,
    surrogate: SurrogateShape, steps: Int, gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, later: UnsafeMutablePointer<Float>, parameters: UnsafeMutablePointer<Float>
  )
}
