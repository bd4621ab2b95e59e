import Faults
import Spiking
import Tensors
import Testing

/// A network with every kind of layer that computes from its input.
func everyLayer(seed: UInt64 = 2) throws -> Network {
  try Network(inputShape: [2, 9, 8])
    .appending(ConvLayer(outputs: 4, kernel: .init(3, 3), padding: .init(1, 1)), seed: seed)
    .appending(NeuronLayer(LIF(threshold: 0.4)), seed: seed)
    .appending(
      BranchLayer(residual: [ConvLayer(outputs: 4, kernel: .init(3, 3), padding: .init(1, 1)), NeuronLayer(LIF(threshold: 0.3))]),
      seed: seed
    )
    .appending(PoolLayer(size: .init(2, 2)), seed: seed).appending(FlattenLayer(), seed: seed)
    .appending(DenseLayer(outputs: 12), seed: seed).appending(RecurrentLayer(LIF(threshold: 0.3)), seed: seed)
    .appending(DropoutLayer(rate: 0.2), seed: seed).appending(DenseLayer(outputs: 3), seed: seed)
    .appending(NeuronLayer(LIF(threshold: 0.5)), seed: seed)
}

func randomSpikes(_ shape: [Int], density: Double, seed: UInt64 = 5) throws -> Spikes {
  var numbers = TestNumbers(seed)
  let bits = numbers.floats(shape.reduce(1, *)).map { Double($0) < density ? Float(1) : 0 }
  return try Spikes(try Tensor(bits, shape: shape))
}

@Suite struct LayerTests {
  /// Layers without memory give the same bits for one step as for all, whatever the density of the others.
  @Test(arguments: [0.02, 0.3, 0.9]) func oneStepGivesTheBitsOfARunOverAll(density: Double) throws {
    let spikes = try randomSpikes([5, 2, 40, 6, 6], density: density)
    let layers: [any Layer] = [
      ConvLayer(outputs: 5, kernel: .init(3, 3), padding: .init(1, 1)), PoolLayer(size: .init(2, 2)),
      PoolLayer(size: .init(3, 3), kind: .max), PoolLayer(size: .init(2, 2), kind: .sum, stride: .init(1, 1)),
    ]
    var networks = try layers.map { try Network(inputShape: [40, 6, 6]).appending($0, seed: 1) }
    networks.append(
      try Network(inputShape: [40, 6, 6]).appending(FlattenLayer(), seed: 1)
        .appending(DenseLayer(outputs: 7), seed: 1))
    for network in networks {
      for isSpikes in [true, false] {
        let input: Signal = isSpikes ? .spikes(spikes) : .tensor(try spikes.tensor())
        let whole = try network.run(input).tensor().scalars
        var steps: [Float] = []
        for t in 0..<5 {
          let step = try spikes.timeSlice(t..<t + 1)
          let part: Signal = isSpikes ? .spikes(step) : .tensor(try step.tensor())
          steps += try network.run(part).tensor().scalars
        }
        #expect(steps == whole, "\(network.layers.last?.callText ?? "")")
      }
    }
  }

  /// Spikes, and the same 0s and 1s as numbers, give the same bits.
  @Test(arguments: [0.25, 0.6]) func convolutionsOfSpikesAreThoseOfTheirNumbers(density: Double) throws {
    let network = try everyLayer()
    let spikes = try randomSpikes([6, 3, 2, 9, 8], density: density)
    let (a, b) = (try network.trace(.spikes(spikes), Pass()), try network.trace(.tensor(spikes.tensor()), Pass()))
    for (x, y) in zip(a.activity, b.activity) { #expect(try x.output.tensor().scalars == y.output.tensor().scalars) }
    #expect(a.activity.map(\.place) == [[1], [2, 1], [6], [9]])
    #expect(a.activity.allSatisfy { ($0.output.spikes?.total ?? 0) > 0 })
  }

  @Test func recurrentNeuronsHearTheirOwnSpikesOneStepLater() throws {
    // Neuron 0 drives neuron 1, which inhibits neuron 0.
    let weights = try Tensor([0, 2, -2, 0], shape: [2, 2])
    let layer = RecurrentLayer(LIF(beta: 1, threshold: 1), recurrent: weights)
    let network = try Network(inputShape: [2]).appending(layer, seed: 0)
    let drive = try Tensor([1, 0, 0, 0, 1, 0, 0, 0], shape: [4, 1, 2])
    // Step 0: 0 fires. Step 1: 1 gets 2 and fires, 1 is left. Step 2: 0 gets 1 - 2, and 1 fires with what is left.
    #expect(try network.run(.tensor(drive)).tensor().scalars == [1, 0, 0, 1, 0, 1, 0, 0])
  }

  @Test func recurrentNeuronsRunStepByStep() throws {
    let model = try Self.adaptive()
    for neurons: any NeuronModel in [LIF(threshold: 0.4), model] {
      let network = try Network(inputShape: [2, 5]).appending(RecurrentLayer(neurons), seed: 3)
      let layer = try #require(network.layers[0] as? RecurrentLayer)
      var numbers = TestNumbers(2)
      let drive = try Tensor(numbers.floats(8 * 3 * 10, from: -0.2, to: 0.6), shape: [8, 3, 2, 5])
      let whole = try network.run(.tensor(drive)).tensor().scalars
      var state = try layer.initialState(neurons: 30)
      var steps: [Float] = []
      for t in 0..<8 {
        let part = try Tensor(Array(drive.scalars[t * 30..<(t + 1) * 30]), shape: [1, 3, 2, 5])
        steps += try layer.step(.tensor(part), state: &state).tensor().scalars
      }
      #expect(steps == whole)
      #expect(whole.reduce(0, +) > 3)
    }
  }

  /// `v = beta v + input - 0.2 a; a = 0.9 a`, and each spike adds 1 to a.
  static func adaptive() throws -> EquationNeuron {
    try EquationNeuron(
      name: "adaptive",
      program: NeuronProgram(
        operations: [
          .input, .state(0), .state(1), .parameter(0), .binary(.multiply, 3, 1), .binary(.add, 4, 0),
          .constant(0.9), .binary(.multiply, 6, 2), .constant(0.2), .binary(.multiply, 8, 7), .binary(.subtract, 5, 9),
          .constant(0.5), .binary(.subtract, 10, 11), .constant(1), .binary(.add, 7, 13),
        ], stateNames: ["v", "a"], parameterNames: ["beta"], updates: [10, 7], distance: 12, resets: [12, 14]),
      parameters: [0.8], initialStates: [0, 0])
  }

  /// The gradient of neurons by equations through their own spikes, against the reference of the hand-fused ones.
  @Test func recurrentGradientsOfEquationsAreThoseOfTheFusedNeuron() throws {
    let lif = try EquationNeuron(
      name: "mine",
      program: NeuronProgram(
        operations: [
          .input, .state(0), .parameter(0), .parameter(1), .binary(.multiply, 2, 1), .binary(.add, 4, 0),
          .binary(.subtract, 5, 3),
        ], stateNames: ["v"], parameterNames: ["beta", "threshold"], updates: [5], distance: 6, resets: [6]),
      parameters: [0.8, 0.5], initialStates: [0])
    var numbers = TestNumbers(12)
    let drive = Signal.tensor(try Tensor(numbers.floats(7 * 2 * 6, from: -0.1, to: 0.6), shape: [7, 2, 6]))
    let flow = try Tensor(numbers.floats(7 * 2 * 6, from: -1, to: 1), shape: [7, 2, 6])
    let pass = Pass(isTraining: true)
    var answers: [[Float]] = []
    for model: any NeuronModel in [lif, LIF(beta: 0.8, threshold: 0.5)] {
      let network = try Network(inputShape: [6]).appending(DenseLayer(outputs: 6), seed: 1)
        .appending(RecurrentLayer(model), seed: 1)
      let trace = try network.trace(drive, pass)
      let gradients = try network.gradients(trace, outputGradients: [1: flow], pass)
      answers.append(gradients.flatMap { $0.flatMap(\.scalars) })
    }
    for (a, b) in zip(answers[0], answers[1]) { #expect(abs(a - b) < 1e-4 * max(1, abs(b))) }
  }

  @Test func aBranchIsAddedToItsInput() throws {
    let weight = try Tensor([2], shape: [1, 1, 1, 1])
    let residual = BranchLayer(residual: [try ConvLayer(weight: weight, bias: nil)])
    let network = try Network(inputShape: [1, 2, 2]).appending(residual, seed: 0)
    let input = Signal.tensor(try Tensor([1, 2, 3, 4], shape: [1, 1, 1, 2, 2]))
    #expect(try network.run(input).tensor().scalars == [3, 6, 9, 12])
    #expect(network.parameterCount == 1)
    #expect(network.namedParameters.map(\.name) == ["0.0.weight"])
  }

  @Test func recordingsNameTheNeuronsOfBranches() throws {
    let network = try everyLayer()
    let spikes = try randomSpikes([6, 3, 2, 9, 8], density: 0.2)
    let recordings = try network.record(.spikes(spikes))
    #expect(recordings.map(\.name) == ["lif 1", "lif 2.1", "recurrent 6", "lif 9"])
    let trace = try network.trace(.spikes(spikes), Pass())
    for (recording, activity) in zip(recordings, trace.activity) {
      #expect(recording.spikes == activity.output.spikes)
      #expect(recording.states[0].values.shape == activity.output.shape)
    }
  }

  @Test func everyLayerComesBackFromItsDescription() throws {
    var network = try everyLayer()
    network = try network.appending(DenseLayer(outputs: 4), seed: 1)
      .appending(RecurrentLayer(try Self.adaptive()), seed: 1)
    let parameters = Dictionary(uniqueKeysWithValues: network.namedParameters.map { ($0.name, $0.value) })
    let again = try Network(network.plan, parameters: parameters)
    #expect(again.plan == network.plan)
    let input = Signal.spikes(try randomSpikes([5, 2, 2, 9, 8], density: 0.3))
    #expect(try again.run(input).tensor().scalars == network.run(input).tensor().scalars)
    for name in parameters.keys {
      var missing = parameters
      missing[name] = nil
      #expect(throws: Fault.self) { try Network(network.plan, parameters: missing) }
      missing[name] = try Tensor.zeros([2, 2, 2, 2, 2])
      #expect(throws: Fault.self) { try Network(network.plan, parameters: missing) }
    }
    let shapes: [any Layer] = [
      ConvLayer(outputs: 2, kernel: .init(2, 3), stride: .init(2, 1), padding: .init(1, 2), bias: false),
      PoolLayer(size: .init(2, 3), kind: .sum, stride: .init(1, 2)), PoolLayer(size: .init(2, 2), kind: .max),
    ]
    for layer in shapes {
      let one = try Network(inputShape: [1, 9, 9]).appending(layer, seed: 1)
      let back = try Network(
        one.plan, parameters: Dictionary(uniqueKeysWithValues: one.namedParameters.map { ($0.name, $0.value) }))
      #expect(back.plan == one.plan && back.outputShape == one.outputShape)
    }
  }

  @Test func whatDoesNotFitSaysWhy() throws {
    func fault(_ shape: [Int], _ layer: any Layer) throws -> Fault {
      do {
        _ = try Network(inputShape: shape).appending(layer, seed: 0)
        Issue.record("\(layer.callText) took \(shape)")
        return Fault(.value, "")
      } catch { return error }
    }
    let three = Window.Pair(3, 3)
    let row = try fault([784], ConvLayer(outputs: 4, kernel: three))
    #expect(row.kind == .shape && row.help?.contains("input(1, 28, 28)") == true)
    #expect(try fault([28, 28], ConvLayer(outputs: 4, kernel: three)).help == "begin with one channel: input(1, 28, 28)")
    #expect(try fault([1, 2, 9], ConvLayer(outputs: 4, kernel: three)).title.contains("larger than the image"))
    #expect(try fault([1, 2, 9], PoolLayer(size: three)).title.contains("larger than the image"))
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 0, kernel: three)).kind == .value)
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 4, kernel: .init(0, 3))).kind == .value)
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 4, kernel: three, stride: .init(0, 1))).kind == .value)
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 4, kernel: three, padding: .init(0, -1))).kind == .value)
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 4, kernel: three, padding: three)).kind == .value)
    #expect(try fault([1, 9, 9], ConvLayer(outputs: 4, kernel: .init(.max, 3), padding: .init(.max - 1, 0))).kind == .limit)
    #expect(try fault([1, 9, 9], ConvLayer(weight: try Tensor.zeros([2, 3, 3, 3]), bias: nil)).kind == .shape)
    #expect(try fault([4], RecurrentLayer(LeakyIntegrator())).kind == .value)
    #expect(try fault([4], RecurrentLayer(LIF(), recurrent: try Tensor.zeros([4, 3]))).kind == .shape)
    #expect(try fault([4], BranchLayer(residual: [])).kind == .value)
    #expect(try fault([4], BranchLayer(residual: [DenseLayer(outputs: 3)])).title.contains("changes the shape"))
    #expect(try fault([4], BranchLayer(residual: [FlattenLayer(), PoolLayer(size: three)])).label?.contains("layer 1") == true)
    let infinite = try fault([2], DenseLayer(weight: try Tensor([0, .nan], shape: [2, 1]), bias: nil))
    #expect(infinite.label?.contains("`weight`[1, 0] is nan") == true)
    #expect(throws: Never.self) { try everyLayer().checkFinite() }
  }
}

@Suite struct SyntheticEventsTests {
  @Test func areTheSameForTheSameSeed() throws {
    var events = SyntheticEvents()
    (events.samples, events.size, events.steps) = (9, 12, 5)
    let first = try events.dataset()
    #expect(try Tensor.identical(try first.features, try events.dataset().features))
    #expect(try first.features.shape == [9, 5, 2, 12, 12])
    #expect(first.labels == [0, 1, 2, 3, 0, 1, 2, 3, 0])
    #expect(first.name.contains("synthetic") && first.source.contains("synthetic"))
    events.seed = 1
    #expect(try !Tensor.identical(try first.features, try events.dataset().features))
  }

  /// Without noise, every class has events of both polarities, and the centre of the new ones moves its way.
  @Test func moveInTheDirectionOfTheirClass() throws {
    var events = SyntheticEvents()
    (events.samples, events.noise) = (40, 0)
    let data = try events.dataset()
    let (steps, size) = (events.steps, events.size)
    let values = try data.features.scalars
    var agree = 0
    for sample in 0..<40 {
      // The mean way from the dark edge's centre to the bright edge's: the bright edge leads.
      var (way, weight) = ([0.0, 0.0], 0)
      for step in 0..<steps {
        var centres: [[Double]] = []
        for polarity in 0..<2 {
          var (sum, count) = ([0.0, 0.0], 0.0)
          let start = ((sample * steps + step) * 2 + polarity) * size * size
          for place in 0..<size * size where values[start + place] == 1 {
            sum[0] += Double(place % size)
            sum[1] += Double(place / size)
            count += 1
          }
          if count > 0 { centres.append(sum.map { $0 / count }) }
        }
        if centres.count == 2 {
          way[0] += centres[0][0] - centres[1][0]
          way[1] += centres[0][1] - centres[1][1]
          weight += 1
        }
      }
      #expect(weight > 0)
      let direction = [[1.0, 0.0], [0, 1], [-1, 0], [0, -1]][data.labels[sample]]
      if way[0] * direction[0] + way[1] * direction[1] > 0 { agree += 1 }
    }
    #expect(agree == 40)
  }

  @Test func wrongSizesAreFaults() {
    for change: (inout SyntheticEvents) -> Void in [
      { $0.samples = 0 }, { $0.classes = 1 }, { $0.classes = 9 }, { $0.steps = 1 }, { $0.size = 7 }, { $0.noise = .nan },
      { $0.noise = 1 }, { $0.samples = 1_000_000; $0.steps = 10_000; $0.size = 1024 },
    ] {
      var events = SyntheticEvents()
      change(&events)
      #expect(throws: Fault.self) { try events.dataset() }
    }
  }
}
