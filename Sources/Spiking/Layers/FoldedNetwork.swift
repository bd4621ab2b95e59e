// A network without batch normalisation that does the same: what each channel is multiplied by goes into the weights
// before it, and what is added into their offsets.

import Faults
import Tensors

extension Network {
  /// Whether a layer, or one inside it, normalises by batches.
  public var hasBatchNorm: Bool { layers.contains { $0.hasBatchNorm } }

  /// The network with each `batch_norm` folded into the layer of weights right before it. It does the same outside of
  /// training, up to the rounding of one product, and has no history.
  ///
  /// - Throws: `.value` for a `batch_norm` that stands behind something else, or has statistics for each step.
  public func folded() throws(Fault) -> Network {
    guard hasBatchNorm else { return self }
    var copy = try Network(inputShape: inputShape)
    for layer in try LayerRow.folded(layers, place: "") { copy = try copy.appending(layer, seed: 0) }
    copy.encoder = encoder
    copy.decoder = decoder
    copy.reading = reading
    return copy
  }
}

extension Network {
  /// The network as a chip runs it: folded.
  ///
  /// - Throws: `.value` for a layer that no synapses can stand for.
  public func forChips() throws(Fault) -> Network {
    let network = try folded().plain()
    if let index = network.layers.firstIndex(where: { !$0.mapsToSynapses }) {
      throw Fault(
        .value, "no chip runs `\(network.layers[index].name)`", label: "layer \(index), \(network.layers[index].callText)",
        help: network.layers[index].chipHelp)
    }
    return network
  }

  /// The network with its running statistics as the means over batches, with the weights as they are.
  public func calibrated(on batches: Batches) throws(Fault) -> Network {
    var measured = self
    for index in 0..<batches.count {
      try Interrupt.check()
      let trace = try trace(try fitted(try batches.batch(index).input), Pass(isTraining: true))
      try measured.absorb(trace, share: 1 / Double(index + 1))
    }
    return measured
  }
}

extension Layer {
  var hasBatchNorm: Bool {
    self is BatchNormLayer || (self as? BranchLayer)?.layers.contains { $0.hasBatchNorm } == true
  }
}

extension LayerRow {
  fileprivate static func folded(_ layers: [any Layer], place: String, first: Int = 0) throws(Fault) -> [any Layer] {
    var result: [any Layer] = []
    for (index, layer) in layers.enumerated() {
      if let branches = layer as? BranchLayer {
        var rows: [[any Layer]] = []
        for (branch, range) in zip(branches.branches, branches.ranges) {
          rows.append(try folded(branch.layers, place: "\(place)\(index).", first: range.lowerBound))
        }
        result.append(branches.with(rows))
        continue
      }
      guard let norm = layer as? BatchNormLayer else {
        result.append(layer)
        continue
      }
      let (factor, offset) = try norm.affine()
      switch result.popLast() {
      case let dense as DenseLayer where dense.weight != nil:
        result.append(try dense.scaled(by: factor, adding: offset))
      case let dense as DelayedDenseLayer where dense.weight != nil:
        result.append(try dense.scaled(by: factor, adding: offset))
      case let conv as ConvLayer where conv.weight != nil:
        result.append(try conv.scaled(by: factor, adding: offset))
      case let conv as GroupedConvLayer where conv.weight != nil:
        result.append(try conv.scaled(by: factor, adding: offset))
      case let conv as TransposedConvLayer where conv.weight != nil:
        result.append(try conv.scaled(by: factor, adding: offset))
      case let other:
        throw Fault(
          .value, "`batch_norm` of layer \(place)\(first + index) cannot be folded",
          label: other.map { "it stands behind \($0.callText)" } ?? "nothing stands before it",
          help: "put it right behind dense or conv; a chip has nothing else that could take it in")
      }
    }
    return result
  }
}

extension DenseLayer {
  fileprivate func scaled(by factor: [Float], adding offset: [Float]) throws(Fault) -> DenseLayer {
    guard let weight else { return self }
    let scale = try Tensor(factor, shape: [factor.count])
    let moved = try Tensor(offset, shape: [offset.count])
    return try DenseLayer(weight: try weight * scale, bias: try bias.map { (bias) throws(Fault) in try bias * scale + moved } ?? moved)
  }
}

extension GroupedConvLayer {
  fileprivate func scaled(by factor: [Float], adding offset: [Float]) throws(Fault) -> GroupedConvLayer {
    guard let weight else { return self }
    let scale = try Tensor(factor, shape: [factor.count])
    let moved = try Tensor(offset, shape: [offset.count])
    return try GroupedConvLayer(
      weight: try weight * scale.reshaped([factor.count] + weight.shape.dropFirst().map { _ in 1 }),
      bias: try bias.map { (bias) throws(Fault) in try bias * scale + moved } ?? moved, geometry)
  }
}

extension TransposedConvLayer {
  fileprivate func scaled(by factor: [Float], adding offset: [Float]) throws(Fault) -> TransposedConvLayer {
    guard let weight else { return self }
    let scale = try Tensor(factor, shape: [factor.count])
    let moved = try Tensor(offset, shape: [offset.count])
    return try TransposedConvLayer(
      weight: try weight * scale.reshaped([factor.count] + weight.shape.dropFirst(2).map { _ in 1 }),
      bias: try bias.map { (bias) throws(Fault) in try bias * scale + moved } ?? moved, geometry, outputPadding: outputPadding)
  }
}

extension ConvLayer {
  fileprivate func scaled(by factor: [Float], adding offset: [Float]) throws(Fault) -> ConvLayer {
    guard let weight else { return self }
    let scale = try Tensor(factor, shape: [factor.count])
    let moved = try Tensor(offset, shape: [offset.count])
    return try ConvLayer(
      weight: try weight * scale.reshaped([factor.count, 1, 1, 1]),
      bias: try bias.map { (bias) throws(Fault) in try bias * scale + moved } ?? moved, stride: stride, padding: padding)
  }
}
