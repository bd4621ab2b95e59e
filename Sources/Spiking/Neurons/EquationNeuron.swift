// Neurons that are given by equations: the program of a `neuron` block with the values of its parameters.

import Faults
import Kernels
import Tensors

/// A neuron model that runs a `NeuronProgram`, and whose backward pass is derived from the same program.
public struct EquationNeuron: NeuronModel {
  public let name: String
  public let program: NeuronProgram
  /// The values of the program's parameters, in order; those in `tensors` are found there.
  public var parameters: [Float] {
    didSet { if kinds != compiledKinds { compile() } }
  }
  /// The parameters that are learnt or differ from neuron to neuron, by their number.
  public private(set) var tensors: [Int: ParameterTensor]
  /// The states before the first step.
  public var initialStates: [Float]
  /// What each parameter measures.
  public private(set) var units: [ParameterUnit]
  /// Where noisy neurons draw from in a run.
  var noise = NoiseKey()

  private var code: ProgramCode
  private var compiledKinds: [ParameterKind]

  /// - Parameter units: what each parameter measures; empty for plain numbers.
  /// - Throws: `.value` when the program isn't sound, values are missing, or one that the equations divide by is 0, or
  ///   not above 0 for a time.
  public init(
    name: String, program: NeuronProgram, parameters: [Float], initialStates: [Float],
    tensors: [Int: ParameterTensor] = [:], units: [ParameterUnit] = []
  ) throws(Fault) {
    self.name = name
    self.program = program
    self.parameters = parameters
    self.initialStates = initialStates
    self.tensors = tensors
    let plain = [ParameterUnit](repeating: .plain, count: parameters.count)
    self.units = units.count == parameters.count ? units : plain
    try Self.check(name, program, parameters: parameters, initialStates: initialStates)
    for (place, tensor) in tensors {
      guard parameters.indices.contains(place) else {
        throw Fault(.value, "`\(name)` has no parameter number \(place)")
      }
      try tensor.check("\(program.parameterNames[place])")
    }
    let divisors = program.divisors
    for place in parameters.indices {
      let divides = divisors.contains(place)
      if divides { try Self.checkDivisor(name, program.parameterNames[place], parameters[place], tensors[place], self.units[place]) }
      let isLength = program.parameterNames[place] == "dt"
      if divides || isLength { self.tensors[place]?.keepsSign = true }
    }
    compiledKinds = Self.kinds(program, parameters, tensors)
    code = ProgramCode(program, compiledKinds)
  }

  private static func checkDivisor(
    _ name: String, _ label: String, _ number: Float, _ tensor: ParameterTensor?, _ unit: ParameterUnit
  ) throws(Fault) {
    let single = ParameterTensor(values: try Tensor.scalar(number), isLearnable: false)
    try (tensor ?? single).checkEach { (value) throws(Fault) in
      guard unit.isTime ? value > 0 : value != 0 else {
        throw Fault(
          .value, "`\(label)` of `\(name)` must \(unit.isTime ? "be greater than 0" : "not be 0")",
          label: "found \(unit.text(Double(value)))", help: "its equations divide by it")
      }
    }
  }

  private var kinds: [ParameterKind] { Self.kinds(program, parameters, tensors) }

  private static func kinds(
    _ program: NeuronProgram, _ parameters: [Float], _ tensors: [Int: ParameterTensor]
  ) -> [ParameterKind] {
    let threshold = program.thresholdParameter
    return parameters.enumerated().map { index, value in
      if let tensor = tensors[index] { return tensor.isLearnable ? .learnable : .row }
      // A threshold may move at each step of a stream, without compiling anew.
      return index == threshold ? .row : .constant(value)
    }
  }

  private mutating func compile() {
    compiledKinds = kinds
    code = ProgramCode(program, compiledKinds)
  }

  public var settings: [(name: String, value: Setting)] {
    program.parameterNames.indices.compactMap { index in
      if let tensor = tensors[index], tensor.values.rank > 0 { return nil }
      let value = tensors[index]?.values.item ?? parameters[index]
      let unit = units[index]
      return (
        name: program.parameterNames[index],
        value: unit == .plain ? .single(value) : .quantity(Double(value), unit))
    }
  }

  public var callText: String {
    let arguments = program.parameterNames.enumerated().map { index, label in
      "\(label)=\(tensors[index]?.text(units[index]) ?? units[index].text(Double(parameters[index])))"
    }
    return "\(name)(\(arguments.joined(separator: ", ")))"
  }

  public var stateNames: [String] { program.stateNames }
  public var isSpiking: Bool { program.distance != nil }
  /// Neurons that do not fire give their first state: one that is called `spikes` says how many they send.
  public var sendsCounts: Bool { !isSpiking && program.stateNames.first == "spikes" }
  public var firstStates: [Float] { initialStates }

  public func check() throws(Fault) {
    try Self.check(name, program, parameters: parameters, initialStates: initialStates)
  }

  private static func check(
    _ name: String, _ program: NeuronProgram, parameters: [Float], initialStates: [Float]
  ) throws(Fault) {
    try program.check()
    guard parameters.count == program.parameterNames.count else {
      throw Fault(
        .value, "`\(name)` needs a value for each parameter",
        label: "\(counted(parameters.count, "value")) for \(program.parameterNames.joined(separator: ", "))")
    }
    guard initialStates.count == program.stateNames.count else {
      throw Fault(
        .value, "`\(name)` needs a first value for each state",
        label: "\(counted(initialStates.count, "value")) for \(program.stateNames.joined(separator: ", "))")
    }
  }

  // MARK: threshold

  public var thresholdValue: Float? {
    program.thresholdParameter.flatMap { place in
      if let tensor = tensors[place] { tensor.values.rank == 0 ? tensor.values.item : nil } else { parameters[place] }
    }
  }

  public func withThreshold(_ threshold: Float) throws(Fault) -> any NeuronModel {
    guard let place = program.thresholdParameter else {
      let names = program.parameterNames.joined(separator: ", ")
      throw Fault(
        .value, "`\(name)` has no threshold that could be moved",
        label: names.isEmpty ? "it has no parameters" : "its parameters are \(names)",
        help: "name the parameter of its spike condition `theta` or `threshold`")
    }
    guard threshold.isFinite else {
      throw Fault(.value, "a threshold must be a finite number", label: "the threshold of `\(name)` is \(threshold)")
    }
    var model = self
    if model.tensors.removeValue(forKey: place) != nil { model.compile() }
    model.parameters[place] = threshold
    return model
  }

  // MARK: learnable parameters

  private var learnablePlaces: [Int] {
    tensors.keys.filter { (tensors[$0]?.isLearnable ?? false) || (tensors[$0]?.values.isTracked ?? false) }.sorted()
  }

  public var learnables: [(name: String, value: Tensor)] {
    learnablePlaces.compactMap { place in
      tensors[place].map { (name: program.parameterNames[place], value: $0.values) }
    }
  }

  /// Quantities move in steps of their unit, what equations divide by, and the length of a step, by the logarithm.
  public var learnableScales: [ParameterScale] {
    learnablePlaces.map { place in
      tensors[place]?.keepsSign ?? false ? .logarithm : .unit(Float(units[place].scale))
    }
  }

  public func measuringSlopes(_ unit: (Double, ParameterUnit) -> ParameterUnit) -> any NeuronModel {
    var model = self
    for place in learnablePlaces {
      model.units[place] = unit(Double(tensors[place]?.values.scalars.first ?? 0), units[place])
    }
    return model
  }

  public func unit(of parameter: String) -> ParameterUnit? {
    program.parameterNames.firstIndex(of: parameter).map { units[$0] }.flatMap { $0 == .plain ? nil : $0 }
  }

  public func built(for features: [Int]) throws(Fault) -> any NeuronModel {
    if tensors.isEmpty { return self }
    var model = self
    for (place, tensor) in tensors {
      model.tensors[place] = try tensor.built(for: features, label: program.parameterNames[place])
    }
    return model
  }

  public var bare: any NeuronModel {
    if tensors.isEmpty { return self }
    var copy = self
    for place in tensors.keys { copy.tensors[place] = tensors[place]?.bare }
    copy.compile()
    return copy
  }

  public func byEquations() throws(Fault) -> EquationNeuron { self }

  public mutating func updateLearnables(_ body: (Int, inout Tensor) throws(Fault) -> Void) throws(Fault) {
    for (index, place) in learnablePlaces.enumerated() {
      guard var tensor = tensors.removeValue(forKey: place) else { continue }
      defer { tensors[place] = tensor }
      try tensor.update { (values) throws(Fault) in try body(index, &values) }
    }
  }

  // MARK: running

  private func runner(_ size: ScanSize) throws(Fault) -> ProgramRunner {
    var values = parameters.map { [$0] }
    for (place, tensor) in tensors {
      guard tensor.values.rank == 0 || tensor.values.count == size.neurons else {
        _ = try tensor.built(for: [size.neurons], label: program.parameterNames[place])
        continue
      }
      values[place] = tensor.values.scalars
    }
    return ProgramRunner(code, size, initialStates: initialStates, parameters: values, noise: noise)
  }

  /// Keeps every state for a recording; for training only the drive, from which the backward pass runs each block of
  /// neurons again.
  public func run(
    _ drive: consuming Tensor, for purpose: RunPurpose, state: inout NeuronState?
  ) throws(Fault) -> NeuronRun {
    let drive = drive
    let size = ScanSize(drive.shape)
    let runner = try runner(size)
    var spikes = try Spikes(shape: drive.shape)
    var records: [Tensor] = []
    let count = purpose == .recording ? program.stateNames.count : isSpiking ? 0 : 1
    for _ in 0..<count { records.append(try Tensor.zeros(drive.shape)) }
    var targets: [UnsafeMutablePointer<Float>] = []
    for index in records.indices {
      _ = try records[index].withUnsafeMutableBuffer { (buffer) throws(Fault) in
        if let base = buffer.baseAddress { targets.append(base) }
      }
    }
    try drive.withUnsafeBuffer { (currents) throws(Fault) in
      guard let current = currents.baseAddress, !currents.isEmpty else { return }
      try NeuronState.withCarried(&state) { (carried) throws(Fault) in
        _ = try spikes.withUnsafeMutableWords { (words) throws(Fault) in
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

  public func excursion(_ drive: Tensor) throws(Fault) -> Tensor? {
    let silent = try withoutSpikes()
    let place = isSpiking ? silent.program.stateNames.count - 1 : 0
    let atRest = try silent.run(
      try Tensor.zeros([drive.shape[0], 1] + drive.shape.dropFirst(2)), for: .recording).kept[place]
    let moved = try silent.run(drive, for: .recording).kept[place] - atRest
    guard isSpiking else { return moved }
    let threshold = -(try atRest.mean().item ?? 0)
    return threshold > 0 ? try moved * (1 / threshold) : nil
  }

  /// The same equations without spikes; for neurons that fire, with the distance to the threshold as a last state.
  private func withoutSpikes() throws(Fault) -> EquationNeuron {
    var silent = program
    silent.resets = program.updates
    silent.distance = nil
    var first = initialStates
    if let distance = program.distance {
      silent.stateNames.append("distance")
      silent.updates.append(distance)
      silent.resets.append(distance)
      first.append(0)
    }
    return try EquationNeuron(
      name: name, program: silent, parameters: parameters, initialStates: first, tensors: tensors, units: units)
  }

  public func driveGradient(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> Tensor {
    try gradients(gradient, kept: kept, surrogate: surrogate, state: state, later: &later).drive
  }

  public func gradients(
    _ gradient: consuming Tensor, kept: [Tensor], surrogate: any Surrogate, state: NeuronState?,
    later: inout NeuronState?
  ) throws(Fault) -> NeuronGradient {
    var result = gradient
    let size = ScanSize(result.shape)
    let learnt = learnablePlaces.compactMap { tensors[$0] }
    var slopes = learnt.map { _ in [Float](repeating: 0, count: size.columns) }
    if let drive = kept.first, drive.count == result.count {
      let runner = try runner(size)
      var before = state
      try withPointers(&slopes) { (slopes) throws(Fault) in
        _ = try result.withUnsafeMutableBuffer { (gradients) throws(Fault) in
          try drive.withUnsafeBuffer { (currents) throws(Fault) in
            guard let gradient = gradients.baseAddress, let current = currents.baseAddress, !currents.isEmpty
            else { return }
            try NeuronState.withCarried(&before) { (first) throws(Fault) in
              try NeuronState.withCarried(&later) { (carried) throws(Fault) in
                try inParallel(size.blocks, workPerItem: 3 * runner.workPerBlock) { blocks in
                  runner.backward(
                    drive: current, gradient: gradient, surrogate: surrogate.shape, first: first, carried: carried,
                    parameters: slopes, blocks: blocks)
                }
              }
            }
          }
        }
      }
    }
    var parameters: [Tensor] = []
    for (tensor, slope) in zip(learnt, slopes) {
      parameters.append(try tensor.gradient(slope, rows: size.rows, neurons: size.neurons))
    }
    return NeuronGradient(drive: result, parameters: parameters)
  }
}

extension NeuronProgram {
  /// The parameter that stands for the threshold, by its name.
  var thresholdParameter: Int? {
    parameterNames.firstIndex(of: "threshold") ?? parameterNames.firstIndex(of: "theta")
  }

  /// The parameters that are a factor of something that the program divides by.
  var divisors: Set<Int> {
    var found: Set<Int> = []
    func factors(_ place: Int) {
      switch operations[place] {
      case .parameter(let index): found.insert(index)
      case .binary(.multiply, let a, let b):
        factors(a)
        factors(b)
      case .binary(.divide, let a, _), .binary(.power, let a, _): factors(a)
      case .unary(let kernel, let a) where [.negate, .abs, .square, .sqrt].contains(kernel): factors(a)
      default: break
      }
    }
    for operation in operations {
      switch operation {
      case .binary(.divide, _, let b): factors(b)
      case .unary(.reciprocal, let a): factors(a)
      default: break
      }
    }
    return found
  }
}
