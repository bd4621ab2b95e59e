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
    var receiver = ValueReceiver()
    defer { receiver.release() }
    try JSONReader.read(try call.string(0), into: &receiver)
    return receiver.takeValue()
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
    var text = JSONText(call: call, indent: indent)
    try text.write(call[0], depth: 0)
    return .string(text.writer.text)
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

/// Makes values of the language as JSON is read.
private struct ValueReceiver: JSONReceiver {
  /// A list or an object that has not ended.
  private enum Open {
    /// Its elements are on the stack, from a place on.
    case list(Int)
    /// The map, owned; its last key waits for a value.
    case map(Value)
  }

  private var open: [Open] = []
  /// Elements of lists that are open, and the whole value once it is there; owned.
  private var stack: [Value] = []
  /// Short names that came before, owned, each in a place by its letters: rows have the same ones again and again.
  private var names = [Value](repeating: .nil, count: 64)

  /// The whole value, owned.
  mutating func takeValue() -> Value { stack.popLast() ?? .nil }

  /// Lets go of all that is left.
  mutating func release() {
    for case .map(let map) in open { map.release() }
    for value in stack + names { value.release() }
    (open, stack, names) = ([], [], [])
  }

  private mutating func add(_ value: Value) {
    if case .map(let map) = open.last { map.asMap?.setLast(value) } else { stack.append(value) }
  }

  mutating func null() { add(.nil) }
  mutating func bool(_ value: Bool) { add(.bool(value)) }
  mutating func integer(_ value: Int) { add(.int(value)) }
  mutating func number(_ value: Double) { add(.float(value)) }
  mutating func string(_ value: String) { add(.string(value)) }
  mutating func beginList() { open.append(.list(stack.count)) }
  mutating func beginObject() { open.append(.map(.map([(String, Value)]()))) }

  mutating func endList() {
    guard case .list(let start) = open.popLast() else { return }
    let list = stack.withUnsafeBufferPointer { Value.list(taking: UnsafeBufferPointer(rebasing: $0[start...])) }
    stack.removeLast(stack.count - start)
    add(list)
  }

  mutating func name(_ name: String, isASCII: Bool) -> Bool {
    guard case .map(let map) = open.last, let object = map.asMap else { return false }
    let key = value(ofName: name, isASCII: isASCII)
    let isNew = object.add(key)
    if !isNew { key.release() }
    return isNew
  }

  private mutating func value(ofName name: String, isASCII: Bool) -> Value {
    // Others may be equal without being the same bytes.
    guard isASCII, name.utf8.count < 16, let first = name.utf8.first, let last = name.utf8.last else { return .string(name) }
    let place = (Int(first) &+ 7 &* Int(last) &+ 13 &* name.utf8.count) & (names.count - 1)
    if names[place].hasText(name) { return names[place].retained() }
    let new = Value.string(name)
    names[place].release()
    names[place] = new.retained()
    return new
  }

  mutating func endObject() {
    if case .map(let map) = open.popLast() { add(map) }
  }
}

/// A value of the language as it is written to JSON.
private struct JSONText {
  let call: Call
  private(set) var writer: JSONWriter
  private var count = 0

  init(call: Call, indent: Int?) {
    self.call = call
    writer = JSONWriter(indent: indent)
  }

  mutating func write(_ value: Value, depth: Int) throws(Fault) {
    // Lists that share their elements can hold more than any memory.
    count += 1
    if count > call.machine.limits.elements { throw call.wrong(0, "holds too many values", kind: .limit) }
    if count & 0xFFF == 0 {
      try Interrupt.check()
      try call.machine.checkSize(writer.count, of: .string)
    }
    if depth > 200 { throw call.wrong(0, "is nested deeper than 200 levels", kind: .limit) }
    if value.isNil { return writer.null() }
    if let bool = value.asBool { return writer.bool(bool) }
    if let int = value.asInt { return writer.integer(int) }
    if let number = value.asNumber { return writer.number(number) }
    if let text = value.asString { return writer.string(text) }
    if let map = value.asMap { return try write(map, depth: depth) }
    if let range = value.asRange, !range.isOpen {
      try call.machine.checkSize(range.count, of: .list)
      writer.beginList()
      try Interrupt.parts(range.count) { part in for place in part { writer.integer(range.number(at: place)) } }
      return writer.endList()
    }
    if let elements = value.elements {
      writer.beginList()
      for element in elements { try write(element, depth: depth + 1) }
      return writer.endList()
    }
    if let tensor = try value.asSignal != nil ? value.convertedToTensor() : value.asTensor {
      return try tensor.withUnsafeBuffer { (scalars) throws(Fault) in
        try write(scalars, tensor.shape[...], isMask: tensor.isMask)
      }
    }
    let help = value.asQuantity == nil ? nil : "value(q, unit) gives the bare number"
    throw call.wrong(0, "holds \(value.description(of: .kind)), which JSON does not have", kind: .type, help: help)
  }

  private mutating func write(_ map: MapObject, depth: Int) throws(Fault) {
    writer.beginObject()
    try map.forEachPair { (key, value) throws(Fault) in
      writer.name(key.asString ?? key.description(of: .plain))
      try write(value, depth: depth + 1)
    }
    writer.endObject()
  }

  /// A tensor's numbers as lists in lists.
  private mutating func write(_ scalars: UnsafeBufferPointer<Float>, _ shape: ArraySlice<Int>, isMask: Bool) throws(Fault) {
    guard let first = shape.first else {
      let scalar = scalars.first ?? .nan
      return isMask ? writer.bool(scalar != 0) : writer.number(scalar)
    }
    writer.beginList()
    let size = first == 0 ? 0 : scalars.count / first
    try Interrupt.parts(first) { (part) throws(Fault) in
      for place in part {
        try write(UnsafeBufferPointer(rebasing: scalars[place * size..<(place + 1) * size]), shape.dropFirst(), isMask: isMask)
      }
    }
    writer.endList()
  }
}
