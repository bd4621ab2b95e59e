/// The machine's instructions. Operands: `a` is the register written (or tested), `b` and `c` are registers unless
/// the row says otherwise; `k` is a place in the constant table, `#` a number, `@` a jump target in `b` and `c`.
enum Opcode: UInt8 {
  // Moving values
  case move  // a <- b
  case loadConstant  // a <- k@
  case loadInt  // a <- #@ (signed 32 bits)
  case loadNil  // a <- nil
  case loadBool  // a <- #b
  case getGlobal  // a <- global @
  case setGlobal  // global @ <- a, moved
  case getCell  // a <- cell in b
  case setCell  // cell in a <- b, moved
  case makeCell  // a <- new cell of a's value
  case getCapture  // a <- capture #b
  case getCaptureCell  // a <- value in the cell of capture #b
  case setCaptureCell  // cell of capture #b <- a, moved
  case getSelf  // a <- the running function
  // Arithmetic
  case add, subtract, multiply, divide, floorDivide, remainder, power, matrixProduct  // a <- b op c
  case addInt  // a <- b + #c (signed 16 bits)
  case addConstant, subtractConstant, multiplyConstant, divideConstant, remainderConstant  // a <- b op k(c)
  case remainderSmall  // a <- b % k(c), an int from 2 to 65,535; k(c + 1) is 2^64 over it, rounded up
  case negate  // a <- -b
  case not  // a <- not b
  case update  // place(x, a) op= b, op #c
  // Comparing
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual  // a <- b op c
  case contains, notContains  // a <- b in c
  case ifEqual, ifNotEqual, ifLess, ifLessOrEqual, ifGreater, ifGreaterOrEqual  // a op b, else take the next jump
  case ifEqualConstant, ifLessConstant, ifLessOrEqualConstant, ifGreaterConstant, ifGreaterOrEqualConstant  // a op k(b)
  case whileLess, whileLessConstant  // a < b (or k(b)): take the next jump, back to a loop's start; else go on behind it
  // Jumping
  case jump  // to @
  case jumpIfFalse  // when a is false; x: a is a temporary
  case jumpIfTrue  // when a is true; x: a is a temporary
  case checkBool  // a must be a bool
  case checkLogic  // a must be a bool, or a mask: then the next jump is not taken
  case combine  // a <- a and b, or with x a or b; a bool in a has not decided, masks are combined element by element
  case jumpIfGiven  // when parameter a was given
  // Building
  case newList  // a <- list of c values from register b, moved
  case newTuple  // a <- tuple of c values from register b, moved
  case newMap  // a <- map of c pairs from register b, moved
  case append  // list in a gets b, moved
  case extend  // list in a gets all of b
  case merge  // map in a gets all of b
  case appendTo  // place(x, a) += [b], b moved
  case newRange  // a <- b..c, open ends by x; x & 4: the step is in the register behind c
  case format  // a <- text of b by the format k(c)
  case concatenate  // a <- texts of c values from register b
  case closure  // a <- function #@
  // Elements and members
  case getIndex  // a <- b[c]
  case getIndices  // a <- b[c…], x of them
  case setIndex  // a[b] = c, moved
  case setPath  // place(x, a)[b…, #c of them] = a of the next word; op= where that word's opcode is an operator, not `jump`
  case getMember  // a <- b.k(c)
  case checkList  // a must be a list or tuple of #b parts; x: at least
  case isListOf  // a <- b is a list (x & 1: tuple) of #c parts; x & 2: at least
  case element  // a <- part #c of list b
  case tail  // a <- list of the parts of b from #c
  // Calling
  case call  // a <- call of the value in a with #b arguments behind it; x: flags
  case callGlobal  // the same, of the function in the global slot of the next word
  case callNamed  // the same, the last arguments named by k(c)
  case callMember  // a <- member k(c) of the value in a+1 called with #b arguments (that value among them)
  case returnValue  // gives a, moved
  // Going through
  case prepareRange  // a and the register behind it, low and high of a range, must be ints; jump @ in the next word when it is empty
  case stepRange  // ++a, and to @ while it is below the register behind it
  case iterate  // a <- iterator over a
  case next  // c <- next of the iterator in a, or take the next jump
  // The rest
  case raise  // throw a
  case assertTrue  // a must be true; the message is in b where x is 1
  case assertCompare  // like assertTrue for a comparison: values in b, c, operator x
  case noMatch  // no case matched a
  case useModule  // a <- module k(b)
  case makeNeuron  // a <- neuron of definition k(b) with the parameters listed in a
  case defineTest  // registers the function in a as a test
  case result  // the program's value is a, moved
  case stopIfAsked  // ends the run where a builtin has asked for it, behind a statement that calls something
}

extension Opcode {
  /// Whether a comparison holds between two numbers of one type; nothing but `notEqual` holds for a NaN.
  @inline(__always)
  func holds<Number: Comparable>(_ left: Number, _ right: Number) -> Bool {
    switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    default: left >= right
    }
  }
}

/// One instruction in eight bytes.
struct Instruction {
  var opcode: Opcode
  var x: UInt8 = 0
  var a = Operand(0)
  var b = Operand(0)
  var c = Operand(0)

  /// `b` and `c` as one number: a global's slot, for one.
  var wide: Int {
    @inline(__always) get { Int(UInt32(b.doubled) | UInt32(c.doubled) << 16) }
    set {
      b.doubled = UInt16(truncatingIfNeeded: newValue)
      c.doubled = UInt16(truncatingIfNeeded: newValue >> 16)
    }
  }

  /// `b` and `c` as one signed number: the distance of a jump's target from the word behind the jump, for one.
  @inline(__always)
  var offset: Int { Int(Int32(bitPattern: UInt32(b.doubled) | UInt32(c.doubled) << 16)) }
}

/// An operand of an instruction: a number of fifteen bits, kept doubled. A value has sixteen bytes and the processor
/// scales an index by up to eight, so that the loop finds a register or a constant without a shift of its own.
struct Operand: Equatable {
  static let largest = 0x7fff

  fileprivate var doubled: UInt16

  init(_ number: Int) { doubled = UInt16(truncatingIfNeeded: number &* 2) }

  /// A number that is neither a register's nor a constant's, and kept as it is.
  init(signed number: Int16) { doubled = UInt16(bitPattern: number) }

  @inline(__always)
  var signed: Int { Int(Int16(bitPattern: doubled)) }
}

extension Int {
  @inline(__always)
  init(_ operand: Operand) { self = Int(operand.doubled) &>> 1 }
}

extension UnsafeMutablePointer where Pointee == Instruction {
  /// `wide` in one read, which the optimiser does not find.
  @inline(__always)
  var wide: Int {
    Int(UnsafeRawPointer(self).load(fromByteOffset: MemoryLayout<Instruction>.size - 4, as: UInt32.self))
  }
}

/// Registers and constants by operand.
extension UnsafeMutablePointer where Pointee == Value {
  @inline(__always)
  static func + (base: Self, operand: Operand) -> Self {
    let offset = Int(operand.doubled) &* (MemoryLayout<Value>.stride / 2)
    return (UnsafeMutableRawPointer(base) + offset).assumingMemoryBound(to: Value.self)
  }

  subscript(operand: Operand) -> Value {
    @inline(__always) get { (self + operand).pointee }
    @inline(__always) nonmutating set { (self + operand).pointee = newValue }
  }
}

/// Where an assignment's target lives.
enum Place: UInt8 {
  case register, global, cell, capture
}
