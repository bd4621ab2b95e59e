import Faults
import Kernels
import Spiking
import Tensors
import Testing

@Suite struct StreamTests {
  func spikes(_ steps: Int, _ features: [Int], density: Double, seed: UInt64) throws -> Signal {
    var numbers = TestNumbers(seed)
    let count = steps * features.reduce(1, *)
    let values = (0..<count).map { _ in Float(numbers.next() < density ? 1 : 0) }
    return .spikes(try Spikes(try Tensor(values, shape: [steps, 1] + features)))
  }

  func dense(_ inputs: Int, _ outputs: Int, seed: UInt64, gain: Double, bias: Bool = true) throws -> DenseLayer {
    var numbers = TestNumbers(seed)
    let bound = gain / Double(inputs).squareRoot()
    return try DenseLayer(
      weight: try Tensor(numbers.floats(inputs * outputs, from: -bound, to: bound), shape: [inputs, outputs]),
      bias: bias ? try Tensor(numbers.floats(outputs, from: -0.05, to: 0.1), shape: [outputs]) : nil)
  }

  /// `v = beta v + input; a = rho a; spike when v >= theta + kappa a; on spike { v -= theta; a += 1 }`.
  func adaptiveNeuron(_ beta: Float = 0.9, _ rho: Float = 0.95) throws -> EquationNeuron {
    let program = NeuronProgram(
      operations: [
        .input, .state(0), .state(1), .parameter(0), .parameter(1), .parameter(2), .parameter(3), .constant(1),
        .binary(.multiply, 3, 1), .binary(.add, 8, 0), .binary(.multiply, 4, 2), .binary(.multiply, 6, 10),
        .binary(.add, 5, 11), .binary(.subtract, 9, 12), .binary(.subtract, 9, 5), .binary(.add, 10, 7),
      ],
      stateNames: ["v", "a"], parameterNames: ["beta", "rho", "theta", "kappa"], updates: [9, 10], distance: 13,
      resets: [14, 15])
    return try EquationNeuron(
      name: "tired", program: program, parameters: [beta, rho, 1, 0.3], initialStates: [0, 0])
  }

  func network(_ input: [Int], _ layers: [any Layer]) throws -> Network {
    var network = try Network(inputShape: input)
    for layer in layers { network = try network.appending(layer, seed: 7) }
    return network
  }

  /// Runs both engines and compares every layer's spikes, and the output where it isn't spikes.
  func compare(_ network: Network, _ signal: Signal) throws {
    let trace = try network.trace(signal, Pass())
    var options = StreamRunOptions()
    options.keepsSpikes = true
    let run = try runStream(network, SpikeStream(name: "test", signal: signal), options)
    #expect(run.steps == signal.steps)
    #expect(run.layerSpikes.count == trace.activity.count)
    var fired = 0
    for (ours, (_, theirs)) in zip(run.layerSpikes, trace.activity) {
      #expect(ours == theirs.spikes)
      fired += ours?.total ?? 0
    }
    #expect(fired > 0 || signal.spikes?.total == 0)
    #expect(run.spikes == fired)
    for (population, (_, theirs)) in zip(run.populations.dropFirst(), trace.activity) {
      let counts = try theirs.spikes?.counts(over: [0]).scalars ?? population.counts.map { _ in 0 }
      #expect(population.counts.map(Float.init) == counts)
    }
  }

  @Test(arguments: [0.0, 0.02, 0.3, 0.6, 0.95])
  func equalsTheBatchEngine(density: Double) throws {
    for (index, reset) in LIF.Reset.allCases.enumerated() {
      let net = try network(
        [70],
        [
          try dense(70, 130, seed: 2, gain: 2.5), NeuronLayer(LIF(beta: 0.9, reset: reset)),
          DropoutLayer(rate: 0.5), try dense(130, 67, seed: 3, gain: 3, bias: index != 1),
          NeuronLayer(LIF(beta: 0.95, threshold: 0.7, reset: reset)), FlattenLayer(),
          try dense(67, 5, seed: 4, gain: 4), NeuronLayer(LIF()),
        ])
      try compare(net, try spikes(150, [70], density: density, seed: 11 + UInt64(index)))
    }
  }

  @Test func equalsTheBatchEngineOnManyInputs() throws {
    // More inputs than a block of the dense product holds, and dense and sparse steps in one stream.
    let wide = 700
    let net = try network(
      [wide], [try dense(wide, 33, seed: 5, gain: 2), NeuronLayer(LIF()), try dense(33, 1, seed: 6, gain: 3), NeuronLayer(LIF())])
    var numbers = TestNumbers(12)
    var values: [Float] = []
    for step in 0..<80 {
      let density = step % 3 == 0 ? 0.95 : 0.4
      for _ in 0..<wide { values.append(numbers.next() < density ? 1 : 0) }
    }
    let signal = Signal.spikes(try Spikes(try Tensor(values, shape: [80, 1, wide])))
    #expect((signal.spikes?.density ?? 0) > 0.5)
    try compare(net, signal)
  }

  @Test func equalsTheBatchEngineOnEquations() throws {
    let net = try network(
      [20],
      [
        try dense(20, 70, seed: 8, gain: 2.5), NeuronLayer(try adaptiveNeuron()), try dense(70, 9, seed: 9, gain: 3),
        NeuronLayer(LeakyIntegrator(beta: 0.8)), NeuronLayer(try adaptiveNeuron()),
      ])
    try compare(net, try spikes(120, [20], density: 0.2, seed: 13))
  }

  @Test func equalsTheBatchEngineOnCurrents() throws {
    var numbers = TestNumbers(14)
    let net = try network([33], [try dense(33, 40, seed: 10, gain: 3), NeuronLayer(LIF()), NeuronLayer(LIF(threshold: 0.5))])
    var values = numbers.floats(90 * 33)
    // Stretches in which the current stands still.
    for step in 30..<60 { for i in 0..<33 { values[step * 33 + i] = values[29 * 33 + i] } }
    try compare(net, .tensor(try Tensor(values, shape: [90, 1, 33])))
  }

  @Test(arguments: [0.03, 0.4, 0.8])
  func equalsTheBatchEngineOnImages(density: Double) throws {
    let net = try network(
      [2, 9, 8],
      [
        ConvLayer(outputs: 5, kernel: .init(3, 3), padding: .init(1, 1)), NeuronLayer(LIF(threshold: 0.4)),
        PoolLayer(size: .init(2, 2)),
        BranchLayer(residual: [ConvLayer(outputs: 5, kernel: .init(3, 3), padding: .init(1, 1)), NeuronLayer(LIF(threshold: 0.2))]),
        PoolLayer(size: .init(2, 2), kind: .max), FlattenLayer(), try dense(5 * 2 * 2, 11, seed: 23, gain: 3),
        RecurrentLayer(LIF(threshold: 0.5)), try dense(11, 3, seed: 24, gain: 3), NeuronLayer(LIF(threshold: 0.3)),
      ])
    try compare(net, try spikes(60, [2, 9, 8], density: density, seed: 25))
  }

  @Test func equalsTheBatchEngineInABranchAtTheFront() throws {
    let net = try network(
      [14],
      [
        BranchLayer(residual: [try dense(14, 20, seed: 26, gain: 3), NeuronLayer(try adaptiveNeuron()), try dense(20, 14, seed: 27, gain: 1)]),
        NeuronLayer(LIF()), RecurrentLayer(try adaptiveNeuron()),
      ])
    try compare(net, try spikes(80, [14], density: 0.25, seed: 28))
  }

  @Test func restIsLeftOutWithoutChangingABit() throws {
    // Bursts between silences that last until every potential stands still.
    var numbers = TestNumbers(15)
    var values = [Float](repeating: 0, count: 2600 * 16)
    for step in 0..<2600 where step % 1300 < 20 {
      for i in 0..<16 { values[step * 16 + i] = numbers.next() < 0.5 ? 1 : 0 }
    }
    let signal = Signal.spikes(try Spikes(try Tensor(values, shape: [2600, 1, 16])))
    for model in [LIF(beta: 0.5) as any NeuronModel, try adaptiveNeuron(0.5, 0.5)] {
      let net = try network([16], [try dense(16, 24, seed: 16, gain: 3, bias: false), NeuronLayer(model)])
      try compare(net, signal)
      let run = try runStream(net, SpikeStream(name: "bursts", signal: signal))
      #expect(run.restingSteps > run.layerSteps * 3 / 4)
    }
  }

  @Test func theCostFollowsActivity() throws {
    let net = try network([50], [try dense(50, 100, seed: 17, gain: 2), NeuronLayer(LIF()), try dense(100, 4, seed: 18, gain: 2), NeuronLayer(LIF())])
    for density in [0.0, 0.1, 0.5] {
      let signal = try spikes(100, [50], density: density, seed: 19)
      let run = try runStream(net, SpikeStream(name: "test", signal: signal))
      #expect(run.synapticEvents == run.populations[0].spikes * 100 + run.populations[1].spikes * 4)
      #expect(run.populations[0].spikes == signal.spikes?.total)
    }
  }

  @Test func samplesAreReadAsInABatch() throws {
    let data = try Dataset(
      name: "noise", features: try Tensor(randomFloats(40 * 12), shape: [40, 12]),
      labels: (0..<40).map { $0 % 3 })
    for (last, decoders) in [
      (NeuronLayer(LIF()) as any Layer, [Decoder.spikeCount, .firstSpike]),
      (NeuronLayer(LeakyIntegrator()), [Decoder.membraneMaximum, .membraneMean]),
    ] {
      var net = try network([12], [try dense(12, 30, seed: 21, gain: 3), NeuronLayer(LIF()), try dense(30, 3, seed: 22, gain: 3), last])
      net.encoder = HybridEncoder(steps: 15, base: 2)
      for decoder in decoders {
        let report = try evaluate(net, data, decoder: decoder)
        var options = StreamOptions()
        options.idle = 0
        let stream = try makeStream(data, encoder: net.encoder, options)
        #expect(stream.steps == 40 * 15)
        var how = StreamRunOptions()
        how.resets = true
        how.decoder = decoder
        let run = try runStream(net, stream, how)
        #expect(run.samples.map(\.answer) == report.predictions)
        #expect(run.accuracy == report.accuracy)
        #expect(run.samples.allSatisfy { $0.decidedAfter >= 1 && $0.decidedAfter <= 15 })
      }
    }
  }

  private func randomFloats(_ count: Int) -> [Float] {
    var numbers = TestNumbers(20)
    return numbers.floats(count)
  }

  @Test func aStreamHasTheSharesThatWereAsked() throws {
    let data = try Dataset(name: "ones", features: try Tensor.ones([200, 30]), labels: [Int](repeating: 0, count: 200))
    var options = StreamOptions()
    options.idle = 0.7
    options.idleRate = 0.05
    options.burst = 4
    let stream = try makeStream(data, encoder: LatencyEncoder(steps: 10), options)
    #expect(abs(Double(stream.idleSteps) / Double(stream.steps) - 0.7) < 0.001)
    #expect(stream.segments.count == 200)
    for (index, segment) in stream.segments.enumerated() {
      let next = index + 1 < 200 ? stream.segments[index + 1].start : stream.steps
      #expect(index % 4 == 3 || next == segment.start + 10)
    }
    let total = try #require(stream.signal.spikes).total
    let noise = Double(total - 200 * 30) / Double(stream.idleSteps * 30)
    #expect(abs(noise - 0.05) < 0.003)
    // A sample is its code, whatever is around it.
    let code = try LatencyEncoder(steps: 10).encode(try Tensor.ones([1, 30]), stream: RandomStream(seed: 0, purpose: "x"))
    let segment = stream.segments[77]
    #expect(try stream.signal.spikes?.timeSlice(segment.start..<segment.start + 10) == code.spikes)
  }

  @Test func badStreamsAreFaults() throws {
    let net = try network([5], [try dense(5, 2, seed: 1, gain: 1), NeuronLayer(LIF())])
    let wide = SpikeStream(name: "wide", signal: try spikes(3, [6], density: 0.5, seed: 1))
    do {
      _ = try runStream(net, wide)
      Issue.record("a stream of another width ran")
    } catch {
      #expect(error.kind == .shape)
      #expect(error.label == "a step of the stream is [6], the network takes [5]")
    }
    let stream = SpikeStream(
      name: "labels", signal: try spikes(3, [5], density: 0.5, seed: 1),
      segments: [.init(start: 0, steps: 3, label: 2)])
    #expect(throws: Fault.self) { try runStream(net, stream) }
    let plain = try network([5], [try dense(5, 2, seed: 1, gain: 1)])
    #expect(throws: Fault.self) {
      try runStream(plain, SpikeStream(name: "s", signal: try spikes(3, [5], density: 0.5, seed: 1)))
    }
  }
}
