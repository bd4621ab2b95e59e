// Sets the first weights of a network before it is trained.

import Faults
import Tensors

extension Network {
  /// Whether some layer has weights that are still as they were drawn.
  public var hasDrawnWeights: Bool { layers.contains(where: \.hasDrawnWeights) }

  /// The network with its first weights set by a rule, layer by layer: by a measuring rule they are multiplied, by
  /// another drawn anew. Only weights that are as their layer drew them change: never ones that were given, loaded,
  /// trained, or drawn by a rule of their layer's own; a measuring rule of its own a layer follows.
  ///
  /// - Parameters:
  ///   - input: a batch for rules that measure, `[time, batch, ...features]`; nil leaves such weights as they are.
  ///   - seed: names the draws of rules that draw.
  public func initialized(
    by rule: any Initializer, on input: Signal?, seed: UInt64
  ) throws(Fault) -> Network {
    try rule.check()
    guard hasDrawnWeights else { return self }
    let walk = FirstWeights(rule: rule, seed: seed, readout: readout?.first)
    var layers = try walk.drawn(layers, place: "")
    if let input { layers = try walk.measured(layers, try fitted(input)).layers }
    return try replacingLayers(layers)
  }
}

/// The walk through the layers.
struct FirstWeights {
  /// For layers without one of their own.
  let rule: any Initializer
  let seed: UInt64
  /// The place of the neurons that are read, in the row that is walked through; nil inside branches.
  var readout: Int?

  // MARK: rules that draw

  /// The layers with weights drawn by the rule, where it is one that draws and they have none of their own.
  func drawn(_ layers: [any Layer], place: String, first: Int = 0) throws(Fault) -> [any Layer] {
    guard rule.measuredDeviation == nil else { return layers }
    var result: [any Layer] = []
    for (index, layer) in layers.enumerated() {
      let name = "\(place)\(first + index)"
      if let branches = layer as? BranchLayer {
        var rows: [[any Layer]] = []
        for (branch, range) in zip(branches.branches, branches.ranges) {
          rows.append(try drawn(branch.layers, place: "\(name).", first: range.lowerBound))
        }
        result.append(branches.with(rows))
      } else if let weighted = layer as? any DrawnLayer, weighted.isAsDrawn, weighted.initializer == nil {
        let stream = RandomStream(seed: seed, purpose: "first weights \(name)")
        result.append(try weighted.redrawn(by: rule, stream: stream))
      } else {
        result.append(layer)
      }
    }
    return result
  }

  // MARK: rules that measure

  /// The standard deviation that a layer's weights shall give potentials, in thresholds; nil for weights that stay.
  private func target(_ layer: any DrawnLayer, isReadout: Bool = false) -> Double? {
    guard layer.isAsDrawn else { return nil }
    if let own = layer.initializer { return own.measuredDeviation }
    return isReadout ? rule.readoutDeviation : rule.measuredDeviation
  }

  /// The layers with the weights before each population of neurons multiplied as measured, and what leaves them.
  func measured(
    _ layers: [any Layer], _ input: consuming Signal
  ) throws(Fault) -> (layers: [any Layer], output: Signal) {
    var layers = layers
    var signal = input
    // The last layer of weights before the neurons to come: all between them is linear, so to multiply its weights is
    // to multiply the neurons' drive.
    var pending: Int?
    var pass = Pass()
    for index in layers.indices {
      try Interrupt.check()
      pass.layerIndex = index
      if let branches = layers[index] as? BranchLayer {
        var (rows, outputs): ([[any Layer]], [Signal]) = ([], [])
        let straight = try signal.unrolled()
        for branch in branches.branches {
          let own = try FirstWeights(rule: rule, seed: seed).measured(branch.layers, straight)
          rows.append(own.layers)
          outputs.append(own.output)
        }
        layers[index] = branches.with(rows)
        signal = try branches.join.forward(outputs)
        pending = nil
        continue
      }
      if let recurrent = layers[index] as? RecurrentLayer {
        var drive = try signal.tensor()
        // What comes back leaves room for itself in the variance, and is left room for.
        let share = target(recurrent) == nil ? 0 : Measured.recurrentShare
        if let place = pending, let factor = try factor(
          before: recurrent.model, drive, layers[place], part: 1 - share, isReadout: index == readout)
        {
          layers[place] = try scaled(layers[place], by: factor)
          drive = try drive * factor
        }
        pending = nil
        let settled = try settled(recurrent, drive, part: share, isReadout: index == readout)
        layers[index] = settled
        signal = try settled.forward(.tensor(drive), pass).output
        continue
      }
      if let neurons = layers[index] as? NeuronLayer {
        if let place = pending {
          var drive = try signal.tensor()
          if let factor = try factor(
            before: neurons.model, drive, layers[place], part: 1, isReadout: index == readout)
          {
            layers[place] = try scaled(layers[place], by: factor)
            drive = try drive * factor
          }
          signal = .tensor(drive)
        }
        pending = nil
      } else if layers[index] is any FormulaLayer {
        pending = nil
      } else if let weighted = layers[index] as? any DrawnLayer {
        pending = target(weighted) == nil ? nil : index
      }
      signal = try layers[index].run(consume signal, pass).output
    }
    return (layers, signal)
  }

  /// What the drive of neurons, and so the weights of `layer`, are to be multiplied by.
  ///
  /// - Parameter part: of the potential's variance that these weights shall make.
  private func factor(
    before model: any NeuronModel, _ drive: Tensor, _ layer: any Layer, part: Double, isReadout: Bool
  ) throws(Fault) -> Float? {
    guard let weighted = layer as? any DrawnLayer, let deviation = target(weighted, isReadout: isReadout) else {
      return nil
    }
    return try DriveSize(model).factor(drive, deviation: deviation * part.squareRoot())
  }

  private func scaled(_ layer: any Layer, by factor: Float) throws(Fault) -> any Layer {
    guard let weighted = layer as? any DrawnLayer else { return layer }
    return try weighted.scaled(by: factor)
  }

  /// A recurrent layer whose own weights make a part of the variance of its potentials, measured on the spikes that the
  /// drive alone brings about; without any spikes the weights stay.
  private func settled(
    _ layer: RecurrentLayer, _ drive: Tensor, part: Double, isReadout: Bool
  ) throws(Fault) -> RecurrentLayer {
    guard let deviation = target(layer, isReadout: isReadout), layer.recurrent != nil else { return layer }
    let output = try layer.model.run(drive, for: .output).output
    guard let spikes = output.spikes, spikes.total > 0 else { return layer }
    let feedback = try layer.feedback(Array(drive.shape.dropFirst(2))).forward(output)
    guard let factor = try DriveSize(layer.model).factor(feedback, deviation: deviation * part.squareRoot()) else {
      return layer
    }
    return try layer.scaled(by: factor)
  }
}
