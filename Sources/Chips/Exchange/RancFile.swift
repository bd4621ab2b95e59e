// A network in TrueNorth's whole numbers as a file of RANC, the Reconfigurable Architecture for Neuromorphic Computing
// (J. Mack et al., IEEE TCAD 40, 2021), whose simulator and FPGA cores others wrote.

import Faults
import Spiking
import Tensors

/// Cores, packets and an output bus as JSON, as RANC's simulator reads them.
///
/// A neuron reaches one axon there. One that is needed at several stands in its core as often, with the same synapses. An
/// axon has one type, so that each source takes an axon for each type that its synapses need. Layers answer a tick after
/// each other, and so does the output bus.
public struct RancFile {
  public let text: String
  /// What the simulator asks for in a file of its own.
  public let configuration: String
  /// Cores, and ticks from a spike at the input to the answer in the same step of the network.
  public let cores: Int
  public let depth: Int

  /// The axon that a source has in a core.
  private struct Axon: Hashable {
    var link: Int
    var source: Int
    var type: Int
  }

  private struct Core {
    var population: Int
    /// Neurons with their copies, one after the other.
    var neurons: [Int] = []
    var axons: [Axon] = []
    var places: [Axon: Int] = [:]
  }

  private struct Target {
    var core: Int
    var axon: Int
    var tick: Int
  }

  private static let mostTicks = 16
  private static let mostCores = 1 << 14

  /// - Parameter input: spikes of one sample, `[time, 1, …features]`; nil for a file without packets.
  /// - Throws: `.value` for a deployment that RANC's neurons do not compute, `.limit` for one that its cores do not hold,
  ///   `.shape` for input that does not fit, `.interrupt`.
  public init(_ deployment: Deployment, input: Spikes? = nil) throws(Fault) {
    func cannot(_ reason: String, help: String) -> Fault {
      Fault(.value, "the deployment cannot be written for RANC", label: reason, help: help)
    }
    let populations = deployment.program.populations
    var cells: [AxonTypeCell] = []
    for population in populations {
      guard let cell = population.cell as? AxonTypeCell else {
        throw cannot("\(deployment.chip.name) has no axon types", help: "deploy it on chips.truenorth")
      }
      for own in cell.parameters where own.leakFollowsSign || own.leakIsStochastic || own.mask != 0 || own.isStochastic.contains(true) {
        throw cannot("\(population.name) has chance, or a leak towards zero, which RANC has not", help: "deploy it without them")
      }
      if cell.parameters.contains(where: { $0.reset == .none }) {
        throw cannot("\(population.name) keeps its potential after a spike", help: "train lif(reset=\"subtract\") or \"zero\"")
      }
      cells.append(cell)
    }
    if let input, input.batch != 1 || input.features != deployment.network.inputShape.reduce(1, *) {
      throw Fault(
        .shape, "the input of the file is one sample of spikes",
        label: "found \(Shape.text(input.shape)), expected [time, 1] and \(Shape.text(deployment.network.inputShape))",
        help: "x[.., 0..1] takes the first sample of a batch")
    }
    let rules = try CoreRules(deployment.chip, weightBits: deployment.weightBits)
    let (axons, neurons) = (max(1, min(rules.inputAxons, 1 << 16)), max(1, min(rules.neurons, 1 << 16)))
    let depths = Self.depths(populations)
    var builder = Builder(populations: populations, depths: depths, mostAxons: axons, mostNeurons: neurons)
    for number in populations.indices.reversed() { try builder.place(number) }
    cores = builder.cores.count
    depth = depths.max() ?? 0
    let columns = Int(Double(cores + 1).squareRoot().rounded(.up))
    let rows = (cores + columns) / columns
    func place(_ core: Int) -> (x: Int, y: Int) { (core % columns, core / columns) }
    let bus = place(columns * rows - 1)
    let types = cells.map(\.ports).max() ?? 1

    var packets: [String] = []
    if let input {
      for step in 0..<input.shape[0] {
        try Interrupt.check()
        var list: [String] = []
        input.forEachActive(step: step, sample: 0) { source in
          for target in builder.inputs[source] ?? [] {
            let at = place(target.core)
            list.append(
              "{\"destination_core\": [\(at.x), \(at.y)], \"destination_axon\": \(target.axon), \"destination_tick\": \(target.tick)}")
          }
        }
        packets.append("[\(list.joined(separator: ", "))]")
      }
    }
    var texts: [String] = []
    // Copies of a neuron may lie in several cores.
    var copies = populations.map { [Int](repeating: 0, count: $0.cell.count) }
    for (number, core) in builder.cores.enumerated() {
      try Interrupt.check()
      let at = place(number)
      let synapses = builder.synapses[core.population]
      var connections: [String] = []
      var rowsOfNeurons: [String] = []
      for neuron in core.neurons {
        var row = [Int](repeating: 0, count: core.axons.count)
        for axon in synapses[neuron] { if let place = core.places[axon] { row[place] = 1 } }
        connections.append("[\(row.map(String.init).joined(separator: ", "))]")
        let copy = copies[core.population][neuron]
        copies[core.population][neuron] = copy + 1
        let targets = builder.targets[core.population][neuron]
        let own = cells[core.population].parameters[neuron]
        let (x, y, axon, tick): (Int, Int, Int, Int)
        if copy < targets.count {
          let to = place(targets[copy].core)
          (x, y, axon, tick) = (to.x - at.x, to.y - at.y, targets[copy].axon, targets[copy].tick)
        } else {
          (x, y, axon, tick) = (bus.x - at.x, bus.y - at.y, neuron, 0)
        }
        let weights = own.weights + [Int64](repeating: 0, count: max(0, types - own.weights.count))
        rowsOfNeurons.append(
          "{\"reset_potential\": \(own.resetPotential), \"weights\": [\(weights.map(String.init).joined(separator: ", "))], "
            + "\"leak\": \(own.leak), \"positive_threshold\": \(own.threshold), \"negative_threshold\": \(-own.floor), "
            + "\"destination_core_offset\": [\(x), \(y)], \"destination_axon\": \(axon), \"destination_tick\": \(tick), "
            + "\"current_potential\": 0, \"reset_mode\": \(own.reset == .zero ? 0 : 1)}")
      }
      texts.append(
        "{\"coordinates\": [\(at.x), \(at.y)], \"axons\": [\(core.axons.map { "\($0.type)" }.joined(separator: ", "))],\n"
          + "\"neurons\": [\(rowsOfNeurons.joined(separator: ",\n"))],\n\"connections\": [\(connections.joined(separator: ",\n"))]}")
    }
    let outputs = cells.last?.count ?? 0
    text =
      "{\"packets\": [\(packets.joined(separator: ",\n"))],\n"
      + "\"output_bus\": {\"coordinates\": [\(bus.x), \(bus.y)], \"num_outputs\": \(outputs)},\n"
      + "\"cores\": [\(texts.joined(separator: ",\n"))]}\n"
    configuration =
      "{\"num_neurons\": \(neurons), \"num_axons\": \(axons), \"num_cores_x\": \(columns), \"num_cores_y\": \(rows), "
      + "\"num_weights\": \(types), \"max_tick_offset\": \(Self.mostTicks), \"neuron_reset_type\": 0, "
      + "\"neuron_block_trace_verbosity\": 0, \"core_controller_trace_verbosity\": 0, \"scheduler_trace_verbosity\": 0}\n"
  }

  /// By how many ticks each population follows the input; those that the input reaches first are 1.
  private static func depths(_ populations: [FixedPointNetwork.Population]) -> [Int] {
    var depths: [Int] = []
    for population in populations {
      let sources = population.links.filter { !$0.isLate }.map { link in
        link.source.map { $0 < depths.count ? depths[$0] : 0 } ?? 0
      }
      depths.append(1 + (sources.max() ?? 0))
    }
    return depths
  }

  /// Fills cores, the last population first: how often a neuron stands in a core follows from what it reaches.
  private struct Builder {
    let populations: [FixedPointNetwork.Population]
    let depths: [Int]
    let mostAxons: Int
    let mostNeurons: Int
    private(set) var cores: [Core] = []
    /// The axons that each neuron of a population hears.
    private(set) var synapses: [[[Axon]]]
    /// The axons that each neuron of a population reaches, and each feature of the input.
    private(set) var targets: [[[Target]]]
    private(set) var inputs: [Int: [Target]] = [:]

    init(populations: [FixedPointNetwork.Population], depths: [Int], mostAxons: Int, mostNeurons: Int) {
      (self.populations, self.depths, self.mostAxons, self.mostNeurons) = (populations, depths, mostAxons, mostNeurons)
      targets = populations.map { [[Target]](repeating: [], count: $0.cell.count) }
      synapses = populations.map { population in
        var heard = [[Axon]](repeating: [], count: population.cell.count)
        for (number, link) in population.links.enumerated() {
          link.table.forEach { heard[$0.target].append(Axon(link: number, source: $0.source, type: $0.port)) }
        }
        return heard
      }
    }

    /// Steps that a spike waits beside the one that it always takes.
    private func wait(_ link: FixedPointNetwork.Link, to number: Int) -> Int {
      depths[number] - (link.source.map { depths[$0] } ?? 0) - 1 + (link.isLate ? 1 : 0)
    }

    mutating func place(_ number: Int) throws(Fault) {
      let population = populations[number]
      let base = targets[number]
      // Neurons that hear themselves stand there as often as they have axons in cores that depend on that.
      var own = base
      for _ in 0..<64 {
        try Interrupt.check()
        let filled = try fill(number, copies: own.map { $0.count + (number == populations.count - 1 ? 1 : 0) })
        var next = base
        for (place, core) in filled.enumerated() {
          for (axon, entry) in core.axons.enumerated() {
            let link = population.links[entry.link]
            guard link.source == number else { continue }
            next[entry.source].append(Target(core: cores.count + place, axon: axon, tick: wait(link, to: number)))
          }
        }
        if next.map(\.count) == own.map(\.count) {
          targets[number] = next
          try connect(number, filled)
          return
        }
        own = next
      }
      throw Fault(
        .limit, "\(population.name) does not come to rest in RANC's cores", label: "its neurons hear themselves, and more cores need more copies",
        help: "fewer recurrent neurons, or weight_bits, need fewer")
    }

    /// The cores of a population, if each neuron stands there so often.
    private func fill(_ number: Int, copies: [Int]) throws(Fault) -> [Core] {
      var filled: [Core] = []
      var core = Core(population: number)
      for neuron in copies.indices where copies[neuron] > 0 {
        let heard = synapses[number][neuron]
        for _ in 0..<copies[neuron] {
          var fresh = heard.filter { core.places[$0] == nil }
          if core.neurons.count >= mostNeurons || core.axons.count + fresh.count > mostAxons {
            if !core.neurons.isEmpty { filled.append(core) }
            core = Core(population: number)
            fresh = heard
          }
          guard fresh.count <= mostAxons, cores.count + filled.count < RancFile.mostCores else {
            throw Fault(
              .limit, "\(populations[number].name) does not fit RANC's cores",
              label: "a neuron needs \(heard.count) axons of \(mostAxons), or all need more than \(RancFile.mostCores) cores",
              help: "fewer weight_bits need fewer axons")
          }
          for axon in fresh {
            core.places[axon] = core.axons.count
            core.axons.append(axon)
          }
          core.neurons.append(neuron)
        }
      }
      if !core.neurons.isEmpty { filled.append(core) }
      return filled
    }

    /// Tells the sources of a population's cores of their axons.
    private mutating func connect(_ number: Int, _ filled: [Core]) throws(Fault) {
      for core in filled {
        for (place, axon) in core.axons.enumerated() {
          let link = populations[number].links[axon.link]
          let tick = wait(link, to: number)
          guard tick >= 0, tick < RancFile.mostTicks else {
            throw Fault(
              .limit, "a spike would wait too long on its way to \(populations[number].name)",
              label: "\(tick + 1) ticks, and RANC knows \(RancFile.mostTicks)", help: "fewer layers lie beside such a way")
          }
          let target = Target(core: cores.count, axon: place, tick: tick)
          if let source = link.source {
            if source != number { targets[source][axon.source].append(target) }
          } else {
            inputs[axon.source, default: []].append(target)
          }
        }
        cores.append(core)
      }
    }
  }
}
