// Neurons as NIR nodes, so that a tool steps them as they are stepped here.

import Faults

/// A node for neurons, and what the tool will do otherwise.
struct WrittenNeurons {
  var node: NIRNode
  /// What the tool does otherwise, in words.
  var differences: [String] = []
  /// The one difference that changes no spikes.
  static let late = "spikes come one step later"
  /// How the neurons fired, where the tool fires otherwise.
  var mark: SteppingMarks.Mark?
  /// What must come in at each step beside the input, as the tool reads no offset.
  var offset: PerNeuron = 0
}

extension ToolProfile {
  /// A node that the tool steps like the given neurons, so far as it can.
  ///
  /// The potential of the tool's neurons may be another unit: thresholds and resets are written in it.
  ///
  /// - Throws: `.value` for neurons that no parameters of the tool come near.
  func write(
    _ neuron: SteppedNeuron, _ name: String, features: [Int], _ dt: StepLength, isRecurrent: Bool
  ) throws(Fault) -> WrittenNeurons {
    guard neuron.leak.allSatisfy({ (0...1).contains($0) }) else {
      throw Fault(.value, "neurons with a leak outside 0 to 1 have no time constant")
    }
    var kind = self.kind(neuron)
    if writesSynapses { kind = Self.synaptic[kind] ?? (kind == "IF" ? "CubaLIF" : kind) }
    if refuses[kind] != nil, kind != "IF", refuses[Self.synaptic[kind] ?? ""] == nil { kind = Self.synaptic[kind] ?? kind }
    // Spyx takes the threshold off before the leak in its neurons with a synapse alone.
    if synapticReset == .subtract, kind == "LIF", case .subtract? = neuron.firing?.reset { kind = "CubaLIF" }
    if let reason = refuses[kind] ?? importRefuses[kind] {
      throw Fault(.value, "\(title) does not run neurons of the kind \(kind)", label: "it \(reason)")
    }
    var fields = try times(neuron, kind, dt)
    // With a threshold of 1, how large is an input there, and how far does the threshold move?
    func node() throws(Fault) -> NIRNode {
      var all: [String: NIRValue] = [:]
      for field in NIRPrimitive.named(kind)?.fields ?? [] where !(omitsReset && field.name == "v_reset") {
        all[field.name] = .array(array(fields[field.name] ?? 0, features))
      }
      return try NIRNode(kind, fields: all, name: name)
    }
    fields["v_threshold"] = 1
    let unit = try neurons(try node(), name, features: features, dt, isRecurrent: isRecurrent)
    // How large the tool's potential is beside ours.
    let scale = unit.entering / neuron.entering
    guard scale.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw Fault(.value, "neurons with an input that is not multiplied by something above 0 cannot be written")
    }
    var written = WrittenNeurons(node: try node())
    if let firing = neuron.firing, let tool = unit.firing {
      var threshold = firing.threshold
      if firing.isStrict != tool.isStrict {
        threshold = threshold.map { Double(tool.isStrict ? Float($0).nextDown : Float($0).nextUp) }
      }
      fields["v_threshold"] = (threshold * scale / tool.threshold).settled
      // What the tool's potential is divided by, where it takes factors out of the threshold, is in the unit already.
      if case .to(let value) = firing.reset, reset == .value { fields["v_reset"] = (value * scale / tool.threshold).settled }
      if rest == .reset { fields["v_leak"] = fields["v_reset"] }
    }
    let share = shares(fields["tau"] ?? fields["tau_mem"] ?? 1, dt.length, decay)
    if rest == .used, kind != "IF", kind != "I" {
      fields["v_leak"] = neuron.offset * scale / share / (scalesThreshold ? unit.firing?.threshold ?? 1 : 1)
    }
    written.node = try node()
    let there = try neurons(written.node, name, features: features, dt, isRecurrent: isRecurrent)
    let missing = neuron.offset - there.offset / scale
    if !missing.isAll(0), !(neuron.offset.isClose(to: there.offset / scale)) {
      guard neuron.synapse == nil else {
        throw Fault(.value, "\(title) reads no `v_leak`, and neurons with a synapse have no other place for an offset")
      }
      written.offset = missing / neuron.gain
    }
    compare(neuron, there, scale, &written)
    return written
  }

  private static let synaptic = ["LIF": "CubaLIF", "LI": "CubaLI"]

  private func kind(_ neuron: SteppedNeuron) -> String {
    if neuron.synapse != nil { return neuron.firing == nil ? "CubaLI" : "CubaLIF" }
    let integrates = neuron.leak.isAll(1)
    return neuron.firing == nil ? integrates ? "I" : "LI" : integrates && integratorLeak == nil ? "IF" : "LIF"
  }

  /// The time constant of a decay, in the unit of the file.
  private func timeConstants(_ decay: PerNeuron, _ dt: Double, _ kind: Decay) -> PerNeuron {
    decay.map { factor in
      switch kind {
      // A decay of 1 has no time constant: a very long one is 1 as a 32-bit float.
      case .euler, .clipped: dt / max(1 - factor, 1e-9)
      // One of 0 has none either: exp(-110) is 0 as a 32-bit float.
      case .exponential: factor <= 0 ? dt / 110 : -dt / min(logarithm(factor), -1e-9)
      }
    }
  }

  /// Time constants and factors, as the tool needs them.
  private func times(_ neuron: SteppedNeuron, _ kind: String, _ dt: StepLength) throws(Fault) -> [String: PerNeuron] {
    let step = PerNeuron(dt.length)
    var fields: [String: PerNeuron] = ["v_leak": 0, "v_reset": 0, "w_in": 1]
    let needsOne = demands.contains { if case .unitResistance = $0 { true } else { false } }
    switch kind {
    case "I", "IF":
      let isTime = integrated == .integrated || demands.contains { if case .unitGainOrOne = $0 { true } else { false } }
      fields["r"] = isTime ? 1 / step : 1
    case "LI", "LIF":
      let tau = timeConstants(neuron.leak, dt.length, decay)
      fields["tau"] = tau
      fields["r"] = needsOne || !dt.isTime ? 1 : 1 / shares(tau, dt.length, decay)
    default:
      let tau = timeConstants(neuron.leak, dt.length, decay)
      let kind = synapseDecay ?? decay
      var fast: PerNeuron = 0
      if case .order(.decayed) = synapse { fast = 1e-12 }
      let synaptic = timeConstants(neuron.synapse?.decay ?? fast, dt.length, kind)
      (fields["tau_mem"], fields["tau_syn"]) = (tau, synaptic)
      fields["r"] = 1 / shares(tau, dt.length, decay)
      fields["w_in"] = 1 / shares(synaptic, dt.length, kind)
      if case .fromFile = self.step {
        fields["r"] = tau / step - 1
        fields["w_in"] = 1
      }
    }
    return fields
  }

  /// A field of a node, one number for each neuron.
  private func array(_ value: PerNeuron, _ features: [Int]) -> NIRArray {
    let count = features.reduce(1, *)
    return NIRArray((0..<count).map { value.at($0) }, shape: features)
  }

  // MARK: what the tool does otherwise

  private func compare(
    _ own: SteppedNeuron, _ there: SteppedNeuron, _ scale: PerNeuron, _ written: inout WrittenNeurons
  ) {
    func isRounded(_ a: PerNeuron, _ b: PerNeuron) -> Bool { a.with(b) { Float($0) == Float($1) ? 1 : 0 }.isAll(1) }
    if !isRounded(own.leak, there.leak) { written.differences.append("the leak is \(there.leak.text), and not \(own.leak.text)") }
    if let synapse = own.synapse, let other = there.synapse {
      if !isRounded(synapse.decay, other.decay) {
        written.differences.append("the decay of the current is \(other.decay.text), and not \(synapse.decay.text)")
      }
      if (synapse.order == .after) != (other.order == .after) {
        written.differences.append(
          other.order == .after ? "the current reaches the membrane one step later" : "the current reaches the membrane one step earlier")
      }
    }
    guard let firing = own.firing, let other = there.firing else { return }
    var isOther = false
    func note(_ text: String) {
      written.differences.append(text)
      isOther = true
    }
    let amount = own.amountLater(firing) ?? 0
    switch (firing.reset, other.reset) {
    case (.to(let value), .to(let target)):
      if !(value * scale).isClose(to: target) { note("a spike sets the potential to \((target / scale).text), and not to \(value.text)") }
    case (.to, _): note("a spike takes off the threshold, and does not set the potential to 0")
    case (.blank, .blank), (.subtractHeld, .subtractHeld): break
    case (.subtractHeld, _), (_, .subtractHeld): note("a potential above the threshold fires otherwise after a spike")
    case (_, .to): note("a spike sets the potential to 0, and does not take off the threshold")
    case (_, .blank): note("the step after a spike is silent")
    default:
      if let taken = there.amountLater(other), !(taken / scale).isClose(to: amount) {
        note("a spike takes off \((taken / scale).text) after the next leak, and not \(amount.text)")
      }
    }
    if other.isMultiple, !firing.isMultiple { note("a potential of several thresholds gives several spikes in one step") }
    if !other.isMultiple, firing.isMultiple { note("a potential of several thresholds gives one spike") }
    if other.isLate, !firing.isLate { note(WrittenNeurons.late) }
    if !other.isLate, firing.isLate { note("spikes come one step earlier") }
    if let bound = there.floor, own.floor == nil { note("the potential is cut below \((bound / scale).text)") }
    if there.floor == nil, own.floor != nil { note("the potential has no lower bound") }
    if isOther { written.mark = own.mark(firing, own.floor != nil) }
  }
}

extension PerNeuron {
  /// As messages write it: one number, or the range of many.
  var text: String {
    func short(_ number: Double) -> String { "\(Float(number))" }
    if let uniform { return short(uniform) }
    return "\(short(numbers.min() ?? 0)) to \(short(numbers.max() ?? 0))"
  }
}

extension SteppedNeuron {
  /// What an input adds to the potential, in its own step or by its current.
  fileprivate var entering: PerNeuron {
    guard let synapse else { return gain }
    switch synapse.order {
    case .before, .after: return gain * synapse.gain
    case .decayed: return gain * synapse.gain * synapse.decay
    }
  }

  /// What a spike takes off after the leak of the next step; nil for another reset.
  fileprivate func amountLater(_ firing: Firing) -> PerNeuron? {
    switch firing.reset {
    case .subtract(let amount): amount * leak
    case .subtractLater(let amount): amount
    case .subtractHeld, .to, .blank: nil
    }
  }

  fileprivate func mark(_ firing: Firing, _ isBounded: Bool) -> SteppingMarks.Mark {
    let (reset, amount): (SteppingMarks.Mark.Reset, PerNeuron) =
      switch firing.reset {
      case .to(let value): (.to, value)
      case .subtract(let value): (.subtract, value)
      case .subtractLater(let value): (.later, value)
      case .subtractHeld(let value): (.held, value)
      case .blank: (.blank, 0)
      }
    // Amounts that differ from neuron to neuron, in thresholds, are not noted.
    let share = (amount / firing.threshold).uniform ?? 1
    return SteppingMarks.Mark(
      reset: reset, amount: share, isStrict: firing.isStrict, isMultiple: firing.isMultiple, isLate: firing.isLate,
      isBounded: isBounded)
  }
}
