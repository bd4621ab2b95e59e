// Neurons that are given by equations: the program of a `neuron` block with the values of its parameters.

import Faults
import Kernels
import Tensors

/// A neuron model that runs a `NeuronProgram`, and whose backward pass is derived from the same program.
public struct EquationNeuron: NeuronModel {
  public let name: String
  public let program: NeuronProgram
  /// The values of the program's parameters, in order.
  public var parameters: [Float]
  /// The states before the first step.
  public var initialStates: [Float]

  /// - Throws: `.value` when the program isn't sound, or values are missing.
  public init(
    name: String, program: NeuronProgram, parameters: [Float], initialStates: [Float]
  ) throws(Fault) {
    self.name = name
    self.program = program
    self.parameters = parameters
    self.initialStates = initialStates
    try check()
  }

  public var settings: [(name: String, value: Setting)] {
    zip(program.parameterNames, parameters).map { (name: $0, value: .number(Double($1))) }
  }
  public var stateNames: [String] { program.stateNames }
  public var isSpiking: Bool { program.distance != nil }
  public var firstStates: [Float] { initialStates }
  /// The parameter that stands for the threshold, by its name.
  private var thresholdParameter: Int? {
    program.parameterNames.firstIndex(of: "threshold") ?? program.parameterNames.firstIndex(of: "theta")
  }
  public var thresholdValue: Float? { thresholdParameter.map { parameters[$0] } }

  public func withThreshold(_ threshold: Float) throws(Fault) -> any NeuronModel {
    guard let place = thresholdParameter else {
      throw Fault(
        .value, "`\(name)` has no threshold that could be moved",
        label: "its parameters are \(program.parameterNames.joined(separator: ", "))",
        help: "name the parameter of its spike condition `theta` or `threshold`")
    }
    guard threshold.isFinite else {
      throw Fault(.value, "a threshold must be a finite number", label: "the threshold of `\(name)` is \(threshold)")
    }
    var model = self
    model.parameters[place] = threshold
    return model
  }

  public func check() throws(Fault) {
    try program.check()
    guard parameters.count == program.parameterNames.count else {
      throw Fault(
        .value, "`\(name)` needs a value for each parameter",
        label: "\(parameters.count) values for \(program.parameterNames.joined(separator: ", "))")
    }
    guard initialStates.count == program.stateNames.count else {
      throw Fault(
        .value, "`\(name)` needs a first value for each state",
        label: "\(initialStates.count) values for \(program.stateNames.joined(separator: ", "))")
    }
  }

  /// Keeps every state for a recording; for training only the drive, from which the backward pass runs each block of
  /// neurons again.
  public func run(
    _ drive: consuming Tensor, for purpose: RunPurpose, state: inout NeuronState?
  ) throws(Fault) -> NeuronRun {
    let drive = drive
    let size = ScanSize(drive.shape)
    var spikes = try Spikes(shape: drive.shape)
    var records: [Tensor] = []
    if purpose == .recording || !isSpiking {
      for _ in program.stateNames { records.append(try Tensor.zeros(drive.shape)) }
    }
    var targets: [UnsafeMutablePointer<Float>] = []
    for index in records.indices {
      _ = try records[index].withUnsafeMutableBuffer { (buffer) throws(Fault) in
        if let base = buffer.baseAddress { targets.append(base) }
      }
    }
    let runner = ProgramRunner(self, size)
    try drive.withUnsafeBuffer { (currents) throws(Fault) in
      guard let current = currents.baseAddress, !currents.isEmpty else { return }
      _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
        try NeuronState.withCarried(&state) { (carried) throws(Fault) in
          try inParallel(size.blocks, workPerItem: runner.workPerBlock) { blocks in
            runner.forward(drive: current, spikes: words, records: targets, carried: carried, blocks: blocks)
          }
        }
      }
    }
    withExtendedLifetime(records) {}
    let output: Signal = isSpiking ? .spikes(spikes) : .tensor(records[0])
    switch purpose {
    case .output: return NeuronRun(output: output)
    case .recording: return NeuronRun(output: output, kept: records)
    case .training: return NeuronRun(output: output, kept: [drive])
    }
  }

  public func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> Tensor {
    var result = gradient
    guard let drive = kept.first, drive.count == result.count else { return result }
    let size = ScanSize(result.shape)
    let runner = ProgramRunner(self, size)
    _ = try result.withUnsafeMutableBuffer { (gradients) throws(Fault) in
      try drive.withUnsafeBuffer { (currents) throws(Fault) in
        guard let gradient = gradients.baseAddress, let current = currents.baseAddress, !currents.isEmpty
        else { return }
        var before = state
        try NeuronState.withCarried(&before) { (first) throws(Fault) in
          try NeuronState.withCarried(&later) { (carried) throws(Fault) in
            try inParallel(size.blocks, workPerItem: 3 * runner.workPerBlock) { blocks in
              runner.backward(
                drive: current, gradient: gradient, surrogate: surrogate.shape, first: first, carried: carried,
                blocks: blocks)
            }
          }
        }
      }
    }
    return result
  }
}
