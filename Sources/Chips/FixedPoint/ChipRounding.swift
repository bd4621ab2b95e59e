// A network with the numbers that a chip's whole numbers stand for: what training goes through, so that it learns with them.

import Faults
import Spiking
import Tensors

/// Rounds the weights, offsets, thresholds and leaks of a network as `Deployment` does on a chip of `multiplied_decay`, and
/// gives them back as floating-point numbers. Training runs the rounded network and moves the numbers behind it: the
/// gradient goes through the rounding as if it were not there (straight through).
public struct ChipRounding: Sendable {
  let chip: Chip
  let rounding: CellRounding

  /// - Throws: `.value` for a chip that counts otherwise.
  public init(_ chip: Chip, weightBits: Int? = nil) throws(Fault) {
    guard let arithmetic = chip.arithmetic, arithmetic.cell == .multipliedDecay else {
      throw Fault(
        .value, "a network cannot be trained in the whole numbers of \(chip.name)",
        label: chip.arithmetic.map { "it counts by \($0.cell.rawValue)" } ?? "nothing is known of how it counts",
        help: "training knows the rounding of multiplied_decay, as of chips.loihi1 and chips.loihi2")
    }
    self.chip = chip
    rounding = CellRounding(
      chip: chip, arithmetic: arithmetic, rules: try CoreRules(chip, weightBits: weightBits), seed: 0)
  }

  /// The chip and the bits of its weights.
  public var title: String { "\(chip.name), \(counted(rounding.rules.weightBits, "bit"))" }

  /// The network as the chip would run it, in floating-point numbers.
  ///
  /// - Throws: `.value` for layers that have no rounding of their own here, or numbers that no scale fits.
  public func rounded(_ network: Network) throws(Fault) -> Network {
    var layers = network.layers
    var (weights, poolScale) = ([Int](), 1.0)
    for index in layers.indices {
      func cannot(_ reason: String, help: String) -> Fault {
        Fault(
          .value, "this network cannot be trained in the whole numbers of \(chip.name)",
          label: "layer \(index), \(layers[index].callText): \(reason)", help: help)
      }
      switch layers[index] {
      case is FlattenLayer, is DropoutLayer: break
      case is DenseLayer, is ConvLayer:
        guard weights.isEmpty else { throw cannot("two layers of weights follow each other", help: "put neurons between them") }
        weights = [index]
      case let pool as PoolLayer:
        guard weights.isEmpty, pool.kind != .max else {
          throw cannot("it stands behind weights, or takes the largest", help: "pool sums or means of spikes, before weights")
        }
        if pool.kind == .average { poolScale /= Double(pool.size.y * pool.size.x) }
      case let neurons as NeuronLayer:
        guard !weights.isEmpty else { throw cannot("no weights stand before it", help: "put dense or conv before it") }
        if let lif = neurons.model as? LIF {
          let model = WiredNetwork.Model.lif(beta: lif.beta, threshold: lif.threshold, reset: lif.reset)
          layers[index] = NeuronLayer(lif.with(try round(&layers, weights, nil, model, poolScale, name: "\(neurons.name) \(index)")))
        } else if let li = neurons.model as? LeakyIntegrator {
          let numbers = try round(&layers, weights, nil, .integrator(beta: li.beta), poolScale, name: "\(neurons.name) \(index)")
          layers[index] = NeuronLayer(LeakyIntegrator(beta: Float(numbers.beta)))
        } else {
          throw cannot("its equations are not those of lif or li", help: "train lif(), recurrent(lif()) or li()")
        }
        (weights, poolScale) = ([], 1)
      case var recurrent as RecurrentLayer:
        guard !weights.isEmpty, let lif = recurrent.model as? LIF else {
          throw cannot("it is no recurrent(lif()) behind weights", help: "train dense |> recurrent(lif())")
        }
        let model = WiredNetwork.Model.lif(beta: lif.beta, threshold: lif.threshold, reset: lif.reset)
        recurrent.model = lif.with(try round(&layers, weights, index, model, poolScale, name: "recurrent \(index)"))
        recurrent.recurrent = (layers[index] as? RecurrentLayer)?.recurrent
        layers[index] = recurrent
        (weights, poolScale) = ([], 1)
      default: throw cannot("it has no whole numbers", help: "train with batch_norm first, then fold(): net |> fold() |> fit(…, round=…)")
      }
    }
    // Sums that leave the network.
    if !weights.isEmpty { _ = try round(&layers, weights, nil, .sum, poolScale, name: "readout") }
    return try network.replacingLayers(layers)
  }

  /// Rounds the weights before neurons, and those by which they hear themselves; gives the neurons' numbers.
  private func round(
    _ layers: inout [any Layer], _ places: [Int], _ recurrent: Int?, _ model: WiredNetwork.Model, _ scale: Double,
    name: String
  ) throws(Fault) -> CellRounding.LoihiNumbers {
    var groups: [[Float]] = []
    var bias: [Float] = [0]
    for place in places {
      for (parameter, value) in layers[place].parameters {
        if parameter == "weight" { groups.append(value.scalars.map { Float(Double($0) * scale) }) }
        if parameter == "bias" { bias = value.scalars }
      }
    }
    if let recurrent, let value = (layers[recurrent] as? RecurrentLayer)?.recurrent { groups.append(value.scalars) }
    let numbers = try rounding.loihi(model: model, bias: bias, groups: groups, largestSum: 0, name: name)
    func replace(_ layer: inout any Layer, _ name: String, _ values: [Float]) throws(Fault) {
      let names = layer.parameters.map(\.name)
      try layer.updateParameters { (parameter, value) throws(Fault) in
        guard parameter < names.count, names[parameter] == name, value.count == values.count else { return }
        value = try Tensor(values, shape: value.shape)
      }
    }
    var group = 0
    for place in places {
      let whole = numbers.integers.weights[group]
      group += 1
      try replace(&layers[place], "weight", whole.map { Float(Double($0) / numbers.scale / scale) })
      try replace(&layers[place], "bias", numbers.integers.bias.map { Float(Double($0) / numbers.scale) })
    }
    if let recurrent {
      try replace(&layers[recurrent], "recurrent", numbers.integers.weights[group].map { Float(Double($0) / numbers.scale) })
    }
    return numbers
  }
}

extension LIF {
  /// The neurons that a chip's whole numbers stand for.
  fileprivate func with(_ numbers: CellRounding.LoihiNumbers) -> LIF {
    let reset: LIF.Reset =
      switch numbers.reset {
      case .zero: .zero
      case .subtract: .subtract
      case .none: .none
      }
    return LIF(beta: Float(numbers.beta), threshold: Float(Double(numbers.mantissa * numbers.step) / numbers.scale), reset: reset)
  }
}
