import Faults
import Language

extension Machine {
  /// Runs the call that `base` begins (callee, then arguments) to its end, from a builtin or from the top.
  func callFromOutside(_ base: UnsafeMutablePointer<Value>, _ count: Int, names: Value?) -> Bool {
    let entry = frameCount
    switch prepareCall(base, count, names: names, flags: 0) {
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
        let value = registers[at.pointee.b]
        if at.pointee.x != 0 { registers[at.pointee.b] = .nil } else { value.retain() }
        Machine.store(registers + at.pointee.a, value)
      case .loadConstant:
        Machine.store(registers + at.pointee.a, constants[at.wide].retained())
      case .loadInt:
        Machine.store(registers + at.pointee.a, .int(at.pointee.offset))
      case .loadNil:
        Machine.store(registers + at.pointee.a, .nil)
      case .loadBool:
        Machine.store(registers + at.pointee.a, .bool(Int(at.pointee.b) != 0))
      case .getGlobal:
        let value = globals[at.wide]
        if value.tag == .undefined {
          ok = failUndefined(pc)
        } else {
          Machine.store(registers + at.pointee.a, value.retained())
        }
      case .setGlobal:
        let value = registers[at.pointee.a]
        registers[at.pointee.a] = .nil
        Machine.store(globals + at.wide, value)
      case .getCell:
        Machine.store(registers + at.pointee.a, registers[at.pointee.b].read(CellObject.self) { $0.value }.retained())
      case .setCell:
        let value = registers[at.pointee.b]
        registers[at.pointee.b] = .nil
        registers[at.pointee.a].read(CellObject.self) { $0.replace(with: value) }
      case .makeCell:
        let value = registers[at.pointee.a]
        registers[at.pointee.a] = Value(owning: CellObject(value, in: cells), tag: .cell)
        if _slowPath(cells.isDue) { cells.collect() }
      case .getCapture:
        let captured = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        Machine.store(registers + at.pointee.a, captured.retained())
      case .getCaptureCell:
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        Machine.store(registers + at.pointee.a, cell.read(CellObject.self) { $0.value }.retained())
      case .setCaptureCell:
        let value = registers[at.pointee.a]
        registers[at.pointee.a] = .nil
        let cell = registers[-1].read(FunctionObject.self) { $0.captures[Int(at.pointee.b)] }
        cell.read(CellObject.self) { $0.replace(with: value) }
      case .getSelf:
        Machine.store(registers + at.pointee.a, registers[-1].retained())

      // MARK: arithmetic
      case .add:
        if let value = Machine.number(
          registers[at.pointee.b], registers[at.pointee.c], { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .subtract:
        if let value = Machine.number(
          registers[at.pointee.b], registers[at.pointee.c], { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .multiply:
        if let value = Machine.number(
          registers[at.pointee.b], registers[at.pointee.c], { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .divide:
        let left = registers[at.pointee.b]
        let right = registers[at.pointee.c]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + at.pointee.a, .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .remainder:
        let left = registers[at.pointee.b]
        let right = registers[at.pointee.c]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let remainder = left.rawInt % right.rawInt
          Machine.store(registers + at.pointee.a, .int(remainder < 0 ? remainder + right.rawInt : remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .floorDivide:
        let left = registers[at.pointee.b]
        let right = registers[at.pointee.c]
        if left.tag == .int, right.tag == .int, left.rawInt >= 0, right.rawInt > 0 {
          Machine.store(registers + at.pointee.a, .int(left.rawInt / right.rawInt))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .power: ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .matrixProduct: ok = slowArithmetic(at.pointee, registers, registers + at.pointee.c)
      case .addInt:
        let left = registers[at.pointee.b]
        let amount = at.pointee.c.signed
        if _fastPath(left.tag == .int) {
          let (sum, overflow) = left.rawInt.addingReportingOverflow(amount)
          if !overflow {
            Machine.store(registers + at.pointee.a, .int(sum))
            continue
          }
        } else if left.tag == .float {
          Machine.store(registers + at.pointee.a, .float(left.rawFloat + Double(amount)))
          continue
        }
        ok = slowAddInt(at.pointee, registers)
      case .addConstant:
        let right = constants[at.pointee.c]
        if let value = Machine.number(
          registers[at.pointee.b], right, { $0.addingReportingOverflow($1) }, { $0 + $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .subtractConstant:
        let right = constants[at.pointee.c]
        if let value = Machine.number(
          registers[at.pointee.b], right, { $0.subtractingReportingOverflow($1) }, { $0 - $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .multiplyConstant:
        let right = constants[at.pointee.c]
        if let value = Machine.number(
          registers[at.pointee.b], right, { $0.multipliedReportingOverflow(by: $1) }, { $0 * $1 }
        ) {
          Machine.store(registers + at.pointee.a, value)
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .divideConstant:
        let left = registers[at.pointee.b]
        let right = constants[at.pointee.c]
        if left.tag == .float, right.tag == .float {
          Machine.store(registers + at.pointee.a, .float(left.rawFloat / right.rawFloat))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .remainderConstant:
        let left = registers[at.pointee.b]
        let right = constants[at.pointee.c]
        if left.tag == .int, right.tag == .int, right.rawInt > 0 {
          let divisor = right.rawInt
          let dividend = left.rawInt
          // A 32-bit division takes half the time of a 64-bit one.
          if (dividend | divisor) >> 32 == 0 {
            Machine.store(registers + at.pointee.a, .int(Int(UInt32(truncatingIfNeeded: dividend) % UInt32(truncatingIfNeeded: divisor))))
            continue
          }
          let remainder = dividend % divisor
          Machine.store(registers + at.pointee.a, .int(remainder < 0 ? remainder + divisor : remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .remainderSmall:
        let left = registers[at.pointee.b]
        let divisor = constants[at.pointee.c].rawInt
        if _fastPath(left.tag == .int) {
          let dividend = left.rawInt
          var remainder: Int
          if _fastPath(dividend >> 48 == 0) {
            // A product instead of a division; it is exact for such numbers.
            let product = UInt128(truncatingIfNeeded: dividend) &* UInt128(truncatingIfNeeded: (constants + at.pointee.c)[1].payload)
            remainder = dividend &- Int(truncatingIfNeeded: product &>> 64) &* divisor
          } else {
            remainder = dividend % divisor
            if remainder < 0 { remainder += divisor }
          }
          Machine.store(registers + at.pointee.a, .int(remainder))
          continue
        }
        ok = slowArithmetic(at.pointee, registers, constants + at.pointee.c)
      case .negate:
        let value = registers[at.pointee.b]
        if value.tag == .int, value.rawInt != Int.min {
          Machine.store(registers + at.pointee.a, .int(-value.rawInt))
        } else if value.tag == .float {
          Machine.store(registers + at.pointee.a, .float(-value.rawFloat))
        } else {
          ok = slowNegate(at.pointee, registers)
        }
      case .not:
        let value = registers[at.pointee.b]
        if value.tag == .bool {
          Machine.store(registers + at.pointee.a, .bool(!value.rawBool))
        } else {
          ok = slowNot(at.pointee, registers)
        }
      case .update:
        let second = Machine.behindPlace(at)
        pc = second + 1
        ok = updateInPlace(at, registers, second.pointee.opcode)
        if second.pointee.x & 2 != 0 { Machine.store(registers + at.pointee.b, .nil) }

      // MARK: comparing
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
        let left = registers[at.pointee.b]
        let right = registers[at.pointee.c]
        if left.tag == .int, right.tag == .int {
          Machine.store(registers + at.pointee.a, .bool(at.pointee.opcode.holds(left.rawInt, right.rawInt)))
        } else if left.tag == .float, right.tag == .float {
          Machine.store(registers + at.pointee.a, .bool(at.pointee.opcode.holds(left.rawFloat, right.rawFloat)))
        } else {
          ok = compare(at.pointee, registers)
        }
      case .contains, .notContains:
        ok = containment(at.pointee, registers)
      case .ifEqual:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 == $1 }, { $0 == $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifNotEqual:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 != $1 }, { $0 != $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLess:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessOrEqual:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreater:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 > $1 }, { $0 > $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterOrEqual:
        let right = registers[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifEqualConstant:
        let right = constants[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 == $1 }, { $0 == $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessConstant:
        let right = constants[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifLessOrEqualConstant:
        let right = constants[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 <= $1 }, { $0 <= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterConstant:
        let right = constants[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 > $1 }, { $0 > $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .ifGreaterOrEqualConstant:
        let right = constants[at.pointee.b]
        if let holds = Machine.test(registers[at.pointee.a], right, { $0 >= $1 }, { $0 >= $1 }) {
          pc = Machine.branch(pc, holds)
          continue
        }
        (ok, pc) = slowBranch(at, registers, constants)

      case .whileLess:
        if let holds = Machine.test(registers[at.pointee.a], registers[at.pointee.b], { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, !holds)
          fuel &-= 1
          if fuel != 0 { continue }
          fuel = 1024
          ok = checkInterrupt()
          // A stop is felt where the jump is, inside what surrounds the loop, and not where it leads to.
          if !ok { pc = at + 1 }
          break
        }
        (ok, pc) = slowBranch(at, registers, constants)
      case .whileLessConstant:
        if let holds = Machine.test(registers[at.pointee.a], constants[at.pointee.b], { $0 < $1 }, { $0 < $1 }) {
          pc = Machine.branch(pc, !holds)
          fuel &-= 1
          if fuel != 0 { continue }
          fuel = 1024
          ok = checkInterrupt()
          // A stop is felt where the jump is, inside what surrounds the loop, and not where it leads to.
          if !ok { pc = at + 1 }
          break
        }
        (ok, pc) = slowBranch(at, registers, constants)

      // MARK: jumping
      case .jump:
        pc += at.pointee.offset
        if Int(at.pointee.a) != 0 {
          fuel &-= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
            if !ok { pc = at + 1 }
          }
        }
      case .jumpIfFalse:
        let value = registers[at.pointee.a]
        if value.tag == .bool {
          if value.payload == 0 { pc += at.pointee.offset }
          continue
        }
        (ok, pc) = slowJump(at, registers)
      case .jumpIfTrue:
        let value = registers[at.pointee.a]
        if value.tag == .bool {
          if value.payload != 0 { pc += at.pointee.offset }
          continue
        }
        (ok, pc) = slowJump(at, registers)
      case .checkBool:
        if registers[at.pointee.a].tag != .bool { ok = convertToBool(registers + at.pointee.a) }
      case .checkLogic:
        if registers[at.pointee.a].tag != .bool {
          let isMask = checkLogic(registers + at.pointee.a)
          ok = isMask != nil
          if isMask == true { pc += 1 }
        }
      case .combine:
        let right = registers[at.pointee.b]
        if registers[at.pointee.a].tag == .bool, right.tag == .bool {
          registers[at.pointee.a] = right
          continue
        }
        ok = combine(at.pointee, registers)
      case .jumpIfGiven:
        if registers[at.pointee.a].tag != .undefined {
          pc += at.pointee.offset
        }

      // MARK: building
      case .newList, .newTuple:
        buildList(at.pointee, registers)
      case .newMap:
        ok = buildMap(at.pointee, registers)
      case .append:
        let count = Machine.appendElement(at.pointee, registers)
        if count & 0xF_FFFF == 0 { ok = hasRoom(count, in: registers[at.pointee.a]) }
      case .extend: ok = extendList(at.pointee, registers)
      case .merge: ok = mergeMap(at.pointee, registers)
      case .appendTo:
        if at.pointee.x == Place.register.rawValue,
          appendKnown(registers + at.pointee.a, registers + at.pointee.b)
        {
          continue
        }
        pc = Machine.behindPlace(at)
        ok = appendInPlace(at, registers)
      case .newRange: ok = makeRange(at.pointee, registers)
      case .format:
        ok = formatValue(at.pointee, registers, constants[at.pointee.c])
      case .concatenate: ok = concatenate(at.pointee, registers)
      case .closure:
        makeClosure(at.pointee, registers)

      // MARK: elements
      case .getIndex:
        let container = registers[at.pointee.b]
        let key = registers[at.pointee.c]
        if container.tag == .list, key.tag == .int {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = elements[key.rawInt].retained()
            Machine.store(registers + at.pointee.a, value)
            if at.pointee.x & 1 != 0, at.pointee.a != at.pointee.b { Machine.store(registers + at.pointee.b, .nil) }
            continue
          }
        }
        ok = index(at.pointee, registers, pc)
      case .getIndices: ok = indexMany(at.pointee, registers)
      case .setIndex:
        let container = registers[at.pointee.a]
        let key = registers[at.pointee.b]
        if container.tag == .list, key.tag == .int, container.isUnique {
          let (elements, count) = container.read(ListObject.self) { ($0.base, $0.count) }
          if UInt(bitPattern: key.rawInt) < UInt(bitPattern: count) {
            let value = registers[at.pointee.c]
            registers[at.pointee.c] = .nil
            Machine.store(elements + key.rawInt, value)
            continue
          }
        }
        ok = setIndex(at.pointee, registers)
      case .setPath:
        let second = Machine.behindPlace(at)
        pc = second + 1
        ok = assignPath(at, registers, second)
      case .getMember: ok = getMember(at.pointee, registers, constants[at.pointee.c])
      case .checkList: ok = checkParts(at.pointee, registers)
      case .isListOf:
        let value = registers[at.pointee.b]
        let wanted: Value.Tag = at.pointee.x & 1 != 0 ? .tuple : .list
        let count = value.tag == wanted ? value.read(ListObject.self) { $0.count } : -1
        let isEnough = at.pointee.x & 2 != 0 ? count >= Int(at.pointee.c) : count == Int(at.pointee.c)
        Machine.store(registers + at.pointee.a, .bool(isEnough))
      case .element: ok = takeElement(at.pointee, registers)
      case .tail: ok = takeTail(at.pointee, registers)

      // MARK: calling
      case .callGlobal:
        let callee = globals[pc.wide]
        if _fastPath(callee.tag == .function), !registers[at.pointee.a].tag.isHeap {
          let base = registers + at.pointee.a
          let next = callee.read(FunctionObject.self) { $0.header }
          if next.pointee.plainParameters == Int(at.pointee.b), frame < lastFrame, base < fastStackEnd {
            base.pointee = callee.retained()
            pc = Machine.enter(next, base, returningTo: pc + 1, &frame, &registers, &constants)
            frameCount &+= 1
            fuel &-= 1
            if fuel != 0 { continue }
            fuel = 1024
            ok = checkInterrupt()
            break
          }
        } else if callee.tag == .undefined {
          ok = failUndefined(pc)
          break
        }
        pc += 1
        Machine.store(registers + at.pointee.a, callee.retained())
        fallthrough
      case .call:
        let base = registers + at.pointee.a
        let callee = base.pointee
        if callee.tag == .function {
          let next = callee.read(FunctionObject.self) { $0.header }
          if next.pointee.plainParameters == Int(at.pointee.b), frame < lastFrame, base < fastStackEnd {
            pc = Machine.enter(next, base, returningTo: pc, &frame, &registers, &constants)
            frameCount &+= 1
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
        let names = constants[at.pointee.c]
        switch prepareCall(registers + at.pointee.a, Int(at.pointee.b), names: names, flags: at.pointee.x) {
        case .done: break
        case .failed: ok = false
        case .entered:
          pc = currentPC
          frame = frames + (frameCount - 1)
          registers = frame.pointee.base
          constants = frame.pointee.header.pointee.constants
        }
      case .callMember:
        let base = registers + at.pointee.a
        var names: Value?
        if at.pointee.x & 2 != 0 {
          names = constants[pc.wide]
          pc += 1
        }
        currentPC = pc
        var count = Int(at.pointee.b)
        guard findMember(base, &count, constants[at.pointee.c]) else {
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
        let count = frame.pointee.header.pointee.registerCount
        if Machine.holdsHeap(registers, count) {
          Machine.giveBack(registers + at.pointee.a, registers, count)
        } else {
          Machine.store(registers - 1, registers[at.pointee.a])
        }
        pc = frame.pointee.returnAddress
        frame -= 1
        frameCount &-= 1
        if frame == entryFrame { return true }
        registers = frame.pointee.base
        constants = frame.pointee.header.pointee.constants

      // MARK: going through
      case .prepareRange:
        let ends = registers + at.pointee.a
        if ends[0].tag == .int, ends[1].tag == .int {
          pc = Machine.branch(pc, ends[0].rawInt < ends[1].rawInt)
        } else {
          ok = failRange(ends[0], ends[1])
        }
      case .stepRange:
        let ends = registers + at.pointee.a
        let next = ends[0].rawInt &+ 1
        if next < ends[1].rawInt {
          ends[0].payload = UInt64(bitPattern: Int64(next))
          pc += at.pointee.offset
          fuel &-= 1
          if fuel == 0 {
            fuel = 1024
            ok = checkInterrupt()
            if !ok { pc = at + 1 }
          }
        }
      case .iterate: ok = makeIterator(registers + at.pointee.a)
      case .next:
        currentPC = pc
        switch advance(registers + at.pointee.a, registers + at.pointee.c) {
        case .some(true): pc += 1
        case .some(false): pc = Machine.branch(pc, false)
        case nil: ok = false
        }

      // MARK: the rest
      case .raise: ok = raise(registers + at.pointee.a)
      case .assertTrue: ok = assertTrue(at.pointee, registers)
      case .assertCompare: ok = assertComparison(at.pointee, registers)
      case .noMatch:
        ok = failNoMatch(registers[at.pointee.a])
      case .useModule:
        currentPC = pc
        top = registers + frame.pointee.header.pointee.registerCount
        ok = useModule(registers + at.pointee.a, constants[at.pointee.b], isFile: at.pointee.x != 0)
      case .makeNeuron: ok = makeNeuron(registers + at.pointee.a, constants[at.pointee.b])
      case .defineTest:
        defineTest(registers + at.pointee.a)
      case .result:
        result.release()
        result = registers[at.pointee.a]
        registers[at.pointee.a] = .nil
      case .stopIfAsked:
        if stopDepth != nil { ok = checkStop() }
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
