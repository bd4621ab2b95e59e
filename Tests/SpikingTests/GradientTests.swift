import Faults
import Spiking
import Tensors
import Testing

/// Every gradient of a whole network against finite differences of a smooth reference.
@Suite struct GradientTests {
  static let surrogates: [any Surrogate] = [
    FastSigmoid(slope: 5), Arctangent(alpha: 2), Triangle(width: 1.5), StraightThrough(),
  ]

  @Test(arguments: surrogates, LIF.Reset.allCases)
  func ofAWholeNetworkAreThoseOfItsSmoothSubstitute(surrogate: any Surrogate, reset: LIF.Reset) throws {
    let (steps, inputs, hidden, outputs) = (7, 5, 6, 3)
    var numbers = TestNumbers(11)
    var reference = SmoothNetwork(
      layers: [], beta: 0.8, threshold: 0.7, reset: reset, surrogate: surrogate)
    var network = try Network(inputShape: [inputs])
    for (from, to) in [(inputs, hidden), (hidden, outputs)] {
      let weight = numbers.floats(from * to, from: -0.6, to: 0.9)
      let bias = numbers.floats(to, from: -0.1, to: 0.2)
      network = try network.appending(
        try DenseLayer(
          weight: try Tensor(weight, shape: [from, to]), bias: try Tensor(bias, shape: [to])), seed: 0)
      network = try network.appending(NeuronLayer(LIF(beta: 0.8, threshold: 0.7, reset: reset)), seed: 0)
      reference.layers.append(
        .init(
          weight: (0..<from).map { i in (0..<to).map { Double(weight[i * to + $0]) } }, bias: bias.map(Double.init)))
    }
    let bits = numbers.floats(steps * inputs).map { $0 < 0.4 ? Float(1) : 0 }
    let input = Signal.spikes(try Spikes(try Tensor(bits, shape: [steps, 1, inputs])))
    let label = 1

    let pass = Pass(isTraining: true, surrogate: surrogate)
    let trace = try network.trace(input, pass)
    let tape = Tape()
    let output = try tape.watch(try trace.output.tensor())
    let loss = try SpikeCountCrossEntropy().value(LossInput(output: output, target: try Tensor([Float(label)], shape: [1])))
    let flow = try tape.gradients(of: loss, withRespectTo: [output])[0]
    let gradients = try network.gradients(trace, outputGradients: [3: flow], pass)

    let rows = (0..<steps).map { t in (0..<inputs).map { Double(bits[t * inputs + $0]) } }
    let base = reference.run(rows, around: nil)
    func lossOf(_ network: SmoothNetwork) -> Double {
      let run = network.run(rows, around: base)
      let counts = (0..<outputs).map { class_ in run.outputs[1].reduce(0) { $0 + $1[class_] } }
      return crossEntropy(counts, label)
    }
    let spikes = base.outputs[0].joined().reduce(0, +)
    #expect(spikes > 3, "the hidden layer must be active for this test to say anything")
    #expect(abs(lossOf(reference) - Double(loss.item ?? .nan)) < 1e-5)
    let step = 1e-5
    func derivative(_ change: (inout SmoothNetwork, Double) -> Void) -> Double {
      var (up, down) = (reference, reference)
      change(&up, step)
      change(&down, -step)
      return (lossOf(up) - lossOf(down)) / (2 * step)
    }
    for layer in 0..<2 {
      let weight = gradients[2 * layer][0].scalars
      let bias = gradients[2 * layer][1].scalars
      let to = reference.layers[layer].bias.count
      for i in reference.layers[layer].weight.indices {
        for j in 0..<to {
          let expected = derivative { $0.layers[layer].weight[i][j] += $1 }
          #expect(abs(Double(weight[i * to + j]) - expected) < 2e-4 * max(1, abs(expected)))
        }
      }
      for j in 0..<to {
        let expected = derivative { $0.layers[layer].bias[j] += $1 }
        #expect(abs(Double(bias[j]) - expected) < 2e-4 * max(1, abs(expected)))
      }
    }
  }

  /// Dense, flatten, dropout and leaky integrators are smooth, so their own finite differences say it all.
  @Test(arguments: [false, true]) func ofSmoothLayersAreFiniteDifferences(withSpikes: Bool) throws {
    var numbers = TestNumbers(5)
    let shape = [4, 2, 2, 3]
    let values = numbers.floats(48).map { withSpikes ? ($0 < 0.2 ? Float(1) : 0) : $0 }
    let tensor = try Tensor(values, shape: shape)
    let input: Signal = withSpikes ? .spikes(try Spikes(tensor)) : .tensor(tensor)
    let pass = Pass(isTraining: true, seed: 9)
    let first = try DenseLayer(
      weight: try Tensor(numbers.floats(30, from: -1, to: 1), shape: [6, 5]),
      bias: try Tensor(numbers.floats(5), shape: [5]))
    let second = try DenseLayer(weight: try Tensor(numbers.floats(10, from: -1, to: 1), shape: [5, 2]), bias: nil)
    func network(_ first: DenseLayer, _ second: DenseLayer) throws -> Network {
      try Network(inputShape: [2, 3]).appending(FlattenLayer(), seed: 0).appending(first, seed: 0)
        .appending(DropoutLayer(rate: 0.3), seed: 0).appending(NeuronLayer(LeakyIntegrator(beta: 0.6)), seed: 0)
        .appending(second, seed: 0)
    }
    let weights = numbers.floats(16, from: -1, to: 1)
    func loss(_ first: DenseLayer, _ second: DenseLayer) throws -> Double {
      let output = try network(first, second).trace(input, pass).output.tensor().scalars
      return zip(output, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let whole = try network(first, second)
    let trace = try whole.trace(input, pass)
    let gradients = try whole.gradients(
      trace, outputGradients: [4: try Tensor(weights, shape: [4, 2, 2])], pass)
    for (layer, parameter) in [(1, 0), (1, 1), (4, 0)] {
      let gradient = gradients[layer][parameter].scalars
      for index in gradient.indices {
        func moved(_ amount: Float) throws -> Double {
          var copies = [first, second]
          var changed = layer == 1 ? copies[0] : copies[1]
          try changed.updateParameters { (number, tensor) throws(Fault) in
            if number == parameter {
              try tensor.withUnsafeMutableBuffer { (buffer) throws(Fault) in buffer[index] += amount }
            }
          }
          copies[layer == 1 ? 0 : 1] = changed
          return try loss(copies[0], copies[1])
        }
        let expected = (try moved(0.05) - moved(-0.05)) / 0.1
        #expect(abs(Double(gradient[index]) - expected) < 1e-3 * max(1, abs(expected)))
      }
    }
  }

  @Test func ofLossesAreFiniteDifferences() throws {
    var numbers = TestNumbers(21)
    let shape = [5, 3, 4]
    let values = numbers.floats(60)
    let labels = try Tensor([2, 0, 3], shape: [3])
    let numberTarget = try Tensor([0.3, 0.9, .nan, 0.1, 0.5, 0.2, 0.8, 0.4, 0.6, 0.7, 0.1, 0.9], shape: [3, 4])
    let sequence = try Tensor(numbers.floats(60), shape: shape)
    let labelSteps = try Tensor((0..<15).map { Float($0 % 5) - 1 }, shape: [5, 3])
    func loss(_ rule: any Loss, _ target: Tensor) -> (Tensor) throws -> Tensor {
      { try rule.value(LossInput(output: $0, target: target)) }
    }
    let read = try Readout.allCases.filter { $0 != .firstSpike }.map { try MeanSquare([("read", .text($0.rawValue))]) }
    let losses: [(Tensor) throws -> Tensor] = [
      loss(SpikeCountCrossEntropy(), labels), loss(SpikeRateMeanSquare(), labels), loss(MembraneCrossEntropy(), labels),
      loss(MembraneCrossEntropy(mean: true), labels), loss(TemporalEfficientTraining(), labels),
      loss(try CrossEntropy([("smoothing", .number(0.1)), ("class_weights", .numbers([1, 2, 0.5, 3]))]), labels),
      loss(CrossEntropy(), labelSteps), loss(Huber(), numberTarget), loss(Huber(), sequence),
      loss(BinaryCrossEntropy(), numberTarget), loss(VanRossum(), sequence),
    ] + read.map { loss($0, numberTarget) }
    for loss in losses {
      let tape = Tape()
      let output = try tape.watch(try Tensor(values, shape: shape))
      let gradient = try tape.gradients(of: try loss(output), withRespectTo: [output])[0].scalars
      for index in values.indices {
        func moved(_ amount: Float) throws -> Double {
          var changed = values
          changed[index] += amount
          return Double(try #require(try loss(try Tensor(changed, shape: shape)).item))
        }
        let expected = (try moved(0.01) - moved(-0.01)) / 0.02
        #expect(abs(Double(gradient[index]) - expected) < 1e-3)
      }
    }
  }

  /// The time of the first spike as the polynomial that its documentation gives.
  @Test func ofFirstSpikeTimesAreThoseOfTheirPolynomial() throws {
    var numbers = TestNumbers(3)
    let (steps, columns) = (6, 8)
    let bits = numbers.floats(steps * columns).map { $0 < 0.25 ? Double(1) : 0 }
    func time(_ s: [Double], _ column: Int) -> Double {
      var (sum, product) = (0.0, 1.0)
      for t in 0..<steps {
        product *= 1 - s[t * columns + column]
        sum += product
      }
      return sum
    }
    let tape = Tape()
    let output = try tape.watch(try Tensor(bits.map(Float.init), shape: [steps, 1, columns]))
    let times = try FirstSpikeCrossEntropy.times(output)
    let gradient = try tape.gradients(of: try times.sum(), withRespectTo: [output])[0].scalars
    for column in 0..<columns {
      #expect(Double(times.scalars[column]) == time(bits, column))
      for t in 0..<steps {
        var (up, down) = (bits, bits)
        up[t * columns + column] += 1e-4
        down[t * columns + column] -= 1e-4
        let expected = (time(up, column) - time(down, column)) / 2e-4
        #expect(abs(Double(gradient[t * columns + column]) - expected) < 1e-2)
      }
    }
  }

  @Test(arguments: surrogates) func ofSurrogatesAreDerivativesOfTheirSteps(surrogate: any Surrogate) {
    let places: [Float] = [-2, -0.7, -0.31, -0.02, 0.013, 0.2, 0.55, 1.1, 3]
    for (x, slope) in zip(places, surrogate.derivative(at: places)) {
      let step = 1e-6
      let expected = (smoothStep(surrogate, Double(x) + step) - smoothStep(surrogate, Double(x) - step)) / (2 * step)
      #expect(abs(Double(slope) - expected) < 1e-4)
    }
  }
}
