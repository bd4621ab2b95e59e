// A mapping as a file of SANA-FE (J. A. Boyle et al., IEEE TCAD 44, 2025): the chip, the network and where its neurons lie, for
// a simulator that others wrote.

import Faults
import Spiking
import Tensors

/// Writes mappings for SANA-FE 2.2.
public struct SanaFile {
  public let text: String

  private static let mostSynapses = 1 << 22

  /// - Parameters:
  ///   - input: spikes of one sample, `[time, 1, …features]`, which the input neurons then fire; nil for random ones at the
  ///     rates that the mapping was measured or assumed with.
  /// - Throws: `.value` for a mapping that the simulator cannot take, with the reason; `.limit` for one with too many
  ///   synapses; `.interrupt`.
  public init(_ report: MappingReport, input: Spikes? = nil) throws(Fault) {
    func cannot(_ reason: String, help: String) -> Fault {
      Fault(.value, "the mapping cannot be written for SANA-FE", label: reason, help: help)
    }
    guard report.chips == 1 else {
      throw cannot("it takes \(report.chips) chips, and the simulator has one", help: "place it with chips=1")
    }
    guard report.placed.copies == 0 else {
      throw cannot(
        "neurons are copied to reach all their destinations, and a neuron has one place there",
        help: "take a chip without `fan_out_cores`, such as chips.loihi1_fitted")
    }
    guard !report.chip.isDense else {
      throw cannot("\(report.chip.name) computes every synapse in each step", help: "take a chip that spikes drive")
    }
    guard let network = report.onChip?.network else {
      throw cannot("its network is not known", help: "write what place() gave")
    }
    guard report.synapses <= Self.mostSynapses else {
      throw Fault(
        .limit, "the mapping is too large for a file that lists its synapses", label: "it has \(report.synapses), and \(Self.mostSynapses) are the most")
    }
    let wired = try WiredNetwork(network, for: "SANA-FE")
    guard wired.populations.count == report.graph.populations.count - 1 else {
      throw cannot("its layers are not those of its network", help: "end the network in neurons or weights")
    }
    if let input, input.batch != 1 || input.features != report.graph.populations[0].neurons {
      throw Fault(
        .shape, "the input of the file is one sample of spikes",
        label: "found \(Shape.text(input.shape)), expected [time, 1] and \(Shape.text(network.inputShape))",
        help: "x[.., 0..1] takes the first sample of a batch")
    }
    text =
      "# Written by snn: a chip, a network and its mapping, as SANA-FE 2.2 reads them with load_arch and load_net.\n"
      + Self.architecture(report) + (try Self.network(report, wired, input))
  }

  // MARK: The chip

  private static func architecture(_ report: MappingReport) -> String {
    let chip = report.chip
    func joules(_ event: Event, _ instead: Event? = nil) -> Double {
      chip.energy[event]?.value ?? instead.flatMap { chip.energy[$0]?.value } ?? 0
    }
    func seconds(_ event: Event, _ instead: Event? = nil) -> Double {
      chip.time[event]?.value ?? instead.flatMap { chip.time[$0]?.value } ?? 0
    }
    func synapse(_ name: String, _ event: Event, free: Bool) -> String {
      let (energy, time) = free ? (0, 0) : (joules(event, .synapticOperation), seconds(event, .synapticOperation))
      return "{name: \(name), attributes: {model: current_based, energy_process_spike: \(energy), latency_process_spike: \(time)}}"
    }
    func core(_ name: String, soma: String, free: Bool) -> String {
      func cost(_ event: Event) -> (Double, Double) { free ? (0, 0) : (joules(event), seconds(event)) }
      let (inward, outward) = (cost(.axonIn), cost(.axonOut))
      return """
                - name: \(name)
                  attributes: {buffer_position: soma, max_neurons_supported: 1048576}
                  axon_in: [{name: in, attributes: {energy_message_in: \(inward.0), latency_message_in: \(inward.1)}}]
                  synapse: [\(synapse("dense", .synapticOperation, free: free)), \(synapse("sparse", .sparseOperation, free: free)), \(synapse("conv", .convolutionOperation, free: free))]
                  dendrite: [{name: den, attributes: {model: accumulator, energy_update: 0.0, latency_update: 0.0}}]
                  soma: [\(soma)]
                  axon_out: [{name: out, attributes: {energy_message_out: \(outward.0), latency_message_out: \(outward.1)}}]

        """
    }
    let lif =
      "{name: lif, attributes: {model: leaky_integrate_fire, energy_access_neuron: \(joules(.neuronUpdate)), "
      + "latency_access_neuron: \(seconds(.neuronUpdate)), energy_update_neuron: \(joules(.activeUpdate)), "
      + "latency_update_neuron: \(seconds(.activeUpdate)), energy_spike_out: \(joules(.spike)), "
      + "latency_spike_out: \(seconds(.spike))}}"
    let source =
      "{name: \"inputs[0..\(max(0, report.graph.populations[0].neurons - 1))]\", attributes: {model: input, energy_access_neuron: 0.0, "
      + "latency_access_neuron: 0.0, energy_update_neuron: 0.0, latency_update_neuron: 0.0, energy_spike_out: 0.0, latency_spike_out: 0.0}}"
    let hops = [("north", Event.hopVertical), ("south", .hopVertical), ("east", .hopHorizontal), ("west", .hopHorizontal)].map {
      "energy_\($0)_hop: \(joules($1)), latency_\($0)_hop: \(seconds($1))"
    }.joined(separator: ", ")
    let mesh = chip.mesh
    let (columns, rows, slots) = (Int(mesh.columns.value), Int(mesh.rows.value), Int(mesh.coresPerTile.value))
    let barrier = chip.step.barrier(tiles: report.placed.load.tiles)
    return """
      architecture:
        name: \(chip.name)
        attributes: {topology: mesh, width: \(columns), height: \(rows), link_buffer_size: 16, sync_model: fixed, latency_sync: \(barrier)}
        tile:
          - name: "tile[0..\(columns * rows - 1)]"
            attributes: {\(hops)}
            core:
              # Where the input enters: events there cost nothing.
      \(core("port", soma: source, free: true))\(core("\"core[0..\(slots - 1)]\"", soma: lif, free: false))
      """
  }

  // MARK: The network and where it lies

  private static func network(
    _ report: MappingReport, _ wired: WiredNetwork, _ input: Spikes?
  ) throws(Fault) -> String {
    let connectome = try Connectome(report.graph, countsZeros: report.chip.countsZeroWeights)
    let groups = ["input"] + wired.populations.map { $0.name.replacing(" ", with: "_").replacing(".", with: "_") }
    let inputs = report.graph.populations[0].neurons
    var text = "network:\n  name: network\n  groups:\n    - name: input\n      neurons:\n"
    for neuron in 0..<inputs {
      let spikes: String
      if let input {
        var train = [String](repeating: "0", count: input.steps)
        let (word, bit) = (neuron / 64, UInt64(neuron % 64))
        for step in 0..<input.steps where input.words[step * input.wordsPerRow + word] >> bit & 1 == 1 { train[step] = "1" }
        spikes = "spikes: [\(train.joined(separator: ", "))]"
      } else {
        let rates = report.rates.first ?? []
        spikes = "poisson: \(neuron < rates.count ? Double(rates[neuron]) : 0)"
      }
      text += "        - \(neuron): {soma_hw_name: \"inputs[\(neuron)]\", \(spikes)}\n"
    }
    let steps = report.chip.synapses.potentialSteps?.value
    var units: [Double] = []
    for (number, population) in wired.populations.enumerated() {
      let unit = unit(of: number + 1, population, report)
      units.append(unit)
      var (beta, threshold, reset) = (0.0, 1e30, "none")
      switch population.model {
      case .lif(let share, let own, let kind):
        beta = Double(share)
        reset = kind == .zero ? "hard" : kind == .subtract ? "soft" : "none"
        threshold = Double(own) / unit
        // A spike there needs more than the threshold, and here as much: half a step of potentials lies between.
        if let steps { threshold = (threshold * steps).rounded(.up) / steps - 0.5 / steps } else { threshold = threshold.nextDown }
      case .integrator(let share): beta = Double(share)
      case .sum: break
      }
      let kinds = connectome.incoming[number + 1].map { kind(report.rules.charge(connectome.blocks[$0], connectome)) }
      text += """
            - name: \(groups[number + 1])
              attributes: {soma_hw_name: lif, synapse_hw_name: \(kinds.first ?? "dense"), threshold: \(threshold), reset: 0.0, reset_mode: \(reset), leak_decay: \(beta)}
              neurons:

        """
      for neuron in 0..<population.neurons {
        let bias = Double(population.bias[neuron]) / unit
        text += "        - \(neuron): {\(bias == 0 ? "" : "bias: \(bias)")}\n"
      }
    }
    text += "  edges:\n"
    for (number, population) in wired.populations.enumerated() {
      try Interrupt.check()
      let placed = connectome.isPlaced[number + 1]
      for link in population.links {
        let source = groups[link.source.map { $0 + 1 } ?? 0]
        let sourcePlaced = connectome.isPlaced[link.source.map { $0 + 1 } ?? 0]
        for target in 0..<population.neurons where placed[target] {
          for place in link.starts[target]..<link.starts[target + 1] {
            let from = Int(link.inputs[place])
            guard sourcePlaced[from] else { continue }
            let weight = Double(link.weights[place]) / units[number]
            // What is a whole number of steps is written as one.
            let whole = weight.rounded()
            let shown = (weight - whole).magnitude < 1e-4 ? "\(whole)" : "\(weight)"
            text += "    - \(source).\(from) -> \(groups[number + 1]).\(target): [weight: \(shown)]\n"
          }
        }
      }
    }
    text += "mappings:\n"
    let rows = Int(report.chip.mesh.rows.value)
    let port = report.placed.mapping.port
    text += "  - input.0..\(inputs - 1): [core: \(port.column * rows + port.row).0]\n"
    for core in report.placed.mapping.cores {
      for slice in core.slices where slice.population > 0 {
        for neuron in slice.neurons {
          // Tiles are numbered column by column; the first core of each is its port.
          text += "  - \(groups[slice.population]).\(neuron): [core: \(core.place.column * rows + core.place.row).\(core.place.slot + 1)]\n"
        }
      }
    }
    return text
  }

  private static func kind(_ charge: Charge) -> String {
    switch charge {
    case .sharedSynapse: "conv"
    case .sparseSynapse: "sparse"
    default: "dense"
    }
  }

  /// The smallest step of the weights that end at a population: what weights and thresholds are written in.
  private static func unit(of number: Int, _ population: WiredNetwork.Population, _ report: MappingReport) -> Double {
    let places = report.graph.projections.filter { $0.target == number }.map { $0.place.map(String.init).joined(separator: ".") + "." }
    let steps = (report.onChip?.weights ?? []).filter { row in places.contains { $0.count > 1 && row.name.hasPrefix($0) } }
      .flatMap(\.steps).filter { $0 > 0 }
    if report.rules.isQuantised, let least = steps.min() { return Double(least) }
    return 1
  }
}
