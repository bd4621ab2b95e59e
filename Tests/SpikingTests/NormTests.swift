// Normalisation: gradients against finite differences, and what folding and running statistics come to.

import Faults
import Spiking
import Tensors
import Testing

@Suite(.serialized) struct NormTests {
  private let shape = [4, 3, 5, 2, 3]

  private func built(_ layer: any Layer, _ features: [Int]) throws -> any Layer {
    var ready = try layer.built(for: features, stream: RandomStream(seed: 1, purpose: "test"))
    var numbers = TestNumbers(3)
    try ready.updateParameters { (_, value) throws(Fault) in
      value = try Tensor(numbers.floats(value.count).map { $0 + 1 }, shape: value.shape)
    }
    return ready
  }

  @Test(arguments: [0, 1, 2, 3], [true, false]) func gradientsAreFiniteDifferences(kind: Int, drops: Bool) throws {
    let shape = kind == 1 ? [4, 3, 6] : shape
    let kinds: [any Layer] = [BatchNormLayer(), BatchNormLayer(), BatchNormLayer(steps: 4), LayerNormLayer()]
    let layer = try built(kinds[kind], Array(shape.dropFirst(2)))
    var numbers = TestNumbers(11)
    let count = shape.reduce(1, *)
    let values = numbers.floats(count).map { 2 * $0 + 0.5 }
    let weights = try Tensor(numbers.floats(count), shape: shape)
    let pass = Pass(isTraining: true, drops: drops)
    func value(_ layer: any Layer, _ x: [Float]) throws -> Double {
      let output = try layer.forward(.tensor(try Tensor(x, shape: shape)), pass).output.tensor()
      return try (output * weights).total()
    }
    let run = try layer.forward(.tensor(try Tensor(values, shape: shape)), pass)
    let slopes = try layer.backward(weights, memory: run.memory, wantsInput: true, pass)
    let input = try #require(slopes.input).scalars
    for place in stride(from: 0, to: count, by: 7) {
      var (up, down) = (values, values)
      up[place] += 0.02
      down[place] -= 0.02
      let expected = (try value(layer, up) - value(layer, down)) / 0.04
      #expect(abs(Double(input[place]) - expected) < 2e-3 * max(1, abs(expected)), "input \(place)")
    }
    for (number, parameter) in layer.parameters.enumerated() {
      let slope = slopes.parameters[number].scalars
      for place in 0..<parameter.value.count {
        func moved(_ amount: Float) throws -> Double {
          var other = layer
          try other.updateParameters { (index, value) throws(Fault) in
            guard index == number else { return }
            var scalars = value.scalars
            scalars[place] += amount
            value = try Tensor(scalars, shape: value.shape)
          }
          return try value(other, values)
        }
        let expected = (try moved(0.05) - moved(-0.05)) / 0.1
        #expect(abs(Double(slope[place]) - expected) < 2e-3 * max(1, abs(expected)), "\(parameter.name) \(place)")
      }
    }
  }

  @Test func aBatchComesOutAtMeanZeroAndSpreadOne() throws {
    var numbers = TestNumbers(5)
    let values = numbers.floats(8 * 16 * 70).map { 100 + 3 * $0 }
    let layer = try BatchNormLayer().built(for: [70], stream: RandomStream(seed: 1, purpose: "test"))
    let output = try layer.forward(.tensor(try Tensor(values, shape: [8, 16, 70])), Pass(isTraining: true)).output.tensor()
    let rows = try output.reshaped([128, 70])
    #expect(try rows.mean(over: [0]).scalars.allSatisfy { abs($0) < 1e-4 })
    #expect(try rows.reduced(.variance, over: [0]).scalars.allSatisfy { abs($0 - 1) < 2e-2 })
  }

  private func deep() throws -> Network {
    var net = try Network(inputShape: [1, 6, 6])
    for layer in [
      ConvLayer(outputs: 4, kernel: .init(3, 3)), BatchNormLayer(), NeuronLayer(LIF()), FlattenLayer(),
      DenseLayer(outputs: 8, bias: false), BatchNormLayer(scale: 0.5), NeuronLayer(LIF()), DenseLayer(outputs: 2), NeuronLayer(LIF()),
    ] as [any Layer] { net = try net.appending(layer, seed: 4) }
    return net
  }

  private func data(_ count: Int) throws -> Dataset {
    var numbers = TestNumbers(9)
    let features = numbers.floats(count * 36, from: 0, to: 1)
    let labels = (0..<count).map { features[$0 * 36] > 0.5 ? 1 : 0 }
    return try Dataset(name: "first", features: try Tensor(features, shape: [count, 1, 6, 6]), labels: labels)
  }

  private var options: FitOptions {
    var options = FitOptions()
    options.encoder = DirectEncoder(steps: 6)
    options.optimizer = Adam(learningRate: 1e-2)
    options.epochs = 60
    options.batch = 16
    options.seed = 3
    return options
  }

  @Test func aFoldedNetworkDoesTheSame() throws {
    let trained = try fit(try deep(), try data(80), options)
    let folded = try trained.folded()
    #expect(folded.layers.map(\.name) == ["conv", "lif", "flatten", "dense", "lif", "dense", "lif"])
    var numbers = TestNumbers(13)
    let input = Signal.tensor(try Tensor(numbers.floats(6 * 5 * 36), shape: [6, 5, 1, 6, 6]))
    let (a, b) = (try trained.record(input), try folded.record(input))
    let (x, y) = (a[0].states[0].values.scalars, b[0].states[0].values.scalars)
    for (x, y) in zip(x, y) { #expect(abs(x - y) < 1e-4) }
    #expect(try evaluate(trained, try data(80)).accuracy > 0.9)
    #expect(try evaluate(trained, try data(80)).accuracy == evaluate(folded, try data(80)).accuracy)
  }

  @Test func statisticsAreThoseOfTheData() throws {
    let net = try deep()
    let batches = try Batches(try data(60), size: 20, encoder: DirectEncoder(steps: 6), shuffles: false, seed: 1)
    let measured = try net.calibrated(on: batches)
    let first = try net.layers[0].built(for: [1, 6, 6], stream: RandomStream(seed: 0, purpose: "x"))
    var (sums, count) = ([Double](repeating: 0, count: 4), 0.0)
    for index in 0..<batches.count {
      let output = try first.forward(try batches.batch(index).input, Pass()).output.tensor()
      for (place, value) in output.scalars.enumerated() { sums[place / 16 % 4] += Double(value) }
      count += Double(output.count / 4)
    }
    for (mean, sum) in zip(try #require(measured.layers[1].buffers.first).value.scalars, sums) {
      #expect(abs(Double(mean) - sum / count) < 1e-5)
    }
  }

  @Test func aResumedRunKeepsItsStatistics() throws {
    var settings = options
    settings.epochs = 4
    let whole = try fit(try deep(), try data(80), settings)
    settings.epochs = 2
    let half = try fit(try deep(), try data(80), settings)
    settings.resumes = true
    let resumed = try fit(half, try data(80), settings)
    for (a, b) in zip(resumed.namedParameters, whole.namedParameters) { #expect(Tensor.identical(a.value, b.value), "\(a.name)") }
    #expect(whole.namedParameters.contains { $0.name == "1.variance" })
  }

  @Test func whatCannotBeFoldedIsSaid() throws {
    func fault(_ layers: [any Layer]) -> Fault? {
      do {
        var net = try Network(inputShape: [4])
        for layer in layers { net = try net.appending(layer, seed: 1) }
        _ = try net.forChips()
      } catch { return error as? Fault }
      return nil
    }
    #expect(fault([BatchNormLayer(), NeuronLayer(LIF())])?.label == "nothing stands before it")
    #expect(fault([DenseLayer(outputs: 3), NeuronLayer(LIF()), BatchNormLayer()])?.label?.contains("lif") == true)
    #expect(fault([DenseLayer(outputs: 3), BatchNormLayer(steps: 4)])?.title == "`batch_norm` with `steps` cannot be folded")
    #expect(fault([DenseLayer(outputs: 3), LayerNormLayer(), NeuronLayer(LIF())])?.title == "no chip runs `layer_norm`")
    #expect(fault([DenseLayer(outputs: 3), BatchNormLayer(), NeuronLayer(LIF())]) == nil)
  }
}
