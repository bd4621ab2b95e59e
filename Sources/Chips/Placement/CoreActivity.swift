// What happens in each core and between cores in a step, from the rates of the neurons: where a core lies doesn't matter
// yet.

import Glibc

/// The activity of a division into cores, with the packets from core to core.
///
/// A spike makes one packet for each distinct destination core (and one for each axon that stands for it there); it is
/// spread over the synapses inside the core. That is so on every chip of this room; the packets of a multicast tree
/// that shares links are counted one by one.
struct CoreActivity: Sendable {
  /// Packets in a step from a core; -1 is the port of the input.
  struct Flow: Sendable, Equatable {
    var from: Int32
    var packets: Double
  }

  /// Without places.
  var loads: [Load.CoreLoad]
  /// For each core the flows that arrive.
  var arrivals: [[Flow]]
  var demands: [Demand]
  /// Copies of neurons that serve further destinations.
  var copies = 0

  /// Packets in a step between different cores, and those from the port.
  var corePackets: Double {
    arrivals.indices.reduce(0) { sum, core in
      arrivals[core].reduce(sum) { $1.from >= 0 && Int($1.from) != core ? $0 + $1.packets : $0 }
    }
  }
  var portPackets: Double { arrivals.reduce(0) { $1.reduce($0) { $1.from < 0 ? $0 + $1.packets : $0 } } }
}

extension PlacementProblem {
  /// Counts the activity of cores that hold the given slices.
  ///
  /// Which neurons are busy in a step is taken from the run where one was measured (`Workload.busyRates`). Otherwise it is
  /// an estimate: a neuron has input with the probability that at least one of its sources fires, as if they fired
  /// independently of each other; and it is not at rest from its first input in an inference on, or always where its layer
  /// has offsets.
  func activity(of cores: [[Mapping.Slice]]) -> CoreActivity {
    let rates = flatRates
    let homes = homes(of: cores)
    let quiet = rates.map { log1p(-min($0, 1)) }
    var loads: [Load.CoreLoad] = []
    var arrivals: [[CoreActivity.Flow]] = []
    var tally = CoreTally(self, rates: rates, quiet: quiet, homes: homes, cores: cores.count)
    for slices in cores {
      loads.append(tally.add(slices, axons: Double(rules.axonsPerSource)))
      arrivals.append(tally.flows(axons: Double(rules.axonsPerSource)))
    }
    // Only now it is known how many destinations each neuron has.
    var filler = CoreFiller(connectome, rules)
    var demands: [Demand] = []
    var copiesMade = 0
    let fires = fires
    for (core, slices) in cores.enumerated() {
      var all: [(population: Int, neuron: Int, copies: Int, outputs: Int)] = []
      var packets = 0.0
      for slice in slices {
        let start = connectome.starts[slice.population]
        for neuron in slice.neurons {
          let (copies, outputs) = outputs(of: Int(tally.destinations[start + Int(neuron)]))
          all.append((slice.population, Int(neuron), copies, outputs))
          filler.add(slice.population, Int(neuron), copies: copies, outputs: outputs)
          packets += rates[start + Int(neuron)] * Double(outputs)
          if copies > 1 {
            // A copy does all that its neuron does.
            let more = Double(copies - 1)
            let axons = Double(rules.axonsPerSource)
            let own = tally.work(of: slice.population, Int(neuron))
            loads[core].neurons += more
            loads[core].activeNeurons += more * own.busy
            loads[core].synapticOperations += more * own.operations * axons
            loads[core].sparseOperations += more * own.sparse * axons
            loads[core].convolutionOperations += more * own.shared * axons
            loads[core].synapses +=
              more * Double(connectome.fanIn(population: slice.population, neuron: Int(neuron))) * axons
            if fires[slice.population] { loads[core].spikes += more * rates[start + Int(neuron)] }
            copiesMade += copies - 1
          }
        }
      }
      loads[core].packetsOut = packets
      demands.append(filler.demand)
      filler.empty(all)
    }
    return CoreActivity(loads: loads, arrivals: arrivals, demands: demands, copies: copiesMade)
  }

  /// Of each population, whether what its neurons do is a spike: of integrators that nobody hears, it is a number to read.
  var fires: [Bool] {
    workload.graph.populations.enumerated().map { $1.isSpiking || !connectome.outgoing[$0].isEmpty }
  }

  /// The rate of every neuron, numbered through; at most one spike a step.
  var flatRates: [Double] {
    var rates = [Double](repeating: 0, count: connectome.neurons)
    for (population, row) in workload.rates.enumerated() where population < connectome.sizes.count {
      for (neuron, rate) in row.prefix(connectome.sizes[population]).enumerated() where rate > 0 {
        rates[connectome.starts[population] + neuron] = Double(min(rate, 1))
      }
    }
    return rates
  }

  /// The core of each neuron; -1 for the input and for neurons that aren't placed.
  func homes(of cores: [[Mapping.Slice]]) -> [Int32] {
    var homes = [Int32](repeating: -1, count: connectome.neurons)
    for (core, slices) in cores.enumerated() {
      for slice in slices {
        let start = connectome.starts[slice.population]
        for neuron in slice.neurons { homes[start + Int(neuron)] = Int32(core) }
      }
    }
    return homes
  }
}

/// Walks over the synapses of one core after the other.
private struct CoreTally {
  private let connectome: Connectome
  private let rates: [Double]
  /// The logarithm of the probability that a neuron is silent.
  private let quiet: [Double]
  private let homes: [Int32]
  /// For each population, how often each neuron is busy in the run; empty where no run was measured.
  private let busyRates: [[Float]]
  /// What an estimate of it goes by: whether input alone counts, the steps of an inference, and for each population
  /// whether it has offsets.
  private let onlyInput: Bool
  private let steps: Int
  private let hasOffsets: [Bool]
  private let fires: [Bool]
  /// Of each block, what its synapses are charged for.
  private let charges: [Charge]
  /// For each neuron, the cores that it reaches.
  private(set) var destinations: [Int32]
  private var seen: [Int32]
  private var core: Int32 = 0
  /// Packets into the current core from each core, the port last; which of them are not zero.
  private var packets: [Double]
  private var touched: [Int32] = []
  /// Of blocks without gaps: the spikes of all sources, and the logarithm of their silence.
  private var fullRates: [Double?]
  private var fullQuiet: [Double]
  /// The same of blocks with few gaps, where they are finite.
  private var wholeRates: [Double?]
  private var wholeQuiet: [Double]

  init(_ problem: PlacementProblem, rates: [Double], quiet: [Double], homes: [Int32], cores: Int) {
    let connectome = problem.connectome
    self.connectome = connectome
    busyRates = problem.workload.busyRates
    onlyInput = problem.chip.charge(.activeUpdate) == .neuronWithInput
    steps = max(1, problem.workload.steps)
    hasOffsets = problem.workload.graph.hasOffsets
    fires = problem.fires
    charges = connectome.blocks.map { problem.rules.charge($0, connectome) }
    self.rates = rates
    self.quiet = quiet
    self.homes = homes
    destinations = [Int32](repeating: 0, count: connectome.neurons)
    seen = destinations
    packets = [Double](repeating: 0, count: cores + 1)
    fullRates = []
    fullQuiet = []
    wholeRates = []
    wholeQuiet = []
    for block in connectome.blocks {
      let range = connectome.starts[block.source]..<connectome.starts[block.source] + connectome.sizes[block.source]
      var (full, whole): (Double?, Double?) = (nil, nil)
      var silence = 0.0
      switch block.form {
      case .full:
        full = rates[range].reduce(0, +)
        silence = quiet[range].reduce(0, +)
      case .allBut:
        silence = quiet[range].reduce(0, +)
        // A source that always fires is not taken off again: infinity less infinity is no number.
        if silence.isFinite { whole = rates[range].reduce(0, +) }
      case .rows, .wired: break
      }
      fullRates.append(full)
      fullQuiet.append(silence)
      wholeRates.append(whole)
      wholeQuiet.append(silence)
    }
  }

  /// What a neuron's synapses do in a step.
  struct Work {
    var operations = 0.0
    /// Of these, over listed synapses and over those of convolutions.
    var sparse = 0.0
    var shared = 0.0
    /// How often the neuron is busy.
    var busy = 0.0
  }

  func work(of population: Int, _ neuron: Int) -> Work {
    var work = Work()
    var silence = 0.0
    for index in connectome.incoming[population] {
      let block = connectome.blocks[index]
      if let whole = fullRates[index] {
        work.operations += whole
        silence += fullQuiet[index]
        continue
      }
      let start = connectome.starts[block.source]
      if let whole = wholeRates[index], case .allBut(let starts, let missing) = block.form {
        var (arriving, still) = (whole, wholeQuiet[index])
        for place in starts[neuron]..<starts[neuron + 1] {
          arriving -= rates[start + Int(missing[place])]
          still -= quiet[start + Int(missing[place])]
        }
        // What rounding leaves of nothing is nothing.
        work.operations += max(0, arriving)
        silence += min(0, still)
        continue
      }
      var operations = 0.0
      rates.withUnsafeBufferPointer { rates in
        quiet.withUnsafeBufferPointer { quiet in
          connectome.forEachSource(block, neuron) { source in
            operations += rates[start + source]
            silence += quiet[start + source]
          }
        }
      }
      work.operations += operations
      switch charges[index] {
      case .sparseSynapse: work.sparse += operations
      case .sharedSynapse: work.shared += operations
      default: break
      }
    }
    work.busy = busy(population, neuron) ?? estimatedBusy(population, silence)
    return work
  }

  /// How often a neuron was busy in the measured run.
  private func busy(_ population: Int, _ neuron: Int) -> Double? {
    guard population < busyRates.count, neuron < busyRates[population].count else { return nil }
    return Double(busyRates[population][neuron])
  }

  /// - Parameter silence: the logarithm of the probability that no source fires in a step.
  private func estimatedBusy(_ population: Int, _ silence: Double) -> Double {
    let input = -expm1(silence)
    if onlyInput || input >= 1 { return input }
    if hasOffsets[population] { return 1 }
    if input <= 0 { return 0 }
    // The mean over the steps t = 1 … T of 1 - q^t, the probability of an input until then.
    return 1 - exp(silence) * -expm1(silence * Double(steps)) / (Double(steps) * input)
  }

  mutating func add(_ slices: [Mapping.Slice], axons: Double) -> Load.CoreLoad {
    core += 1
    var load = Load.CoreLoad(place: Mapping.Place(chip: 0, column: 0, row: 0, slot: 0))
    for slice in slices {
      let start = connectome.starts[slice.population]
      let isFull = connectome.incoming[slice.population].allSatisfy { fullRates[$0] != nil }
      let common = isFull ? slice.neurons.first.map { work(of: slice.population, Int($0)) } : nil
      for neuron in slice.neurons {
        let own = common ?? work(of: slice.population, Int(neuron))
        load.synapticOperations += own.operations * axons
        load.sparseOperations += own.sparse * axons
        load.convolutionOperations += own.shared * axons
        load.activeNeurons += common == nil ? own.busy : busy(slice.population, Int(neuron)) ?? own.busy
        if fires[slice.population] { load.spikes += rates[start + Int(neuron)] }
        load.synapses += Double(connectome.fanIn(population: slice.population, neuron: Int(neuron))) * axons
      }
      load.neurons += Double(slice.neurons.count)
      if !slice.neurons.isEmpty { reach(slice) }
    }
    load.packetsIn = touched.reduce(0) { $0 + packets[Int($1)] } * axons
    return load
  }

  /// The flows into the core that was added last.
  mutating func flows(axons: Double) -> [CoreActivity.Flow] {
    let flows = touched.sorted().map { place in
      CoreActivity.Flow(
        from: Int(place) == packets.count - 1 ? -1 : place, packets: packets[Int(place)] * axons)
    }
    for place in touched { packets[Int(place)] = 0 }
    touched.removeAll(keepingCapacity: true)
    return flows
  }

  /// Counts the sources that reach a slice, each once for the core.
  private mutating func reach(_ slice: Mapping.Slice) {
    for index in connectome.incoming[slice.population] {
      let block = connectome.blocks[index]
      let start = connectome.starts[block.source]
      if fullRates[index] != nil {
        for source in start..<start + connectome.sizes[block.source] { arrive(source) }
        continue
      }
      if let unreached = block.form.unreached(by: slice.neurons) {
        let passed = unreached.filter { seen[start + Int($0)] != self.core }
        for source in passed { seen[start + Int(source)] = self.core }
        for source in start..<start + connectome.sizes[block.source] { arrive(source) }
        for source in passed { seen[start + Int(source)] = 0 }
        continue
      }
      var arrived: [Int] = []
      let core = core
      seen.withUnsafeMutableBufferPointer { seen in
        for neuron in slice.neurons {
          connectome.forEachSource(block, Int(neuron)) { source in
            if seen[start + source] != core {
              seen[start + source] = core
              arrived.append(start + source)
            }
          }
        }
      }
      for source in arrived { count(source) }
    }
  }

  private mutating func arrive(_ source: Int) {
    if seen[source] == core { return }
    seen[source] = core
    count(source)
  }

  private mutating func count(_ source: Int) {
    destinations[source] += 1
    let home = homes[source] < 0 ? packets.count - 1 : Int(homes[source])
    let rate = rates[source]
    if packets[home] == 0, rate > 0 { touched.append(Int32(home)) }
    packets[home] += rate
  }
}
