// Losses and prices on activity, by which training is told what to make small.

import Faults
import Machine
import Spiking
import Tensors

/// The losses, and prices on activity.
let lossBuiltins: [Builtin] = losses.map { lossBuiltin($0) }
  + regularizers.map { regularizerBuiltin($0) }

private func regularizerBuiltin<Rule: Regularizer>(_ rule: Rule.Type) -> Builtin {
  rule.builtin(returns: RegularizerValue.typeName) { RegularizerValue(regularizer: $0) }
}

/// A loss: a function of output and target, or with settings alone the loss that has them.
private func lossBuiltin<Rule: DeclaredLoss>(_ rule: Rule.Type) -> Builtin {
  let isOfClasses = Rule().targets == .classes
  let parameters: [BuiltinParameter] = [
    .optional("output", .tensor | .spikes, default: "nil", "the output over time, [time, batch, outputs]"),
    .optional(
      "target", .array, default: "nil",
      isOfClasses
        ? "the class of each sample, [batch]" : "what the output should be, [batch, outputs] or [time, batch, outputs]"),
  ]
  let declared = Rule.declaration
  let example = declared.example.isEmpty ? "let quiet = \(declared.name)(zeros([10, 2, 3]), [0, 2])" : declared.example
  return Builtin(
    declared.name, parameters + Rule.parameters, returns: "float or loss", subject: "training", declared.documentation,
    example: example
  ) { (call) throws(Fault) in
    let loss = try rule.read(call, from: 2)
    guard call.has(0) else { return .foreign(LossValue(loss: loss)) }
    guard call.has(1) else {
      throw Fault(
        .call, "`\(declared.name)` needs the targets too", label: "only the output is given",
        help: "it is \(call.builtin.signature)")
    }
    try call.checkPlain(1)
    return Machine.scalarOrTensor(
      try loss.value(LossInput(output: try call.tensor(0), target: try call.tensor(1))))
  }
}

/// The loss that a value stands for in `fit`: a built-in one, one with settings, or a function of the user's; nil where
/// none is given.
func lossArgument(_ index: Int, _ call: Call) throws(Fault) -> (any Loss)? {
  guard call.has(index), !call[index].isNil else { return nil }
  let value = call[index]
  if let known = value.asForeign(LossValue.self) { return known.loss }
  if let builtin = value.asBuiltin, let known = losses.first(where: { $0.componentName == builtin.name }) {
    return known.init()
  }
  return try functionLoss(value, call)
}

/// A user's function as a loss. It gets what its parameters name; functions of two other names get output and target.
private func functionLoss(_ value: Value, _ call: Call) throws(Fault) -> any Loss {
  let known = ["output", "target", "label", "spikes", "trains", "states"]
  let names = value.parameterNames ?? ["output", "target"]
  let isByName = names.allSatisfy(known.contains)
  guard names.count >= 2 || isByName && !names.isEmpty else {
    throw Fault(
      .call, "a loss is a function of `output` and `target`", label: "`\(value.functionName)` takes \(names.count)",
      help: "fn my_loss(output, target) { … }; parameters named `spikes` (each layer's spikes a sample), `trains` (the spikes "
        + "of each layer, [time, batch, neurons]) and `states` (a map for each layer, such as states[0].v) are given too")
  }
  let order = isByName ? names : names.prefix(2).allSatisfy(known.contains) ? Array(names.prefix { known.contains($0) }) : ["output", "target"]
  var needs: LossNeeds = []
  if order.contains("spikes") || order.contains("trains") { needs.insert(.spikes) }
  if order.contains("states") { needs.insert(.states) }
  let machine = call.machine
  let function = HeldFunction(value)
  return FunctionLoss(value.functionName, needs: needs, isSerial: true) { (given) throws(Fault) in
    var arguments: [Value] = []
    defer { for argument in arguments { argument.release() } }
    for name in order {
      switch name {
      case "output": arguments.append(.tensor(given.output))
      case "target", "label": arguments.append(.tensor(given.target))
      case "spikes": arguments.append(.tensor(try spikesPerSample(given.spikes)))
      case "trains": arguments.append(.list(given.spikes.map { .tensor($0) }))
      default: arguments.append(.list(given.states.map { states in .map(states.map { ($0.name, .tensor($0.values)) }) }))
      }
    }
    let tape = given.output.trace?.tape ?? given.spikes.lazy.compactMap { $0.trace?.tape }.first
    let result = try machine.recording(on: tape) { () throws(Fault) in
      try machine.invoke(function.value, arguments)
    }
    defer { result.release() }
    guard let tensor = try result.convertedToTensor() else {
      throw Fault(
        .type, "a loss must give a number", label: "`\(function.value.functionName)` gave \(result.description(of: .kind))")
    }
    return tensor
  }
}

/// A function of the language that something of this module keeps.
final class HeldFunction {
  let value: Value

  init(_ value: Value) { self.value = value.retained() }

  deinit { value.release() }
}

/// `[layers]`: the spikes of each neuron layer for a sample, on the tape of the layers' spikes.
private func spikesPerSample(_ layers: [Tensor]) throws(Fault) -> Tensor {
  var sums: [Tensor] = []
  for layer in layers { sums.append(try layer.sum() * (1 / Float(max(1, layer.shape.dropFirst().first ?? 1)))) }
  return try Tensor.stack(sums)
}

/// The prices on activity in an argument: one, or a list of them.
func regularizersArgument(_ index: Int, _ call: Call) throws(Fault) -> [any Regularizer] {
  try call.parts(index, "a price on activity, such as spikes_above(limit=5)") { value in
    value.asForeign(RegularizerValue.self)?.regularizer
      ?? value.asBuiltin.flatMap { builtin in regularizers.first { $0.componentName == builtin.name }?.init() }
  }
}
