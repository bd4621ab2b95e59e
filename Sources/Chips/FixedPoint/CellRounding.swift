// From numbers to whole numbers, one way for each kind of neurons.

import Faults
import Glibc
import Spiking
import Tensors

/// One population as the chip keeps it.
public struct RoundedPopulation: Sendable {
  /// "lif 1".
  public var name: String
  public var layer: Int
  public var neurons: Int
  public var synapses: Int
  /// Whole numbers for a potential of 1.
  public var scale: Double
  /// The largest weight, thresholds and offsets as the chip has them; the threshold is 0 for what never fires.
  public var largestWeight: Int64
  public var threshold: Int64
  public var bias: [Int64]
  /// What the chip's register for the leak holds, and the share of a potential that remains after a step, in truth.
  public var leak: Int64
  public var beta: Double
  public var reset: FixedPointReset
  /// Weights that were not zero, and how many of them are now.
  public var weights = 0
  public var zeroed = 0
  /// How the weights of each link were rounded, where they have exponents.
  var weightRules: [LoihiWeightRule] = []
  /// Sentences that its rounding has to say.
  public var notes: [String] = []
}

/// Turns populations into neurons and tables of whole numbers.
struct CellRounding {
  let chip: Chip
  let arithmetic: Arithmetic
  let rules: CoreRules
  let seed: UInt64
  var modes = AxonTypeModes()

  /// - Throws: `.value` for neurons that the chip doesn't have, or numbers that no scale fits.
  func population(
    _ given: WiredNetwork.Population, number: Int
  ) throws(Fault) -> (population: FixedPointNetwork.Population, report: RoundedPopulation) {
    switch arithmetic.cell {
    case .multipliedDecay: try multipliedDecay(given)
    case .shiftedDecay: try shiftedDecay(given)
    case .integrate: try integrate(given)
    case .axonTypes: try axonTypes(given, number: number)
    case .exponential: try exponential(given)
    }
  }

  // MARK: What all have in common

  /// The reset that the chip can do, with a sentence where it isn't the network's.
  private func reset(_ wanted: LIF.Reset, _ name: String, _ notes: inout [String]) -> FixedPointReset {
    let own: FixedPointReset =
      switch wanted {
      case .subtract: .subtract
      case .zero: .zero
      case .none: .none
      }
    if arithmetic.resets.contains(own) { return own }
    let first = arithmetic.resets.first ?? .zero
    notes.append("\(name) resets with \"\(own.rawValue)\", which \(chip.name) cannot: it is \"\(first.rawValue)\" there")
    return first
  }

  private func cannot(_ given: WiredNetwork.Population, _ reason: String, help: String) -> Fault {
    Fault(.value, "\(chip.name) cannot compute \(given.name) in whole numbers", label: reason, help: help)
  }

  private func report(_ given: WiredNetwork.Population, scale: Double) -> RoundedPopulation {
    RoundedPopulation(
      name: given.name, layer: given.layer, neurons: given.neurons, synapses: given.synapses, scale: scale,
      largestWeight: 0, threshold: 0, bias: [], leak: 0, beta: 0, reset: .zero)
  }

  /// The table of a link whose weights are whole numbers, and their count in the report.
  private func link(
    _ given: WiredNetwork.Link, targets: Int, _ report: inout RoundedPopulation,
    _ synapses: (_ place: Int) -> [(weight: Int32, port: Int)]
  ) -> FixedPointNetwork.Link {
    var list: [SynapseTable.Synapse] = []
    list.reserveCapacity(given.weights.count)
    for target in 0..<targets {
      for place in given.starts[target]..<given.starts[target + 1] {
        var isThere = false
        for (weight, port) in synapses(place) where weight != 0 {
          isThere = true
          report.largestWeight = max(report.largestWeight, Int64(weight.magnitude))
          list.append(.init(source: Int(given.inputs[place]), target: target, weight: weight, port: port))
        }
        report.weights += 1
        if !isThere { report.zeroed += 1 }
      }
    }
    return .init(
      source: given.source, table: SynapseTable(list, sources: given.sources, targets: targets), isLate: given.isLate)
  }

  private func largestWeight(_ given: WiredNetwork.Population) -> Float {
    given.links.reduce(0) { $1.weights.reduce($0) { max($0, $1.magnitude) } }
  }

  /// The largest sum of weights, by size, that can arrive at one neuron in a step, with its offset.
  private func largestSum(_ given: WiredNetwork.Population) -> Double {
    (0..<given.neurons).reduce(0.0) { most, neuron in
      let sum = given.links.reduce(Double(given.bias[neuron].magnitude)) { sum, link in
        link.weights[link.starts[neuron]..<link.starts[neuron + 1]].reduce(sum) { $0 + Double($1.magnitude) }
      }
      return max(most, sum)
    }
  }

  // MARK: Loihi

  /// A population's whole numbers on a chip like Loihi.
  struct LoihiNumbers {
    var integers: LoihiIntegers
    /// Whole numbers for a potential of 1.
    var scale: Double
    /// What a potential loses in a step, in 4096ths.
    var decay: Int64
    /// The threshold is so many steps.
    var mantissa: Int64
    var step: Int64
    var threshold: Double
    var reset: FixedPointReset
    var notes: [String]

    /// The share of a potential that is left after a step.
    var beta: Double { Double(4096 - decay) / 4096 }
  }

  private func decay(_ beta: Float) -> Int64 { max(0, min(4095, Int64(((1 - Double(beta)) * 4096).rounded()))) }

  /// - Parameters:
  ///   - groups: the weights of each link, in any order.
  ///   - largestSum: what the scale of neurons without a threshold leaves room for.
  func loihi(
    model: WiredNetwork.Model, bias: [Float], groups: [[Float]], largestSum: Double, name: String
  ) throws(Fault) -> LoihiNumbers {
    var notes: [String] = []
    var beta: Float = 0
    var threshold = largestSum
    var reset = FixedPointReset.zero
    if case .lif(let share, let own, let wanted) = model {
      (beta, threshold) = (share, Double(own))
      reset = self.reset(wanted, name, &notes)
    } else if case .integrator(let share) = model {
      beta = share
    }
    func whole(_ number: NeuronNumber, _ standard: Int) -> Int {
      min(30, chip.neuron[number].flatMap { Int(exactly: $0.value) } ?? standard)
    }
    var format = LoihiFormat()
    format.weightBits = min(8, rules.weightBits)
    format.scalesToMantissas = true
    format.leastExponent = -whole(.weightExponent, 7)
    format.thresholdBits = whole(.thresholdBits, 17)
    format.thresholdShift = whole(.thresholdShift, 6)
    format.biasBits = whole(.biasBits, 12)
    format.biasExponent = whole(.biasExponent, 7)
    // A network's equation has no gain to divide out: `v = beta v + input`, and all of a current goes in its step.
    var block = LoihiBlock(
      currentDecay: bias.map { _ in 1 }, decay: bias.map { _ in 1 - beta }, threshold: bias.map { _ in threshold },
      bias: bias.map { Double($0) }, least: 0, most: .infinity, weights: groups)
    (block.scalesCurrent, block.scalesPotential) = (false, false)
    let integers: LoihiIntegers
    do { integers = try block.rounded(format) } catch {
      var fault = error
      fault.label = name + (error.label.map { ": \($0)" } ?? "")
      throw fault
    }
    // A network fires at the threshold and above it, the chip above it alone: one step less is the same for potentials in
    // whole steps, and half a step off for those between.
    let mantissa = max(1, integers.threshold.first.map { $0 >> Int64(format.thresholdShift) } ?? 1)
    return LoihiNumbers(
      integers: integers, scale: integers.potentialScale.first ?? 1, decay: decay(beta), mantissa: mantissa,
      step: Int64(1) << Int64(format.thresholdShift), threshold: threshold, reset: reset, notes: notes)
  }

  private func multipliedDecay(
    _ given: WiredNetwork.Population
  ) throws(Fault) -> (FixedPointNetwork.Population, RoundedPopulation) {
    let numbers = try loihi(
      model: given.model, bias: given.bias, groups: given.links.map(\.weights), largestSum: largestSum(given), name: given.name)
    let (integers, scale, decay, mantissa, step) = (numbers.integers, numbers.scale, numbers.decay, numbers.mantissa, numbers.step)
    let (reset, threshold) = (numbers.reset, numbers.threshold)
    var notes = numbers.notes
    let top = (Int64(1) << Int64(arithmetic.bits(.potentialBits, default: 24) - 1)) - 1
    let neurons = integers.bias.map { bias in
      var own = MultipliedDecayCell.Parameters(
        keepCurrent: 0, keep: 4096 - decay, threshold: (mantissa - 1) * step, bias: bias)
      own.drop = mantissa * step
      (own.least, own.most) = (-top, top)
      own.fires = given.fires
      return own
    }
    var rules = MultipliedDecayCell.Rules()
    rules.sumOverflow = .wraps(bits: arithmetic.bits(.sumBits, default: 24) - 1)
    rules.currentOverflow = .wraps(bits: arithmetic.bits(.currentBits, default: 24) - 1)
    rules.addsBiasToCurrent = true
    rules.reset = reset
    var report = report(given, scale: scale)
    report.threshold = given.fires ? mantissa * step : 0
    report.bias = integers.bias
    report.leak = decay
    report.beta = Double(4096 - decay) / 4096
    report.reset = reset
    var links: [FixedPointNetwork.Link] = []
    for (own, weights) in zip(given.links, integers.weights) {
      links.append(link(own, targets: given.neurons, &report) { [(weights[$0], 0)] })
    }
    if given.fires, threshold * scale > Double(top) {
      notes.append("the threshold of \(given.name) is beyond the largest potential: it never fires there")
    }
    report.weightRules = integers.rules
    if integers.rules.contains(where: { $0.exponent < -1 }) {
      notes.append("the weights of \(given.name) are so small beside its threshold that they lose bits: train it with larger weights")
    }
    report.notes = notes
    return (.init(name: given.name, cell: MultipliedDecayCell(neurons, rules), links: links), report)
  }

  // MARK: Speck

  private func integrate(
    _ given: WiredNetwork.Population
  ) throws(Fault) -> (FixedPointNetwork.Population, RoundedPopulation) {
    guard case .lif(let beta, let threshold, let wanted) = given.model else {
      throw cannot(given, "its output is potentials, and the chip passes on spikes alone", help: "end the network in lif(beta=1)")
    }
    guard beta == 1 else {
      throw cannot(given, "beta is \(beta), and the chip's neurons don't leak", help: "train it with lif(beta=1)")
    }
    var notes: [String] = []
    let reset = reset(wanted, given.name, &notes)
    let layer = SpeckLayer(
      weights: given.links.flatMap(\.weights), bias: given.bias, threshold: threshold, least: -threshold)
    let bits = max(2, min(24, rules.weightBits))
    let scale = layer.scale(weightBits: bits, stateBits: arithmetic.bits(.potentialBits, default: 16))
    let bias = SpeckLayer.rounded(given.bias, scale: scale)
    let limit = SpeckLayer.rounded([threshold], scale: scale)[0]
    guard limit >= 1 else {
      throw cannot(
        given, "with the scale of its weights, \(scale), the threshold \(threshold) rounds to zero",
        help: "train it with smaller weights against the threshold")
    }
    var report = report(given, scale: Double(scale))
    (report.threshold, report.bias, report.beta, report.reset) = (limit, bias, 1, reset)
    var links: [FixedPointNetwork.Link] = []
    for own in given.links {
      let weights = SpeckLayer.rounded(own.weights, scale: scale)
      links.append(link(own, targets: given.neurons, &report) { [(Int32(truncatingIfNeeded: weights[$0]), 0)] })
    }
    report.notes = notes
    let neurons = bias.map { IntegrateCell.Parameters(threshold: limit, bias: $0, least: -limit) }
    return (.init(name: given.name, cell: IntegrateCell(neurons), links: links), report)
  }

  // MARK: Xylo

  private func shiftedDecay(
    _ given: WiredNetwork.Population
  ) throws(Fault) -> (FixedPointNetwork.Population, RoundedPopulation) {
    guard case .lif(let beta, let threshold, let wanted) = given.model else {
      throw cannot(given, "its output is potentials, and the chip answers with spikes", help: "end the network in lif()")
    }
    guard beta < 1 else {
      throw cannot(given, "beta is 1, and every neuron of the chip forgets", help: "train it with lif(beta=0.9)")
    }
    var notes: [String] = []
    let reset = reset(wanted, given.name, &notes)
    let shift = max(0, min(15, Int(-log2(max(1e-6, 1 - Double(beta))).rounded())))
    let bits = max(2, min(24, rules.weightBits))
    let most = exp2(Double(bits - 1)) - 1
    let largest = max(Double(largestWeight(given)), Double(given.bias.reduce(0) { max($0, $1.magnitude) }))
    let range = exp2(Double(arithmetic.bits(.potentialBits, default: 16) - 1)) - 1
    let scale = min(largest > 0 ? most / largest : 1, range / Double(threshold))
    func whole(_ value: Float) -> Int64 { Int64((Double(value) * scale).rounded(.toNearestOrEven)) }
    let limit = max(1, whole(threshold))
    let neurons = given.bias.map { bias in
      // The shortest current that the chip has: half of it goes in a step.
      ShiftedDecayCell.Parameters(currentShifts: [1], shift: shift, threshold: limit, bias: whole(bias))
    }
    notes.append("the currents of \(given.name) lose half of themselves in a step, where the network's last one step")
    var report = report(given, scale: scale)
    report.threshold = limit
    report.bias = given.bias.map(whole)
    report.leak = Int64(shift)
    report.beta = 1 - exp2(-Double(shift))
    report.reset = reset
    var links: [FixedPointNetwork.Link] = []
    for own in given.links {
      links.append(link(own, targets: given.neurons, &report) { [(Int32(truncatingIfNeeded: whole(own.weights[$0])), 0)] })
    }
    report.notes = notes
    let cell = ShiftedDecayCell(
      neurons, ports: 1, most: Int64(max(1, arithmetic.whole(.spikesPerStep) ?? 31)),
      bits: arithmetic.bits(.potentialBits, default: 16))
    return (.init(name: given.name, cell: cell, links: links), report)
  }

  // MARK: TrueNorth

  /// The step between two levels with which weights are rounded best: the sum of the squares of what rounding and the largest
  /// level change is the least of those tried. With few levels the largest weight is no measure: its step would take most
  /// others to zero.
  private static func step(for weights: [Double], _ levels: ClosedRange<Double>) -> Double {
    let largest = weights.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0, largest.isFinite else { return 1 }
    let widest = largest / max(1, levels.upperBound)
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    // Those of which the largest weight is a whole number keep weights exact that are multiples of one, whatever that is;
    // the finest comes first, and stays where others round as well.
    let whole = stride(from: max(1, levels.upperBound), through: 1, by: -1).map { largest / $0 }
    var (best, least) = (widest, Double.infinity)
    for step in whole + (1..<40).map({ widest * (1 - Double($0) / 44) }) {
      let error = weights.reduce(0.0) { sum, weight in
        let change = weight - (weight / step).rounded().clamped(levels) * step
        return sum + change * change
      }
      if error < least - 1e-12 * squares { (best, least) = (step, error) }
    }
    return best
  }

  private func axonTypes(
    _ given: WiredNetwork.Population, number: Int
  ) throws(Fault) -> (FixedPointNetwork.Population, RoundedPopulation) {
    guard case .lif(let beta, let threshold, let wanted) = given.model else {
      throw cannot(given, "its output is potentials, and the chip's neurons answer with spikes alone", help: "end the network in lif(beta=1)")
    }
    guard beta == 1 || modes.leaksByConstant else {
      throw cannot(
        given, "beta is \(beta), and the chip's leak is a constant in each step, not a share of the potential",
        help: "train it with lif(beta=1), or let a constant stand for the share: deploy(…, leak=\"constant\")")
    }
    if beta != 1, given.bias.contains(where: { $0 != 0 }) {
      throw cannot(
        given, "its offsets need the register that the leak is in", help: "train the layer before it with bias=false, or lif(beta=1)")
    }
    let most = min(rules.fanIn, rules.inputAxons) / max(1, rules.axonsPerSource)
    guard given.widest <= most else {
      throw Fault(
        .limit, "\(given.name) has more inputs than a core of \(chip.name)",
        label: "a neuron has \(Misfit.count(given.widest)) inputs, and \(Misfit.count(most)) fit at \(rules.weightBits) bits",
        help: "deploy(…, split_fan_in=true) divides them among neurons that add up parts; fewer weight_bits take fewer axons")
    }
    var notes: [String] = []
    let reset = reset(wanted, given.name, &notes)
    let types = min(16, rules.weightBits)
    let weightTop = Int64(1) << Int64(arithmetic.bits(.axonWeightBits, default: 9) - 1)
    let leakTop = Int64(1) << Int64(arithmetic.bits(.leakBits, default: 9) - 1) - 1
    let bits = arithmetic.bits(.potentialBits, default: 20)
    let potentialTop = (Int64(1) << Int64(bits - 1)) - 1
    // The types of a source's axons stand for the bits of its weights in two's complement, the last one for the sign; a
    // single bit is the sign, and needs a type for each of the two. Without an axon a weight is 0, also then.
    let levels: ClosedRange<Double> = types == 1 ? -1...1 : -exp2(Double(types - 1))...(exp2(Double(types - 1)) - 1)
    // What a type weighs is each neuron's own, and so is its threshold: each has its own step.
    var (units, scales) = ([Double](), [Double]())
    var neurons: [AxonTypeCell.Parameters] = []
    var cut = 0
    for neuron in 0..<given.neurons {
      if neuron % 16 == 0 { try Interrupt.check() }
      let own = given.links.flatMap { $0.weights[$0.starts[neuron]..<$0.starts[neuron + 1]].map(Double.init) }
      let unit = Self.step(for: own, levels)
      // A power of two, as large as the heaviest type, the leak and the threshold allow. By chance a weight counts in 256ths.
      let share = modes.drawsWeights ? 1.0 / 256 : 1
      var step = max(1, weightTop >> Int64(max(1, types)))
      func fits(_ step: Int64) -> Bool {
        let scale = Double(step) * share / unit
        return Double(given.bias[neuron].magnitude) * scale <= Double(leakTop) && Double(threshold) * scale <= Double(potentialTop)
      }
      while step > 1, !fits(step) { step >>= 1 }
      if !fits(step) { cut += 1 }
      let scale = Double(step) * share / unit
      func whole(_ value: Float, most: Int64) -> Int64 {
        Int64(max(-Double(most), min(Double(most), (Double(value) * scale).rounded())))
      }
      let weights: [Int64] =
        types == 1 ? [step, -step] : (0..<types).map { $0 == types - 1 ? -(step << Int64($0)) : step << Int64($0) }
      var cell = AxonTypeCell.Parameters(weights: weights, threshold: max(1, whole(threshold, most: potentialTop)), floor: potentialTop)
      cell.leak = whole(given.bias[neuron], most: leakTop)
      cell.reset = reset
      if beta != 1 {
        // What a share takes of a potential on its way from zero to the threshold, on average.
        cell.leak = -whole((1 - beta) * threshold / 2, most: leakTop)
        cell.leakFollowsSign = true
      }
      let offset = Double(given.bias[neuron]) * scale
      if modes.drawsOffsets, offset != 0, offset.magnitude < 1 {
        (cell.leak, cell.leakIsStochastic) = (Int64((offset * 256).rounded()), true)
      }
      if modes.drawsWeights { cell.isStochastic = [Bool](repeating: true, count: weights.count) }
      if modes.drawsThreshold {
        // Random bits up to half of the threshold, whose mean is taken off.
        var mask: Int64 = 0
        while 2 * (2 * mask + 1) <= cell.threshold { mask = 2 * mask + 1 }
        cell.mask = mask
        cell.threshold -= mask / 2
      }
      neurons.append(cell)
      units.append(unit)
      scales.append(scale)
    }
    if cut > 0 {
      notes.append(
        "offsets or the threshold of \(Misfit.count(cut)) neurons of \(given.name) are beyond the chip's bits: "
          + "they are cut down to the largest there")
    }
    if beta != 1 {
      notes.append(
        "\(given.name) loses a constant in each step, and not a share of its potential: half of what beta=\(beta) takes at the threshold")
    }
    let mean = scales.reduce(0, +) / Double(max(1, scales.count))
    var report = report(given, scale: mean)
    (report.threshold, report.bias) = (neurons.map(\.threshold).max() ?? 1, neurons.map(\.leak))
    (report.beta, report.reset) = (1, reset)
    var links: [FixedPointNetwork.Link] = []
    for own in given.links {
      var neuron = 0
      links.append(
        link(own, targets: given.neurons, &report) { place in
          while place >= own.starts[neuron + 1] { neuron += 1 }
          let level = Int64((Double(own.weights[place]) / units[neuron]).rounded().clamped(levels))
          if types == 1 { return level == 0 ? [] : [(1, level > 0 ? 0 : 1)] }
          return (0..<types).compactMap { bit in (level >> Int64(bit)) & 1 == 1 ? (1, bit) : nil }
        })
    }
    report.largestWeight = neurons.reduce(0) { $1.weights.reduce($0) { max($0, Int64($1.magnitude)) } }
    report.notes = notes
    let cell = AxonTypeCell(
      neurons, types: types == 1 ? 2 : types, bits: bits,
      random: RandomStream(seed: seed, purpose: "axon types", index: UInt64(number)))
    return (.init(name: given.name, cell: cell, links: links), report)
  }

  // MARK: SpiNNaker

  private func exponential(
    _ given: WiredNetwork.Population
  ) throws(Fault) -> (FixedPointNetwork.Population, RoundedPopulation) {
    var notes: [String] = []
    var (beta, threshold, reset) = (Float(0), Float(0), FixedPointReset.zero)
    switch given.model {
    case .lif(let share, let own, let wanted):
      (beta, threshold) = (share, own)
      reset = self.reset(wanted, given.name, &notes)
    case .integrator(let share): beta = share
    case .sum: break
    }
    guard beta < 1 else {
      throw cannot(given, "beta is 1, and the chip's program has leaky neurons", help: "train it with lif(beta=0.99) or less")
    }
    let fraction: Double = 32_768
    func fixed(_ value: Double) -> Int64 {
      Int64(max(-2_147_483_648, min(2_147_483_647, (value * fraction).rounded())))
    }
    // A tenth of a step is the time constant of the currents: all but 5·10⁻⁵ of one goes in its step. Weights are that
    // much larger.
    let share = exp(-10.0)
    let gain = (1 - share) / 10
    // Each receptor's words hold the largest sum that can arrive.
    func largest(_ sign: Float) -> Double {
      (0..<given.neurons).reduce(0.0) { most, neuron in
        max(
          most,
          given.links.reduce(0.0) { sum, link in
            link.weights[link.starts[neuron]..<link.starts[neuron + 1]].reduce(sum) { $1 * sign > 0 ? $0 + Double($1.magnitude) : $0 }
          })
      } / gain
    }
    let shifts = [Float(1), -1].map { sign -> Int in
      let most = largest(sign)
      let shift = log2(max(most, 1)).rounded(.up)
      return max(0, min(15, Int(shift) + (exp2(shift) <= most ? 1 : 0)))
    }
    let resistance = 1 / (1 - Double(beta))
    let bias = given.bias.map { fixed(Double($0)) }
    let limit = max(1, fixed(Double(threshold)))
    let (keep, addition) = (Int64((share * exp2(32)).rounded()), Int64((gain * exp2(32)).rounded()))
    let neurons = bias.map { bias in
      var own = ExponentialCell.Parameters(
        rest: 0, reset: 0, threshold: limit, resistance: fixed(resistance), keep: fixed(Double(beta)), offset: bias,
        currentKeep: [keep, keep], currentGain: [addition, addition], shifts: shifts)
      own.fires = given.fires
      return own
    }
    if largestSum(given) * resistance > exp2(16) {
      notes.append("the currents of \(given.name) can go beyond the largest number of s16.15, where they stay")
    }
    var report = report(given, scale: fraction)
    report.threshold = given.fires ? limit : 0
    report.bias = bias
    report.leak = fixed(Double(beta))
    report.beta = Double(report.leak) / fraction
    report.reset = reset
    var links: [FixedPointNetwork.Link] = []
    for own in given.links {
      links.append(
        link(own, targets: given.neurons, &report) { place in
          let weight = own.weights[place]
          let port = weight < 0 ? 1 : 0
          let word = (Double(weight.magnitude) / gain * exp2(Double(15 - shifts[port]))).rounded(.toNearestOrEven)
          return [(Int32(min(65_535, word)), port)]
        })
    }
    report.notes = notes
    return (.init(name: given.name, cell: ExponentialCell(neurons), links: links), report)
  }
}

extension Double {
  fileprivate func clamped(_ range: ClosedRange<Double>) -> Double { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}
