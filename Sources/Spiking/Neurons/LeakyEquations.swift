// The hand-fused neurons as programs, for what their kernels don't do: learnable parameters.

import Faults
import Tensors

extension LIF {
  public func byEquations() throws(Fault) -> EquationNeuron { try byEquations(beta: nil, threshold: nil) }

  /// The same neuron by its equations, with the same bits; its parameters may be tensors.
  ///
  /// - Parameters: `beta` and `threshold` stand for the model's own where they are given.
  /// - Throws: `.value` for a leak outside 0...1 or a threshold that is not above 0, as for plain numbers.
  public func byEquations(
    beta learntBeta: ParameterTensor?, threshold learntThreshold: ParameterTensor?
  ) throws(Fault) -> EquationNeuron {
    var operations: [NeuronProgram.Operation] = [
      .input, .state(0), .parameter(0), .parameter(1), .binary(.multiply, 2, 1), .binary(.add, 4, 0),
      .binary(.subtract, 5, 3),
    ]
    let after: Int
    switch reset {
    case .subtract: after = 6
    case .none: after = 5
    case .zero:
      operations.append(.constant(0))
      after = 7
    }
    var tensors: [Int: ParameterTensor] = [:]
    tensors[0] = try learntBeta?.asLeak(of: name)
    try learntThreshold?.checkEach { (value) throws(Fault) in try checkThreshold(value, of: name) }
    tensors[1] = learntThreshold
    tensors[1]?.keepsSign = true
    return try EquationNeuron(
      name: name,
      program: NeuronProgram(
        operations: operations, stateNames: stateNames, parameterNames: ["beta", "threshold"], updates: [5],
        distance: 6, resets: [after]), parameters: [beta, threshold], initialStates: [0], tensors: tensors)
  }
}

extension LeakyIntegrator {
  public func byEquations() throws(Fault) -> EquationNeuron { try byEquations(beta: nil) }

  /// The same neuron by its equations, with `beta` as a tensor where one is given.
  public func byEquations(beta learntBeta: ParameterTensor?) throws(Fault) -> EquationNeuron {
    var tensors: [Int: ParameterTensor] = [:]
    tensors[0] = try learntBeta?.asLeak(of: name)
    return try EquationNeuron(
      name: name,
      program: NeuronProgram(
        operations: [.input, .state(0), .parameter(0), .binary(.multiply, 2, 1), .binary(.add, 3, 0)],
        stateNames: stateNames, parameterNames: ["beta"], updates: [4], distance: nil, resets: [4]),
      parameters: [beta], initialStates: [0], tensors: tensors)
  }
}

extension ParameterTensor {
  /// The same as a leak factor, which is from 0 to 1, and stays there while it is learnt.
  ///
  /// - Throws: `.value` where one is not.
  fileprivate func asLeak(of name: String) throws(Fault) -> ParameterTensor {
    try checkEach { (value) throws(Fault) in try checkLeak(value, of: name) }
    var leak = self
    if isLearnable { (leak.low, leak.high) = (max(low ?? 0, 0), min(high ?? 1, 1)) }
    return leak
  }
}
