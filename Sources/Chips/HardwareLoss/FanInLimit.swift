// Neurons with more inputs than a chip allows, and which of their weights stay.

import Faults
import Spiking
import Tensors

/// How many weights an output of a layer may keep.
struct FanInLimit: Sendable {
  /// The position of the layer.
  var layer: Int
  /// Weights of one output, at most.
  var weights: Int

  /// The layers of a network whose neurons have more inputs than fit a neuron or a core; none where a chip has no limit.
  ///
  /// Only `dense` and `conv` outside of branches are listed, as the gates know them.
  static func limits(of network: Network, rules: CoreRules) throws(Fault) -> [FanInLimit] {
    let most = min(rules.fanIn, rules.inputAxons)
    if most == Int.max { return [] }
    let limit = most / max(1, rules.axonsPerSource)
    let graph = network.graph
    var limits: [FanInLimit] = []
    for link in UnitGraph(network).links {
      guard let layer = network.layers[link.layer] as? any PrunableLayer, layer.weight != nil,
        let projection = graph.projections.first(where: { $0.place == [link.layer] })
      else { continue }
      let (sources, targets) = (graph.populations[projection.source].neurons, graph.populations[projection.target].neurons)
      // What returns to a neuron from its own layer takes room too.
      let back = graph.projections.contains { $0.source == projection.target && $0.target == projection.target } ? targets : 0
      let all = (0..<targets).reduce(0) { max($0, projection.wiring.fanIn(of: $1, inputs: sources)) }
      let weights = layer.inputRows * layer.blockSize
      guard all + back > limit, back < limit, weights > 0 else { continue }
      // Behind a pool a weight brings several synapses.
      let each = max(1, (all + weights - 1) / weights)
      let kept = (limit - back) / each
      if kept >= 1 { limits.append(FanInLimit(layer: link.layer, weights: kept)) }
    }
    return limits
  }

  /// 1 for each weight that stays, 0 for the others: the largest of each output stay.
  ///
  /// - Parameter share: of the weights beyond the limit, those that may stay as well.
  func mask(_ network: Network, share: Double = 0) -> [Float] {
    guard let layer = network.layers[self.layer] as? any PrunableLayer, let weight = layer.weight else { return [] }
    return weight.withUnsafeBuffer { values in
      var mask = [Float](repeating: 0, count: values.count)
      let (rows, block) = (layer.inputRows, layer.blockSize)
      let count = weights + Int(share * Double(max(0, rows * block - weights)))
      for unit in 0..<layer.outputUnits {
        var places: [Int] = []
        for row in 0..<rows {
          let start = layer.blockStart(row: row, unit: unit)
          places += start..<start + block
        }
        places.sort { (values[$0].magnitude, $1) > (values[$1].magnitude, $0) }
        for place in places.prefix(count) { mask[place] = 1 }
      }
      return mask
    }
  }
}

extension Network {
  /// The network with no more weights for each output than the limits allow.
  func narrowed(to limits: [FanInLimit]) throws(Fault) -> Network {
    if limits.isEmpty { return self }
    var layers = layers
    for limit in limits {
      let mask = limit.mask(self)
      try layers[limit.layer].updateParameters { (parameter, value) throws(Fault) in
        guard parameter == 0, value.count == mask.count else { return }
        _ = try value.withUnsafeMutableBuffer { values in
          for place in values.indices { values[place] *= mask[place] }
        }
      }
    }
    return try replacingLayers(layers)
  }
}
