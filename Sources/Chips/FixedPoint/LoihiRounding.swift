// The whole numbers of Loihi, as nengo-loihi 1.1 finds them: one scale for a block of neurons, powers of two for what
// differs.

import Faults
import Glibc

/// The numbers of a block of Loihi's neurons before they are rounded.
public struct LoihiBlock: Sendable {
  /// The share of the current, and of the potential, that goes in a step.
  public var currentDecay: [Float]
  public var decay: [Float]
  public var threshold: [Double]
  public var bias: [Double]
  /// Where potentials stay.
  public var least: Double
  public var most: Double
  /// Whether the gain of the decaying current and potential is divided out: true for equations that say
  /// `tau v' = -v + u`, false for `v = beta v + u`.
  public var scalesCurrent = true
  public var scalesPotential = true
  /// The weights of each group of synapses that end here.
  public var weights: [[Float]]

  public init(
    currentDecay: [Float], decay: [Float], threshold: [Double], bias: [Double], least: Double, most: Double,
    weights: [[Float]]
  ) {
    self.currentDecay = currentDecay
    self.decay = decay
    self.threshold = threshold
    self.bias = bias
    self.least = least
    self.most = most
    self.weights = weights
  }
}

/// The same in whole numbers.
public struct LoihiIntegers: Sendable, Equatable {
  /// What `u` loses beside a 4096th, and `v`, in 4096ths.
  public var currentDecay: [Int64] = []
  public var decay: [Int64] = []
  public var threshold: [Int64] = []
  public var bias: [Int64] = []
  public var least: Int64 = 0
  public var most: Int64 = 0
  /// Weights as they are added, six bits up, for each group.
  public var weights: [[Int32]] = []
  /// How each group's weights were rounded.
  public var rules: [LoihiWeightRule] = []
  /// One unit of the block's potentials, in whole numbers; one for each neuron where their gains differ.
  public var potentialScale: [Double] = []
}

/// How the weights of a group of synapses become whole numbers: mantissas of one bit less than there are, moved by an
/// exponent and six bits up.
public struct LoihiWeightRule: Sendable, Equatable {
  /// The exponent of the group; below -1 the weights lose bits.
  public let exponent: Int
  private let factor: Float
  private let most: Float
  private let signBits: Int
  private let up: Int

  /// - Parameters:
  ///   - own: the size of the group's largest weight, and `heaviest` that of the block's.
  ///   - scale: whole numbers for a weight of 1, before the exponent.
  init(own: Double, heaviest: Double, scale: Double, blockExponent: Int, _ format: LoihiFormat) {
    // A bit of eight goes to the signs; fewer bits leave the low ones away.
    signBits = 1 + 8 - min(8, max(1, format.weightBits))
    most = Float(exp2(Double(max(1, 8 - signBits))) - 1)
    up = format.thresholdShift
    guard own > 1e-8 else {
      (exponent, factor) = (blockExponent, 0)
      return
    }
    let lift = log2(heaviest / own).rounded(.down)
    exponent = max(blockExponent - Int(lift), -6)
    factor = Float(scale * exp2(lift))
  }

  /// Bits by which every whole number of the group is a multiple of two.
  public var shift: Int { max(0, signBits + exponent) + up }

  /// A weight as it is added.
  public func whole(_ weight: Float) -> Int32 {
    let shift = signBits + exponent
    var mantissa = (weight * factor / Float(exp2(Double(signBits)))).rounded(.toNearestOrEven)
    mantissa = max(-most, min(most, mantissa))
    if shift < 0 {
      let loss = Float(exp2(Double(shift)))
      mantissa = max(-most, min(most, (mantissa * loss).rounded(.toNearestOrEven) / loss))
      return (Int32(mantissa) >> Int32(-shift)) << Int32(up)
    }
    return (Int32(mantissa) << Int32(shift)) << Int32(up)
  }
}

/// How many bits a chip like Loihi has.
public struct LoihiFormat: Sendable, Equatable {
  /// Of a weight whose group has both signs.
  public var weightBits = 8
  /// The lowest exponent of a group.
  public var leastExponent = -7
  /// Of a threshold, which is multiplied by 2 to the `thresholdShift`.
  public var thresholdBits = 17
  public var thresholdShift = 6
  /// Of a bias without its sign, which is multiplied by 2 to a power up to `biasExponent`.
  public var biasBits = 12
  public var biasExponent = 7
  /// Whether the scale takes the heaviest weight to what mantissas can reach, 254, so that weights and thresholds have the
  /// same one. The tool takes it to 255, where mantissas are cut down.
  public var scalesToMantissas = false

  public init() {}

  /// What the heaviest weight becomes, six bits down.
  var heaviest: Double {
    let bits = max(1, min(8, weightBits))
    return scalesToMantissas ? (exp2(Double(max(1, bits - 1))) - 1) * exp2(Double(9 - bits)) : exp2(Double(bits)) - 1
  }

  var largestThreshold: Double { (exp2(Double(thresholdBits)) - 1) * exp2(Double(thresholdShift)) }
  var largestBiasMantissa: Double { exp2(Double(biasBits)) - 1 }
  var largestBias: Double { largestBiasMantissa * exp2(Double(biasExponent)) }
}

extension LoihiBlock {
  /// Rounds the block as nengo-loihi's `discretize` does, halves to even.
  ///
  /// - Throws: `.value` where thresholds or biases are so large against the weights that no exponent fits.
  public func rounded(_ format: LoihiFormat = LoihiFormat()) throws(Fault) -> LoihiIntegers {
    func even(_ value: Double) -> Double { value.rounded(.toNearestOrEven) }
    var result = LoihiIntegers()
    result.currentDecay = currentDecay.map { decay in
      let scaled: Float = decay * 4095 - 1
      return Int64(max(0, min(4095, scaled)).rounded(.toNearestOrEven))
    }
    result.decay = decay.map { decay in
      let scaled: Float = decay * 4095
      return Int64(max(0, min(4095, scaled)).rounded(.toNearestOrEven))
    }
    let currentGain = result.currentDecay.map { scalesCurrent ? 1 / Self.magnitude($0, offset: 1) : 1 }
    let gain = result.decay.map { scalesPotential ? 1 / Self.magnitude($0, offset: 0) : 1 }
    let heaviest = weights.reduce(0.0) { $1.reduce($0) { max($0, Double($1.magnitude)) } }
    let strongest = bias.reduce(0) { max($0, $1.magnitude) }
    var potentialScale = [Double](repeating: 1, count: threshold.count)
    var (thresholds, biases) = (threshold, bias)
    var (exponent, weightScale) = (0, 1.0)
    func fits() -> Bool {
      thresholds.allSatisfy { $0 <= format.largestThreshold } && biases.allSatisfy { $0.magnitude <= format.largestBias }
    }
    if heaviest > 1e-8 {
      weightScale = format.heaviest / heaviest
      var found = false
      for tried in stride(from: 0, through: format.leastExponent, by: -1) {
        exponent = tried
        for neuron in potentialScale.indices {
          potentialScale[neuron] =
            1 / (currentGain[neuron] * gain[neuron]) * weightScale * exp2(Double(format.thresholdShift + tried))
          thresholds[neuron] = even(threshold[neuron] * potentialScale[neuron])
          biases[neuron] = even(bias[neuron] * (potentialScale[neuron] * gain[neuron]))
        }
        if fits() {
          found = true
          break
        }
      }
      guard found else { throw Self.misfit(threshold, bias, heaviest) }
    } else if strongest > 1e-8 {
      var biasScale = format.largestBias / strongest
      var found = false
      while biasScale * strongest > 1 {
        for neuron in potentialScale.indices {
          potentialScale[neuron] = biasScale / gain[neuron]
          thresholds[neuron] = even(threshold[neuron] * potentialScale[neuron])
          biases[neuron] = even(bias[neuron] * biasScale)
        }
        if thresholds.allSatisfy({ $0 <= format.largestThreshold }) {
          found = true
          break
        }
        biasScale /= 2
      }
      guard found else { throw Self.misfit(threshold, bias, heaviest) }
    } else {
      // Nothing ever arrives: any scale will do.
      let top = max(1e-30, threshold.max() ?? 1)
      potentialScale = potentialScale.map { _ in min(exp2(20), format.largestThreshold) / top }
      for neuron in thresholds.indices { thresholds[neuron] = even(threshold[neuron] * potentialScale[neuron]) }
    }
    let unit = exp2(Double(format.thresholdShift))
    result.threshold = thresholds.map { Int64(even($0 / unit)) << Int64(format.thresholdShift) }
    result.bias = biases.map { bias in
      let power = log2(max(bias.magnitude / format.largestBiasMantissa, 1)).rounded(.up)
      return Int64(even(bias / exp2(power)) * exp2(power))
    }
    let scale = potentialScale.first ?? 1
    let low = max(0, min(31, even(log2(max(1, -scale * least + 1)))))
    result.least = Int64(-exp2(low) + 1)
    let high = max(0, min(7, even((log2(max(1, scale * most + 1)) - 9) * 0.5)))
    result.most = Int64(exp2(9 + 2 * high) - 1)
    result.rules = weights.map { group in
      LoihiWeightRule(
        own: group.reduce(0.0) { max($0, Double($1.magnitude)) }, heaviest: heaviest, scale: weightScale,
        blockExponent: exponent, format)
    }
    result.weights = zip(weights, result.rules).map { group, rule in group.map { rule.whole($0) } }
    result.potentialScale = potentialScale
    return result
  }

  /// The sum of what remains of a full number of 21 bits when it decays, each step rounded towards zero, by the tool's
  /// own estimate of the losses.
  private static func magnitude(_ decay: Int64, offset: Int64) -> Double {
    let (full, loss) = (2_097_152.0, 0.494)
    let ratio = Double(4096 - offset - decay) / 4096
    guard ratio > 0, ratio < 1 else { return 1 }
    let steps = -log1p(full * (1 - ratio) / loss) / log(ratio)
    let sum = (1 - pow(ratio, steps + 1)) / (1 - ratio)
    return sum - loss / ((1 - ratio) * full) * (steps + 1 - sum)
  }

  private static func misfit(_ threshold: [Double], _ bias: [Double], _ heaviest: Double) -> Fault {
    Fault(
      .value, "no exponent of the weights fits the thresholds and biases of this layer",
      label: "the largest weight is \(Float(heaviest)), the largest threshold \(Float(threshold.max() ?? 0)), the largest bias \(Float(bias.map(\.magnitude).max() ?? 0))",
      help: "train it with larger weights, or scale weights, thresholds and biases of the layer together")
  }
}
