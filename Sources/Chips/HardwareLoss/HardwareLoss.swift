// The chip in the loss: L = L_task + lambda · L_hw, and Algorithm 1 of the NeuEdge paper (Eq. 9-10).
//
// Each epoch the mapper places the network as its gates stand, with the rates of the epoch before; each batch pays for the
// energy and the time that an inference takes on that mapping (`HardwarePrice`), by gates that remove neurons, channels and
// inputs, and by the spikes themselves. The task is learnt alone first; then lambda rises, gates move and the smallest
// weights go; at the freeze each gate is 0 or 1, and what is left learns on, its spikes still at their price.

import Faults
import Spiking
import Tensors

/// What a network costs on a chip, as an aim of training.
public struct HardwareLoss: TrainingObjective {
  /// What is paid for, and how.
  public struct Options: Sendable {
    /// Lambda: how much task loss, in nats, a factor e of energy or time is worth.
    public var weight = 0.01
    /// How much each part of L_hw counts.
    public var utilization = 1.0
    public var communication = 1.0
    public var memory = 1.0
    /// Not in the paper, and not in L_hw: the logarithm of what arrives over synapses.
    public var operations = 0.0
    /// The mapper that renews the mapping, and what it makes small.
    public var strategy = JointStrategy.name
    public var objective = Objective.energyDelay
    /// Full cores are what Eq. 9-10 ask for; as many as make the objective small are many times quicker.
    public var fill = CoreUse.cores
    /// As in `PlaceOptions`.
    public var cores: Int?
    public var chips: Int?
    public var weightBits: Int?
    /// The share of training in which the task is learnt alone: a network that does nothing yet has nothing to keep.
    public var warmup = 0.5
    /// The share of training after which nothing more is removed and weights alone learn.
    public var freeze = 0.75
    /// The share of each layer's weights, the smallest first, that go between `warmup` and `freeze`; those that the chip's
    /// bits would round to zero go in any case.
    public var prune = 0.5
    public var seed: UInt64 = 0

    public init() {}
  }

  public let name = "hardware"
  public let chip: Chip
  public let options: Options
  private var state: HardwareState?

  public var weight: Double { options.weight }

  /// - Throws: `.value` for weights below zero, shares that are none, or a strategy that there isn't.
  public init(_ chip: Chip, _ options: Options = Options()) throws(Fault) {
    let weights = [
      ("weight", options.weight), ("utilization", options.utilization), ("communication", options.communication),
      ("memory", options.memory), ("operations", options.operations),
    ]
    for (name, value) in weights where !(value >= 0 && value < .infinity) {
      throw Fault(.value, "a weight of the hardware loss is a number from 0", label: "\(name) is \(value)")
    }
    guard options.warmup >= 0, options.warmup < options.freeze, options.freeze < 1 else {
      throw Fault(
        .value, "the hardware loss works from `warmup` to `freeze`, shares of training",
        label: "warmup is \(options.warmup), freeze is \(options.freeze)",
        help: "choose 0 ≤ warmup < freeze < 1, such as 0.5 and 0.75")
    }
    guard options.prune >= 0, options.prune < 1 else {
      throw Fault(
        .value, "a part of the weights is a share from 0, and less than 1", label: "prune is \(options.prune)")
    }
    _ = try mappingStrategy(options.strategy)
    self.chip = chip
    self.options = options
  }

  public mutating func begin(_ network: Network, _ course: TrainingCourse) throws(Fault) {
    var state = try HardwareState(network, course, chip, options)
    // A network that doesn't fit, or a chip that can't take it, is refused before anything is trained.
    try state.renew(network)
    self.state = state
  }

  public mutating func beginEpoch(_ epoch: Int, _ network: Network) throws(Fault) {
    guard var state = take() else { return }
    defer { self.state = state }
    try state.beginEpoch(epoch, network)
  }

  /// Of the mapping, its cores and how full the scarcest resource is there; of the epoch's batches, the energy and the time
  /// of an inference as they were estimated; and the share of the epoch's time that the mapper took: "loihi2_cores",
  /// "loihi2_utilization", "loihi2_energy", "loihi2_latency", "loihi2_mapping_share".
  public var notes: [(name: String, value: Double)] {
    state.map { state in state.notes.map { (name: "\(chip.name)_\($0.name)", value: $0.value) } } ?? []
  }

  public mutating func takeWarnings() -> [String] {
    guard var state = take() else { return [] }
    defer { self.state = state }
    return state.takeWarnings()
  }

  /// How many cores of a chip a network was trained to fill (`fill` of `.cores`) with the chip's own weights; nil where it
  /// was not, or training ended before that was decided.
  public static func cores(of network: Network, on chip: Chip) -> Int? {
    guard let rules = try? CoreRules(chip, weightBits: nil) else { return nil }
    return RecordedCores(of: network, on: chip, rules: rules).record?.cores
  }

  public func shaped(_ network: Network) throws(Fault) -> Network {
    guard let state, state.isCharging else { return network }
    return try state.gates.shaped(network)
  }

  public mutating func observe(taskLoss: Double) { state?.observe(taskLoss: taskLoss) }

  public mutating func charge(
    _ network: Network, input: Signal, trace: NetworkTrace
  ) throws(Fault) -> ObjectiveCharge {
    guard var state = take() else { return ObjectiveCharge(value: 0, terms: []) }
    defer { self.state = state }
    return try state.charge(input: input, trace: trace)
  }

  public mutating func pullBack(_ gradients: inout [[Tensor]], _ network: Network) throws(Fault) {
    guard var state = take() else { return }
    defer { self.state = state }
    if state.isCharging { try state.pullBack(&gradients, network) }
  }

  public mutating func advance(_ network: inout Network, progress: Double) throws(Fault) {
    guard var state = take() else { return }
    defer { self.state = state }
    // Without a weight the mapping is watched, and nothing changes.
    if weight > 0 { try state.advance(&network, progress: progress) }
  }

  public func finish(_ network: Network) throws(Fault) -> Network {
    guard let state, state.isCharging else { return network }
    var finished = try state.gates.finish(network)
    if let record = try state.record(of: finished) { finished.remember(record) }
    return finished
  }

  /// The state, taken out so that it is changed in place.
  private mutating func take() -> HardwareState? {
    defer { state = nil }
    return state
  }
}
