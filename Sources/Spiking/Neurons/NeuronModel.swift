// What a population of neurons must be able to do for the rest of the room: run, be recorded, and be trained.

import Faults
import Tensors

/// One kind of neuron with its parameters; a value. Each feature of the drive is one neuron, and a population keeps
/// no state between runs.
///
/// A hand-fused model (`LIF`) and one that is compiled from equations conform alike; layers, training and recording
/// know only this protocol.
public protocol NeuronModel: Described, Sendable {
  /// The names of the state variables, in the order in which a recording lists them.
  var stateNames: [String] { get }
  /// Whether the neurons fire; a model that doesn't gives its first state as output.
  var isSpiking: Bool { get }
  /// Whether the output is how many spikes a neuron sends in a step: numbers, of which there may be more than 1.
  var sendsCounts: Bool { get }
  /// A `.value` fault when a parameter cannot be used.
  func check() throws(Fault)
  /// What each state starts from, in the order of `stateNames`.
  var firstStates: [Float] { get }
  /// The potential at which the neurons fire; nil for a model without a threshold that could be moved.
  var thresholdValue: Float? { get }
  /// The same neurons with another threshold.
  ///
  /// - Throws: `.value` when there is none that could be moved, or the new one cannot be used.
  func withThreshold(_ threshold: Float) throws(Fault) -> any NeuronModel
  /// Runs the neurons over all steps.
  ///
  /// - Parameters:
  ///   - drive: the input current, `[time, batch, ...features]`; it may be reused for the result.
  ///   - purpose: what the result is for, and so what must be kept.
  ///   - state: what the neurons begin with and, on return, what they end with; nil to begin from `firstStates` and
  ///     keep nothing. Its arrays hold `batch * features` numbers each, which the caller has checked.
  func run(
    _ drive: consuming Tensor, for purpose: RunPurpose, state: inout NeuronState?
  ) throws(Fault) -> NeuronRun
  /// Runs the neurons from rest under a drive that is the same at each of some steps, with the bits of `run`.
  ///
  /// - Parameter drive: `[1, batch, ...features]`.
  func run(steady drive: Tensor, steps: Int, for purpose: RunPurpose) throws(Fault) -> NeuronRun
  /// The gradients after such a run; that of the drive is summed over time, `[1, batch, ...features]`.
  func steadyGradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> NeuronGradient
  /// The gradient of the drive, from that of the output.
  ///
  /// - Parameters:
  ///   - gradient: of the output, `[time, batch, ...features]`; it may be reused for the result.
  ///   - kept: what `run` kept for training.
  ///   - state: what the run began with; nil where it began from `firstStates`.
  ///   - later: the gradient of the states after the last step and, on return, of those before the first; nil for a
  ///     run whose last states nobody used.
  func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> Tensor

  /// How far a drive moves the neurons from where they are without one, were there no spikes: over time, in thresholds;
  /// for neurons that don't fire their first state in its own unit.
  ///
  /// - Parameter drive: `[time, batch, ...features]`.
  /// - Returns: as many numbers; nil for neurons that fire without a drive.
  func excursion(_ drive: Tensor) throws(Fault) -> Tensor?
  /// Whether the excursion is known to be proportional to the drive.
  var isLinear: Bool { get }

  /// The parameters that have gradients, by name: those that training changes, and those that a tape records. Most
  /// models have none.
  var learnables: [(name: String, value: Tensor)] { get }
  /// For each of them, in what coordinate training moves it.
  var learnableScales: [ParameterScale] { get }
  /// What a parameter measures; nil for a plain number.
  func unit(of parameter: String) -> ParameterUnit?
  /// The same with another unit for each learnable parameter, from its first value and its unit: for numbers in their
  /// place that are slopes.
  func measuringSlopes(_ unit: (Double, ParameterUnit) -> ParameterUnit) -> any NeuronModel
  /// The model for a layer of the given features.
  ///
  /// - Throws: `.shape` when a parameter has another number of values than the layer has neurons.
  func built(for features: [Int]) throws(Fault) -> any NeuronModel
  /// The model as the kernels run it in a gradient computation; see `Layer.bare`.
  var bare: any NeuronModel { get }
  /// The same neurons by their equations.
  func byEquations() throws(Fault) -> EquationNeuron
  /// Calls `body` with each learnable parameter, in the order of `learnables`, for changing it in place.
  mutating func updateLearnables(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault)
  /// The gradients of the drive and of the learnable parameters; arguments as of `driveGradient`.
  func gradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> NeuronGradient
}

/// What a run of neurons is for.
public enum RunPurpose: Sendable {
  /// The output alone.
  case output
  /// The output and every state over time.
  case recording
  /// The output, and whatever the model's backward pass needs.
  case training
}

/// What a population did.
public struct NeuronRun: Sendable {
  /// Spikes, or the first state of a model that doesn't fire.
  public var output: Signal
  /// For a recording, each state after its update and before any reset, `[time, batch, ...features]`; for training,
  /// what the model itself chooses.
  public var kept: [Tensor]

  public init(output: Signal, kept: [Tensor] = []) {
    self.output = output
    self.kept = kept
  }
}

/// Everything that a population did under a given drive, by name.
public struct Recording: Sendable {
  /// The name of the layer or model.
  public var name: String
  /// Each state variable over time, `[time, batch, ...features]`, as it stood when the threshold was compared: after
  /// the update of its step and before the reset, so a potential that fired is seen above the threshold.
  public var states: [(name: String, values: Tensor)]
  /// The spikes; nil for a model that doesn't fire.
  public var spikes: Spikes?
}

extension NeuronModel {
  public var sendsCounts: Bool { false }
  public var firstStates: [Float] { stateNames.map { _ in 0 } }

  public func run(steady drive: Tensor, steps: Int, for purpose: RunPurpose) throws(Fault) -> NeuronRun {
    try run(try Signal.steady(drive, steps: steps).tensor(), for: purpose)
  }

  public func steadyGradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> NeuronGradient {
    var slopes = try gradients(gradient, kept: kept, surrogate: surrogate)
    slopes.drive = try slopes.drive.summedOverTime()
    return slopes
  }

  public var thresholdValue: Float? { nil }
  public var isLinear: Bool { false }
  public var learnables: [(name: String, value: Tensor)] { [] }
  public var learnableScales: [ParameterScale] { learnables.map { _ in .unit(1) } }
  public func unit(of parameter: String) -> ParameterUnit? { nil }
  public func measuringSlopes(_ unit: (Double, ParameterUnit) -> ParameterUnit) -> any NeuronModel { self }
  public func built(for features: [Int]) throws(Fault) -> any NeuronModel { self }
  public var bare: any NeuronModel { self }
  public mutating func updateLearnables(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {}

  public func gradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> NeuronGradient {
    NeuronGradient(
      drive: try driveGradient(gradient, kept: kept, surrogate: surrogate, state: state, later: &later))
  }

  /// The gradients of a run from rest, whose last states nobody used.
  public func gradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> NeuronGradient {
    var later: NeuronState?
    return try gradients(gradient, kept: kept, surrogate: surrogate, state: nil, later: &later)
  }

  public func withThreshold(_ threshold: Float) throws(Fault) -> any NeuronModel {
    throw Fault(
      .value, "`\(name)` has no threshold that could be moved", label: "it never fires",
      help: "adapt thresholds of neurons that fire, such as `lif`")
  }

  /// The gradient of the drive of a run from rest, whose last states nobody used.
  public func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> Tensor {
    var later: NeuronState?
    return try driveGradient(gradient, kept: kept, surrogate: surrogate, state: nil, later: &later)
  }

  /// Runs the neurons over all steps from their initial state.
  public func run(_ drive: consuming Tensor, for purpose: RunPurpose) throws(Fault) -> NeuronRun {
    var state: NeuronState?
    return try run(drive, for: purpose, state: &state)
  }

  /// Runs the neurons on a current `[time, batch, ...features]` and keeps every state and the spikes.
  ///
  /// - Throws: `.shape` when the drive has no batch axis.
  public func record(_ drive: Tensor) throws(Fault) -> Recording {
    try check()
    try checkDrive(drive.shape)
    return recording(try run(drive.detached, for: .recording), name: name)
  }

  func recording(_ run: NeuronRun, name: String) -> Recording {
    Recording(name: name, states: zip(stateNames, run.kept).map { ($0, $1) }, spikes: run.output.spikes)
  }

  func checkDrive(_ shape: [Int]) throws(Fault) {
    guard shape.count >= 2 else {
      throw Fault(
        .shape, "`\(name)` needs a drive over time",
        label: "the drive is \(Shape.text(shape))", help: "its axes are [time, batch, features]")
    }
  }
}
