import Faults
import Glibc
import Language
import Machine
import Tensors

/// Arithmetic on numbers, lists of numbers, quantities and tensors alike.
let numberBuiltins: [Builtin] =
  [
    elementwise("abs", "The size without the sign.", "print(abs(-3), abs(-2.5))   # expect: 3 2.5", .abs) { abs($0) },
    elementwise("sqrt", "The square root.", "print(sqrt(9))   # expect: 3.0", .sqrt) { $0.squareRoot() },
    elementwise("exp", "e to the power x.", "print(exp(0))   # expect: 1.0", .exp) { Glibc.exp($0) },
    elementwise("log", "The natural logarithm.", "print(log(1))   # expect: 0.0", .log) { Glibc.log($0) },
    elementwise("sin", "The sine of an angle in radians.", "print(sin(0))   # expect: 0.0", .sin) { Glibc.sin($0) },
    elementwise("cos", "The cosine of an angle in radians.", "print(cos(0))   # expect: 1.0", .cos) { Glibc.cos($0) },
    elementwise("tan", "The tangent of an angle in radians.", "print(tan(0))   # expect: 0.0", .tan) { Glibc.tan($0) },
    elementwise("tanh", "The hyperbolic tangent.", "print(tanh(0))   # expect: 0.0", .tanh) { Glibc.tanh($0) },
    elementwise("sigmoid", "1 / (1 + exp(-x)).", "print(sigmoid(0))   # expect: 0.5", .sigmoid) { 1 / (1 + Glibc.exp(-$0)) },
    elementwise("relu", "x where it is positive, else 0.", "print(relu(-2))   # expect: 0.0", .relu) { max($0, 0) },
    elementwise("sign", "-1, 0 or 1.", "print(sign(-2.5))   # expect: -1.0", .sign) { $0 > 0 ? 1 : ($0 < 0 ? -1 : $0) },
    rounding("floor", "The largest whole number not above x.", "print(floor(2.7))   # expect: 2", .floor, .down),
    rounding("ceil", "The smallest whole number not below x.", "print(ceil(2.1))   # expect: 3", .ceil, .up),
    Builtin(
      "round", [.required("x", .number | .tensor | .list | .quantity, "what to round"), .optional("digits", .int, default: "0", "decimals to keep")],
      returns: "int, float or tensor", subject: "numbers",
      "The nearest whole number (halves to the even one), or x with fewer decimals.",
      example: "print(round(2.6), round(3.14159, 2))   # expect: 3 3.14"
    ) { (call) throws(Fault) in
      let x = call[0].plain
      if x.asInt != nil, !call.has(1) { return x }
      let digits = try call.int(1, default: 0)
      guard (-300...300).contains(digits) else { throw call.wrong(1, "must be from -300 to 300, found \(digits)") }
      if let number = x.asNumber {
        if call.has(1) {
          let scale = pow(10, Double(digits))
          let rounded = (number * scale).rounded(.toNearestOrEven) / scale
          return .float(rounded.isFinite ? rounded : number)
        }
        return try whole(number.rounded(.toNearestOrEven), call)
      }
      return .tensor(try call.tensor(0).unary(.round))
    },
    meanSDBuiltin, coMomentBuiltin,
    reduction(
      "sum",
      "The sum of all elements, or along axes. It is added up in 64 bits; whole numbers of a tensor give their exact sum, "
        + "along axes one rounded to 32 bits. Of a mask it counts what is true.", "print(sum([1, 2, 3]))   # expect: 6", .sum),
    reduction("product", "The product of all elements, or along axes.", "print(product([2, 3]))   # expect: 6", .product),
    extreme(
      "min", "The smallest of a list or tensor, along axes, or of several arguments.",
      "print(min([3, 1, 2]), min(4, 2), min([[3, 1], [2, 4]], axis=0))   # expect: 1 2 tensor[2] [2., 1.]", .minimum, -1),
    extreme(
      "max", "The largest of a list or tensor, along axes, or of several arguments.",
      "print(max([3, 1, 2]), max(4, 2), max([[3, 1], [2, 4]], axis=0))   # expect: 3 4 tensor[2] [3., 4.]", .maximum, 1),
    allOrAny("all", "Whether all elements are true.", "print(all([true, false]))   # expect: false", stopsAt: false),
    allOrAny("any", "Whether at least one element is true.", "print(any([true, false]))   # expect: true", stopsAt: true),
    Builtin(
      "is_nan", [.required("x", .number, "a number")], returns: "bool", subject: "numbers", "Whether a float is not a number.",
      example: "print(is_nan(0.0 / 0.0))   # expect: true"
    ) { (call) throws(Fault) in .bool(try call.plainNumber(0).isNaN) },
    Builtin(
      "is_finite", [.required("x", .number, "a number")], returns: "bool", subject: "numbers",
      "Whether a float is neither infinite nor not a number.", example: "print(is_finite(1.0))   # expect: true"
    ) { (call) throws(Fault) in .bool(try call.plainNumber(0).isFinite) },
  ]

/// A function of each element: of a number, a list of numbers or a tensor.
private func elementwise(
  _ name: String, _ documentation: String, _ example: String, _ operation: UnaryOperation,
  _ scalar: @escaping @Sendable (Double) -> Double
) -> Builtin {
  let single: @Sendable (Value) throws(Fault) -> Value = { (value) throws(Fault) in
    if let int = value.asInt, operation == .abs {
      if int == Int.min { throw Fault(.value, "integer overflow", label: "the result does not fit an int of 64 bits") }
      return .int(abs(int))
    }
    guard let quantity = value.asQuantity else { return .float(scalar(value.asNumber ?? .nan)) }
    if operation == .abs { return .quantity(abs(quantity.amount), quantity.dimension) }
    if operation == .sqrt, let half = quantity.dimension.squareRoot { return .quantity(quantity.amount.squareRoot(), half) }
    throw Fault(
      .unit, "`\(name)` takes a plain number", label: "found \(quantity.dimension.name)",
      help: "divide by a unit first, or write value(q, unit)")
  }
  return Builtin(
    name, [.required("x", .number | .tensor | .spikes | .list | .quantity, "a number or a tensor")], returns: "float or tensor",
    subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    if let x = call[0].amount {
      let result = try single(call[0].plain)
      return try .number(result, from: [(call[0], operation.slope(at: x, value: result.amount ?? .nan))])
    }
    return Machine.scalarOrTensor(try call.tensor(0).unary(operation))
  }
}

private func whole(_ number: Double, _ call: Call) throws(Fault) -> Value {
  guard let int = Int(exactly: number) else { throw call.wrong(0, "is \(floatText(number)), which no int can hold") }
  return .int(int)
}

private func rounding(
  _ name: String, _ documentation: String, _ example: String, _ operation: UnaryOperation, _ rule: FloatingPointRoundingRule
) -> Builtin {
  Builtin(
    name, [.required("x", .number | .tensor | .list, "a number or a tensor")], returns: "int or tensor", subject: "numbers",
    documentation, example: example
  ) { (call) throws(Fault) in
    let x = call[0].plain
    if x.asInt != nil { return x }
    if let number = x.asNumber { return try whole(number.rounded(rule), call) }
    return .tensor(try call.tensor(0).unary(operation))
  }
}

private let axisParameter = BuiltinParameter.optional("axis", .int | .list | .tuple, default: "all", "the axis or axes to reduce")
private let keepParameter = BuiltinParameter.optional("keep", .bool, default: "false", "keep the reduced axes with size 1")

/// The axes of a reduction, nil for all.
func axes(_ call: Call, _ index: Int) throws(Fault) -> [Int]? {
  guard call.has(index), !call[index].isNil else { return nil }
  return try call.ints(index)
}

/// A list's elements folded with the language's own arithmetic, so that ints stay ints and units are kept.
private func foldList(_ call: Call, _ opcode: (Value, Value) throws(Fault) -> Value, start: Int) throws(Fault) -> Value? {
  guard let elements = call[0].elements, !call.has(1),
    elements.allSatisfy({ $0.amount != nil || $0.asTensor != nil })
  else { return nil }
  guard var result = elements.first?.retained() else { return .int(start) }
  for (place, element) in elements.dropFirst().enumerated() {
    if start == 0, result.tag == .int, element.tag == .int, let sum = result.asInt, let int = element.asInt,
      case let (next, false) = sum.addingReportingOverflow(int)
    {
      if place & 0xFFFF == 0xFFFF { try Interrupt.check() }
      result = .int(next)
      continue
    }
    if place & 0xFFF == 0xFFF, Interrupt.isRequested {
      result.release()
      throw Interrupt.fault()
    }
    let next = try opcode(result, element)
    result.release()
    result = next
  }
  return result
}

private func reduction(_ name: String, _ documentation: String, _ example: String, _ operation: Reduction) -> Builtin {
  Builtin(
    name, [.required("x", .array | .tuple | .map, "numbers"), axisParameter, keepParameter], returns: "number or tensor",
    subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    let machine = call.machine
    if let folded = try foldList(call, { (a, b) throws(Fault) in
      operation == .sum ? try machine.sum(a, b) : try machine.product(a, b)
    }, start: operation == .sum ? 0 : 1) { return folded }
    if let range = call[0].asRange, operation == .sum, !call.has(1) {
      guard let total = range.sum else {
        throw Fault(.value, "integer overflow", label: "the result does not fit an int of 64 bits")
      }
      return .int(total)
    }
    if let (spikes, tracked) = call[0].asSignal, operation == .sum, !call.has(1) {
      guard let tracked else { return .int(spikes.total) }
      let sum = Machine.scalarOrTensor(try tracked.sum())
      defer { sum.release() }
      return try .number(.int(spikes.total), from: [(sum, 1)])
    }
    if operation == .sum, !call.has(1), !(try call.bool(2, default: false)), let mask = call[0].asTensor, mask.isMask, !mask.isTracked {
      return .int(mask.withUnsafeBuffer { $0.count { $0 != 0 } })
    }
    // A sum of whole numbers is exact, also where the total is more than a 32-bit float can hold.
    if operation == .sum, !call.has(1), !(try call.bool(2, default: false)) {
      let tensor = try call.tensor(0)
      let total = try tensor.total()
      if total.magnitude > 0x1p24, total.magnitude < 0x1p53, total.rounded() == total {
        let sum = Machine.scalarOrTensor(try tensor.sum())
        defer { sum.release() }
        return try .number(.float(total), from: [(sum, 1)])
      }
    }
    let result = try call.tensor(0).reduced(operation, over: try axes(call, 1), keepingDimensions: try call.bool(2, default: false))
    return Machine.scalarOrTensor(result)
  }
}

private func extreme(_ name: String, _ documentation: String, _ example: String, _ operation: Reduction, _ sign: Int) -> Builtin {
  Builtin(
    name,
    [
      .required("x", .any, "numbers, or the first of several"),
      .named("axis", .int | .list | .tuple | .nil, default: "all", "the axis or axes to reduce, of a tensor or nested lists"),
      .named("keep", .bool, default: "false", "keep the reduced axes with size 1"),
      .rest("more", .any, "further values; one alone behind a tensor is the axis"),
    ],
    returns: "number or tensor", subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    let rest = call.rest
    let keeps = try call.bool(2, default: false)
    if let axes = try axes(call, 1) {
      if !rest.isEmpty { throw call.wrong(1, "is for one tensor, and \(rest.count + 1) values are given", kind: .call) }
      return Machine.scalarOrTensor(try call.tensor(0).reduced(operation, over: axes, keepingDimensions: keeps))
    }
    if keeps { return Machine.scalarOrTensor(try call.tensor(0).reduced(operation, over: nil, keepingDimensions: true)) }
    if rest.isEmpty, let tensor = call[0].tag == .tensor || call[0].tag == .spikes ? try call.tensor(0) : nil {
      return Machine.scalarOrTensor(try tensor.reduced(operation, over: nil, keepingDimensions: false))
    }
    if rest.count == 1, let tensor = call[0].asTensor, let axis = rest[0].asInt, tensor.rank > 0 {
      return Machine.scalarOrTensor(try tensor.reduced(operation, over: [axis], keepingDimensions: false))
    }
    if !rest.isEmpty { return try ([call[0]] + rest).withUnsafeBufferPointer { (values) throws(Fault) in try best(of: values, call, sign) } }
    return try call.machine.withElements(of: call[0]) { (values) throws(Fault) in try best(of: values, call, sign) }
  }
}

/// The largest or the smallest of some values, owned; nan where one is.
private func best(of values: UnsafeBufferPointer<Value>, _ call: Call, _ sign: Int) throws(Fault) -> Value {
  guard var best = values.first else { throw call.wrong(0, "is empty") }
  var isTracked = false
  try Interrupt.parts(values.count) { (part) throws(Fault) in
    for value in values[part] {
      if value.tag == .tracked { isTracked = true }
      if best.plain.asNumber?.isNaN == true { continue }
      if value.plain.asNumber?.isNaN == true { best = value }
      if let order = try call.machine.order(value, best, "<"), order * sign > 0 { best = value }
    }
  }
  // Equal ones share the gradient, as the elements of a tensor do.
  guard isTracked else { return best.retained() }
  var winners: [Value] = []
  for value in values where try call.machine.equal(value, best) { winners.append(value) }
  if winners.count < 2 { return best.retained() }
  return try .number(best.plain.retained(), from: winners.map { ($0, 1 / Double(winners.count)) })
}

private func allOrAny(_ name: String, _ documentation: String, _ example: String, stopsAt: Bool) -> Builtin {
  Builtin(
    name,
    [.required("x", .iterable | .bool, "bools: a list or a mask"), .optional("f", .function, default: "the element itself", "a function that gives a bool for each")],
    returns: "bool", subject: "numbers", documentation, example: example
  ) { (call) throws(Fault) in
    if call.has(1) {
      var result = !stopsAt
      try call.machine.forEach(call[0]) { (value) throws(Fault) in
        defer { value.release() }
        let answer = try call.invoke(call[1], [value])
        defer { answer.release() }
        if try call.machine.isTrue(answer) == stopsAt { result = stopsAt }
        return result != stopsAt
      }
      return .bool(result)
    }
    if let bool = call[0].asBool { return .bool(bool) }
    if let tensor = call[0].asTensor {
      return .bool(tensor.withUnsafeBuffer { $0.contains { ($0 != 0) == stopsAt } } == stopsAt)
    }
    var result = !stopsAt
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      defer { value.release() }
      if try call.machine.isTrue(value) == stopsAt { result = stopsAt }
      return result != stopsAt
    }
    return .bool(result)
  }
}

extension Dimension {
  /// The dimension whose square this is, or nil.
  fileprivate var squareRoot: Dimension? {
    guard metre % 2 == 0, kilogram % 2 == 0, second % 2 == 0, ampere % 2 == 0, byte % 2 == 0 else { return nil }
    return Dimension(metre: metre / 2, kilogram: kilogram / 2, second: second / 2, ampere: ampere / 2, byte: byte / 2)
  }
}
