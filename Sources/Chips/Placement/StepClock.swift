// The time of each step of a run on a mapped chip: every step has its own slowest core.

import Spiking

/// Times steps one after the other.
///
/// A layer computes with what the layer before it sent a step earlier, as on Loihi, on TrueNorth and in SANA-FE: what a
/// layer does in step t of the run, the chip does in step t + d, where d counts the layers before it. So the layers of one
/// step work side by side, on successive steps of the run.
struct StepClock {
  private let chip: Chip
  private let load: Load
  private let time: EventRates
  private let delivery: Delivery
  /// Of each population, how many layers lie before it; and of them all, the steps that are under way at once.
  private let depths: [Int]
  private let fires: [Bool]
  private let slots: Int
  /// Seconds for which every core is busy in every step with its neurons and, on a dense processor, with all synapses.
  private let idle: [(updating: Double, operating: Double)]
  /// Of each step under way and each core, the seconds of each kind of work: `[slot * cores + core]`.
  private var updating: [Double]
  private var sending: [Double]
  private var operating: [Double]
  private var receiving: [Double]
  /// Packets of each step under way, and in the mean.
  private var packets: [Double]
  private let meanPackets: Double
  private let link: Double
  private let way: Double
  private var now = 0
  /// What all steps so far add up to.
  private(set) var times = StepTimes()

  /// - Parameter placed: the mapping with the load of a mean step, from which the shares of the links are taken.
  init(_ problem: PlacementProblem, _ placed: PlacedMapping) {
    let (chip, load) = (problem.chip, placed.load)
    let time = EventRates(chip.time)
    self.chip = chip
    self.load = load
    self.time = time
    delivery = Delivery(problem, placed.mapping.cores.map(\.slices), chip.isDense ? EventRates([:]) : time)
    depths = problem.workload.graph.depths
    fires = problem.fires
    slots = (depths.max() ?? 0) + 1
    idle = load.cores.map { core in
      (core.neurons * time.neuronUpdate, chip.isDense ? time.operations(of: core, isDense: true) : 0)
    }
    updating = [Double](repeating: 0, count: slots * load.cores.count)
    sending = updating
    operating = updating
    receiving = updating
    packets = [Double](repeating: 0, count: slots)
    meanPackets = load.cores.reduce(0) { $0 + $1.packetsIn }
    link = time.link(of: load)
    way = time.way(of: load)
  }

  /// Adds what all populations did in a step, and times the step that the chip ends with it.
  ///
  /// - Returns: its seconds, and what decides them.
  mutating func add(_ step: StepBits) -> (seconds: Double, limit: StepLimit) {
    for population in depths.indices { add(population, step) }
    return end()
  }

  private mutating func add(_ population: Int, _ step: StepBits) {
    let cores = idle.count
    let slot = (now + depths[population]) % slots
    let base = slot * cores
    if time.activeUpdate > 0 {
      for part in delivery.parts[population] {
        let busy = part.count(in: step.busy[population])
        updating[base + part.core] += busy * time.activeUpdate
      }
    }
    guard step.counts[population] > 0 else { return }
    let (axons, spike) = (delivery.axons, fires[population] ? time.spike : 0)
    var sent = 0.0
    let (out, into) = (time.axonOut, time.axonIn * axons)
    step.fired[population].forEachBit { neuron in
      let source = delivery.starts[population] + neuron
      let targets = delivery.targets(of: source, in: population)
      let home = delivery.homes[source]
      if home >= 0 {
        sending[base + Int(home)] += spike * delivery.copies(of: source) + out * axons * Double(targets.count)
      }
      for place in targets {
        let core = Int(delivery.cores[place])
        operating[base + core] += delivery.seconds[place]
        receiving[base + core] += into
      }
      sent += axons * Double(targets.count)
    }
    packets[slot] += sent
  }

  private mutating func end() -> (seconds: Double, limit: StepLimit) {
    let slot = now % slots
    let cores = idle.count
    var slowest = Slowest()
    for core in 0..<cores {
      let place = slot * cores + core
      slowest.meet(
        core: core, updating: idle[core].updating + updating[place], sending: sending[place],
        operating: idle[core].operating + operating[place], receiving: receiving[place])
      updating[place] = 0
      sending[place] = 0
      operating[place] = 0
      receiving[place] = 0
    }
    // Links carry a step's packets in the shares of the mean.
    if packets[slot] > 0, meanPackets > 0 { slowest.meet(link: link * packets[slot] / meanPackets, way: way) }
    packets[slot] = 0
    now += 1
    let (seconds, limit) = slowest.step(of: chip, load)
    times.add(seconds, limit)
    return (seconds, limit)
  }
}

/// Where a spike of each neuron goes, and how long the cores that it reaches accumulate it.
private struct Delivery {
  /// Neurons of a population in a core.
  struct Part {
    let core: Int
    /// Neurons that are there more than once, with how often more.
    private let extra: [(neuron: Int, copies: Double)]
    private let first: Int
    private let mask: [UInt64]

    init(core: Int, neurons: [Int32], copies: (Int) -> Double) {
      self.core = core
      first = Int(neurons.min() ?? 0) >> 6
      let last = Int(neurons.max() ?? 0) >> 6
      var mask = [UInt64](repeating: 0, count: last - first + 1)
      for neuron in neurons { mask[Int(neuron) >> 6 - first] |= 1 << UInt64(neuron & 63) }
      self.mask = mask
      extra = neurons.compactMap { neuron in
        let more = copies(Int(neuron)) - 1
        return more > 0 ? (Int(neuron), more) : nil
      }
    }

    func count(in words: [UInt64]) -> Double {
      var count = 0
      for word in mask.indices { count &+= (words[first &+ word] & mask[word]).nonzeroBitCount }
      return extra.reduce(Double(count)) { words[$1.neuron >> 6] >> UInt64($1.neuron & 63) & 1 == 1 ? $0 + $1.copies : $0 }
    }
  }

  let axons: Double
  let starts: [Int]
  /// The core of each neuron; -1 for the input and for neurons that aren't placed.
  let homes: [Int32]
  /// Of each population.
  private(set) var parts: [[Part]]
  /// Cores that spikes go to, and the seconds that a core takes to accumulate one.
  private(set) var cores: [Int32] = []
  private(set) var seconds: [Double] = []
  /// Of each neuron, its places in `cores`; of a population whose neurons all reach the same, they are kept once.
  private var places: [Range<Int>]
  private var common: [Range<Int>?]
  /// Of each neuron that is there more than once.
  private var copied: [Int: Double] = [:]

  init(_ problem: PlacementProblem, _ cores: [[Mapping.Slice]], _ time: EventRates) {
    let connectome = problem.connectome
    axons = Double(problem.rules.axonsPerSource)
    starts = connectome.starts
    homes = problem.homes(of: cores)
    parts = connectome.sizes.map { _ in [] }
    places = [Range<Int>](repeating: 0..<0, count: connectome.neurons)
    common = connectome.sizes.map { _ in nil }
    let prices = connectome.blocks.map { time.operation(problem.rules.charge($0, connectome)) * axons }
    for source in connectome.sizes.indices {
      let blocks = connectome.outgoing[source]
      let isFull = blocks.allSatisfy { if case .full = connectome.blocks[$0].form { true } else { false } }
      addTargets(of: source, isFull: isFull, connectome, cores, prices)
    }
    for (core, slices) in cores.enumerated() {
      for slice in slices where !slice.neurons.isEmpty {
        let start = starts[slice.population]
        for neuron in slice.neurons {
          let reached = targets(of: start + Int(neuron), in: slice.population).count
          let (more, _) = problem.outputs(of: reached)
          if more > 1 { copied[start + Int(neuron)] = Double(more) }
        }
        parts[slice.population].append(
          Part(core: core, neurons: slice.neurons) { [copied] in copied[start + $0] ?? 1 })
      }
    }
  }

  func targets(of source: Int, in population: Int) -> Range<Int> { common[population] ?? places[source] }
  func copies(of source: Int) -> Double { copied.isEmpty ? 1 : copied[source] ?? 1 }

  /// Lists the cores that a population's neurons reach.
  private mutating func addTargets(
    of source: Int, isFull: Bool, _ connectome: Connectome, _ slices: [[Mapping.Slice]], _ prices: [Double]
  ) {
    let outgoing = Set(connectome.outgoing[source])
    if outgoing.isEmpty { return }
    // Seconds of one spike of each neuron (or of any) in each core.
    var lists: [[(core: Int32, seconds: Double)]] = isFull ? [[]] : connectome.sizes[source] == 0 ? [] : [[(core: Int32, seconds: Double)]](repeating: [], count: connectome.sizes[source])
    func add(_ list: Int, _ core: Int, _ seconds: Double) {
      if let last = lists[list].indices.last, lists[list][last].core == core {
        lists[list][last].seconds += seconds
      } else {
        lists[list].append((Int32(core), seconds))
      }
    }
    for (core, content) in slices.enumerated() {
      for slice in content where !slice.neurons.isEmpty {
        for index in connectome.incoming[slice.population] where outgoing.contains(index) {
          if isFull {
            add(0, core, prices[index] * Double(slice.neurons.count))
            continue
          }
          for neuron in slice.neurons {
            connectome.forEachSource(connectome.blocks[index], Int(neuron)) { add($0, core, prices[index]) }
          }
        }
      }
    }
    for (neuron, list) in lists.enumerated() {
      let range = cores.count..<cores.count + list.count
      cores += list.map(\.core)
      seconds += list.map(\.seconds)
      if isFull { common[source] = range } else { places[starts[source] + neuron] = range }
    }
  }
}

extension CoreRules {
  /// What a synapse of a block is charged for: of a matrix in which many are missing, those that are there are listed,
  /// where that takes less room than a row with a place for each.
  func charge(_ block: Connectome.Block, _ connectome: Connectome) -> Charge {
    if block.kernel != nil { return .sharedSynapse }
    guard case .rows(_, let sources) = block.form, allowsListRows else { return .synapse }
    if !allowsOpenRows { return .sparseSynapse }
    let places = Double(connectome.sizes[block.source]) * Double(connectome.sizes[block.target])
    let listed = Double(sources.count) * Double(weightBits + indexBits)
    return listed < places * Double(weightBits) ? .sparseSynapse : .synapse
  }
}

extension EventRates {
  /// Joules or seconds of a synaptic operation of a kind.
  func operation(_ charge: Charge) -> Double {
    switch charge {
    case .sharedSynapse: convolutionOperation
    case .sparseSynapse: sparseOperation
    default: synapticOperation
    }
  }
}

extension NetworkGraph {
  /// Of each population, the layers on the longest way to it from the input; synapses that lead back are no way.
  var depths: [Int] {
    var depths = [Int](repeating: 0, count: populations.count)
    for target in populations.indices {
      for projection in projections where projection.target == target && projection.source < target {
        depths[target] = max(depths[target], depths[projection.source] + 1)
      }
    }
    return depths
  }
}
