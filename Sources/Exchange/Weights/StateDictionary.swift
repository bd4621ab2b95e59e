// A network's numbers as PyTorch's state dictionaries hold them: arrays by names such as "fc1.weight".

import Faults
import Formats
import Spiking
import Tensors

/// Arrays by name, in order.
public struct StateDictionary: Sendable {
  public typealias Entry = (name: String, array: NumericArray)

  public var entries: [Entry]

  /// What is no parameter: the layers of a network as JSON, for programs that build one from the file.
  public static let layersName = "neuedge_layers"

  public init(_ entries: [Entry]) { self.entries = entries }

  /// The parameters of a network, named by the places of its layers as those of a `torch.nn.Sequential` are.
  ///
  /// - Throws: `.value` for a network without parameters.
  public init(_ network: Network) throws(Fault) {
    let places = WeightPlaces(network)
    let values = Dictionary(network.namedParameters.map { ($0.name, $0.value) }) { first, _ in first }
    entries = []
    let fields = places.weights.map { ($0.prefix, $0.fields) } + places.neurons.map { ($0.prefix, $0.fields) }
    for (prefix, fields) in fields {
      for field in fields {
        try Interrupt.check()
        guard let value = values[field.own] else { continue }
        let turned = field.isTurned ? try value.transposed() : value
        entries.append(
          ("\(prefix).\(field.name)", NumericArray(shape: turned.shape, values: .float32(turned.scalars))))
      }
    }
    if entries.isEmpty { throw Fault(.value, "the network has no weights to write") }
  }
}

/// How the modules of a file are matched with the layers of a network.
public struct WeightNames: Sendable {
  /// The module of each layer with weights, in the order of the layers; nil to take them as they come in the file.
  public var modules: [String]?
  /// Names that are not read; a star at one end stands for anything.
  public var ignored: [String] = []

  public init(modules: [String]? = nil, ignored: [String] = []) { (self.modules, self.ignored) = (modules, ignored) }

  fileprivate func matches(_ pattern: String, _ name: String) -> Bool {
    if pattern.hasPrefix("*") { return name.hasSuffix(pattern.dropFirst()) }
    return pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
  }
}

extension Network {
  /// The network with the numbers of a state dictionary.
  ///
  /// Modules with a `weight` are taken for the layers with weights, one after the other; the names of those modules do not
  /// matter unless they are given. Axes are PyTorch's: outputs first. What is known of neurons (snnTorch keeps `beta`,
  /// `threshold` and the kind of reset) must be what the network has, or is learnt by it.
  ///
  /// - Throws: `.value` for names that are missing or too many and for neurons that are others, `.shape` for arrays that
  ///   do not fit; the texts name the module and the layer.
  public func taking(_ dictionary: StateDictionary, _ names: WeightNames = WeightNames()) throws(Fault) -> Network {
    var reader = try StateReader(self, dictionary, names)
    try reader.readWeights()
    try reader.readNeurons()
    var plan = plan
    (plan.history, plan.coreRecords) = (nil, [])
    var network = try Network(plan, parameters: reader.values)
    network.reading = reading
    try network.checkFinite()
    return network
  }
}

/// Matches modules with places.
private struct StateReader {
  private struct Module {
    var name: String
    var fields: [(name: String, array: NumericArray)] = []

    func array(_ field: String) -> NumericArray? { fields.first { $0.name == field }?.array }
    func full(_ field: String) -> String { name.isEmpty ? field : "\(name).\(field)" }
    var summary: String { "`\(name)`" + (array("weight").map { " \(Shape.text($0.shape))" } ?? "") }
  }

  private let places: WeightPlaces
  private let names: WeightNames
  private var modules: [Module] = []
  private let own: [String: Tensor]
  /// The network's parameters, replaced as they are read.
  private(set) var values: [String: Tensor]

  init(_ network: Network, _ dictionary: StateDictionary, _ names: WeightNames) throws(Fault) {
    places = WeightPlaces(network)
    self.names = names
    own = Dictionary(network.namedParameters.map { ($0.name, $0.value) }) { first, _ in first }
    values = own
    var unused = Set(names.ignored)
    var index: [String: Int] = [:]
    for (name, array) in dictionary.entries where name != StateDictionary.layersName {
      let patterns = names.ignored.filter { names.matches($0, name) }
      unused.subtract(patterns)
      if !patterns.isEmpty { continue }
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      let field = parts.last.map(String.init) ?? name
      // A count of batches, which nothing here needs.
      if field == "num_batches_tracked" { continue }
      let module = parts.dropLast().joined(separator: ".")
      if index[module] == nil {
        index[module] = modules.count
        modules.append(Module(name: module))
      }
      if let place = index[module] { modules[place].fields.append((field, array)) }
    }
    if let pattern = unused.sorted().first {
      throw Fault(
        .value, "nothing in the file is called \"\(pattern)\"", label: "`ignore` names it",
        help: "it holds \(Self.listed(dictionary.entries.map(\.name)))")
    }
  }

  private static func listed(_ names: [String], most: Int = 12) -> String {
    names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
  }

  mutating func readWeights() throws(Fault) {
    let found: [Module]
    if let wanted = names.modules {
      guard wanted.count == places.weights.count, Set(wanted).count == wanted.count else {
        throw Fault(
          .value, "`names` must have a different name for each of the \(counted(places.weights.count, "layer")) with weights",
          label: "found \(counted(wanted.count, "name")); the layers are \(Self.listed(places.weights.map(\.layer)))")
      }
      var list: [Module] = []
      for name in wanted {
        guard let module = modules.first(where: { $0.name == name }) else {
          throw Fault(
            .value, "the file has no module \"\(name)\"", label: "it has \(Self.listed(modules.map(\.name)))",
            help: didYouMean(name, among: modules.map(\.name)))
        }
        list.append(module)
      }
      if let more = modules.first(where: { $0.array("weight") != nil && !wanted.contains($0.name) }) { throw extra(more, "weight") }
      found = list
    } else {
      found = modules.filter { $0.array("weight") != nil }
      guard found.count == places.weights.count else {
        throw Fault(
          .value, "the file has \(counted(found.count, "module")) with weights, and the network \(counted(places.weights.count, "layer"))",
          label: "the file: \(Self.listed(found.map(\.summary))); the network: \(Self.listed(places.weights.map(\.layer)))",
          help: "leave some out with ignore=[\"name.*\"], or say which are meant with names=[…]")
      }
    }
    for (module, place) in zip(found, places.weights) {
      try Interrupt.check()
      for field in place.fields { try read(field, module, place.layer) }
      if let more = module.fields.first(where: { field in !place.fields.contains { $0.name == field.name } }) {
        throw extra(module, more.name, of: place.layer)
      }
    }
    let read = Set(found.map(\.name))
    modules.removeAll { read.contains($0.name) }
  }

  private func extra(_ module: Module, _ field: String, of layer: String? = nil) -> Fault {
    Fault(
      .value, "the file has \"\(module.full(field))\", for which the network has no place",
      label: layer.map { "layer \($0) does not have it" } ?? "no layer is left for it",
      help: field == "bias"
        ? "give the layer a bias, or leave it out: ignore=[\"\(module.full(field))\"]"
        : "leave it out if it is not needed: ignore=[\"\(module.full(field))\"]")
  }

  private mutating func read(_ field: WeightPlace.Field, _ module: Module, _ layer: String) throws(Fault) {
    guard let array = module.array(field.name) else {
      throw Fault(
        .value, "the file has no \"\(module.full(field.name))\"", label: "layer \(layer) needs it",
        help: field.name == "bias"
          ? "make the layer with bias=false" : "`\(module.name)` holds \(Self.listed(module.fields.map(\.name)))")
    }
    guard let here = own[field.own] else { return }
    let wanted = field.isTurned ? Array(here.shape.reversed()) : here.shape
    // A constant of neurons may be a number or a list of one.
    let isAlike = array.shape == wanted || (here.count == 1 && array.values.count == 1)
    guard isAlike else {
      let isTurned = array.shape == Array(wanted.reversed()) && wanted.count == 2
      throw Fault(
        .shape, "\"\(module.full(field.name))\" does not fit layer \(layer)",
        label: "it is \(Shape.text(array.shape)), and \(Shape.text(wanted)) is needed",
        help: isTurned
          ? "its axes are [inputs, outputs]: PyTorch has outputs first, so write `w.T`"
          : field.isTurned ? "the axes are [outputs, inputs], as PyTorch has them" : nil)
    }
    let value = try Tensor(array.values.floats, shape: array.shape == wanted ? array.shape : here.shape)
    values[field.own] = field.isTurned ? try value.transposed() : value
  }

  /// The constants of neurons, as snnTorch keeps them.
  mutating func readNeurons() throws(Fault) {
    // What a run leaves behind is no constant.
    let states: Set = ["mem", "spk", "syn", "v"]
    let rest = modules.filter { !$0.fields.allSatisfy { states.contains($0.name) } }
    guard rest.isEmpty || rest.count == places.neurons.count else {
      let module = rest[min(places.neurons.count, rest.count - 1)]
      let field = module.fields.first { !states.contains($0.name) }?.name ?? ""
      throw extra(module, field)
    }
    if rest.isEmpty, let place = places.neurons.first(where: { !$0.fields.isEmpty }), let field = place.fields.first {
      throw Fault(
        .value, "the file has nothing of neurons, and the network learns some", label: "`\(field.name)` of \(place.layer)",
        help: "make the network with a number in place of learn(…)")
    }
    for (module, place) in zip(rest, places.neurons) {
      for field in module.fields where !states.contains(field.name) {
        if let learnt = place.fields.first(where: { $0.name == field.name }) {
          try read(learnt, module, place.layer)
        } else {
          try compare(module, field.name, field.array.values.floats, place)
        }
      }
      for field in place.fields where module.array(field.name) == nil { try read(field, module, place.layer) }
    }
  }

  /// A fault where the file's neurons are others than the network's.
  private func compare(_ module: Module, _ field: String, _ numbers: [Float], _ place: NeuronPlace) throws(Fault) {
    let settings = Dictionary(place.model.settings.map { ($0.name, $0.value) }) { first, _ in first }
    func differs(_ here: String, _ there: String) -> Fault {
      Fault(
        .value, "the neurons of the file are others than the network's",
        label: "\"\(module.full(field))\" is \(there), and \(place.layer) has \(here)",
        help: "make the network with the file's numbers, or leave them out: ignore=[\"\(module.full(field))\"]")
    }
    switch field {
    case "graded_spikes_factor":
      if let other = numbers.first(where: { $0 != 1 }) { throw differs("spikes of 1", NumberText.whole(Double(other))) }
    case "reset_mechanism_val":
      guard let lif = place.model as? LIF else { break }
      let names = ["subtract", "zero", "none"]
      guard let number = numbers.first.flatMap({ Int(exactly: $0) }), names.indices.contains(number) else {
        throw extra(module, field, of: place.layer)
      }
      if names[number] != lif.reset.rawValue { throw differs("\"\(lif.reset.rawValue)\"", "\"\(names[number])\"") }
    default:
      guard let setting = settings[field], let here = setting.number else { throw extra(module, field, of: place.layer) }
      if let other = numbers.first(where: { abs(Double($0) - here) > 1e-6 * max(1, abs(here)) || !$0.isFinite }) {
        throw differs(NumberText.whole(here), NumberText.whole(Double(other)))
      }
    }
  }
}
