// A network whose layers a chip, or a C program, knows: each convolution is one of images, with weights of zero where groups or
// gaps have none, and each pool one of images.

import Faults
import Tensors

extension Network {
  /// The network with convolutions along rows, with groups or with gaps, and with pools along rows, as plain ones of
  /// images; a row of `length` positions is an image that is one row high. It does the same.
  public func plain() throws(Fault) -> Network {
    guard layers.contains(where: \.hasPlainForm) else { return self }
    let isRow = inputShape.count == 2
    var copy = try Network(inputShape: isRow ? [inputShape[0], 1, inputShape[1]] : inputShape)
    for layer in try LayerRow.plain(layers, for: inputShape, isRow: isRow).layers { copy = try copy.appending(layer, seed: 0) }
    copy.encoder = encoder
    copy.decoder = decoder
    copy.reading = reading
    return copy
  }
}

extension Layer {
  /// Whether the layer, or one inside it, is written otherwise by `Network.plain`.
  var hasPlainForm: Bool {
    if let branches = self as? BranchLayer { return branches.layers.contains(where: \.hasPlainForm) }
    if let recurrent = self as? RecurrentLayer { return recurrent.recurrent?.rank == 3 }
    return self is GroupedConvLayer || self is LinePoolLayer || self is AdaptivePoolLayer
  }

  /// What to do where no chip runs the layer.
  var chipHelp: String {
    switch self {
    case is LayerNormLayer: "train with batch_norm() instead, which folds into the weights before it"
    case let branches as BranchLayer where !branches.join.isSum:
      "synapses add: join the branches by \"add\" or \"concat\""
    case is TransposedConvLayer: "no two of its outputs share a window; conv or dense run on chips"
    case is GroupedConvLayer, is LinePoolLayer: "it runs where the network's input is rows too: input(channels, length)"
    case is AdaptivePoolLayer: "give it an output that divides the input's size, so that all windows are alike"
    default: "take dense, conv, pool, and neurons with equations of their own"
    }
  }
}

extension LayerRow {
  fileprivate static func plain(
    _ layers: [any Layer], for input: [Int], isRow: Bool
  ) throws(Fault) -> (layers: [any Layer], output: [Int]) {
    var result: [any Layer] = []
    var shape = input
    for layer in layers {
      let output = try layer.outputShape(for: shape)
      switch layer {
      case let conv as GroupedConvLayer where (conv.geometry.axes == 1) == (isRow && shape.count == 2):
        if let plain = try conv.plain() { result.append(plain) } else { result.append(conv) }
      case let recurrent as RecurrentLayer where isRow && shape.count == 2:
        result.append(try recurrent.overImages())
      case let pool as LinePoolLayer where isRow: result.append(pool.images)
      case let pool as AdaptivePoolLayer where isRow || shape.count == 3:
        if let plain = pool.plain(for: shape) { result.append(plain) } else { result.append(pool) }
      case let branches as BranchLayer:
        var rows: [[any Layer]] = []
        for branch in branches.branches { rows.append(try plain(branch.layers, for: shape, isRow: isRow).layers) }
        result.append(branches.with(rows))
      default: result.append(layer)
      }
      shape = output
    }
    return (result, shape)
  }
}
