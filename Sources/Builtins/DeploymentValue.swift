// Deployed networks as values of the language: a function of spikes like a network, their whole numbers as members, and a
// report to read.

import Chips
import Faults
import Language
import Machine
import Spiking
import Tensors
import Texts

/// A network in a chip's whole numbers that a program holds.
public struct DeploymentValue: ForeignValue {
  public static let typeName = "deployment"
  public let deployment: Deployment

  public init(_ deployment: Deployment) { self.deployment = deployment }

  public var summary: String {
    "deployment on \(deployment.chip.name): \(counted(deployment.layers.reduce(0) { $0 + $1.neurons }, "neuron")) in whole numbers"
      + (deployment.accuracy.map { ", accuracy \(percent($0))" } ?? "")
  }

  public func display(_ style: DisplayStyle) -> String {
    ([head, ""] + tables.map { $0.text(maximumWidth: style.width) } + notes).joined(separator: "\n")
  }

  public var richForm: RichForm? {
    let notes = ([head] + notes).map { "<p class=\"note\">\($0.escapedForMarkup)</p>" }
    return .markup(([notes[0]] + tables.map(\.html) + notes.dropFirst()).joined(separator: "\n"))
  }

  public var memberNames: [String] {
    [
      "chip", "network", "weight_bits", "layers", "accuracy", "accuracy_float", "agreement", "spikes", "spikes_float", "samples",
      "warnings", "splits",
    ]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "chip": return .foreign(ChipValue(deployment.chip))
    case "network": return .foreign(NetworkValue(deployment.network))
    case "weight_bits": return .int(deployment.weightBits)
    case "layers":
      var layers: [Value] = []
      for number in deployment.layers.indices { layers.append(try layer(number)) }
      return .list(layers)
    case "accuracy": return deployment.accuracy.map { .float($0) } ?? .nil
    case "accuracy_float": return deployment.accuracyFloat.map { .float($0) } ?? .nil
    case "agreement": return deployment.agreement.map { .float($0) } ?? .nil
    case "spikes": return .list(deployment.spikes.map { .float($0) })
    case "spikes_float": return .list(deployment.spikesFloat.map { .float($0) })
    case "samples": return .int(deployment.samples)
    case "warnings": return .list(deployment.warnings.map { .string($0) })
    case "splits": return .list(deployment.splits.map { .string($0.layer) })
    default: return nil
    }
  }

  /// Weights are listed up to so many places of a matrix.
  private static let mostWeights = 1 << 22

  private func layer(_ number: Int) throws(Fault) -> Value {
    let row = deployment.layers[number]
    var links: [Value] = []
    for link in deployment.program.populations[number].links {
      let table = link.table
      var weights = Value.nil
      let (places, overflow) = table.sources.multipliedReportingOverflow(by: table.targetCount)
      if !overflow, places <= Self.mostWeights {
        var matrix = [Float](repeating: 0, count: places)
        let types = (deployment.program.populations[number].cell as? AxonTypeCell)?.parameters.first?.weights
        let isSigned = deployment.program.populations[number].cell is ExponentialCell
        table.forEach { synapse in
          // A synapse of an axon type weighs what its neuron has for the type; a word of an inhibiting receptor is below zero.
          var weight = Int64(synapse.weight)
          if let types, synapse.port < types.count { weight = types[synapse.port] }
          if isSigned, synapse.port == 1 { weight = -weight }
          matrix[synapse.source * table.targetCount + synapse.target] += Float(weight)
        }
        weights = .tensor(try Tensor(matrix, shape: [table.sources, table.targetCount]))
      }
      links.append(
        .map([
          ("source", .string(link.source.map { deployment.layers[$0].name } ?? "input")), ("synapses", .int(table.count)),
          ("weights", weights),
        ]))
    }
    return .map([
      ("name", .string(row.name)), ("neurons", .int(row.neurons)), ("synapses", .int(row.synapses)),
      ("scale", .float(row.scale)), ("threshold", .int(Int(row.threshold))), ("leak", .int(Int(row.leak))),
      ("beta", .float(row.beta)), ("reset", .string(row.reset.rawValue)), ("bias", .list(row.bias.map { .int(Int($0)) })),
      ("largest_weight", .int(Int(row.largestWeight))), ("zeroed", .int(row.zeroed)), ("links", .list(links)),
    ])
  }

  public var isCallable: Bool { true }

  /// Runs the network on spikes, as the chip computes; plain samples are encoded by the network's own code.
  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1, let input = arguments.positional.first else {
      throw Fault(.call, "a deployed network is called with its input alone", help: "onchip(spikes), or spikes |> onchip")
    }
    if let (spikes, _) = input.asSignal { return try signalValue(try deployment.run(.spikes(spikes))) }
    guard let tensor = try input.convertedToTensor() else {
      throw Fault(
        .type, "a deployed network runs on spikes or a tensor", label: "found \(input.description(of: .kind))")
    }
    try tensor.checkFinite("the currents into a network")
    let network = deployment.network
    if let encoder = network.encoder, let samples = try network.samples(of: tensor) {
      let stream = RandomStream(seed: arguments.machine.seed, purpose: "network call")
      return try signalValue(try deployment.run(try encoder.encode(batch: samples, stream: stream)))
    }
    return try signalValue(try deployment.run(.tensor(tensor)))
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? DeploymentValue)?.deployment else { return false }
    return other.chip.name == deployment.chip.name && other.weightBits == deployment.weightBits
      && NetworkValue(deployment.network).isEqual(to: NetworkValue(other.network))
  }

  // MARK: The report

  private var head: String {
    let chip = deployment.chip
    let cell = chip.arithmetic.map { " (\($0.cell.rawValue))" } ?? ""
    return "deployment on \(chip.title)\(cell): weights of \(counted(deployment.weightBits, "bit")), all in whole numbers"
  }

  private var tables: [TextTable] {
    let layers = TextTable(
      header: ["layer", "neurons", "synapses", "of 1", "threshold", "largest weight", "beta", "reset", "weights to zero"],
      rows: deployment.layers.map { row in
        [
          word(row.name), number(groupedDigits(row.neurons)), number(groupedDigits(row.synapses)),
          number(formatted(row.scale, "g", digits: 6)), number(row.threshold > 0 ? groupedDigits(Int(row.threshold)) : ""),
          number(groupedDigits(Int(row.largestWeight))), number(formatted(row.beta, "g", digits: 6)), word(row.reset.rawValue),
          number(groupedDigits(row.zeroed)),
        ]
      })
    guard deployment.samples > 0 else { return [layers] }
    var rows: [[TextTable.Cell]] = []
    if let accuracy = deployment.accuracy, let float = deployment.accuracyFloat {
      rows.append([word("accuracy"), number(percent(float)), number(percent(accuracy))])
    }
    for (place, layer) in deployment.layers.enumerated() where layer.threshold > 0 && place < deployment.spikesFloat.count {
      rows.append([
        word("spikes of \(layer.name)"), number(formatted(deployment.spikesFloat[place], "f", digits: 1)),
        number(formatted(deployment.spikes[place], "f", digits: 1)),
      ])
    }
    return [layers, TextTable(header: ["a sample", "floating point", "whole numbers"], rows: rows)]
  }

  private var notes: [String] {
    var lines: [String] = []
    if deployment.samples > 0 {
      let alike = deployment.agreement.map { "; \(percent($0)) of them are read alike" } ?? ""
      lines.append("measured on \(counted(deployment.samples, "sample"))\(alike)")
    }
    lines.append("a layer answers in the step of its inputs; on the chip each one is a step behind the one before")
    for split in deployment.splits {
      lines.append(
        "\(split.layer): \(groupedDigits(split.fanIn)) inputs of a neuron, \(groupedDigits(split.limit)) fit; "
          + "\(counted(split.neurons, "neuron")) add them up, an approximation")
    }
    return lines + deployment.warnings.map { "warning: \($0)" }
  }

  private func word(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: false) }
  private func number(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: true) }
  private func percent(_ share: Double) -> String { "\(formatted(share * 100, "f", digits: 1))%" }
}
