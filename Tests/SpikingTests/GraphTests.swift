import Faults
import Tensors
import Testing

@testable import Spiking

/// The wiring of a network's graph against probing: an input is moved, and the drives that change are its targets.
@Suite struct GraphTests {
  private static func conv(_ outputs: Int, _ kernel: Int, stride: Int = 1, padding: Int = 0) -> ConvLayer {
    ConvLayer(outputs: outputs, kernel: .init(kernel, kernel), stride: .init(stride, stride), padding: .init(padding, padding))
  }
  private static func pool(_ size: Int, stride: Int? = nil, kind: PoolLayer.Kind = .average) -> PoolLayer {
    PoolLayer(size: .init(size, size), kind: kind, stride: stride.map { .init($0, $0) })
  }

  static let rows: [[any Layer]] = [
    [conv(3, 3)], [conv(2, 3, stride: 2, padding: 1)], [pool(2), conv(3, 3)], [pool(2), conv(3, 2, padding: 1)],
    [pool(3, stride: 2), conv(2, 2, stride: 2)], [pool(2, stride: 3), conv(2, 2)], [pool(1, stride: 2), conv(2, 2)],
    [pool(2, kind: .sum), pool(2), conv(2, 2, padding: 1)], [conv(2, 3, padding: 2), pool(2)],
    [conv(2, 3), conv(2, 3, padding: 1)], [pool(4), FlattenLayer(), DenseLayer(outputs: 3)],
    [pool(2), FlattenLayer(), DropoutLayer(rate: 0.5), DenseLayer(outputs: 3)],
    [pool(2, stride: 3), FlattenLayer(), DenseLayer(outputs: 3)], [FlattenLayer(), DenseLayer(outputs: 4)],
    [pool(2), conv(2, 3), FlattenLayer(), DenseLayer(outputs: 2)], [FlattenLayer()], [],
    [ConvLayer(outputs: 2, kernel: .init(1, 4), stride: .init(3, 1)), PoolLayer(size: .init(2, 1))],
  ]

  /// For each output, the inputs that move it.
  private func probe(_ layers: [any Layer], input: [Int]) throws -> [[Int]] {
    var network = try Network(inputShape: input)
    for layer in layers { network = try network.appending(layer, seed: 6) }
    return try probe(network)
  }

  private func probe(_ network: Network) throws -> [[Int]] {
    let input = network.inputShape
    let width = input.reduce(1, *)
    var numbers = TestNumbers(4)
    let rest = numbers.floats(width)
    let before = try network.run(.tensor(try Tensor(rest, shape: [1, 1] + input))).tensor().scalars
    var found = [[Int]](repeating: [], count: before.count)
    for place in 0..<width {
      var moved = rest
      moved[place] += 10
      let after = try network.run(.tensor(try Tensor(moved, shape: [1, 1] + input))).tensor().scalars
      for output in before.indices where after[output] != before[output] { found[output].append(place) }
    }
    return found
  }

  private func wired(_ wiring: Wiring, outputs: Int, inputs: Int) -> [[Int]] {
    (0..<outputs).map { output in
      var list: [Int] = []
      wiring.forEachInput(of: output, inputs: inputs) { list.append($0) }
      return list
    }
  }

  @Test(arguments: rows.indices) func reachesWhatMovesIt(row: Int) throws {
    for input in [[2, 9, 8], [1, 7, 10]] {
      var network = try Network(inputShape: input)
      for layer in Self.rows[row] { network = try network.appending(layer, seed: 6) }
      network = try network.appending(NeuronLayer(LIF()), seed: 6)
      let graph = network.graph
      #expect(graph.populations.map(\.place) == [[], [Self.rows[row].count]])
      let projection = try #require(graph.projections.first)
      let (inputs, outputs) = (input.reduce(1, *), network.outputs)
      let wiring = wired(projection.wiring, outputs: outputs, inputs: inputs)
      #expect(wiring == (try probe(Self.rows[row], input: input)))
      for output in 0..<outputs {
        #expect(projection.wiring.fanIn(of: output, inputs: inputs) == wiring[output].count)
      }
      if Self.rows[row].count == 1 {
        #expect(wiring.reduce(0) { $0 + $1.count } == network.synapseCount || network.synapseCount == 0)
      }
    }
  }

  /// Weights of zero join nothing, whatever lies before and behind them; and the fan-outs are those of the naive count.
  @Test(arguments: rows.indices) func weightsOfZeroAreNoSynapses(row: Int) throws {
    for (seed, share) in [(1, 0.04), (2, 0.4), (3, 0.9)] as [(UInt64, Double)] {
      let input = seed == 2 ? [1, 7, 10] : [2, 9, 8]
      var network = try Network(inputShape: input)
      for layer in Self.rows[row] { network = try network.appending(layer, seed: 6) }
      var draws = RandomStream(seed: seed, purpose: "zeros")
      try network.updateParameters { (_, _, value) throws(Fault) in
        guard value.rank > 1 else { return }
        _ = try value.withUnsafeMutableBuffer { values in
          for place in values.indices where draws.uniformDouble() < share { values[place] = 0 }
        }
      }
      let wanted = try probe(network)
      network = try network.appending(NeuronLayer(LIF()), seed: 6)
      let graph = network.graph
      let synapses = graph.synapses(of: try #require(graph.projections.first))
      let (inputs, outputs) = (input.reduce(1, *), network.outputs)
      var found: [[Int]] = []
      for output in 0..<outputs {
        var list: [Int] = []
        synapses.forEachSource(of: output, sources: inputs) { list.append($0) }
        #expect(synapses.fanIn(of: output, sources: inputs) == list.count)
        found.append(list)
      }
      #expect(found == wanted)
      var fanOuts = [Int](repeating: 0, count: inputs)
      for list in wanted { for source in list { fanOuts[source] += 1 } }
      #expect(graph.fanOuts[0] == fanOuts)
      if let unreached = synapses.unreached(by: (0..<Int32(outputs)).filter { $0 % 2 == 0 }) {
        let reached = Set(stride(from: 0, to: outputs, by: 2).flatMap { wanted[$0] })
        #expect(unreached.map(Int.init) == (0..<inputs).filter { !reached.contains($0) })
      }
    }
  }

  /// What a stream counts is what each spike reaches, in a network with branches, pools and recurrence.
  @Test func aStreamCountsWhatItsSpikesReach() throws {
    var network = try everyLayer()
    var draws = RandomStream(seed: 4, purpose: "zeros")
    try network.updateParameters { (_, _, value) throws(Fault) in
      guard value.rank > 1 else { return }
      _ = try value.withUnsafeMutableBuffer { values in
        for place in values.indices where draws.uniformDouble() < 0.3 { values[place] = 0 }
      }
    }
    let signal = Signal.spikes(try randomSpikes([30, 1, 2, 9, 8], density: 0.3))
    let run = try runStream(network, SpikeStream(name: "test", signal: signal))
    let graph = network.graph
    var events = 0
    for projection in graph.projections {
      let synapses = graph.synapses(of: projection)
      let counts = run.populations[projection.source].counts
      for target in 0..<graph.populations[projection.target].neurons {
        synapses.forEachSource(of: target, sources: counts.count) { events += Int(counts[$0]) }
      }
    }
    #expect(events > 0 && run.synapticEvents == events)
  }

  @Test func branchesAndRecurrencesAreProjectionsOfTheirOwn() throws {
    let (first, inner, last) = (Self.conv(3, 3, padding: 1), Self.conv(3, 3, padding: 1), Self.conv(2, 2))
    let lif = NeuronLayer(LIF())
    let network = try Network(inputShape: [2, 5, 6]).appending(first, seed: 1).appending(lif, seed: 1)
      .appending(BranchLayer(residual: [inner, lif]), seed: 1).appending(last, seed: 1).appending(lif, seed: 1)
      .appending(FlattenLayer(), seed: 1).appending(DenseLayer(outputs: 4), seed: 1)
      .appending(RecurrentLayer(LIF()), seed: 1)
    let graph = network.graph
    #expect(graph.populations.map(\.name) == ["input", "lif 1", "lif 2.1", "lif 4", "recurrent 7"])
    #expect(graph.populations.map(\.place) == [[], [1], [2, 1], [4], [7]])
    #expect(graph.populations.map(\.model) == ["", "lif", "lif", "lif", "lif"])
    #expect(graph.projections.map { [$0.source, $0.target] } == [[0, 1], [1, 2], [1, 3], [2, 3], [3, 4], [4, 4]])
    #expect(graph.projections.map(\.place) == [[0], [2, 0], [3], [3], [6], [7]])
    for (number, layer) in [(0, first), (1, inner), (2, last), (3, last)] {
      let projection = graph.projections[number]
      let (source, target) = (graph.populations[projection.source], graph.populations[projection.target])
      #expect(
        wired(projection.wiring, outputs: target.neurons, inputs: source.neurons)
          == (try probe([layer], input: source.shape)))
      #expect(projection.weight != nil)
    }
    #expect(graph.projections[5].wiring == .all && graph.projections[5].weight?.shape == [4, 4])
  }

  /// A branch without neurons is one more projection from the same source.
  @Test func aBranchWithoutNeuronsIsAProjectionToo() throws {
    let network = try Network(inputShape: [1, 4, 4]).appending(BranchLayer(residual: [Self.conv(1, 3, padding: 1)]), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1)
    let graph = network.graph
    #expect(graph.projections.map { [$0.source, $0.target] } == [[0, 1], [0, 1]])
    #expect(graph.projections[0].wiring == .each)
    #expect(graph.projections.map(\.place) == [[], [0, 0]])
  }

  @Test func aNetworkWithoutNeuronsAtItsEndHasAReadout() throws {
    let network = try Network(inputShape: [4]).appending(DenseLayer(outputs: 3), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1).appending(DenseLayer(outputs: 2), seed: 1)
    #expect(network.graph.populations.map(\.name) == ["input", "lif 1", "readout"])
    #expect(network.graph.projections.map { [$0.source, $0.target] } == [[0, 1], [1, 2]])
  }

  @Test func ratesAreMeanSpikesAStep() throws {
    let network = try everyLayer()
    let spikes = try randomSpikes([6, 50, 2, 9, 8], density: 0.3)
    let features = try spikes.tensor().transposed([1, 0, 2, 3, 4])
    let data = try Dataset(name: "events", features: features, labels: (0..<50).map { $0 % 3 })
    let rates = try network.rates(on: data)
    let graph = network.graph
    #expect(rates.map(\.count) == graph.populations.map(\.neurons))
    let trace = try network.trace(.spikes(spikes), Pass())
    for (number, signal) in [(0, Signal.spikes(spikes))] + trace.activity.enumerated().map({ ($0 + 1, $1.output) }) {
      let expected = try signal.tensor().mean(over: [0, 1]).scalars
      for (a, b) in zip(rates[number], expected) { #expect(abs(a - b) < 1e-6) }
    }
    let evaluation = try evaluate(network, data)
    #expect(evaluation.layerSpikes.count == 4)
    let total = rates.dropFirst().map { $0.reduce(0, +) }.reduce(0, +) * 6
    #expect(abs(Double(total) - evaluation.spikesPerSample) < 1e-2)
    let direct = try Network(inputShape: [2]).appending(DenseLayer(outputs: 2), seed: 0)
      .appending(NeuronLayer(LIF()), seed: 0)
    let numbers = try Dataset(name: "n", features: try Tensor([0, 0.5, 0, 1], shape: [2, 2]), labels: [0, 1])
    #expect(try direct.rates(on: numbers, encoder: DirectEncoder(steps: 3))[0] == [0, 1])
  }
}
