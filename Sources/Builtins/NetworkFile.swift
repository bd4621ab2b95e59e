// Networks in files: what a network is becomes readable text, its parameters named tensors.

import Faults
import Formats
import Spiking
import Tensors

/// Writes a network with its encoder, decoder and history, so that it runs and evaluates as before.
///
/// Throws `.file` when the folder is missing, read-only or full.
public func saveNetwork(_ network: Network, to path: String) throws(Fault) {
  try checkpoint(of: network).save(to: path)
}

/// Reads a network that `saveNetwork` wrote.
///
/// Throws `.file`, naming the damage, when the file is missing, damaged, from a newer version, or holds no network.
public func loadNetwork(_ path: String) throws(Fault) -> Network {
  try network(from: try Checkpoint.load(path), name: "`\(path)`")
}

func checkpoint(of network: Network) throws(Fault) -> Checkpoint {
  let plan = network.plan
  var about: [JSONMember] = [
    JSONMember("kind", "network"), JSONMember("input", .list(plan.inputShape.map { .integer($0) })),
    JSONMember("layers", .list(plan.layers.map(json))),
  ]
  if let encoder = plan.encoder { about.append(JSONMember("encoder", json(encoder))) }
  if let decoder = plan.decoder { about.append(JSONMember("decoder", .string(decoder))) }
  if let history = plan.history { about.append(JSONMember("history", json(history))) }
  let tensors = network.namedParameters.map {
    NamedTensor(name: $0.name, shape: $0.value.shape, values: $0.value.scalars)
  }
  return Checkpoint(about: .object(about), tensors: tensors)
}

func network(from checkpoint: Checkpoint, name: String) throws(Fault) -> Network {
  func wrong(_ reason: String) -> Fault {
    Fault(
      .file, "\(name) holds no network that can be built", label: reason,
      help: "it may have been written by another version of this program")
  }
  let about = checkpoint.about
  guard about["kind"]?.stringValue == "network" else { throw wrong("it describes something else") }
  guard let input = about["input"]?.listValue, let layers = about["layers"]?.listValue else {
    throw wrong("its description is incomplete")
  }
  let shape = input.compactMap(\.integerValue)
  let described = layers.compactMap(component)
  guard shape.count == input.count, described.count == layers.count else {
    throw wrong("its description is incomplete")
  }
  let plan = NetworkDescription(
    inputShape: shape, layers: described, encoder: about["encoder"].flatMap(component),
    decoder: about["decoder"]?.stringValue, history: about["history"].map(history))
  var parameters: [String: Tensor] = [:]
  do throws(Fault) {
    for tensor in checkpoint.tensors { parameters[tensor.name] = try Tensor(tensor.values, shape: tensor.shape) }
    return try Network(plan, parameters: parameters)
  } catch {
    if error.kind == .interrupt { throw error }
    throw wrong(error.label.map { "\(error.title): \($0)" } ?? error.title)
  }
}

private func json(_ component: ComponentDescription) -> JSON {
  let settings = component.settings.sorted { $0.key < $1.key }.map { name, setting -> JSONMember in
    let value: JSON =
      switch setting {
      case .integer(let value): .integer(value)
      case .number(let value): .number(value)
      case .flag(let value): .bool(value)
      case .text(let value): .string(value)
      case .texts(let values): .list(values.map { .string($0) })
      case .integers(let values): .list(values.map { .integer($0) })
      }
    return JSONMember(name, value)
  }
  var members = [JSONMember("kind", .string(component.kind)), JSONMember("settings", .object(settings))]
  if !component.inner.isEmpty { members.append(JSONMember("inner", .list(component.inner.map(json)))) }
  return .object(members)
}

private func component(_ json: JSON) -> ComponentDescription? { component(json, depth: 0) }

private func component(_ json: JSON, depth: Int) -> ComponentDescription? {
  if depth > 32 { return nil }
  guard let kind = json["kind"]?.stringValue, case .object(let members)? = json["settings"] else { return nil }
  var settings: [String: Setting] = [:]
  for member in members {
    switch member.value {
    case .integer(let value): settings[member.name] = .integer(value)
    case .number(let value): settings[member.name] = .number(value)
    case .bool(let value): settings[member.name] = .flag(value)
    case .string(let value): settings[member.name] = .text(value)
    case .list(let values):
      let (texts, integers) = (values.compactMap(\.stringValue), values.compactMap(\.integerValue))
      if texts.count == values.count {
        settings[member.name] = .texts(texts)
      } else if integers.count == values.count {
        settings[member.name] = .integers(integers)
      } else {
        return nil
      }
    case .null, .object: return nil
    }
  }
  let parts = json["inner"]?.listValue ?? []
  let inner = parts.compactMap { component($0, depth: depth + 1) }
  return inner.count == parts.count ? ComponentDescription(kind: kind, settings: settings, inner: inner) : nil
}

private let historyLists: [(name: String, path: WritableKeyPath<History, [Double]> & Sendable)] = [
  ("loss", \.loss), ("accuracy", \.accuracy), ("validation_loss", \.validationLoss),
  ("validation_accuracy", \.validationAccuracy), ("spikes_per_sample", \.spikesPerSample), ("seconds", \.seconds),
]

private func json(_ history: History) -> JSON {
  var members = historyLists.map { list in
    JSONMember(list.name, .list(history[keyPath: list.path].map { .number($0) }))
  }
  if !history.terms.isEmpty {
    let terms = history.terms.map { JSONMember($0.name, .list($0.values.map { .number($0) })) }
    members.append(JSONMember("terms", .object(terms)))
  }
  members.append(JSONMember("interrupted", .bool(history.interrupted)))
  return .object(members)
}

private func history(_ json: JSON) -> History {
  var history = History()
  for list in historyLists {
    history[keyPath: list.path] = json[list.name]?.listValue?.compactMap(\.numberValue) ?? []
  }
  if case .object(let terms)? = json["terms"] {
    history.terms = terms.map { History.Series(name: $0.name, values: $0.value.listValue?.compactMap(\.numberValue) ?? []) }
  }
  if case .bool(let value)? = json["interrupted"] { history.interrupted = value }
  return history
}
