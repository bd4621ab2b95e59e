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

  /// The interpreter's loop: runs the top frame until it has returned to the frame count given. False when a fault
  /// found no handler above that frame; it is then pending.
  ///
  /// All state that changes with each instruction is in locals; slow cases are functions that give false on a fault.
  func run(downTo entry: Int) -> Bool {
    var pc = currentPC
    var frame = frames + (frameCount - 1)
    var registers = frame.pointee.base
    var constants = frame.pointee.header.pointee.constants
    let entryFrame = frames + (entry - 1)
    let lastFrame = frames + (limits.callDepth - 1)
    // No function has as many registers; nearer to the end, the slow path looks closely.
    let fastStackEnd = stackEnd - 65_536
    var fuel = 1024

    while true {
      let at = pc
      pc += 1
      var ok = true
      switch at.pointee.opcode {
      // MARK: moving
      case .move:
        let value = registers[Int(at.pointee.b)]
        if at.pointee.x != 0 { registers[Int(at.pointee.b)] = .nil } else { value.retain() }
        Machine.store(registers + Int(at.pointee.a), value)
      case .loadConstant:
        Machine.store(registers + Int(at.pointee.a), constants[Int(at.pointee.b)].retained())
      case .loadInt:
        Machine.store(registers + Int(at.pointee.a), .int(Int(Int16(bitPattern: at.pointee.b))))
      case .loadNil:
        Machine.store(registers + Int(at.pointee.a), .nil)
      case .loadBool:
        Machine.store(registers + Int(at.pointee.a), .bool(at.pointee.b != 0))
      case .getGlobal:
        let value = globals[at.pointee.wide]
        if value.tag == .undefined {
          ok = failUndefined(pc)
        } else {
          Machine.store(registers + Int(at.pointee.a), value.retained())
        }
      case .setGlobal:
        let value = registers[Int(at.pointee.a)]
        registers[Int(at.pointee.a)] = .nil
        Machine.store(globals + at.pointee.wide, value)
      case .getCell:
        Machine.store(registers + Int(at.pointee.a), registers[Int(at.pointee.b)].read(CellObject.self) { $0.value }.retained())
      case .setCell:
        let value = registers[Int(at.pointee.b)]
        registers[Int(at.pointee.b)] = .nil
        registers[Int(at.pointee.a)].read(CellObject.self) { $0.replace(with: value) }
      case .makeCell:
        let value = registers[Int(at.pointee.a)]
        registers[Int(at.pointee.a)] = Value(owning: CellObject(value), tag: .cell)
      case .getCapture:
        let captured = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        Machine.store(registers + Int(at.pointee.a), captured.retained())
      case .getCaptureCell:
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        Machine.store(registers + Int(at.pointee.a), cell.read(CellObject.self) { $0.value }.retained())
      case .setCaptureCell:
        let value = registers[Int(at.pointee.a)]
        registers[Int(at.pointee.a)] = .nil
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        cell.read(CellObject.self) { $0.replace(with: value) }
      case .getSelf:
        Machine.store(registers + Int(at.pointee.a), registers[-1].retained())

      // MARK: arithmetic
      case .add:
        if let value = Machine.number(
          registers[Int(at.pointee.b)], registers[Int(at.pointee.c)], { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .subtract:
        if let value = Machine.number(
          registers[Int(at.pointee.b)], registers[Int(at.pointee.c)], { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .multiply:
        if let value = Machine.number(
          registers[Int(at.pointee.b)], registers[Int(at.pointee.c)], { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .divide:
        let left = registers[Int(at.pointee.b)]
        let right = registers[Int(at.pointee.c)]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + Int(at.pointee.a), .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .remainder:
        let left = registers[Int(at.pointee.b)]
        let right = registers[Int(at.pointee.c)]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let remainder = left.rawInt % right.rawInt
          Machine.store(registers + Int(at.pointee.a), .int(remainder < 0 ? remainder + right.rawInt : remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .floorDivide:
        let left = registers[Int(at.pointee.b)]
        let right = registers[Int(at.pointee.c)]
        if left.tag == .int, right.tag == .int, left.rawInt >= 0, right.rawInt > 0 {
          Machine.store(registers + Int(at.pointee.a), .int(left.rawInt / right.rawInt))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .power: ok = slowArithmetic(at.pointee, registers, constants)
      case .matrixProduct: ok = slowArithmetic(at.pointee, registers, constants)
      case .addInt:
        let left = registers[Int(at.pointee.b)]
        let amount = Int(Int16(bitPattern: at.pointee.c))
        if left.tag == .int {
          let (sum, overflow) = left.rawInt.addingReportingOverflow(amount)
          if !overflow {
            Machine.store(registers + Int(at.pointee.a), .int(sum))
            continue
          }
        } else if left.tag == .float {
          Machine.store(registers + Int(at.pointee.a), .float(left.rawFloat + Double(amount)))
          continue
        }
        ok = slowAddInt(at.pointee, registers)
      case .addConstant:
        let right = constants[Int(at.pointee.c)]
        if let value = Machine.number(
          registers[Int(at.pointee.b)], right, { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .subtractConstant:
        let right = constants[Int(at.pointee.c)]
        if let value = Machine.number(
          registers[Int(at.pointee.b)], right, { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .multiplyConstant:
        let right = constants[Int(at.pointee.c)]
        if let value = Machine.number(
          registers[Int(at.pointee.b)], right, { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + Int(at.pointee.a), value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .divideConstant:
        let left = registers[Int(at.pointee.b)]
        let right = constants[Int(at.pointee.c)]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + Int(at.pointee.a), .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .remainderConstant:
        let left = registers[Int(at.pointee.b)]
        let right = constants[Int(at.pointee.c)]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let divisor = right.rawInt
          let dividend = left.rawInt
          // A 32-bit division takes half the time of a 64-bit one.
          if (dividend | divisor) >> 32 == 0 {
            Machine.store(registers + Int(at.pointee.a), .int(Int(UInt32(truncatingIfNeeded: dividend) % UInt32(truncatingIfNeeded: divisor))))
            continue
          }
          let remainder = dividend % divisor
          Machine.store(registers + Int(at.pointee.a), .int(remainder < 0 ? remainder + divisor : remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .remainderSmall:
        let left = registers[Int(at.pointee.b)]
        let divisor = constants[Int(at.pointee.c)].rawInt
        if left.tag == .int {
          let dividend = left.rawInt
          var remainder: Int
          if dividend >> 48 == 0 {
            // A product instead of a division; it is exact for such numbers.
            let product = UInt128(truncatingIfNeeded: dividend) &* UInt128(truncatingIfNeeded: constants[Int(at.pointee.c) + 1].payload)
            remainder = dividend &- Int(truncatingIfNeeded: product &>> 64) &* divisor
          } else {
            remainder = dividend % divisor
            if remainder < 0 { remainder += divisor }
          }
          Machine.store(registers + Int(at.pointee.a), .int(remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants)
      case .negate:
        let value = registers[Int(at.pointee.b)]
        if value.tag == .int, value.rawInt != Int.min {
          Machine.store(registers + Int(at.pointee.a), .int(-value.rawInt))
        } else if value.tag == .float {
          Machine.store(registers + Int(at.pointee.a), .float(-value.rawFloat))
        } else {
          ok = slowNegate(at.pointee, registers)
        }
      case .not:
        let value = registers[Int(at.pointee.b)]
        if value.tag == .bool {
          Machine.store(registers + Int(at.pointee.a), .bool(!value.rawBool))
        } else {
          ok = slowNot(at.pointee, registers)
        }
      case .update:
        let place = place(at, registers, &pc)
        let second = pc.pointee
        pc += 1
        ok = updateInPlace(place, second.opcode, registers + Int(at.pointee.b))
        if second.x & 2 != 0 { Machine.store(registers + Int(at.pointee.b), .nil) }

      // MARK: comparing
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
        let left = registers[Int(at.pointee.b)]
        let right = registers[Int(at.pointee.c)]
        if left.tag == .int, right.tag == .int {
          Machine.store(registers + Int(at.pointee.a), .bool(at.pointee.opcode.holds(left.rawInt, right.rawInt)))
        } else if left.tag == .float, right.tag == .float {
          Machine.store(registers + Int(at.pointee.a), .bool(at.pointee.opcode.holds(left.rawFloat, right.rawFloat)))
        } else {
          ok = compare(at.pointee, registers)
        }
      case .contains, .notContains:
        ok = containment(at.pointee, registers)
      case .ifEqual:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 == $1 }, { $0 == $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifNotEqual:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 != $1 }, { $0 != $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLess:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessOrEqual:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreater:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 > $1 }, { $0 > $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterOrEqual:
        let right = registers[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifEqualConstant:
        let right = constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 == $1 }, { $0 == $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessConstant:
        let right = constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessOrEqualConstant:
        let right = constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterConstant:
        let right = constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 > $1 }, { $0 > $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterOrEqualConstant:
        let right = constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)

      case .whileLess, .whileLessConstant:
        let right = at.pointee.opcode == .whileLess ? registers[Int(at.pointee.b)] : constants[Int(at.pointee.b)]
        if let holds = Machine.test(registers[Int(at.pointee.a)], right, { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, !holds)
          fuel &-= 1
          if fuel != 0 { continue }
          fuel = 1024
          ok = checkInterrupt()
          break
        }
        (ok, pc) = slowBranch(at, registers, constants)

      // MARK: jumping
      case .jump:
        pc += at.pointee.offset
        if at.pointee.a != 0 {
          fuel &-= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
          }
        }
      case .jumpIfFalse:
        let value = registers[Int(at.pointee.a)]
        if value.tag == .bool, value.payload == 0 {
          pc += at.pointee.offset
        }
      case .jumpIfTrue:
        let value = registers[Int(at.pointee.a)]
        if value.tag == .bool, value.payload != 0 {
          pc += at.pointee.offset
        }
      case .checkBool:
        if registers[Int(at.pointee.a)].tag != .bool { ok = convertToBool(registers + Int(at.pointee.a)) }
      case .jumpIfGiven:
        if registers[Int(at.pointee.a)].tag != .undefined {
          pc += at.pointee.offset
        }

      // MARK: building
      case .newList, .newTuple:
        buildList(at.pointee, registers)
      case .newMap:
        ok = buildMap(at.pointee, registers)
      case .append:
        let count = Machine.appendElement(at.pointee, registers)
        if count & 0xF_FFFF == 0 { ok = hasRoom(count, in: registers[Int(at.pointee.a)]) }
      case .extend: ok = extendList(at.pointee, registers)
      case .merge: ok = mergeMap(at.pointee, registers)
      case .appendTo:
        if at.pointee.x == Place.register.rawValue,
          appendKnown(registers + Int(at.pointee.a), registers + Int(at.pointee.b))
        {
          continue
        }
        let place = place(at, registers, &pc)
        ok = appendInPlace(place, registers + Int(at.pointee.b))
      case .newRange: ok = makeRange(at.pointee, registers)
      case .format:
        ok = formatValue(at.pointee, registers, constants[Int(at.pointee.c)])
      case .concatenate: ok = concatenate(at.pointee, registers)
      case .closure:
        makeClosure(at.pointee, registers)

      // MARK: elements
      case .getIndex:
        let container = registers[Int(at.pointee.b)]
        let key = registers[Int(at.pointee.c)]
        if container.tag == .list, key.tag == .int {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = elements[key.rawInt].retained()
            if at.pointee.x & 1 != 0 { Machine.store(registers + Int(at.pointee.b), .nil) }
            Machine.store(registers + Int(at.pointee.a), value)
            continue
          }
        }
        ok = index(at.pointee, registers)
      case .getIndices: ok = indexMany(at.pointee, registers)
      case .setIndex:
        let container = registers[Int(at.pointee.a)]
        let key = registers[Int(at.pointee.b)]
        if container.tag == .list, key.tag == .int, container.isUnique {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = registers[Int(at.pointee.c)]
            if at.pointee.x & 2 != 0 { registers[Int(at.pointee.c)] = .nil } else { value.retain() }
            Machine.store(elements + key.rawInt, value)
            continue
          }
        }
        ok = setIndex(at.pointee, registers)
      case .setPath:
        let place = place(at, registers, &pc)
        let second = pc
        pc += 1
        ok = assignPath(place, registers, at, second)
      case .getMember: ok = getMember(at.pointee, registers, constants[Int(at.pointee.c)])
      case .checkList: ok = checkParts(at.pointee, registers)
      case .isListOf:
        let value = registers[Int(at.pointee.b)]
        let wanted: Value.Tag = at.pointee.x & 1 != 0 ? .tuple : .list
        let count = value.tag == wanted ? value.read(ListObject.self) { $0.count } : -1
        let isEnough = at.pointee.x & 2 != 0 ? count >= Int(at.pointee.c) : count == Int(at.pointee.c)
        Machine.store(registers + Int(at.pointee.a), .bool(isEnough))
      case .element: ok = takeElement(at.pointee, registers)
      case .tail: ok = takeTail(at.pointee, registers)

      // MARK: calling
      case .callGlobal:
        let callee = globals[pc.pointee.wide]
        if callee.tag == .undefined {
          ok = failUndefined(pc)
          break
        }
        pc += 1
        Machine.store(registers + Int(at.pointee.a), callee.retained())
        fallthrough
      case .call:
        let base = registers + Int(at.pointee.a)
        let callee = base.pointee
        if callee.tag == .function {
          let next = callee.read(FunctionObject.self) { $0.header }
          if next.pointee.plainParameters == Int(at.pointee.b), frame < lastFrame, base < fastStackEnd {
            frame += 1
            frame.initialize(to: Frame(header: next, returnAddress: pc, base: base + 1))
            frameCount &+= 1
            registers = base + 1
            pc = next.pointee.code
            constants = next.pointee.constants
            fuel &-= 1
            if fuel != 0 { continue }
            fuel = 1024
            ok = checkInterrupt()
            break
          }
        }
        currentPC = pc
        switch prepareCall(base, Int(at.pointee.b), names: nil, flags: at.pointee.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          pc = currentPC
          frame = frames + (frameCount - 1)
          registers = frame.pointee.base
          constants = frame.pointee.header.pointee.constants
        }
      case .callNamed:
        currentPC = pc
        let names = constants[Int(at.pointee.c)]
        switch prepareCall(registers + Int(at.pointee.a), Int(at.pointee.b), names: names, flags: at.pointee.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          pc = currentPC
          frame = frames + (frameCount - 1)
          registers = frame.pointee.base
          constants = frame.pointee.header.pointee.constants
        }
      case .callMember:
        let base = registers + Int(at.pointee.a)
        var names: Value?
        if at.pointee.x & 2 != 0 {
          names = constants[pc.pointee.wide]
          pc += 1
        }
        currentPC = pc
        var count = Int(at.pointee.b)
        guard findMember(base, &count, constants[Int(at.pointee.c)]) else {
          ok = false
          break
        }
        switch prepareCall(base, count, names: names, flags: at.pointee.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          pc = currentPC
          frame = frames + (frameCount - 1)
          registers = frame.pointee.base
          constants = frame.pointee.header.pointee.constants
        }
      case .returnValue:
        let value = registers[Int(at.pointee.a)]
        let count = frame.pointee.header.pointee.registerCount
        if Machine.holdsHeap(registers, count) {
          registers[Int(at.pointee.a)] = .nil
          Machine.clear(registers, count)
        }
        Machine.store(registers - 1, value)
        pc = frame.pointee.returnAddress
        frame -= 1
        frameCount &-= 1
        if frame == entryFrame { return true }
        registers = frame.pointee.base
        constants = frame.pointee.header.pointee.constants

      // MARK: going through
      case .prepareRange:
        let low = registers[Int(at.pointee.a)]
        let high = registers[Int(at.pointee.a) + 1]
        if low.tag == .int, high.tag == .int {
          if low.rawInt < high.rawInt {
            Machine.store(registers + Int(at.pointee.a) + 2, low)
            pc += 1
          } else {
            pc = Machine.branch(pc, false)
          }
        } else {
          ok = failRange(low, high)
        }
      case .stepRange:
        let next = registers[Int(at.pointee.a)].rawInt &+ 1
        if next < registers[Int(at.pointee.a) + 1].rawInt {
          registers[Int(at.pointee.a)].payload = UInt64(bitPattern: Int64(next))
          Machine.store(registers + Int(at.pointee.a) + 2, .int(next))
          pc += at.pointee.offset
          fuel &-= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
          }
        }
      case .iterate: ok = makeIterator(registers + Int(at.pointee.a))
      case .next:
        currentPC = pc
        switch advance(registers + Int(at.pointee.a), registers + Int(at.pointee.c)) {
        case .some(true): pc += 1
        case .some(false): pc = Machine.branch(pc, false)
        case nil: ok = false
        }

      // MARK: the rest
      case .raise: ok = raise(registers + Int(at.pointee.a))
      case .assertTrue: ok = assertTrue(at.pointee, registers)
      case .assertCompare: ok = assertComparison(at.pointee, registers)
      case .noMatch:
        ok = failNoMatch(registers[Int(at.pointee.a)])
      case .useModule:
        currentPC = pc
        top = registers + frame.pointee.header.pointee.registerCount
        ok = useModule(registers + Int(at.pointee.a), constants[Int(at.pointee.b)], isFile: at.pointee.x != 0)
      case .makeNeuron: ok = makeNeuron(registers + Int(at.pointee.a), constants[Int(at.pointee.b)])
      case .defineTest:
        defineTest(registers + Int(at.pointee.a))
      case .result:
        result.release()
        result = registers[Int(at.pointee.a)]
        registers[Int(at.pointee.a)] = .nil
      }
      if ok { continue }

      // A fault: find the innermost handler above the entry, clearing the frames that it leaves behind.
      guard let target = unwind(downTo: entry, pc) else { return false }
      pc = target
      frame = frames + (frameCount - 1)
      registers = frame.pointee.base
      constants = frame.pointee.header.pointee.constants
    }
  }
}
