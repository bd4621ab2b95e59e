// A network is a value: an input shape and a row of layers, each with its parameters.

import Faults
import Tensors

/// A feed-forward spiking network; a value, so that training one gives another and changes nothing.
///
/// It remembers how it was trained (`history`), and the code (`encoder`) and reading (`decoder`) it was trained with.
public struct Network: Sendable {
  /// The features of one sample at one step.
  public let inputShape: [Int]
  public private(set) var layers: [any Layer] = []
  /// The features that leave each layer.
  public private(set) var shapes: [[Int]] = []
  public var encoder: (any Encoder)?
  public var decoder: Decoder?
  /// How numbers are read from the output; nil for a network that was not trained to give any.
  public var reading: Readout?
  /// Where its training stands, so that it can go on; nil for a network that was not trained here.
  public var training: TrainingState?
  public var history: History?
  /// The cores of chips that it was trained to fill; they stay through further training.
  public internal(set) var coreRecords: [CoreRecord] = []

  /// A network without layers.
  ///
  /// - Throws: `.value` for a size below 1.
  public init(inputShape: [Int]) throws(Fault) {
    guard !inputShape.isEmpty, inputShape.allSatisfy({ $0 >= 1 }) else {
      throw Fault(
        .value, "an input needs sizes of at least 1", label: "the input is \(Shape.text(inputShape))",
        help: "write input(784) for a row of features or input(2, 34, 34) for an image with channels")
    }
    _ = try Shape.count(inputShape)
    self.inputShape = inputShape
  }

  /// The features that leave the last layer.
  public var outputShape: [Int] { shapes.last ?? inputShape }
  /// The number of features that leave the last layer: the classes of a classifier.
  public var outputs: Int { outputShape.reduce(1, *) }
  public var parameterCount: Int { layers.reduce(0) { $0 + $1.parameterCount } }
  /// All connections, shared weights counted once for each use.
  public var synapseCount: Int {
    layers.indices.reduce(0) { sum, index in
      let (total, overflow) = sum.addingReportingOverflow(layers[index].synapses(for: inputOf(index)))
      return overflow ? Int.max : total
    }
  }
  /// The positions of the layers that are neurons.
  public var neuronLayers: [Int] { layers.indices.filter { layers[$0].isNeurons } }
  /// The places of all neurons, those inside branches too, in the order in which a step computes them: the position
  /// of the layer, then those inside it.
  public var populations: [[Int]] {
    layers.enumerated().flatMap { index, layer in layer.populations.map { [index] + $0 } }
  }
  /// Whether the output is spikes, so far as the layers tell without running.
  public var endsInSpikes: Bool {
    let last = layers.last { !($0 is FlattenLayer) }
    return (last as? NeuronLayer)?.model.isSpiking ?? (last as? any FormulaLayer)?.isNeurons ?? (last is RecurrentLayer)
  }
  /// Whether the output is how many spikes each neuron sends in a step.
  public var endsInCounts: Bool {
    (layers.last { !($0 is FlattenLayer) } as? NeuronLayer)?.model.sendsCounts ?? false
  }
  /// The places of the neurons whose output is how many spikes they send in a step.
  var countingPopulations: Set<[Int]> {
    func places(_ row: [any Layer]) -> [[Int]] {
      row.enumerated().flatMap { index, layer -> [[Int]] in
        if let neurons = layer as? NeuronLayer { return neurons.model.sendsCounts ? [[index]] : [] }
        return ((layer as? BranchLayer)?.layers).map { places($0).map { [index] + $0 } } ?? []
      }
    }
    return Set(places(layers))
  }
  /// How class labels are read from the output when nothing else is said.
  public var standardDecoder: Decoder { decoder ?? (endsInSpikes || endsInCounts ? .spikeCount : .membraneMaximum) }

  /// The features that enter a layer.
  public func inputOf(_ layer: Int) -> [Int] { layer == 0 ? inputShape : shapes[layer - 1] }

  /// The network with one more layer at its end, whose first weights come from (seed, "weights", its position).
  ///
  /// - Throws: `.shape` when the layer can't take what comes out of the last one; the text names the layer.
  public func appending(_ layer: any Layer, seed: UInt64) throws(Fault) -> Network {
    let input = outputShape
    let position = layers.count
    var grown = self
    do {
      let output = try layer.outputShape(for: input)
      let stream = RandomStream(seed: seed, purpose: "weights", index: UInt64(position))
      let built = try layer.built(for: input, stream: stream)
      try built.checkFinite()
      grown.layers.append(built)
      grown.shapes.append(output)
    } catch {
      var fault = error
      let place = "layer \(position), \(layer.callText)"
      fault.label = fault.label.map { "\(place): \($0)" } ?? place
      throw fault
    }
    grown.history = nil
    grown.training = nil
    grown.coreRecords = []
    return grown
  }

  /// The network with other layers of the same shapes, for example with changed weights.
  ///
  /// - Throws: `.shape` when a layer's features differ.
  public func replacingLayers(_ layers: [any Layer]) throws(Fault) -> Network {
    var copy = try Network(inputShape: inputShape)
    for layer in layers { copy = try copy.appending(layer, seed: 0) }
    copy.encoder = encoder
    copy.decoder = decoder
    copy.reading = reading
    copy.history = history
    copy.coreRecords = coreRecords
    return copy
  }

  /// The network with each layer turned into another of the same shapes.
  func mapLayers(_ body: (any Layer) throws(Fault) -> any Layer) throws(Fault) -> Network {
    var copy = self
    for index in layers.indices { copy.layers[index] = try body(layers[index]) }
    return copy
  }

  /// What tells the network's parameters from others.
  public var fingerprint: UInt64 {
    var print = Fingerprint()
    for (_, value) in namedParameters { print.add(value) }
    return print.bits
  }

  /// A `.value` fault when a weight is infinite or no number, with the layer's name.
  public func checkFinite() throws(Fault) {
    for (index, layer) in layers.enumerated() {
      do { try layer.checkFinite() } catch {
        var fault = error
        fault.label = "layer \(index), \(layer.callText)" + (fault.label.map { ": \($0)" } ?? "")
        throw fault
      }
    }
  }

  /// Takes what a training pass has found out beside gradients, such as statistics of the batch.
  mutating func absorb(_ trace: NetworkTrace, share: Double? = nil) throws(Fault) {
    for (_, memories) in trace.groups {
      for (index, memory) in memories.enumerated() where index < layers.count && layers[index].needsWholeBatch {
        try layers[index].absorb(memory, share: share)
      }
    }
  }

  /// Calls `body` with each parameter of each layer, for changing it in place.
  mutating func updateParameters(
    _ body: (_ layer: Int, _ parameter: Int, inout Tensor) throws(Fault) -> Void
  ) throws(Fault) {
    for index in layers.indices {
      try layers[index].updateParameters { (parameter, value) throws(Fault) in
        try body(index, parameter, &value)
      }
    }
  }

  /// Plain values as the network's own code takes them, `[batch, ...sample]`: one sample, or a batch of them. Nil when
  /// the network has no code, or when the values are activity over time already.
  public func samples(of values: Tensor) throws(Fault) -> Tensor? {
    guard let encoder else { return nil }
    let inputs = inputShape.reduce(1, *)
    let coded = try encoder.codedShape(for: inputShape)
    if encoder.needsTime || coded != inputShape { return try encoder.samples(of: values, inputs: inputs) }
    guard values.rank <= inputShape.count + 1, values.count % max(1, inputs) == 0 else { return nil }
    return try values.reshaped([values.count / max(1, inputs)] + inputShape)
  }

  /// The input with the network's feature shape; features of the same number are rearranged.
  ///
  /// - Throws: `.shape` when the input has another number of features or no time and batch axes.
  func fitted(_ input: Signal) throws(Fault) -> Signal {
    guard input.shape.count >= 2 else {
      throw Fault(
        .shape, "a network runs on activity over time",
        label: "the input is \(Shape.text(input.shape))",
        help: "encode it first: x |> rate(steps=20); the axes are [time, batch, features]")
    }
    guard input.steps > 0 else {
      throw Fault(.shape, "the input has no time steps", label: "the input is \(Shape.text(input.shape))")
    }
    guard input.features == inputShape.reduce(1, *) else {
      throw Fault(
        .shape, "the input does not fit the network",
        label: "a sample is \(Shape.text(input.featureShape)), the network takes \(Shape.text(inputShape))",
        help: "the axes of an input are [time, batch, features]; this one is \(Shape.text(input.shape))")
    }
    return try input.reshaped(features: inputShape)
  }
}

extension Tensor {
  /// The indices of the element at a place of the row-major order.
  func indices(of place: Int) -> [Int] {
    var (rest, indices) = (place, [Int]())
    for size in shape.reversed() {
      indices.insert(rest % max(1, size), at: 0)
      rest /= max(1, size)
    }
    return indices
  }
}

extension Layer {
  /// A `.value` fault when a parameter is infinite or no number.
  func checkFinite() throws(Fault) {
    for (name, value) in parameters where !value.isFinite {
      let scalars = value.scalars
      let place = scalars.firstIndex { !$0.isFinite } ?? 0
      let indices = value.indices(of: place)
      let others = scalars.count { !$0.isFinite } - 1
      let found = NumberText.whole(scalars[place])
      throw Fault(
        .value, "the network has weights that are not finite",
        label: "`\(name)`\(Shape.text(indices)) is \(found)" + (others == 0 ? "" : ", and so are \(others) more"),
        help: "a network with such weights gives nothing but nan; train or load it again")
    }
  }
}
