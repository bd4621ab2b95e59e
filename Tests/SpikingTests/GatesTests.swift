import Faults
import Kernels
import Spiking
import Tensors
import Testing

/// A price that falls on every gate alike, and a record of what was called.
struct FlatPrice: TrainingObjective {
  let name = "flat"
  var weight = 1.0
  /// The price of one open gate.
  var price = 0.0
  var gates: NetworkGates?
  var epochsSeen: [Int] = []

  mutating func begin(_ network: Network, _ course: TrainingCourse) throws(Fault) {
    gates = NetworkGates(network, course)
  }
  mutating func beginEpoch(_ epoch: Int, _ network: Network) throws(Fault) { epochsSeen.append(epoch) }
  var notes: [(name: String, value: Double)] { [(name: "flat_epoch", value: Double(epochsSeen.last ?? -1))] }
  func shaped(_ network: Network) throws(Fault) -> Network { try gates?.shaped(network) ?? network }
  mutating func charge(_ network: Network, input: Signal, trace: NetworkTrace) throws(Fault) -> ObjectiveCharge {
    let open = gates?.values.reduce(0) { $0 + $1.reduce(0) { $0 + Double($1) } } ?? 0
    return ObjectiveCharge(value: open * price, terms: [(name: "open", value: open)])
  }
  mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    try gates?.pullBack(&gradients, network)
    let flat = (gates?.values ?? []).map { [Double](repeating: weight * price, count: $0.count) }
    gates?.add(flat)
  }
  mutating func advance(_ network: inout Network, progress: Double) throws(Fault) {
    try gates?.advance(&network, progress: progress)
  }
  func finish(_ network: Network) throws(Fault) -> Network { try gates?.finish(network) ?? network }
}

/// Two layers of numbers without spikes: gradients are true derivatives.
private func linearNetwork(seed: UInt64 = 2) throws -> Network {
  try Network(inputShape: [5])
    .appending(DenseLayer(outputs: 7), seed: seed).appending(NeuronLayer(LeakyIntegrator()), seed: seed)
    .appending(DenseLayer(outputs: 3), seed: seed + 1).appending(NeuronLayer(LeakyIntegrator()), seed: seed)
}

private func imageNetwork(seed: UInt64 = 4) throws -> Network {
  try Network(inputShape: [2, 7, 6])
    .appending(ConvLayer(outputs: 4, kernel: .init(3, 3)), seed: seed).appending(NeuronLayer(LIF(threshold: 0.1)), seed: seed)
    .appending(PoolLayer(size: .init(2, 2)), seed: seed)
    .appending(ConvLayer(outputs: 5, kernel: .init(2, 2), padding: .init(1, 1)), seed: seed)
    .appending(NeuronLayer(LIF(threshold: 0.1)), seed: seed).appending(FlattenLayer(), seed: seed)
    .appending(DenseLayer(outputs: 6), seed: seed).appending(NeuronLayer(LIF(threshold: 0.1)), seed: seed)
    .appending(DenseLayer(outputs: 3), seed: seed).appending(NeuronLayer(LIF(threshold: 0.1)), seed: seed)
}

private func activity(_ features: [Int], steps: Int = 9, batch: Int = 3) throws -> Signal {
  var numbers = TestNumbers(11)
  let count = steps * batch * features.reduce(1, *)
  let values = (0..<count).map { _ in numbers.next() < 0.5 ? Float(1) : 0 }
  return .spikes(try Spikes(try Tensor(values, shape: [steps, batch] + features)))
}

/// The network with the weights that leave some units set to zero.
private func silencing(_ network: Network, _ silent: [Int: [Int]]) throws -> Network {
  let graph = UnitGraph(network)
  var layers = network.layers
  for (population, units) in silent {
    let link = try #require(graph.linkOut(of: population))
    let layer = try #require(layers[link.layer] as? any PrunableLayer)
    let starts = units.flatMap { unit in
      (unit * link.rowsPerUnit..<(unit + 1) * link.rowsPerUnit).flatMap { row in
        (0..<layer.outputUnits).map { layer.blockStart(row: row, unit: $0) }
      }
    }
    try layers[link.layer].updateParameters { (parameter, value) throws(Fault) in
      guard parameter == 0 else { return }
      try value.withUnsafeMutableBuffer { weights in
        for start in starts { for place in start..<start + layer.blockSize { weights[place] = 0 } }
      }
    }
  }
  return try network.replacingLayers(layers)
}

@Suite struct UnitGraphTests {
  @Test func channelsAndNeuronsAreUnits() throws {
    let graph = UnitGraph(try imageNetwork())
    #expect(graph.populations.map(\.units) == [2, 4, 5, 6, 3])
    #expect(graph.populations.map(\.isRemovable) == [false, true, true, true, false])
    #expect(graph.links.map(\.layer) == [0, 3, 6, 8])
    #expect(graph.links.map(\.rowsPerUnit) == [1, 1, 3 * 3, 1])
    #expect(graph.links[0].uses == 5 * 4)
  }

  @Test func populationsWithoutAMatrixBetweenThemStay() throws {
    let direct = try Network(inputShape: [4]).appending(DenseLayer(outputs: 4), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1).appending(NeuronLayer(LIF()), seed: 1)
      .appending(DenseLayer(outputs: 3), seed: 1).appending(DenseLayer(outputs: 2), seed: 1)
      .appending(NeuronLayer(LIF()), seed: 1)
    #expect(UnitGraph(direct).populations.allSatisfy { !$0.isRemovable })
    #expect(throws: Fault.self) { _ = try direct.keeping([1: [0]]) }
  }

  @Test func removingSilencedUnitsChangesNothing() throws {
    let plain = try Network(inputShape: [42]).appending(DenseLayer(outputs: 20), seed: 3)
      .appending(NeuronLayer(LIF(threshold: 0.1)), seed: 3).appending(DenseLayer(outputs: 3), seed: 4)
      .appending(NeuronLayer(LIF(threshold: 0.1)), seed: 3)
    for (network, silent) in [(try imageNetwork(), [1: [0, 2], 2: [4], 3: [1, 5]]), (plain, [1: [0, 7, 19]])] {
      let quiet = try silencing(network, silent)
      let graph = UnitGraph(network)
      let kept = silent.mapValues { $0 }.reduce(into: [Int: [Int]]()) { kept, entry in
        kept[entry.key] = (0..<graph.populations[entry.key].units).filter { !entry.value.contains($0) }
      }
      let small = try quiet.keeping(kept)
      #expect(small.parameterCount < network.parameterCount)
      let input = try activity(network.inputShape)
      let before = try quiet.run(input).tensor().scalars
      let after = try small.run(input).tensor().scalars
      #expect(before.contains(1))
      #expect(zip(before, after).count { $0 != $1 } == 0)
    }
  }

  @Test func somethingMustStay() throws {
    #expect(throws: Fault.self) { _ = try imageNetwork().keeping([1: []]) }
    #expect(throws: Fault.self) { _ = try imageNetwork().keeping([0: [0]]) }
    #expect(throws: Fault.self) { _ = try imageNetwork().keeping([9: [0]]) }
  }
}

// The thread pool and the interrupt are one for the process.
@Suite(.serialized) struct GatesTests {
  @Test func slopesAreDerivatives() throws {
    let network = try linearNetwork()
    let gates = NetworkGates(network, TrainingCourse(epochs: 1, batches: 10))
    let input = try activity([5])
    func loss(_ network: Network) throws -> Double {
      try network.run(input).tensor().scalars.reduce(0) { $0 + Double($1) * Double($1) }
    }
    let shaped = try gates.shaped(network)
    let pass = Pass(isTraining: true)
    let trace = try shaped.trace(input, pass)
    let flow = try trace.output.tensor() * 2
    let plain = try shaped.gradients(trace, outputGradients: [3: flow], pass)
    var gradients = plain
    var moved = gates
    try moved.pullBack(&gradients, network)
    let gate = Double(gates.values[1][0])
    #expect(gate > 0.9 && gate < 1)
    for unit in 0..<7 {
      func scaled(_ factor: Float) throws -> Network {
        var layers = shaped.layers
        try layers[2].updateParameters { (parameter, value) throws(Fault) in
          guard parameter == 0 else { return }
          try value.withUnsafeMutableBuffer { weights in for j in 0..<3 { weights[unit * 3 + j] *= factor } }
        }
        return try shaped.replacingLayers(layers)
      }
      let step: Float = 1e-2
      let slope = (try loss(scaled(1 + step)) - loss(scaled(1 - step))) / (2 * Double(step) * gate)
      #expect(abs(Double(moved.slopes[1][unit]) - slope) < 1e-3 * max(1, abs(slope)))
    }
    for (own, running) in zip(gradients[2][0].scalars, plain[2][0].scalars) {
      #expect(abs(own - Float(gate) * running) < 1e-5 * max(1, abs(running)))
    }
  }

  private func options(epochs: Int, price: Double) -> FitOptions {
    var options = FitOptions()
    options.encoder = RateEncoder(steps: 12)
    options.optimizer = Adam(learningRate: 1e-2)
    options.epochs = epochs
    options.batch = 16
    options.seed = 3
    options.objective = FlatPrice(price: price)
    return options
  }

  @Test func aPriceRemovesNeuronsAndLeavesTheTaskLearnt() throws {
    let network = try smallNetwork(seed: 5, inputs: 8, hidden: 40, outputs: 3)
    let trained = try fit(network, try toyData(120), options(epochs: 12, price: 0.01))
    let hidden = try #require(trained.layers[0] as? DenseLayer).outputs
    #expect(hidden < 30)
    #expect(hidden >= 1)
    #expect(try evaluate(trained, try toyData(60, seed: 2)).accuracy > 0.9)
    let history = try #require(trained.history)
    #expect(history.terms.map(\.name) == ["flat", "flat_open", "flat_epoch"])
    #expect(history.terms.allSatisfy { $0.values.count == 12 })
    #expect(history.terms[2].values == (0..<12).map(Double.init))
    #expect(history.terms[1].values[11] == Double(8 + hidden + 3))
  }

  @Test func withoutAPriceNothingIsRemoved() throws {
    let network = try smallNetwork(seed: 5, inputs: 8, hidden: 12, outputs: 3)
    let trained = try fit(network, try toyData(60), options(epochs: 3, price: -1))
    #expect(try #require(trained.layers[0] as? DenseLayer).outputs == 12)
  }

  /// What is shut stays shut when gates become 0 or 1, and nothing else goes.
  @Test func noUnitReturnsAtTheFreeze() throws {
    let network = try smallNetwork(seed: 5, inputs: 8, hidden: 30, outputs: 3)
    var options = NetworkGates.Options()
    (options.start, options.freeze, options.gatesInput) = (0.2, 0.8, true)
    var gates = NetworkGates(network, TrainingCourse(epochs: 1, batches: 100), options)
    var now = network
    for step in 1..<80 {
      var gradients = try now.layers.map { layer in try layer.parameters.map { try Tensor.ones($0.value.shape) * 0.01 } }
      try gates.pullBack(&gradients, now)
      gates.add(gates.values.map { row in row.indices.map { Double($0 % 5) * 1e-3 } })
      try gates.advance(&now, progress: Double(step) / 100)
    }
    let before = gates.kept(above: 0.5)
    #expect(try #require(before[1]).count < 30)
    try gates.advance(&now, progress: 0.8)
    #expect(gates.isFrozen && gates.kept() == before)
    // An input that is gone keeps its place, and none of its weights.
    let finished = try gates.finish(now)
    #expect(finished.inputShape == [8])
    let weights = try #require(finished.layers[0].parameters.first?.value)
    let inputs = (0..<8).filter { row in weights.scalars[row * weights.shape[1]..<(row + 1) * weights.shape[1]].contains { $0 != 0 } }
    #expect(inputs == before[0])
  }

  @Test func aPricedRunIsTheSameOnOneOrTwoThreads() throws {
    let threads = ThreadPool.shared.threads
    defer { ThreadPool.shared.threads = threads }
    var results: [[Float]] = []
    for count in [1, 2, 2] {
      ThreadPool.shared.threads = count
      let trained = try fit(
        try smallNetwork(seed: 5, inputs: 8, hidden: 130, outputs: 3), try toyData(100), options(epochs: 4, price: 0.01))
      results.append(trained.layers.flatMap { $0.parameters.flatMap { $0.value.scalars } })
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test func anInterruptKeepsWhatWasLearnt() throws {
    var options = options(epochs: 40, price: 0.01)
    var seen = 0
    options.progress = { _ in
      seen += 1
      if seen == 60 { Interrupt.request() }
    }
    let network = try smallNetwork(seed: 5, inputs: 8, hidden: 40, outputs: 3)
    let trained = try Interrupt.inOwnRun { try fit(network, try toyData(120), options) }
    let history = try #require(trained.history)
    #expect(history.interrupted)
    #expect(history.terms.allSatisfy { $0.values.count == history.epochs })
    #expect(try evaluate(trained, try toyData(60, seed: 2)).accuracy > 0.5)
  }

  @Test func weightsBelowTheCutStayZero() throws {
    let network = try smallNetwork(seed: 5, inputs: 8, hidden: 12, outputs: 3)
    var gates = NetworkGates(network, TrainingCourse(epochs: 1, batches: 2))
    gates.cuts[0] = 0.1
    var now = network
    try gates.advance(&now, progress: 0.9)
    #expect(gates.isFrozen)
    let weights = try #require(now.layers[0].parameters.first?.value.scalars)
    let before = try #require(network.layers[0].parameters.first?.value.scalars)
    #expect(weights.contains(0))
    #expect(zip(weights, before).allSatisfy { $0 == (abs($1) < 0.1 ? 0 : $1) })
    // An optimiser that moves everything moves no removed weight.
    var gradients = try now.layers.map { layer in try layer.parameters.map { try Tensor.ones($0.value.shape) } }
    try gates.pullBack(&gradients, now)
    #expect(zip(gradients[0][0].scalars, weights).allSatisfy { ($0 == 0) == ($1 == 0) })
  }
}
