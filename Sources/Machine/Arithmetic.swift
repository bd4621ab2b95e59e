import Faults
import Glibc
import Language
import Tensors
import Texts

/// Arithmetic beyond the loop's fast cases: mixed numbers, text, lists, quantities, tensors, and every fault.
extension Machine {
  // MARK: from the loop

  @inline(never)
  func slowArithmetic(
    _ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ rightPlace: UnsafeMutablePointer<Value>
  ) -> Bool {
    let plain = Self.withoutConstant(instruction.opcode)
    let opcode = plain ?? instruction.opcode
    let right = rightPlace.pointee
    let ok: Bool
    if instruction.a == instruction.b {
      ok = withUnsafePointer(to: right) { arithmeticInPlace(registers + Int(instruction.a), opcode, $0.pointee) }
    } else {
      let left = registers[Int(instruction.b)]
      ok = attempt(left, right) { () throws(Fault) in
        Machine.store(registers + Int(instruction.a), try arithmetic(opcode, left, right))
      }
      if instruction.x & 1 != 0, instruction.a != instruction.b { Machine.store(registers + Int(instruction.b), .nil) }
    }
    if plain == nil, instruction.x & 2 != 0, instruction.a != instruction.c { Machine.store(rightPlace, .nil) }
    return ok
  }

  /// The operator of an opcode whose right side is a constant; nil for any other opcode.
  private static func withoutConstant(_ opcode: Opcode) -> Opcode? {
    switch opcode {
    case .addConstant: .add
    case .subtractConstant: .subtract
    case .multiplyConstant: .multiply
    case .divideConstant: .divide
    case .remainderConstant, .remainderSmall: .remainder
    default: nil
    }
  }

  @inline(never)
  func slowAddInt(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let amount = instruction.c.signed
    let left = registers[Int(instruction.b)]
    // The compiler wrote a subtraction as the addition of a negative; the message speaks of what stood there.
    let opcode: Opcode = amount < 0 ? .subtract : .add
    let ok = attempt(left, .int(abs(amount))) { () throws(Fault) in
      Machine.store(registers + Int(instruction.a), try arithmetic(opcode, left, .int(abs(amount))))
    }
    if instruction.x & 1 != 0, instruction.a != instruction.b { Machine.store(registers + Int(instruction.b), .nil) }
    return ok
  }

  @inline(never)
  func slowNegate(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let value = registers[Int(instruction.b)]
    let ok = attempt(nil, nil) { () throws(Fault) in
      let result: Value
      switch value.tag {
      case .int: throw Self.overflow()
      case .quantity:
        let quantity = value.object(as: QuantityObject.self)
        result = .quantity(-quantity.amount, quantity.dimension)
      case .tracked: result = try arithmetic(.multiply, value, .int(-1))
      case .tensor, .spikes:
        guard let tensor = try value.convertedToTensor() else { throw Self.wrongOperand("-", value) }
        result = .tensor(try tensor.unary(.negate))
      default: throw Self.wrongOperand("-", value)
      }
      Machine.store(registers + Int(instruction.a), result)
    }
    if instruction.x & 1 != 0, instruction.a != instruction.b { Machine.store(registers + Int(instruction.b), .nil) }
    return ok
  }

  @inline(never)
  func slowNot(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let value = registers[Int(instruction.b)]
    let ok = attempt(nil, nil) { () throws(Fault) in
      if isMaskLike(value), let tensor = try value.convertedToTensor() {
        Machine.store(registers + Int(instruction.a), .tensor(try tensor.logicalNot()))
      } else {
        Machine.store(registers + Int(instruction.a), .bool(!(try truth(value))))
      }
    }
    if instruction.x & 1 != 0, instruction.a != instruction.b { Machine.store(registers + Int(instruction.b), .nil) }
    return ok
  }

  @inline(never)
  func updateInPlace(
    _ at: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>, _ opcode: Opcode
  ) -> Bool {
    place(at, registers).withMemory { memory in
      if memory.pointee.tag == .undefined { return fail(Self.noValue("this name")) }
      return arithmeticInPlace(memory, opcode, registers[at.pointee.b])
    }
  }

  /// `memory op= right`, reusing the left side's memory where nothing else holds it.
  func arithmeticInPlace(_ memory: UnsafeMutablePointer<Value>, _ opcode: Opcode, _ right: Value) -> Bool {
    let left = memory.pointee
    if opcode == .add, left.tag.isHeap, left.isUnique || (left.tag == .list && left.object(as: ListObject.self).claim()) {
      if left.tag == .string, right.tag == .string, left.payload != right.payload {
        let string = left.object(as: StringObject.self)
        let more = right.object(as: StringObject.self).text
        guard hasRoom(string.text.utf8.count + more.utf8.count, in: left) else { return false }
        string.append(more)
        return true
      }
      if left.tag == .list, right.tag == .list, left.payload != right.payload {
        let list = left.object(as: ListObject.self)
        let more = right.object(as: ListObject.self)
        guard hasRoom(list.count + more.count, in: left) else { return false }
        return attempt(nil, nil) { () throws(Fault) in try list.append(copying: more.buffer) }
      }
    }
    return attempt(left, right) { () throws(Fault) in
      Machine.store(memory, try arithmetic(opcode, left, right))
    }
  }

  /// Runs a throwing body; a fault becomes pending, with its operands described for the label.
  func attempt(_ left: Value?, _ right: Value?, _ body: () throws(Fault) -> Void) -> Bool {
    do throws(Fault) {
      // What comes this way may be large: a loop over it hears a stop at each pass.
      try Interrupt.check()
      try body()
      return true
    } catch {
      if let left, let right, error.kind != .interrupt {
        pendingOperands = (left.description(of: .brief), right.description(of: .brief))
      }
      return fail(error)
    }
  }

  // MARK: the operators

  static func overflow() -> Fault {
    Fault(
      .value, "integer overflow", label: "the result does not fit an int of 64 bits",
      help: "make one side a float, as in 2.0 ^ 100, where a rounded result will do")
  }

  static func divisionByZero() -> Fault {
    Fault(.value, "division by zero", label: "the right side is 0", help: "test for 0 first; a float division by 0.0 gives inf")
  }

  static func wrongOperand(_ symbol: String, _ value: Value) -> Fault {
    Fault(.type, "`\(symbol)` does not take \(value.description(of: .kind))")
  }

  static func noValue(_ name: String) -> Fault {
    Fault(.name, "\(name) has no value yet", label: "used before its definition ran")
  }

  static func symbol(_ opcode: Opcode) -> String {
    switch opcode {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .floorDivide: "//"
    case .remainder: "%"
    case .power: "^"
    default: "@"
    }
  }

  func arithmetic(_ opcode: Opcode, _ left: Value, _ right: Value) throws(Fault) -> Value {
    switch (left.tag, right.tag) {
    case (.int, .int): return try integers(opcode, left.rawInt, right.rawInt)
    case (.int, .float): return try floats(opcode, Double(left.rawInt), right.rawFloat)
    case (.float, .int): return try floats(opcode, left.rawFloat, Double(right.rawInt))
    case (.float, .float): return try floats(opcode, left.rawFloat, right.rawFloat)
    case (.tracked, .tracked), (.tracked, .int), (.tracked, .float), (.int, .tracked), (.float, .tracked):
      return try trackedArithmetic(opcode, left, right)
    case (.tensor, _), (_, .tensor), (.spikes, _), (_, .spikes):
      if left.tag != .quantity, right.tag != .quantity, left.tag != .string, right.tag != .string {
        return try tensors(opcode, left, right)
      }
    case (.quantity, .tracked), (.tracked, .quantity): return try trackedArithmetic(opcode, left, right)
    case (.quantity, _), (_, .quantity):
      if let value = try quantities(opcode, left, right) { return value }
    case (.tracked, _), (_, .tracked): return try trackedArithmetic(opcode, left, right)
    case (.string, .string) where opcode == .add:
      try checkSize((left.asString?.utf8.count ?? 0) + (right.asString?.utf8.count ?? 0), of: left.tag)
      return .string(try concatenated(left.object(as: StringObject.self).text, right.object(as: StringObject.self).text))
    case (.string, .int) where opcode == .multiply: return try repeated(left, right.rawInt)
    case (.int, .string) where opcode == .multiply: return try repeated(right, left.rawInt)
    case (.list, .list) where opcode == .add, (.tuple, .tuple) where opcode == .add:
      let first = left.object(as: ListObject.self)
      let second = right.object(as: ListObject.self)
      try checkSize(first.count + second.count, of: left.tag)
      return try ListBuilder.build(left.tag, capacity: first.count + second.count) { (sum) throws(Fault) in
        try sum.list.append(copying: first.buffer)
        try sum.list.append(copying: second.buffer)
      }
    case (.list, .int) where opcode == .multiply: return try repeated(left, right.rawInt)
    case (.int, .list) where opcode == .multiply: return try repeated(right, left.rawInt)
    default: break
    }
    throw mismatch(opcode, left, right)
  }

  private func isArray(_ value: Value) -> Bool { [.tensor, .spikes, .list].contains(value.tag) }

  private func mismatch(_ opcode: Opcode, _ left: Value, _ right: Value) -> Fault {
    let symbol = Self.symbol(opcode)
    var help: String?
    if opcode == .add, left.tag == .string || right.tag == .string {
      help = "put the value into the text: \"… {\("x")} …\", or write str(x)"
    } else if left.tag == .quantity || right.tag == .quantity, isArray(left) || isArray(right) {
      help = "a tensor holds plain numbers: reckon in one unit, `x * value(q, ms)`, or make a list, `[n * 1ms for n in list(x)]`"
    } else if left.tag == .list || right.tag == .list {
      help = "arithmetic on all elements at once is a tensor's: tensor(xs) \(symbol) …"
    } else if left.tag == .nil || right.tag == .nil {
      help = "nil is what a function without a value gives"
    } else if left.tag == .bool || right.tag == .bool {
      help = "int(b) makes a bool 0 or 1"
    }
    return Fault(.type, "`\(symbol)` does not take \(left.description(of: .kind)) and \(right.description(of: .kind))", help: help)
  }

  private func integers(_ opcode: Opcode, _ a: Int, _ b: Int) throws(Fault) -> Value {
    let result: (partialValue: Int, overflow: Bool)
    switch opcode {
    case .add: result = a.addingReportingOverflow(b)
    case .subtract: result = a.subtractingReportingOverflow(b)
    case .multiply: result = a.multipliedReportingOverflow(by: b)
    case .divide:
      if b == 0 { throw Self.divisionByZero() }
      return .float(Double(a) / Double(b))
    case .floorDivide:
      if b == 0 { throw Self.divisionByZero() }
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      result = (a % (b == -1 ? 1 : b) != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient, overflow)
    case .remainder:
      if b == 0 { throw Self.divisionByZero() }
      if b == -1 { return .int(0) }
      let remainder = a % b
      return .int(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder)
    case .power: return try integerPower(a, b)
    default: throw mismatch(opcode, .int(a), .int(b))
    }
    if result.overflow { throw Self.overflow() }
    return .int(result.partialValue)
  }

  private func integerPower(_ base: Int, _ exponent: Int) throws(Fault) -> Value {
    if exponent < 0 {
      if base == 0 { throw Self.divisionByZero() }
      return .float(pow(Double(base), Double(exponent)))
    }
    if base == 0 || base == 1 { return .int(exponent == 0 ? 1 : base) }
    if base == -1 { return .int(exponent % 2 == 0 ? 1 : -1) }
    if exponent > 63 { throw Self.overflow() }
    var result = 1
    for _ in 0..<exponent {
      let (product, overflow) = result.multipliedReportingOverflow(by: base)
      if overflow { throw Self.overflow() }
      result = product
    }
    return .int(result)
  }

  private func floats(_ opcode: Opcode, _ a: Double, _ b: Double) throws(Fault) -> Value {
    switch opcode {
    case .add: return .float(a + b)
    case .subtract: return .float(a - b)
    case .multiply: return .float(a * b)
    case .divide: return .float(a / b)
    case .floorDivide: return .float((a / b).rounded(.down))
    case .remainder:
      let remainder = fmod(a, b)
      return .float(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder)
    case .power: return .float(pow(a, b))
    default: throw mismatch(opcode, .float(a), .float(b))
    }
  }

  // MARK: text and lists

  private func repeated(_ value: Value, _ times: Int) throws(Fault) -> Value {
    if times < 0 {
      throw Fault(.value, "a \(value.typeName) cannot be repeated \(times) times", help: "the count must be 0 or more")
    }
    let size = value.asString?.utf8.count ?? value.elements?.count ?? 0
    if size == 0 { return value.retained() }
    let (total, overflow) = size.multipliedReportingOverflow(by: times)
    try checkSize(overflow ? Int.max : total, of: value.tag)
    if let text = value.asString { return .string(String(repeating: text, count: times)) }
    let list = value.object(as: ListObject.self)
    return try ListBuilder.build(.list, capacity: total) { (result) throws(Fault) in
      for _ in 0..<times { for index in 0..<list.count { try result.append(list.base[index].retained()) } }
    }
  }

  /// Lists and strings have a largest size, so that a slip in a loop does not take the machine's memory.
  public func checkSize(_ count: Int, of tag: Value.Tag) throws(Fault) {
    let name = tag == .string ? "string" : (tag == .tuple ? "tuple" : "list")
    if count <= limits.elements {
      let size = tag == .string ? 1 : MemoryLayout<Value>.stride
      return try MemoryLimit.check(count &* size, for: "a \(name) of \(groupedDigits(count))")
    }
    let parts = tag == .string ? "characters" : "elements"
    throw Fault(
      .limit, "a \(name) of \(count == Int.max ? "too many" : groupedDigits(count)) \(parts) is too large",
      label: "the limit is \(groupedDigits(limits.elements))",
      help: tag == .string ? nil : "zeros([n]) makes a tensor of n numbers in a quarter of the memory")
  }

  /// Whether a list or string may have so many elements; a pending fault where it may not.
  @inline(__always)
  func hasRoom(_ count: Int, in value: Value) -> Bool {
    count <= limits.elements || attempt(nil, nil) { () throws(Fault) in try checkSize(count, of: value.tag) }
  }

  // MARK: quantities

  private func quantities(_ opcode: Opcode, _ left: Value, _ right: Value) throws(Fault) -> Value? {
    guard let a = left.asQuantity ?? left.asNumber.map({ ($0, .none) }),
      let b = right.asQuantity ?? right.asNumber.map({ ($0, .none) })
    else { return nil }
    switch opcode {
    case .add, .subtract, .remainder, .floorDivide:
      if a.dimension != b.dimension { throw Self.unitMismatch(Self.symbol(opcode), a.dimension, b.dimension) }
      switch opcode {
      case .add: return .quantity(a.amount + b.amount, a.dimension)
      case .subtract: return .quantity(a.amount - b.amount, a.dimension)
      case .floorDivide: return .float((a.amount / b.amount).rounded(.down))
      default:
        let value = try floats(.remainder, a.amount, b.amount)
        return .quantity(value.rawFloat, a.dimension)
      }
    case .multiply, .divide:
      guard let dimension = a.dimension.multiplied(by: b.dimension, sign: opcode == .multiply ? 1 : -1) else {
        throw Fault(.unit, "the power of a unit is too large")
      }
      return .quantity(opcode == .multiply ? a.amount * b.amount : a.amount / b.amount, dimension)
    case .power:
      guard b.dimension == .none, let power = Int(exactly: b.amount), let dimension = a.dimension.raised(to: power) else {
        throw Fault(.unit, "a quantity has only whole powers", help: "sqrt(x) takes the root of a quantity whose unit has one")
      }
      return .quantity(pow(a.amount, b.amount), dimension)
    default: return nil
    }
  }

  static func unitMismatch(_ symbol: String, _ left: Dimension, _ right: Dimension) -> Fault {
    let bare = left == .none || right == .none
    return Fault(
      .unit, "dimensions do not fit in `\(symbol)`", label: "the left is \(left.name), the right is \(right.name)",
      help: bare ? "give the number a unit, as in 20ms" : nil)
  }

  // MARK: tensors

  private func tensors(_ opcode: Opcode, _ left: Value, _ right: Value) throws(Fault) -> Value {
    guard let a = try left.convertedToTensor(), let b = try right.convertedToTensor() else {
      throw mismatch(opcode, left, right)
    }
    switch opcode {
    case .add: return .tensor(try Tensor.binary(.add, a, b))
    case .subtract: return .tensor(try Tensor.binary(.subtract, a, b))
    case .multiply: return .tensor(try Tensor.binary(.multiply, a, b))
    case .divide: return .tensor(try Tensor.binary(.divide, a, b))
    case .floorDivide: return .tensor(try Tensor.binary(.floorDivide, a, b))
    case .remainder: return .tensor(try Tensor.binary(.remainder, a, b))
    case .power: return .tensor(try Tensor.binary(.power, a, b))
    default: return .tensor(try Tensor.matmul(a, b))
    }
  }
}
