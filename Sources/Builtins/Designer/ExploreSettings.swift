// The settings of training and placing that a space may name, read by the same rules as in the calls that have them.

import Chips
import Faults
import Machine
import Spiking

enum ExploreSettings {
  /// Names of `fit`'s settings, and `lr`, the learning rate of whatever optimizer there is.
  static let fitNames = ["lr", "optimizer", "encode", "epochs", "batch", "schedule", "loss", "surrogate", "shuffle"]

  /// Names of what is paid for and how it is placed. `lambda` is the weight of `hardware_loss`.
  static let candidateNames = ["lambda"] + (hardwareNames + placingNames.filter { !hardwareNames.contains($0) })

  private static let hardwareNames = hardwareLoss.parameters.map(\.name).filter {
    !["chip", "weight", "objective"].contains($0)
  }
  private static let placingNames = placeSettings.parameters.map(\.name)

  private static let hardwareLoss = hardwareLossBuiltins[0]

  /// What `fit` makes of its settings alone.
  private static let fitSettings = Builtin(
    "fit", trainingBuiltins[0].parameters.map { parameter in
      .optional(parameter.name, parameter.kind, default: "", parameter.documentation)
    }, returns: "", subject: "", "", example: ""
  ) { (call) throws(Fault) in .foreign(Made(try fitOptions(call))) }

  /// What `place` makes of those of its settings that are no business of the exploration's.
  private static let placeSettings = Builtin(
    "place",
    [
      .optional("weight_bits", .int | .nil, default: "", ""), .optional("weight_scale", .string, default: "", ""),
      .optional("clip", .number, default: "", ""), .optional("split_fan_in", .bool, default: "", ""),
      .optional("chips", .int | .nil, default: "", ""),
    ], returns: "", subject: "", "", example: ""
  ) { (call) throws(Fault) in
    var options = PlaceOptions()
    if call.has(0), !call[0].isNil { options.weightBits = try call.int(0, atLeast: 1) }
    if call.has(1) {
      let name = try call.string(1)
      guard let scale = WeightRounding.Scale(rawValue: name) else {
        throw call.wrong(
          1, "is not known: \"\(name)\"", help: didYouMean(name, among: WeightRounding.Scale.allCases.map(\.rawValue)))
      }
      options.weightScale = scale
    }
    options.clip = try call.number(2, default: 1)
    options.splitsFanIn = try call.bool(3, default: false)
    if call.has(4), !call[4].isNil { options.chips = try call.int(4, atLeast: 1) }
    return .foreign(Made(options))
  }

  /// Options on their way through the machine.
  private struct Made<Options>: ForeignValue {
    static var typeName: String { "settings" }
    let options: Options
    init(_ options: Options) { self.options = options }
    var summary: String { "settings" }
  }

  typealias Choices = [(name: String, value: Value)]

  /// How a design of these settings is trained; its learning rate falls along a cosine unless they say otherwise.
  static func training(of choices: Choices, epochs: Int, _ machine: Machine) throws(Fault) -> FitOptions {
    let named = choices.filter { $0.name != "lr" }
    let made = try invoke(fitSettings, [], named, machine)
    defer { made.release() }
    var options = made.asForeign(Made<FitOptions>.self)?.options ?? FitOptions()
    if !named.contains(where: { $0.name == "epochs" }) { options.epochs = epochs }
    if !named.contains(where: { $0.name == "schedule" }) { options.schedule = Cosine() }
    if let rate = try number("lr", choices) {
      options.optimizer.learningRate = rate
      try options.optimizer.check()
    }
    return options
  }

  /// The number of a setting that another call has under another name; nil where it is not chosen.
  private static func number(_ name: String, _ choices: Choices) throws(Fault) -> Double? {
    guard let value = choices.first(where: { $0.name == name })?.value else { return nil }
    if let number = value.asNumber { return number }
    throw Fault(
      .type, "the choices of `\(name)` in `space` must be numbers", label: "found \(value.description(of: .kind))")
  }

  /// What a candidate of these settings pays for; nil where that is nothing.
  ///
  /// - Parameter isTrained: whether its network knows the task already, and pays from the start.
  static func hardware(
    of choices: Choices, chip: Value, objective: Value, isTrained: Bool, _ machine: Machine
  ) throws(Fault) -> HardwareLoss? {
    _ = try number("lambda", choices)
    let renamed = choices.map { $0.name == "lambda" ? (name: "weight", value: $0.value) : $0 }
    var named = renamed.filter { choice in hardwareLoss.parameters.contains { $0.name == choice.name } }
    if !objective.isUndefined { named.append((name: "objective", value: objective)) }
    // A front is sought for what the objective counts, not for full cores.
    let fill = Value.string(CoreUse.objective.rawValue)
    defer { fill.release() }
    var standard: Choices = [("fill", fill)]
    if isTrained { standard += [("warmup", .float(0)), ("freeze", .float(0.5))] }
    named += standard.filter { choice in !named.contains { $0.name == choice.name } }
    let made = try invoke(hardwareLoss, [chip], named, machine)
    defer { made.release() }
    guard let loss = made.asForeign(HardwareLossValue.self)?.loss else { return nil }
    return loss.weight == 0 ? nil : loss
  }

  static func placing(of choices: Choices, _ machine: Machine) throws(Fault) -> PlaceOptions {
    let made = try invoke(placeSettings, [], choices.filter { placingNames.contains($0.name) }, machine)
    defer { made.release() }
    return made.asForeign(Made<PlaceOptions>.self)?.options ?? PlaceOptions()
  }

  private static func invoke(
    _ builtin: Builtin, _ positional: [Value], _ named: Choices, _ machine: Machine
  ) throws(Fault) -> Value {
    let function = Value.function(builtin)
    defer { function.release() }
    return try machine.invoke(function, positional + named.map(\.value), names: named.map(\.name))
  }
}
