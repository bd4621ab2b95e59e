// `neuron` blocks as values: a definition is called like `lif`, and gives a layer.

import Faults
import Kernels
import Language
import Machine
import Spiking

/// A neuron that a program has defined: called with parameters it gives a layer, called with a network the network
/// with that layer at its end.
struct NeuronValue: ForeignValue {
  static let typeName = "neuron"
  let definition: NeuronDefinition
  let program: NeuronProgram
  /// The parameters' values where a call gives none.
  let defaults: [NeuronArgument]

  init(_ definition: NeuronDefinition, defaults values: [Value]) throws(Fault) {
    self.definition = definition
    program = try neuronProgram(definition)
    var defaults: [NeuronArgument] = []
    for (index, value) in values.enumerated() {
      defaults.append(try NeuronArgument(value, of: definition, at: index))
    }
    self.defaults = defaults
  }

  var summary: String { "neuron \(signature)" }

  private var signature: String {
    let parameters = zip(definition.parameterNames, defaults).map { "\($0) = \($1.text)" }
    return "\(definition.name)(\(parameters.joined(separator: ", ")))"
  }

  func display(_ style: DisplayStyle) -> String {
    let states = zip(definition.stateNames, definition.stateDimensions).map { name, dimension in
      dimension == .none ? name : "\(name) (\(dimension.name))"
    }
    return (["neuron \(signature)", "states  \(states.joined(separator: ", "))"]
      + (definition.documentation.map { [$0] } ?? [])).joined(separator: "\n")
  }

  var memberNames: [String] { ["name", "parameters", "states"] }

  func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "name": .string(definition.name)
    case "parameters": .list(definition.parameterNames.map { .string($0) })
    case "states": .list(definition.stateNames.map { .string($0) })
    default: nil
    }
  }

  var isCallable: Bool { true }
  var parameterNames: [String] { definition.parameterNames }
  func takesSubject(_ value: Value) -> Bool { value.asForeign(NetworkValue.self) != nil }

  func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    var positional = arguments.positional[...]
    var network: NetworkValue?
    if let first = positional.first?.asForeign(NetworkValue.self) {
      network = first
      positional = positional.dropFirst()
    }
    if positional.count > defaults.count {
      throw Fault(
        .call, "too many arguments for `\(definition.name)`",
        label: "\(positional.count) given, at most \(defaults.count) taken", help: "it is \(signature)")
    }
    var parameters = defaults
    for (index, value) in positional.enumerated() {
      parameters[index] = try NeuronArgument(value, of: definition, at: index)
    }
    for (name, value) in arguments.named {
      guard let index = definition.parameterNames.firstIndex(of: name) else {
        throw Fault(
          .call, "`\(definition.name)` has no argument `\(name)`", label: "not one of its names",
          help: didYouMean(name, among: definition.parameterNames) ?? "it is \(signature)")
      }
      if index < positional.count {
        throw Fault(.call, "`\(name)` of `\(definition.name)` is given twice", label: "once by position and once by name")
      }
      parameters[index] = try NeuronArgument(value, of: definition, at: index)
    }
    let layer = NeuronLayer(try model(parameters))
    guard let network else { return .foreign(LayerValue(layer)) }
    return try append(layer, to: network.network, arguments.machine)
  }

  private func model(_ parameters: [NeuronArgument]) throws(Fault) -> EquationNeuron {
    var tensors: [Int: ParameterTensor] = [:]
    for (index, parameter) in parameters.enumerated() { tensors[index] = parameter.tensor }
    return try EquationNeuron(
      name: definition.name, program: program, parameters: parameters.map(\.number),
      initialStates: definition.initialValues.map { Float($0) }, tensors: tensors,
      units: parameters.map { ParameterUnit($0.typicalSize, $0.dimension) })
  }

  func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? NeuronValue else { return false }
    return other.program == program && other.defaults == defaults && other.definition.name == definition.name
  }
}

/// A definition in the form that the kernels run.
private func neuronProgram(_ definition: NeuronDefinition) throws(Fault) -> NeuronProgram {
  let operations = definition.operations.map { operation -> NeuronProgram.Operation in
    switch operation {
    case .input: .input
    case .state(let index): .state(index)
    case .parameter(let index): .parameter(index)
    case .constant(let value): .constant(Float(value))
    case .negate(let place): .unary(.negate, place)
    case .function(let name, let place): .unary(functionKernels[name] ?? .negate, place)
    case .binary(let symbol, let left, let right): .binary(binaryKernel(symbol), left, right)
    case .minimum(let left, let right): .binary(.minimum, left, right)
    case .maximum(let left, let right): .binary(.maximum, left, right)
    case .compare(let comparison, let left, let right): .binary(comparisonKernel(comparison), left, right)
    case .select(let test, let then, let otherwise): .select(test, then, otherwise)
    case .noise(let form, let draw, let time): .noise(form == "uniform" ? .uniform : .normal, draw: draw, time: time)
    }
  }
  let program = NeuronProgram(
    operations: operations, stateNames: definition.stateNames, parameterNames: definition.parameterNames,
    updates: definition.updates, distance: definition.distance, isStrict: definition.isStrict, resets: definition.resets)
  try program.check()
  return program
}

private let functionKernels: [String: UnaryKernel] = [
  "exp": .exp, "log": .log, "sqrt": .sqrt, "abs": .abs, "tanh": .tanh, "sigmoid": .sigmoid, "relu": .relu, "sin": .sin,
  "cos": .cos, NeuronDefinition.growth: .growth,
]

private func binaryKernel(_ symbol: BinaryOperator) -> BinaryKernel {
  switch symbol {
  case .add: .add
  case .subtract: .subtract
  case .multiply, .matrixProduct: .multiply
  case .divide: .divide
  case .floorDivide: .floorDivide
  case .remainder: .remainder
  case .power: .power
  }
}

private func comparisonKernel(_ comparison: ComparisonOperator) -> BinaryKernel {
  switch comparison {
  case .equal, .isIn: .equal
  case .notEqual, .isNotIn: .notEqual
  case .less: .less
  case .lessOrEqual: .lessOrEqual
  case .greater: .greater
  case .greaterOrEqual: .greaterOrEqual
  }
}
