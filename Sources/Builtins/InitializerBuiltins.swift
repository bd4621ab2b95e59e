// Rules for first weights, as values of the language and as arguments.

import Faults
import Machine
import Spiking
import Tensors

/// A rule for first weights that a program holds.
struct InitializerValue: ForeignValue {
  static let typeName = "initializer"
  let rule: any Initializer

  var summary: String { rule.callText }
  var memberNames: [String] { ["name"] + rule.settings.map(\.name) }

  func member(_ name: String) throws(Fault) -> Value? {
    if let setting = rule.settings.first(where: { $0.name == name }) { return settingValue(setting.value) }
    return name == "name" ? .string(rule.name) : nil
  }

  var sourceText: String? { rule is FunctionInitializer ? nil : rule.callText }

  func isEqual(to other: any ForeignValue) -> Bool { (other as? InitializerValue)?.rule.isSame(as: rule) ?? false }
}

/// A function of the user's as a rule for first weights.
private final class FunctionInitializer: Initializer, @unchecked Sendable {
  // Layers may be read from any thread, but weights are drawn by the one that runs the program alone.
  private weak var machine: Machine?
  private let function: Value

  init(_ function: Value, _ machine: Machine) {
    self.function = function.retained()
    self.machine = machine
  }

  deinit { function.release() }

  var name: String { function.functionName }
  var callText: String { name }
  var settings: [(name: String, value: Setting)] { [] }
  func check() throws(Fault) {}

  func weights(_ shape: [Int], inputs: Int, stream: RandomStream) throws(Fault) -> Tensor {
    guard let machine else { throw Fault(.value, "the program of the function `\(name)` has ended") }
    var arguments: [Value] = [.list(shape.map { .int($0) })]
    if (function.parameterNames?.count ?? 1) >= 2 { arguments.append(.int(inputs)) }
    defer { for argument in arguments { argument.release() } }
    let result = try machine.invoke(function, arguments)
    defer { result.release() }
    guard let weights = try result.convertedToTensor() else {
      throw Fault(
        .type, "a function for first weights must give a tensor",
        label: "`\(name)` gave \(result.description(of: .kind))")
    }
    guard weights.shape == shape else {
      throw Fault(
        .shape, "first weights have the wrong shape",
        label: "`\(name)` gave \(Shape.text(weights.shape)), the layer needs \(Shape.text(shape))",
        help: "the function is called with the shape, and as a second argument with the inputs that an output sums over")
    }
    return weights
  }
}

/// The rule in an argument: one of the library's, with or without its parentheses, or a function; nil where none is
/// given.
func initializerArgument(_ index: Int, _ call: Call) throws(Fault) -> (any Initializer)? {
  guard call.has(index), !call[index].isNil else { return nil }
  let value = call[index]
  if let known = value.asForeign(InitializerValue.self) { return known.rule }
  if let builtin = value.asBuiltin, builtin.returns == InitializerValue.typeName {
    let rule = try call.invoke(value, [])
    defer { rule.release() }
    if let known = rule.asForeign(InitializerValue.self) { return known.rule }
  }
  guard value.parameterNames != nil else {
    throw call.wrong(
      index, "must be a rule for first weights, found \(value.description(of: .kind))", kind: .type,
      help: "measured(), fluctuation(), kaiming(), or a function of the weights' shape")
  }
  return FunctionInitializer(value, call.machine)
}

/// The `init` of layers.
func initParameter(_ standard: any Initializer = Kaiming.standard) -> BuiltinParameter {
  .optional(
    "init", .foreign(InitializerValue.typeName) | .function, default: "\(standard.callText), then fit's",
    "how the first weights are found: `measured()`, `fluctuation()`, `kaiming()`, or a function of their shape")
}

/// The rules, and setting first weights without training.
let initializerBuiltins: [Builtin] = [
  rule(
    Measured(),
    [
      "sigma": "the standard deviation of potentials, in thresholds",
      "readout": "the same for the last neurons of a network, where the rule is fit's and not one layer's",
    ],
    """
    First weights whose size is measured on data: `fit` runs a batch through each layer without its threshold, and
    multiplies the weights before it so that potentials have a standard deviation of `sigma` thresholds; then comes the
    next layer, on the spikes of this one (after Mishkin and Matas 2016). The last neurons begin quieter, at `readout`:
    scores that are almost equal at first are learnt faster. So each layer of a deep network fires, for any
    code and any neuron. Neurons whose potential cannot be measured so (they take off by themselves) get weights with
    which 3 % of them fire in a step. Until there is data, the weights are drawn by `kaiming(gain=1)`.
    """, "print(measured(sigma=0.5))   # expect: measured(sigma=0.5, readout=0.2)"
  ) { (values) throws(Fault) in Measured(sigma: values[0], readout: values[1]) },
  rule(
    Fluctuation(),
    [
      "sigma": "the standard deviation of potentials, in thresholds",
      "rate": "the share of steps in which an input fires", "beta": "the leak of the neurons behind the weights",
      "threshold": "their threshold",
    ],
    """
    First weights from a formula (Rossbroich et al. 2022): normal, with the variance
    `(sigma threshold)^2 / (inputs K)`, `K = rate (1 - rate) / (1 - beta^2) + rate^2 / (1 - beta)^2`, under which the
    potentials of `lif(beta, threshold)` have a standard deviation of `sigma` thresholds where each input fires in a
    share `rate` of the steps. At the defaults the variance is 7 / inputs: deep networks stay alive for any code, without
    data, at the price of many spikes.
    """, "print(fluctuation(rate=0.1).rate)   # expect: 0.1"
  ) { (values) throws(Fault) in
    Fluctuation(sigma: values[0], rate: values[1], beta: values[2], threshold: values[3])
  },
  rule(
    Kaiming(), ["gain": "the variance of a weight times the inputs"],
    """
    First weights that are normal with the variance `gain / inputs` (He et al. 2015). They know nothing of spikes: codes
    of few spikes, such as latency, die out in a deep network. Layers draw by `kaiming(gain=1)` when nobody chose.
    """, "print(kaiming())   # expect: kaiming(gain=2.0)"
  ) { (values) throws(Fault) in Kaiming(gain: values[0]) },
  Builtin(
    "initialize",
    [
      .required("network", .foreign("network"), "a network with first weights; it stays as it is"),
      .optional(
        "data", .foreign("dataset") | .nil, default: "nil",
        "samples to measure on; a rule that does not measure needs none"),
      .optional("encode", .foreign("encoder") | .nil, default: "the network's own", "the code of the samples"),
      .optional("init", .foreign(InitializerValue.typeName) | .function, default: "measured()", "the rule"),
    ],
    returns: "network", subject: "training",
    """
    Sets the first weights of a network, as `fit` does before it trains: for training in a loop of one's own, or to look
    at them. Weights that were given (`weight=`), loaded, trained, or drawn by a rule of their layer's own (`init=`)
    stay as they are.
    """,
    example: """
      seed(1)
      let net = input(64) |> dense(32) |> lif() |> dense(10) |> lif()
      let ready = net |> initialize(data.digits(), encode=latency(steps=20))
      print(evaluate(ready, data.digits(), encode=latency(steps=20)).layer_spikes[0] > 1)   # expect: true
      """
  ) { (call) throws(Fault) in
    let network = try call.foreign(0, as: NetworkValue.self).network
    let rule = try initializerArgument(3, call) ?? Measured()
    var stream = call.machine.nextStream("initialize")
    let seed = stream.nextBits()
    guard call.has(1), !call[1].isNil else {
      guard rule.measuredDeviation == nil else {
        throw Fault(
          .call, "`\(rule.name)` measures on data", label: "no data is given",
          help: "net |> initialize(data, encode=rate(steps=20)); fluctuation() and kaiming() need no data")
      }
      return .foreign(NetworkValue(try network.initialized(by: rule, on: nil, seed: seed)))
    }
    let encoder = call.isGiven("encode") ? try call.foreign(2, as: EncoderValue.self).encoder : nil
    let data = try call.samples(1, by: encoder ?? network.encoder)
    return .foreign(NetworkValue(try network.initialized(by: rule, on: data, encoder: encoder, seed: seed)))
  },
]

/// A rule by what it is without arguments: names and defaults are its own.
private func rule(
  _ standard: some Initializer, _ meanings: [String: String], _ documentation: String, _ example: String,
  _ make: @escaping @Sendable ([Double]) throws(Fault) -> any Initializer
) -> Builtin {
  let settings = standard.settings
  let parameters = settings.map { setting in
    BuiltinParameter.optional(
      setting.name, .number, default: setting.value.description, meanings[setting.name] ?? "")
  }
  return Builtin(
    standard.name, parameters, returns: InitializerValue.typeName, subject: "training", documentation, example: example
  ) { (call) throws(Fault) in
    var values: [Double] = []
    for (index, setting) in settings.enumerated() {
      values.append(try call.number(index, default: setting.value.number ?? 0))
    }
    let rule = try make(values)
    try rule.check()
    return .foreign(InitializerValue(rule: rule))
  }
}
