// Networks as values of the language: a table to look at, members to read, and a function of spikes.

import Faults
import Language
import Machine
import Spiking
import Tensors
import Texts

/// A network that a program holds.
public struct NetworkValue: ForeignValue {
  public static let typeName = "network"
  public let network: Network

  public init(_ network: Network) { self.network = network }

  public var summary: String {
    ([inputText] + network.layers.map(\.callText)).joined(separator: " |> ")
  }

  private var inputText: String { "input(\(network.inputShape.map(String.init).joined(separator: ", ")))" }

  /// Layer, shape, parameters, synapses.
  private var table: TextTable {
    func cell(_ number: Int) -> TextTable.Cell {
      TextTable.Cell(text: number == 0 ? "" : groupedDigits(number), isNumber: true)
    }
    func text(_ text: String) -> TextTable.Cell { TextTable.Cell(text: text, isNumber: false) }
    var rows = [[text(""), text(inputText), text(Shape.text(network.inputShape)), cell(0), cell(0)]]
    for (index, layer) in network.layers.enumerated() {
      rows.append([
        text("\(index)"), text(layer.callText), text(Shape.text(network.shapes[index])), cell(layer.parameterCount),
        cell(layer.synapses(for: network.inputOf(index))),
      ])
    }
    rows.append([text(""), text("total"), text(""), cell(network.parameterCount), cell(network.synapseCount)])
    return TextTable(header: ["", "layer", "shape", "parameters", "synapses"], rows: rows)
  }

  /// The table that `describe` and the prompt show, and what the training left.
  public func display(_ style: DisplayStyle) -> String {
    let lines = ["network"] + table.text(maximumWidth: style.width).split(separator: "\n").map(String.init)
    return (lines + notes).joined(separator: "\n")
  }

  public var richForm: RichForm? {
    let notes = notes.map { "<p class=\"note\">\($0.escapedForMarkup)</p>" }
    return .markup(([table.html] + notes).joined(separator: "\n"))
  }

  private var notes: [String] {
    var lines: [String] = []
    if let encoder = network.encoder { lines.append("encoder  \(encoder.callText)") }
    if let history = network.history, let loss = history.loss.last {
      let epochs = "\(history.epochs) epoch\(history.epochs == 1 ? "" : "s")"
      lines.append(
        "trained  \(epochs), loss \(formatted(loss, "g", digits: 4))\(history.interrupted ? ", interrupted" : "")")
    }
    return lines
  }

  public var memberNames: [String] {
    ["layers", "history", "encoder", "input_shape", "output_shape", "parameters", "synapses"]
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    switch name {
    case "layers": .list(network.layers.map { .foreign(LayerValue($0)) })
    case "history": network.history.map { historyValue($0) } ?? .nil
    case "encoder": network.encoder.map { .foreign(EncoderValue($0)) } ?? .nil
    case "input_shape": .list(network.inputShape.map { .int($0) })
    case "output_shape": .list(network.outputShape.map { .int($0) })
    case "parameters": .int(network.parameterCount)
    case "synapses": .int(network.synapseCount)
    default: nil
    }
  }

  public var tape: Tape? { network.tape }
  public func detached() -> any ForeignValue { NetworkValue((try? network.detached()) ?? network) }

  public var isCallable: Bool { true }

  /// Runs the network on spikes or currents; a trained network encodes plain samples by itself.
  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.positional.count == 1, let input = arguments.positional.first else {
      throw Fault(.call, "a network is called with its input alone", help: "net(spikes), or spikes |> net")
    }
    var pass = Pass()
    for (name, value) in arguments.named {
      switch name {
      case "surrogate":
        guard let chosen = SurrogateChoice(value) else {
          throw Fault(
            .type, "`surrogate` of a network's call must be a surrogate, or a map from the numbers of layers to theirs",
            label: "found \(value.description(of: .kind))", help: "such as net(x, surrogate=triangle())")
        }
        pass = Pass(isTraining: pass.isTraining, drops: pass.drops, surrogate: chosen.common, surrogates: chosen.own, seed: pass.seed)
      case "training":
        guard let flag = value.asBool else {
          throw Fault(
            .type, "`training` of a network's call must be a bool", label: "found \(value.description(of: .kind))")
        }
        pass.drops = flag
        var stream = arguments.machine.nextStream("dropout")
        if flag { pass.seed = stream.nextBits() }
      default:
        throw Fault(
          .call, "a network's call has no argument `\(name)`", label: "not one of its names",
          help: "it is net(input, surrogate = fast_sigmoid(), training = false)")
      }
    }
    // Noisy neurons draw by the session's seed, so that steps one by one draw what a run over all of them does.
    pass.noise = pass.drops ? pass.seed : arguments.machine.seed
    return try signalValue(try network.run(try signal(of: input, arguments.machine), pass))
  }

  private func signal(of input: Value, _ machine: Machine) throws(Fault) -> TapedSignal {
    if let (spikes, tracked) = input.asSignal { return TapedSignal(.spikes(spikes), tracked: tracked) }
    guard let tensor = try input.convertedToTensor() else {
      throw Fault(
        .type, "a network runs on spikes or a tensor", label: "found \(input.description(of: .kind))")
    }
    // A potential that is nan never fires: it would be taken for silence.
    try tensor.checkFinite("the currents into a network")
    if let encoder = network.encoder, let samples = try network.samples(of: tensor) {
      let stream = RandomStream(seed: machine.seed, purpose: "network call")
      switch try encoder.encode(batch: samples, stream: stream) {
      case .tensor(let current): return TapedSignal(current)
      case let coded: return TapedSignal(coded)
      }
    }
    return TapedSignal(tensor)
  }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? NetworkValue)?.network, other.plan == network.plan else { return false }
    return zip(network.namedParameters, other.namedParameters).allSatisfy { Tensor.identical($0.value, $1.value) }
  }
}

/// A layer that a program holds: alone, in a list, or as a part of a network.
public struct LayerValue: ForeignValue {
  public static let typeName = "layer"
  public let layer: any Layer

  public init(_ layer: any Layer) { self.layer = layer }

  public var summary: String { layer.callText }
  /// Weights are no part of its text.
  public var sourceText: String? { layer.parameters.isEmpty ? layer.callText : nil }
  public var tape: Tape? { layer.tape }
  public func detached() -> any ForeignValue {
    guard layer.tape != nil else { return self }
    var copy = layer
    try? copy.updateParameters { (_, value) throws(Fault) in value = value.detached }
    return LayerValue(copy)
  }
  public var memberNames: [String] {
    ["name"] + (layer is BranchLayer ? ["layers"] : []) + layer.settings.map(\.name)
      + layer.buffers.map(\.name).filter { !$0.contains(".") } + layer.parameters.map(\.name).filter { name in
        // The parameters of a branch belong to its layers.
        !layer.settings.contains { $0.name == name } && !name.contains(".")
      }
  }

  public func member(_ name: String) throws(Fault) -> Value? {
    if let parameter = layer.parameters.first(where: { $0.name == name }) {
      if let unit = layer.unit(of: name), let dimension = unit.dimension {
        // Under differentiation each is a number of the tape that holds the tensor.
        let traces = parameter.value.trace?.tape.unpack(parameter.value) ?? []
        let parts = parameter.value.scalars.enumerated().map { place, number in
          let plain = Value.quantity(unit.exact(Double(number)), dimension, unit: unit.name)
          return traces.indices.contains(place) ? .tracked(plain, traces[place]) : plain
        }
        return nestedLists(of: parts, parameter.value.shape)
      }
      return .tensor(parameter.value)
    }
    if let buffer = layer.buffers.first(where: { $0.name == name }) { return Machine.scalarOrTensor(buffer.value) }
    if let setting = layer.settings.first(where: { $0.name == name }) { return settingValue(setting.value) }
    if name == "layers", let branch = (layer as? BranchLayer)?.layers {
      return .list(branch.map { .foreign(LayerValue($0)) })
    }
    return name == "name" ? .string(layer.name) : nil
  }

  public var isCallable: Bool { true }

  /// `net |> layer` puts the layer at the network's end.
  public func call(_ arguments: ForeignArguments) throws(Fault) -> Value {
    guard arguments.named.isEmpty, arguments.positional.count == 1,
      let network = arguments.positional.first?.asForeign(NetworkValue.self)?.network
    else {
      throw Fault(
        .call, "a layer is put at the end of a network", label: foundText(arguments.positional.first),
        help: runningHelp(arguments.positional.first))
    }
    return try append(layer, to: network, arguments.machine)
  }

  /// How the layer runs on what it was called with.
  private func runningHelp(_ drive: Value?) -> String {
    if layer is NeuronLayer || layer is RecurrentLayer {
      return "to run it alone: \(layer.callText) |> record(drive), with a drive of the shape [time, batch, features]"
    }
    let shape = (try? drive?.convertedToTensor())??.shape.dropFirst(2) ?? []
    let sizes = shape.isEmpty ? "64" : shape.map(String.init).joined(separator: ", ")
    return "a layer with weights runs in a network: (input(\(sizes)) |> \(layer.callText))(x), with x of the shape [time, batch, features]"
  }

  private func foundText(_ value: Value?) -> String? { value.map { "found \($0.description(of: .kind))" } }

  public func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = (other as? LayerValue)?.layer, other.callText == layer.callText else { return false }
    return zip(layer.parameters, other.parameters).allSatisfy { Tensor.identical($0.value, $1.value) }
  }
}

/// The network with a layer more, its first weights drawn from the session's seed.
func append(_ layer: any Layer, to network: Network, _ machine: Machine) throws(Fault) -> Value {
  var stream = machine.nextStream("layer")
  return .foreign(NetworkValue(try network.appending(layer, seed: stream.nextBits())))
}

/// Activity as a value, on the tape that it is on.
func signalValue(_ signal: TapedSignal) throws(Fault) -> Value {
  switch (signal.plain, signal.tracked) {
  case (.spikes(let spikes), let tracked?): .spikes(spikes, tracked: tracked)
  case (_, let tracked?): .tensor(tracked)
  case (let plain, nil): try signalValue(plain)
  }
}

/// Activity as a value: spikes, or a tensor.
func signalValue(_ signal: Signal) throws(Fault) -> Value {
  if let spikes = signal.spikes { .spikes(spikes) } else { .tensor(try signal.tensor()) }
}

func settingValue(_ setting: Setting) -> Value {
  switch setting {
  case .none: .nil
  case .integer(let value): .int(value)
  case .number(let value): .float(value)
  case .quantity(let value, let unit):
    unit.dimension.map { .quantity(unit.exact(value), $0, unit: unit.name) } ?? .float(value)
  case .flag(let value): .bool(value)
  case .text(let value): .string(value)
  case .texts(let values): .list(values.map { .string($0) })
  case .integers(let values): .list(values.map { .int($0) })
  case .numbers(let values): .list(values.map { .float($0) })
  }
}

/// What a trained network remembers of its training, as a map of lists.
func historyValue(_ history: History) -> Value {
  .map(historySeries(history).map { (name, values) -> (String, Value) in
    // Times, and the mapper's share of them, are this machine's.
    let isTime = name == "seconds" || name.hasSuffix("_mapping_share")
    return (name, .list((isTime ? values.map(WallClock.silentReading) : values).map { .float($0) }))
  } + (history.bestEpoch.map { [("best_epoch", .int($0))] } ?? []) + [
    ("warnings", .list(history.warnings.map { .string($0) })), ("interrupted", .bool(history.interrupted)),
  ])
}
