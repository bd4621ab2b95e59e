// Neurons of TrueNorth: a synapse is there or not, and what it weighs is the neuron's number for its axon's type.

import Tensors

/// What a deployment makes use of beside weights and a leak that is added.
public struct AxonTypeModes: Sendable, Equatable {
  /// Whether a leak by a share of the potential is run as a constant towards zero.
  public var leaksByConstant = false
  /// Whether a synapse moves the potential by 1 with the probability that its weight has in 256ths.
  public var drawsWeights = false
  /// Whether offsets below 1 are drawn.
  public var drawsOffsets = false
  /// Whether thresholds get random bits.
  public var drawsThreshold = false

  public init() {}
}

/// Digital neurons of TrueNorth (A. Cassidy et al., Cognitive computing building block, IJCNN 2013; as NeMo computes them),
/// and the plainer ones of RANC.
///
/// What arrives are counts of active axons by type, one port each. In a step, in this order: the weights of the types, the
/// leak, the threshold. Random numbers are drawn where a parameter asks for them: a weight or leak then moves the
/// potential by its sign with probability |s|/256, and a threshold gets the bits of its mask.
public struct AxonTypeCell: FixedPointCell {
  public enum Form: Sendable, Equatable {
    case trueNorth
    /// RANC: no reversal of the leak, no floor that holds, no chance. A potential below the floor, or with `symmetric`
    /// at it, is reset as at the threshold, to minus the reset potential. Each reset but `zero` is a subtraction.
    case ranc(symmetric: Bool)
  }

  public struct Parameters: Sendable, Equatable {
    /// The weight of each axon type: 9 bits, sign included.
    public var weights: [Int64]
    public var isStochastic: [Bool]
    /// Added in each step: 9 bits, sign included.
    public var leak: Int64 = 0
    public var leakIsStochastic = false
    /// Whether the leak has the sign of the potential, so that it leads away from zero or back to it.
    public var leakFollowsSign = false
    public var threshold: Int64
    /// What the lowest potential is, with its sign turned (TrueNorth), or as it is (RANC).
    public var floor: Int64
    /// Random bits that a threshold gets.
    public var mask: Int64 = 0
    /// The potential after a spike, where the reset is to a value.
    public var resetPotential: Int64 = 0
    public var reset = FixedPointReset.subtract
    /// Whether the potential stays at the floor, rather than being reset there as at the threshold.
    public var saturates = true

    public init(weights: [Int64], threshold: Int64, floor: Int64) {
      self.weights = weights
      isStochastic = [Bool](repeating: false, count: weights.count)
      self.threshold = threshold
      self.floor = floor
    }
  }

  public let parameters: [Parameters]
  public let form: Form
  public let ports: Int
  private let most: Int64
  public private(set) var potentials: [Int64]
  private var random: RandomStream

  /// - Parameters:
  ///   - types: of axons.
  ///   - bits: of a potential, sign included.
  ///   - random: where chance is drawn from.
  public init(_ parameters: [Parameters], form: Form = .trueNorth, types: Int = 4, bits: Int = 20, random: RandomStream) {
    self.parameters = parameters
    self.form = form
    ports = max(1, types)
    most = (Int64(1) << Int64(max(2, min(bits, 40)) - 1)) - 1
    potentials = [Int64](repeating: 0, count: parameters.count)
    self.random = random
  }

  public var count: Int { parameters.count }

  /// Each sample has its own random numbers.
  public mutating func begin(sample: Int) {
    random = RandomStream(seed: random.nextBits(), purpose: "sample", index: UInt64(sample))
  }

  /// A number's sign with probability |number|/256.
  private mutating func drawn(_ number: Int64) -> Int64 {
    Int64(random.nextBits() & 0xff) < Int64(number.magnitude) ? number.signum() : 0
  }

  public mutating func step(_ sums: [Int64], _ spikes: inout [Int32]) {
    for neuron in parameters.indices {
      let own = parameters[neuron]
      var potential = potentials[neuron]
      for type in 0..<min(ports, own.weights.count) {
        let active = sums[type * parameters.count + neuron]
        if own.isStochastic[type] {
          for _ in 0..<active { potential += drawn(own.weights[type]) }
        } else {
          potential = (potential &+ own.weights[type] &* active).clamped(-largestState, largestState)
        }
      }
      let fires = form == .trueNorth ? trueNorth(&potential, own) : ranc(&potential, own)
      potentials[neuron] = potential
      spikes[neuron] = fires ? 1 : 0
    }
  }

  private mutating func trueNorth(_ potential: inout Int64, _ own: Parameters) -> Bool {
    let leak = own.leakIsStochastic ? drawn(own.leak) : own.leak
    if own.leakFollowsSign {
      let sign = potential.signum()
      potential += sign * leak
      // A leak towards zero ends there.
      if potential.signum() != sign { potential = 0 }
    } else {
      potential += leak
    }
    potential = potential.clamped(-most, most)
    let noise = own.mask == 0 ? 0 : Int64(truncatingIfNeeded: random.nextBits()) & own.mask
    if potential >= own.threshold + noise {
      switch own.reset {
      case .zero: potential = own.resetPotential
      case .subtract: potential -= own.threshold + noise
      case .none: break
      }
      return true
    }
    if own.saturates {
      if potential < -own.floor { potential = -own.floor }
    } else if potential < -(own.floor + noise) {
      switch own.reset {
      case .zero: potential = -own.resetPotential
      case .subtract: potential += own.floor + noise
      case .none: break
      }
    }
    return false
  }

  private func ranc(_ potential: inout Int64, _ own: Parameters) -> Bool {
    potential = (potential &+ own.leak).clamped(-largestState, largestState)
    if potential >= own.threshold {
      potential = own.reset == .zero ? own.resetPotential : potential - own.threshold
      return true
    }
    let isLow = form == .ranc(symmetric: true) ? potential <= own.floor : potential < own.floor
    if isLow { potential = own.reset == .zero ? -own.resetPotential : potential - own.floor }
    return false
  }
}
