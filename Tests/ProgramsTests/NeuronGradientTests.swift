import Builtins
import Faults
import Glibc
import Kernels
import Language
import Machine
import Spiking
import Tensors
import Testing

/// The gradients of every neuron of the stdlib, for its drive and for each of its parameters, against finite
/// differences of a smooth substitute: the same equations in 64 bits, with spikes and resets held where the run has
/// them, and the surrogate's integral in place of the spikes.
@Suite struct NeuronGradientTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var low: Float
    var high: Float
    /// Arguments other than the defaults.
    var arguments = ""
    /// Whether the neuron fires under this drive.
    var fires = true
    /// The block of a neuron that is not in the library.
    var source = ""
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "integrate_and_fire", low: 0, high: 0.6), Case(name: "lif_subtract", low: 0, high: 0.8),
    Case(name: "lif_zero", low: 0, high: 0.8), // Halves, for at whole numbers the time of rest has no slope.
    Case(name: "lif_refractory", low: 0.2, high: 1.2, arguments: "refractory=2.5"),
    Case(name: "cuba_lif", low: 0, high: 0.4), Case(name: "alif", low: 0, high: 0.9),
    Case(name: "izhikevich", low: 5, high: 40), Case(name: "membrane", low: 0, high: 60),
    Case(name: "leaky_integrator", low: -1, high: 1, fires: false),
    Case(
      name: "rests", low: 0, high: 0.9,
      source: """
        neuron rests(beta = 0.9, theta = 1.0, rest = 2.25) {
          state v = 0
          refractory rest holds v
          v = beta * v + input
          spike when v >= theta
          on spike { v -= theta }
        }
        """),
    Case(
      name: "joined", low: 0, high: 0.9,
      source: """
        neuron joined(beta = 0.9, gamma = 0.6, theta = 1.0) {
          state v = 0, w = 0.2
          let drive = input - 0.1 * w
          v = beta * v + drive
          w = gamma * w + drive
          spike when v >= theta and w > 0.7 or not (v < 2.2 * theta)
          on spike { v = 0 }
        }
        """),
    Case(
      name: "arrives", low: 0, high: 0.8,
      source: """
        neuron arrives(alpha = 0.8, beta = 0.85, use_of = 0.4, theta = 1.0) {
          state v = 0, i = 0, r = 1
          on input { i += r * input; r = r - use_of * r }
          r = r + 0.5 * (1 - r)
          v = beta * v + i
          i = alpha * i
          spike when v >= theta
          on spike { v = 0 }
        }
        """),
    Case(
      name: "begins", low: 0, high: 0.6,
      source: """
        neuron begins(start = 0.7, beta = 0.9, theta = 1.0) {
          state v = start
          v = beta * v + input
          spike when v >= theta
          on spike { v -= theta }
        }
        """),
    Case(
      name: "noisy", low: 0, high: 0.6,
      source: """
        neuron noisy(beta = 0.9, sigma = 0.3, theta = 1.0) {
          state v = 0
          v = beta * v + input + sigma * (normal() + uniform())
          spike when v >= theta
          on spike { v -= theta }
        }
        """),
    Case(
      name: "graded", low: -1, high: 1, fires: false,
      source: """
        neuron graded(beta = 0.9, gain = 1.5) {
          state v = 0
          v = beta * v + input
          output tanh(gain * v)
          spike never
        }
        """),
  ]
  static let surrogate = Arctangent(alpha: 2)
  static let steps = 40

  /// The neuron as a program gets it.
  private func model(_ name: String, _ arguments: String = "", block: String = "") throws -> EquationNeuron {
    let interpreter = makeInterpreter(output: BufferedOutput())
    let text = block.isEmpty ? "use neurons\nneurons.\(name)(\(arguments))" : "\(block)\n\(name)(\(arguments))"
    let source = SourceText(text, name: "test")
    guard case .value(let value) = interpreter.run(source, mode: .cell) else {
      throw Fault(.value, "`\(name)` cannot be made")
    }
    let layer = try #require(value.asForeign(LayerValue.self)?.layer as? NeuronLayer)
    return try #require(layer.model as? EquationNeuron)
  }

  @Test(arguments: cases) func gradientsAreThoseOfTheSmoothSubstitute(_ neuron: Case) throws {
    let model = try model(neuron.name, neuron.arguments, block: neuron.source)
    var stream = RandomStream(seed: 7, purpose: neuron.name)
    let drive = (0..<Self.steps).map { _ in Float(stream.uniformDouble()) * (neuron.high - neuron.low) + neuron.low }
    let weights = (0..<Self.steps).map { _ in Float(stream.uniformDouble()) - 0.5 }
    let parameters = model.parameters.map(Double.init)
    let base = try Walk(model, drive.map(Double.init), parameters, fired: nil)
    #expect(base.fired.contains(true) == neuron.fires)
    func loss(_ drive: [Double], _ parameters: [Double]) throws -> Double {
      let walk = try Walk(model, drive, parameters, fired: base.fired)
      return zip(walk.outputs, weights).reduce(0) { $0 + Double($1.1) * (neuron.fires ? Self.smooth($1.0) : $1.0) }
    }

    // Every parameter learnable: one number for the layer.
    var tensors: [Int: ParameterTensor] = [:]
    for (index, value) in model.parameters.enumerated() {
      tensors[index] = ParameterTensor(values: try Tensor.scalar(value), isLearnable: true)
    }
    let learnt = try EquationNeuron(
      name: model.name, program: model.program, parameters: model.parameters, initialStates: model.initialStates,
      tensors: tensors)
    for variant in [model, learnt] {
      let run = try variant.run(try Tensor(drive, shape: [Self.steps, 1, 1]), for: .training)
      if let spikes = run.output.spikes { #expect(try spikes.tensor().scalars.map { $0 > 0 } == base.fired) }
      let answer = try variant.gradients(
        try Tensor(weights, shape: [Self.steps, 1, 1]), kept: run.kept, surrogate: Self.surrogate)
      let numbers = drive.map(Double.init)
      let expected = try numbers.indices.map { t in
        try difference(numbers[t]) { value in
          var moved = numbers
          moved[t] = value
          return try loss(moved, parameters)
        }
      }
      compare(answer.drive.scalars, expected, "drive")
      guard !answer.parameters.isEmpty else { continue }
      for (index, gradient) in answer.parameters.enumerated() {
        let slope = try difference(parameters[index]) { value in
          var moved = parameters
          moved[index] = value
          return try loss(numbers, moved)
        }
        compare(gradient.scalars, [slope], model.program.parameterNames[index])
      }
    }
  }

  /// One number for each neuron: each gets the gradient of its own copy.
  @Test func aParameterOfEachNeuronHasItsOwnGradient() throws {
    let model = try model("alif")
    let beta: [Float] = [0.7, 0.9, 0.8]
    var stream = RandomStream(seed: 3, purpose: "each")
    let drive = (0..<Self.steps * 6).map { _ in Float(stream.uniformDouble()) * 0.9 }
    let weights = (0..<Self.steps * 6).map { _ in Float(stream.uniformDouble()) - 0.5 }
    let shape = [Self.steps, 2, 3]
    func gradient(_ tensor: ParameterTensor) throws -> [Float] {
      let neuron = try EquationNeuron(
        name: "alif", program: model.program, parameters: model.parameters, initialStates: model.initialStates,
        tensors: [0: tensor]).built(for: [3])
      let run = try neuron.run(try Tensor(drive, shape: shape), for: .training)
      return try neuron.gradients(try Tensor(weights, shape: shape), kept: run.kept, surrogate: Self.surrogate)
        .parameters[0].scalars
    }
    let each = try gradient(ParameterTensor(values: try Tensor(beta, shape: [3]), isLearnable: true))
    for place in 0..<3 {
      // Alone, with the drive of this neuron in both samples.
      func alone(_ values: [Float]) throws -> Tensor {
        try Tensor((0..<Self.steps * 2).map { values[$0 * 3 + place] }, shape: [Self.steps, 2, 1])
      }
      let neuron = try EquationNeuron(
        name: "alif", program: model.program, parameters: model.parameters, initialStates: model.initialStates,
        tensors: [0: ParameterTensor(values: try Tensor.scalar(beta[place]), isLearnable: true)])
      let run = try neuron.run(try alone(drive), for: .training)
      let answer = try neuron.gradients(try alone(weights), kept: run.kept, surrogate: Self.surrogate)
      #expect(abs(answer.parameters[0].scalars[0] - each[place]) < 1e-4 * max(1, abs(each[place])))
    }
  }

  private func compare(_ found: [Float], _ expected: [Double], _ what: String) {
    let size = max(1e-6, expected.map(abs).max() ?? 0)
    for (index, (a, b)) in zip(found, expected).enumerated() {
      #expect(abs(Double(a) - b) < 3e-3 * size, "\(what) \(index)")
    }
  }

  private func difference(_ value: Double, _ f: (Double) throws -> Double) throws -> Double {
    let step = 1e-6 * max(1e-3, abs(value))
    return (try f(value + step) - f(value - step)) / (2 * step)
  }

  /// The integral of the surrogate derivative.
  private static func smooth(_ x: Double) -> Double { atan(Double.pi / 2 * 2 * x) / Double.pi }
}

/// A run of one neuron in 64 bits, straight from the program.
private struct Walk {
  /// The distance from the threshold at each step, or the first state of a model that doesn't fire.
  var outputs: [Double] = []
  var fired: [Bool] = []

  init(_ model: EquationNeuron, _ drive: [Double], _ parameters: [Double], fired held: [Bool]?) throws {
    var states = model.initialStates.map(Double.init)
    let program = model.program
    for (t, input) in drive.enumerated() {
      var values: [Double] = []
      for operation in program.operations {
        switch operation {
        case .input: values.append(input)
        case .state(let index): values.append(states[index])
        case .parameter(let index): values.append(parameters[index])
        case .constant(let number): values.append(Double(number))
        case .noise(let form, let draw, let time):
          var lanes = [Float](repeating: 0, count: neuronLanes)
          lanes.withUnsafeMutableBufferPointer { lanes in
            guard let out = lanes.baseAddress else { return }
            kernels.neuronNoise(
              form, NoisePlace(seed: 0, sample: 0, block: 0), time: Float(values[time]), draw: draw, out: out)
          }
          values.append(Double(lanes[0]))
        case .unary(let kernel, let a): values.append(try Walk.apply(kernel, values[a]))
        case .binary(let kernel, let a, let b): values.append(try Walk.apply(kernel, values[a], values[b]))
        case .select(let test, let a, let b): values.append(values[test] != 0 ? values[a] : values[b])
        }
      }
      let fires = held?[t] ?? program.distance.map { program.isStrict ? values[$0] > 0 : values[$0] >= 0 } ?? false
      fired.append(fires)
      outputs.append(values[program.distance ?? program.updates[0]])
      states = (fires ? program.resets : program.updates).map { values[$0] }
    }
  }

  private static func apply(_ kernel: UnaryKernel, _ x: Double) throws -> Double {
    switch kernel {
    case .negate: -x
    case .exp: exp(x)
    case .growth: x == 0 ? 1 : expm1(x) / x
    case .abs: abs(x)
    case .tanh: tanh(x)
    case .sqrt: sqrt(x)
    case .log: log(x)
    default: throw Fault(.value, "the test does not know \(kernel)")
    }
  }

  private static func apply(_ kernel: BinaryKernel, _ x: Double, _ y: Double) throws -> Double {
    switch kernel {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .power: pow(x, y)
    case .maximum: max(x, y)
    case .minimum: min(x, y)
    case .greater: x > y ? 1 : 0
    case .greaterOrEqual: x >= y ? 1 : 0
    case .less: x < y ? 1 : 0
    case .lessOrEqual: x <= y ? 1 : 0
    case .equal: x == y ? 1 : 0
    case .notEqual: x != y ? 1 : 0
    default: throw Fault(.value, "the test does not know \(kernel)")
    }
  }
}
