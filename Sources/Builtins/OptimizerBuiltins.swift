// Optimisers, schedules of the learning rate, and surrogates.

import Faults
import Machine
import Spiking
import Tensors

let optimizerBuiltins: [Builtin] = optimizers.map { optimizerBuiltin($0) }
  + schedules.map { scheduleBuiltin($0) } + [warmup] + surrogates.map { surrogateBuiltin($0) } + [ownSurrogate]

private func optimizerBuiltin<Rule: Optimizer>(_ rule: Rule.Type) -> Builtin {
  rule.builtin(returns: OptimizerValue.typeName) { OptimizerValue(optimizer: $0) }
}

private func scheduleBuiltin<Rule: DeclaredSchedule>(_ rule: Rule.Type) -> Builtin {
  rule.builtin(returns: ScheduleValue.typeName) { ScheduleValue(schedule: $0) }
}

private func surrogateBuiltin<Rule: Surrogate>(_ rule: Rule.Type) -> Builtin {
  rule.builtin(returns: SurrogateValue.typeName) { SurrogateValue(surrogate: $0) }
}

private let warmup = Builtin(
  "warmup",
  [
    .required("epochs", .number, "epochs on which the learning rate rises"),
    .optional(
      "then", .string | .function, default: "\"constant\"", "the schedule of the rest: by its name, one with settings, or a function"),
  ],
  returns: ScheduleValue.typeName, subject: "training",
  "A schedule: the learning rate rises in a straight line over the first epochs, and then follows another schedule.",
  example: "print(warmup(3, then=\"cosine\"))   # expect: warmup(epochs=3.0, then=cosine())"
) { (call) throws(Fault) in
  .foreign(ScheduleValue(schedule: try Warmup(epochs: try call.number(0), then: try scheduleArgument(1, call) ?? Constant())))
}

/// The schedule in an argument: by its name, one with settings, or a function; nil where none is given.
func scheduleArgument(_ index: Int, _ call: Call) throws(Fault) -> (any Schedule)? {
  guard call.has(index), !call[index].isNil else { return nil }
  let value = call[index]
  if let known = value.asForeign(ScheduleValue.self) { return known.schedule }
  if let name = value.asString ?? value.asBuiltin?.name {
    if let known = schedules.first(where: { $0.componentName == name }) { return known.init() }
    let names = schedules.map { $0.componentName }
    throw call.wrong(
      index, "is not known: \"\(name)\"",
      help: didYouMean(name, among: names) ?? "it is one of \(names.map { "\"\($0)\"" }.joined(separator: ", ")), or warmup(…)")
  }
  guard let names = value.parameterNames, (1...2).contains(names.count) else {
    throw call.mismatch(index, "a schedule, its name, or a function of the epoch (and the step) that gives a factor")
  }
  let (machine, function) = (call.machine, HeldFunction(value))
  let work = UncheckedSchedule(machine: machine, function: function, takesStep: names.count == 2)
  return FunctionSchedule(value.functionName) { (moment) throws(Fault) in try work.factor(moment) }
}

/// A user's function of the epoch, called by the one thread that trains.
private struct UncheckedSchedule: @unchecked Sendable {
  let machine: Machine
  let function: HeldFunction
  let takesStep: Bool

  func factor(_ moment: ScheduleMoment) throws(Fault) -> Double {
    let result = try machine.invoke(
      function.value, [.int(moment.epoch)] + (takesStep ? [.int(moment.step)] : []))
    defer { result.release() }
    guard let factor = result.asNumber else {
      throw Fault(
        .type, "a schedule must give a number", label: "`\(function.value.functionName)` gave \(result.description(of: .kind))")
    }
    return factor
  }
}

private let ownSurrogate = Builtin(
  "surrogate",
  [.required("f", .function, "from distances to the threshold, a tensor, to as many derivatives")],
  returns: SurrogateValue.typeName, subject: "training",
  """
  A surrogate gradient of one's own. The function is asked once for \(SampledSurrogate.points) distances from \
  -\(Int(SampledSurrogate.range)) to \(Int(SampledSurrogate.range)); between them the derivative is a straight line, and \
  beyond them that of the nearest.
  """,
  example: "print(surrogate(x => exp(-abs(x)))(0.0))   # expect: 1.0"
) { (call) throws(Fault) in
  let distances = try Tensor(
    (0..<SampledSurrogate.points).map { SampledSurrogate.distance($0) }, shape: [SampledSurrogate.points])
  let argument = Value.tensor(distances)
  defer { argument.release() }
  let result = try call.invoke(call[0], [argument])
  defer { result.release() }
  guard let values = try result.convertedToTensor(), values.count == distances.count || values.count == 1 else {
    throw call.wrong(
      0, "must give a derivative for each distance, gave \(result.description(of: .kind))", kind: .shape,
      help: "work with whole tensors: surrogate(x => exp(-abs(x)))")
  }
  let whole = values.count == 1 ? try values.reshaped([1]).broadcast(to: distances.shape) : values
  return .foreign(SurrogateValue(surrogate: try SampledSurrogate(call[0].functionName, values: whole.scalars)))
}
