// A network as populations of neurons and the projections between them: layers without neurons disappear into the
// projections, as they do on a chip, where only neurons and synapses exist.

import Faults
import Tensors

/// The populations of a network and how they are joined.
public struct NetworkGraph: Sendable {
  /// Neurons that share a model, or the features of the input.
  public struct Population: Sendable {
    /// "input", or the model and the position of the layer: "lif 1".
    public var name: String
    /// The position of the layer in the network; nil for the input.
    public var layer: Int?
    /// The same, and for neurons in a branch their positions there; empty for the input.
    public var place: [Int]
    /// The features of one sample, such as [16, 32, 32].
    public var shape: [Int]
    /// The neuron model, such as "lif"; empty for the input and for a readout without neurons.
    public var model: String
    /// Whether its neurons fire; a readout and integrators give numbers.
    public var isSpiking = true

    public var neurons: Int { shape.reduce(1, *) }
    public var isInput: Bool { layer == nil }

    public init(name: String, layer: Int?, shape: [Int], model: String, place: [Int]? = nil) {
      self.name = name
      self.layer = layer
      self.place = place ?? (layer.map { [$0] } ?? [])
      self.shape = shape
      self.model = model
    }
  }

  /// Synapses from one population to another (or to itself).
  public struct Projection: Sendable {
    public var source: Int
    public var target: Int
    public var wiring: Wiring
    /// The weights, where one layer of the projection has some: `[inputs, outputs]` of `dense`,
    /// `[outputs, inputs, height, width]` of `conv`, `[neurons, neurons]` of `recurrent`.
    public var weight: Tensor?
    /// The position of the layer that the weights belong to; in a branch, that of the residual layer.
    public var layer: Int?
    /// The same with the positions in a branch; empty without weights.
    public var place: [Int]
    /// The layers between both, in order, but for those that change nothing.
    public internal(set) var stages: [Stage] = []
    /// Whether its layers add an offset other than zero.
    public var hasOffset = false

    public init(
      source: Int, target: Int, wiring: Wiring, weight: Tensor? = nil, layer: Int? = nil, place: [Int]? = nil
    ) {
      self.source = source
      self.target = target
      self.wiring = wiring
      self.weight = weight
      self.layer = layer
      self.place = place ?? (layer.map { [$0] } ?? [])
    }
  }

  /// One layer without neurons, as a part of a projection.
  public struct Stage: Sendable {
    public var wiring: Wiring
    /// Its weights, as a projection's; nil for a pool.
    public var weight: Tensor?
    public var inputs: Int
    public var outputs: Int
  }

  /// In the order in which a step computes them; the first is the input.
  public private(set) var populations: [Population]
  public private(set) var projections: [Projection] = []
  /// What the network's delays ask of a chip.
  public let delays: DelayNeeds

  /// The graph of a network.
  public init(_ network: Network) {
    delays = network.delayNeeds()
    populations = [Population(name: "input", layer: nil, shape: network.inputShape, model: "")]
    let open = walk(
      network.layers, input: network.inputShape, place: [], from: [Projection(source: 0, target: 0, wiring: .each)])
    if let last = network.layers.indices.last, !network.layers[last].isNeurons {
      let target = populations.count
      var readout = Population(name: "readout", layer: last, shape: network.outputShape, model: "")
      readout.isSpiking = false
      populations.append(readout)
      close(open, at: target)
    }
  }

  /// Walks a row of layers with the projections that are still open at its beginning; answers with those at its end.
  private mutating func walk(
    _ layers: [any Layer], input: [Int], place: [Int], from begin: [Projection], first: Int = 0
  ) -> [Projection] {
    var open = begin
    var shape = input
    for (index, layer) in layers.enumerated() {
      let here = place + [first + index]
      let output = (try? layer.outputShape(for: shape)) ?? shape
      if let branches = layer as? BranchLayer {
        open = walk(branches, input: shape, output: output, place: here, from: open)
      } else if layer.isNeurons {
        let target = populations.count
        populations.append(population(layer, here, output))
        close(open, at: target)
        if let recurrent = layer as? RecurrentLayer {
          let wiring = recurrent.feedbackWiring(output)
          var back = Projection(
            source: target, target: target, wiring: wiring, weight: recurrent.recurrent, layer: here[0], place: here)
          let count = output.reduce(1, *)
          back.stages = [Stage(wiring: wiring, weight: recurrent.recurrent, inputs: count, outputs: count)]
          projections.append(back)
        }
        open = [Projection(source: target, target: 0, wiring: .each)]
      } else {
        let weight = layer.parameters.first { $0.name == "weight" }?.value
        let wiring = layer.wiring(for: shape)
        let stage = Stage(
          wiring: wiring, weight: weight, inputs: shape.reduce(1, *), outputs: output.reduce(1, *))
        let bias = layer.parameters.first { $0.name == "bias" }?.value
        let hasOffset = bias?.withUnsafeBuffer { $0.contains { $0 != 0 } } ?? false
        for number in open.indices {
          if hasOffset { open[number].hasOffset = true }
          open[number].wiring = open[number].wiring.followed(by: wiring, outputs: stage.outputs)
          if wiring != .each || weight != nil { open[number].stages.append(stage) }
          guard let weight else { continue }
          // Two layers of weights in a row have no single matrix.
          open[number].weight = open[number].layer == nil ? weight : nil
          open[number].layer = here[0]
          open[number].place = here
        }
      }
      shape = output
    }
    return open
  }

  /// Walks through branches: what comes after hears each of them.
  private mutating func walk(
    _ branches: BranchLayer, input: [Int], output: [Int], place: [Int], from begin: [Projection]
  ) -> [Projection] {
    guard let shapes = try? branches.shapes(for: input) else { return begin }
    var rows: [[Projection]] = []
    var offset = 0
    let count = output.reduce(1, *)
    for number in branches.branches.indices {
      let own = (shapes[number].last ?? input).reduce(1, *)
      var open = walk(
        branches.branches[number].layers, input: input, place: place, from: begin, first: branches.ranges[number].lowerBound)
      let wiring: Wiring =
        branches.join.kind == .concat && own != count ? .shifted(offset) : own == count && branches.join.kind != .attention ? .each : .all
      if wiring != .each {
        for index in open.indices {
          open[index].wiring = open[index].wiring.followed(by: wiring, outputs: count)
          open[index].stages.append(Stage(wiring: wiring, weight: nil, inputs: own, outputs: count))
        }
      }
      offset += own
      rows.append(open)
    }
    // The straight way of a residual is listed before its branch.
    return (branches.isResidual ? rows.reversed() : rows).flatMap { $0 }
  }

  /// Of each population, whether its neurons have offsets.
  public var hasOffsets: [Bool] {
    var result = [Bool](repeating: false, count: populations.count)
    for projection in projections where projection.hasOffset { result[projection.target] = true }
    return result
  }

  private func population(_ layer: any Layer, _ place: [Int], _ shape: [Int]) -> Population {
    var population = Population(
      name: "\(layer.name) \(place.map(String.init).joined(separator: "."))", layer: place.first, shape: shape,
      model: (layer as? RecurrentLayer)?.model.name ?? layer.name, place: place)
    population.isSpiking = (layer as? NeuronLayer)?.model.isSpiking ?? true
    return population
  }

  private mutating func close(_ open: [Projection], at target: Int) {
    for var projection in open {
      projection.target = target
      projections.append(projection)
    }
  }
}

extension Network {
  /// The populations of neurons and the synapses between them.
  ///
  /// Groups and gaps of convolutions are no synapses, so they are counted as zeros of plain ones.
  public var graph: NetworkGraph { NetworkGraph((try? plain()) ?? self) }
}
