// Neurons of SpiNNaker as sPyNNaker programs them: numbers of 16 bits before the point and 15 behind it.

/// Leaky neurons with exponential currents in s16.15 (sPyNNaker 7.4's `IF_curr_exp`). What arrives are words of 16 bits
/// that saturate, apart for excitation and inhibition; each is moved to s16.15 by the receptor's shift.
///
///     e = e + w·init      a = (exc - inh + offset)·R + V_rest      V = a - e^(-dt/τ)·(a - V)      e = e·decay
public struct ExponentialCell: FixedPointCell {
  public struct Parameters: Sendable, Equatable {
    /// s16.15.
    public var rest: Int64
    public var reset: Int64
    public var threshold: Int64
    public var resistance: Int64
    /// e^(-dt/τ) in s16.15.
    public var keep: Int64
    public var offset: Int64
    /// Steps of rest after a spike.
    public var restSteps: Int
    /// Of excitation and inhibition: what remains of a current after a step, and what a weight adds; unsigned, in 2^-32.
    public var currentKeep: [Int64]
    public var currentGain: [Int64]
    /// Bits by which a receptor's words are moved to the left.
    public var shifts: [Int]
    public var fires = true

    public init(
      rest: Int64, reset: Int64, threshold: Int64, resistance: Int64, keep: Int64, offset: Int64, restSteps: Int = 0,
      currentKeep: [Int64], currentGain: [Int64], shifts: [Int]
    ) {
      self.rest = rest
      self.reset = reset
      self.threshold = threshold
      self.resistance = resistance
      self.keep = keep
      self.offset = offset
      self.restSteps = restSteps
      self.currentKeep = currentKeep
      self.currentGain = currentGain
      self.shifts = shifts
    }
  }

  public let parameters: [Parameters]
  /// Whether a share is rounded to the nearest rather than down: which one depends on the version of the tools.
  public let roundsShares: Bool
  public let ports = 2
  public let sumRange: ClosedRange<Int64>? = 0...0xffff
  public private(set) var potentials: [Int64]
  /// Currents as a step's potentials saw them.
  public private(set) var excitation: [Int64]
  public private(set) var inhibition: [Int64]
  private var resting: [Int]

  /// - Parameter initial: the potentials before the first step; the resting ones when nil.
  public init(_ parameters: [Parameters], initial: Int64? = nil, roundsShares: Bool = false) {
    self.parameters = parameters
    self.roundsShares = roundsShares
    potentials = parameters.map { initial ?? $0.rest }
    excitation = [Int64](repeating: 0, count: parameters.count)
    inhibition = excitation
    resting = [Int](repeating: 0, count: parameters.count)
  }

  public var count: Int { parameters.count }

  /// Of s16.15 numbers, to the nearest, saturating at 32 bits.
  @inline(__always)
  private func product(_ a: Int64, _ b: Int64) -> Int64 {
    let whole = a &* b
    return ((whole >> 15) + ((whole >> 14) & 1)).clamped(Int64(Int32.min), Int64(Int32.max))
  }

  @inline(__always)
  private func share(_ value: Int64, _ part: Int64) -> Int64 {
    let whole = value &* part
    return (whole >> 32) + (roundsShares ? (whole >> 31) & 1 : 0)
  }

  public mutating func step(_ sums: [Int64], _ spikes: inout [Int32]) {
    let (low, high) = (Int64(Int32.min), Int64(Int32.max))
    for neuron in parameters.indices {
      let own = parameters[neuron]
      func arrived(_ port: Int) -> Int64 {
        // The shifted word is read as a signed number of 32 bits.
        Int64(Int32(truncatingIfNeeded: sums[port * parameters.count + neuron] << Int64(own.shifts[port])))
      }
      excitation[neuron] = (share(excitation[neuron], own.currentKeep[0]) + share(arrived(0), own.currentGain[0])).clamped(low, high)
      inhibition[neuron] = (share(inhibition[neuron], own.currentKeep[1]) + share(arrived(1), own.currentGain[1])).clamped(low, high)
      var potential = potentials[neuron]
      if resting[neuron] <= 0 {
        let drive = (excitation[neuron] - inhibition[neuron] + own.offset).clamped(low, high)
        let goal = (product(drive, own.resistance) + own.rest).clamped(low, high)
        potential = (goal - product(own.keep, (goal - potential).clamped(low, high))).clamped(low, high)
      } else {
        resting[neuron] -= 1
      }
      let fires = own.fires && potential >= own.threshold
      if fires {
        potential = own.reset
        resting[neuron] = own.restSteps
      }
      potentials[neuron] = potential
      spikes[neuron] = fires ? 1 : 0
    }
  }
}
