// The figures by which the NeuroBench framework compares networks (Yik et al. 2025, Nature Communications 16, 1545), as its
// package reckons them: `scripts/compare-neurobench` holds both against each other.

import Faults
import Tensors

/// What a network needs and does, whatever the machine.
public struct NeuroBenchFigures: Sendable, Equatable {
  /// Numbers that training moves.
  public var parameters = 0
  /// Bytes of the parameters and of what layers keep beside them, all of them 32-bit floats.
  public var footprint = 0
  /// The share of zeros among the weights between neurons; 0 without any.
  public var connectionSparsity = 0.0
  /// The share of zeros among what left the neurons, over all of them, all steps and all samples; 0 without neurons.
  public var activationSparsity = 0.0
  /// For a sample, as all below: additions of a weight, over weights other than 0 and inputs of 1 or -1.
  public var effectiveACs = 0.0
  /// Multiplications of a weight and its addition, over weights and inputs other than 0, in steps with other inputs than 0,
  /// 1 and -1.
  public var effectiveMACs = 0.0
  /// Operations if no weight and no input were 0.
  public var denseOperations = 0.0
  /// Steps that left a neuron with another potential than the step before; the first step counts for each neuron.
  public var membraneUpdates = 0.0
}

/// Runs a network on each sample and counts what it does. Biases are no synapses, and what passes a pool or a norm is none.
///
/// - Parameters:
///   - encoder: the code of the samples; nil for the one that the network remembers.
///   - seed: names the draws of random codes, which are those of `evaluate` with the same seed.
/// - Throws: `.value` or `.shape` when the samples don't fit; `.interrupt`.
public func neuroBench(
  _ network: Network, _ data: Dataset, encoder: (any Encoder)? = nil, seed: UInt64 = 0
) throws(Fault) -> NeuroBenchFigures {
  var tally = NeuroBenchTally()
  // Targets say nothing here.
  let samples = try Dataset(name: data.name, samples: data.samples, labels: [Int](repeating: 0, count: data.count))
  let source = try BatchSource(samples, network: network, encoder: encoder ?? network.encoder)
  let size = 256
  for (batch, start) in stride(from: 0, to: data.count, by: size).enumerated() {
    let indices = Array(start..<min(data.count, start + size))
    let whole = try source.signal(indices, stream: RandomStream(seed: seed, purpose: "evaluate", index: UInt64(batch)))
    let groups = SampleGroups(steps: whole.steps, batch: whole.batch, shapes: network.shapes, parameters: network.parameterCount)
    for range in groups.ranges { _ = try tally.run(network.layers, try network.fitted(whole.samples(range))) }
  }
  tally.count(network.layers)
  var figures = NeuroBenchFigures()
  figures.parameters = network.parameterCount
  let buffers = network.layers.reduce(0) { sum, layer in sum + layer.buffers.reduce(0) { $0 + $1.value.count } }
  figures.footprint = (figures.parameters + buffers) * MemoryLayout<Float>.size
  figures.connectionSparsity = Double(tally.zeros) / Double(max(1, tally.weights))
  figures.activationSparsity = Double(tally.silent) / Double(max(1, tally.outputs))
  let count = Double(max(1, data.count))
  figures.effectiveACs = tally.additions / count
  figures.effectiveMACs = tally.products / count
  figures.denseOperations = tally.dense / count
  figures.membraneUpdates = Double(tally.updates) / count
  return figures
}

private struct NeuroBenchTally {
  var zeros = 0, weights = 0
  var silent = 0, outputs = 0
  var additions = 0.0, products = 0.0, dense = 0.0
  var updates = 0

  /// Counts the weights of layers.
  mutating func count(_ layers: [any Layer]) {
    for layer in layers {
      if let branches = layer as? BranchLayer { count(branches.layers) }
      let weight = (layer as? RecurrentLayer)?.recurrent ?? layer.synapticWeight
      guard let weight else { continue }
      weights += weight.count
      zeros += weight.withUnsafeBuffer { $0.count { $0 == 0 } }
    }
  }

  /// Runs a row of layers, counts what they do, and gives what leaves the last.
  mutating func run(_ layers: [any Layer], _ input: Signal) throws(Fault) -> Signal {
    var signal = input
    for layer in layers {
      try Interrupt.check()
      if let branches = layer as? BranchLayer {
        var outputs: [Signal] = []
        let straight = signal
        for branch in branches.branches { outputs.append(try run(branch.layers, straight)) }
        signal = try branches.join.forward(outputs)
        continue
      }
      if layer.synapticWeight != nil { try count(signal, into: try layer.binary(full: false), full: try layer.binary(full: true)) }
      let output = try layer.run(signal, Pass()).output
      if layer.isNeurons { try count(signal, output, of: layer) }
      signal = output
    }
    return signal
  }

  /// What flows into a layer of weights.
  private mutating func count(_ input: Signal, into layer: any Layer, full: any Layer) throws(Fault) {
    let one = try full.forward(.tensor(try Tensor.ones([1, 1] + input.featureShape)), Pass()).output
    dense += try one.tensor().exactSum * Double(input.steps * input.batch)
    if case .spikes = input {
      additions += try layer.forward(input, Pass()).output.tensor().exactSum
      return
    }
    let (values, times) = if case .steady(let once, let steps) = input { (once, steps) } else { (try input.tensor(), 1) }
    for step in 0..<values.shape[0] {
      try Interrupt.check()
      let now = try values.step(step)
      let isEvents = now.withUnsafeBuffer { $0.allSatisfy { $0 == 0 || $0 == 1 || $0 == -1 } }
      let number = try layer.forward(.tensor(try now.binary), Pass()).output.tensor().exactSum * Double(times)
      if isEvents { additions += number } else { products += number }
    }
  }

  /// What neurons do.
  private mutating func count(_ input: Signal, _ output: Signal, of layer: any Layer) throws(Fault) {
    outputs += output.shape.reduce(1, *)
    let values = output.spikes == nil ? try output.tensor() : nil
    silent += output.shape.reduce(1, *) - (output.spikes?.total ?? values?.withUnsafeBuffer { $0.count { $0 != 0 } } ?? 0)
    if let recurrent = layer as? RecurrentLayer, let weight = recurrent.recurrent, let spikes = output.spikes {
      // Nothing comes back in the first step, and the last one's spikes reach nobody.
      dense += Double(recurrent.synapses(for: input.featureShape)) * Double(input.steps * input.batch)
      let heard = Signal.spikes(try spikes.timeSlice(0..<max(0, spikes.steps - 1)))
      if heard.steps > 0 { additions += try Feedback(try weight.binary, features: input.featureShape).forward(heard).exactSum }
    }
    let drive = try input.tensor()
    func walk(_ neurons: Int, _ model: any NeuronModel, _ step: (Tensor) throws(Fault) -> [[Float]]) throws(Fault) {
      let place = model.stateNames.firstIndex(of: "v") ?? 0
      var before: [Float]?
      for time in 0..<drive.shape[0] {
        try Interrupt.check()
        let states = try step(try drive.step(time))
        guard states.indices.contains(place) else { return }
        updates += before.map { zip($0, states[place]).count { $0 != $1 } } ?? states[place].count
        before = states[place]
      }
    }
    let neurons = drive.shape.dropFirst().reduce(1, *)
    if let recurrent = layer as? RecurrentLayer {
      var state = try recurrent.initialState(neurons: neurons)
      try walk(neurons, recurrent.model) { (drive) throws(Fault) in
        _ = try recurrent.step(.tensor(drive), state: &state)
        return state.neurons.values
      }
    } else if let population = layer as? NeuronLayer {
      var state = try population.model.initialState(neurons: neurons)
      try walk(neurons, population.model) { (drive) throws(Fault) in
        _ = try population.model.step(drive, state: &state)
        return state.values
      }
    }
  }
}

extension Layer {
  /// The weights of a layer that stands between neurons; nil for one without, such as a pool.
  fileprivate var synapticWeight: Tensor? { isNeurons ? nil : parameters.first { $0.name == "weight" }?.value }

  /// The layer without a bias, whose weights are 1 where they are not 0, or all of them: what leaves it counts operations.
  fileprivate func binary(full: Bool) throws(Fault) -> any Layer {
    let names = parameters.map(\.name)
    var copy: any Layer = self
    try copy.updateParameters { (index, value) throws(Fault) in
      value = names[index] != "weight" ? try Tensor.zeros(value.shape) : full ? try Tensor.ones(value.shape) : try value.binary
    }
    return copy
  }
}

extension Tensor {
  /// 1 where it is not 0.
  fileprivate var binary: Tensor {
    get throws(Fault) { try Tensor(scalars.map { $0 == 0 ? 0 : 1 }, shape: shape) }
  }

  /// The sum of whole numbers, in 64 bits.
  fileprivate var exactSum: Double { withUnsafeBuffer { $0.reduce(0) { $0 + Double($1) } } }
}
