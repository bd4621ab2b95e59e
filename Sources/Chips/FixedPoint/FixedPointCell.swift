// What a chip's neurons have in common, however they compute: sums of weights arrive, a step is taken in whole numbers,
// and some of them fire.

/// Neurons of one population in whole numbers, with their state: a value, so that a copy is a snapshot.
///
/// Chips differ in how they compute, and each way is a type of its own: `MultipliedDecayCell` (Loihi), `ShiftedDecayCell`
/// (Xylo), `IntegrateCell` (Speck), `AxonTypeCell` (TrueNorth) and `ExponentialCell` (SpiNNaker). Numbers are 64-bit and
/// stay far below 2^62, since each type cuts, wraps or bounds its state.
public protocol FixedPointCell: Sendable {
  /// Neurons.
  var count: Int { get }
  /// How many sums each neuron keeps apart: one, or more where synapses are of several kinds.
  var ports: Int { get }
  /// Where a sum stays after each synapse; nil where it may grow.
  var sumRange: ClosedRange<Int64>? { get }
  /// Called before the first step of a sample, for neurons that draw.
  mutating func begin(sample: Int)
  /// Adds what a step's sums, `[port, neuron]`, begin with.
  func begin(_ sums: inout [Int64])
  /// Takes one step.
  ///
  /// - Parameters:
  ///   - sums: what arrived, `[port, neuron]`.
  ///   - spikes: gets how often each neuron fires, mostly 0 or 1.
  mutating func step(_ sums: [Int64], _ spikes: inout [Int32])
  /// The potentials after the step.
  var potentials: [Int64] { get }
}

extension FixedPointCell {
  public var ports: Int { 1 }
  public var sumRange: ClosedRange<Int64>? { nil }
  public func begin(_ sums: inout [Int64]) {}
  public mutating func begin(sample: Int) {}
}

/// What a spike does to the potential of a neuron that counts in whole numbers.
public enum FixedPointReset: String, Sendable, CaseIterable {
  /// Sets it to zero, or the chip's reset potential.
  case zero
  /// Takes the threshold off.
  case subtract
  /// Leaves it.
  case none
}

extension Int64 {
  /// A number whose bits above `bits` and a sign are lost: 2^bits becomes -2^bits.
  @inline(__always)
  func wrapped(bits: Int) -> Int64 {
    let top = Int64(1) << Int64(bits)
    return (self & (top - 1)) - (self & top)
  }

  /// The share `keep`/4096 of a number, rounded towards zero.
  @inline(__always)
  func kept(_ keep: Int64) -> Int64 {
    self < 0 ? -((-self &* keep) >> 12) : (self &* keep) >> 12
  }

  @inline(__always)
  func clamped(_ least: Int64, _ most: Int64) -> Int64 { Swift.min(Swift.max(self, least), most) }

  /// Shifted left by a positive number of bits, or right, towards minus infinity.
  @inline(__always)
  func shifted(_ bits: Int) -> Int64 { bits >= 0 ? self << Int64(bits) : self >> Int64(-bits) }
}

/// What no state goes beyond where a chip has no bound of its own; times 4096 it still fits 64 bits.
public let largestState: Int64 = 1 << 50
