// The tools, one declaration for each. Those with golden runs are held to them by tests (see `NIRGoldenTests`); the others
// follow the tools' public code, and say so.

extension ToolProfile {
  public static let all: [ToolProfile] = [
    exact, norse, snntorch, sinabs, rockpool, nengo, lava, lavaDL, spyx, spikingjelly, spinnaker2,
  ]

  /// NIR's own equations, solved under an input that stays the same over a step.
  static let exact = ToolProfile(
    name: "exact", title: "NIR's equations, solved exactly", basis: "the NIR paper's exact run of its LIF",
    step: .told, decay: .exponential, current: .scaledShare, integrated: .integrated, synapse: .exact, reset: .value)

  /// `v += dt / tau (x + v_leak - v)`; resistance, `v_reset` and the kind of reset are not read.
  static let norse = ToolProfile(
    name: "norse", title: "Norse 1.1.0", basis: "golden runs of its importer",
    step: .standard(1e-3), decay: .euler, current: .share, reset: .zero,
    refuses: [
      "AvgPool2d": "leaves it out without a word, and what comes out differs from run to run",
    ], importRefuses: ["LI": "leaves it out without a word"])

  /// `v = beta v + x`, and the threshold is divided by what the input should be multiplied by. A file does not tell which
  /// reset a network of snnTorch has: its importer takes zero.
  static let snntorch = ToolProfile(
    name: "snntorch", title: "snnTorch 1.0.0", basis: "golden runs of its importer",
    step: .fixed(1e-4), decay: .clipped, current: .scaledShare, integrated: .plain, rest: .zero,
    arriving: .scaledShare, synapticCurrent: .plain, scalesThreshold: true, reset: .zero, subtraction: .subtractLater, integratorReset: .subtractHeld,
    isBlankAfterSpike: true, integratorLeak: 0.9, demands: [.unitCurrent, .oneThreshold],
    refuses: ["SumPool2d": "does not know it"], importRefuses: ["LI": "does not know it"])

  /// `v = exp(-1 / tau) v + x` with time constants in steps, whatever the resistance; floor(v / threshold) spikes. With a
  /// step that is said, time constants are seconds and the input is multiplied by `r dt / tau`, as the NIR paper ran it.
  static let sinabs = ToolProfile(
    name: "sinabs", title: "Sinabs 3.1.3", basis: "golden runs of its importer",
    step: .counted, decay: .exponential, current: .plain, rest: .zero, isStrict: false, reset: .subtract,
    isMultiple: true, integratorFloor: 1,
    refuses: [
      "CubaLIF": "leaves it out without a word", "CubaLI": "leaves it out without a word",
      "AvgPool2d": "leaves it out without a word", "Linear": "does not know it", "feedback": "fails on it",
    ], refusesImages: ["LIF"], omitsReset: true, scalesBySaidStep: true)

  /// `i = (i + x) exp(-dt / tau_syn); v = v exp(-dt / tau_mem) + i`; floor(v / threshold) spikes. Its importer takes
  /// `CubaLIF` alone; a `LIF` here is what its own LIF neurons do.
  static let rockpool = ToolProfile(
    name: "rockpool", title: "Rockpool 3.1.0", basis: "golden runs of its importer and its neurons",
    step: .fromFile, decay: .exponential, current: .plain, rest: .zero, synapse: .order(.decayed), arriving: .plain,
    synapticCurrent: .plain, isStrict: false, reset: .subtract, isMultiple: true,
    refuses: ["Conv2d": "does not know it", "Conv1d": "does not know it"], importRefuses: ["CubaLI": "has a version of nir that does not know it"], omitsReset: true, nestsFeedback: true,
    dropsFeedbackBias: true, writesSynapses: true)

  /// The mapping that the NIR paper published: Nengo's LIF, which never goes below 0, behind a low-pass for a synapse.
  static let nengo = ToolProfile(
    name: "nengo", title: "Nengo, as the NIR paper's script", basis: "the script's code and Nengo's equations",
    step: .told, decay: .exponential, current: .scaledShare, integrated: .plain, rest: .zero,
    synapse: .order(.after), synapseDecay: .euler, reset: .zero, floor: 0, demands: [.unitResistance, .uniform],
    refuses: ["AvgPool2d": "does not know it"])

  /// `v = (1 - dt / tau) v + dt / tau x`, one step later for each layer, as Lava's processes pass their messages.
  static let lava = ToolProfile(
    name: "lava", title: "Lava, as the NIR paper's script", basis: "the NIR paper's run of its LIF and the script's code",
    step: .standard(1e-4), decay: .euler, current: .share, rest: .ignored, reset: .zero, isLate: true, demands: [.noBias],
    refuses: [
      "IF": "its script knows LIF alone", "CubaLIF": "its script knows LIF alone",
      "Conv2d": "its script knows dense layers alone", "Linear": "its script knows Affine alone", "feedback": "its script knows no loops",
    ])

  /// `i = (1 - dt / tau_syn) i + w x; v = (1 - dt / tau_mem) v + i`. Its rounding of states to 1/64 is not modelled.
  static let lavaDL = ToolProfile(
    name: "lava-dl", title: "lava-dl, as the NIR paper's script", basis: "the script's code; states are not rounded here",
    step: .standard(1e-4), decay: .euler, current: .plain, integrated: .plain, rest: .zero, arriving: .scaledShare,
    synapticCurrent: .plain, isStrict: false, reset: .zero, feedbackSkipsWeight: true, demands: [.unitCurrent, .uniform],
    refuses: [
      "LIF": "its script does not know it; CubaLIF it does", "AvgPool2d": "its script does not know it",
      "Linear": "its script fails on it; Affine it knows",
    ],
    nestsFeedback: true)

  /// `z = H(v - threshold); v = beta v + x - z threshold`, and z is sent: one step later for each layer.
  static let spyx = ToolProfile(
    name: "spyx", title: "Spyx 1.0.0", basis: "golden runs of its importer",
    step: .counted, decay: .clipped, current: .plain, rest: .ignored, arriving: .plain, synapticCurrent: .plain,
    reset: .subtractLater, subtraction: .subtractLater, synapticReset: .subtract, isLate: true, flattensChannelsLast: true,
    refuses: ["AvgPool2d": "leaves it out without a word"], importRefuses: ["LI": "takes it before a Threshold alone"], dropsFeedbackBias: true, entersBesideFeedback: true, namesGates: true)

  /// `v += g x - (v - v_leak) dt / tau`, fires at the threshold. It refuses what its own neurons cannot do.
  static let spikingjelly = ToolProfile(
    name: "spikingjelly", title: "SpikingJelly 2.0.0", basis: "golden runs of its importer",
    step: .standard(1e-4), decay: .euler, current: .scaledShare, integrated: .plain, rest: .reset, arriving: .plain,
    synapticCurrent: .plain, isStrict: false, reset: .value, startsAtReset: true, demands: [.unitGainOrOne, .uniform],
    refuses: ["SumPool2d": "does not know it"], importRefuses: ["LI": "does not know it"])

  /// Exponential steps and a reset that subtracts, py-spinnaker2's standard choices; spikes are sent one step later.
  static let spinnaker2 = ToolProfile(
    name: "spinnaker2", title: "py-spinnaker2", basis: "its code; weights are not rounded here",
    step: .told, decay: .exponential, current: .scaledShare, integrated: .scaled, scalesThreshold: true,
    reset: .subtract, isLate: true)
}
