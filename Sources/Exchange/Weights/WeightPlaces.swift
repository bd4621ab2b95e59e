// Where a network's parameters are, under the names and in the order of axes that PyTorch gives them.

import Spiking

/// The parameters of one module of PyTorch: of a layer of ours, or of what comes back to recurrent neurons.
struct WeightPlace {
  struct Field {
    /// In the network, such as "0.weight"; see `Network.namedParameters`.
    var own: String
    /// In the module, such as "weight".
    var name: String
    /// Whether the axes are in the other order: inputs first here, outputs first there.
    var isTurned = false
  }

  /// The name that a module is given: the layer's place, such as "0" or "2.1", and ".recurrent" behind that of recurrent
  /// neurons, as snnTorch calls it.
  var prefix: String
  /// The layer as it is called, for messages.
  var layer: String
  var fields: [Field]
}

/// Neurons, whose constants a state dictionary may hold.
struct NeuronPlace {
  var prefix: String
  var layer: String
  var model: any NeuronModel
  /// The parameters that are learnt.
  var fields: [WeightPlace.Field]
}

/// All places of a network, in the order of its layers.
struct WeightPlaces {
  private(set) var weights: [WeightPlace] = []
  private(set) var neurons: [NeuronPlace] = []

  init(_ network: Network) { add(network.layers, "") }

  private mutating func add(_ row: [any Layer], _ base: String) {
    for (index, layer) in row.enumerated() {
      let prefix = "\(base)\(index)"
      func plain(_ names: [(String, String)]) -> [WeightPlace.Field] {
        names.map { WeightPlace.Field(own: "\(prefix).\($0.0)", name: $0.1) }
      }
      switch layer {
      case let branches as BranchLayer: add(branches.layers, "\(prefix).")
      case let neurons as NeuronLayer: add(neurons.model, prefix, layer)
      case let recurrent as RecurrentLayer:
        weights.append(
          WeightPlace(
            prefix: "\(prefix).recurrent", layer: layer.callText,
            fields: [.init(own: "\(prefix).recurrent", name: "weight", isTurned: true)]))
        add(recurrent.model, prefix, layer)
      case is BatchNormLayer:
        let fields = plain([("scale", "weight"), ("offset", "bias"), ("mean", "running_mean"), ("variance", "running_var")])
        weights.append(WeightPlace(prefix: prefix, layer: layer.callText, fields: fields))
      case is LayerNormLayer:
        weights.append(
          WeightPlace(prefix: prefix, layer: layer.callText, fields: plain([("scale", "weight"), ("offset", "bias")])))
      default:
        let names = (layer.parameters + layer.buffers).map(\.name)
        if names.isEmpty { continue }
        let fields = names.map {
          WeightPlace.Field(own: "\(prefix).\($0)", name: $0, isTurned: layer is DenseLayer && $0 == "weight")
        }
        weights.append(WeightPlace(prefix: prefix, layer: layer.callText, fields: fields))
      }
    }
  }

  private mutating func add(_ model: any NeuronModel, _ prefix: String, _ layer: any Layer) {
    let fields = model.learnables.map { WeightPlace.Field(own: "\(prefix).\($0.name)", name: $0.name) }
    neurons.append(NeuronPlace(prefix: prefix, layer: layer.callText, model: model, fields: fields))
  }
}
