// How a tool steps the neurons of a NIR file through time: NIR gives differential equations, and each tool makes its own
// difference equations of them.

import Faults

/// What one tool makes of the primitives of NIR, as one declaration; `all` lists them.
public struct ToolProfile: Sendable {
  /// How long a step is.
  public enum Step: Sendable {
    /// In seconds, where nothing else is said.
    case standard(Double)
    /// In seconds, whatever is said.
    case fixed(Double)
    /// It must be said.
    case told
    /// Time constants count steps; with a step that is said, they are seconds.
    case counted
    /// The tool works it out of the file: the least `tau_mem / (1 + r)`.
    case fromFile
  }

  /// How much of a state is left after a step.
  public enum Decay: Sendable {
    /// `1 - dt / tau`.
    case euler
    /// `1 - dt / tau`, between 0 and 1.
    case clipped
    /// `exp(-dt / tau)`.
    case exponential
  }

  /// What a state hears of its input in a step.
  public enum Input: Sendable {
    /// The input itself; the resistance or the weight of the file is not read.
    case plain
    /// The input times `1 - decay`; the factor of the file is not read.
    case share
    /// The input times the factor of the file and `1 - decay`.
    case scaledShare
    /// The input times the factor of the file.
    case scaled
    /// The input times the factor of the file and dt.
    case integrated
  }

  /// What the tool does with `v_leak`.
  public enum Rest: Sendable {
    case used, ignored
    /// It must be 0.
    case zero
    /// It must be `v_reset`.
    case reset
  }

  /// The order of a synapse's current and the membrane.
  public enum Synapse: Sendable {
    case order(SteppedNeuron.Synapse.Order)
    /// The solution of both equations under a constant input.
    case exact
  }

  /// What a spike does.
  public enum Reset: String, Sendable {
    /// The potential becomes `v_reset`.
    case value
    case zero
    /// The threshold is taken off.
    case subtract
    /// The threshold is taken off after the leak of the next step.
    case subtractLater
    /// The threshold is taken off, and after a spike a potential above the threshold must pass it twice to fire.
    case subtractHeld
  }

  /// What a file must have, or the tool refuses it.
  public enum Demand: Sendable {
    /// A resistance of `tau / dt` (for `IF`, `1 / dt`), and a `w_in` of `tau_syn / dt`.
    case unitGain
    /// The same, or a resistance of 1 for `LIF`.
    case unitGainOrOne
    /// A resistance of 1 for `LIF` and `IF`.
    case unitResistance
    /// `tau_mem / dt` as resistance of `CubaLIF`.
    case unitCurrent
    /// One threshold for all neurons of a layer.
    case oneThreshold
    /// The same parameters for all neurons of a layer.
    case uniform
    /// No biases.
    case noBias
  }

  public let name: String
  /// The tool with the version that is described.
  public let title: String
  /// On what the description rests.
  public let basis: String
  public var step: Step
  public var decay: Decay
  /// What the membrane of `LIF` and `LI` hears; with time constants that count steps, `plain`.
  public var current: Input
  /// What `IF` and `I` hear.
  public var integrated: Input = .plain
  public var rest: Rest = .used
  public var synapse: Synapse = .order(.before)
  /// The decay of the synapse's current, where it is another one than the membrane's.
  public var synapseDecay: Decay?
  /// What the synapse of `CubaLIF` hears, and what the membrane hears of it.
  public var arriving: Input = .scaledShare
  public var synapticCurrent: Input = .scaledShare
  /// Whether factors of the input are taken out of the threshold.
  public var scalesThreshold = false
  public var isStrict = true
  public var reset: Reset
  /// What is done where a reset is said to subtract, and the file does not tell.
  public var subtraction: Reset = .subtract
  /// Other resets for `CubaLIF` and for `IF`.
  public var synapticReset: Reset?
  public var integratorReset: Reset?
  public var isMultiple = false
  /// Whether each layer of neurons answers one step later.
  public var isLate = false
  /// Whether the potential starts at `v_reset`.
  public var startsAtReset = false
  /// The least potential of `IF`, in thresholds below 0.
  public var integratorFloor: Double?
  /// The least potential of `LIF` and `CubaLIF`.
  public var floor: Double?
  /// Whether an image is flattened with its channels last.
  public var flattensChannelsLast = false
  /// Whether recurrent `CubaLIF` neurons are silent in the step after a spike.
  public var isBlankAfterSpike = false
  /// Whether what comes back to a `CubaLIF` is not weighted by `w_in`.
  public var feedbackSkipsWeight = false
  /// `IF` becomes a leaky neuron with this decay.
  public var integratorLeak: Double?
  public var demands: [Demand] = []
  /// Primitives, and "feedback", that the tool does not take, each with what it does instead.
  public var refuses: [String: String] = [:]

  /// Primitives that its importer does not take, though it writes them itself, each with what it does instead: such files of
  /// its own are read here, and none are written for it.
  public var importRefuses: [String: String] = [:]

  /// Why a kind of node is refused, as a sentence; nil where it is taken.
  func refusal(of kind: String) -> String? {
    refuses[kind].map { $0.hasPrefix("its ") ? $0 : "it \($0)" }
  }

  /// Kinds of neurons that the tool takes in one row alone, and not for images.
  public var refusesImages: [String] = []
  /// Whether a written file leaves `v_reset` out, for the version of nir that the tool needs.
  public var omitsReset = false
  /// Whether recurrent neurons are written as a graph of their own.
  public var nestsFeedback = false
  /// Whether the tool leaves out the offsets of the weights through which neurons hear themselves.
  public var dropsFeedbackBias = false
  /// Whether what enters recurrent neurons does not run through their weights, though the edges say so.
  public var entersBesideFeedback = false
  /// Whether neurons are written with a synapse, however fast, as the tool reads no others.
  public var writesSynapses = false
  /// Whether the tool finds the ends of a graph by the names `input` and `output`.
  public var namesGates = false
  /// Whether an input is scaled by the step where time constants could count steps and a step is said.
  public var scalesBySaidStep = false

  /// The profile of a name.
  ///
  /// - Throws: `.value`, with those there are, for another name.
  public static func named(_ name: String) throws(Fault) -> ToolProfile {
    if let found = all.first(where: { $0.name == name }) { return found }
    throw Fault(
      .value, "there is no tool \"\(name)\"", label: "known are \(all.map(\.name).joined(separator: ", "))",
      help: didYouMean(name, among: all.map(\.name)))
  }
}

/// The length of a step for one file.
public struct StepLength: Sendable, Equatable {
  /// In the unit of the file's time constants.
  public var length: Double
  /// Whether time constants are in seconds, and not in steps.
  public var isTime: Bool
}

extension ToolProfile {
  /// The length of a step.
  ///
  /// - Parameters:
  ///   - seconds: what is said; nil for the tool's own.
  ///   - nodes: those of the file, for the tool that works it out.
  /// - Throws: `.value` where it must be said.
  public func stepLength(_ seconds: Double?, nodes: [NIRNode] = []) throws(Fault) -> StepLength {
    if let seconds {
      guard seconds.isFinite, seconds > 0 else {
        throw Fault(.value, "the length of a step must be greater than 0", label: "found \(seconds) s")
      }
      if case .fixed(let length) = step, abs(seconds / length - 1) > 1e-9 {
        throw Fault(
          .value, "\(title) reads every file with steps of \(length) s", label: "found \(seconds) s",
          help: "leave dt out, or name another source")
      }
      return StepLength(length: seconds, isTime: true)
    }
    switch step {
    case .standard(let length), .fixed(let length): return StepLength(length: length, isTime: true)
    case .counted: return StepLength(length: 1, isTime: false)
    case .fromFile:
      var least = Double.infinity
      for node in nodes {
        guard let tau = node.array("tau_mem") ?? node.array("tau"), let resistance = node.array("r") else { continue }
        let length = (PerNeuron(tau.values) / PerNeuron(resistance.values).map { 1 + $0 }).numbers.min() ?? .infinity
        least = min(least, length)
      }
      if least.isFinite, least > 0 { return StepLength(length: least, isTime: true) }
      throw Fault(
        .value, "\(title) works the length of a step out of the neurons, and this file does not tell it",
        help: "say it: dt=1ms")
    case .told:
      throw Fault(
        .value, "the length of a step must be said for \"\(name)\"",
        label: "the file's time constants are in seconds", help: "say it: dt=1ms")
    }
  }

  func decayFactors(_ tau: PerNeuron, _ dt: Double, _ decay: Decay) -> PerNeuron {
    switch decay {
    case .euler: tau.map { 1 - dt / $0 }
    case .clipped: tau.map { min(1, max(0, 1 - dt / $0)) }
    case .exponential: tau.map { exponential(-dt / $0) }
    }
  }

  /// 1 less the decay, to full precision, and without bounds.
  func shares(_ tau: PerNeuron, _ dt: Double, _ decay: Decay) -> PerNeuron {
    switch decay {
    case .euler, .clipped: tau.map { dt / $0 }
    case .exponential: tau.map { -exponentialLessOne(-dt / $0) }
    }
  }
}
