// A folder in which an exploration keeps its finished networks, so that one that was stopped or killed goes on from them.
//
// `exploration.snnet` says of which exploration the folder is. Each other file is a network as `save` writes it, which
// `load` reads, with its figures beside.

import Chips
import Faults
import Formats
import Spiking
import Tensors

/// The trials of one exploration in a folder.
final class ExplorationFiles: TrialStore {
  private static let formatVersion = 1
  private let folder: String

  /// Opens a folder, or makes it.
  ///
  /// - Parameters:
  ///   - space: the settings as text.
  ///   - draws: the combinations that are tried.
  /// - Throws: `.file` where the folder cannot be used, or holds another exploration, naming what differs.
  init(_ folder: String, of plan: Exploration, space: String, draws: [Int]) throws(Fault) {
    self.folder = folder
    try makeFolder(folder)
    let facts = Self.facts(of: plan, space: space, draws: draws)
    let path = "\(folder)/exploration.snnet"
    guard try fileExists(path) else {
      var about = [JSONMember("kind", "exploration"), JSONMember("format", .integer(Self.formatVersion))]
      about += facts.map { JSONMember($0.name, .string($0.value)) }
      try Checkpoint(about: .object(about), tensors: []).save(to: path)
      return
    }
    let found = try Checkpoint.load(path).about
    guard found["kind"]?.stringValue == "exploration", found["format"]?.integerValue == Self.formatVersion else {
      throw Fault(
        .file, "`\(path)` holds no exploration that can go on",
        label: "it describes something else, or is of another version of this program", help: "name another folder")
    }
    for fact in facts where found[fact.name]?.stringValue != fact.value {
      throw Fault(
        .file, "`\(folder)` holds another exploration",
        label: "its \(fact.title): \(found[fact.name]?.stringValue ?? "unknown"); here: \(fact.value)",
        help: "name another folder, or call `explore` with what it was begun with")
    }
  }

  /// All that decides what comes out. A program's functions cannot be compared, but the networks that they make can.
  private static func facts(
    of plan: Exploration, space: String, draws: [Int]
  ) -> [(name: String, title: String, value: String)] {
    var networks = Fingerprint(), training = Fingerprint()
    for design in plan.designs {
      for network in design.networks { networks.add(network) }
      let options = design.training
      for text in [options.optimizer.callText, options.loss?.callText ?? "", options.surrogate.callText, options.schedule.callText] {
        training.add(text)
      }
      training.add(options.encoder?.callText ?? "")
      for number in [options.epochs, options.batch, options.shuffles ? 1 : 0] {
        training.add(UInt64(truncatingIfNeeded: number))
      }
    }
    var drawn = Fingerprint(), chip = Fingerprint()
    for number in draws { drawn.add(UInt64(truncatingIfNeeded: number)) }
    for figure in plan.chip.figures {
      chip.add("\(figure.name.section.rawValue).\(figure.name.key)")
      chip.add(figure.figure.value.bitPattern)
    }
    return [
      ("space", "space", space),
      ("candidates", "candidates", "\(draws.count) (\(drawn.text))"),
      ("seed", "seed", "\(plan.seed)"),
      ("data", "data set", described(plan.data)),
      ("validation", "validation data", described(plan.validation)),
      ("chip", "chip", "\(plan.chip.name) (\(chip.text))"),
      ("rungs", "rungs", "\(plan.halving.rungs), of which each keeps \(plan.halving.keep)"),
      ("objective", "objective", plan.candidates.first?.placing.objective.rawValue ?? ""),
      ("seeds", "seeds", "\(plan.designs.first?.networks.count ?? 0)"),
      ("training", "training", training.text),
      ("networks", "networks that `make` gives", networks.text),
    ]
  }

  private static func described(_ data: Dataset) -> String {
    var print = Fingerprint()
    if let held = data.held { print.add(held) } else { print.add(data.samples.identity) }
    if let targets = data.targets { print.add(targets) }
    for label in data.labels { print.add(UInt64(truncatingIfNeeded: label)) }
    return "\(data.name), \(data.count) samples (\(print.text))"
  }

  // MARK: Trials

  private func path(_ key: String) -> String { "\(folder)/\(key).snnet" }

  func trial(_ key: String) throws(Fault) -> Trial? {
    let path = path(key)
    guard try fileExists(path) else { return nil }
    let checkpoint = try Checkpoint.load(path)
    guard let figures = checkpoint.about["figures"].flatMap(DesignFigures.init(json:)) else {
      throw Fault(
        .file, "`\(path)` is not of this exploration", label: "it has no figures of a chip",
        help: "remove it, and its network is trained again")
    }
    return Trial(network: try network(from: checkpoint, name: "`\(path)`"), figures: figures)
  }

  func keep(_ trial: Trial, as key: String) throws(Fault) {
    var file = try checkpoint(of: trial.network)
    if case .object(let members) = file.about {
      file.about = .object(members + [JSONMember("figures", trial.figures.json)])
    }
    try file.save(to: path(key))
  }
}

extension DesignFigures {
  fileprivate var json: JSON {
    [
      "accuracy": .number(accuracy), "energy": .number(energy), "latency": .number(latency),
      "energy_delay": .number(energyDelay), "power": .number(power), "memory": .integer(memory), "cores": .integer(cores),
      "neurons": .integer(neurons), "synapses": .integer(synapses), "price": .number(price),
    ]
  }

  fileprivate init?(json: JSON) {
    func number(_ name: String) -> Double? { json[name]?.numberValue }
    func whole(_ name: String) -> Int? { json[name]?.integerValue }
    guard let accuracy = number("accuracy"), let energy = number("energy"), let latency = number("latency"),
      let energyDelay = number("energy_delay"), let power = number("power"), let memory = whole("memory"),
      let cores = whole("cores"), let neurons = whole("neurons"), let synapses = whole("synapses"),
      let price = number("price")
    else { return nil }
    self.init(
      accuracy: accuracy, energy: energy, latency: latency, energyDelay: energyDelay, power: power, memory: memory,
      cores: cores, neurons: neurons, synapses: synapses, price: price)
  }
}

extension Fingerprint {
  mutating func add(_ network: Network) {
    for layer in network.layers { add(layer.callText) }
    add(network.encoder?.callText ?? "")
    for parameter in network.namedParameters { add(parameter.value) }
  }
}
