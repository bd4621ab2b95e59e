import Faults
import Language
import Tensors

/// Reading and writing elements: `x[i]`, `x[a..b]`, `x[.., 3]`, `x[i].b = v`.
extension Machine {
  // MARK: from the loop

  @inline(never)
  func index(
    _ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ next: UnsafeMutablePointer<Instruction>
  ) -> Bool {
    let container = registers[Int(instruction.b)]
    let key = registers[Int(instruction.c)]
    if let place = Self.knownPlace(of: key, in: container) {
      let value = place.pointee.retained()
      clearTemporaries(instruction, registers)
      Machine.store(registers + Int(instruction.a), value)
      return true
    }
    return attempt(nil, nil) { () throws(Fault) in
      if container.tag == .list, key.tag == .range, try cutInPlace(instruction, registers, next) { return }
      let value = try element(of: container, key)
      clearTemporaries(instruction, registers)
      Machine.store(registers + Int(instruction.a), value)
    }
  }

  /// `xs = xs[1..]` where nothing else holds the list: what is not wanted is taken away. False where it is not that. The list
  /// comes from the variable itself, or from a temporary copy of it.
  private func cutInPlace(
    _ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ next: UnsafeMutablePointer<Instruction>
  ) throws(Fault) -> Bool {
    let source = registers + instruction.b
    let container = source.pointee
    let list = container.object(as: ListObject.self)
    guard let variable = variableOverwritten(holding: container, by: registers + instruction.a, next),
      variable == source ? list.references == 1 : list.references == 2 && instruction.x & 1 != 0
    else { return false }
    let (start, count, step) = try slice(registers[instruction.c], length: list.count)
    if step != 1 { return false }
    if variable != source {
      variable.pointee = .nil
      container.release()
    }
    guard list.claim() else {
      if variable != source { variable.pointee = container.retained() }
      return false
    }
    list.replace(start + count..<list.count, by: .none)
    list.replace(0..<start, by: .none)
    source.pointee = .nil
    clearTemporaries(instruction, registers)
    Machine.store(registers + instruction.a, container)
    return true
  }

  @inline(never)
  func indexMany(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let container = registers[Int(instruction.b)]
    let count = Int(instruction.x & 127)
    return attempt(nil, nil) { () throws(Fault) in
      let keys = (0..<count).map { registers[Int(instruction.c) + $0] }
      let value = try element(of: container, keys)
      for index in 0..<count { Machine.store(registers + Int(instruction.c) + index, .nil) }
      if instruction.x & 128 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
      Machine.store(registers + Int(instruction.a), value)
    }
  }

  // MARK: reading

  /// Where a list, tuple or map keeps what stands under an int or a key that is there; nil in every other case.
  @inline(__always)
  private static func knownPlace(of key: Value, in container: Value) -> UnsafeMutablePointer<Value>? {
    switch container.tag {
    case .list, .tuple:
      if key.tag != .int { return nil }
      let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
      let index = key.rawInt < 0 ? key.rawInt &+ count : key.rawInt
      return UInt(bitPattern: index) < UInt(bitPattern: count) ? elements + index : nil
    case .map:
      if key.tag != .string, key.tag != .int { return nil }
      return container.read(MapObject.self) { $0.place(of: key) }
    default: return nil
    }
  }

  /// An element by several indices; only tensors and spikes have more than one axis.
  func element(of container: Value, _ keys: [Value]) throws(Fault) -> Value {
    guard let tensor = try tensorOf(container) else {
      throw Fault(
        .type, "\(container.description(of: .kind)) has one index", label: "\(keys.count) are given",
        help: container.tag == .list ? "lists inside lists are indexed one by one: `xs[i][j]`" : nil)
    }
    var indices: [TensorIndex] = []
    for key in keys { indices.append(try tensorIndex(key)) }
    return Self.scalarOrTensor(try tensor.indexed(indices))
  }

  private func tensorOf(_ value: Value) throws(Fault) -> Tensor? {
    value.tag == .tensor || value.tag == .spikes ? try value.convertedToTensor() : nil
  }

  func element(of container: Value, _ key: Value) throws(Fault) -> Value {
    switch container.tag {
    case .list, .tuple:
      let list = container.object(as: ListObject.self)
      if key.tag == .range {
        let (start, count, step) = try slice(key, length: list.count)
        if step == 1 { return try ListObject.part(of: container, start..<start + count) }
        return try ListBuilder.build(container.tag, capacity: count) { (result) throws(Fault) in
          for index in 0..<count { try result.append(list.base[start + index * step].retained()) }
        }
      }
      return list.base[try position(key, length: list.count, in: container)].retained()
    case .map:
      guard MapObject.isKey(key) else { throw Self.badKey(key) }
      if let value = container.object(as: MapObject.self).get(key) { return value.retained() }
      throw missingKey(container, key)
    case .string: return try character(of: container, key)
    case .range:
      let range = container.object(as: RangeObject.self)
      if key.tag == .range {
        let (start, count, step) = try slice(key, length: range.count)
        guard let part = range.part(from: start, count: count, stride: step) else { throw Self.overflow() }
        return Value(owning: part, tag: .range)
      }
      return .int(range.number(at: try position(key, length: range.count, in: container)))
    case .tensor, .spikes:
      guard let tensor = try tensorOf(container) else { break }
      let result = try tensor.indexed([tensorIndex(key)])
      if container.tag == .spikes, key.tag == .range {
        return result.isTracked
          ? .spikes(try Spikes(result.detached), tracked: result) : .spikes(try Spikes(result))
      }
      return Self.scalarOrTensor(result)
    case .foreign:
      guard let foreign = container.asForeign, let count = foreign.count else { break }
      if key.tag == .range {
        let (start, count, step) = try slice(key, length: count)
        if let part = try foreign.part(start: start, count: count, step: step) { return part }
      }
      return try foreign.element(at: try position(key, length: count, in: container))
    default: break
    }
    throw Fault(
      .type, "\(container.description(of: .kind)) cannot be indexed",
      label: "this is \(shortText(container))", help: container.tag == .function || container.tag == .native ? "call it first: `f(…)[i]`" : nil)
  }

  private func character(of container: Value, _ key: Value) throws(Fault) -> Value {
    let string = container.object(as: StringObject.self)
    if key.tag == .range {
      let (start, count, step) = try slice(key, length: string.count())
      if step != 1 {
        let characters = Array(string.text)
        return .string(String((0..<count).map { characters[start + $0 * step] }))
      }
      if try string.isASCII() {
        let utf8 = string.text.utf8
        let first = utf8.index(utf8.startIndex, offsetBy: start)
        return .string(String(string.text[first..<utf8.index(first, offsetBy: count)]))
      }
      return .string(String(string.text.dropFirst(start).prefix(count)))
    }
    let index = try position(key, length: string.count(), in: container)
    let text = string.text
    if try string.isASCII() {
      let utf8 = text.utf8
      return .string(String(Character(UnicodeScalar(utf8[utf8.index(utf8.startIndex, offsetBy: index)]))))
    }
    return .string(String(text[place(of: index, in: container, string)]))
  }

  /// The place of a character in a text beyond ASCII. Those of the last long text are kept, or a loop over its
  /// indices would walk it from the start each time.
  private func place(of index: Int, in container: Value, _ string: StringObject) -> String.Index {
    let text = string.text
    if text.utf8.count < 100 { return text.index(text.startIndex, offsetBy: index) }
    if let known = characterPlaces, known.text.payload == container.payload { return known.places[index] }
    characterPlaces?.text.release()
    let places = Array(text.indices)
    characterPlaces = (container.retained(), places)
    return places[index]
  }

  /// A checked place in a sequence; negative indices count from the end.
  func position(_ key: Value, length: Int, in container: Value) throws(Fault) -> Int {
    var index: Int
    if key.tape != nil { throw Tape.leaving("an index") }
    if let int = key.asInt {
      index = int
    } else if let item = key.asTensor?.item, let whole = Int(exactly: item) {
      index = whole
    } else {
      throw Fault(
        .type, "an index must be an int", label: "found \(key.description(of: .kind))",
        help: key.tag == .float ? "int(x), floor(x) or round(x) makes an int" : nil)
    }
    if index < 0 { index += length }
    guard index >= 0, index < length else {
      let name = container.typeName
      throw Fault(
        .value, "index \(key.description(of: .quoted)) is outside the \(name)",
        label: length == 0
          ? "the \(name) is empty"
          : length == 1 ? "the \(name) has 1 element: 0" : "the \(name) has \(length) elements: 0 to \(length - 1)")
    }
    return index
  }

  /// The first place, the count and the step of a slice; ends beyond the sequence are cut, as in Python. A slice that goes
  /// backwards begins at the last element where its start is open, and ends with the first where its end is.
  func slice(_ key: Value, length: Int) throws(Fault) -> (start: Int, count: Int, step: Int) {
    let range = key.object(as: RangeObject.self)
    let isForward = range.step > 0
    func clamp(_ index: Int) -> Int {
      let place = index < 0 ? index + length : index
      return isForward ? min(max(place, 0), length) : min(max(place, -1), length - 1)
    }
    let low = range.isOpenLow ? (isForward ? 0 : length - 1) : clamp(range.low)
    let high = range.isOpenHigh ? (isForward ? length : -1) : clamp(range.high)
    if range.step == 1 { return (low, max(0, high - low), 1) }
    let count = RangeObject(low: low, high: high, step: range.step).count
    return (count == 0 ? 0 : low, count, range.step)
  }

  func tensorIndex(_ key: Value) throws(Fault) -> TensorIndex {
    if key.tape != nil { throw Tape.leaving("an index") }
    let key = key.settled
    switch key.tag {
    case .int: return .at(key.rawInt)
    case .range:
      let range = key.object(as: RangeObject.self)
      if range.isOpenLow, range.isOpenHigh, range.step == 1 { return .all }
      return .range(range.isOpenLow ? nil : range.low, range.isOpenHigh ? nil : range.high, step: range.step)
    case .tensor:
      guard let tensor = key.asTensor else { return .all }
      if tensor.isMask { return .mask(tensor) }
      if let item = tensor.item, tensor.rank == 0, let whole = Int(exactly: item) { return .at(whole) }
      return .gather(try whole(tensor.scalars))
    case .list:
      if let elements = key.elements, elements.allSatisfy({ $0.tag == .int }), !elements.isEmpty {
        return .gather(elements.map(\.rawInt))
      }
      guard let tensor = try key.convertedToTensor() else { break }
      if key.elements?.first?.tag == .bool {
        return .mask(try Tensor.compare(.notEqual, tensor, Tensor.scalar(0)))
      }
      return .gather(try whole(tensor.scalars))
    case .nil: return .newAxis
    default: break
    }
    throw Fault(
      .type, "a tensor's index is an int, a range, a list of ints or a mask", label: "found \(key.description(of: .kind))")
  }

  private func whole(_ scalars: [Float]) throws(Fault) -> [Int] {
    var result: [Int] = []
    for scalar in scalars {
      guard let int = Int(exactly: scalar) else {
        throw Fault(.type, "indices must be whole numbers", label: "one is \(floatText(Double(scalar)))")
      }
      result.append(int)
    }
    return result
  }

  func missingKey(_ map: Value, _ key: Value) -> Fault {
    let known = map.object(as: MapObject.self).stringKeys
    let help: String?
    if let text = key.asString, let near = didYouMean(text, among: known) {
      help = near
    } else {
      let some = known.prefix(8).joined(separator: ", ")
      help = known.isEmpty ? "the map is empty" : "its keys are \(some)\(known.count > 8 ? ", …" : "")"
    }
    return Fault(.value, "no key \(key.description(of: .quoted)) in the map", label: "not there", help: help)
  }

  // MARK: writing

  @inline(never)
  func setIndex(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let memory = registers + Int(instruction.a)
    let keys = registers + Int(instruction.b)
    if assignKnown(memory, keys, 1, registers + Int(instruction.c), nil) {
      clearTemporaries(instruction, registers)
      return true
    }
    return attempt(nil, nil) { () throws(Fault) in
      try setElement(
        registers + Int(instruction.a), registers[Int(instruction.b)], registers[Int(instruction.c)])
      clearTemporaries(instruction, registers)
    }
  }

  /// Writes the element at the end of a path of keys, or changes it by `op=`; every container on the way becomes
  /// unique first. A fault leaves everything as it was seen from outside.
  @inline(never)
  func assignPath(
    _ first: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>,
    _ second: UnsafeMutablePointer<Instruction>
  ) -> Bool {
    let keys = registers + Int(first.pointee.b)
    let count = Int(first.pointee.c)
    let value = registers + Int(second.pointee.a)
    let update = second.pointee.opcode == .jump ? nil : second.pointee.opcode
    if first.pointee.x == Place.register.rawValue || first.pointee.x == Place.global.rawValue {
      let isGlobal = first.pointee.x == Place.global.rawValue
      if assignKnown(isGlobal ? globals + first[1].wide : registers + first.pointee.a, keys, count, value, update) {
        for index in 0..<count { Machine.store(keys + index, .nil) }
        return true
      }
    }
    let place = place(first, registers)
    return attempt(nil, nil) { () throws(Fault) in
      switch place {
      case .memory(let memory): try assign(memory, keys, count, value.pointee, update)
      case .cell(let cell): try assign(&cell.value, keys, count, value.pointee, update)
      }
      for index in 0..<count { Machine.store(keys + index, .nil) }
      Machine.store(value, .nil)
    }
  }

  /// The common case of a path: lists and maps that nothing else holds, keys that are there, and a number to add to or
  /// an element to replace. False when it is not that, and then nothing has changed.
  @inline(__always)
  private func assignKnown(
    _ memory: UnsafeMutablePointer<Value>, _ keys: UnsafeMutablePointer<Value>, _ count: Int,
    _ value: UnsafeMutablePointer<Value>, _ update: Opcode?
  ) -> Bool {
    var place = memory
    for level in 0..<count {
      let container = place.pointee
      guard container.tag == .list || container.tag == .map, container.isUnique,
        let inner = Self.knownPlace(of: keys[level], in: container)
      else { return false }
      place = inner
    }
    switch update {
    case nil:
      Machine.store(place, value.pointee)
      value.pointee = .nil
    case .add?:
      if place.pointee.tag == .int, value.pointee.tag == .int {
        let (sum, overflow) = place.pointee.rawInt.addingReportingOverflow(value.pointee.rawInt)
        if overflow { return false }
        place.pointee = .int(sum)
      } else if place.pointee.tag == .float, value.pointee.tag == .float {
        place.pointee = .float(place.pointee.rawFloat + value.pointee.rawFloat)
      } else {
        return false
      }
    default: return false
    }
    return true
  }

  private func assign(
    _ memory: UnsafeMutablePointer<Value>, _ keys: UnsafeMutablePointer<Value>, _ count: Int, _ value: Value,
    _ update: Opcode?
  ) throws(Fault) {
    let key = keys.pointee
    if count == 0 {
      guard let update else { return }
      return try change(memory, by: update, value)
    }
    if count == 1, update == nil { return try setElement(memory, key, value) }
    switch memory.pointee.tag {
    case .list where key.tag != .range:
      let index = try position(key, length: memory.pointee.object(as: ListObject.self).count, in: memory.pointee)
      try makeUnique(memory)
      try assign(memory.pointee.object(as: ListObject.self).base + index, keys + 1, count - 1, value, update)
    case .map:
      guard MapObject.isKey(key) else { throw Self.badKey(key) }
      try makeUnique(memory)
      guard let inner = memory.pointee.read(MapObject.self, { $0.place(of: key) }) else {
        throw missingKey(memory.pointee, key)
      }
      try assign(inner, keys + 1, count - 1, value, update)
    case .tensor where count == 1:
      // A tensor's elements are no values of their own: read, compute, write back.
      var old: Value
      if key.tag == .tuple, let parts = key.elements {
        old = try element(of: memory.pointee, Array(parts))
      } else {
        old = try element(of: memory.pointee, key)
      }
      defer { old.release() }
      if let update { try change(&old, by: update, value) }
      try setElement(memory, key, old)
    default: throw cannotChange(memory.pointee)
    }
  }

  /// `memory op= value` on an element.
  private func change(_ memory: UnsafeMutablePointer<Value>, by opcode: Opcode, _ value: Value) throws(Fault) {
    if opcode == .add, memory.pointee.tag == .int, value.tag == .int {
      let (sum, overflow) = memory.pointee.rawInt.addingReportingOverflow(value.rawInt)
      if overflow { throw Self.overflow() }
      memory.pointee = .int(sum)
      return
    }
    let left = memory.pointee
    if !arithmeticInPlace(memory, opcode, value) {
      pendingOperands = (left.description(of: .brief), value.description(of: .brief))
      throw takeFault()
    }
  }

  private func setElement(_ memory: UnsafeMutablePointer<Value>, _ key: Value, _ value: Value) throws(Fault) {
    let container = memory.pointee
    switch container.tag {
    case .list:
      let list = container.object(as: ListObject.self)
      if key.tag == .range { return try setSlice(memory, key, value) }
      let index = try position(key, length: list.count, in: container)
      try makeUnique(memory)
      Machine.store(memory.pointee.object(as: ListObject.self).base + index, value.retained())
    case .map:
      guard MapObject.isKey(key) else { throw Self.badKey(key) }
      try makeUnique(memory)
      memory.pointee.object(as: MapObject.self).set(key.retained(), value.retained())
    case .tensor:
      if try setNumber(in: container.object(as: TensorObject.self), isShared: !container.isUnique, key, value) { return }
      guard let replacement = try value.convertedToTensor() else {
        throw Fault(.type, "only numbers can be put into a tensor", label: "found \(value.description(of: .kind))")
      }
      var indices: [TensorIndex] = []
      if key.tag == .tuple, let parts = key.elements {
        for part in parts { indices.append(try tensorIndex(part)) }
      } else {
        indices = [try tensorIndex(key)]
      }
      let object = container.object(as: TensorObject.self)
      if container.isUnique, !object.tensor.isTracked, !replacement.isTracked {
        // Nothing else holds it: it is changed where it is.
        try object.tensor.assign(replacement, at: indices)
      } else {
        Machine.store(memory, .tensor(try object.tensor.assigning(replacement, at: indices)))
      }
    default: throw cannotChange(container)
    }
  }

  /// Puts a plain number at one place, or all over one row, of a tensor that nothing else holds; false where it is not that.
  private func setNumber(in object: TensorObject, isShared: Bool, _ key: Value, _ value: Value) throws(Fault) -> Bool {
    guard !isShared, !object.tensor.isTracked, !object.tensor.isMask, value.tag == .float || value.tag == .int else { return false }
    let rank = object.tensor.rank
    var offset: Int? = 0
    var axes = 1
    if key.tag == .int, rank > 0 {
      offset = object.tensor.offset(of: key.rawInt, axis: 0, behind: 0)
    } else if key.tag == .tuple, let parts = key.elements, !parts.isEmpty, parts.count <= rank {
      axes = parts.count
      for (axis, part) in parts.enumerated() {
        guard part.tag == .int, let outer = offset else { return false }
        offset = object.tensor.offset(of: part.rawInt, axis: axis, behind: outer)
      }
    } else {
      return false
    }
    guard let offset else { return false }
    let number: Float
    if value.tag == .float {
      number = Float(value.rawFloat)
    } else {
      guard let exact = Float(exactly: value.rawInt) else { return false }
      number = exact
    }
    var width = 1
    for axis in axes..<rank { width *= object.tensor.shape[axis] }
    try object.tensor.setNumbers(number, at: offset * width, count: width)
    return true
  }

  private func setSlice(_ memory: UnsafeMutablePointer<Value>, _ key: Value, _ value: Value) throws(Fault) {
    guard let source = value.elements else {
      throw Fault(.type, "a slice is replaced by a list", label: "found \(value.description(of: .kind))")
    }
    let list = memory.pointee.object(as: ListObject.self)
    let (start, count, step) = try slice(key, length: list.count)
    if step != 1 {
      throw Fault(.value, "only neighbours can be replaced together", label: "the slice takes every \(step)th element")
    }
    let result = try memory.pointee.list(replacing: start..<start + count, by: source)
    Machine.store(memory, result)
  }

  private func cannotChange(_ value: Value) -> Fault {
    let help: String? =
      switch value.tag {
      case .tuple: "tuples are fixed; a list `[a, b]` can be changed"
      case .string: "strings are fixed; build a new one, or use replace(s, a, b)"
      case .foreign where ["network", "layer"].contains(value.typeName):
        "networks are fixed; build one from weights, `input(2) |> dense(3, weight=w) |> lif()`, or let `fit` change them"
      default: nil
      }
    if value.tag == .undefined { return Self.noValue("this name") }
    return Fault(.type, "the elements of \(value.description(of: .kind)) cannot be assigned", help: help)
  }

  // MARK: taking apart

  @inline(never)
  func checkParts(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let place = registers + Int(instruction.a)
    if place.pointee.tag == .tensor || place.pointee.tag == .range || place.pointee.tag == .foreign {
      // What can be gone through can be taken apart.
      let list = ListObject(capacity: 4)
      let ok = attempt(nil, nil) { () throws(Fault) in
        try forEach(place.pointee) { (value) throws(Fault) in
          list.append(value)
          return list.count <= Int(instruction.b) || instruction.x != 0
        }
      }
      let value = Value(owning: list, tag: .list)
      if !ok {
        value.release()
        return false
      }
      Machine.store(place, value)
    }
    let wanted = Int(instruction.b)
    guard let elements = place.pointee.elements else {
      return fail(
        Fault(
          .type, "\(place.pointee.description(of: .kind)) cannot be taken apart",
          label: "a tuple or a list of \(wanted) is wanted"))
    }
    if elements.count == wanted || (instruction.x != 0 && elements.count > wanted) { return true }
    return fail(
      Fault(
        .value, "\(counted(elements.count, "value")) \(elements.count == 1 ? "does" : "do") not fit \(instruction.x != 0 ? "at least " : "")\(counted(wanted, "name"))",
        label: "the value is \(shortText(place.pointee))", help: "`..rest` takes what is left, `_` skips one"))
  }

  @inline(never)
  func takeElement(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    guard let elements = registers[Int(instruction.b)].elements, Int(instruction.c) < elements.count else {
      return fail(Fault(.value, "too few values for the names"))
    }
    Machine.store(registers + Int(instruction.a), elements[Int(instruction.c)].retained())
    return true
  }

  @inline(never)
  func takeTail(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    guard registers[Int(instruction.b)].elements != nil else { return fail(Fault(.value, "too few values for the names")) }
    return attempt(nil, nil) { () throws(Fault) in
      let whole = registers[Int(instruction.b)]
      let count = whole.read(ListObject.self) { $0.count }
      var rest = try ListObject.part(of: whole, min(Int(instruction.c), count)..<count)
      rest.tag = .list
      Machine.store(registers + Int(instruction.a), rest)
    }
  }
}
