// Weights as a chip keeps them: whole numbers of few bits times a scale.

import Faults
import Spiking
import Tensors

/// How weights are rounded to a chip's bits.
///
/// Weights become `scale · k` with whole numbers -m ≤ k ≤ m and m = 2^(bits-1) - 1; what lies halfway goes away from zero.
/// One bit keeps the signs, at the mean magnitude.
public struct WeightRounding: Sendable, Equatable {
  /// Which weights have a scale together.
  public enum Scale: String, Sendable, CaseIterable {
    /// All weights of a layer.
    case layer
    /// Those that end at one output of a layer: a neuron, or all neurons of a channel.
    case output
  }

  public var bits: Int
  public var scale: Scale
  /// The share of the weights, the smallest first, that keep their size; larger ones are cut down to the largest of
  /// them, which the scale takes to m.
  public var clip: Double

  public init(bits: Int, scale: Scale = .layer, clip: Double = 1) {
    self.bits = bits
    self.scale = scale
    self.clip = clip
  }

  /// m. Beyond 24 bits a 32-bit number is its own whole number.
  var levels: Float { Float((1 << (min(bits, 24) - 1)) - 1) }

  /// - Throws: `.value` for bits below 1 or a share that is none.
  func check() throws(Fault) {
    guard bits >= 1 else { throw Fault(.value, "weights need at least 1 bit", label: "there are \(bits)") }
    guard clip > 0, clip <= 1 else {
      throw Fault(
        .value, "`clip` is a share of the weights, above 0 and up to 1", label: "clip is \(clip)",
        help: "clip=0.999 cuts down the largest of a thousand weights")
    }
  }
}

/// What rounding did to the weights of one layer.
public struct RoundedWeights: Sendable, Equatable {
  /// The layer and the name of the weights there: "0.weight", or "3.1.weight" in a branch.
  public var name: String
  /// "layer 0, dense(40)".
  public var layer: String
  /// Weights that were not zero.
  public var weights = 0
  /// How many of them are zero now.
  public var zeroed = 0
  /// How many were cut down to the largest number.
  public var clipped = 0
  /// The size of the largest weight.
  public var largest: Float = 0
  /// Weights of more than a quarter of what the scale takes to m, and the size of the largest of all others; 0 with a
  /// scale for each output.
  public var large = 0
  public var usual: Float = 0
  /// How many outputs there are, and those all of whose weights are zero now, though not all were.
  public var outputs = 0
  public var silenced: [Int] = []
  /// The scale, or one for each output; 0 where all weights are zero.
  public var steps: [Float] = []

  /// The share of the weights that rounding took to zero.
  public var zeroShare: Double { weights > 0 ? Double(zeroed) / Double(weights) : 0 }

  /// What a user must know before trusting the result, with what would help.
  func warnings(_ rounding: WeightRounding) -> [String] {
    var texts: [String] = []
    func hint(_ clip: String) -> String {
      var ways = rounding.bits < 8 ? ["more bits"] : []
      if rounding.clip == 1 { ways.append("clip=\(clip)") }
      if rounding.scale == .layer { ways.append("weight_scale=\"output\"") }
      return ways.isEmpty ? "train it with smaller weights" : "try " + ways.joined(separator: ", ")
    }
    let bits = "\(rounding.bits) bit\(rounding.bits == 1 ? "" : "s")"
    if zeroShare > 0.5 {
      texts.append(
        "rounding to \(bits) takes \(Misfit.count(zeroed)) of the \(Misfit.count(weights)) weights of \(layer) to zero: "
          + hint("0.99"))
    }
    if !silenced.isEmpty {
      let some = silenced.prefix(8).map { "\($0)" }.joined(separator: ", ") + (silenced.count > 8 ? ", …" : "")
      texts.append(
        "rounding to \(bits) leaves \(Misfit.count(silenced.count)) of the \(Misfit.count(outputs)) outputs of \(layer) "
          + "without a weight (\(some)): " + hint("0.99"))
    }
    // A few weights, of a thousand at most one, that are four times as large as all others take two bits from them.
    if weights >= 16, usual > 0, large <= max(1, weights / 1000), clipped == 0, rounding.bits > 1 {
      let times = (Double(largest / usual) * 10).rounded() / 10
      let who = large == 1 ? "one weight sets" : "\(Misfit.count(large)) weights set"
      texts.append(
        "\(who) the scale of \(layer): the largest, \(largest), is \(times) times as large as "
          + "the \(Misfit.count(weights - large)) others at most: " + hint("0.999"))
    }
    return texts
  }
}

extension Network {
  /// The network with the weights of each layer rounded to signed whole numbers of `bits` bits, one scale a layer.
  ///
  /// - Throws: `.value` for bits below 1 or weights that aren't finite.
  public func roundingWeights(bits: Int) throws(Fault) -> Network {
    let rounding = WeightRounding(bits: bits)
    try rounding.check()
    var rounded = layers
    for index in rounded.indices { _ = try rounding.round(&rounded[index], place: "\(index)") }
    return try replacingLayers(rounded)
  }
}

extension WeightRounding {
  /// Rounds the weights of a layer, those of a branch too.
  ///
  /// - Parameters:
  ///   - place: the layer's place, "0" or "3.1".
  ///   - scales: changes the scales, one for each output, before they are used.
  /// - Returns: what was done, for each matrix of weights.
  func round(
    _ layer: inout any Layer, place: String, scales: ([Float]) -> [Float] = { $0 }
  ) throws(Fault) -> [RoundedWeights] {
    var results: [RoundedWeights] = []
    let names = layer.parameters.map(\.name)
    let text = "layer \(place), \(layer.callText)"
    try layer.updateParameters { (parameter, value) throws(Fault) in
      // In a branch the layer's position stands before the name: "0.weight".
      guard parameter < names.count, let name = names[parameter].split(separator: ".").last,
        name == "weight" || name == "recurrent"
      else { return }
      var result = RoundedWeights(name: "\(place).\(names[parameter])", layer: text)
      try round(&value, &result, scales)
      results.append(result)
    }
    return results
  }

  private func round(
    _ value: inout Tensor, _ result: inout RoundedWeights, _ scales: ([Float]) -> [Float]
  ) throws(Fault) {
    // `[inputs, outputs]` and `[outputs, inputs, height, width]`.
    let shape = value.shape
    let outputs = shape.count == 4 ? shape[0] : shape.last ?? 1
    let groups = scale == .layer ? 1 : outputs
    let block = shape.count == 4 ? value.count / max(1, outputs) : 1
    try value.withUnsafeMutableBuffer { (values) throws(Fault) in
      var largest = [Float](repeating: 0, count: groups)
      var sums = [Double](repeating: 0, count: groups)
      var used = [Int](repeating: 0, count: groups)
      func output(_ place: Int) -> Int { (place / block) % outputs }
      func group(_ place: Int) -> Int { groups == 1 ? 0 : output(place) }
      // Of each output, whether it had a weight, and whether it has one.
      var (had, has) = ([Bool](repeating: false, count: outputs), [Bool](repeating: false, count: outputs))
      result.outputs = outputs
      for place in values.indices where values[place] != 0 {
        let size = values[place].magnitude
        guard size < .infinity else { throw Fault(.value, "weights that are not finite cannot be rounded") }
        let group = group(place)
        largest[group] = max(largest[group], size)
        sums[group] += Double(size)
        used[group] += 1
        had[output(place)] = true
      }
      result.weights = used.reduce(0, +)
      result.largest = largest.max() ?? 0
      if bits == 1 {
        result.steps = scales(zip(sums, used).map { $1 > 0 ? Float($0 / Double($1)) : 0 })
        for place in values.indices where values[place] != 0 {
          values[place] = values[place] > 0 ? result.steps[group(place)] : -result.steps[group(place)]
        }
        return
      }
      if clip < 1 {
        var sizes = [[Float]](repeating: [], count: groups)
        for place in values.indices where values[place] != 0 { sizes[group(place)].append(values[place].magnitude) }
        for group in sizes.indices where !sizes[group].isEmpty {
          sizes[group].sort()
          largest[group] = sizes[group][max(0, Int((clip * Double(sizes[group].count)).rounded(.up)) - 1)]
        }
      }
      // With a scale for each output a large weight is in nobody's way but its own output's.
      if groups == 1, let top = largest.first {
        for value in values {
          if value.magnitude > top / 4 { result.large += 1 } else { result.usual = max(result.usual, value.magnitude) }
        }
      }
      let levels = levels
      result.steps = scales(largest.map { $0 / levels })
      for place in values.indices where values[place] != 0 {
        let step = result.steps[group(place)]
        if step == 0 { continue }
        let whole = (values[place] / step).rounded()
        if whole.magnitude > levels { result.clipped += 1 }
        let kept = max(-levels, min(levels, whole))
        if kept == 0 { result.zeroed += 1 } else { has[output(place)] = true }
        values[place] = kept * step
      }
      result.silenced = (0..<outputs).filter { had[$0] && !has[$0] }
    }
  }
}
