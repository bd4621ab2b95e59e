import Faults
import Language

extension Machine {
  /// Runs the call that `base` begins (callee, then arguments) to its end, from a builtin or from the top.
  func callFromOutside(_ base: UnsafeMutablePointer<Value>, _ count: Int) -> Bool {
    let entry = frameCount
    switch prepareCall(base, count, names: nil, flags: 0) {
    case .entered: return run(downTo: entry)
    case .done: return true
    case .failed: return false
    }
  }

  @inline(__always)
  static func store(_ place: UnsafeMutablePointer<Value>, _ value: Value) {
    let old = place.pointee
    place.pointee = value
    old.release()
  }

  /// Two ints or two floats through an operator; nil for other types, and where ints overflow.
  @inline(__always)
  private static func number(
    _ left: Value, _ right: Value, _ ints: (Int, Int) -> (partialValue: Int, overflow: Bool),
    _ floats: (Double, Double) -> Double
  ) -> Value? {
    if left.tag == .int, right.tag == .int {
      let result = ints(left.rawInt, right.rawInt)
      return result.overflow ? nil : .int(result.partialValue)
    }
    return left.tag == .float && right.tag == .float ? .float(floats(left.rawFloat, right.rawFloat)) : nil
  }

  /// Two ints or two floats through a comparison; nil for other types.
  @inline(__always)
  private static func test(
    _ left: Value, _ right: Value, _ ints: (Int, Int) -> Bool, _ floats: (Double, Double) -> Bool
  ) -> Bool? {
    if left.tag == .int, right.tag == .int { return ints(left.rawInt, right.rawInt) }
    return left.tag == .float && right.tag == .float ? floats(left.rawFloat, right.rawFloat) : nil
  }

  /// The interpreter's loop: runs the top frame until it has returned to the frame count given. False when a fault
  /// found no handler above that frame; it is then pending.
  ///
  /// All state that changes with each instruction is in locals; slow cases are functions that give false on a fault.
  func run(downTo entry: Int) -> Bool {
    var pc = currentPC
    var registers = frames[frameCount - 1].base
    var header = frames[frameCount - 1].header
    var constants = header.pointee.constants
    let callDepth = limits.callDepth
    let globals = self.globals
    var fuel = 1024

    while true {
      let instruction = pc.pointee
      pc += 1
      var ok = true
      switch instruction.opcode {
      // MARK: moving
      case .move:
        let value = registers[Int(instruction.b)]
        if instruction.x != 0 { registers[Int(instruction.b)] = .nil } else { value.retain() }
        Machine.store(registers + Int(instruction.a), value)
      case .loadConstant:
        Machine.store(registers + Int(instruction.a), constants[Int(instruction.b)].retained())
      case .loadInt:
        Machine.store(registers + Int(instruction.a), .int(Int(Int16(bitPattern: instruction.b))))
      case .loadNil:
        Machine.store(registers + Int(instruction.a), .nil)
      case .loadBool:
        Machine.store(registers + Int(instruction.a), .bool(instruction.b != 0))
      case .getGlobal:
        let value = globals[instruction.wide]
        if value.tag == .undefined {
          ok = failUndefined(header, pc)
        } else {
          Machine.store(registers + Int(instruction.a), value.retained())
        }
      case .setGlobal:
        let value = registers[Int(instruction.a)]
        registers[Int(instruction.a)] = .nil
        Machine.store(globals + instruction.wide, value)
      case .getCell:
        Machine.store(registers + Int(instruction.a), registers[Int(instruction.b)].read(CellObject.self) { $0.value }.retained())
      case .setCell:
        let value = registers[Int(instruction.b)]
        registers[Int(instruction.b)] = .nil
        registers[Int(instruction.a)].read(CellObject.self) { $0.replace(with: value) }
      case .makeCell:
        let value = registers[Int(instruction.a)]
        registers[Int(instruction.a)] = Value(owning: CellObject(value), tag: .cell)
      case .getCapture:
        let captured = registers[-1].read(FunctionObject.self) { $0.captures[Int(instruction.b)] }
        Machine.store(registers + Int(instruction.a), captured.retained())
      case .getCaptureCell:
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(instruction.b)] }
        Machine.store(registers + Int(instruction.a), cell.read(CellObject.self) { $0.value }.retained())
      case .setCaptureCell:
        let value = registers[Int(instruction.a)]
        registers[Int(instruction.a)] = .nil
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(instruction.b)] }
        cell.read(CellObject.self) { $0.replace(with: value) }
      case .getSelf:
        Machine.store(registers + Int(instruction.a), registers[-1].retained())

      // MARK: arithmetic
      case .add:
        if let value = Machine.number(
          registers[Int(instruction.b)], registers[Int(instruction.c)], { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.add, instruction, registers)
      case .subtract:
        if let value = Machine.number(
          registers[Int(instruction.b)], registers[Int(instruction.c)], { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.subtract, instruction, registers)
      case .multiply:
        if let value = Machine.number(
          registers[Int(instruction.b)], registers[Int(instruction.c)], { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.multiply, instruction, registers)
      case .divide:
        let left = registers[Int(instruction.b)]
        let right = registers[Int(instruction.c)]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + Int(instruction.a), .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(.divide, instruction, registers)
      case .remainder:
        let left = registers[Int(instruction.b)]
        let right = registers[Int(instruction.c)]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let remainder = left.rawInt % right.rawInt
          Machine.store(registers + Int(instruction.a), .int(remainder < 0 ? remainder + right.rawInt : remainder))
          continue
        }
        ok = slowArithmetic(.remainder, instruction, registers)
      case .floorDivide:
        let left = registers[Int(instruction.b)]
        let right = registers[Int(instruction.c)]
        if left.tag == .int, right.tag == .int, left.rawInt >= 0, right.rawInt > 0 {
          Machine.store(registers + Int(instruction.a), .int(left.rawInt / right.rawInt))
          continue
        }
        ok = slowArithmetic(.floorDivide, instruction, registers)
      case .power: ok = slowArithmetic(.power, instruction, registers)
      case .matrixProduct: ok = slowArithmetic(.matrixProduct, instruction, registers)
      case .addInt:
        let left = registers[Int(instruction.b)]
        let amount = Int(Int16(bitPattern: instruction.c))
        if left.tag == .int {
          let (sum, overflow) = left.rawInt.addingReportingOverflow(amount)
          if !overflow {
            Machine.store(registers + Int(instruction.a), .int(sum))
            continue
          }
        } else if left.tag == .float {
          Machine.store(registers + Int(instruction.a), .float(left.rawFloat + Double(amount)))
          continue
        }
        ok = slowAddInt(instruction, registers)
      case .addConstant:
        let right = constants[Int(instruction.c)]
        if let value = Machine.number(
          registers[Int(instruction.b)], right, { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.add, instruction, registers, right)
      case .subtractConstant:
        let right = constants[Int(instruction.c)]
        if let value = Machine.number(
          registers[Int(instruction.b)], right, { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.subtract, instruction, registers, right)
      case .multiplyConstant:
        let right = constants[Int(instruction.c)]
        if let value = Machine.number(
          registers[Int(instruction.b)], right, { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + Int(instruction.a), value)
          continue
        }
        ok = slowArithmetic(.multiply, instruction, registers, right)
      case .divideConstant:
        let left = registers[Int(instruction.b)]
        let right = constants[Int(instruction.c)]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + Int(instruction.a), .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(.divide, instruction, registers, right)
      case .remainderConstant:
        let left = registers[Int(instruction.b)]
        let right = constants[Int(instruction.c)]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let divisor = right.rawInt
          let dividend = left.rawInt
          // A 32-bit division takes half the time of a 64-bit one.
          if (dividend | divisor) >> 32 == 0 {
            Machine.store(registers + Int(instruction.a), .int(Int(UInt32(truncatingIfNeeded: dividend) % UInt32(truncatingIfNeeded: divisor))))
            continue
          }
          let remainder = dividend % divisor
          Machine.store(registers + Int(instruction.a), .int(remainder < 0 ? remainder + divisor : remainder))
          continue
        }
        ok = slowArithmetic(.remainder, instruction, registers, right)
      case .negate:
        let value = registers[Int(instruction.b)]
        if value.tag == .int, value.rawInt != Int.min {
          Machine.store(registers + Int(instruction.a), .int(-value.rawInt))
        } else if value.tag == .float {
          Machine.store(registers + Int(instruction.a), .float(-value.rawFloat))
        } else {
          ok = slowNegate(instruction, registers)
        }
      case .not:
        let value = registers[Int(instruction.b)]
        if value.tag == .bool {
          Machine.store(registers + Int(instruction.a), .bool(!value.rawBool))
        } else {
          ok = slowNot(instruction, registers)
        }
      case .update:
        let place = place(instruction, registers, &pc)
        let second = pc.pointee
        pc += 1
        ok = updateInPlace(place, second.opcode, registers + Int(instruction.b))
        if second.x & 2 != 0 { Machine.store(registers + Int(instruction.b), .nil) }

      // MARK: comparing
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
        ok = compare(instruction, registers)
      case .contains, .notContains:
        ok = containment(instruction, registers)
      case .ifEqual:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 == $1 }, { $0 == $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.equal, instruction, registers, right, &pc, header)
      case .ifNotEqual:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 != $1 }, { $0 != $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.notEqual, instruction, registers, right, &pc, header)
      case .ifLess:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 < $1 }, { $0 < $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.less, instruction, registers, right, &pc, header)
      case .ifLessOrEqual:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.lessOrEqual, instruction, registers, right, &pc, header)
      case .ifGreater:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 > $1 }, { $0 > $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.greater, instruction, registers, right, &pc, header)
      case .ifGreaterOrEqual:
        let right = registers[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.greaterOrEqual, instruction, registers, right, &pc, header)
      case .ifEqualConstant:
        let right = constants[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 == $1 }, { $0 == $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.equal, instruction, registers, right, &pc, header)
      case .ifLessConstant:
        let right = constants[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 < $1 }, { $0 < $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.less, instruction, registers, right, &pc, header)
      case .ifLessOrEqualConstant:
        let right = constants[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.lessOrEqual, instruction, registers, right, &pc, header)
      case .ifGreaterConstant:
        let right = constants[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 > $1 }, { $0 > $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.greater, instruction, registers, right, &pc, header)
      case .ifGreaterOrEqualConstant:
        let right = constants[Int(instruction.b)]
        if let holds = Machine.test(registers[Int(instruction.a)], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = holds ? pc + 1 : jumpTarget(pc, header)
          continue
        }
        ok = slowBranch(.greaterOrEqual, instruction, registers, right, &pc, header)

      // MARK: jumping
      case .jump:
        pc = header.pointee.code + instruction.wide
        if instruction.a != 0 {
          fuel -= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
          }
        }
      case .jumpIfFalse:
        let value = registers[Int(instruction.a)]
        if value.tag == .bool, value.payload == 0 {
          pc = header.pointee.code + instruction.wide
        }
      case .jumpIfTrue:
        let value = registers[Int(instruction.a)]
        if value.tag == .bool, value.payload != 0 {
          pc = header.pointee.code + instruction.wide
        }
      case .checkBool:
        if registers[Int(instruction.a)].tag != .bool { ok = convertToBool(registers + Int(instruction.a)) }
      case .jumpIfGiven:
        if registers[Int(instruction.a)].tag != .undefined {
          pc = header.pointee.code + instruction.wide
        }

      // MARK: building
      case .newList, .newTuple:
        let count = Int(instruction.c)
        let list = ListObject(capacity: count)
        for index in Int(instruction.b)..<Int(instruction.b) + count {
          list.append(registers[index])
          registers[index] = .nil
        }
        Machine.store(registers + Int(instruction.a), Value(owning: list, tag: instruction.opcode == .newList ? .list : .tuple))
      case .newMap:
        ok = buildMap(instruction, registers)
      case .append:
        let count = Machine.appendElement(instruction, registers)
        if count & 0xF_FFFF == 0 { ok = hasRoom(count, in: registers[Int(instruction.a)]) }
      case .extend: ok = extendList(instruction, registers)
      case .merge: ok = mergeMap(instruction, registers)
      case .appendTo:
        let place = place(instruction, registers, &pc)
        ok = appendInPlace(place, registers + Int(instruction.b))
      case .newRange: ok = makeRange(instruction, registers)
      case .format:
        ok = formatValue(instruction, registers, constants[Int(instruction.c)])
      case .concatenate: ok = concatenate(instruction, registers)
      case .closure:
        makeClosure(instruction, registers, header)

      // MARK: elements
      case .getIndex:
        let container = registers[Int(instruction.b)]
        let key = registers[Int(instruction.c)]
        if container.tag == .list, key.tag == .int {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = elements[key.rawInt].retained()
            if instruction.x & 1 != 0 { Machine.store(registers + Int(instruction.b), .nil) }
            Machine.store(registers + Int(instruction.a), value)
            continue
          }
        }
        ok = index(instruction, registers)
      case .getIndices: ok = indexMany(instruction, registers)
      case .setIndex:
        let container = registers[Int(instruction.a)]
        let key = registers[Int(instruction.b)]
        if container.tag == .list, key.tag == .int, container.isUnique {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = registers[Int(instruction.c)]
            if instruction.x & 2 != 0 { registers[Int(instruction.c)] = .nil } else { value.retain() }
            Machine.store(elements + key.rawInt, value)
            continue
          }
        }
        ok = setIndex(instruction, registers)
      case .setPath:
        let place = place(instruction, registers, &pc)
        let second = pc.pointee
        pc += 1
        ok = assignPath(
          place, registers + Int(instruction.b), Int(instruction.c), registers + Int(second.a),
          update: second.b == 0 ? nil : Opcode(rawValue: UInt8(truncatingIfNeeded: second.c)))
      case .getMember: ok = getMember(instruction, registers, constants[Int(instruction.c)])
      case .checkList: ok = checkParts(instruction, registers)
      case .isListOf:
        let value = registers[Int(instruction.b)]
        let wanted: Value.Tag = instruction.x & 1 != 0 ? .tuple : .list
        let count = value.tag == wanted ? value.object(as: ListObject.self).count : -1
        let isEnough = instruction.x & 2 != 0 ? count >= Int(instruction.c) : count == Int(instruction.c)
        Machine.store(registers + Int(instruction.a), .bool(isEnough))
      case .element: ok = takeElement(instruction, registers)
      case .tail: ok = takeTail(instruction, registers)

      // MARK: calling
      case .call:
        let base = registers + Int(instruction.a)
        let callee = base.pointee
        if callee.tag == .function, instruction.x & 2 == 0 {
          let next = callee.read(FunctionObject.self) { $0.header }
          if next.pointee.plainParameters == Int(instruction.b), frameCount < callDepth,
            base + next.pointee.registerCount < stackEnd
          {
            (frames + frameCount).initialize(to: Frame(header: next, returnAddress: pc, base: base + 1))
            frameCount += 1
            header = next
            registers = base + 1
            pc = next.pointee.code
            constants = next.pointee.constants
            fuel -= 1
            if fuel > 0 { continue }
            fuel = 1024
            ok = checkInterrupt()
            break
          }
        }
        currentPC = pc
        let names = instruction.x & 2 != 0 ? constants[Int(instruction.c)] : nil
        switch prepareCall(base, Int(instruction.b), names: names, flags: instruction.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          header = frames[frameCount - 1].header
          registers = frames[frameCount - 1].base
          pc = currentPC
          constants = header.pointee.constants
        }
      case .callMember:
        let base = registers + Int(instruction.a)
        var names: Value?
        if instruction.x & 2 != 0 {
          names = constants[pc.pointee.wide]
          pc += 1
        }
        currentPC = pc
        var count = Int(instruction.b)
        guard findMember(base, &count, constants[Int(instruction.c)]) else {
          ok = false
          break
        }
        switch prepareCall(base, count, names: names, flags: instruction.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          header = frames[frameCount - 1].header
          registers = frames[frameCount - 1].base
          pc = currentPC
          constants = header.pointee.constants
        }
      case .returnValue, .returnNil:
        var value = Value.nil
        if instruction.opcode == .returnValue {
          value = registers[Int(instruction.a)]
          registers[Int(instruction.a)] = .nil
        }
        let count = header.pointee.registerCount
        for index in 0..<count where registers[index].tag.isHeap {
          let old = registers[index]
          registers[index] = .nil
          old.release()
        }
        let returnAddress = frames[frameCount - 1].returnAddress
        frameCount -= 1
        Machine.store(registers - 1, value)
        if frameCount == entry { return true }
        pc = returnAddress
        header = frames[frameCount - 1].header
        registers = frames[frameCount - 1].base
        constants = header.pointee.constants

      // MARK: going through
      case .prepareRange:
        let low = registers[Int(instruction.a)]
        let high = registers[Int(instruction.a) + 1]
        if low.tag == .int, high.tag == .int {
          if low.rawInt < high.rawInt {
            Machine.store(registers + Int(instruction.a) + 2, low)
            pc += 1
          } else {
            pc = jumpTarget(pc, header)
          }
        } else {
          ok = failRange(low, high)
        }
      case .stepRange:
        let next = registers[Int(instruction.a)].rawInt &+ 1
        if next < registers[Int(instruction.a) + 1].rawInt {
          registers[Int(instruction.a)] = .int(next)
          Machine.store(registers + Int(instruction.a) + 2, .int(next))
          pc = header.pointee.code + instruction.wide
          fuel -= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
          }
        }
      case .iterate: ok = makeIterator(registers + Int(instruction.a))
      case .next:
        currentPC = pc
        switch advance(registers + Int(instruction.a), registers + Int(instruction.c)) {
        case .some(true): pc += 1
        case .some(false): pc = jumpTarget(pc, header)
        case nil: ok = false
        }

      // MARK: the rest
      case .raise: ok = raise(registers + Int(instruction.a))
      case .assertTrue: ok = assertTrue(instruction, registers)
      case .assertCompare: ok = assertComparison(instruction, registers)
      case .noMatch:
        ok = fail(
          Fault(
            .value, "no case matches \(registers[Int(instruction.a)].description(of: .kind))",
            label: "this is \(shortText(registers[Int(instruction.a)]))", help: "add a case `_ => …` for everything else"))
      case .useModule:
        currentPC = pc
        top = registers + header.pointee.registerCount
        ok = useModule(registers + Int(instruction.a), constants[Int(instruction.b)], isFile: instruction.x != 0)
      case .makeNeuron: ok = makeNeuron(registers + Int(instruction.a), constants[Int(instruction.b)])
      case .defineTest:
        tests.append(registers[Int(instruction.a)])
        registers[Int(instruction.a)] = .nil
      case .result:
        result.release()
        result = registers[Int(instruction.a)]
        registers[Int(instruction.a)] = .nil
      }
      if ok { continue }

      // A fault: find the innermost handler above the entry, clearing the frames that it leaves behind.
      guard let target = unwind(downTo: entry, pc) else { return false }
      pc = target
      header = frames[frameCount - 1].header
      registers = frames[frameCount - 1].base
      constants = header.pointee.constants
    }
  }

  /// The target of the jump word at `pc`.
  @inline(__always)
  private func jumpTarget(
    _ pc: UnsafeMutablePointer<Instruction>, _ header: UnsafeMutablePointer<CodeHeader>
  ) -> UnsafeMutablePointer<Instruction> {
    header.pointee.code + pc.pointee.wide
  }

  /// The memory of an assignment's target; a global's slot is in the next word.
  @inline(__always)
  private func place(
    _ instruction: Instruction, _ registers: UnsafeMutablePointer<Value>, _ pc: inout UnsafeMutablePointer<Instruction>
  ) -> PlaceReference {
    switch Place(rawValue: instruction.x) ?? .register {
    case .register: return .memory(registers + Int(instruction.a))
    case .global:
      let slot = pc.pointee.wide
      pc += 1
      return .memory(globals + slot)
    case .cell: return .cell(registers[Int(instruction.a)].object(as: CellObject.self))
    case .capture:
      let captures = registers[-1].object(as: FunctionObject.self).captures
      return .cell(captures[Int(instruction.a)].object(as: CellObject.self))
    }
  }
}
