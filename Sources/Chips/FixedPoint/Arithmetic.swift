// How a chip computes, as a part of its file: which kind of neuron, with how many bits, and what a spike does to it.

/// The whole numbers of a chip's neurons.
///
///     arithmetic:
///       cell: multiplied_decay
///       resets: [zero, subtract]
///       sum_bits: {value: 22, grade: code, source: nengo_loihi}
public struct Arithmetic: Sendable, Equatable {
  /// How a step is taken; each is a type of neurons.
  public enum Cell: String, Sendable, CaseIterable {
    /// `MultipliedDecayCell`: a share in 4096ths of current and potential remains (Loihi).
    case multipliedDecay = "multiplied_decay"
    /// `ShiftedDecayCell`: what goes is the number shifted right (Xylo).
    case shiftedDecay = "shifted_decay"
    /// `IntegrateCell`: nothing goes, and a step can have several spikes (Speck).
    case integrate
    /// `AxonTypeCell`: weights of axon types, and a constant leak (TrueNorth).
    case axonTypes = "axon_types"
    /// `ExponentialCell`: s16.15 (SpiNNaker).
    case exponential
  }

  public var cell: Cell
  /// What a spike can do to a potential; the first one where a network wants another.
  public var resets: [FixedPointReset]
  public var numbers: [ArithmeticNumber: Figure] = [:]

  public init(cell: Cell, resets: [FixedPointReset] = [.zero]) {
    self.cell = cell
    self.resets = resets
  }

  func whole(_ number: ArithmeticNumber) -> Int? { numbers[number].flatMap { Int(exactly: $0.value) } }
  /// A number of bits, from 2 to 40 whatever the file says, so that 64-bit sums of them cannot overflow.
  func bits(_ number: ArithmeticNumber, default standard: Int) -> Int { max(2, min(40, whole(number) ?? standard)) }
}

/// A chip's number of bits, sign included.
public enum ArithmeticNumber: String, Sendable, CaseIterable {
  /// Of what arrives in a step; more wraps.
  case sumBits = "sum_bits"
  /// Of a synaptic current; more wraps.
  case currentBits = "current_bits"
  /// Of a potential; more stays at the largest.
  case potentialBits = "potential_bits"
  /// Of a constant leak.
  case leakBits = "leak_bits"
  /// Of the weight that a neuron has for an axon type.
  case axonWeightBits = "axon_weight_bits"
  /// Spikes that a neuron can fire in one step.
  case spikesPerStep = "spikes_per_step"
}
