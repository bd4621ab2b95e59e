// Neurons of Loihi: a current and a potential, each of which keeps a share in 4096ths of itself, towards zero.

/// Leaky neurons whose current `u` and potential `v` are multiplied by a share in each step:
///
///     u = u·keep_u + sum        v = v·keep_v + u + bias        fires where v > threshold
///
/// The order and the overflow are those of one of the tools that compute as the chip does; all are options, so that each
/// can be had to the bit: nengo-loihi 1.1's emulator, Lava 0.10's bit-accurate models, and brian2-loihi 0.5.
public struct MultipliedDecayCell: FixedPointCell {
  /// What happens to a number that is too large.
  public enum Overflow: Sendable, Equatable {
    case unbounded
    /// Two's complement with so many bits and a sign.
    case wraps(bits: Int)
    /// The same, but for 2^bits itself, which stays as it is.
    case wrapsAbove(bits: Int)

    @inline(__always)
    func of(_ value: Int64) -> Int64 {
      switch self {
      case .unbounded: return value.clamped(-largestState, largestState)
      case .wraps(let bits): return value.wrapped(bits: bits)
      case .wrapsAbove(let bits):
        let top = Int64(1) << Int64(bits)
        let once = value > top ? value - 2 * top : value
        return once <= -top ? once + 2 * top : once
      }
    }
  }

  /// How the steps are taken, the same for all neurons.
  public struct Rules: Sendable, Equatable {
    /// Bits by which a sum is moved before anything else; to the right they are lost, towards minus infinity.
    public var sumExponent = 0
    /// Bits by which it is moved to the left then.
    public var sumShift = 0
    public var sumOverflow = Overflow.unbounded
    public var currentOverflow = Overflow.unbounded
    /// Whether the bias is added to the current of the step, which may overflow, rather than to the potential.
    public var addsBiasToCurrent = false
    /// Whether the current loses its share before sums arrive rather than after the potential has taken it.
    public var decaysCurrentFirst = true
    /// Whether a potential stays as it is while a neuron rests after a spike, rather than at zero.
    public var freezesInRest = false
    public var reset = FixedPointReset.zero

    public init() {}
  }

  /// A neuron's own numbers.
  public struct Parameters: Sendable, Equatable {
    /// Shares in 4096ths that remain after a step, 0 to 4096.
    public var keepCurrent: Int64
    public var keep: Int64
    /// It fires above this, and `subtract` takes `drop` off.
    public var threshold: Int64
    public var drop: Int64
    public var bias: Int64
    /// Where the potential stays.
    public var least = -largestState
    public var most = largestState
    /// Steps from a spike to the first step in which it can fire again; 1 or less for the next one.
    public var rest = 0
    /// Whether it ever fires.
    public var fires = true

    public init(keepCurrent: Int64, keep: Int64, threshold: Int64, bias: Int64 = 0) {
      self.keepCurrent = keepCurrent
      self.keep = keep
      self.threshold = threshold
      self.bias = bias
      drop = threshold
    }
  }

  public let rules: Rules
  public let parameters: [Parameters]
  public private(set) var sums: [Int64]
  public private(set) var currents: [Int64]
  public private(set) var potentials: [Int64]
  private var resting: [Int]

  public init(_ parameters: [Parameters], _ rules: Rules) {
    self.rules = rules
    self.parameters = parameters
    let nothing = [Int64](repeating: 0, count: parameters.count)
    (sums, currents, potentials) = (nothing, nothing, nothing)
    resting = [Int](repeating: 0, count: parameters.count)
  }

  public var count: Int { parameters.count }

  public mutating func step(_ arrived: [Int64], _ spikes: inout [Int32]) {
    let rules = rules
    for neuron in parameters.indices {
      let own = parameters[neuron]
      let sum = rules.sumOverflow.of(arrived[neuron].shifted(rules.sumExponent) << Int64(rules.sumShift))
      sums[neuron] = sum
      let before = currents[neuron]
      let current = rules.currentOverflow.of((rules.decaysCurrentFirst ? before.kept(own.keepCurrent) : before) &+ sum)
      currents[neuron] = rules.decaysCurrentFirst ? current : current.kept(own.keepCurrent)
      let drive = rules.addsBiasToCurrent ? rules.currentOverflow.of(current &+ own.bias) : current &+ own.bias
      let rests = resting[neuron] > 0
      var potential = potentials[neuron]
      if rests, rules.freezesInRest {
        // Whoever rests with its potential does not fire either.
      } else {
        potential = (potential.kept(own.keep) &+ drive).clamped(own.least, own.most)
        if rests { potential = 0 }
      }
      let fires = own.fires && potential > own.threshold && !(rests && rules.freezesInRest)
      if fires {
        switch rules.reset {
        case .zero: potential = 0
        case .subtract: potential -= own.drop
        case .none: break
        }
        resting[neuron] = own.rest
      }
      if resting[neuron] > 0 { resting[neuron] -= 1 }
      potentials[neuron] = potential
      spikes[neuron] = fires ? 1 : 0
    }
  }
}
