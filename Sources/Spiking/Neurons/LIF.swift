// The leaky integrate-and-fire neuron, on its hand-fused kernels.

import Faults
import Kernels
import Tensors

/// A leaky integrate-and-fire neuron (Eq. 3 of arXiv 2602.02439): `v = beta v + input`, a spike in the same step when
/// `v >= threshold`, and after it the reset. `v` starts at 0, and the input is not scaled.
public struct LIF: NeuronModel {
  public let name = "lif"
  /// The share of the potential that remains after a step, from 0 (no memory) to 1 (no leak).
  public var beta: Float
  /// The potential at which the neuron fires.
  public var threshold: Float
  public var reset: Reset

  /// What a spike does to the potential.
  public enum Reset: String, Sendable, CaseIterable {
    /// Takes the threshold off.
    case subtract
    /// Sets the potential to zero.
    case zero
    /// Leaves it.
    case none
  }

  public init(beta: Float = 0.9, threshold: Float = 1, reset: Reset = .subtract) {
    self.beta = beta
    self.threshold = threshold
    self.reset = reset
  }

  public var settings: [(name: String, value: Setting)] {
    var list: [(name: String, value: Setting)] = [
      ("beta", .single(beta)), ("threshold", .single(threshold)),
    ]
    if reset != .subtract { list.append(("reset", .text(reset.rawValue))) }
    return list
  }

  public let stateNames = ["v"]
  public var isSpiking: Bool { true }

  public func check() throws(Fault) {
    try checkLeak(beta, of: name)
    try checkThreshold(threshold, of: name)
  }

  public var thresholdValue: Float? { threshold }
  public var isLinear: Bool { true }

  public func excursion(_ drive: Tensor) throws(Fault) -> Tensor? {
    try LeakyIntegrator(beta: beta).excursion(drive).map { (potential) throws(Fault) in
      try potential * (1 / threshold)
    }
  }

  public func run(
    _ drive: consuming Tensor, for purpose: RunPurpose, state: inout NeuronState?
  ) throws(Fault) -> NeuronRun {
    var membrane = drive
    var spikes = try Spikes(shape: membrane.shape)
    let size = ScanSize(membrane.shape)
    let constants = constants
    _ = try membrane.withUnsafeMutableBuffer { (potentials) throws(Fault) in
      guard let potential = potentials.baseAddress, !potentials.isEmpty else { return }
      _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
        try NeuronState.withCarried(&state) { (carried) throws(Fault) in
          try inParallel(size.blocks, workPerItem: 64 * size.steps) { blocks in
            kernels.lifForward(
              constants, steps: size.steps, rows: size.rows, neurons: size.neurons, membrane: potential, spikes: words,
              carried: carried.first, blocks: blocks)
          }
        }
      }
    }
    return NeuronRun(output: .spikes(spikes), kept: purpose == .output ? [] : [membrane])
  }

  /// Keeps the potentials of a recording; for training the drive alone, from which the way back works them out again.
  public func run(steady drive: Tensor, steps: Int, for purpose: RunPurpose) throws(Fault) -> NeuronRun {
    let shape = [steps] + drive.shape.dropFirst()
    var spikes = try Spikes(shape: shape)
    let size = ScanSize(shape)
    let (constants, records) = (constants, purpose == .recording)
    let membrane = try Tensor(shape: records ? shape : [0]) { (potentials) throws(Fault) in
      _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
        try drive.withUnsafeBuffer { (currents) throws(Fault) in
          guard let current = currents.baseAddress, !currents.isEmpty else { return }
          let potential = records ? potentials.baseAddress : nil
          try inParallel(size.blocks, workPerItem: 64 * size.steps) { blocks in
            kernels.lifSteadyForward(
              constants, steps: size.steps, rows: size.rows, neurons: size.neurons, drive: current,
              membrane: potential, spikes: words, blocks: blocks)
          }
        }
      }
    }
    let kept = records ? [membrane] : purpose == .training ? [drive] : []
    return NeuronRun(output: .spikes(spikes), kept: kept)
  }

  public func steadyGradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate
  ) throws(Fault) -> NeuronGradient {
    let flow = gradient
    let size = ScanSize(flow.shape)
    let constants = constants
    guard let drive = kept.first, drive.count == size.columns else { return NeuronGradient(drive: flow) }
    return NeuronGradient(
      drive: try Tensor(shape: drive.shape) { (sums) throws(Fault) in
        try flow.withUnsafeBuffer { (flows) throws(Fault) in
          try drive.withUnsafeBuffer { (currents) throws(Fault) in
            guard let sum = sums.baseAddress, let flow = flows.baseAddress, let current = currents.baseAddress
            else { return }
            try inParallel(size.blocks, workPerItem: 128 * size.steps) { blocks in
              kernels.lifBackward(
                constants, surrogate: surrogate.shape, steps: size.steps, rows: size.rows, neurons: size.neurons,
                trace: .drive(current), gradient: flow, out: sum, carried: nil, blocks: blocks)
            }
          }
        }
      })
  }

  public func withThreshold(_ threshold: Float) throws(Fault) -> any NeuronModel {
    var model = self
    model.threshold = threshold
    try model.check()
    return model
  }

  public func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> Tensor {
    var result = gradient
    let size = ScanSize(result.shape)
    let constants = constants
    guard let membrane = kept.first, membrane.count == result.count else { return result }
    _ = try result.withUnsafeMutableBuffer { (gradients) throws(Fault) in
      try membrane.withUnsafeBuffer { (potentials) throws(Fault) in
        guard let gradient = gradients.baseAddress, let potential = potentials.baseAddress, !potentials.isEmpty
        else { return }
        try NeuronState.withCarried(&later) { (carried) throws(Fault) in
          try inParallel(size.blocks, workPerItem: 128 * size.steps) { blocks in
            kernels.lifBackward(
              constants, surrogate: surrogate.shape, steps: size.steps, rows: size.rows, neurons: size.neurons,
              trace: .potentials(potential), gradient: gradient, out: gradient, carried: carried.first, blocks: blocks)
          }
        }
      }
    }
    return result
  }

  var constants: LifConstants {
    let kind: LifReset =
      switch reset {
      case .subtract: .subtract
      case .zero: .zero
      case .none: .none
      }
    return LifConstants(beta: beta, threshold: threshold, reset: kind)
  }
}

/// A leaky integrator: `v = beta v + input`, and no spikes. As the last layer it gives potentials to decode.
public struct LeakyIntegrator: NeuronModel {
  public let name = "li"
  /// The share of the potential that remains after a step, from 0 to 1.
  public var beta: Float

  public init(beta: Float = 0.9) {
    self.beta = beta
  }

  public var settings: [(name: String, value: Setting)] { [("beta", .single(beta))] }
  public let stateNames = ["v"]
  public var isSpiking: Bool { false }

  public func check() throws(Fault) { try checkLeak(beta, of: name) }

  public var isLinear: Bool { true }

  public func excursion(_ drive: Tensor) throws(Fault) -> Tensor? {
    try run(drive, for: .recording).kept.first
  }

  public func run(
    _ drive: consuming Tensor, for purpose: RunPurpose, state: inout NeuronState?
  ) throws(Fault) -> NeuronRun {
    var membrane = drive
    let size = ScanSize(membrane.shape)
    let beta = beta
    _ = try membrane.withUnsafeMutableBuffer { (potentials) throws(Fault) in
      guard let potential = potentials.baseAddress, !potentials.isEmpty else { return }
      try NeuronState.withCarried(&state) { (carried) throws(Fault) in
        try inParallel(size.columns, workPerItem: size.steps) { range in
          kernels.leakyForward(
            beta: beta, steps: size.steps, columns: size.columns, membrane: potential, carried: carried.first,
            range: range)
        }
      }
    }
    return NeuronRun(output: .tensor(membrane), kept: purpose == .recording ? [membrane] : [])
  }

  public func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> Tensor {
    var result = gradient
    let size = ScanSize(result.shape)
    let beta = beta
    _ = try result.withUnsafeMutableBuffer { (gradients) throws(Fault) in
      guard let gradient = gradients.baseAddress, !gradients.isEmpty else { return }
      try NeuronState.withCarried(&later) { (carried) throws(Fault) in
        try inParallel(size.columns, workPerItem: size.steps) { range in
          kernels.leakyBackward(
            beta: beta, steps: size.steps, columns: size.columns, gradient: gradient, carried: carried.first,
            range: range)
        }
      }
    }
    return result
  }
}

/// The sizes that a scan over time needs, from a shape `[time, batch, ...features]`.
struct ScanSize {
  let steps: Int, rows: Int, neurons: Int

  init(_ shape: [Int]) {
    steps = shape.first ?? 0
    rows = shape.count > 1 ? shape[1] : 1
    neurons = shape.dropFirst(2).reduce(1, *)
  }

  /// Neurons of all samples.
  var columns: Int { rows * neurons }
  /// Words of spikes of all samples at one step.
  var blocks: Int { rows * lifWords(neurons) }
}

/// A `.value` fault when a threshold is not above 0.
func checkThreshold(_ threshold: Float, of name: String) throws(Fault) {
  guard threshold.isFinite, threshold > 0 else {
    throw Fault(.value, "the threshold of `\(name)` must be greater than 0", label: "threshold is \(threshold)")
  }
}

/// A `.value` fault when a leak factor is outside 0...1.
func checkLeak(_ beta: Float, of name: String) throws(Fault) {
  guard beta >= 0, beta <= 1 else {
    throw Fault(
      .value, "`beta` of `\(name)` must be from 0 to 1", label: "beta is \(beta)",
      help: "beta is the share of the potential that remains after a step")
  }
}
