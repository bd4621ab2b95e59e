// What a neuron computes in one step of time, whichever tool wrote it: the one form between the fields of NIR nodes, the
// habits of tools, and the neurons here.

import Faults
import Kernels
import Spiking
import Tensors

/// A leaky neuron with at most one synaptic current, stepped in time. Without a synapse
///
/// ```
/// v = leak v + gain input + offset
/// ```
///
/// and with one, whose current is `i`, `gain i` stands for `gain input`. Then it fires and is reset, if it fires.
public struct SteppedNeuron: Sendable, Equatable {
  /// A current that decays.
  public struct Synapse: Sendable, Equatable {
    public enum Order: Sendable, Equatable {
      /// `i = decay i + gain input`, and the membrane hears this new current.
      case before
      /// The membrane hears the current of the last step (and `direct input`); then `i = decay i + gain input`.
      case after
      /// `i = decay (i + gain input)`, and the membrane hears this new current.
      case decayed
    }

    public var decay: PerNeuron
    public var gain: PerNeuron = 1
    public var order = Order.before
    /// What the membrane hears of the input beside the current.
    public var direct: PerNeuron = 0
  }

  public enum Reset: Sendable, Equatable {
    /// The potential becomes this.
    case to(PerNeuron)
    /// This is taken off in the step of the spike, before the leak of the next one.
    case subtract(PerNeuron)
    /// This is taken off in the step after the spike, after its leak.
    case subtractLater(PerNeuron)
    /// As `subtract`, but a potential that a spike has left above the threshold must pass it by this much more to fire.
    case subtractHeld(PerNeuron)
    /// The potential is 0 in the whole step after the spike, whatever comes in.
    case blank
  }

  public struct Firing: Sendable, Equatable {
    public var threshold: PerNeuron
    /// Whether a potential at the threshold does not fire.
    public var isStrict = false
    public var reset: Reset
    /// Whether a potential of n thresholds gives n spikes in one step.
    public var isMultiple = false
    /// Whether the spikes of a step are sent in the next one.
    public var isLate = false
  }

  public var leak: PerNeuron
  public var gain: PerNeuron = 1
  public var offset: PerNeuron = 0
  /// The potential before the first step.
  public var start = 0.0
  public var synapse: Synapse?
  /// Nil for an integrator, whose potential is its output.
  public var firing: Firing?
  /// The potential is never below this; nil for no bound.
  public var floor: PerNeuron?

  public init(leak: PerNeuron) { self.leak = leak }
}

extension SteppedNeuron {
  /// The neurons as a model of the network's: `lif` and `li` where they do just that, otherwise by their equations.
  ///
  /// A threshold that must be passed is one that is reached one 32-bit float higher, so neurons with a reset to zero that
  /// fire above their threshold are `lif` too.
  ///
  /// - Throws: `.value` for parameters that make no neurons, such as a threshold of 0.
  public func model() throws(Fault) -> any NeuronModel {
    let isPlain = synapse == nil && gain.isAll(1) && offset.isAll(0) && start == 0 && floor == nil
    if isPlain, let beta = leak.uniform, (0...1).contains(beta) {
      guard let firing else { return LeakyIntegrator(beta: Float(beta)) }
      if let threshold = firing.threshold.uniform, threshold > 0, !firing.isMultiple, !firing.isLate {
        let level = Float(threshold)
        if case .to(let value) = firing.reset, value.isAll(0) {
          return LIF(beta: Float(beta), threshold: firing.isStrict ? level.nextUp : level, reset: .zero)
        }
        if case .subtract(let amount) = firing.reset, !firing.isStrict, amount.rounded.isAll(Double(level)) {
          return LIF(beta: Float(beta), threshold: level)
        }
      }
    }
    return try byEquations()
  }

  /// What the neurons are called where they are given by equations.
  private var name: String {
    let kind = firing.map { $0.isMultiple ? "counting_" : $0.isLate ? "late_" : "" } ?? ""
    return kind + (synapse == nil ? "" : "cuba_") + (firing == nil ? "li" : "lif")
  }

  func byEquations() throws(Fault) -> EquationNeuron {
    var writer = EquationWriter()
    let states = states
    func place(_ state: String) -> Int { states.firstIndex(of: state) ?? 0 }
    let input = writer.add(.input)
    var values: [String: (update: Int, reset: Int)] = [:]
    var heard = input
    if let synapse {
      let old = writer.add(.state(place("i")))
      let scaled = writer.scaled(input, "w_in", synapse.gain)
      let decay = writer.parameter("alpha", synapse.decay)
      let new: Int
      if synapse.order == .decayed {
        new = writer.binary(.multiply, writer.binary(.add, old, scaled), decay)
      } else {
        new = writer.binary(.add, writer.binary(.multiply, decay, old), scaled)
      }
      values["i"] = (new, new)
      heard = synapse.order == .after ? old : new
    }
    var drive = writer.scaled(heard, "gain", gain)
    if let synapse, !synapse.direct.isAll(0) {
      drive = writer.binary(.add, drive, writer.scaled(input, "direct", synapse.direct))
    }
    if !offset.isAll(0) { drive = writer.binary(.add, drive, writer.parameter("offset", offset)) }
    let beta = writer.parameter("beta", leak)
    let old = writer.add(.state(place("v")))
    func step(from potential: Int) -> Int {
      writer.binary(.add, writer.binary(.multiply, beta, potential), drive)
    }
    func bounded(_ potential: Int) -> Int {
      guard let floor else { return potential }
      return writer.binary(.maximum, potential, writer.parameter("floor", floor))
    }
    var distance: Int?
    let fired = step(from: old)
    if let firing {
      let threshold = writer.parameter("threshold", firing.threshold)
      if firing.isMultiple {
        let count = writer.add(
          .select(
            writer.binary(firing.isStrict ? .greater : .greaterOrEqual, fired, threshold),
            writer.add(.unary(.floor, writer.binary(.divide, fired, threshold))), writer.add(.constant(0))))
        let after = bounded(writer.binary(.subtract, fired, writer.binary(.multiply, count, threshold)))
        values["spikes"] = (count, count)
        values["v"] = (after, after)
      } else if firing.isLate {
        distance = writer.binary(.subtract, old, threshold)
        let after: Int
        switch firing.reset {
        case .to(let value): after = step(from: writer.parameter("v_reset", value))
        case .subtract(let amount):
          after = step(from: writer.binary(.subtract, old, writer.same("threshold", threshold, amount, firing.threshold)))
        case .subtractLater(let amount):
          after = writer.binary(.subtract, fired, writer.same("threshold", threshold, amount, firing.threshold))
        case .subtractHeld(let amount):
          after = writer.binary(.subtract, fired, writer.same("threshold", threshold, amount, firing.threshold))
        case .blank: after = writer.add(.constant(0))
        }
        values["v"] = (bounded(fired), bounded(after))
      } else {
        switch firing.reset {
        case .to(let value):
          distance = writer.binary(.subtract, fired, threshold)
          values["v"] = (bounded(fired), bounded(writer.parameter("v_reset", value)))
        case .subtract(let amount):
          distance = writer.binary(.subtract, fired, threshold)
          let after = writer.binary(.subtract, fired, writer.same("amount", threshold, amount, firing.threshold))
          values["v"] = (bounded(fired), bounded(after))
        case .subtractHeld(let amount):
          let taken = writer.same("amount", threshold, amount, firing.threshold)
          let held = writer.add(.select(writer.binary(.greater, old, threshold), taken, writer.add(.constant(0))))
          distance = writer.binary(.subtract, writer.binary(.subtract, fired, held), threshold)
          values["v"] = (bounded(fired), bounded(writer.binary(.subtract, fired, taken)))
        case .subtractLater(let amount):
          let last = writer.add(.state(place("z")))
          let taken = writer.binary(.multiply, writer.same("amount", threshold, amount, firing.threshold), last)
          let potential = bounded(writer.binary(.subtract, fired, taken))
          distance = writer.binary(.subtract, potential, threshold)
          values["v"] = (potential, potential)
        case .blank:
          let silent = writer.binary(.subtract, writer.add(.constant(1)), writer.add(.state(place("z"))))
          let potential = bounded(writer.binary(.multiply, fired, silent))
          distance = writer.binary(.subtract, potential, threshold)
          values["v"] = (potential, potential)
        }
      }
      if states.contains("z") { values["z"] = (writer.add(.constant(0)), writer.add(.constant(1))) }
    } else {
      let potential = bounded(fired)
      values["v"] = (potential, potential)
    }
    let program = NeuronProgram(
      operations: writer.operations, stateNames: states, parameterNames: writer.names,
      updates: states.map { values[$0]?.update ?? 0 }, distance: distance, isStrict: firing?.isStrict ?? false,
      resets: states.map { values[$0]?.reset ?? 0 })
    return try EquationNeuron(
      name: name, program: program, parameters: writer.values.map { Float($0.numbers.first ?? 0) },
      initialStates: states.map { $0 == "v" ? Float(start) : 0 }, tensors: try writer.tensors())
  }

  /// The state variables; the output of neurons that do not fire, or send several spikes, is the first.
  private var states: [String] {
    var names = firing?.isMultiple ?? false ? ["spikes", "v"] : ["v"]
    if synapse != nil { names.append("i") }
    if let firing, !firing.isMultiple, !firing.isLate {
      switch firing.reset {
      case .subtractLater, .blank: names.append("z")
      case .to, .subtract, .subtractHeld: break
      }
    }
    return names
  }
}

/// Collects the operations of a program and the parameters that they use.
private struct EquationWriter {
  var operations: [NeuronProgram.Operation] = []
  var names: [String] = []
  var values: [PerNeuron] = []

  mutating func add(_ operation: NeuronProgram.Operation) -> Int {
    operations.append(operation)
    return operations.count - 1
  }

  mutating func binary(_ kernel: BinaryKernel, _ a: Int, _ b: Int) -> Int { add(.binary(kernel, a, b)) }

  mutating func parameter(_ name: String, _ value: PerNeuron) -> Int {
    names.append(name)
    values.append(value)
    return add(.parameter(names.count - 1))
  }

  /// A product with a parameter, which 1 does without.
  mutating func scaled(_ place: Int, _ name: String, _ factor: PerNeuron) -> Int {
    factor.isAll(1) ? place : binary(.multiply, place, parameter(name, factor))
  }

  /// A parameter, or the one that has the same values already.
  mutating func same(_ name: String, _ place: Int, _ value: PerNeuron, _ known: PerNeuron) -> Int {
    value == known ? place : parameter(name, value)
  }

  /// The parameters that differ from neuron to neuron.
  func tensors() throws(Fault) -> [Int: ParameterTensor] {
    var tensors: [Int: ParameterTensor] = [:]
    for (index, value) in values.enumerated() where value.uniform == nil {
      let numbers = value.numbers.map { Float($0) }
      tensors[index] = ParameterTensor(values: try Tensor(numbers, shape: [numbers.count]), isLearnable: false)
    }
    return tensors
  }
}
