/// What the cases of the interpreter's loop are made of, small enough to be a part of it.
extension Machine {
  /// Puts an owned value where another was.
  @inline(__always)
  static func store(_ place: UnsafeMutablePointer<Value>, _ value: Value) {
    let old = place.pointee
    place.pointee = value
    old.release()
  }

  /// Two ints or two floats through an operator; nil for other types, and where ints overflow.
  @inline(__always)
  static func number(
    _ left: Value, _ right: Value, _ ints: (Int, Int) -> (partialValue: Int, overflow: Bool),
    _ floats: (Double, Double) -> Double
  ) -> Value? {
    if Value.Tag.areInts(left.tag, right.tag) {
      let result = ints(left.rawInt, right.rawInt)
      return result.overflow ? nil : .int(result.partialValue)
    }
    return left.tag == .float && right.tag == .float ? .float(floats(left.rawFloat, right.rawFloat)) : nil
  }

  /// Two ints or two floats through a comparison; nil for other types.
  @inline(__always)
  static func test(
    _ left: Value, _ right: Value, _ ints: (Int, Int) -> Bool, _ floats: (Double, Double) -> Bool
  ) -> Bool? {
    if Value.Tag.areInts(left.tag, right.tag) { return ints(left.rawInt, right.rawInt) }
    return left.tag == .float && right.tag == .float ? floats(left.rawFloat, right.rawFloat) : nil
  }

  /// Begins the frame of a function whose arguments stand behind `base`; gives where its code begins.
  @inline(__always)
  static func enter(
    _ header: UnsafeMutablePointer<CodeHeader>, _ base: UnsafeMutablePointer<Value>,
    returningTo returnAddress: UnsafeMutablePointer<Instruction>, _ frame: inout UnsafeMutablePointer<Frame>,
    _ registers: inout UnsafeMutablePointer<Value>, _ constants: inout UnsafeMutablePointer<Value>
  ) -> UnsafeMutablePointer<Instruction> {
    frame += 1
    frame.initialize(to: Frame(header: header, returnAddress: returnAddress, base: base + 1))
    registers = base + 1
    constants = header.pointee.constants
    return header.pointee.code
  }

  /// Where a comparison whose jump word is at `word` goes on.
  @inline(__always)
  static func branch(_ word: UnsafeMutablePointer<Instruction>, _ holds: Bool) -> UnsafeMutablePointer<Instruction> {
    holds ? word + 1 : word + 1 + word.pointee.offset
  }

  /// Whether any register of a frame holds an object: tags below the first of a heap value have no bit above theirs.
  /// It looks at four at a time; those of them behind the frame's end can only make it look for nothing.
  @inline(__always)
  static func holdsHeap(_ registers: UnsafeMutablePointer<Value>, _ count: Int) -> Bool {
    var tags: UInt8 = 0
    var place = registers
    let end = registers + count
    repeat {
      tags |= place[0].tag.raw | place[1].tag.raw | place[2].tag.raw | place[3].tag.raw
      place += 4
    } while place < end
    return Value.Tag(tags).isHeap
  }

  /// Moves a function's result to where its caller looks for it, and drops what else the frame's registers hold.
  @inline(never)
  static func giveBack(
    _ result: UnsafeMutablePointer<Value>, _ registers: UnsafeMutablePointer<Value>, _ count: Int
  ) {
    let value = result.pointee
    result.pointee = .nil
    for index in 0..<count { store(registers + index, .nil) }
    store(registers - 1, value)
  }

  /// The word behind an instruction with an assignment's target; a global's slot takes one more.
  @inline(__always)
  static func behindPlace(_ at: UnsafeMutablePointer<Instruction>) -> UnsafeMutablePointer<Instruction> {
    at + (at.pointee.x == Place.global.rawValue ? 2 : 1)
  }

  /// The memory of an assignment's target; a global's slot is in the next word.
  func place(_ at: UnsafeMutablePointer<Instruction>, _ registers: UnsafeMutablePointer<Value>) -> PlaceReference {
    switch Place(rawValue: at.pointee.x) ?? .register {
    case .register: return .memory(registers + at.pointee.a)
    case .global: return .memory(globals + at[1].wide)
    case .cell: return .cell(registers[at.pointee.a].object(as: CellObject.self))
    case .capture:
      let captures = registers[-1].object(as: FunctionObject.self).captures
      return .cell(captures[Int(at.pointee.a)].object(as: CellObject.self))
    }
  }
}
