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

/// What a description of a network may hold: 2 added the cores that it was trained to fill, 3 the reading of
/// numbers and where its training stands. A description without a number
/// is of the first kind.
private let formatVersion = 3

private let trainingPrefix = "training."

func checkpoint(of network: Network) throws(Fault) -> Checkpoint {
  let plan = network.plan
  var about: [JSONMember] = [
    JSONMember("kind", "network"), JSONMember("format", .integer(formatVersion)), JSONMember("input", .list(plan.inputShape.map { .integer($0) })),
    JSONMember("layers", .list(plan.layers.map(json))),
  ]
  if let encoder = plan.encoder { about.append(JSONMember("encoder", json(encoder))) }
  if let decoder = plan.decoder { about.append(JSONMember("decoder", .string(decoder))) }
  if let history = plan.history { about.append(JSONMember("history", json(history))) }
  if let reading = network.reading { about.append(JSONMember("reading", .string(reading.rawValue))) }
  if let training = network.training { about.append(JSONMember("training", json(training))) }
  if !plan.coreRecords.isEmpty { about.append(JSONMember("cores", .list(plan.coreRecords.map(json)))) }
  let state = network.training?.tensors.map { (name: trainingPrefix + $0.name, value: $0.value) } ?? []
  let tensors = (network.namedParameters + state).map {
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
  if let format = about["format"] {
    guard let number = format.integerValue, number >= 1 else { throw wrong("its format has no number") }
    guard number <= formatVersion else {
      throw wrong("its format is \(number), and this program reads up to \(formatVersion)")
    }
  }
  guard let input = about["input"]?.listValue, let layers = about["layers"]?.listValue else {
    throw wrong("its description is incomplete")
  }
  let shape = input.compactMap(\.integerValue)
  let described = layers.compactMap(component)
  guard shape.count == input.count, described.count == layers.count else {
    throw wrong("its description is incomplete")
  }
  let records = about["cores"]?.listValue ?? []
  let coreRecords = records.compactMap(coreRecord)
  guard coreRecords.count == records.count else { throw wrong("its record of cores is incomplete") }
  let plan = NetworkDescription(
    inputShape: shape, layers: described, encoder: about["encoder"].flatMap(component),
    decoder: about["decoder"]?.stringValue, history: about["history"].map(history), coreRecords: coreRecords)
  var parameters: [String: Tensor] = [:], state: [String: Tensor] = [:]
  do throws(Fault) {
    for tensor in checkpoint.tensors {
      let value = try Tensor(tensor.values, shape: tensor.shape)
      if tensor.name.hasPrefix(trainingPrefix) {
        state[String(tensor.name.dropFirst(trainingPrefix.count))] = value
      } else {
        parameters[tensor.name] = value
      }
    }
    var network = try Network(plan, parameters: parameters)
    if let reading = about["reading"] {
      guard let known = reading.stringValue.flatMap(Readout.init) else { throw wrong("its reading is not known") }
      network.reading = known
    }
    if let told = about["training"] {
      guard var training = trainingState(told) else { throw wrong("where its training stands is incomplete") }
      try training.take(state, for: network)
      network.training = training
    }
    return network
  } catch {
    if error.kind == .interrupt { throw error }
    throw wrong(error.label.map { "\(error.title): \($0)" } ?? error.title)
  }
}

/// What a network remembers of its use, as text: the code of its input, and how its output is read; nil for one that
/// remembers nothing. For formats of others, which have no place for it.
func rememberedUse(of network: Network) -> String? {
  let plan = network.plan
  var about: [JSONMember] = []
  if let encoder = plan.encoder { about.append(JSONMember("encoder", json(encoder))) }
  if let decoder = plan.decoder { about.append(JSONMember("decoder", .string(decoder))) }
  if let reading = network.reading { about.append(JSONMember("reading", .string(reading.rawValue))) }
  return about.isEmpty ? nil : JSON.object(about).text(indent: nil)
}

/// The network with what `rememberedUse` wrote.
///
/// - Throws: `.file` for a text of another form; the fault says the name of the file.
func recalling(_ use: String, _ network: Network, name: String) throws(Fault) -> Network {
  func wrong(_ reason: String) -> Fault {
    Fault(
      .file, "what this program noted in \(name) cannot be read", label: reason,
      help: "load(…, noted=false) reads the network without it")
  }
  do throws(Fault) {
    let about = try JSON.parse(use)
    let plan = NetworkDescription(
      inputShape: network.inputShape, layers: [], encoder: about["encoder"].flatMap(component), decoder: about["decoder"]?.stringValue)
    if about["encoder"] != nil, plan.encoder == nil { throw wrong("its code is incomplete") }
    let remembering = try Network(plan, parameters: [:])
    var network = network
    network.encoder = remembering.encoder
    if let decoder = remembering.decoder { network.decoder = decoder }
    if let reading = about["reading"] {
      guard let known = reading.stringValue.flatMap(Readout.init) else { throw wrong("its reading is not known") }
      network.reading = known
    }
    return network
  } catch {
    if error.kind == .interrupt || error.kind == .file { throw error }
    throw wrong(error.label.map { "\(error.title): \($0)" } ?? error.title)
  }
}

/// The layers of a network, each with its kind and its settings.
func layersJSON(of network: Network) -> JSON { .list(network.plan.layers.map(json)) }

private func json(_ component: ComponentDescription) -> JSON {
  let settings = component.settings.sorted { $0.key < $1.key }.map { name, setting -> JSONMember in
    let value: JSON =
      switch setting {
      case .none: .null
      case .integer(let value): .integer(value)
      case .number(let value), .quantity(let value, _): .number(value)
      case .flag(let value): .bool(value)
      case .text(let value): .string(value)
      case .texts(let values): .list(values.map { .string($0) })
      case .integers(let values): .list(values.map { .integer($0) })
      case .numbers(let values): .list(values.map { .number($0) })
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
    case .null: settings[member.name] = Setting.none
    case .object: return nil
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

/// All series of a history by name, a number for each epoch; empty ones too.
func historySeries(_ history: History) -> [(String, [Double])] {
  historyLists.map { ($0.name, history[keyPath: $0.path]) } + history.terms.map { ($0.name, $0.values) }
}

private func json(_ history: History) -> JSON {
  var members = historyLists.map { list in
    JSONMember(list.name, .list(history[keyPath: list.path].map { .number($0) }))
  }
  if !history.terms.isEmpty {
    let terms = history.terms.map { JSONMember($0.name, .list($0.values.map { .number($0) })) }
    members.append(JSONMember("terms", .object(terms)))
  }
  if !history.warnings.isEmpty {
    members.append(JSONMember("warnings", .list(history.warnings.map { .string($0) })))
  }
  if let best = history.bestEpoch { members.append(JSONMember("best_epoch", .integer(best))) }
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
  history.warnings = json["warnings"]?.listValue?.compactMap(\.stringValue) ?? []
  history.bestEpoch = json["best_epoch"]?.integerValue
  if case .bool(let value)? = json["interrupted"] { history.interrupted = value }
  return history
}

/// Where a training stands, but for its tensors. The seed is text: a number of JSON does not hold 64 bits everywhere.
private func json(_ training: TrainingState) -> JSON {
  func object(_ values: [(key: String, value: JSON)]) -> JSON {
    .object(values.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value) })
  }
  return .object([
    JSONMember("seed", .string("\(training.seed)")),
    JSONMember("course", object(training.course.map { ($0.key, .string($0.value)) })),
    JSONMember("step", .integer(training.step)), JSONMember("epoch", .integer(training.epoch)),
    JSONMember("batch", .integer(training.batch)), JSONMember("gathered", .integer(training.gatheredBatches)),
    JSONMember("sums", object(training.sums.map { ($0.key, .number($0.value)) })),
    JSONMember("best_epoch", .integer(training.bestEpoch)),
    JSONMember("best_loss", training.bestLoss.isFinite ? .number(training.bestLoss) : .null),
  ])
}

private func trainingState(_ json: JSON) -> TrainingState? {
  guard let seed = json["seed"]?.stringValue.flatMap({ UInt64($0) }), case .object(let terms)? = json["course"],
    let step = json["step"]?.integerValue, let epoch = json["epoch"]?.integerValue, let batch = json["batch"]?.integerValue,
    step >= 0, epoch >= 0, batch >= 0, let gathered = json["gathered"]?.integerValue, gathered >= 0
  else { return nil }
  var course: [String: String] = [:]
  for term in terms { course[term.name] = term.value.stringValue }
  var state = TrainingState(seed: seed, course: course, step: step, epoch: epoch, batch: batch)
  state.gatheredBatches = gathered
  if case .object(let sums)? = json["sums"] { for sum in sums { state.sums[sum.name] = sum.value.numberValue } }
  state.bestEpoch = json["best_epoch"]?.integerValue ?? 0
  state.bestLoss = json["best_loss"]?.numberValue ?? .infinity
  return state
}

private func json(_ record: CoreRecord) -> JSON {
  let cores = record.mapping.map { core in
    JSON.object([
      JSONMember("place", .list(core.place.map { .integer($0) })),
      JSONMember("slices", .list(core.slices.map { .list($0.map { .integer($0) }) })),
    ])
  }
  let limits = record.limits.sorted { $0.key < $1.key }.map { JSONMember($0.key, .number($0.value)) }
  return .object([
    JSONMember("chip", .string(record.chip)), JSONMember("limits", .object(limits)),
    JSONMember("weight_bits", .integer(record.weightBits)), JSONMember("count", .integer(record.cores)),
    JSONMember("populations", .list(record.populations.map { .integer($0) })),
    JSONMember("synapses", .integer(record.synapses)), JSONMember("mapping", .list(cores)),
  ])
}

/// A record of cores, or nil for one that is incomplete.
private func coreRecord(_ json: JSON) -> CoreRecord? {
  func integers(_ json: JSON?) -> [Int]? {
    guard let list = json?.listValue else { return nil }
    let numbers = list.compactMap(\.integerValue)
    return numbers.count == list.count ? numbers : nil
  }
  guard let chip = json["chip"]?.stringValue, case .object(let members)? = json["limits"],
    let bits = json["weight_bits"]?.integerValue, let count = json["count"]?.integerValue, count >= 1,
    let populations = integers(json["populations"]), let synapses = json["synapses"]?.integerValue,
    let cores = json["mapping"]?.listValue
  else { return nil }
  var limits: [String: Double] = [:]
  for member in members {
    guard let number = member.value.numberValue else { return nil }
    limits[member.name] = number
  }
  var mapping: [CoreRecord.Core] = []
  for core in cores {
    guard let place = integers(core["place"]), let slices = core["slices"]?.listValue else { return nil }
    let numbers = slices.compactMap { integers($0) }
    guard numbers.count == slices.count else { return nil }
    mapping.append(CoreRecord.Core(place: place, slices: numbers))
  }
  return CoreRecord(
    chip: chip, limits: limits, weightBits: bits, cores: count, populations: populations, synapses: synapses,
    mapping: mapping)
}
