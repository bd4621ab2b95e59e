import Faults
import Tensors
import Testing

@testable import Spiking

/// Dense layers and LIF neurons that run as one give what they give one by one.
@Suite struct FusedDenseTests {
  private func layers(_ reset: LIF.Reset) throws -> [any Layer] {
    try Network(inputShape: [70]).appending(DenseLayer(outputs: 300), seed: 4)
      .appending(NeuronLayer(LIF(beta: 0.9, threshold: 0.4, reset: reset)), seed: 4)
      .appending(DenseLayer(outputs: 7, bias: false), seed: 4)
      .appending(NeuronLayer(LIF(beta: 0.8, threshold: 0.2, reset: reset)), seed: 4).layers
  }

  private func input() throws -> Spikes {
    var numbers = TestNumbers(11)
    return try Spikes(Tensor(numbers.floats(6 * 5 * 70).map { $0 < 0.15 ? 1 : 0 }, shape: [6, 5, 70]))
  }

  @Test(arguments: LIF.Reset.allCases) func forward(reset: LIF.Reset) throws {
    let layers = try layers(reset)
    for pass in [Pass(), Pass(isTraining: true)] {
      let run = try LayerRow.forward(layers, .spikes(try input()), pass)
      var signal = Signal.spikes(try input())
      for (index, layer) in layers.enumerated() {
        let alone = try layer.forward(signal, pass)
        signal = alone.output
        #expect(run.memories[index].tensors.map(\.scalars) == alone.memory.tensors.map(\.scalars))
        #expect(run.memories[index].signal?.spikes == alone.memory.signal?.spikes)
      }
      #expect(run.activity.map(\.place) == [[1], [3]])
      #expect(run.output.spikes == signal.spikes)
      #expect(run.output.spikes.map { $0.total > 0 } == true)
    }
  }

  /// From the second run on, a layer's weights are found in panels; who changes the weights must be seen by the next run.
  @Test func changedWeights() throws {
    var layers = try layers(.subtract)
    let untouched = layers
    func spikes(_ layers: [any Layer]) throws -> Spikes? {
      try LayerRow.forward(layers, .spikes(try input()), Pass()).output.spikes
    }
    let first = try spikes(layers)
    #expect(try spikes(layers) == first)
    #expect(try spikes(layers) == first)
    #expect((layers[0] as? DenseLayer)?.panels.find(layers[0].parameters[0].value) != nil)
    try layers[0].updateParameters { (_, tensor) throws(Fault) in tensor = try tensor - tensor - tensor }
    let alone = try layers.reduce(Signal.spikes(try input())) { try $1.forward($0, Pass()).output }.spikes
    #expect(alone != first)
    for _ in 0..<3 { #expect(try spikes(layers) == alone) }
    #expect(try spikes(untouched) == first)
  }

  /// With a gradient that arrives at the hidden spikes directly, the layers go back one by one; so they must agree.
  @Test(arguments: LIF.Reset.allCases) func backward(reset: LIF.Reset) throws {
    let (layers, pass) = (try layers(reset), Pass(isTraining: true))
    let run = try LayerRow.forward(layers, .spikes(try input()), pass)
    var numbers = TestNumbers(12)
    let flow = try Tensor(numbers.floats(6 * 5 * 7, from: -1, to: 1), shape: [6, 5, 7])
    let nothing = try Tensor.zeros([6, 5, 300])
    for wantsInput in [false, true] {
      let fused = try LayerRow.backward(
        layers, gradient: nil, memories: run.memories, direct: [[3]: flow], wantsInput: wantsInput, pass)
      let alone = try LayerRow.backward(
        layers, gradient: nil, memories: run.memories, direct: [[3]: flow, [1]: nothing], wantsInput: wantsInput, pass)
      #expect((fused.input != nil) == wantsInput)
      let pairs = zip(fused.parameters.flatMap { $0 } + [fused.input].compactMap { $0 },
                      alone.parameters.flatMap { $0 } + [alone.input].compactMap { $0 })
      for (a, b) in pairs {
        #expect(a.shape == b.shape)
        let worst = zip(a.scalars, b.scalars).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
        #expect(worst < 1e-5)
      }
    }
  }

  @Test func longRunsGoOneByOne() throws {
    let layers = try layers(.subtract)
    let long = try Spikes(shape: [1001, 1, 70])
    #expect(DenseIntoLIF(layers, at: 0, .spikes(long)) == nil)
    #expect(DenseIntoLIF(layers, at: 0, .spikes(try input())) != nil)
    #expect(DenseIntoLIF(layers, at: 0, .tensor(try input().tensor())) == nil)
  }

  /// Where a surrogate ends, the gradient of what it lets through is worked out alone; it must be that of the whole.
  @Test func gradientsWithinReach() throws {
    let layers = try Network(inputShape: [70]).appending(DenseLayer(outputs: 100), seed: 4)
      .appending(NeuronLayer(LIF(beta: 0.9, threshold: 0.4)), seed: 4)
      .appending(DenseLayer(outputs: 50), seed: 4)
      .appending(NeuronLayer(LIF(beta: 0.8, threshold: 0.2)), seed: 4).layers
    for (width, isSparse) in [(Float(0.01), true), (5, false)] {
      let pass = Pass(isTraining: true, surrogate: Triangle(width: width))
      let run = try LayerRow.forward(layers, .spikes(try input()), pass)
      let sparse = try DenseAboveReach(layers, at: 2, below: run.memories[1], steps: run.output.steps, pass)
      #expect((sparse != nil) == isSparse)
      guard let sparse else { continue }
      var numbers = TestNumbers(12)
      let flow = try Tensor(numbers.floats(6 * 5 * 50, from: -1, to: 1), shape: [6, 5, 50])
      let whole = try layers[2].backward(flow, memory: run.memories[2], wantsInput: true, pass).input
      let potentials = run.memories[1].tensors[0].scalars
      let part = try sparse.inputGradient(flow).scalars
      for (place, value) in (whole?.scalars ?? []).enumerated() {
        let expected = abs(potentials[place] - 0.4) < width ? value : 0
        #expect(abs(part[place] - expected) < 1e-5)
      }
    }
  }
}
