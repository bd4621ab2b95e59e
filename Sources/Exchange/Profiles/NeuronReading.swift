// The neurons of a NIR node as a tool steps them.

import Faults

extension ToolProfile {
  /// What a node of neurons does in a step.
  ///
  /// - Parameters:
  ///   - features: the sizes of the layer, one number for each neuron.
  ///   - isRecurrent: whether the neurons hear themselves.
  /// - Throws: `.value` for what the tool refuses, and for parameters that make no neurons; `.shape` for those that do
  ///   not fit the layer.
  func neurons(
    _ node: NIRNode, _ name: String, features: [Int], _ dt: StepLength, isRecurrent: Bool
  ) throws(Fault) -> SteppedNeuron {
    let fields = try NeuronFields(node, name, features)
    try check(fields, dt)
    let step = dt.length
    var neuron: SteppedNeuron
    var membrane = decay
    switch node.kind {
    case "I", "IF":
      neuron = SteppedNeuron(leak: PerNeuron(integratorLeak ?? 1))
      neuron.gain = try factor(integrated, fields.values("r"), share: PerNeuron(step))
      if integrated == .integrated { neuron.gain = neuron.gain * PerNeuron(step) }
      if let integratorFloor, node.kind == "IF" { neuron.floor = try fields.values("v_threshold") * PerNeuron(-integratorFloor) }
    case "LI", "LIF":
      let tau = try fields.times("tau")
      neuron = SteppedNeuron(leak: decayFactors(tau, step, decay))
      if scalesBySaidStep, dt.isTime {
        // What the paper's run of Sinabs did: an exponential leak, and an input of the straight line's size.
        neuron.gain = try fields.values("r") * tau.map { step / $0 }
      } else {
        neuron.gain = try factor(current, fields.values("r"), share: shares(tau, step, decay))
      }
      if rest == .used || rest == .reset { neuron.offset = try fields.values("v_leak") * shares(tau, step, decay) }
    default:
      let (tau, synaptic) = (try fields.times("tau_mem"), try fields.times("tau_syn"))
      neuron = SteppedNeuron(leak: decayFactors(tau, step, decay))
      if rest == .used { neuron.offset = try fields.values("v_leak") * shares(tau, step, decay) }
      switch synapse {
      case .exact: try solve(&neuron, fields, tau: tau, synaptic: synaptic, step)
      case .order(let order):
        membrane = synapseDecay ?? decay
        var current = SteppedNeuron.Synapse(decay: decayFactors(synaptic, step, membrane), order: order)
        current.gain = try factor(arriving, fields.values("w_in"), share: shares(synaptic, step, membrane))
        neuron.synapse = current
        neuron.gain = try factor(synapticCurrent, fields.values("r"), share: shares(tau, step, decay))
      }
    }
    if let floor, node.kind != "IF", node.kind != "I" { neuron.floor = PerNeuron(floor) }
    guard node.primitive?.fires ?? false else { return neuron }
    neuron.firing = try firing(fields, isRecurrent: isRecurrent)
    if startsAtReset { neuron.start = try fields.values("v_reset").numbers[0] }
    if scalesThreshold { scaleThreshold(&neuron) }
    return neuron
  }

  private func factor(_ input: Input, _ value: PerNeuron, share: PerNeuron) -> PerNeuron {
    switch input {
    case .plain: 1
    case .share: share
    case .scaledShare: value * share
    case .scaled, .integrated: value
    }
  }

  private func firing(_ fields: NeuronFields, isRecurrent: Bool) throws(Fault) -> SteppedNeuron.Firing {
    let threshold = try fields.values("v_threshold")
    guard threshold.allSatisfy({ $0 > 0 }) else {
      throw Fault(
        .value, "the threshold of the \(fields.node.kind) `\(fields.name)` must be greater than 0",
        label: "the least is \(threshold.numbers.min() ?? 0)")
    }
    let isSynaptic = fields.node.kind == "CubaLIF"
    let effect: SteppedNeuron.Reset
    switch isSynaptic ? synapticReset ?? reset : fields.node.kind == "IF" ? integratorReset ?? reset : reset {
    case .value: effect = .to(try fields.values("v_reset"))
    case .zero: effect = isBlankAfterSpike && isRecurrent && isSynaptic ? .blank : .to(0)
    case .subtract: effect = .subtract(threshold)
    case .subtractLater: effect = .subtractLater(threshold)
    case .subtractHeld: effect = .subtractHeld(threshold)
    }
    return SteppedNeuron.Firing(
      threshold: threshold, isStrict: isStrict, reset: effect, isMultiple: isMultiple, isLate: isLate)
  }

  /// Takes the factors of the input out of the threshold.
  private func scaleThreshold(_ neuron: inout SteppedNeuron) {
    guard var firing = neuron.firing else { return }
    let gain = neuron.gain * (neuron.synapse?.gain ?? 1)
    guard gain.allSatisfy({ $0 > 0 }) else { return }
    firing.threshold = firing.threshold / gain
    switch firing.reset {
    case .to(let value): firing.reset = .to(value / gain)
    case .subtract(let amount): firing.reset = .subtract(amount / gain)
    case .subtractLater(let amount): firing.reset = .subtractLater(amount / gain)
    case .subtractHeld(let amount): firing.reset = .subtractHeld(amount / gain)
    case .blank: break
    }
    neuron.firing = firing
    neuron.offset = neuron.offset / gain
    neuron.floor = neuron.floor.map { $0 / gain }
    neuron.gain = 1
    neuron.synapse?.gain = 1
  }

  /// Both equations of a `CubaLIF` under an input that stays the same over a step. With a = exp(-dt / tau_syn), b =
  /// exp(-dt / tau_mem) and k = tau_syn / (tau_syn - tau_mem) (a - b), or dt / tau b where both are equal:
  /// `i = a i + (1 - a) w x` and `v = b v + r k i + r (1 - b - k) w x + (1 - b) v_leak`, with the old current.
  private func solve(
    _ neuron: inout SteppedNeuron, _ fields: NeuronFields, tau: PerNeuron, synaptic: PerNeuron, _ dt: Double
  ) throws(Fault) {
    let (resistance, weight) = (try fields.values("r"), try fields.values("w_in"))
    let a = decayFactors(synaptic, dt, .exponential)
    let both = synaptic.with(tau) { s, m in
      let gap = dt / m - dt / s
      // (a - b) / (dt/tau_mem - dt/tau_syn) without the difference of two close numbers.
      let slope = gap == 0 ? exponential(-dt / m) : exponential(-dt / m) * exponentialLessOne(gap) / gap
      return dt / m * slope
    }
    neuron.gain = resistance * both
    neuron.synapse = SteppedNeuron.Synapse(
      decay: a, gain: weight * shares(synaptic, dt, .exponential), order: .after,
      direct: resistance * (shares(tau, dt, .exponential) - both) * weight)
  }

  // MARK: what the tool refuses

  private func check(_ fields: NeuronFields, _ dt: StepLength) throws(Fault) {
    func refused(_ reason: String, _ help: String? = nil) -> Fault {
      Fault(.value, "\(title) refuses the \(fields.node.kind) `\(fields.name)`", label: reason, help: help)
    }
    if let reason = refusal(of: fields.node.kind) { throw refused(reason) }
    if fields.isImage, refusesImages.contains(fields.node.kind) { throw refused("its importer fails on neurons of images") }
    let rests = fields.node.array("v_leak") != nil
    if rests, rest == .zero, !(try fields.values("v_leak").isAll(0)) { throw refused("`v_leak` must be 0") }
    if rests, rest == .reset, fields.node.array("v_reset") != nil,
      !(try fields.values("v_leak").isClose(to: fields.values("v_reset")))
    {
      throw refused("`v_leak` must be `v_reset`")
    }
    for demand in demands { try check(demand, fields, dt, refused) }
  }

  private func check(
    _ demand: Demand, _ fields: NeuronFields, _ dt: StepLength, _ refused: (String, String?) -> Fault
  ) throws(Fault) {
    let step = PerNeuron(dt.length)
    let help = "the step is \(dt.length) s; say another with dt="
    func isClose(_ a: PerNeuron, _ b: PerNeuron) -> Bool { (a - b).with(b) { abs($0) <= 1e-5 * abs($1) ? 1 : 0 }.isAll(1) }
    switch (demand, fields.node.kind) {
    case (.unitGain, "LIF"), (.unitGain, "LI"):
      guard isClose(try fields.values("r"), try fields.times("tau") / step) else { throw refused("`r` must be tau / dt", help) }
    case (.unitGainOrOne, "LIF"), (.unitGainOrOne, "LI"):
      let resistance = try fields.values("r")
      let unit = try fields.times("tau") / step
      guard resistance.isAll(1) || isClose(resistance, unit) else {
        throw refused("`r` must be 1 or tau / dt", help)
      }
    case (.unitGain, "IF"), (.unitGainOrOne, "IF"):
      guard isClose(try fields.values("r"), PerNeuron(1) / step) else { throw refused("`r` must be 1 / dt", help) }
    case (.unitGain, "CubaLIF"), (.unitGainOrOne, "CubaLIF"):
      guard isClose(try fields.values("r"), try fields.times("tau_mem") / step) else {
        throw refused("`r` must be tau_mem / dt", help)
      }
      guard isClose(try fields.values("w_in"), try fields.times("tau_syn") / step) else {
        throw refused("`w_in` must be tau_syn / dt", help)
      }
    case (.unitCurrent, "CubaLIF"):
      guard isClose(try fields.values("r"), try fields.times("tau_mem") / step) else {
        throw refused("`r` must be tau_mem / dt", help)
      }
    case (.unitResistance, "LIF"), (.unitResistance, "IF"):
      guard try fields.values("r").isAll(1) else { throw refused("`r` must be 1", nil) }
    case (.oneThreshold, _) where fields.node.array("v_threshold") != nil:
      guard try fields.values("v_threshold").uniform != nil else {
        throw refused("`v_threshold` must be the same for all neurons", nil)
      }
    case (.uniform, _):
      for field in fields.node.primitive?.fields ?? [] {
        guard try fields.values(field.name).uniform != nil else {
          throw refused("`\(field.name)` must be the same for all neurons", nil)
        }
      }
    default: break
    }
    // SpikingJelly divides by its time constant in steps, which must be more than one.
    if case .unitGainOrOne = demand, fields.node.kind == "LIF" {
      guard try fields.times("tau").allSatisfy({ $0 > dt.length }) else {
        throw refused("`tau` must be longer than a step", help)
      }
    }
  }
}

/// The fields of a node, one number for each neuron.
struct NeuronFields {
  let node: NIRNode
  let name: String
  private let features: [Int]
  var isImage: Bool { features.count > 1 }

  init(_ node: NIRNode, _ name: String, _ features: [Int]) throws(Fault) {
    (self.node, self.name, self.features) = (node, name, features)
  }

  /// A field spread over the layer, as NumPy would.
  ///
  /// - Throws: `.shape` where it does not fit.
  func values(_ field: String) throws(Fault) -> PerNeuron {
    guard let array = node.array(field) else { throw missing(field) }
    if array.values.count == 1 { return PerNeuron(array.values[0]) }
    guard let spread = array.spread(over: features) else {
      throw Fault(
        .shape, "`\(field)` of the \(node.kind) `\(name)` does not fit its layer",
        label: "it is \(array.shape), and the layer is \(features)")
    }
    return PerNeuron(spread)
  }

  /// Time constants, which are above 0.
  func times(_ field: String) throws(Fault) -> PerNeuron {
    let times = try values(field)
    guard times.allSatisfy({ $0 > 0 }) else {
      throw Fault(
        .value, "`\(field)` of the \(node.kind) `\(name)` must be greater than 0",
        label: "the least is \(times.numbers.min() ?? 0)")
    }
    return times
  }

  private func missing(_ field: String) -> Fault {
    Fault(.value, "the \(node.kind) `\(name)` has no `\(field)`")
  }
}

extension NIRArray {
  /// The numbers in another shape, repeated along axes of size 1 or that are missing at the front; nil where the shapes
  /// do not fit.
  func spread(over target: [Int]) -> [Double]? {
    let (total, overflow) = target.reduce((1, false)) { sum, size in
      let (product, over) = sum.0.multipliedReportingOverflow(by: size)
      return (product, sum.1 || over)
    }
    guard !overflow else { return nil }
    if values.count == total, shape.filter({ $0 != 1 }) == target.filter({ $0 != 1 }) || shape == [total] { return values }
    guard shape.count <= target.count, values.count == shape.reduce(1, *) else { return nil }
    let own = [Int](repeating: 1, count: target.count - shape.count) + shape
    guard zip(own, target).allSatisfy({ $0 == $1 || $0 == 1 }) else { return nil }
    var strides = [Int](repeating: 0, count: own.count)
    var stride = 1
    for axis in own.indices.reversed() {
      strides[axis] = own[axis] == 1 ? 0 : stride
      stride *= own[axis]
    }
    var spread: [Double] = []
    spread.reserveCapacity(total)
    var index = [Int](repeating: 0, count: target.count)
    for _ in 0..<total {
      spread.append(values[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }])
      for axis in index.indices.reversed() {
        index[axis] += 1
        if index[axis] < target[axis] { break }
        index[axis] = 0
      }
    }
    return spread
  }
}
