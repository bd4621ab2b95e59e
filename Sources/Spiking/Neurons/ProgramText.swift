// Neuron programs as lines of text and back, for files that hold networks with neurons of a user's own.

import Faults
import Kernels
import Tensors

extension NeuronProgram.Operation {
  /// "binary add 3 4".
  var text: String {
    switch self {
    case .input: "input"
    case .state(let index): "state \(index)"
    case .parameter(let index): "parameter \(index)"
    case .constant(let value): "constant \(value.bitPattern)"
    case .unary(let kernel, let a): "unary \(kernel) \(a)"
    case .binary(let kernel, let a, let b): "binary \(kernel) \(a) \(b)"
    case .select(let a, let b, let c): "select \(a) \(b) \(c)"
    case .noise(let form, let draw, let time): "noise \(form) \(draw) \(time)"
    }
  }

  init(text: String) throws(Fault) {
    let words = text.split(separator: " ").map(String.init)
    let numbers = words.compactMap { Int($0) }
    switch (words.first, words.count, numbers.count) {
    case ("input", 1, 0): self = .input
    case ("state", 2, 1): self = .state(numbers[0])
    case ("parameter", 2, 1): self = .parameter(numbers[0])
    case ("constant", 2, 1):
      guard let bits = UInt32(exactly: numbers[0]) else { throw Self.unreadable(text) }
      self = .constant(Float(bitPattern: bits))
    case ("unary", 3, 1):
      guard let kernel = (0...UInt8.max).lazy.compactMap(UnaryKernel.init).first(where: { "\($0)" == words[1] })
      else { throw Self.unreadable(text) }
      self = .unary(kernel, numbers[0])
    case ("binary", 4, 2):
      guard let kernel = (0...UInt8.max).lazy.compactMap(BinaryKernel.init).first(where: { "\($0)" == words[1] })
      else { throw Self.unreadable(text) }
      self = .binary(kernel, numbers[0], numbers[1])
    case ("noise", 4, 2):
      guard let form = [NoiseForm.normal, .uniform].first(where: { "\($0)" == words[1] }) else { throw Self.unreadable(text) }
      self = .noise(form, draw: numbers[0], time: numbers[1])
    case ("select", 4, 3): self = .select(numbers[0], numbers[1], numbers[2])
    default: throw Self.unreadable(text)
    }
  }

  private static func unreadable(_ text: String) -> Fault {
    Fault(.value, "an operation of a neuron cannot be read", label: "it says `\(text.prefix(60))`")
  }
}

extension EquationNeuron {
  /// What a description calls neurons that are given by equations.
  static let kind = "equations"

  /// The model as plain data.
  var plan: ComponentDescription {
    func places(_ list: [Int]) -> Setting { .texts(list.map { "\($0)" }) }
    func floats(_ list: [Float]) -> Setting { .texts(list.map { "\($0.bitPattern)" }) }
    var plan = ComponentDescription(
      kind: Self.kind,
      settings: [
        "name": .text(name), "operations": .texts(program.operations.map(\.text)),
        "states": .texts(program.stateNames), "initial": floats(initialStates),
        "parameters": .texts(program.parameterNames), "values": floats(parameters),
        "updates": places(program.updates), "resets": places(program.resets),
        "distance": .integer(program.distance ?? -1), "strict": .flag(program.isStrict),
        "units": .texts(units.map(\.words)),
      ])
    for (place, tensor) in tensors {
      func bound(_ value: Float?) -> String { value.map { "\($0.bitPattern)" } ?? "none" }
      let kind = tensor.isLearnable ? tensor.keepsSign ? "signed" : "learnable" : "fixed"
      var words = [kind, bound(tensor.low), bound(tensor.high)]
      words.append(tensor.values.shape.map { "\($0)" }.joined(separator: ","))
      // Learnable values are parameters of the network, which are kept beside its description.
      if !tensor.isLearnable { words += tensor.values.scalars.map { "\($0.bitPattern)" } }
      plan.settings["tensor \(place)"] = .texts(words)
    }
    return plan
  }

  /// The tensors that a description names; learnable ones are zero until the network gets its parameters.
  private static func tensors(_ plan: ComponentDescription, count: Int) throws(Fault) -> [Int: ParameterTensor] {
    var tensors: [Int: ParameterTensor] = [:]
    for place in 0..<count where plan.settings["tensor \(place)"] != nil {
      let words = try plan.texts("tensor \(place)")
      guard words.count >= 4, ["learnable", "signed", "fixed"].contains(words[0]) else { throw plan.wrong("tensor \(place)") }
      let isLearnable = words[0] != "fixed"
      func bound(_ word: String) -> Float? { UInt32(word).map(Float.init(bitPattern:)) }
      let shape = words[3].split(separator: ",").compactMap { Int($0) }
      let (low, high) = (bound(words[1]), bound(words[2]))
      let values: Tensor
      if isLearnable {
        values = try Tensor(filledWith: min(max(1, low ?? 1), high ?? .infinity), shape: shape)
      } else {
        let numbers = words.dropFirst(4).compactMap { UInt32($0) }
        guard numbers.count == words.count - 4 else { throw plan.wrong("tensor \(place)") }
        values = try Tensor(numbers.map(Float.init(bitPattern:)), shape: shape)
      }
      tensors[place] = ParameterTensor(values: values, isLearnable: isLearnable, low: low, high: high)
      tensors[place]?.keepsSign = words[0] == "signed"
    }
    return tensors
  }

  init(_ plan: ComponentDescription) throws(Fault) {
    func places(_ name: String) throws(Fault) -> [Int] {
      let texts = try plan.texts(name)
      let numbers = texts.compactMap { Int($0) }
      guard numbers.count == texts.count else { throw plan.wrong(name) }
      return numbers
    }
    func floats(_ name: String) throws(Fault) -> [Float] {
      let texts = try plan.texts(name)
      let numbers = texts.compactMap { UInt32($0) }
      guard numbers.count == texts.count else { throw plan.wrong(name) }
      return numbers.map(Float.init(bitPattern:))
    }
    guard let name = plan.settings["name"]?.text else { throw plan.wrong("name") }
    var operations: [NeuronProgram.Operation] = []
    for text in try plan.texts("operations") { operations.append(try NeuronProgram.Operation(text: text)) }
    let distance = try plan.integer("distance")
    let parameters = try floats("values")
    try self.init(
      name: name,
      program: NeuronProgram(
        operations: operations, stateNames: try plan.texts("states"), parameterNames: try plan.texts("parameters"),
        updates: try places("updates"), distance: distance < 0 ? nil : distance,
        isStrict: plan.settings["strict"]?.flag ?? false, resets: try places("resets")),
      parameters: parameters, initialStates: try floats("initial"),
      tensors: try Self.tensors(plan, count: parameters.count),
      units: (plan.settings["units"]?.texts ?? []).compactMap(ParameterUnit.init(words:)))
  }
}
