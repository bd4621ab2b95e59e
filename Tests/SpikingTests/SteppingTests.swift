import Faults
import Spiking
import Tensors
import Testing

/// A neuron by equations with a state that does not begin at 0: `v = beta v + input; u = 0.5 u + v`.
private func twoStates(parameters: [String] = ["beta", "theta"]) throws -> EquationNeuron {
  try EquationNeuron(
    name: "pair",
    program: NeuronProgram(
      operations: [
        .input, .state(0), .state(1), .parameter(0), .parameter(1), .binary(.multiply, 3, 1), .binary(.add, 5, 0),
        .constant(0.5), .binary(.multiply, 7, 2), .binary(.add, 8, 6), .binary(.subtract, 6, 4),
      ], stateNames: ["v", "u"], parameterNames: parameters, updates: [6, 9], distance: 10, resets: [10, 9]),
    parameters: [0.9, 1], initialStates: [0.25, -0.5])
}

@Suite struct SteppingTests {
  static let models: [any NeuronModel] = [
    LIF(), LIF(beta: 0.7, threshold: 0.8, reset: .zero), LIF(beta: 1, reset: .none), LeakyIntegrator(beta: 0.8),
  ]

  /// The signal of a run cut into pieces of the given lengths.
  private func pieces(
    _ model: any NeuronModel, _ drive: Tensor, lengths: [Int], threshold: Float? = nil
  ) throws -> (output: [Float], state: NeuronState) {
    let width = drive.shape.dropFirst().reduce(1, *)
    var state = try model.initialState(neurons: width)
    var output: [Float] = []
    var begin = 0
    for length in lengths {
      let part = Array(drive.scalars[begin * width..<(begin + length) * width])
      let signal = try model.step(
        try Tensor(part, shape: [length] + drive.shape.dropFirst()), state: &state, threshold: threshold)
      output += try signal.tensor().scalars
      begin += length
    }
    return (output, state)
  }

  @Test(arguments: [[12, 1, 1], [12, 1, 70], [12, 3, 5], [12, 1, 4, 33]])
  func stepByStepGivesTheBitsOfOneRun(shape: [Int]) throws {
    var numbers = TestNumbers(UInt64(shape.reduce(1, *)))
    let drive = try Tensor(numbers.floats(shape.reduce(1, *), from: -0.3, to: 0.9), shape: shape)
    for model in Self.models + [try twoStates()] {
      let whole = try model.run(drive, for: .output).output.tensor().scalars
      let single = try pieces(model, drive, lengths: [Int](repeating: 1, count: 12))
      let mixed = try pieces(model, drive, lengths: [5, 1, 6])
      #expect(single.output == whole)
      #expect(mixed.output == whole)
      #expect(single.state == mixed.state)
    }
  }

  /// Gradients that are carried from step to step are those of the whole run.
  @Test(arguments: [[8, 1, 1], [8, 2, 70]])
  func stepByStepBackGivesTheGradientsOfOneRun(shape: [Int]) throws {
    var numbers = TestNumbers(5)
    let count = shape.reduce(1, *)
    let width = count / shape[0]
    let drive = numbers.floats(count, from: -0.3, to: 0.9)
    let flow = numbers.floats(count, from: -1, to: 1)
    for model in Self.models + [try twoStates()] {
      let kept = try model.run(try Tensor(drive, shape: shape), for: .training).kept
      let whole = try model.driveGradient(try Tensor(flow, shape: shape), kept: kept, surrogate: standardSurrogate).scalars
      func part(_ values: [Float], _ t: Int) throws -> Tensor {
        try Tensor(Array(values[t * width..<(t + 1) * width]), shape: [1] + shape.dropFirst())
      }
      var states: [NeuronState] = []
      var pieces: [[Tensor]] = []
      var state: NeuronState? = try model.initialState(neurons: width)
      for t in 0..<shape[0] {
        states.append(try #require(state))
        pieces.append(try model.run(try part(drive, t), for: .training, state: &state).kept)
      }
      var later: NeuronState? = try model.initialState(neurons: width).zeros
      var gradient = [Float](repeating: 0, count: count)
      for t in (0..<shape[0]).reversed() {
        let step = try model.driveGradient(
          try part(flow, t), kept: pieces[t], surrogate: standardSurrogate, state: states[t], later: &later)
        gradient.replaceSubrange(t * width..<(t + 1) * width, with: step.scalars)
      }
      #expect(gradient == whole, "\(model.name)")
    }
  }

  @Test func aStateIsASnapshotAfterTheReset() throws {
    var state = try LIF().initialState(neurons: 2)
    _ = try LIF().step(try Tensor([1.25, 0.5], shape: [1, 1, 2]), state: &state)
    #expect(state.values == [[0.25, 0.5]])
    let kept = state
    _ = try LIF().step(try Tensor([0, 0], shape: [1, 1, 2]), state: &state)
    #expect(kept.values == [[0.25, 0.5]])
    #expect(try twoStates().initialState(neurons: 3).values == [[0.25, 0.25, 0.25], [-0.5, -0.5, -0.5]])
  }

  @Test func aThresholdStandsForTheModelsOwn() throws {
    var numbers = TestNumbers(9)
    let drive = try Tensor(numbers.floats(30 * 20, from: 0, to: 0.6), shape: [30, 1, 20])
    let steps = [Int](repeating: 1, count: 30)
    let moved = try pieces(LIF(), drive, lengths: steps, threshold: 0.7)
    #expect(moved.output == (try pieces(LIF(threshold: 0.7), drive, lengths: steps)).output)
    #expect(moved.output != (try pieces(LIF(), drive, lengths: steps)).output)
    var other = try twoStates()
    other.parameters[1] = 0.7
    let equations = try pieces(try twoStates(), drive, lengths: steps, threshold: 0.7)
    #expect(equations.output == (try pieces(other, drive, lengths: steps)).output)
    #expect(LIF(threshold: 0.7).thresholdValue == 0.7)
    #expect(try twoStates().thresholdValue == 1)
    #expect(LeakyIntegrator().thresholdValue == nil)
  }

  @Test func whatCannotBeIsAFault() throws {
    let one = try Tensor([1], shape: [1, 1, 1])
    var state = try LIF().initialState(neurons: 1)
    #expect(throws: Fault.self) { try LIF().step(one, state: &state, threshold: 0) }
    #expect(throws: Fault.self) { try LIF().step(one, state: &state, threshold: .nan) }
    #expect(throws: Fault.self) { try LIF().step(Tensor([1, 2], shape: [1, 1, 2]), state: &state) }
    #expect(throws: Fault.self) { try LIF().initialState(neurons: -1) }
    #expect(throws: Fault.self) { try twoStates().step(one, state: &state) }
    #expect(throws: Fault.self) { try LeakyIntegrator().step(one, state: &state, threshold: 2) }
    let unnamed = try twoStates(parameters: ["beta", "limit"])
    var pair = try unnamed.initialState(neurons: 1)
    #expect(throws: Fault.self) { try unnamed.step(one, state: &pair, threshold: 2) }
    #expect(state.values == [[0]])
  }
}
