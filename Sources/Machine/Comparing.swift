import Faults
import Language
import Tensors

/// Comparisons, equality, truth and containment.
extension Machine {
  // MARK: from the loop

  private static func comparison(_ opcode: Opcode) -> ComparisonOperator {
    switch opcode {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    default: .greaterOrEqual
    }
  }

  private static func branchComparison(_ opcode: Opcode) -> (ComparisonOperator, isConstant: Bool) {
    switch opcode {
    case .ifEqual: (.equal, false)
    case .ifNotEqual: (.notEqual, false)
    case .ifLess, .whileLess: (.less, false)
    case .ifLessOrEqual: (.lessOrEqual, false)
    case .ifGreater: (.greater, false)
    case .ifGreaterOrEqual: (.greaterOrEqual, false)
    case .ifEqualConstant: (.equal, true)
    case .ifLessConstant, .whileLessConstant: (.less, true)
    case .ifLessOrEqualConstant: (.lessOrEqual, true)
    case .ifGreaterConstant: (.greater, true)
    default: (.greaterOrEqual, true)
    }
  }

  @inline(never)
  func compare(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let left = registers[Int(instruction.b)]
    let right = registers[Int(instruction.c)]
    let ok = attempt(left, right) { () throws(Fault) in
      let value = try compare(Self.comparison(instruction.opcode), left, right)
      clearTemporaries(instruction, registers)
      Machine.store(registers + Int(instruction.a), value)
    }
    return ok
  }

  func clearTemporaries(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) {
    if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
    if instruction.x & 2 != 0 { Machine.store(registers + Int(instruction.c), .nil) }
  }

  /// A branch whose operands are not two ints or two floats: whether it went well, and where to go on.
  @inline(never)
  func slowBranch(
    _ at: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>,
    _ constants: UnsafeMutablePointer<Value>
  ) -> (Bool, UnsafeMutablePointer<Instruction>) {
    let instruction = at.pointee
    let word = at + 1
    let left = registers[Int(instruction.a)]
    let (comparison, isConstant) = Self.branchComparison(instruction.opcode)
    let right = isConstant ? constants[Int(instruction.b)] : registers[Int(instruction.b)]
    var isTrue = false
    let ok = attempt(left, right) { () throws(Fault) in
      // A pattern's literal matches by equality alone; anything can be matched against anything.
      if instruction.x & 4 != 0 {
        isTrue = try equal(left, right)
        return
      }
      let value = try compare(comparison, left, right)
      defer { value.release() }
      isTrue = try truth(value)
    }
    if !ok { return (false, word) }
    if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.a), .nil) }
    if instruction.x & 2 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
    let isLoop = instruction.opcode == .whileLess || instruction.opcode == .whileLessConstant
    return (true, Machine.branch(word, isTrue != isLoop))
  }

  /// A jump on a value that is no bool: whether it went well, and where to go on.
  @inline(never)
  func slowJump(
    _ at: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>
  ) -> (Bool, UnsafeMutablePointer<Instruction>) {
    let place = registers + at.pointee.a
    var isTrue = false
    guard attempt(nil, nil, { () throws(Fault) in isTrue = try truth(place.pointee) }) else { return (false, at + 1) }
    if at.pointee.x != 0 { Machine.store(place, .nil) }
    return (true, isTrue == (at.pointee.opcode == .jumpIfTrue) ? at + 1 + at.pointee.offset : at + 1)
  }

  @inline(never)
  func convertToBool(_ place: UnsafeMutablePointer<Value>) -> Bool {
    attempt(nil, nil) { () throws(Fault) in Machine.store(place, .bool(try truth(place.pointee))) }
  }

  /// Whether the left side of `and` or `or` is a mask; a single truth becomes a bool, and nil is a fault.
  @inline(never)
  func checkLogic(_ place: UnsafeMutablePointer<Value>) -> Bool? {
    if isMaskLike(place.pointee) { return true }
    return convertToBool(place) ? false : nil
  }

  func isMaskLike(_ value: Value) -> Bool {
    if value.tag == .spikes { return true }
    return value.asTensor.map { $0.item == nil || ($0.isMask && $0.rank > 0) } ?? false
  }

  /// `a and b` or `a or b` where at least one is no bool: masks are combined element by element, and a bool stands for all.
  @inline(never)
  func combine(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let (left, right) = (registers[Int(instruction.a)], registers[Int(instruction.b)])
    guard isMaskLike(left) || isMaskLike(right) else {
      return convertToBool(registers + Int(instruction.b))
        && { Machine.store(registers + Int(instruction.a), registers[Int(instruction.b)]); return true }()
    }
    return attempt(left, right) { () throws(Fault) in
      let operation: LogicalOperation = instruction.x & 1 == 0 ? .and : .or
      if left.tag == .tensor, left.isUnique, case let object = left.object(as: TensorObject.self), object.tensor.isMask {
        // A mask that nothing else holds, as in `x > 0 and x < 1`, is written over.
        try object.tensor.combine(operation, try logicalOperand(right, operation))
        return Machine.store(registers + Int(instruction.b), .nil)
      }
      let mask = try Tensor.logical(operation, try logicalOperand(left, operation), try logicalOperand(right, operation))
      Machine.store(registers + Int(instruction.a), .tensor(mask))
      Machine.store(registers + Int(instruction.b), .nil)
    }
  }

  /// A mask, or one truth for all elements.
  private func logicalOperand(_ value: Value, _ operation: LogicalOperation) throws(Fault) -> Tensor {
    guard isMaskLike(value) else { return try Tensor.scalar(try truth(value) ? 1 : 0) }
    guard let tensor = try value.convertedToTensor() else { return try Tensor.scalar(0) }
    if !tensor.isMask, tensor.withUnsafeBuffer({ $0.contains { $0 != 0 && $0 != 1 } }) {
      throw Fault(
        .type, "`\(operation.rawValue)` combines masks", label: "this tensor holds other numbers than 0 and 1",
        help: "compare it first: `(x > 0) \(operation.rawValue) …`")
    }
    return tensor.detached
  }

  // MARK: truth

  func truth(_ value: Value) throws(Fault) -> Bool {
    if value.tag == .bool { return value.rawBool }
    if value.tag == .tracked { return try truth(value.plain) }
    if let tensor = value.asTensor {
      if let item = tensor.item { return item != 0 }
      throw Fault(
        .type, "a tensor of \(tensor.count) elements is neither true nor false",
        label: "its shape is \(Shape.text(tensor.shape))", help: "write all(…) or any(…)")
    }
    let help: String? =
      switch value.tag {
      case .int, .float: "compare it: `x != 0`"
      case .list, .string, .map, .tuple: "compare its length: `len(x) > 0`"
      case .nil: "compare it: `x != nil`"
      case .function, .native: "call it: `f(…)`"
      default: nil
      }
    throw Fault(.type, "expected a bool", label: "this is \(value.description(of: .kind))", help: help)
  }

  // MARK: comparing

  @inline(never)
  func compare(_ comparison: ComparisonOperator, _ left: Value, _ right: Value) throws(Fault) -> Value {
    // The answer of a comparison changes in jumps: no gradient flows through it.
    let (left, right) = (left.plain, right.plain)
    if left.tag == .spikes, right.tag == .spikes, comparison == .equal || comparison == .notEqual {
      return .bool((left.asSignal?.spikes == right.asSignal?.spikes) == (comparison == .equal))
    }
    let isArray = left.tag == .tensor || right.tag == .tensor || left.tag == .spikes || right.tag == .spikes
    if isArray, left.tag != .nil, right.tag != .nil, left.tag != .string, right.tag != .string {
      return try compareTensors(comparison, left, right)
    }
    switch comparison {
    case .equal: return .bool(try equal(left, right))
    case .notEqual: return .bool(!(try equal(left, right)))
    case .less: return .bool(try order(left, right, "<").map { $0 < 0 } ?? false)
    case .lessOrEqual: return .bool(try order(left, right, "<=").map { $0 <= 0 } ?? false)
    case .greater: return .bool(try order(left, right, ">").map { $0 > 0 } ?? false)
    default: return .bool(try order(left, right, ">=").map { $0 >= 0 } ?? false)
    }
  }

  private func compareTensors(_ comparison: ComparisonOperator, _ left: Value, _ right: Value) throws(Fault) -> Value {
    if let mask = try Self.compared(comparison, left, right) { return mask }
    guard let a = try left.convertedToTensor(), let b = try right.convertedToTensor() else {
      if comparison == .equal { return .bool(false) }
      if comparison == .notEqual { return .bool(true) }
      throw Fault(.type, "`\(comparison.rawValue)` does not take \(left.description(of: .kind)) and \(right.description(of: .kind))")
    }
    let kind: Comparison =
      switch comparison {
      case .equal: .equal
      case .notEqual: .notEqual
      case .less: .less
      case .lessOrEqual: .lessOrEqual
      case .greater: .greater
      default: .greaterOrEqual
      }
    let mask = try Tensor.compare(kind, a, b)
    // Two single numbers compare to a bool, as plain numbers do.
    if mask.rank == 0, let item = mask.item { return .bool(item != 0) }
    return .tensor(mask)
  }

  /// A tensor against an int that no 32-bit float holds: the floats around it decide. Nil for all other operands.
  private static func compared(
    _ comparison: ComparisonOperator, _ left: Value, _ right: Value
  ) throws(Fault) -> Value? {
    let isTurned = left.tag == .int
    let array = isTurned ? right : left
    guard let int = isTurned ? left.asInt : right.asInt, Float(exactly: int) == nil,
      array.tag == .tensor || array.tag == .spikes, let tensor = try array.convertedToTensor()
    else { return nil }
    let nearest = Float(int)
    let isBelow = Int(exactly: nearest).map { $0 < int } ?? false
    let below = try Tensor.scalar(isBelow ? nearest : nearest.nextDown)
    let mask: Tensor
    switch comparison {
    case .equal, .notEqual:
      var all = try Tensor(filledWith: comparison == .equal ? 0 : 1, shape: tensor.shape)
      all.isMask = true
      mask = all
    case .less, .lessOrEqual: mask = try Tensor.compare(isTurned ? .greater : .lessOrEqual, tensor, below)
    default: mask = try Tensor.compare(isTurned ? .lessOrEqual : .greater, tensor, below)
    }
    if mask.rank == 0, let item = mask.item { return .bool(item != 0) }
    return .tensor(mask)
  }

  /// Equality of any two values, by structure.
  public func equal(_ left: Value, _ right: Value) throws(Fault) -> Bool {
    var pairs = ComparedPairs()
    return try equal(left, right, depth: 0, &pairs)
  }

  private func equal(
    _ left: Value, _ right: Value, depth: Int, _ pairs: inout ComparedPairs
  ) throws(Fault) -> Bool {
    if depth > 200 { throw Fault(.limit, "values nested too deeply to compare", label: "more than 200 levels") }
    if left.tag == .tracked || right.tag == .tracked { return try equal(left.plain, right.plain, depth: depth, &pairs) }
    if left.tag == right.tag {
      if left.payload == right.payload, left.tag != .float, left.tag != .list, left.tag != .tensor { return true }
      switch left.tag {
      case .nil: return true
      case .bool, .int, .function: return false
      case .native: return left.object(as: NativeObject.self).builtin === right.object(as: NativeObject.self).builtin
      case .float: return left.rawFloat == right.rawFloat
      case .string: return left.object(as: StringObject.self).text == right.object(as: StringObject.self).text
      case .list, .tuple:
        let first = left.object(as: ListObject.self)
        let second = right.object(as: ListObject.self)
        if first.count != second.count { return false }
        if try pairs.visit(left, right) { return true }
        for index in 0..<first.count {
          if index & 0xFFFF == 0xFFFF { try Interrupt.check() }
          if !(try equal(first.base[index], second.base[index], depth: depth + 1, &pairs)) { return false }
        }
        pairs.add(left, right)
        return true
      case .map:
        let first = left.object(as: MapObject.self)
        let second = right.object(as: MapObject.self)
        if first.count != second.count { return false }
        if try pairs.visit(left, right) { return true }
        var isSame = true
        try first.forEachPair { (key, value) throws(Fault) in
          guard isSame else { return }
          guard let other = second.get(key) else { return isSame = false }
          isSame = try equal(value, other, depth: depth + 1, &pairs)
        }
        if isSame { pairs.add(left, right) }
        return isSame
      case .range:
        let first = left.object(as: RangeObject.self)
        let second = right.object(as: RangeObject.self)
        return first.low == second.low && first.high == second.high && first.step == second.step
      case .quantity:
        let first = left.object(as: QuantityObject.self)
        let second = right.object(as: QuantityObject.self)
        return first.amount == second.amount && first.dimension == second.dimension
      case .tensor:
        return Tensor.identical(left.object(as: TensorObject.self).tensor, right.object(as: TensorObject.self).tensor)
      case .spikes: return left.asSignal?.spikes == right.asSignal?.spikes
      case .foreign:
        if let first = left.asForeign, let second = right.asForeign { return first.isEqual(to: second) }
        return false
      default: return false
      }
    }
    if left.tag == .int, right.tag == .float { return Int(exactly: right.rawFloat) == left.rawInt }
    if left.tag == .float, right.tag == .int { return Int(exactly: left.rawFloat) == right.rawInt }
    return false
  }

  /// An int before a float (-1), equal to it, or behind it, exactly: a float of 64 bits holds no ints beyond 2^53 but some.
  private static func order(_ int: Int, _ float: Double) -> Int? {
    if float.isNaN { return nil }
    guard let below = Int(exactly: float.rounded(.down)) else { return float > 0 ? -1 : 1 }
    if int != below { return int < below ? -1 : 1 }
    return Double(below) == float ? 0 : -1
  }

  /// Negative, zero or positive; nil where a NaN has no order.
  public func order(_ left: Value, _ right: Value, _ symbol: String) throws(Fault) -> Int? {
    var pairs = ComparedPairs()
    return try order(left, right, symbol, depth: 0, &pairs)
  }

  private func order(
    _ left: Value, _ right: Value, _ symbol: String, depth: Int, _ pairs: inout ComparedPairs
  ) throws(Fault) -> Int? {
    if left.tag == .tracked || right.tag == .tracked {
      return try order(left.plain, right.plain, symbol, depth: depth, &pairs)
    }
    if left.tag == .int, right.tag == .int { return left.rawInt < right.rawInt ? -1 : (left.rawInt > right.rawInt ? 1 : 0) }
    if left.tag == .int, right.tag == .float { return Self.order(left.rawInt, right.rawFloat) }
    if left.tag == .float, right.tag == .int { return Self.order(right.rawInt, left.rawFloat).map { -$0 } }
    if let a = left.asNumber, let b = right.asNumber { return a < b ? -1 : (a > b ? 1 : (a == b ? 0 : nil)) }
    if left.tag == .string, right.tag == .string {
      let a = left.object(as: StringObject.self).text
      let b = right.object(as: StringObject.self).text
      return a == b ? 0 : (a < b ? -1 : 1)
    }
    if left.tag == right.tag, left.tag == .list || left.tag == .tuple, depth < 200 {
      let first = left.object(as: ListObject.self)
      let second = right.object(as: ListObject.self)
      if try pairs.visit(left, right) { return 0 }
      for index in 0..<min(first.count, second.count) {
        guard let order = try order(first.base[index], second.base[index], symbol, depth: depth + 1, &pairs) else {
          return nil
        }
        if order != 0 { return order }
      }
      if first.count == second.count { pairs.add(left, right) }
      return first.count < second.count ? -1 : (first.count > second.count ? 1 : 0)
    }
    if let a = left.asQuantity ?? left.asNumber.map({ ($0, .none) }),
      let b = right.asQuantity ?? right.asNumber.map({ ($0, .none) })
    {
      if a.dimension != b.dimension { throw Self.unitMismatch(symbol, a.dimension, b.dimension) }
      return a.amount < b.amount ? -1 : (a.amount > b.amount ? 1 : (a.amount == b.amount ? 0 : nil))
    }
    throw Fault(
      .type, "`\(symbol)` does not compare \(left.description(of: .kind)) and \(right.description(of: .kind))",
      help: left.tag == .string || right.tag == .string ? "int(text) and float(text) read a number" : nil)
  }

  // MARK: containment

  @inline(never)
  func containment(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let item = registers[Int(instruction.b)]
    let container = registers[Int(instruction.c)]
    return attempt(nil, nil) { () throws(Fault) in
      let isIn = try contains(container, item)
      clearTemporaries(instruction, registers)
      Machine.store(registers + Int(instruction.a), .bool(isIn == (instruction.opcode == .contains)))
    }
  }

  public func contains(_ container: Value, _ item: Value) throws(Fault) -> Bool {
    let item = item.plain
    switch container.tag {
    case .list, .tuple:
      let list = container.object(as: ListObject.self)
      for index in 0..<list.count {
        if index & 0xFFFF == 0xFFFF { try Interrupt.check() }
        if try equal(list.base[index], item) { return true }
      }
      return false
    case .map: return MapObject.isKey(item) && container.object(as: MapObject.self).get(item) != nil
    case .string:
      guard let part = item.asString else {
        throw Fault(.type, "`in` looks for a string in a string", label: "found \(item.description(of: .kind))")
      }
      if part.isEmpty { return true }
      return try occurrence(of: part, in: container.asString ?? "") != nil
    case .range:
      let range = container.object(as: RangeObject.self)
      guard let number = item.asNumber, let whole = Int(exactly: number) else { return false }
      if range.isOpen { return (range.isOpenLow || whole >= range.low) && (range.isOpenHigh || whole < range.high) }
      let isInside = range.step > 0 ? whole >= range.low && whole < range.high : whole <= range.low && whole > range.high
      let distance = UInt(bitPattern: range.step > 0 ? whole &- range.low : range.low &- whole)
      return isInside && distance % range.step.magnitude == 0
    case .tensor:
      guard let number = item.asNumber, let tensor = container.asTensor else { return false }
      guard let single = item.asInt.map({ Float(exactly: $0) }) ?? Float(number) else { return false }
      return tensor.withUnsafeBuffer { $0.contains(single) }
    default:
      throw Fault(
        .type, "`in` cannot look into \(container.description(of: .kind))",
        help: "it looks into lists, tuples, maps (for a key), strings, ranges and tensors")
    }
  }

  // MARK: assertions

  @inline(never)
  func assertTrue(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let value = registers[Int(instruction.a)]
    return attempt(nil, nil) { () throws(Fault) in
      if try truth(value) { return }
      if instruction.x == 1 {
        throw Fault(.assertion, "\(registers[Int(instruction.b)].description(of: .plain))", label: "this is false")
      }
      throw Fault(.assertion, "assertion failed", label: "this is false")
    }
  }

  @inline(never)
  func assertComparison(_ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>) -> Bool {
    let left = registers[Int(instruction.b)]
    let right = registers[Int(instruction.c)]
    let comparison = Compiler.comparisons[min(Int(instruction.x), Compiler.comparisons.count - 1)]
    return attempt(left, right) { () throws(Fault) in
      let holds: Bool
      switch comparison {
      case .isIn: holds = try contains(right, left)
      case .isNotIn: holds = !(try contains(right, left))
      default:
        let value = try compare(comparison, left, right)
        defer { value.release() }
        holds = try truth(value)
      }
      if !holds {
        throw Fault(
          .assertion, "assertion failed", label: "this is false",
          help: "left:  \(clipped(left))\nright: \(clipped(right))")
      }
      Machine.store(registers + Int(instruction.b), .nil)
      Machine.store(registers + Int(instruction.c), .nil)
    }
  }

  private func clipped(_ value: Value) -> String {
    let text = value.description(of: .quoted)
    return text.count <= 200 ? text : text.prefix(120) + " … " + text.suffix(60)
  }
}
