import Faults
import Spiking
import Tensors
import Testing

@Suite struct AdaptationTests {
  func adaptation(_ change: (inout Adaptation) -> Void = { _ in }) -> Adaptation {
    var adaptation = Adaptation(gamma: 2, target: 0.05)
    adaptation.rule = .paper
    adaptation.sense = .layer
    change(&adaptation)
    return adaptation
  }

  /// One layer of LIF neurons, each driven by its own input with a weight that one spike crosses the threshold with.
  func network(_ neurons: Int, weight: Float = 1.2) throws -> Network {
    var values = [Float](repeating: 0, count: neurons * neurons)
    for i in 0..<neurons { values[i * neurons + i] = weight }
    return try Network(inputShape: [neurons])
      .appending(try DenseLayer(weight: try Tensor(values, shape: [neurons, neurons]), bias: nil), seed: 1)
      .appending(NeuronLayer(LIF(beta: 0)), seed: 1)
  }

  func stream(_ neurons: Int, _ rates: [Double], seed: UInt64 = 3) throws -> SpikeStream {
    var numbers = TestNumbers(seed)
    var values: [Float] = []
    for rate in rates { for _ in 0..<neurons { values.append(numbers.next() < rate ? 1 : 0) } }
    return SpikeStream(name: "test", signal: .spikes(try Spikes(try Tensor(values, shape: [rates.count, 1, neurons]))))
  }

  @Test func theRulesAreThoseOfEquation11() {
    let paper = adaptation()
    #expect(abs(paper.asked(at: 0) - 1.1) < 1e-12)
    #expect(abs(paper.asked(at: 0.05) - 1) < 1e-12)
    #expect(abs(paper.asked(at: 0.25) - 0.6) < 1e-12)
    let other = adaptation { $0.rule = .homeostatic }
    #expect(abs(other.asked(at: 0.25) - 1.4) < 1e-12)
    #expect(adaptation { $0.gamma = 50 }.factor(at: 0.5) == Adaptation.standardLow)
    #expect(adaptation { $0.gamma = 50; $0.rule = .homeostatic }.factor(at: 0.5) == Adaptation.standardHigh)
  }

  @Test func thresholdsFollowTheWindowedActivity() throws {
    let neurons = 40
    let rates = (0..<200).map { $0 < 100 ? 0.0 : 0.2 }
    let source = try stream(neurons, rates)
    for rule in Adaptation.Rule.allCases {
      for memory in [Adaptation.Memory.window(10), .decay(0.9)] {
        var options = StreamRunOptions()
        let how = adaptation { $0.rule = rule; $0.memory = memory }
        options.adaptation = how
        options.keepsSpikes = true
        let run = try runStream(try network(neurons), source, options)
        let counts = try #require(run.layerSpikes[0]).counts(over: [1, 2]).scalars
        // The same by a plain loop in double precision.
        var window = [Double](repeating: 0.05, count: 10)
        var average = 0.05
        for step in 0..<200 {
          let activity: Double
          if case .window = memory { activity = window.reduce(0, +) / 10 } else { activity = average }
          let population = run.populations[1]
          #expect(abs(Double(population.activity[step]) - activity) < 1e-5)
          #expect(abs(Double(population.threshold[step]) - how.factor(at: activity)) < 1e-5)
          let share = Double(counts[step]) / Double(neurons)
          window[step % 10] = share
          average = 0.9 * average + 0.1 * share
        }
        // After silence the printed rule has raised the threshold by gamma times the target, the other one lowered it.
        let quiet = run.populations[1].threshold[99]
        #expect(abs(quiet - (rule == .paper ? 1.1 : 0.9)) < 0.01)
      }
    }
  }

  @Test func aGammaOfZeroChangesNothing() throws {
    let source = try stream(30, [Double](repeating: 0.3, count: 150))
    var options = StreamRunOptions()
    options.keepsSpikes = true
    let fixed = try runStream(try network(30), source, options)
    options.adaptation = adaptation { $0.gamma = 0 }
    let still = try runStream(try network(30), source, options)
    #expect(fixed.layerSpikes == still.layerSpikes)
    #expect(still.populations[1].threshold.allSatisfy { $0 == 1 })
  }

  @Test func gammaThatMakesThresholdsNegativeIsAFault() throws {
    try adaptation().check()
    #expect(throws: Fault.self) { try adaptation { $0.gamma = 20 }.check() }
    try adaptation { $0.gamma = 20 }.check(boundsAreGiven: true)
    try adaptation { $0.gamma = 19.9 }.check()
    // Without a lower bound any activity from 0 to 1 counts.
    #expect(throws: Fault.self) { try adaptation { $0.low = nil }.check(boundsAreGiven: true) }
    try adaptation { $0.low = nil; $0.gamma = 1 }.check(boundsAreGiven: true)
    try adaptation { $0.low = nil; $0.rule = .homeostatic }.check(boundsAreGiven: true)
    #expect(throws: Fault.self) { try adaptation { $0.gamma = 25; $0.rule = .homeostatic }.check() }
    do {
      try adaptation { $0.gamma = 30 }.check()
      Issue.record("a gamma of 30 was taken")
    } catch {
      #expect(error.label == "gamma is 30.0: at an activity of 0.1 the threshold would be -0.5 times its base")
      #expect(error.help == "take gamma below 20, or a lower bound, such as low=0.25")
    }
    for wrong in [
      adaptation { $0.gamma = -1 }, adaptation { $0.gamma = .nan }, adaptation { $0.target = 0 },
      adaptation { $0.target = 1 }, adaptation { $0.memory = .window(0) }, adaptation { $0.memory = .decay(1) },
      adaptation { $0.low = 0 }, adaptation { $0.low = 2 }, adaptation { $0.high = 0.5 },
    ] {
      #expect(throws: Fault.self) { try wrong.check(boundsAreGiven: true) }
    }
  }

  @Test func runawayIsReported() throws {
    // Twelve neurons at 0.3 spikes a step with a target of 0.02: the printed rule falls to its lower bound.
    let source = try stream(12, [Double](repeating: 0.3, count: 400))
    var options = StreamRunOptions()
    options.adaptation = adaptation { $0.gamma = 10; $0.target = 0.02 }
    let run = try runStream(try network(12), source, options)
    #expect(run.warnings.contains { $0.contains("ran away downwards") && $0.contains("lif 1") })
  }

  @Test func silenceIsReported() throws {
    let source = try stream(12, [Double](repeating: 0.3, count: 600))
    var options = StreamRunOptions()
    options.adaptation = adaptation { $0.gamma = 4; $0.target = 0.2; $0.memory = .window(20) }
    // A weight just below the threshold that holds for a quiet layer: it never fires again.
    let run = try runStream(try network(12, weight: 0.9), source, options)
    #expect(run.warnings.contains { $0.contains("was silent") })
    let loud = try runStream(try network(12), source, StreamRunOptions())
    #expect(loud.warnings.isEmpty)
  }

  @Test func oscillationIsReported() throws {
    // All neurons get the same current; a strong negative feedback with a window's delay swings between all and none.
    let neurons = 20
    let net = try network(neurons, weight: 1.05)
    let ones = SpikeStream(
      name: "ones", signal: .spikes(try Spikes(try Tensor.ones([600, 1, neurons]))))
    var options = StreamRunOptions()
    options.adaptation = adaptation { $0.rule = .homeostatic; $0.gamma = 4; $0.target = 0.2; $0.memory = .window(10) }
    let run = try runStream(net, ones, options)
    #expect(run.warnings.contains { $0.contains("oscillates") && $0.contains("period") })
    options.adaptation = adaptation { $0.rule = .homeostatic; $0.gamma = 0.01; $0.target = 0.2 }
    #expect(try runStream(net, ones, options).warnings.isEmpty)
  }

  @Test func equationsAdaptByTheirParameter() throws {
    func neuron(_ parameter: String) throws -> EquationNeuron {
      try EquationNeuron(
        name: "plain",
        program: NeuronProgram(
          operations: [
            .input, .state(0), .parameter(0), .constant(0.9), .binary(.multiply, 3, 1), .binary(.add, 4, 0),
            .binary(.subtract, 5, 2),
          ], stateNames: ["v"], parameterNames: [parameter], updates: [5], distance: 6, resets: [6]),
        parameters: [1], initialStates: [0])
    }
    let weights = try DenseLayer(weight: try Tensor(filledWith: 0.2, shape: [10, 10]), bias: nil)
    let source = try stream(10, [Double](repeating: 0.2, count: 200))
    var options = StreamRunOptions()
    options.keepsSpikes = true
    options.adaptation = adaptation { $0.rule = .homeostatic }
    let byEquations = try Network(inputShape: [10]).appending(weights, seed: 1)
      .appending(NeuronLayer(try neuron("theta")), seed: 1)
    let byKernel = try Network(inputShape: [10]).appending(weights, seed: 1)
      .appending(NeuronLayer(LIF(beta: 0.9)), seed: 1)
    let (a, b) = (try runStream(byEquations, source, options), try runStream(byKernel, source, options))
    #expect(a.layerSpikes == b.layerSpikes)
    #expect(a.spikes > 0)
    let unnamed = try Network(inputShape: [10]).appending(weights, seed: 1)
      .appending(NeuronLayer(try neuron("limit")), seed: 1)
    #expect(throws: Fault.self) { try runStream(unnamed, source, options) }
  }
}
