import Faults
import Language
import Tensors

/// The slow paths of the opcodes that build values: maps, spreads, appending, ranges, text, closures.
extension Machine {
  @inline(never)
  func buildList(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) {
    let list = ListObject(capacity: Int(instruction.c))
    for index in 0..<Int(instruction.c) {
      list.append(registers[Int(instruction.b) + index])
      registers[Int(instruction.b) + index] = .nil
    }
    let tag: Value.Tag = instruction.opcode == .newList ? .list : .tuple
    Machine.store(registers + Int(instruction.a), Value(owning: list, tag: tag))
  }

  @inline(never)
  func buildMap(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    if instruction.x == 0 {
      Machine.store(registers + Int(instruction.a), Value(owning: MapObject(), tag: .map))
      return true
    }
    let key = registers[Int(instruction.b)]
    guard MapObject.isKey(key) else { return fail(Self.badKey(key)) }
    registers[Int(instruction.b)] = .nil
    let value = registers[Int(instruction.b) + 1]
    registers[Int(instruction.b) + 1] = .nil
    registers[Int(instruction.a)].object(as: MapObject.self).set(key, value)
    return true
  }

  /// Appends to a list that is being made, and gives its count: the loop looks now and then whether it grows too large.
  @inline(__always)
  static func appendElement(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Int {
    let value = registers[Int(instruction.b)]
    registers[Int(instruction.b)] = .nil
    return registers[Int(instruction.a)].read(ListObject.self) { list in
      list.append(value)
      return list.count
    }
  }

  static func badKey(_ key: Value) -> Fault {
    Fault(
      .type, "\(key.description(of: .kind)) cannot be a key", label: "a key is a string or a number",
      help: "str(x) makes a string of any value")
  }

  @inline(never)
  func extendList(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let list = registers[Int(instruction.a)].object(as: ListObject.self)
    let source = registers[Int(instruction.b)]
    if let elements = source.elements {
      guard hasRoom(list.count + elements.count, in: registers[Int(instruction.a)]) else { return false }
      let ok = attempt(nil, nil) { () throws(Fault) in try list.append(copying: elements) }
      if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
      return ok
    }
    let ok = attempt(nil, nil) { () throws(Fault) in
      let (count, overflow) = list.count.addingReportingOverflow(iterationCount(source) ?? 0)
      try checkSize(overflow ? Int.max : count, of: .list)
      try forEach(source) { (value) throws(Fault) in
        list.append(value)
        return true
      }
    }
    if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
    return ok
  }

  @inline(never)
  func mergeMap(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let map = registers[Int(instruction.a)].object(as: MapObject.self)
    let source = registers[Int(instruction.b)]
    guard let other = source.asMap else {
      return fail(Fault(.type, "`{..x}` spreads a map", label: "this is \(source.description(of: .kind))"))
    }
    let ok = attempt(nil, nil) { () throws(Fault) in
      try other.forEachPair { (key, value) throws(Fault) in map.set(key.retained(), value.retained()) }
    }
    if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
    return ok
  }

  /// `xs += [x]` where the list has room and nothing else holds it; false when it is not that.
  @inline(__always)
  func appendKnown(_ memory: UnsafeMutablePointer<Value>, _ element: UnsafeMutablePointer<Value>) -> Bool {
    guard memory.pointee.tag == .list, memory.pointee.isUnique else { return false }
    let largest = limits.elements
    return memory.pointee.read(ListObject.self) { list in
      guard list.count < list.capacity, list.count < largest else { return false }
      list.append(element.pointee)
      element.pointee = .nil
      return true
    }
  }

  /// `xs += [x]` without making the one-element list.
  @inline(never)
  func appendInPlace(_ at: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let element = registers + at.pointee.b
    return place(at, registers).withMemory { memory in
      let value = element.pointee
      if memory.pointee.tag == .undefined { return fail(Self.noValue("this name")) }
      guard memory.pointee.tag == .list else {
        let list = Value.list([value.retained()])
        defer { list.release() }
        let left = memory.pointee
        let ok = attempt(left, list) { () throws(Fault) in Machine.store(memory, try arithmetic(.add, left, list)) }
        if ok { Machine.store(element, .nil) }
        return ok
      }
      guard hasRoom(memory.pointee.read(ListObject.self) { $0.count } + 1, in: memory.pointee) else { return false }
      return attempt(nil, nil) { () throws(Fault) in
        try makeUnique(memory, extra: 1)
        element.pointee = .nil
        memory.pointee.object(as: ListObject.self).append(value)
      }
    }
  }

  /// Gives a container memory of its own before it is changed.
  func makeUnique(_ memory: UnsafeMutablePointer<Value>, extra: Int = 0) throws(Fault) {
    let value = memory.pointee
    if value.isUnique { return }
    switch value.tag {
    case .list, .tuple:
      let list = value.object(as: ListObject.self)
      if list.claim() { return }
      memory.pointee = try ListObject.copy(of: list.buffer, extra: extra, tag: value.tag)
    case .map: memory.pointee = try value.object(as: MapObject.self).copy()
    case .tensor: memory.pointee = .tensor(value.object(as: TensorObject.self).tensor)
    default: return
    }
    value.release()
  }

  @inline(never)
  func makeRange(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let low = registers[Int(instruction.b)].settled
    let high = registers[Int(instruction.c)].settled
    guard low.tag == .int, high.tag == .int else { return failRange(low, high) }
    var step = 1
    if instruction.x & 4 != 0 {
      let given = registers[Int(instruction.c) + 1].settled
      guard given.tag == .int else { return failRange(low, given, step: true) }
      step = given.rawInt
      guard step != 0, step != Int.min else { return fail(Fault(.value, "the step of a range cannot be \(step)", label: "`by \(step)`")) }
    }
    let range = RangeObject(
      low: low.rawInt, high: high.rawInt, step: step, isOpenLow: instruction.x & 1 != 0, isOpenHigh: instruction.x & 2 != 0)
    Machine.store(registers + Int(instruction.a), Value(owning: range, tag: .range))
    return true
  }

  @inline(never)
  func failRange(_ low: Value, _ high: Value, step: Bool = false) -> Bool {
    if low.tag == .tracked || high.tag == .tracked { return fail(Tape.leaving("a range")) }
    let wrong = low.tag == .int ? high : low
    return fail(
      Fault(
        .type, step ? "the step of a range must be an int" : "the ends of a range must be ints", label: "found \(wrong.description(of: .kind))",
        help: wrong.tag == .float ? "int(x), floor(x) or round(x) makes an int" : nil))
  }

  @inline(never)
  func formatValue(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ format: Value) -> Bool {
    attempt(nil, nil) { () throws(Fault) in
      let specification = try FormatSpecification(parsing: format.asString ?? "")
      Machine.store(registers + Int(instruction.a), .string(try specification.format(registers[Int(instruction.b)])))
    }
  }

  @inline(never)
  func makeClosure(
    _ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>
  ) {
    let inner = frames[frameCount - 1].prototype.prototypes[instruction.wide]
    var captures: [Value] = []
    for capture in inner.captures {
      if capture.isLocal {
        // The register holds the cell where the variable changes, and the value where it does not.
        captures.append(registers[capture.index].retained())
      } else {
        captures.append(registers[-1].object(as: FunctionObject.self).captures[capture.index].retained())
      }
    }
    Machine.store(registers + Int(instruction.a), Value(owning: FunctionObject(inner, captures: captures), tag: .function))
  }

  @inline(never)
  func defineTest(_ place: UnsafeMutablePointer<Value>) {
    tests.append(place.pointee)
    place.pointee = .nil
  }

  @inline(never)
  func makeNeuron(_ place: UnsafeMutablePointer<Value>, _ definition: Value) -> Bool {
    attempt(nil, nil) { () throws(Fault) in
      guard let neuronMaker else { throw Fault(.value, "neurons cannot be defined here", label: "no room runs them") }
      let defaults = Array(place.pointee.elements ?? UnsafeBufferPointer(start: nil, count: 0))
      let value = try neuronMaker(definition.object(as: NeuronObject.self).definition, defaults)
      Machine.store(place, value)
    }
  }
}
