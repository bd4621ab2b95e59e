import Faults
import Kernels
import Spiking
import Tensors
import Testing

/// `v = beta v + input; spike when v >= theta; on spike { v -= theta }`.
private func lifByEquations(beta: Float = 0.9, theta: Float = 1) throws -> EquationNeuron {
  try EquationNeuron(
    name: "mine",
    program: NeuronProgram(
      operations: [
        .input, .state(0), .parameter(0), .parameter(1), .binary(.multiply, 2, 1), .binary(.add, 4, 0),
        .binary(.subtract, 5, 3),
      ], stateNames: ["v"], parameterNames: ["beta", "theta"], updates: [5], distance: 6, resets: [6]),
    parameters: [beta, theta], initialStates: [0])
}

/// The adaptive neuron of the language's manual: its threshold rises with each of its own spikes.
private func adaptive(kappa: Float) throws -> EquationNeuron {
  try EquationNeuron(
    name: "adaptive",
    program: NeuronProgram(
      operations: [
        .input, .state(0), .state(1), .parameter(0), .parameter(1), .parameter(2), .parameter(3),
        .binary(.multiply, 3, 1), .binary(.add, 7, 0), .binary(.multiply, 4, 2), .binary(.multiply, 6, 9),
        .binary(.add, 5, 10), .binary(.subtract, 8, 11), .binary(.subtract, 8, 5), .constant(1),
        .binary(.add, 9, 14),
      ], stateNames: ["v", "a"], parameterNames: ["beta", "rho", "theta", "kappa"], updates: [8, 9], distance: 12,
      resets: [13, 15]),
    parameters: [0.9, 0.97, 1, kappa], initialStates: [0, 0])
}

@Suite struct EquationNeuronTests {
  @Test(arguments: [[30, 1, 1], [20, 3, 5], [25, 2, 64], [12, 2, 130]])
  func equationsOfALifNeuronGiveTheBitsOfTheFusedKernel(shape: [Int]) throws {
    var numbers = TestNumbers(UInt64(shape[2]))
    let count = shape.reduce(1, *)
    let drive = try Tensor(numbers.floats(count, from: -0.3, to: 0.9), shape: shape)
    let fused = try LIF().record(drive)
    let derived = try lifByEquations().record(drive)
    #expect(fused.spikes == derived.spikes)
    #expect((fused.spikes?.total ?? 0) > 0)
    #expect(fused.states[0].values.scalars == derived.states[0].values.scalars)
    let gradient = try Tensor(numbers.floats(count, from: -1, to: 1), shape: shape)
    for surrogate in GradientTests.surrogates {
      let a = try LIF().driveGradient(gradient, kept: try LIF().run(drive, for: .training).kept, surrogate: surrogate)
      let model = try lifByEquations()
      let b = try model.driveGradient(gradient, kept: try model.run(drive, for: .training).kept, surrogate: surrogate)
      #expect(a.scalars == b.scalars)
    }
  }

  @Test func withoutAdaptationAnAdaptiveNeuronIsALifNeuron() throws {
    var numbers = TestNumbers(2)
    let drive = try Tensor(numbers.floats(200 * 16), shape: [200, 1, 16])
    #expect(try adaptive(kappa: 0).record(drive).spikes == LIF().record(drive).spikes)
    #expect((try adaptive(kappa: 0.5).record(drive).spikes?.total ?? 0) < (try LIF().record(drive).spikes?.total ?? 0))
  }

  /// The derived gradient against finite differences, with spikes and resets held where the base run has them.
  @Test func gradientsOfAnAdaptiveNeuronAreThoseOfItsSmoothSubstitute() throws {
    let steps = 14
    var numbers = TestNumbers(6)
    let drive = numbers.floats(steps, from: 0, to: 0.8)
    let weights = numbers.floats(steps, from: -1, to: 1)
    let surrogate = Arctangent(alpha: 2)
    func distances(_ x: [Double], fired: [Bool]?) -> (x: [Double], fired: [Bool]) {
      var (v, a) = (0.0, 0.0)
      var list: [Double] = []
      var spikes: [Bool] = []
      for t in 0..<steps {
        v = 0.9 * v + x[t]
        a = 0.97 * a
        let distance = v - (1 + 0.2 * a)
        list.append(distance)
        let fires = fired?[t] ?? (distance >= 0)
        spikes.append(fires)
        if fires {
          v -= 1
          a += 1
        }
      }
      return (list, spikes)
    }
    let base = distances(drive.map(Double.init), fired: nil)
    #expect(base.fired.count { $0 } > 2)
    func loss(_ x: [Double]) -> Double {
      zip(distances(x, fired: base.fired).x, weights).reduce(0) { $0 + Double($1.1) * smoothStep(surrogate, $1.0) }
    }
    let model = try adaptive(kappa: 0.2)
    let run = try model.run(try Tensor(drive, shape: [steps, 1, 1]), for: .training)
    let spikes = try #require(run.output.spikes)
    #expect((0..<steps).map { !active(spikes, $0).isEmpty } == base.fired)
    let gradient = try model.driveGradient(try Tensor(weights, shape: [steps, 1, 1]), kept: run.kept, surrogate: surrogate)
    for (t, slope) in gradient.scalars.enumerated() {
      var (up, down) = (drive.map(Double.init), drive.map(Double.init))
      up[t] += 1e-5
      down[t] -= 1e-5
      let expected = (loss(up) - loss(down)) / 2e-5
      #expect(abs(Double(slope) - expected) < 1e-3 * max(1, abs(expected)))
    }
  }

  /// Each operation's derivative, in a model without spikes or memory: the output is the operation of the drive.
  @Test(arguments: [
    UnaryKernel.negate, .exp, .log, .sqrt, .abs, .sin, .cos, .tan, .tanh, .sigmoid, .relu, .square, .reciprocal,
    .softplus, .growth,
  ]) func gradientsOfUnaryOperations(kernel: UnaryKernel) throws {
    try checkDerivative([.input, .unary(kernel, 0)], result: 1, parameters: [])
  }

  @Test(arguments: [
    BinaryKernel.add, .subtract, .multiply, .divide, .power, .maximum, .minimum, .remainder,
  ]) func gradientsOfBinaryOperations(kernel: BinaryKernel) throws {
    try checkDerivative([.input, .parameter(0), .binary(kernel, 0, 1)], result: 2, parameters: [1.7])
    try checkDerivative([.input, .parameter(0), .binary(kernel, 1, 0)], result: 2, parameters: [1.7])
    try checkDerivative([.input, .binary(kernel, 0, 0)], result: 1, parameters: [], tolerance: 5e-3)
  }

  @Test func gradientsOfAChoice() throws {
    try checkDerivative(
      [.input, .parameter(0), .binary(.greater, 0, 1), .unary(.square, 0), .unary(.negate, 0), .select(2, 3, 4)],
      result: 5, parameters: [0.8])
  }

  private func checkDerivative(
    _ operations: [NeuronProgram.Operation], result: Int, parameters: [Float], tolerance: Double = 2e-3
  ) throws {
    let model = try EquationNeuron(
      name: "test",
      program: NeuronProgram(
        operations: operations, stateNames: ["y"], parameterNames: parameters.indices.map { "p\($0)" },
        updates: [result], distance: nil, resets: [result]), parameters: parameters, initialStates: [0])
    let drive: [Float] = [0.31, 0.62, 1.23, 0.94, 2.15]
    func values(_ x: [Float]) throws -> [Float] {
      try model.run(try Tensor(x, shape: [1, 1, x.count]), for: .output).output.tensor().scalars
    }
    let tensor = try Tensor(drive, shape: [1, 1, drive.count])
    let run = try model.run(tensor, for: .training)
    let gradient = try model.driveGradient(try Tensor.ones(tensor.shape), kept: run.kept, surrogate: StraightThrough())
    let up = try values(drive.map { $0 + 1e-3 })
    let down = try values(drive.map { $0 - 1e-3 })
    for (i, slope) in gradient.scalars.enumerated() {
      let expected = Double(up[i] - down[i]) / 2e-3
      #expect(abs(Double(slope) - expected) < tolerance * max(1, abs(expected)), "at \(drive[i])")
    }
  }

  @Test func unsoundProgramsAreFaults() {
    let forward = NeuronProgram(
      operations: [.unary(.negate, 1), .input], stateNames: ["v"], parameterNames: [], updates: [0], distance: nil,
      resets: [0])
    #expect(throws: Fault.self) { try forward.check() }
    let stateless = NeuronProgram(
      operations: [.input], stateNames: [], parameterNames: [], updates: [], distance: 0, resets: [])
    #expect(throws: Fault.self) { try stateless.check() }
  }
}
