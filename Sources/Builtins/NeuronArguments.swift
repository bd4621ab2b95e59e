// What a neuron's parameters may be given as: a number, a quantity, a tensor with one value for each neuron, or `learn`.

import Faults
import Language
import Machine
import Spiking
import Tensors

/// `learn(0.9)`: a parameter that training changes, on its way to the neuron that gets it.
struct LearnValue: ForeignValue {
  static let typeName = "learnable parameter"
  /// 0-dimensional for one number; in base units.
  let values: Tensor
  let dimension: Dimension
  let isEach: Bool
  let low: Double?
  let high: Double?

  var tape: Tape? { values.trace?.tape }
  func detached() -> any ForeignValue {
    LearnValue(values: values.detached, dimension: dimension, isEach: isEach, low: low, high: high)
  }

  /// All settings, to the last bit; long tensors by their head and tail.
  var summary: String { text(limit: 200) ?? call(of: values.preview) }
  var sourceText: String? { text(limit: 1 << 24) }

  /// The call that gives it again; nil where its values have more bytes.
  private func text(limit: Int) -> String? {
    if values.count > limit { return nil }
    if values.rank == 0 { return call(of: QuantityText.text(values.item ?? 0, dimension)) }
    if dimension == .none { return (try? Value.tensor(values.detached).sourceText(limit: limit)).map(call) }
    let inner = values.scalars.map { QuantityText.text($0, dimension) }.joined(separator: ", ")
    return values.rank == 1 && inner.utf8.count <= limit ? call(of: "[\(inner)]") : nil
  }

  private func call(of inner: String) -> String {
    let bounds = [("low", low), ("high", high)].compactMap { name, bound in
      bound.map { ", \(name)=\(QuantityText.text(Float($0), dimension))" }
    }
    return "learn(\(inner)\(isEach ? ", each=true" : "")\(bounds.joined()))"
  }

  func isEqual(to other: any ForeignValue) -> Bool {
    guard let other = other as? LearnValue else { return false }
    return Tensor.identical(values, other.values) && dimension == other.dimension && isEach == other.isEach
      && low == other.low && high == other.high
  }
}

extension ParameterUnit {
  /// The unit in which people would say an amount.
  init(_ amount: Double, _ dimension: Dimension) {
    if dimension == .none { self = .plain } else {
      let usual = QuantityText.usualUnit(amount, dimension)
      let powers = [dimension.metre, dimension.kilogram, dimension.second, dimension.ampere, dimension.byte]
      self.init(
        name: usual.name.replacing(" ", with: ""), scale: usual.scale, powers: powers.map(Int.init),
        isTime: dimension == .time)
    }
  }

  /// Nil for a plain number.
  var dimension: Dimension? {
    let small = powers.compactMap { Int8(exactly: $0) }
    guard small.count == 5 else { return nil }
    return Dimension(metre: small[0], kilogram: small[1], second: small[2], ampere: small[3], byte: small[4])
  }

  /// A value of 32 bits without the digits that its conversion to 64 adds.
  func exact(_ value: Double) -> Double { Double("\(Float(value))") ?? value }
}

extension Value {
  /// A list of quantities of one dimension as a tensor in base units; nil for anything else.
  fileprivate func asQuantities() throws(Fault) -> (values: Tensor, dimension: Dimension)? {
    guard let elements, let dimension = elements.first?.asQuantity?.dimension else { return nil }
    let amounts = elements.compactMap(\.asQuantity).filter { $0.dimension == dimension }.map { Float($0.amount) }
    guard amounts.count == elements.count else { return nil }
    return (try Tensor(amounts, shape: [amounts.count]), dimension)
  }
}

extension QuantityText {
  /// A number of 32 bits with its unit, without the digits that its conversion to 64 adds.
  static func text(_ value: Float, _ dimension: Dimension) -> String {
    // What is no amount has no unit.
    if dimension == .none || !value.isFinite { return NumberText.whole(value) }
    let amount = Double("\(value)") ?? Double(value), scale = usualUnit(amount, dimension).scale
    func write(_ count: Double) -> String {
      let short = "\(Float(count))"
      // Where its 32 bits in that unit are not those in base units, as many digits as it takes.
      return Double(short).map { Float($0 * scale) } == value ? short : "\(exactCount(amount, of: scale))"
    }
    return text(amount, dimension, format: write).replacing(".0 ", with: " ").replacing(" ", with: "")
  }
}

let learnBuiltin = Builtin(
  "learn",
  [
    .required("value", .number | .quantity | .array, "where training starts: a number, or a tensor with one for each neuron"),
    .optional("each", .bool, default: "false", "whether every neuron gets its own copy of a single number"),
    .optional("low", .number | .quantity, default: "no bound", "training keeps the values at or above this"),
    .optional("high", .number | .quantity, default: "no bound", "training keeps the values at or below this"),
  ],
  returns: "learnable parameter", subject: "networks",
  """
  A parameter of neurons that `fit` trains together with the weights, by the gradient of the neuron's own equations.
  It stands where a number would: in the call of a neuron, or as a default in its definition.

  A quantity keeps its unit, and the optimiser moves it in that unit: a step of 0.001 on `learn(-50mV)` is 0.001 mV.
  What the equations divide by (time constants among it), `dt`, and the threshold of `lif` are trained by their
  logarithm: a step of 0.001 is a change by 0.1 %, so they keep their sign and never reach 0. `beta` of `lif` and `li`
  stays from 0 to 1, and other values between `low` and `high`: after each step they are put back inside. Weight decay
  spares all these.
  """,
  example: """
    let net = input(4) |> dense(3) |> lif(beta=learn(0.9, low=0, high=1))
    print(net.layers[1].beta, net.parameters)   # expect: 0.9 16
    """
) { (call) throws(Fault) in
  let isEach = try call.bool(1, default: false)
  func bound(_ index: Int, _ dimension: Dimension) throws(Fault) -> Double? {
    guard call.has(index) else { return nil }
    try call.checkPlain(index)
    let found = call[index].asQuantity ?? (call[index].asNumber ?? 0, .none)
    guard found.dimension == dimension else {
      throw call.wrong(index, "must be \(dimension.name) as the value is, found \(found.dimension.name)", kind: .unit)
    }
    // As the values are held.
    return Double("\(Float(found.amount))") ?? found.amount
  }
  let values: Tensor
  var dimension = Dimension.none
  if let tracked = try call[0].trackedAmount() {
    (values, dimension) = (tracked.tensor, tracked.dimension)
  } else if let quantity = call[0].asQuantity {
    values = try Tensor.scalar(Float(quantity.amount))
    dimension = quantity.dimension
  } else if let number = call[0].asNumber {
    values = try Tensor.scalar(Float(number))
  } else if let list = try call[0].asQuantities() {
    values = list.values
    dimension = list.dimension
  } else {
    if call[0].asBool != nil { throw call.mismatch(0, "a number, a quantity or a tensor") }
    values = try call.tensor(0)
    if isEach, values.count != 1 { throw call.wrong(1, "spreads out a single number; the value has \(values.count)") }
  }
  let learn = LearnValue(
    values: values, dimension: dimension, isEach: isEach, low: try bound(2, dimension), high: try bound(3, dimension))
  try learn.parameter.check("value")
  return .foreign(learn)
}

extension LearnValue {
  var parameter: ParameterTensor {
    ParameterTensor(
      values: values, isLearnable: true, isEach: isEach, low: low.map { Float($0) }, high: high.map { Float($0) })
  }
}

/// A parameter of `lif` or `li` that is more than a number; nil for a number, and where none is given.
func neuronParameter(_ call: Call, _ index: Int) throws(Fault) -> ParameterTensor? {
  guard call.has(index), call[index].asNumber == nil else { return nil }
  if let learn = call[index].asForeign(LearnValue.self) {
    guard learn.dimension == .none else {
      throw call.wrong(index, "must be a plain number, found \(learn.dimension.name)", kind: .unit)
    }
    return learn.parameter
  }
  if call[index].asBool != nil { throw call.mismatch(index, "a number, a tensor or learn(…)") }
  let tensor = ParameterTensor(values: try call.tensor(index), isLearnable: false)
  try tensor.check(call.builtin.parameters[index].name)
  return tensor
}

/// A neuron's parameter as it was given.
struct NeuronArgument: Equatable {
  /// The value in base units; where there is a tensor, it counts instead.
  var number: Float
  var dimension: Dimension
  var tensor: ParameterTensor?

  init(_ value: Value, of definition: NeuronDefinition, at index: Int) throws(Fault) {
    let name = definition.parameterNames[index]
    let wanted = definition.parameterDimensions[index]
    number = 0
    dimension = .none
    if let learn = value.asForeign(LearnValue.self) {
      tensor = learn.parameter
      dimension = learn.dimension
    } else if let tracked = try value.trackedAmount() {
      tensor = ParameterTensor(values: tracked.tensor, isLearnable: false)
      dimension = tracked.dimension
      try tensor?.check(name)
    } else if let quantity = value.asQuantity {
      number = Float(quantity.amount)
      dimension = quantity.dimension
    } else if let known = value.asNumber {
      number = Float(known)
    } else if let list = try value.asQuantities() {
      tensor = ParameterTensor(values: list.values, isLearnable: false)
      dimension = list.dimension
      try tensor?.check(name)
    } else if value.asBool == nil, let values = try value.convertedToTensor() {
      tensor = ParameterTensor(values: values, isLearnable: false)
      try tensor?.check(name)
    } else {
      throw Fault(
        .type, "`\(name)` of `\(definition.name)` must be a number",
        label: "found \(value.description(of: .kind))", help: "or a quantity, a tensor with one for each neuron, or learn(…)")
    }
    guard dimension == wanted else {
      let example = wanted == .none ? "0.9" : wanted == .time ? "20ms" : QuantityText.text(1, wanted)
      throw Fault(
        .unit, "`\(name)` of `\(definition.name)` has another unit",
        label: "it is \(wanted.name), found \(dimension.name)", help: "write `\(name)=\(example)`")
    }
    let single = ParameterTensor(values: try Tensor.scalar(number), isLearnable: false)
    if tensor == nil { try single.check(name) }
    guard name == "dt" else { return }
    let unit = dimension
    try (tensor ?? single).checkEach { (least) throws(Fault) in
      guard least > 0, least.isFinite else {
        throw Fault(
          .value, "`dt` of `\(definition.name)` must be greater than 0",
          label: "found \(QuantityText.text(least, unit))")
      }
    }
  }

  /// A number of the size of its values.
  var typicalSize: Double {
    guard let tensor else { return Double("\(number)") ?? Double(number) }
    let largest = tensor.values.scalars.max { abs($0) < abs($1) } ?? 0
    return Double("\(largest)") ?? Double(largest)
  }

  /// As a call would write it.
  var text: String {
    guard let tensor else { return QuantityText.text(number, dimension) }
    let inner = tensor.values.rank == 0 ? QuantityText.text(tensor.values.item ?? 0, dimension) : "…"
    return tensor.isLearnable ? "learn(\(inner))" : inner
  }

  static func == (a: NeuronArgument, b: NeuronArgument) -> Bool {
    guard a.number == b.number, a.dimension == b.dimension else { return false }
    guard let x = a.tensor, let y = b.tensor else { return a.tensor == nil && b.tensor == nil }
    return Tensor.identical(x.values, y.values) && x.isLearnable == y.isLearnable && x.isEach == y.isEach
      && x.low == y.low && x.high == y.high
  }
}
