// Neurons of Xylo: what is lost in a step is the number shifted right, in 16 bits that saturate.

/// Leaky neurons with one or two synaptic currents of 16 bits, which begin each step as sums that saturate after every
/// synapse (XyloSim 0.1.3 through rockpool 3.1):
///
///     I = D(I + w…)      V = D(V) + I₁ + I₂ + bias      n = min(V / threshold, most)      V = V - n·threshold
///
/// `D(x, k) = x - (x >> k)`, and where that would move nothing, one step towards zero.
public struct ShiftedDecayCell: FixedPointCell {
  public struct Parameters: Sendable, Equatable {
    /// The shift of each current, one for each port.
    public var currentShifts: [Int]
    public var shift: Int
    public var threshold: Int64
    public var bias: Int64

    public init(currentShifts: [Int], shift: Int, threshold: Int64, bias: Int64 = 0) {
      self.currentShifts = currentShifts
      self.shift = shift
      self.threshold = threshold
      self.bias = bias
    }
  }

  public let parameters: [Parameters]
  public let ports: Int
  /// How many spikes a neuron can fire in one step.
  public let most: Int64
  public let sumRange: ClosedRange<Int64>?
  /// `[port, neuron]`.
  public private(set) var currents: [Int64]
  public private(set) var potentials: [Int64]

  /// - Parameter bits: of currents and potentials, sign included.
  public init(_ parameters: [Parameters], ports: Int, most: Int64, bits: Int = 16) {
    self.parameters = parameters
    self.ports = max(1, ports)
    self.most = most
    let top = Int64(1) << Int64(max(1, min(bits, 40)) - 1)
    sumRange = -top...(top - 1)
    currents = [Int64](repeating: 0, count: parameters.count * self.ports)
    potentials = [Int64](repeating: 0, count: parameters.count)
  }

  public var count: Int { parameters.count }

  public func begin(_ sums: inout [Int64]) {
    for place in currents.indices { sums[place] &+= currents[place] }
  }

  @inline(__always)
  private func decayed(_ value: Int64, _ shift: Int) -> Int64 {
    let loss = value >> Int64(shift)
    return loss == 0 ? value - value.signum() : value - loss
  }

  public mutating func step(_ sums: [Int64], _ spikes: inout [Int32]) {
    let range = sumRange ?? -largestState...largestState
    for neuron in parameters.indices {
      let own = parameters[neuron]
      var drive = own.bias
      for port in 0..<ports {
        let place = port * parameters.count + neuron
        currents[place] = decayed(sums[place], port < own.currentShifts.count ? own.currentShifts[port] : 0)
        drive &+= currents[place]
      }
      var potential = (decayed(potentials[neuron], own.shift) &+ drive).clamped(range.lowerBound, range.upperBound)
      var fired: Int64 = 0
      if potential >= own.threshold, own.threshold > 0 {
        fired = min(potential / own.threshold, most)
        potential -= fired * own.threshold
      }
      potentials[neuron] = potential
      spikes[neuron] = Int32(truncatingIfNeeded: fired)
    }
  }
}
