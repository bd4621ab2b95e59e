import Faults
import Spiking
import Tensors
import Testing

/// input(4) |> dense(3) |> lif() |> dense(2) |> lif().
func smallNetwork(seed: UInt64 = 0, inputs: Int = 4, hidden: Int = 3, outputs: Int = 2) throws -> Network {
  try Network(inputShape: [inputs]).appending(DenseLayer(outputs: hidden), seed: seed)
    .appending(NeuronLayer(LIF()), seed: seed).appending(DenseLayer(outputs: outputs), seed: seed)
    .appending(NeuronLayer(LIF()), seed: seed)
}

@Suite struct NetworkTests {
  @Test func countsItsParts() throws {
    let network = try smallNetwork(inputs: 64, hidden: 128, outputs: 10)
    #expect(network.shapes == [[128], [128], [10], [10]])
    #expect(network.parameterCount == 64 * 128 + 128 + 128 * 10 + 10)
    #expect(network.synapseCount == 64 * 128 + 128 * 10)
    #expect(network.neuronLayers == [1, 3])
    #expect(network.layers[0].callText == "dense(outputs=128)")
    #expect(network.endsInSpikes)
  }

  @Test func firstWeightsComeFromTheSeed() throws {
    func weights(_ seed: UInt64) throws -> [Float] { try smallNetwork(seed: seed).layers[0].parameters[0].value.scalars }
    #expect(try weights(1) == weights(1))
    #expect(try weights(1) != weights(2))
    // Their variance is 1 / inputs.
    let many = try smallNetwork(inputs: 64, hidden: 128).layers[0].parameters[0].value.scalars
    let squares = many.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(squares / Double(many.count) * 64 - 1) < 0.05)
  }

  @Test func givesSpikesOfItsOutputShape() throws {
    let network = try smallNetwork()
    let input = try Tensor(filledWith: 1, shape: [6, 5, 4])
    let output = try network.run(.spikes(try Spikes(input)))
    #expect(output.shape == [6, 5, 2])
    #expect(try output.spikes == network.run(.tensor(input)).spikes)
  }

  /// Spikes take the way of events when they are few; the result is that of the dense product.
  @Test(arguments: [0.02, 0.1, 0.2, 0.5]) func sparseAndDenseProductsAgree(density: Double) throws {
    var numbers = TestNumbers(77)
    let bits = numbers.floats(9 * 15 * 130).map { Double($0) < density ? Float(1) : 0 }
    let tensor = try Tensor(bits, shape: [9, 15, 130])
    let network = try Network(inputShape: [130]).appending(DenseLayer(outputs: 37), seed: 3)
    let pass = Pass(isTraining: true)
    let sparse = try network.trace(.spikes(try Spikes(tensor)), pass)
    let dense = try network.trace(.tensor(tensor), pass)
    let (a, b) = (try sparse.output.tensor().scalars, try dense.output.tensor().scalars)
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4) }
    let flow = try Tensor(numbers.floats(a.count, from: -1, to: 1), shape: [9, 15, 37])
    let fromSparse = try network.gradients(sparse, outputGradients: [0: flow], pass)[0]
    let fromDense = try network.gradients(dense, outputGradients: [0: flow], pass)[0]
    for (x, y) in zip(fromSparse, fromDense) {
      for (g, h) in zip(x.scalars, y.scalars) { #expect(abs(g - h) < 1e-3) }
    }
  }

  @Test func recordingsHoldEachLayersStatesAndSpikes() throws {
    let network = try smallNetwork()
    let input = try Tensor(filledWith: 0.5, shape: [8, 1, 4])
    let recordings = try network.record(.tensor(input))
    #expect(recordings.map(\.name) == ["lif 1", "lif 3"])
    #expect(recordings[0].states[0].values.shape == [8, 1, 3])
    #expect(recordings[1].spikes == (try network.run(.tensor(input)).spikes))
  }

  @Test func featuresOfTheSameNumberAreRearranged() throws {
    let network = try smallNetwork()
    #expect(try network.run(.tensor(try Tensor.ones([3, 1, 2, 2]))).shape == [3, 1, 2])
  }

  @Test func aWrongInputNamesBothShapes() throws {
    let network = try smallNetwork()
    do {
      _ = try network.run(.tensor(try Tensor.ones([3, 1, 5])))
      Issue.record("an input of 5 features was accepted")
    } catch {
      #expect(error.kind == .shape)
      #expect(error.label?.contains("[5]") == true)
      #expect(error.label?.contains("[4]") == true)
    }
    #expect(throws: Fault.self) { try network.run(.tensor(try Tensor.ones([4]))) }
  }

  @Test func layersThatDoNotFitAreNamed() throws {
    let image = try Network(inputShape: [1, 8, 8])
    do {
      _ = try image.appending(DenseLayer(outputs: 10), seed: 0)
      Issue.record("dense took an image")
    } catch {
      #expect(error.kind == .shape)
      #expect(error.label?.contains("dense(outputs=10)") == true)
      #expect(error.label?.contains("[1, 8, 8]") == true)
      #expect(error.help?.contains("flatten()") == true)
    }
    #expect(try image.appending(FlattenLayer(), seed: 0).outputShape == [64])
    #expect(throws: Fault.self) { try Network(inputShape: []) }
    #expect(throws: Fault.self) { try Network(inputShape: [0]) }
    #expect(throws: Fault.self) { try smallNetwork().appending(DenseLayer(outputs: 0), seed: 0) }
    #expect(throws: Fault.self) { try smallNetwork().appending(DropoutLayer(rate: 1), seed: 0) }
    #expect(throws: Fault.self) { try smallNetwork().appending(NeuronLayer(LIF(beta: 2)), seed: 0) }
    let built = try #require(try smallNetwork().layers[0] as? DenseLayer)
    #expect(throws: Fault.self) { try Network(inputShape: [9]).appending(built, seed: 0) }
  }

  @Test func dropoutSilencesOnlyWhileTraining() throws {
    let network = try Network(inputShape: [1000]).appending(DropoutLayer(rate: 0.25), seed: 0)
    let input = Signal.tensor(try Tensor.ones([2, 1, 1000]))
    #expect(try network.run(input).tensor().scalars.allSatisfy { $0 == 1 })
    let dropped = try network.trace(input, Pass(isTraining: true, seed: 4)).output.tensor().scalars
    let silent = dropped.count { $0 == 0 }
    #expect((400..<600).contains(silent))
    #expect(Array(dropped.prefix(1000)) == Array(dropped.suffix(1000)))
    #expect(dropped.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
  }

  @Test func decodersReadTheOutput() throws {
    // Class 0 fires first, class 1 most often, class 2 never.
    let bits: [Float] = [1, 0, 0, 0, 1, 0, 0, 1, 0]
    let output = Signal.spikes(try Spikes(try Tensor(bits, shape: [3, 1, 3])))
    #expect(try Decoder.spikeCount.classes(output) == [1])
    #expect(try Decoder.firstSpike.classes(output) == [0])
    let silent = Signal.spikes(try Spikes(shape: [3, 2, 3]))
    #expect(try Decoder.spikeCount.classes(silent) == [0, 0])
    let potentials = Signal.tensor(try Tensor([0.1, 0.2, 0, 0.1, -0.9, 0.15], shape: [2, 1, 3]))
    #expect(try Decoder.membraneMaximum.classes(potentials) == [1])
    #expect(try Decoder.membraneMean.classes(potentials) == [0])
  }
}

@Suite struct NetworkDescriptionTests {
  /// Plain data and parameters bring back every kind of layer, encoder and neuron.
  @Test func networksComeBackFromTheirDescriptions() throws {
    let program = NeuronProgram(
      operations: [
        .input, .state(0), .parameter(0), .constant(0.3), .binary(.multiply, 2, 1), .binary(.add, 4, 0),
        .binary(.subtract, 5, 3), .unary(.tanh, 6), .select(7, 6, 5),
      ], stateNames: ["v"], parameterNames: ["beta"], updates: [5], distance: 6, isStrict: true, resets: [8])
    let custom = try EquationNeuron(name: "mine", program: program, parameters: [0.8], initialStates: [0.1])
    var network = try Network(inputShape: [2, 3]).appending(FlattenLayer(), seed: 1)
      .appending(DenseLayer(outputs: 7, bias: false), seed: 1).appending(NeuronLayer(custom), seed: 1)
      .appending(DropoutLayer(rate: 0.25), seed: 1).appending(DenseLayer(outputs: 4), seed: 1)
      .appending(NeuronLayer(LIF(beta: 0.7, threshold: 0.5, reset: .zero)), seed: 1)
      .appending(DenseLayer(outputs: 2), seed: 1).appending(NeuronLayer(LeakyIntegrator(beta: 0.6)), seed: 1)
    network.decoder = .membraneMean
    var history = History()
    history.loss = [2, 1]
    history.interrupted = true
    network.history = history
    let encoders: [any Encoder] = [
      RateEncoder(steps: 9), RateEncoder(steps: 9, random: false), LatencyEncoder(steps: 9), DirectEncoder(steps: 9),
      HybridEncoder(steps: 9, alpha: 0.25, base: 3),
    ]
    for encoder in encoders {
      network.encoder = encoder
      let parameters = Dictionary(uniqueKeysWithValues: network.namedParameters.map { ($0.name, $0.value) })
      let again = try Network(network.plan, parameters: parameters)
      #expect(again.plan == network.plan)
      #expect(again.encoder?.callText == encoder.callText)
      let input = Signal.tensor(try Tensor.ones([9, 2, 6]))
      #expect(try again.run(input).tensor().scalars == network.run(input).tensor().scalars)
      var missing = parameters
      missing["4.bias"] = nil
      #expect(throws: Fault.self) { try Network(network.plan, parameters: missing) }
      missing["4.bias"] = try Tensor.zeros([5])
      #expect(throws: Fault.self) { try Network(network.plan, parameters: missing) }
    }
    var unknown = network.plan
    unknown.layers[0].kind = "warp"
    #expect(throws: Fault.self) { try Network(unknown, parameters: [:]) }
  }
}
