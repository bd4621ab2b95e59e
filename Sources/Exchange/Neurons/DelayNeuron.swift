// What a graph holds beside leaky neurons, as equations: delays, factors and bare thresholds.

import Faults
import Kernels
import Spiking
import Tensors

/// Makes neurons that pass their input on.
enum DelayNeuron {
  /// Longer delays would be as many states.
  static let longest = 64

  /// Answers with its input of some steps ago, and with 0 before that.
  ///
  /// - Parameter steps: one for all, or one for each neuron.
  static func numbers(_ steps: [Int]) throws(Fault) -> EquationNeuron {
    let longest = steps.max() ?? 0
    // The states are the output and, behind it, the inputs of the last steps, the youngest first.
    var operations: [NeuronProgram.Operation] = [.input]
    var places = [0]
    for index in 0..<longest {
      operations.append(.state(index + 1))
      places.append(operations.count - 1)
    }
    var output = places[longest]
    var tensors: [Int: ParameterTensor] = [:]
    var names: [String] = []
    if Set(steps).count > 1 {
      operations.append(.constant(0))
      output = operations.count - 1
      for delay in Set(steps).sorted() {
        let chosen = steps.map { $0 == delay ? Float(1) : 0 }
        tensors[names.count] = ParameterTensor(values: try Tensor(chosen, shape: [chosen.count]), isLearnable: false)
        operations += [.parameter(names.count), .binary(.multiply, operations.count, places[delay])]
        names.append("delay_\(delay)")
        operations.append(.binary(.add, output, operations.count - 1))
        output = operations.count - 1
      }
    }
    let updates = [output] + places.dropLast()
    return try EquationNeuron(
      name: "delay", program: NeuronProgram(
        operations: operations, stateNames: ["y"] + (0..<longest).map { "x\($0 + 1)" }, parameterNames: names,
        updates: updates, distance: nil, resets: updates),
      parameters: [Float](repeating: 0, count: names.count), initialStates: [Float](repeating: 0, count: longest + 1),
      tensors: tensors)
  }

  /// Sends the spikes that it heard in the last step.
  static func spikes() throws(Fault) -> EquationNeuron {
    try EquationNeuron(
      name: "relay", program: NeuronProgram(
        operations: [.input, .state(0), .constant(0.5), .binary(.subtract, 1, 2)], stateNames: ["heard"],
        parameterNames: [], updates: [0], distance: 3, isStrict: true, resets: [0]),
      parameters: [], initialStates: [0])
  }

  /// Multiplies what comes in.
  static func scale(_ factor: PerNeuron) throws(Fault) -> EquationNeuron {
    try withParameter("scale", "factor", factor, [.binary(.multiply, 0, 1)], update: 2, distance: nil)
  }

  /// Fires where what comes in is above a threshold.
  static func threshold(_ threshold: PerNeuron) throws(Fault) -> EquationNeuron {
    try withParameter("threshold_unit", "threshold", threshold, [.binary(.subtract, 0, 1)], update: 0, distance: 2)
  }

  private static func withParameter(
    _ name: String, _ parameter: String, _ value: PerNeuron, _ operations: [NeuronProgram.Operation], update: Int,
    distance: Int?
  ) throws(Fault) -> EquationNeuron {
    var tensors: [Int: ParameterTensor] = [:]
    if value.uniform == nil {
      let numbers = value.numbers.map { Float($0) }
      tensors[0] = ParameterTensor(values: try Tensor(numbers, shape: [numbers.count]), isLearnable: false)
    }
    return try EquationNeuron(
      name: name, program: NeuronProgram(
        operations: [.input, .parameter(0)] + operations, stateNames: ["v"], parameterNames: [parameter], updates: [update],
        distance: distance, isStrict: true, resets: [update]),
      parameters: [Float(value.numbers.first ?? 0)], initialStates: [0], tensors: tensors)
  }
}
