// The network that a chip runs: the user's, with every number as the chip can keep it. What is placed, charged and
// measured is this one.

import Faults
import Glibc
import Spiking
import Tensors

/// A network with its numbers rounded to a chip's formats, and what that did.
public struct ChipNetwork: Sendable {
  public private(set) var network: Network
  /// nil where weights are floating-point numbers.
  public let rounding: WeightRounding?
  public private(set) var weights: [RoundedWeights] = []
  /// What is rounded, and what is not though a chip would: sentences for the report.
  public private(set) var rounded: [String] = []
  public private(set) var kept: [String] = []
  public private(set) var warnings: [String] = []

  private let chip: Chip
  /// Neurons whose parameters have no known meaning.
  private var unknown: [String] = []

  /// - Parameters:
  ///   - scale, clip: as in `WeightRounding`.
  /// - Throws: `.value` for weights that aren't finite, or a scale for each output where it cannot be kept.
  public init(
    _ network: Network, on chip: Chip, rules: CoreRules, scale: WeightRounding.Scale = .layer, clip: Double = 1
  ) throws(Fault) {
    self.network = network
    self.chip = chip
    guard rules.isQuantised else {
      rounding = nil
      if scale != .layer || clip != 1 {
        throw Fault(
          .value, "\(chip.name) keeps weights as floating-point numbers, without a scale",
          label: scale == .layer ? "clip is \(clip)" : "weight_scale is \"\(scale.rawValue)\"",
          help: "give weight_bits, or leave it out")
      }
      kept = ["all numbers: they are floating-point numbers here"]
      return
    }
    let rounding = WeightRounding(bits: rules.weightBits, scale: scale, clip: clip)
    try rounding.check()
    self.rounding = rounding
    var layers = network.layers
    try round(&layers, rounding, place: "")
    self.network = try network.replacingLayers(layers)
    warnings += weights.flatMap { $0.warnings(rounding) }
    tell(rounding)
  }

  /// A row of layers: the network's, or a branch's.
  private mutating func round(_ layers: inout [any Layer], _ rounding: WeightRounding, place: String, first: Int = 0) throws(Fault) {
    // The layers of weights since the last neurons, and their scales.
    var open: [(layer: Int, steps: [Float])] = []
    var isBranched = false
    for index in layers.indices {
      let here = "\(place)\(first + index)"
      if let branches = layers[index] as? BranchLayer {
        guard rounding.scale == .layer else { throw Self.cannotFold("a branch joins there", "layer \(here)", chip) }
        var rows: [[any Layer]] = []
        for (branch, range) in zip(branches.branches, branches.ranges) {
          var inner = branch.layers
          try round(&inner, rounding, place: "\(here).", first: range.lowerBound)
          rows.append(inner)
        }
        layers[index] = branches.with(rows)
        isBranched = true
        continue
      }
      let target = rounding.scale == .output && !layers[index].isNeurons ? try foldable(layers, from: index, here) : nil
      let done = try rounding.round(&layers[index], place: here) { scales in
        target.map { self.foldedScales(scales, threshold: $0) } ?? scales
      }
      weights += done
      if layers[index].isNeurons {
        let inner = done.flatMap(\.steps)
        roundNeurons(&layers, index, here, open, inner, isBranched: isBranched)
        open = []
        isBranched = false
      } else if let steps = done.first?.steps {
        open.append((index, steps))
      }
    }
    // Weights that end in a read-out, or at the end of a branch.
    for (layer, steps) in open { roundBias(&layers[layer], steps: steps, exponent: 0) }
  }

  // MARK: A scale for each output

  /// The threshold of the neurons that take a layer's scales in, for layers that have weights; nil for those without.
  private func foldable(_ layers: [any Layer], from index: Int, _ here: String) throws(Fault) -> Float? {
    guard layers[index].parameters.contains(where: { $0.name == "weight" }) else { return nil }
    let name = "layer \(here), \(layers[index].callText)"
    for next in layers[(index + 1)...] {
      if let neurons = next as? NeuronLayer {
        if let lif = neurons.model as? LIF { return lif.threshold }
        // Potentials that leave the chip are scaled by who reads them.
        if !neurons.model.isSpiking { return 0 }
        throw Self.cannotFold("`\(neurons.name)` has no threshold that takes it in", name, chip)
      }
      if next is RecurrentLayer { throw Self.cannotFold("recurrent weights of another scale meet it", name, chip) }
      if next is BranchLayer { throw Self.cannotFold("a branch joins there", name, chip) }
      if !next.parameters.isEmpty { throw Self.cannotFold("other weights follow", name, chip) }
    }
    return 0
  }

  private static func cannotFold(_ reason: String, _ layer: String, _ chip: Chip) -> Fault {
    Fault(
      .value, "a scale for each output cannot be kept on \(chip.name)", label: "\(layer): \(reason)",
      help: "the scales are divided into the thresholds of `lif` right behind the weights; else take weight_scale=\"layer\"")
  }

  /// Scales that thresholds can take in: none so small that the threshold would be too large, and no more different
  /// ones than a core has thresholds.
  private func foldedScales(_ scales: [Float], threshold: Float) -> [Float] {
    guard threshold > 0 else { return scales }
    var scales = scales
    if let bits = whole(.thresholdBits) {
      let least = threshold / Float(exp2(Double(min(bits, 60))) - 1)
      scales = scales.map { $0 == 0 ? 0 : max($0, least) }
    }
    if let kinds = whole(.thresholdKinds), kinds >= 1 {
      let different = Array(Set(scales.filter { $0 > 0 })).sorted()
      if different.count > kinds {
        // Outputs of similar scales share one: the largest of theirs, so that no weight is cut down.
        let levels = Self.levels(of: different, count: kinds)
        scales = scales.map { scale in scale == 0 ? 0 : levels.first { $0 >= scale } ?? scale }
      }
    }
    return scales
  }

  /// The largest of each group when rising numbers are divided into so many groups that the largest ratio within one
  /// becomes as small as it can: a number far from the others is then alone.
  static func levels(of numbers: [Float], count: Int) -> [Float] {
    guard let first = numbers.first, let last = numbers.last, numbers.count > count else { return numbers }
    func levels(ratio: Double) -> [Float] {
      var tops: [Float] = []
      var least = first
      for (place, number) in numbers.enumerated() where Double(number) > Double(least) * ratio {
        tops.append(numbers[place - 1])
        least = number
      }
      return tops + [last]
    }
    var (few, many) = (Double(last) / Double(first) * 1.001, 1.0)
    for _ in 0..<60 {
      let middle = (few * many).squareRoot()
      if levels(ratio: middle).count <= count { few = middle } else { many = middle }
    }
    return levels(ratio: few)
  }

  // MARK: Neurons

  private func whole(_ number: NeuronNumber) -> Int? { chip.neuron[number].flatMap { Int(exactly: $0.value) } }

  /// Rounds the parameters of neurons and the biases that they get, in steps of the weights that end there.
  private mutating func roundNeurons(
    _ layers: inout [any Layer], _ index: Int, _ here: String, _ open: [(layer: Int, steps: [Float])], _ inner: [Float],
    isBranched: Bool
  ) {
    let steps = (open.flatMap(\.steps) + inner).filter { $0 > 0 }
    let unit = steps.min()
    var exponent = 0
    func rounded(_ model: any NeuronModel) -> any NeuronModel {
      if var lif = model as? LIF {
        lif.beta = decay(lif.beta, here)
        let places = self.exponent(threshold: lif.threshold, unit: unit)
        exponent = places
        // Thresholds of several kinds are rounded one by one, with their outputs.
        if let unit, open.allSatisfy({ $0.steps.count == 1 }) { lif.threshold = threshold(lif.threshold, unit, places, here) }
        return lif
      }
      if var li = model as? LeakyIntegrator {
        li.beta = decay(li.beta, here)
        return li
      }
      unknown.append("\(model.name) \(here)")
      return model
    }
    let before = (layers[index] as? NeuronLayer)?.model as? LIF
    if var neurons = layers[index] as? NeuronLayer {
      neurons.model = rounded(neurons.model)
      layers[index] = neurons
    } else if var recurrent = layers[index] as? RecurrentLayer {
      recurrent.model = rounded(recurrent.model)
      layers[index] = recurrent
    }
    for (layer, steps) in open {
      if let before, steps.count > 1 { fold(&layers[layer], steps: steps, threshold: before.threshold, exponent: exponent) }
      roundBias(&layers[layer], steps: steps, exponent: exponent)
    }
  }

  /// The finest steps of thresholds with which a threshold can be kept: a step of weights over two to this power.
  private func exponent(threshold: Float, unit: Float?) -> Int {
    guard let unit, let bits = whole(.thresholdBits), let most = whole(.weightExponent) else { return 0 }
    let largest = exp2(Double(min(bits, 60))) - 1
    return (0...min(most, 60)).last { (Double(threshold) / Double(unit) * exp2(Double($0))).rounded() <= largest } ?? 0
  }

  private mutating func threshold(_ value: Float, _ unit: Float, _ exponent: Int, _ here: String) -> Float {
    if let bits = whole(.thresholdBits) {
      let step = Double(unit) / exp2(Double(exponent))
      let largest = exp2(Double(min(bits, 60))) - 1
      let wanted = (Double(value) / step).rounded()
      if wanted > largest {
        warnings.append(
          "the threshold of layer \(here) is \(value), more than \(bits) bits of the weights' steps can hold: it is "
            + "\(Float(largest * step)) there; train with larger weights, or give fewer bits")
      }
      return Float(max(1, min(largest, wanted)) * step)
    }
    return whole(.fractionBits).map { max(Self.rounded(value, bits: $0), Float(exp2(-Double($0)))) } ?? value
  }

  private mutating func decay(_ beta: Float, _ here: String) -> Float {
    guard let bits = whole(.decayBits) ?? whole(.fractionBits) else { return beta }
    let steps = exp2(Double(min(bits, 60)))
    let kept =
      whole(.decayBits) == nil
      ? Self.rounded(beta, bits: bits) : Float(1 - min(steps, ((1 - Double(beta)) * steps).rounded()) / steps)
    if kept != beta, kept == 0 || kept == 1 {
      warnings.append(
        "the decay of layer \(here) is \(beta), and \(bits) bit\(bits == 1 ? " makes" : "s make") it \(kept): its neurons "
          + (kept == 1 ? "never forget there" : "forget all in each step there"))
    }
    return kept
  }

  private static func rounded(_ value: Float, bits: Int) -> Float {
    let steps = exp2(Double(min(bits, 60)))
    return Float((Double(value) * steps).rounded() / steps)
  }

  /// Where each output has a scale, its threshold is divided by it and rounded: only the ratio of a potential to its
  /// threshold counts, so the outputs' weights and biases take the rounding in, and the threshold stays.
  private func fold(_ layer: inout any Layer, steps: [Float], threshold: Float, exponent: Int) {
    guard let bits = whole(.thresholdBits) else { return }
    let largest = exp2(Double(min(bits, 60))) - 1
    let factors = steps.map { step -> Float in
      guard step > 0 else { return 1 }
      let unit = Double(step) / exp2(Double(exponent))
      let whole = max(1, min(largest, (Double(threshold) / unit).rounded()))
      return Float(Double(threshold) / (whole * unit))
    }
    let names = layer.parameters.map(\.name)
    try? layer.updateParameters { (parameter, value) throws(Fault) in
      let shape = value.shape
      let block = shape.count == 4 ? value.count / max(1, factors.count) : 1
      guard parameter < names.count, names[parameter] == "weight" || names[parameter] == "bias" else { return }
      _ = try value.withUnsafeMutableBuffer { values in
        for place in values.indices { values[place] *= factors[place / block % factors.count] }
      }
    }
  }

  private func roundBias(_ layer: inout any Layer, steps: [Float], exponent: Int) {
    guard chip.neuron[.biasBits] != nil || chip.neuron[.fractionBits] != nil else { return }
    let names = layer.parameters.map(\.name)
    try? layer.updateParameters { (parameter, value) throws(Fault) in
      guard parameter < names.count, names[parameter] == "bias" else { return }
      _ = try value.withUnsafeMutableBuffer { values in
        for place in values.indices {
          values[place] = bias(values[place], step: steps.isEmpty ? 0 : steps[place % steps.count], exponent)
        }
      }
    }
  }

  private func bias(_ value: Float, step: Float, _ exponent: Int) -> Float {
    guard let bits = whole(.biasBits) else { return whole(.fractionBits).map { Self.rounded(value, bits: $0) } ?? value }
    guard step > 0 else { return value }
    let unit = Double(step) / exp2(Double(exponent + (whole(.thresholdShift) ?? 0)))
    let largest = exp2(Double(min(bits, 60))) - 1
    let most = min(60, whole(.biasExponent) ?? 0)
    for power in 0...most {
      let mantissa = (Double(value) / unit / exp2(Double(power))).rounded()
      if mantissa.magnitude <= largest || power == most {
        return Float(max(-largest, min(largest, mantissa)) * exp2(Double(power)) * unit)
      }
    }
    return value
  }

  // MARK: What the report says

  private mutating func tell(_ rounding: WeightRounding) {
    func bits(_ number: Int) -> String { "\(number) bit\(number == 1 ? "" : "s")" }
    func own(_ number: NeuronNumber) -> String? {
      if let count = whole(number) { return bits(count) }
      return whole(.fractionBits).map { "\(bits($0)) behind the point" }
    }
    let scale = rounding.scale == .layer ? "one scale a layer" : "a scale for each output, divided into its threshold"
    rounded.append("weights (\(bits(rounding.bits)), \(scale))")
    let missing = [("thresholds", NeuronNumber.thresholdBits), ("biases", .biasBits), ("decays", .decayBits)].filter {
      name, number in
      guard let text = own(number) else { return true }
      rounded.append("\(name) (\(text))")
      return false
    }
    kept.append("potentials")
    if !missing.isEmpty {
      kept.append("\(missing.map(\.0).joined(separator: ", ")) (the chip's file names no bits for them)")
    }
    if !unknown.isEmpty {
      kept.append("parameters of \(unknown.joined(separator: ", ")) (which of them are decays is not known)")
    }
  }
}
