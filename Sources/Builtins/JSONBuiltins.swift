// The module `json`: values as text that other programs read.

import Faults
import Formats
import Machine
import Tensors

/// json.parse and json.text.
let jsonBuiltins: [Builtin] = [
  Builtin(
    "json.parse", [.required("text", .string, "one JSON value")], returns: "any value", subject: "files",
    """
    The value of a JSON text: objects are maps in their order, arrays are lists, whole numbers are ints, null is nil. \
    What is wrong is told with its line and column. `json.parse(read_text(path))` reads a file.
    """,
    example: """
      use json
      let settings = json.parse("{{\\"steps\\": 20, \\"rates\\": [0.1, 0.2]}}")
      print(settings.steps, settings.rates)   # expect: 20 [0.1, 0.2]
      """
  ) { (call) throws(Fault) in
    try call.machine.checkReading("`json.parse`")
    return try valueOfJSON(try JSON.parse(try call.string(0)))
  },
  Builtin(
    "json.text",
    [
      .required("value", .any, "nil, bools, numbers, texts, lists, maps, tensors"),
      .optional("indent", .int, default: "all on one line", "blanks by which each level stands further in"),
    ],
    returns: "string", subject: "files",
    "A value as JSON text. `json.parse` gives it again, a tensor as lists. nan and infinite numbers are written as Python does: `NaN`, `Infinity`.",
    example: """
      use json
      print(json.text({name: "lif", beta: 0.9, layers: [4, 2], note: nil}))   # expect: {"name":"lif","beta":0.9,"layers":[4,2],"note":null}
      """
  ) { (call) throws(Fault) in
    let indent = call.has(1) && !call[1].isNil ? try call.int(1, atLeast: 0) : nil
    if let indent, indent > 100 { throw call.wrong(1, "must be from 0 to 100, found \(indent)") }
    try call.checkPlain(0)
    var count = 0
    return .string(try json(of: call[0], depth: 0, &count, call).text(indent: indent))
  },
]

/// A JSON value as one of the language, owned.
func valueOfJSON(_ json: JSON) throws(Fault) -> Value {
  switch json {
  case .null: return .nil
  case .bool(let bool): return .bool(bool)
  case .integer(let int): return .int(int)
  case .number(let number): return .float(number)
  case .string(let text): return .string(text)
  case .list(let elements):
    return try ListBuilder.build(capacity: elements.count) { (list) throws(Fault) in
      for element in elements { try list.append(try valueOfJSON(element)) }
    }
  case .object(let members):
    let map = Value.map([(String, Value)]())
    do throws(Fault) {
      for member in members { map.asMap?.set(.string(member.name), try valueOfJSON(member.value)) }
    } catch {
      map.release()
      throw error
    }
    return map
  }
}

private func json(of value: Value, depth: Int, _ count: inout Int, _ call: Call) throws(Fault) -> JSON {
  // Lists that share their elements can hold more than any memory.
  count += 1
  if count > call.machine.limits.elements { throw call.wrong(0, "holds too many values", kind: .limit) }
  if depth > 200 { throw call.wrong(0, "is nested deeper than 200 levels", kind: .limit) }
  if value.isNil { return .null }
  if let bool = value.asBool { return .bool(bool) }
  if let int = value.asInt { return .integer(int) }
  if let number = value.asNumber { return .number(number) }
  if let text = value.asString { return .string(text) }
  if let map = value.asMap {
    var members: [JSONMember] = []
    for (place, pair) in map.pairs.enumerated() {
      if place & 0xFFF == 0xFFF { try Interrupt.check() }
      members.append(JSONMember(pair.key.description(of: .plain), try json(of: pair.value, depth: depth + 1, &count, call)))
    }
    return .object(members)
  }
  if let range = value.asRange, !range.isOpen {
    try call.machine.checkSize(range.count, of: .list)
    return .list((0..<range.count).map { .integer(range.number(at: $0)) })
  }
  if let elements = value.elements {
    var parts: [JSON] = []
    for (place, element) in elements.enumerated() {
      if place & 0xFFF == 0xFFF { try Interrupt.check() }
      parts.append(try json(of: element, depth: depth + 1, &count, call))
    }
    return .list(parts)
  }
  if let tensor = try value.asSignal != nil ? value.convertedToTensor() : value.asTensor {
    return part(tensor.scalars[...], tensor.shape[...], isMask: tensor.isMask)
  }
  let help = value.asQuantity == nil ? nil : "value(q, unit) gives the bare number"
  throw call.wrong(0, "holds \(value.description(of: .kind)), which JSON does not have", kind: .type, help: help)
}

private func part(_ scalars: ArraySlice<Float>, _ shape: ArraySlice<Int>, isMask: Bool) -> JSON {
  guard let first = shape.first else {
    let scalar = scalars.first ?? .nan
    return isMask ? .bool(scalar != 0) : .number(Double("\(scalar)") ?? Double(scalar))
  }
  let size = first == 0 ? 0 : scalars.count / first
  return .list(
    (0..<first).map { index in
      let start = scalars.startIndex + index * size
      return part(scalars[start..<start + size], shape.dropFirst(), isMask: isMask)
    })
}
