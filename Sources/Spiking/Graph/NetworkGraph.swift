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
    /// The features of one sample, such as [16, 32, 32].
    public var shape: [Int]
    /// The neuron model, such as "lif"; empty for the input and for a readout without neurons.
    public var model: String

    public var neurons: Int { shape.reduce(1, *) }
    public var isInput: Bool { layer == nil }

    public init(name: String, layer: Int?, shape: [Int], model: String) {
      self.name = name
      self.layer = layer
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
    /// `[outputs, inputs, height, width]` of `conv`.
    public var weight: Tensor?
    /// The position of the layer that the weights belong to.
    public var layer: Int?

    public init(source: Int, target: Int, wiring: Wiring, weight: Tensor? = nil, layer: Int? = nil) {
      self.source = source
      self.target = target
      self.wiring = wiring
      self.weight = weight
      self.layer = layer
    }
  }

  /// In the order in which a step computes them; the first is the input.
  public private(set) var populations: [Population]
  public private(set) var projections: [Projection] = []

  /// The graph of a network.
  public init(_ network: Network) {
    populations = [Population(name: "input", layer: nil, shape: network.inputShape, model: "")]
    var open = Projection(source: 0, target: 0, wiring: .each)
    var endsInNeurons = false
    for (index, layer) in network.layers.enumerated() {
      endsInNeurons = layer.isNeurons
      if layer.isNeurons {
        open.target = populations.count
        populations.append(
          Population(name: "\(layer.name) \(index)", layer: index, shape: network.shapes[index], model: layer.name))
        projections.append(open)
        open = Projection(source: populations.count - 1, target: 0, wiring: .each)
      } else {
        let input = network.inputOf(index)
        open.wiring = open.wiring.followed(by: layer.wiring(for: input))
        if let weight = layer.parameters.first(where: { $0.name == "weight" })?.value {
          // Two layers of weights in a row have no single matrix.
          open.weight = open.layer == nil ? weight : nil
          open.layer = index
        }
      }
    }
    if !endsInNeurons, let last = network.layers.indices.last {
      open.target = populations.count
      populations.append(Population(name: "readout", layer: last, shape: network.outputShape, model: ""))
      projections.append(open)
    }
  }
}

extension Network {
  /// The populations of neurons and the synapses between them.
  public var graph: NetworkGraph { NetworkGraph(self) }
}
