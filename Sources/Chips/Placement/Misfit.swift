// What does not fit a chip, in words: which layer, which resource, what is needed and what there is, and what would do.

import Faults

/// Errors about networks that a chip cannot hold.
enum Misfit {
  /// A number with commas between its thousands.
  static func count(_ number: Int) -> String {
    if number == Int.max { return "more than can be counted" }
    var text = ""
    for (place, digit) in String(number).reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  /// The unit of a resource's numbers.
  static func amount(_ number: Int, _ resource: Resource) -> String {
    switch resource {
    case .neurons: "\(count(number)) neurons"
    case .synapses: "\(count(number)) synapses"
    case .synapticMemory: "\(count(number)) bytes of synaptic memory"
    case .inputAxons: "\(count(number)) input axons"
    case .outputAxons: "\(count(number)) output axons"
    case .fanIn: "a fan-in of \(count(number))"
    case .fanOutCores: "\(count(number)) destination cores"
    case .axonTypes: "\(count(number)) axon types"
    }
  }

  /// What to do about neurons with too many inputs.
  static let waysToFewerInputs =
    "divide its inputs among neurons that add them up: place(…, split_fan_in=true); or train it to need fewer: "
    + "fit(…, hardware=hardware_loss(…)); or make the layer before it smaller, or pool it"

  /// A single neuron that no core can hold.
  static func neuron(
    _ problem: PlacementProblem, _ population: Int, _ neuron: Int, _ resource: Resource, _ demand: Demand, copies: Int
  ) -> Fault {
    let name = problem.workload.graph.populations[population].name
    let limit = problem.rules.limit(resource) ?? 0
    let fanIn = problem.connectome.fanIn(population: population, neuron: neuron)
    let copied = copies > 1 ? ", and the \(count(copies - 1)) copies of it that serve its destinations," : ""
    let advice =
      switch resource {
      case .neurons, .outputAxons:
        "it must reach too many cores: make the layers after it smaller, or use fewer bits a weight"
      case .inputAxons: waysToFewerInputs
      case .synapses, .synapticMemory:
        "give it fewer inputs: a smaller layer or a pool before it, a convolution instead of dense, or pruned weights"
      case .fanIn, .fanOutCores, .axonTypes: "choose another chip"
      }
    // More chips do not help it; what they would do for the rest still tells how far off the network is.
    let total = problem.connectome.synapses
    let chips = chipsFor(synapses: total, problem).map {
      "; with its neurons divided, the network's \(count(total)) synapses would fill \(count($0)) chip\($0 == 1 ? "" : "s")"
    }
    return Fault(
      .limit, "a neuron of \(name) does not fit a core of \(problem.chip.name), on any number of chips",
      label:
        "its \(count(fanIn)) synapses\(copied) need \(amount(demand.need(resource), resource)), a core has \(count(limit))"
        + (chips ?? ""),
      help: advice)
  }

  /// The chips whose cores hold so many synapses by their number and at least one weight's bits each.
  private static func chipsFor(synapses: Int, _ problem: PlacementProblem) -> Int? {
    let rules = problem.rules
    let byCount = rules.synapses
    let byMemory = rules.memoryBits == Int.max ? Int.max : rules.memoryBits / max(1, rules.weightBits)
    let core = min(byCount, byMemory)
    guard core > 0, core != Int.max, synapses != Int.max else { return nil }
    return problem.chipsNeeded((synapses + core - 1) / core)
  }

  /// A neuron with more synapses than one may have.
  static func fanIn(_ problem: PlacementProblem, _ population: Int, need: Int) -> Fault {
    let name = problem.workload.graph.populations[population].name
    let axons = problem.rules.axonsPerSource
    let parts =
      axons > 1
      ? " (\(count(need / axons)) sources, \(axons) axons each for weights of \(problem.rules.weightBits) bits)" : ""
    let fewer = axons > 1 ? ", or take fewer bits a weight" : ""
    return Fault(
      .limit, "\(name) has too many inputs for a neuron of \(problem.chip.name)",
      label: "a neuron needs a fan-in of \(count(need))\(parts), the limit is \(count(problem.rules.fanIn))",
      help: waysToFewerInputs + fewer)
  }

  /// A network that needs more cores than there are.
  static func cores(_ problem: PlacementProblem, _ partition: Partition, cores: Int? = nil) -> Fault {
    let needed = cores ?? partition.count
    let chips = problem.chipsNeeded(needed)
    let own = problem.chip.mesh.cores
    let available = max(1, Int(problem.chip.mesh.chips.value.rounded()))
    // The layer with the most cores, and what fills them.
    let layers = partition.parts.indices.filter { !partition.parts[$0].isEmpty }
    let widest = layers.max { partition.parts[$0].count < partition.parts[$1].count } ?? 0
    let name = problem.workload.graph.populations[widest].name
    let closed = partition.closedBy[widest].max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    let resource = closed?.key ?? .neurons
    let total = partition.parts[widest].reduce(0) { $0 + $1.demand.need(resource) }
    let holds = problem.rules.limit(resource).map { ", a core has \(count($0))" } ?? ""
    let sum = partition.parts.joined().reduce(0) { $0 + $1.demand.synapses }
    let chipsText = problem.chips == 1 ? "1 chip" : "\(count(problem.chips)) chips"
    let missing = problem.chip.missingForChips
    if !missing.isEmpty, chips <= available {
      return Fault(
        .limit, "the network does not fit on 1 chip of \(problem.chip.name): its \(count(sum)) synapses need \(count(needed)) cores",
        label: "\(count(chips)) chips would do, but the chip's file does not say what joining them costs: it has no "
          + missing.joined(separator: ", "),
        help: "give these figures, published ones or estimates that say so; or make \(name) smaller, or prune its weights")
    }
    let isEnough = chips <= available
    let label =
      "\(name) needs \(amount(total, resource))\(holds): \(count(partition.parts[widest].count)) of the cores; "
      + "\(chipsText) \(problem.chips == 1 ? "has" : "have") \(count(problem.chips * own)) cores, "
      + "\(count(chips)) chips would do"
    return Fault(
      .limit,
      "the network does not fit on \(chipsText) of \(problem.chip.name): its \(count(sum)) synapses need \(count(needed)) cores",
      label: isEnough ? label : label + ", but at most \(count(available)) work together",
      help: isEnough ? "place(…, chips=\(chips)); or make \(name) smaller, or prune it" : "make \(name) smaller, or prune its weights")
  }
}
