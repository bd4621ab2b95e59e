// What a load costs on a chip: an event-counting model.
//
// Energy of a step: each event times its energy, and the power of standing by times the step's length. What each figure
// is charged for, the chip's file says (`Charge`).
//
//     E = synops·e_synop (by kind) + neurons·e_update + active·e_active + spikes·e_spike
//         + out·e_out + in·e_in + h·e_horizontal + v·e_vertical + c·e_between
//         + (chips·P_chip + cores·P_core)·t_step
//
// Time of a step: cores and links work side by side, so that the slowest decides. A core updates its neurons and sends
// while it receives and accumulates what others sent, as in the "simple" model of SANA-FE (Boyle et al., IEEE TCAD
// 2025); a link carries one packet at a time; and a packet needs its whole way.
//
//     generate(core) = neurons·t_update + active·t_active + spikes·t_spike + out·t_out
//     receive(core)  = in·t_in + synops·t_synop
//     work           = max over cores of max(generate, receive); busiest link; longest way
//     t_step         = max(fixed step, work + barrier(tiles or chips))
//     latency        = sum over the steps of t_step
//
// On a dense processor a step computes every synapse, whatever the spikes. Loads hold mean counts, so that energies are
// exact means. Times are not: the slowest core of a mean step is quicker than the mean of each step's own slowest core.
// Where the steps of a run are known, `StepClock` times each of them; else the latency is that of a mean step.

import Glibc

/// Energy and time of one inference, simulated from a chip's figures.
public struct Cost: Sendable, Equatable {
  /// Joules of each kind of event, and of standing by.
  public struct Parts: Sendable, Equatable {
    public var synapticOperations = 0.0
    public var updates = 0.0
    public var spikes = 0.0
    /// Packets that leave cores, enter them, and pass routers and chips' borders.
    public var hops = 0.0
    public var standing = 0.0

    public init() {}

    public var total: Double { synapticOperations + updates + spikes + hops + standing }
    /// Without standing by: what the events alone cost.
    public var events: Double { synapticOperations + updates + spikes + hops }
  }

  public var energy = Parts()
  /// Seconds of one step: the mean over the steps that were timed, or that of a mean step.
  public var stepTime = 0.0
  /// Seconds of a step in which every event happens as often as it does in the mean.
  public var meanLoadStepTime = 0.0
  /// Steps that were timed one by one, each with its own slowest core; 0 where the time is that of a mean step.
  public var timedSteps = 0
  /// Seconds of the longest of them.
  public var longestStep = 0.0
  /// Seconds of one inference.
  public var latency = 0.0
  /// What decides the length of most steps: "synaptic operations of core 3", "the barrier", "the fixed step".
  public var timeLimit = ""
  /// Spikes that arrive over a synapse, in one inference.
  public var synapticOperations = 0.0
  /// What a network of the same synapses would compute without regard to spikes, in one inference.
  public var denseOperations = 0.0

  public init() {}

  /// Watts while it runs.
  public var power: Double { latency > 0 ? energy.total / latency : 0 }
  /// Joule seconds.
  public var energyDelay: Double { energy.total * latency }
  /// Billions of synaptic operations a second and watt, all energy counted: what the chip really computes.
  public var synapticEfficiency: Double { energy.total > 0 ? synapticOperations / energy.total / 1e9 : 0 }
  /// The same with the operations that a dense network would need: how papers reach large numbers.
  public var denseEfficiency: Double { energy.total > 0 ? denseOperations / energy.total / 1e9 : 0 }

  /// Whether steps have a fixed length, which the work in them never exceeds.
  public var isFixedStep: Bool { timeLimit == StepLimit.fixed.text && longestStep <= stepTime }

  /// The same events with other steps.
  mutating func take(_ times: StepTimes) {
    guard times.steps > 0, stepTime > 0 else { return }
    let steps = latency / stepTime
    energy.standing *= times.mean / stepTime
    stepTime = times.mean
    latency = times.mean * steps
    timedSteps = times.steps
    longestStep = times.longest
    timeLimit = times.limit
  }
}

/// The cost of one inference under a load, with the time of a mean step.
public func cost(of load: Load, on chip: Chip) -> Cost {
  let energy = EventRates(chip.energy)
  let time = EventRates(chip.time)
  var cost = Cost()
  var slowest = Slowest()
  for (index, core) in load.cores.enumerated() {
    // A dense processor computes each synapse, whether a spike came over it or not.
    let operations = chip.isDense ? core.synapses : core.synapticOperations
    cost.synapticOperations += operations
    cost.denseOperations += core.synapses
    cost.energy.synapticOperations += energy.operations(of: core, isDense: chip.isDense)
    cost.energy.updates += core.neurons * energy.neuronUpdate + core.activeNeurons * energy.activeUpdate
    cost.energy.spikes += core.spikes * energy.spike
    cost.energy.hops += core.packetsOut * energy.axonOut + core.packetsIn * energy.axonIn
    slowest.meet(
      core: index, updating: core.neurons * time.neuronUpdate + core.activeNeurons * time.activeUpdate,
      sending: core.spikes * time.spike + core.packetsOut * time.axonOut,
      operating: time.operations(of: core, isDense: chip.isDense), receiving: core.packetsIn * time.axonIn)
  }
  cost.energy.hops +=
    load.horizontalHops * energy.hopHorizontal + load.verticalHops * energy.hopVertical
    + load.chipHops * energy.hopBetweenChips

  slowest.meet(link: time.link(of: load), way: time.way(of: load))
  let (seconds, limit) = slowest.step(of: chip, load)
  cost.stepTime = seconds
  cost.timeLimit = limit.text
  cost.meanLoadStepTime = seconds
  cost.energy.standing = chip.standingPower(of: load) * seconds
  cost.scale(by: Double(load.steps))
  cost.latency = seconds * Double(load.steps)
  return cost
}

/// What decides the length of a step.
enum StepLimit: Hashable, Sendable {
  case updates(core: Int), spikes(core: Int), operations(core: Int), packets(core: Int)
  case link, way, barrier, fixed, asked, nothing

  var text: String {
    switch self {
    case .updates(let core): "neuron updates of core \(core)"
    case .spikes(let core): "spikes of core \(core)"
    case .operations(let core): "synaptic operations of core \(core)"
    case .packets(let core): "packets into core \(core)"
    case .link: "the busiest link"
    case .way: "the longest way"
    case .barrier: "the barrier"
    case .fixed: "the fixed step"
    case .asked: "the length asked for"
    case .nothing: ""
    }
  }
}

/// The slowest part of a chip in one step, as far as its parts have been met.
struct Slowest {
  private(set) var seconds = 0.0
  private(set) var limit = StepLimit.nothing

  @inline(__always)
  mutating func meet(core: Int, updating: Double, sending: Double, operating: Double, receiving: Double) {
    let (generate, receive) = (updating + sending, operating + receiving)
    if max(generate, receive) <= seconds { return }
    seconds = max(generate, receive)
    limit =
      if generate > receive {
        updating > sending ? .updates(core: core) : .spikes(core: core)
      } else {
        operating > receiving ? .operations(core: core) : .packets(core: core)
      }
  }

  mutating func meet(link: Double, way: Double) {
    if link > seconds { (seconds, limit) = (link, .link) }
    if way > seconds { (seconds, limit) = (way, .way) }
  }

  /// The whole step: with the barrier at its end, and no shorter than a fixed step.
  func step(of chip: Chip, _ load: Load) -> (seconds: Double, limit: StepLimit) {
    let barrier = chip.step.barrier(tiles: load.tiles, chips: load.chips)
    let whole = seconds + barrier
    if let fixed = chip.step.fixed?.value, fixed >= whole { return (fixed, .fixed) }
    return (whole, barrier > seconds ? .barrier : limit)
  }
}

/// What steps that were timed one by one add up to.
struct StepTimes: Sendable {
  private(set) var steps = 0
  private(set) var sum = 0.0
  private(set) var longest = 0.0
  private var counts: [StepLimit: Int] = [:]

  mutating func add(_ seconds: Double, _ limit: StepLimit) {
    steps += 1
    sum += seconds
    longest = max(longest, seconds)
    counts[limit, default: 0] += 1
  }

  var mean: Double { sum / Double(max(1, steps)) }
  /// What decided the length of most of them.
  var limit: String {
    counts.max { ($0.value, $1.key.text) < ($1.value, $0.key.text) }?.key.text ?? ""
  }
}

extension Cost {
  /// From one step to many.
  fileprivate mutating func scale(by steps: Double) {
    energy.synapticOperations *= steps
    energy.updates *= steps
    energy.spikes *= steps
    energy.hops *= steps
    energy.standing *= steps
    synapticOperations *= steps
    denseOperations *= steps
  }
}

/// The joules or seconds of each event, looked up once.
struct EventRates: Sendable {
  let synapticOperation, sparseOperation, convolutionOperation, neuronUpdate, activeUpdate, spike: Double
  let axonOut, axonIn, hopHorizontal, hopVertical, hopBetweenChips: Double

  init(_ figures: [Event: Figure]) {
    func value(_ event: Event) -> Double { figures[event]?.value ?? 0 }
    synapticOperation = value(.synapticOperation)
    sparseOperation = figures[.sparseOperation]?.value ?? value(.synapticOperation)
    convolutionOperation = figures[.convolutionOperation]?.value ?? value(.synapticOperation)
    neuronUpdate = value(.neuronUpdate)
    activeUpdate = value(.activeUpdate)
    spike = value(.spike)
    axonOut = value(.axonOut)
    axonIn = value(.axonIn)
    hopHorizontal = value(.hopHorizontal)
    hopVertical = value(.hopVertical)
    hopBetweenChips = value(.hopBetweenChips)
  }

  /// Of all synaptic operations of a core, each at the price of its kind.
  func operations(of core: Load.CoreLoad, isDense: Bool) -> Double {
    if isDense { return core.synapses * synapticOperation }
    let plain = core.synapticOperations - core.sparseOperations - core.convolutionOperations
    return plain * synapticOperation + core.sparseOperations * sparseOperation
      + core.convolutionOperations * convolutionOperation
  }

  /// Seconds in which the busiest link passes its packets.
  func link(of load: Load) -> Double {
    max(load.busiestLink * max(hopHorizontal, hopVertical), load.busiestChipLink * hopBetweenChips)
  }

  /// Seconds of the longest way of a packet.
  func way(of load: Load) -> Double {
    Double(load.longestPath.horizontal) * hopHorizontal + Double(load.longestPath.vertical) * hopVertical
      + Double(load.longestPathChips) * hopBetweenChips
  }
}

extension Chip {
  /// Watts of the chips and cores in use, whatever happens in them.
  func standingPower(of load: Load) -> Double {
    Double(load.chips) * (power.perChip?.value ?? 0) + Double(load.cores.count) * (power.perCore?.value ?? 0)
  }
}

extension Chip.StepTime {
  /// Seconds until all tiles in use agree that a step has ended; on several chips, until the chips do.
  public func barrier(tiles: Int, chips: Int = 1) -> Double {
    if chips > 1, !chipBarrier.isEmpty {
      return Self.between(chipBarrier.map { (Double($0.chips), $0.seconds.value) }, at: Double(chips)) { log2($0) }
    }
    return Self.between(barrier.map { (Double($0.tiles), $0.seconds.value) }, at: Double(tiles)) { $0 }
  }

  /// On straight lines between the points over a scale of their places; the first and the last hold beyond.
  private static func between(
    _ points: [(place: Double, seconds: Double)], at place: Double, scale: (Double) -> Double
  ) -> Double {
    guard let first = points.first, let last = points.last else { return 0 }
    if place <= first.place { return first.seconds }
    for (low, high) in zip(points, points.dropFirst()) where place <= high.place {
      let share = (scale(place) - scale(low.place)) / (scale(high.place) - scale(low.place))
      return low.seconds + share * (high.seconds - low.seconds)
    }
    return last.seconds
  }
}
