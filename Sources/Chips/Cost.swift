// What a load costs on a chip: an event-counting model.
//
// Energy of a step: each event times its energy, and the power of standing by times the step's length.
//
//     E = synops·e_synop + neurons·e_update + active·e_active + spikes·e_spike
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
//     t_step         = max(fixed step, work + barrier(tiles))
//     latency        = steps·t_step
//
// On a dense processor a step computes every synapse, whatever the spikes. Loads hold mean counts, so that energies
// are exact means, and times are those of a mean step: a step with more spikes takes longer.

/// Energy and time of one inference, simulated from a chip's figures.
public struct Cost: Sendable, Equatable {
  /// Joules of each kind of event, and of standing by.
  public struct Parts: Sendable, Equatable {
    public var synapticOperations = 0.0
    public var updates = 0.0
    public var spikes = 0.0
    /// Packets that leave cores, enter them, and pass routers.
    public var hops = 0.0
    public var standing = 0.0

    public init() {}

    public var total: Double { synapticOperations + updates + spikes + hops + standing }
    /// Without standing by: what the events alone cost.
    public var events: Double { synapticOperations + updates + spikes + hops }
  }

  public var energy = Parts()
  /// Seconds of one step.
  public var stepTime = 0.0
  /// Seconds of one inference.
  public var latency = 0.0
  /// What decides the length of a step: "synaptic operations of core 3", "the barrier", "the fixed step".
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
}

/// The cost of one inference under a load.
public func cost(of load: Load, on chip: Chip) -> Cost {
  let energy = Rates(chip.energy)
  let time = Rates(chip.time)
  var cost = Cost()
  var slowest = 0.0
  for (index, core) in load.cores.enumerated() {
    // A dense processor computes each synapse, whether a spike came over it or not.
    let operations = chip.isDense ? core.synapses : core.synapticOperations
    cost.synapticOperations += operations
    cost.denseOperations += core.synapses
    cost.energy.synapticOperations += operations * energy.synapticOperation
    cost.energy.updates += core.neurons * energy.neuronUpdate + core.activeNeurons * energy.activeUpdate
    cost.energy.spikes += core.spikes * energy.spike
    cost.energy.hops += core.packetsOut * energy.axonOut + core.packetsIn * energy.axonIn
    let neurons = core.neurons * time.neuronUpdate + core.activeNeurons * time.activeUpdate
    let sending = core.spikes * time.spike + core.packetsOut * time.axonOut
    let operating = operations * time.synapticOperation
    let receiving = core.packetsIn * time.axonIn
    if max(neurons + sending, operating + receiving) > slowest {
      slowest = max(neurons + sending, operating + receiving)
      cost.timeLimit =
        if neurons + sending > operating + receiving {
          "\(neurons > sending ? "neuron updates" : "spikes") of core \(index)"
        } else {
          operating > receiving ? "synaptic operations of core \(index)" : "packets into core \(index)"
        }
    }
  }
  cost.energy.hops +=
    load.horizontalHops * energy.hopHorizontal + load.verticalHops * energy.hopVertical
    + load.chipHops * energy.hopBetweenChips

  let link = load.busiestLink * max(time.hopHorizontal, time.hopVertical)
  let way = Double(load.longestPath.horizontal) * time.hopHorizontal
    + Double(load.longestPath.vertical) * time.hopVertical
  let barrier = chip.step.barrier(tiles: load.tiles)
  for (seconds, limit) in [(link, "the busiest link"), (way, "the longest way")] where seconds > slowest {
    slowest = seconds
    cost.timeLimit = limit
  }
  if barrier > slowest { cost.timeLimit = "the barrier" }
  cost.stepTime = slowest + barrier
  if let fixed = chip.step.fixed?.value, fixed >= cost.stepTime {
    cost.stepTime = fixed
    cost.timeLimit = "the fixed step"
  }

  let standing =
    Double(load.chips) * (chip.power.perChip?.value ?? 0)
    + Double(load.cores.count) * (chip.power.perCore?.value ?? 0)
  cost.energy.standing = standing * cost.stepTime
  cost.scale(by: Double(load.steps))
  cost.latency = cost.stepTime * Double(load.steps)
  return cost
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
private struct Rates {
  let synapticOperation, neuronUpdate, activeUpdate, spike, axonOut, axonIn: Double
  let hopHorizontal, hopVertical, hopBetweenChips: Double

  init(_ figures: [Event: Figure]) {
    func value(_ event: Event) -> Double { figures[event]?.value ?? 0 }
    synapticOperation = value(.synapticOperation)
    neuronUpdate = value(.neuronUpdate)
    activeUpdate = value(.activeUpdate)
    spike = value(.spike)
    axonOut = value(.axonOut)
    axonIn = value(.axonIn)
    hopHorizontal = value(.hopHorizontal)
    hopVertical = value(.hopVertical)
    hopBetweenChips = value(.hopBetweenChips)
  }
}

extension Chip.StepTime {
  /// Seconds until all tiles in use agree that a step has ended.
  public func barrier(tiles: Int) -> Double {
    guard let first = barrier.first, let last = barrier.last else { return 0 }
    if tiles <= first.tiles { return first.seconds.value }
    for (low, high) in zip(barrier, barrier.dropFirst()) where tiles <= high.tiles {
      let share = Double(tiles - low.tiles) / Double(high.tiles - low.tiles)
      return low.seconds.value + share * (high.seconds.value - low.seconds.value)
    }
    return last.seconds.value
  }
}
