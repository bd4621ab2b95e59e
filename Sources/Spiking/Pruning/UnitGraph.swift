// Which units of a network can be removed, and through which weights they are joined.

import Faults
import Tensors

/// The populations of a network by units (neurons, or channels of an image), and the weights between them.
///
/// The populations are those of `NetworkGraph`, in the same order. A link exists where exactly one `dense` or `conv`
/// lies between two populations; pools, dropout and flattening keep units apart and are passed over. What lies beside
/// other layers, the input, and the last population keep all their units.
public struct UnitGraph: Sendable {
  /// Neurons that share a model, or the features of the input.
  public struct Population: Sendable, Equatable {
    /// The position of the layer in the network; nil for the input.
    public var layer: Int?
    /// What can be removed as a whole: neurons, or the channels of an image.
    public var units: Int
    /// 1, or the places of an image.
    public var neuronsPerUnit: Int
    public var isRemovable: Bool
  }

  /// The weights of one layer between two populations.
  public struct Link: Sendable, Equatable {
    public var source: Int
    public var target: Int
    /// The position of the layer of weights.
    public var layer: Int
    /// Rows of weights that belong to one unit of the source: more than 1 where an image was flattened.
    public var rowsPerUnit: Int
    /// Synapses that one weight stands for: more than 1 in a convolution.
    public var uses: Double
  }

  public private(set) var populations: [Population]
  public private(set) var links: [Link] = []

  public init(_ network: Network) {
    populations = [Self.input(of: network)]
    var source = 0
    var weights: [Int] = []
    var isOpaque = false
    for (index, layer) in network.layers.enumerated() {
      let isLast = index == network.layers.count - 1
      if !layer.isNeurons {
        if layer is any PrunableLayer {
          weights.append(index)
        } else if layer.parameterCount > 0 || !Self.keepsUnits(layer) {
          isOpaque = true
        }
        guard isLast else { continue }
      }
      let isPlain = layer.isNeurons && layer.parameters.allSatisfy { $0.value.count == 1 } && layer is NeuronLayer
      populations.append(Self.population(index, network.shapes[index], isRemovable: isPlain && !isLast))
      let target = populations.count - 1
      if !isOpaque, weights.count == 1, let position = weights.first,
        let link = Self.link(network, position, source: source, target: target, populations)
      {
        links.append(link)
      } else {
        populations[source].isRemovable = false
        populations[target].isRemovable = false
      }
      source = target
      weights = []
      isOpaque = false
    }
    populations[populations.count - 1].isRemovable = false
  }

  /// The link that ends at a population, and the one that leaves it.
  public func linkInto(_ population: Int) -> Link? { links.first { $0.target == population } }
  public func linkOut(of population: Int) -> Link? { links.first { $0.source == population } }

  /// The input by channels, or by features where a dense layer reads them one by one.
  private static func input(of network: Network) -> Population {
    var input = population(nil, network.inputShape, isRemovable: false)
    let reader = network.layers.first { !($0 is FlattenLayer) && !($0 is DropoutLayer) }
    if let dense = reader as? DenseLayer, dense.inputRows == input.units * input.neuronsPerUnit {
      (input.units, input.neuronsPerUnit) = (dense.inputRows, 1)
    }
    return input
  }

  private static func population(_ layer: Int?, _ shape: [Int], isRemovable: Bool) -> Population {
    let neurons = shape.reduce(1, *)
    let units = shape.count == 3 ? shape[0] : neurons
    return Population(
      layer: layer, units: units, neuronsPerUnit: neurons / max(1, units), isRemovable: isRemovable)
  }

  /// Whether a layer without weights leaves each unit's features in its own unit.
  private static func keepsUnits(_ layer: any Layer) -> Bool {
    layer is FlattenLayer || layer is DropoutLayer || layer.name == "pool"
  }

  private static func link(
    _ network: Network, _ position: Int, source: Int, target: Int, _ populations: [Population]
  ) -> Link? {
    guard let layer = network.layers[position] as? any PrunableLayer, layer.weight != nil else { return nil }
    let (units, rows) = (populations[source].units, layer.inputRows)
    guard units > 0, rows % units == 0, layer.outputUnits == populations[target].units else { return nil }
    let stored = rows * layer.outputUnits * layer.blockSize
    let synapses = Double(layer.synapses(for: network.inputOf(position)))
    return Link(
      source: source, target: target, layer: position, rowsPerUnit: rows / units,
      uses: stored > 0 ? synapses / Double(stored) : 0)
  }
}

extension Network {
  /// The network without the units that are not listed; what is left keeps its weights and its order.
  ///
  /// It does the same as before, but for rounding, when each removed unit's outgoing weights were zero.
  ///
  /// - Parameter kept: for a population of `UnitGraph`, the units that stay, in rising order.
  /// - Throws: `.value` for a population that cannot lose units, or that would have none left.
  public func keeping(_ kept: [Int: [Int]]) throws(Fault) -> Network {
    let graph = UnitGraph(self)
    var rows: [Int: [Int]] = [:]
    var units: [Int: [Int]] = [:]
    for (index, list) in kept {
      guard graph.populations.indices.contains(index) else {
        throw Fault(.value, "the network has no population \(index)")
      }
      let population = graph.populations[index]
      if list.count == population.units { continue }
      guard population.isRemovable, let into = graph.linkInto(index), let out = graph.linkOut(of: index) else {
        throw Fault(.value, "neurons of population \(index) cannot be removed")
      }
      guard !list.isEmpty, list.allSatisfy({ $0 >= 0 && $0 < population.units }) else {
        throw Fault(
          .value, "population \(index) cannot be cut down like this",
          label: "it has \(population.units) units, and \(list.count) were to stay")
      }
      units[into.layer] = list
      rows[out.layer] = list.flatMap { unit in (0..<out.rowsPerUnit).map { unit * out.rowsPerUnit + $0 } }
    }
    if units.isEmpty { return self }
    var cut: [any Layer] = []
    for (index, layer) in layers.enumerated() {
      if let prunable = layer as? any PrunableLayer, rows[index] != nil || units[index] != nil {
        cut.append(try prunable.keeping(rows: rows[index], units: units[index]))
      } else {
        cut.append(layer)
      }
    }
    return try replacingLayers(cut)
  }
}
