import Faults
import Language

/// The code of one function while it is being compiled: instructions, constants, registers.
final class Assembler {
  struct Loop {
    var breaks: [Int] = []
    var continues: [Int] = []
  }

  /// A jump whose target is not known yet.
  typealias Patch = Int

  let prototype: Prototype
  let parent: Assembler?
  /// Registers of declarations; captured ones that change live in a cell in that register.
  var registers: [Int: Int] = [:]
  private(set) var captureIndices: [Int: Int] = [:]
  /// The declaration whose name this function has, where it can be reached as itself.
  var ownDeclaration: Int?
  var loops: [Loop] = []
  private(set) var code: [Instruction] = []
  /// Constants that operands name, which are few, and those that are loaded by a wide word.
  private var named = ConstantPool()
  private var loaded = ConstantPool()
  private var loads: [Int] = []
  private(set) var nextRegister = 0
  private var deepestRegister = 0
  var site = Prototype.Site(span: Span(0, 0))
  /// More registers, names or code than an instruction can name.
  private(set) var isTooLarge = false

  init(_ prototype: Prototype, parent: Assembler?) {
    self.prototype = prototype
    self.parent = parent
  }

  var position: Int { code.count }

  /// Whether the code from a position on calls anything.
  func calls(since start: Int) -> Bool {
    code[start...].contains {
      switch $0.opcode {
      case .call, .callGlobal, .callNamed, .callMember, .useModule: true
      default: false
      }
    }
  }

  // MARK: registers

  func newRegister() -> Int {
    let register = nextRegister
    nextRegister += 1
    deepestRegister = max(deepestRegister, nextRegister)
    if nextRegister > 30_000 {
      isTooLarge = true
      nextRegister = 0
    }
    return register
  }

  /// Frees registers down to a mark.
  func free(to mark: Int) { nextRegister = mark }

  func reserve(_ count: Int) { deepestRegister = max(deepestRegister, nextRegister + count) }

  // MARK: instructions

  @discardableResult
  func emit(_ opcode: Opcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, x: Int = 0) -> Int {
    if code.count > 4_000_000 || (a | b | c) > Operand.largest { isTooLarge = true }
    code.append(
      Instruction(opcode: opcode, x: UInt8(truncatingIfNeeded: x), a: Operand(a), b: Operand(b), c: Operand(c)))
    prototype.sites.append(site)
    return code.count - 1
  }

  @discardableResult
  func emitWide(_ opcode: Opcode, _ a: Int, _ wide: Int) -> Int {
    let at = emit(opcode, a)
    code[at].wide = wide
    return at
  }

  func emitAddition(_ a: Int, _ b: Int, _ amount: Int16, x: Int = 0) {
    let at = emit(.addInt, a, b, x: x)
    code[at].c = Operand(signed: amount)
  }

  func emitJump(_ opcode: Opcode = .jump, _ a: Int = 0, x: Int = 0) -> Patch { emit(opcode, a, x: x) }

  func patch(_ patch: Patch) { setTarget(patch, code.count) }
  func patch(_ patches: [Patch]) { patches.forEach { patch($0) } }
  func setTarget(_ patch: Patch, _ target: Int) { code[patch].wide = target - patch - 1 }

  /// A jump back to a place that is known.
  func emitJump(_ opcode: Opcode, _ a: Int, back target: Int) { setTarget(emit(opcode, a), target) }

  // MARK: constants

  func constant(_ text: String) -> Int { named.index(of: text) }

  /// A number that may be an operand; nil where so many are that names need the places left.
  func constant(_ value: Int) -> Int? { named.values.count < Operand.largest / 2 ? named.index(of: value) : nil }
  func constant(_ value: Double) -> Int? { named.values.count < Operand.largest / 2 ? named.index(of: value) : nil }

  /// A divisor, and behind it its reciprocal in 64 binary places.
  func constant(divisor: Int) -> Int { named.index(ofDivisor: divisor) }

  /// Takes over the value's reference.
  func constant(owning value: Value) -> Int { named.add(value) }

  func emitLoad(_ target: Int, _ text: String) { emitLoad(target, index: loaded.index(of: text)) }
  func emitLoad(_ target: Int, _ value: Int) { emitLoad(target, index: loaded.index(of: value)) }
  func emitLoad(_ target: Int, _ value: Double) { emitLoad(target, index: loaded.index(of: value)) }

  /// Takes over the value's reference.
  func emitLoad(_ target: Int, owning value: Value) { emitLoad(target, index: loaded.add(value)) }

  private func emitLoad(_ target: Int, index: Int) { loads.append(emitWide(.loadConstant, target, index)) }

  /// A function inside this one, made where `closure` names it.
  func add(_ inner: Prototype) {
    prototype.prototypes.append(inner)
  }

  // MARK: closing over

  /// The place among this function's captures of a declaration of a function outside.
  func capture(_ declaration: Int) -> Int {
    if let known = captureIndices[declaration] { return known }
    let index = prototype.captures.count
    captureIndices[declaration] = index
    if let register = parent?.registers[declaration] {
      prototype.captures.append(Prototype.Capture(isLocal: true, index: register))
    } else if let parent, parent.ownDeclaration == declaration {
      prototype.captures.append(Prototype.Capture(isLocal: true, index: -1))
    } else if let parent {
      // The entry is made first: the parent's own capture list is another one.
      prototype.captures.append(Prototype.Capture(isLocal: false, index: parent.capture(declaration)))
    }
    return index
  }

  func finish() {
    prototype.registerCount = deepestRegister
    for load in loads { code[load].wide += named.values.count }
    prototype.finish(code: code, constants: named.values + loaded.values)
  }
}

/// The constants of a function, each once.
private struct ConstantPool {
  private(set) var values: [Value] = []
  private var strings: [String: Int] = [:]
  private var ints: [Int: Int] = [:]
  private var divisors: [Int: Int] = [:]
  private var floats: [UInt64: Int] = [:]

  mutating func add(_ value: Value) -> Int {
    values.append(value)
    return values.count - 1
  }

  mutating func index(of text: String) -> Int {
    if let known = strings[text] { return known }
    let index = add(.string(text))
    strings[text] = index
    return index
  }

  mutating func index(of value: Int) -> Int {
    if let known = ints[value] { return known }
    let index = add(.int(value))
    ints[value] = index
    return index
  }

  mutating func index(of value: Double) -> Int {
    if let known = floats[value.bitPattern] { return known }
    let index = add(.float(value))
    floats[value.bitPattern] = index
    return index
  }

  mutating func index(ofDivisor divisor: Int) -> Int {
    if let known = divisors[divisor] { return known }
    let index = add(.int(divisor))
    _ = add(.int(Int(bitPattern: UInt.max / UInt(divisor) + 1)))
    divisors[divisor] = index
    return index
  }
}
