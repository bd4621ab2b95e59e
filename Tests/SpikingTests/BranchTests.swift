// Branches that are joined: shapes, gradients, windows, steps, files, chips.

import Faults
import Spiking
import Tensors
import Testing

@Suite struct BranchTests {
  private static func map(_ outputs: Int) -> GroupedConvLayer {
    GroupedConvLayer(outputs: outputs, ConvGeometry(axes: 1, kernel: .init(1, 1)))
  }

  /// Without neurons, so that the gradients are finite differences.
  static let smooth: [(layer: BranchLayer, input: [Int])] = [
    (BranchLayer(residual: [DenseLayer(outputs: 4)]), [4]),
    (BranchLayer(residual: [DenseLayer(outputs: 3)], shortcut: [DenseLayer(outputs: 3)]), [4]),
    (BranchLayer(residual: [DenseLayer(outputs: 4)], join: BranchJoin(.iand)), [4]),
    (BranchLayer(residual: [DenseLayer(outputs: 3)], shortcut: [DenseLayer(outputs: 3)], join: BranchJoin(.and)), [4]),
    (
      BranchLayer(
        [.init(name: "a", layers: [DenseLayer(outputs: 2)]), .init(name: "b", layers: []), .init(name: "c", layers: [DenseLayer(outputs: 3), LayerNormLayer()])],
        join: BranchJoin(.concat)), [4]
    ),
    (
      BranchLayer(
        [.init(name: "a", layers: [map(3), LinePoolLayer(size: nil, kind: .sum)]), .init(name: "b", layers: [map(3)])],
        join: BranchJoin(.and)), [2, 5]
    ),
    (
      BranchLayer(
        ["q", "k", "v"].map { .init(name: $0, layers: [map(4)]) }, join: BranchJoin(.attention, heads: 2, scale: 0.25)), [3, 5]
    ),
    (
      BranchLayer(
        [
          .init(name: "a", layers: [BranchLayer(residual: [DenseLayer(outputs: 4)]), DenseLayer(outputs: 2)]),
          .init(name: "b", layers: [DenseLayer(outputs: 2)]),
        ], join: BranchJoin(.add)), [4]
    ),
  ]

  @Test(arguments: smooth.indices) func gradientsAreFiniteDifferences(index: Int) throws {
    let (layer, input) = Self.smooth[index]
    try expectSlopes(of: filled(layer, input), [2, 2] + input)
  }

  @Test(arguments: smooth.indices) func aFileGivesThemBack(index: Int) throws {
    let (layer, input) = Self.smooth[index]
    let net = try network(input, [layer])
    var numbers = TestNumbers(5)
    let x = Signal.tensor(try Tensor(numbers.floats(6 * input.reduce(1, *)), shape: [3, 2] + input))
    let again = try reread(net)
    #expect(again.layers[0].callText == net.layers[0].callText)
    #expect(Tensor.identical(try again.run(x).tensor(), try net.run(x).tensor()))
  }

  /// Attention by its definition: for each head and token, `scale * sum over tokens m, channels d of q k v`.
  @Test func attentionIsTheProductOfTheDefinition() throws {
    var numbers = TestNumbers(3)
    let (channels, tokens, heads) = (4, 3, 2)
    let parts = (0..<3).map { _ in numbers.floats(channels * tokens) }
    let layer = BranchLayer(
      ["q", "k", "v"].map { .init(name: $0, layers: [PositionLayer()]) }, join: BranchJoin(.attention, heads: heads, scale: 0.125))
    var built = try layer.built(for: [channels, tokens], stream: RandomStream(seed: 1, purpose: "test"))
    try built.updateParameters { (number, value) throws(Fault) in value = try Tensor(parts[number], shape: value.shape) }
    let zero = try Tensor.zeros([1, 1, channels, tokens])
    let output = try built.forward(.tensor(zero), Pass()).output.tensor().scalars
    let (q, k, v) = (parts[0], parts[1], parts[2])
    for head in 0..<heads {
      let own = head * 2..<head * 2 + 2
      for n in 0..<tokens {
        for e in own {
          var sum: Float = 0
          for m in 0..<tokens {
            let score = own.reduce(Float(0)) { $0 + q[$1 * tokens + n] * k[$1 * tokens + m] }
            sum += score * v[e * tokens + m]
          }
          #expect(abs(output[e * tokens + n] - 0.125 * sum) < 1e-5)
        }
      }
    }
  }

  private var spiking: [any Layer] {
    let lif = NeuronLayer(LIF(beta: 0.8, threshold: 0.4))
    return [
      DenseLayer(outputs: 6), lif,
      BranchLayer(
        [
          .init(name: "a", layers: [DenseLayer(outputs: 4), lif]), .init(name: "b", layers: []),
          .init(name: "c", layers: [DenseLayer(outputs: 5), RecurrentLayer(LIF(threshold: 0.3)), DenseLayer(outputs: 3), lif]),
        ], join: BranchJoin(.concat)),
      DenseLayer(outputs: 6), lif, BranchLayer(residual: [DenseLayer(outputs: 6), lif], join: BranchJoin(.iand)),
      DenseLayer(outputs: 4), lif,
    ]
  }

  private func drive(_ steps: Int) throws -> Signal {
    var numbers = TestNumbers(8)
    return .tensor(try Tensor(numbers.floats(steps * 3 * 5, from: -0.5, to: 1.5), shape: [steps, 3, 5]))
  }

  @Test func populationsAreThoseOfAllBranches() throws {
    let net = try network([5], spiking)
    #expect(net.populations == [[1], [2, 1], [2, 3], [2, 5], [4], [5, 1], [7]])
    let trace = try net.trace(try drive(7), Pass())
    #expect(trace.activity.map(\.place) == net.populations)
    #expect(net.graph.populations.dropFirst().map(\.place) == net.populations)
    #expect(try net.record(try drive(7)).map(\.name) == ["lif 1", "lif 2.1", "recurrent 2.3", "lif 2.5", "lif 4", "lif 5.1", "lif 7"])
    #expect(trace.activity.allSatisfy { ($0.output.spikes?.total ?? 0) > 0 })
  }

  @Test func stepByStepItIsTheSame() throws {
    let net = try network([5], spiking)
    let whole = try net.run(try drive(7)).tensor()
    var state: NetworkState?
    for t in 0..<7 {
      let x = try drive(7).tensor().part(along: 0, from: t, to: t + 1)
      let step = try net.step(TapedSignal(x), state, Pass())
      state = step.state
      #expect(Tensor.identical(try step.output.plain.tensor(), try whole.part(along: 0, from: t, to: t + 1)))
    }
  }

  @Test func windowsOfTimeGiveTheWholeGradient() throws {
    var numbers = TestNumbers(2)
    let features = numbers.floats(12 * 9 * 5, from: 0, to: 1.5)
    let data = try Dataset(name: "series", features: try Tensor(features, shape: [12, 9, 5]), labels: (0..<12).map { $0 % 3 })
    var options = FitOptions()
    options.optimizer = SGD(learningRate: 0.1)
    options.epochs = 2
    options.batch = 6
    options.seed = 5
    let whole = try fit(try network([5], spiking), data, options)
    options.windows = TimeWindows(steps: 4, isTruncated: false)
    let parts = try fit(try network([5], spiking), data, options)
    for (a, b) in zip(whole.namedParameters, parts.namedParameters) {
      for (x, y) in zip(a.value.scalars, b.value.scalars) { #expect(abs(x - y) < 1e-4, "\(a.name)") }
    }
  }

  @Test func theGraphOfAConcatenationIsThatOfItsWeights() throws {
    let lif = NeuronLayer(LIF(threshold: 0.3))
    let net = try network(
      [4],
      [
        BranchLayer([.init(name: "a", layers: [DenseLayer(outputs: 3), lif]), .init(name: "b", layers: [])], join: BranchJoin(.concat)),
        DenseLayer(outputs: 2), lif,
      ])
    let graph = try net.forChips().graph
    let sources = graph.projections.filter { $0.target == 2 }.map(\.source)
    #expect(Set(sources) == [0, 1])
    for projection in graph.projections where projection.target == 2 {
      let synapses = graph.synapses(of: projection)
      let count = graph.populations[projection.source].neurons
      for target in 0..<2 { #expect(synapses.fanIn(of: target, sources: count) == count) }
    }
  }

  @Test func whatCannotBeJoinedIsSaid() throws {
    func fault(_ layer: BranchLayer, _ input: [Int] = [4]) -> Fault? {
      do { _ = try network(input, [layer]) } catch { return error as? Fault }
      return nil
    }
    let (two, three) = (DenseLayer(outputs: 2), DenseLayer(outputs: 3))
    #expect(fault(BranchLayer(residual: [two]))?.label?.contains("it takes [4] and gives [2]") == true)
    #expect(fault(BranchLayer(residual: [two], shortcut: [three]))?.label?.contains("and its shortcut [3]") == true)
    let pair = [BranchLayer.Branch(name: "a", layers: [two]), .init(name: "b", layers: [three])]
    for kind in [BranchJoin.Kind.add, .and, .iand] {
      #expect(fault(BranchLayer(pair, join: BranchJoin(kind)))?.label?.contains("a gives [2], b gives [3]") == true)
    }
    #expect(fault(BranchLayer(pair + [.init(name: "c", layers: [])], join: BranchJoin(.iand)))?.title == "\"iand\" joins 2 branches")
    #expect(fault(BranchLayer([], join: BranchJoin(.concat)))?.title == "the branches have no layers")
    let inner = BranchLayer([.init(name: "deep", layers: [two, PoolLayer(size: .init(2, 2))])], join: BranchJoin(.concat))
    #expect(fault(inner)?.label?.contains("layer 1 of branch `deep`") == true)
    let gate = try network([4], [BranchLayer(residual: [DenseLayer(outputs: 4), NeuronLayer(LIF())], join: BranchJoin(.and)), NeuronLayer(LIF())])
    do {
      _ = try gate.forChips()
      Issue.record("a product went onto a chip")
    } catch { #expect((error as? Fault)?.help?.contains("synapses add") == true) }
  }
}
