import Faults
import Language
import Machine
import Tensors

/// From one type to another, and questions about types.
let conversionBuiltins: [Builtin] = [
  Builtin(
    "type", [.required("value", .any, "anything")], returns: "string", subject: "conversion",
    "The name of a value's type.", example: "print(type(3.5))   # expect: float"
  ) { (call) throws(Fault) in .string(call[0].typeName) },
  Builtin(
    "str", [.required("value", .any, "anything")], returns: "string", subject: "conversion",
    "A value as the text that `print` shows.", example: "print(str(3) + \"!\")   # expect: 3!"
  ) { (call) throws(Fault) in .string(call[0].description(of: .plain)) },
  Builtin(
    "repr", [.required("value", .any, "anything")], returns: "string", subject: "conversion",
    """
    A value as it would be written in a script: all of it, to the last bit. What no text gives again, such as a function or
    a network, is an error.
    """,
    example: """
      print(repr("a"), repr(tensor([0.5, 0.1])), repr(adam(lr=0.01)))   # expect: "a" tensor([0.5, 0.1]) adam(lr=0.01)
      """
  ) { (call) throws(Fault) in .string(try call[0].sourceText(limit: call.machine.limits.elements)) },
  Builtin(
    "int", [.required("value", .number | .string | .bool | .tensor, "a number, a bool or a text"),
      .optional("base", .int, default: "10", "the base in which a text is read, 2 to 36")],
    returns: "int", subject: "conversion",
    "An int from a number (cut towards zero), a bool or a text.",
    example: """
      print(int(3.9), int("42"), int("ff", base=16))   # expect: 3 42 255
      """
  ) { (call) throws(Fault) in
    if let text = call[0].asString { return try parsedInt(call, text) }
    if let bool = call[0].asBool { return .int(bool ? 1 : 0) }
    if call[0].plain.asInt != nil { return call[0].retained() }
    let number = try call.number(0)
    guard let int = Int(exactly: number.rounded(.towardZero)) else {
      throw call.wrong(0, "is \(floatText(number)), which no int can hold")
    }
    return .int(int)
  },
  Builtin(
    "float", [.required("value", .number | .string | .bool | .tensor, "a number, a bool or a text")], returns: "float",
    subject: "conversion", "A float from a number, a bool or a text.",
    example: "print(float(\"2.5\") * 2)   # expect: 5.0"
  ) { (call) throws(Fault) in
    if let text = call[0].asString { return try parsedFloat(call, text) }
    if let bool = call[0].asBool { return .float(bool ? 1 : 0) }
    if call[0].tag == .tracked { return try .number(.float(try call.plainNumber(0)), from: [(call[0], 1)]) }
    if let tensor = call[0].asTensor, tensor.isTracked, tensor.count == 1 {
      return Machine.scalarOrTensor(try tensor.reshaped([]))
    }
    return .float(try call.number(0))
  },
  Builtin(
    "bool", [.required("value", .bool | .number | .tensor | .string, "a bool, a number, or \"true\" or \"false\"")],
    returns: "bool", subject: "conversion",
    "A bool: a number is true where it is not zero, a text where it is \"true\".", example: "print(bool(1))   # expect: true"
  ) { (call) throws(Fault) in
    if let text = call[0].asString {
      if text == "true" { return .bool(true) }
      if text == "false" { return .bool(false) }
      throw call.wrong(0, "must be \"true\" or \"false\", found \(quoted(text))")
    }
    if let number = call[0].plain.asNumber { return .bool(number != 0) }
    return .bool(try call.machine.isTrue(call[0]))
  },
  Builtin(
    "parse_int", [.required("text", .string, "digits"), .optional("base", .int, default: "10", "2 to 36")],
    returns: "int or nil", subject: "conversion", "Reads an int; nil where the text is none.",
    example: "print(parse_int(\"12\"), parse_int(\"x\"))   # expect: 12 nil"
  ) { (call) throws(Fault) in
    try call.machine.checkReading("`parse_int`")
    let base = try call.int(1, default: 10)
    guard (2...36).contains(base) else { throw call.wrong(1, "must be from 2 to 36, found \(base)") }
    return Int(stripped(try call.string(0)), radix: base).map { .int($0) } ?? .nil
  },
  Builtin(
    "parse_float", [.required("text", .string, "a number")], returns: "float or nil", subject: "conversion",
    "Reads a float; nil where the text is none.", example: "print(parse_float(\"1e3\"))   # expect: 1000.0"
  ) { (call) throws(Fault) in
    try call.machine.checkReading("`parse_float`")
    return Double(stripped(try call.string(0))).map { .float($0) } ?? .nil
  },
  Builtin(
    "list", [.required("values", .iterable, "anything that `for` goes through")], returns: "list",
    subject: "conversion", "The elements of a range, tuple, string, map or tensor as a list; a tensor becomes nested lists of floats.",
    example: "print(list(0..3))   # expect: [0, 1, 2]"
  ) { (call) throws(Fault) in
    if let tensor = call[0].asTensor {
      let traces = tensor.isTracked ? tensor.trace?.tape.unpack(tensor) : nil
      return try nestedList(tensor.scalars[...], traces, shape: tensor.shape[...], isMask: tensor.isMask)
    }
    return try call.machine.list(of: call[0]) { $0 }
  },
  Builtin(
    "tuple", [.required("values", .iterable, "anything that `for` goes through")], returns: "tuple",
    subject: "conversion", "The elements as a tuple.", example: "print(tuple([1, 2]))   # expect: (1, 2)"
  ) { (call) throws(Fault) in .tuple(try call.machine.collect(call[0])) },
  Builtin(
    "to", [.required("quantity", .quantity | .number, "what to convert"), .required("unit", .quantity, "a unit, as in `mW`")],
    returns: "float or quantity", subject: "conversion",
    """
    A quantity in another unit of the same dimension: `to(p, mW)`. The result is still a quantity, so that it can be
    compared with others; `value(q, unit)` gives the bare number.
    """,
    example: "print(to(3pJ / 2ms, nW))   # expect: 1.5 nW"
  ) { (call) throws(Fault) in
    let subject: (amount: Double, dimension: Dimension)
    if let quantity = call[0].plain.asQuantity { subject = quantity } else { subject = (try call.plainNumber(0), .none) }
    let (amount, dimension) = subject
    try call.checkPlain(1)
    guard let unit = call[1].asQuantity else { throw call.mismatch(1, "a unit") }
    if unit.dimension != dimension { throw unitMismatch(call, dimension, unit.dimension) }
    return try .number(.quantity(amount, dimension, unit: call[1].unitName), from: [(call[0], 1)])
  },
  Builtin(
    "value", [.required("quantity", .quantity, "a quantity"), .required("unit", .quantity, "the unit to count in")],
    returns: "float", subject: "conversion", "How many of a unit a quantity is, as a bare number.",
    example: "print(value(1.5s, ms))   # expect: 1500.0"
  ) { (call) throws(Fault) in
    guard let quantity = call[0].plain.asQuantity, let unit = call[1].plain.asQuantity else {
      throw call.mismatch(0, "a quantity")
    }
    if unit.dimension != quantity.dimension { throw unitMismatch(call, quantity.dimension, unit.dimension) }
    let count = quantity.amount / unit.amount
    return try .number(.float(count), from: [(call[0], 1 / unit.amount), (call[1], -count / unit.amount)])
  },
]

private func unitMismatch(_ call: Call, _ from: Dimension, _ to: Dimension) -> Fault {
  Fault(
    .unit, "a quantity of one dimension cannot be given in a unit of another",
    label: "the quantity is \(from.name), the unit is \(to.name)")
}

private func stripped(_ text: String) -> String {
  var text = Substring(text)
  while let first = text.first, first.isWhitespace { text.removeFirst() }
  while let last = text.last, last.isWhitespace { text.removeLast() }
  return text.filter { $0 != "_" }
}

private func parsedInt(_ call: Call, _ text: String) throws(Fault) -> Value {
  try call.machine.checkReading("`int`")
  let base = try call.int(1, default: 10)
  guard (2...36).contains(base) else { throw call.wrong(1, "must be from 2 to 36, found \(base)") }
  if let int = Int(stripped(text), radix: base) { return .int(int) }
  throw call.wrong(0, "must be a whole number, found \(quoted(text))", help: "parse_int(text) gives nil where the text is no int")
}

private func parsedFloat(_ call: Call, _ text: String) throws(Fault) -> Value {
  try call.machine.checkReading("`float`")
  if let number = Double(stripped(text)) { return .float(number) }
  throw call.wrong(0, "must be a number, found \(quoted(text))", help: "parse_float(text) gives nil where the text is no number")
}

func nestedList(
  _ scalars: ArraySlice<Float>, _ traces: [NumberTrace]?, shape: ArraySlice<Int>, isMask: Bool
) throws(Fault) -> Value {
  guard let first = shape.first else {
    let scalar = scalars.first ?? .nan
    if let traces, let trace = traces[scalars.startIndex...].first { return .tracked(.float(Double(scalar)), trace) }
    return isMask ? .bool(scalar != 0) : .float(Double(scalar))
  }
  let size = first == 0 ? 0 : scalars.count / first
  return try ListBuilder.build(capacity: first) { (list) throws(Fault) in
    for index in 0..<first {
      let start = scalars.startIndex + index * size
      try list.append(try nestedList(scalars[start..<start + size], traces, shape: shape.dropFirst(), isMask: isMask))
    }
  }
}
