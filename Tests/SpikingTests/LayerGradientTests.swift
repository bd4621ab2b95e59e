import Faults
import Spiking
import Tensors
import Testing

/// The gradients of convolutions, pools, recurrences and branches against finite differences.
@Suite struct LayerGradientTests {
  static let surrogates: [any Surrogate] = [FastSigmoid(slope: 4), Triangle(width: 1.5)]

  /// Every parameter of a network, from gradients that arrive at every population, those in the branch too.
  @Test(arguments: surrogates, PoolLayer.Kind.allCases)
  func ofAWholeNetworkAreThoseOfItsSmoothSubstitute(surrogate: any Surrogate, kind: PoolLayer.Kind) throws {
    var pair = try SmoothPair([2, 5, 5], seed: 3)
    let lif = NeuronLayer(LIF(beta: 0.8, threshold: 0.6))
    try pair.append(ConvLayer(outputs: 2, kernel: .init(3, 3), padding: .init(1, 1)))
    try pair.append(lif)
    try pair.append(
      BranchLayer(residual: [ConvLayer(outputs: 2, kernel: .init(3, 3), padding: .init(1, 1)), lif, PoolLayer(size: .init(1, 1))]))
    try pair.append(ConvLayer(outputs: 2, kernel: .init(2, 2), stride: .init(1, 1)))
    try pair.append(NeuronLayer(LIF(beta: 0.7, threshold: 0.5, reset: .zero)))
    try pair.append(PoolLayer(size: .init(2, 2), kind: kind, stride: .init(2, 2)))
    try pair.append(FlattenLayer())
    pair.layers.removeLast()
    try pair.append(DenseLayer(outputs: 3))
    try pair.append(RecurrentLayer(LIF(beta: 0.9, threshold: 0.7)))
    try pair.append(DenseLayer(outputs: 2))
    try pair.append(NeuronLayer(LIF(beta: 0.8, threshold: 1.2)))
    try compare(pair, steps: 5, surrogate: surrogate)
  }

  @Test(arguments: LIF.Reset.allCases) func ofRecurrentNeuronsGoThroughTheirConnections(reset: LIF.Reset) throws {
    var pair = try SmoothPair([3], seed: 8)
    try pair.append(DenseLayer(outputs: 5))
    try pair.append(RecurrentLayer(LIF(beta: 0.8, threshold: 0.6, reset: reset)))
    try pair.append(RecurrentLayer(LIF(beta: 0.6, threshold: 0.4, reset: reset)))
    try compare(pair, steps: 9, surrogate: FastSigmoid(slope: 3))
  }

  private func compare(_ pair: SmoothPair, steps: Int, surrogate: any Surrogate) throws {
    let network = pair.network
    var numbers = TestNumbers(19)
    let width = network.inputShape.reduce(1, *)
    let bits = numbers.floats(steps * width).map { $0 < 0.4 ? Float(1) : 0 }
    let input = Signal.spikes(try Spikes(try Tensor(bits, shape: [steps, 1] + network.inputShape)))
    let pass = Pass(isTraining: true, surrogate: surrogate)
    let trace = try network.trace(input, pass)
    var flows: [[Int]: Tensor] = [:]
    var weights: [[Double]] = []
    #expect(trace.activity.map(\.place) == network.populations)
    for (place, output) in trace.activity {
      let flow = numbers.floats(output.shape.reduce(1, *), from: -1, to: 1)
      flows[place] = try Tensor(flow, shape: output.shape)
      weights.append(flow.map(Double.init))
    }
    let activity = trace.activity
    let gradients = try network.gradients(trace, outputGradients: flows, pass)

    let rows = (0..<steps).map { t in (0..<width).map { Double(bits[t * width + $0]) } }
    var base = SmoothWalk(surrogate: surrogate, base: nil)
    _ = base.run(pair.layers, rows, shape: network.inputShape)
    for (number, population) in activity.enumerated() {
      let spikes = try population.output.tensor().scalars.map(Double.init)
      #expect(spikes == base.outputs[number].flatMap { $0 })
      let total = spikes.reduce(0, +)
      #expect(total > 0 && total < Double(spikes.count), "population \(population.place) must be active")
    }
    func loss(_ layers: [SmoothLayer]) -> Double {
      var walk = SmoothWalk(surrogate: surrogate, base: base.potentials)
      _ = walk.run(layers, rows, shape: network.inputShape)
      return zip(walk.outputs, weights).reduce(0) { sum, pair in
        sum + zip(pair.0.joined(), pair.1).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    var smooth = 0
    for (index, layer) in network.layers.enumerated() {
      if layer is FlattenLayer { continue }
      defer { smooth += 1 }
      for (number, gradient) in gradients[index].enumerated() {
        let values = gradient.scalars
        for place in values.indices {
          func moved(_ step: Double) -> Double {
            var layers = pair.layers
            layers[smooth].parameters[number][place] += step
            return loss(layers)
          }
          let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5
          #expect(
            abs(Double(values[place]) - expected) < 3e-4 * max(1, abs(expected)),
            "\(layer.callText), parameter \(number), \(place)")
        }
      }
    }
  }

  /// Without spikes all is smooth or piecewise linear, on kernels that are not square.
  @Test(arguments: PoolLayer.Kind.allCases) func ofNumbersAreFiniteDifferences(kind: PoolLayer.Kind) throws {
    var numbers = TestNumbers(5)
    let input = Signal.tensor(try Tensor(numbers.floats(3 * 2 * 2 * 7 * 5), shape: [3, 2, 2, 7, 5]))
    let network = try Network(inputShape: [2, 7, 5])
      .appending(ConvLayer(outputs: 3, kernel: .init(3, 2), stride: .init(2, 1), padding: .init(1, 0)), seed: 4)
      .appending(PoolLayer(size: .init(2, 3), kind: kind, stride: .init(1, 1)), seed: 4)
      .appending(BranchLayer(residual: [ConvLayer(outputs: 3, kernel: .init(1, 3), padding: .init(0, 1))]), seed: 4)
      .appending(NeuronLayer(LeakyIntegrator(beta: 0.6)), seed: 4)
    let weights = numbers.floats(3 * 2 * network.outputs, from: -1, to: 1)
    func loss(_ network: Network) throws -> Double {
      let output = try network.run(input).tensor().scalars
      return zip(output, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let pass = Pass(isTraining: true)
    let trace = try network.trace(input, pass)
    let flow = try Tensor(weights, shape: trace.output.shape)
    let gradients = try network.gradients(trace, outputGradients: [3: flow], pass)
    let step: Float = kind == .max ? 4e-3 : 0.05
    let base = try loss(network)
    for layer in [0, 2] {
      for (number, gradient) in gradients[layer].enumerated() {
        for (place, value) in gradient.scalars.enumerated() {
          func moved(_ amount: Float) throws -> Double {
            var layers = network.layers
            try layers[layer].updateParameters { (index, tensor) throws(Fault) in
              if index != number { return }
              try tensor.withUnsafeMutableBuffer { (buffer) throws(Fault) in buffer[place] += amount }
            }
            return try loss(try network.replacingLayers(layers))
          }
          // Where a maximum changes its place the slopes of both sides differ, and the gradient is one of them.
          let (up, here, down) = (try moved(step), base, try moved(-step))
          let slopes = [(up - here) / Double(step), (here - down) / Double(step)].sorted()
          let room = 4e-3 * max(1, abs(slopes[0]))
          #expect(slopes[0] - room < Double(value) && Double(value) < slopes[1] + room)
        }
      }
    }
  }
}
