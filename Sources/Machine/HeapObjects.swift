import Faults
import Glibc
import Language
import Tensors

/// What a heap value points to. `references` counts the values that hold it, by hand; the object itself has one
/// Swift reference as long as that count is above zero.
public class HeapObject {
  final var references = 1
  /// Whether it reads another object's memory, which it may not change.
  final var isPart = false

  init() {}

  /// Whether nothing else holds it, so that it may be changed where it is.
  @inline(__always)
  final var isUnique: Bool { references == 1 && !isPart }

  /// Whether that was the last one.
  @inline(__always)
  final func dropReference() -> Bool {
    references &-= 1
    return references == 0
  }

  /// Lets go of the values that this object holds; those that nothing else held are left to the caller to destroy, so
  /// that freeing never recurses.
  func dropChildren(into dead: inout [Value]) {}

  /// Calls a body with each value that this object holds, borrowed.
  func forEachChild(_ body: (Value) -> Void) {}

  /// Lets go of one value that an object held.
  @inline(__always)
  static func drop(_ child: Value, into dead: inout [Value]) {
    guard child.tag.isHeap, child.unmanaged._withUnsafeGuaranteedRef({ $0.dropReference() }) else { return }
    if child.tag == .string || child.tag == .tensor { child.unmanaged.release() } else { dead.append(child) }
  }

  /// Frees a value whose count has come to zero, and all that only it held, with a work list instead of the stack.
  @inline(never)
  static func destroy(_ value: Value) {
    if value.tag == .string || value.tag == .tensor {
      value.unmanaged.release()
      return
    }
    var dead: [Value] = []
    var next = value
    while true {
      next.unmanaged._withUnsafeGuaranteedRef { $0.dropChildren(into: &dead) }
      next.unmanaged.release()
      guard let other = dead.popLast() else { return }
      next = other
    }
  }
}

final class StringObject: HeapObject {
  var text: String
  /// Zero until it is asked for.
  private var cachedHash: Int32 = 0
  /// Negative until it is asked for, and for texts too long to keep it.
  private var cachedCount: Int32 = -1

  init(_ text: String) { self.text = text }

  var hash: Int {
    if cachedHash == 0 { cachedHash = Int32(truncatingIfNeeded: hashBytes(of: text)) }
    return Int(cachedHash)
  }

  /// The number of characters.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  func count() throws(Fault) -> Int {
    if cachedCount >= 0 { return Int(cachedCount) }
    let count = try characterCount(of: text)
    cachedCount = Int32(exactly: count) ?? -1
    return count
  }

  /// Whether every character is one byte.
  func isASCII() throws(Fault) -> Bool { try count() == text.utf8.count }

  func append(_ more: String) {
    text += more
    cachedHash = 0
    cachedCount = -1
  }
}

/// FNV-1a; never zero, by a bit that no table is large enough to look at. Strings equal by canonical equivalence must
/// hash alike, so text beyond ASCII takes the slow way.
private func hashBytes(of text: String) -> Int {
  var text = text
  let fast = text.withUTF8 { bytes -> Int? in
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var seen: UInt8 = 0
    for byte in bytes {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      seen |= byte
    }
    return seen < 0x80 ? Int(truncatingIfNeeded: hash ^ (hash >> 32)) | 1 << 30 : nil
  }
  return fast ?? (text.hashValue | 1 << 30)
}

public final class RangeObject: HeapObject {
  public let low: Int
  public let high: Int
  public let step: Int
  /// An open end stands for the end of what is indexed.
  public let isOpenLow: Bool
  public let isOpenHigh: Bool

  init(low: Int, high: Int, step: Int, isOpenLow: Bool = false, isOpenHigh: Bool = false) {
    self.low = low
    self.high = high
    self.step = step
    self.isOpenLow = isOpenLow
    self.isOpenHigh = isOpenHigh
  }

  public var isOpen: Bool { isOpenLow || isOpenHigh }

  /// The number at a place below `count`. It lies between the ends, whatever the steps on the way wrap to.
  public func number(at place: Int) -> Int { low &+ place &* step }

  /// Every `stride`th of the numbers from a place on; nil where their step does not fit an int.
  func part(from start: Int, count: Int, stride: Int) -> RangeObject? {
    let (larger, overflow) = step.multipliedReportingOverflow(by: stride)
    if overflow, count > 1 { return nil }
    if count == 0 { return RangeObject(low: number(at: start), high: number(at: start), step: overflow ? step : larger) }
    let last = number(at: start &+ (count - 1) &* stride)
    // For a single number any step will do.
    let step = overflow ? step : larger
    let (end, isBeyond) = last.addingReportingOverflow(step)
    return RangeObject(low: number(at: start), high: isBeyond ? last + step.signum() : end, step: step)
  }

  /// The sum of the numbers, in one step; nil where it is no int.
  public var sum: Int? {
    let count = count
    if count == 0 { return 0 }
    let last = number(at: count - 1)
    // Twice the mean times the count, halved where it is even: in 128 bits nothing overflows on the way.
    let twice = (Int128(low) + Int128(last)) * Int128(count)
    return Int(exactly: twice / 2)
  }

  public var count: Int {
    if step > 0 ? high <= low : high >= low { return 0 }
    // The distance of two ints always fits an unsigned one.
    let distance = UInt(bitPattern: step > 0 ? high &- low : low &- high)
    return Int(clamping: (distance - 1) / step.magnitude + 1)
  }
}

/// A function of the language with the variables that it closes over.
final class FunctionObject: HeapObject {
  let prototype: Prototype
  final let header: UnsafeMutablePointer<CodeHeader>
  /// Owned: cells for variables, values for constants.
  var captures: [Value]

  init(_ prototype: Prototype, captures: [Value]) {
    self.prototype = prototype
    header = prototype.header
    self.captures = captures
  }

  override func dropChildren(into dead: inout [Value]) {
    for capture in captures { Self.drop(capture, into: &dead) }
    captures = []
  }

  override func forEachChild(_ body: (Value) -> Void) { captures.forEach(body) }
}

/// A builtin as a value.
final class NativeObject: HeapObject {
  let builtin: Builtin
  init(_ builtin: Builtin) { self.builtin = builtin }
}

final class CellObject: HeapObject {
  var value: Value
  private let registry: CellRegistry
  /// Where the registry has it.
  var place = 0

  init(_ value: Value, in registry: CellRegistry) {
    self.value = value
    self.registry = registry
    super.init()
    place = registry.add(self)
  }

  deinit { registry.remove(at: place) }

  override func forEachChild(_ body: (Value) -> Void) { body(value) }

  /// Takes over the new value's reference.
  func replace(with new: Value) {
    let old = value
    value = new
    old.release()
  }

  override func dropChildren(into dead: inout [Value]) {
    Self.drop(value, into: &dead)
    value = .nil
  }
}

final class QuantityObject: HeapObject {
  let amount: Double
  let dimension: Dimension
  /// The unit that it is shown in: the one it was written in or converted to. Results of arithmetic have none.
  let unit: String?

  init(_ amount: Double, _ dimension: Dimension, unit: String? = nil) {
    self.amount = amount
    self.dimension = dimension
    self.unit = unit
  }
}

final class TensorObject: HeapObject {
  var tensor: Tensor
  init(_ tensor: Tensor) { self.tensor = tensor }
}

final class SpikesObject: HeapObject {
  let spikes: Spikes
  /// The same spikes on a tape; nil where no gradient flows through them.
  let tracked: Tensor?

  init(_ spikes: Spikes, tracked: Tensor? = nil) {
    self.spikes = spikes
    self.tracked = tracked
  }
}

/// A number or a quantity under differentiation.
final class TrackedObject: HeapObject {
  /// What it is to the program; owned.
  private(set) var plain: Value
  let trace: NumberTrace

  init(_ plain: Value, _ trace: NumberTrace) {
    self.plain = plain
    self.trace = trace
  }

  override func dropChildren(into dead: inout [Value]) {
    Self.drop(plain, into: &dead)
    plain = .nil
  }
}

final class ForeignObject: HeapObject {
  var value: any ForeignValue
  init(_ value: any ForeignValue) { self.value = value }
}

/// What `catch` binds: the fault, its place, and the value thrown.
final class ErrorObject: HeapObject {
  let diagnostic: Diagnostic
  var thrown: Value

  init(_ diagnostic: Diagnostic, thrown: Value) {
    self.diagnostic = diagnostic
    self.thrown = thrown
  }

  override func dropChildren(into dead: inout [Value]) {
    Self.drop(thrown, into: &dead)
    thrown = .nil
  }

  override func forEachChild(_ body: (Value) -> Void) { body(thrown) }
}

/// A module's public names. Its values live in the machine's global slots.
public final class ModuleObject: HeapObject {
  public let name: String
  /// Builtins and globals by name.
  var members: [String: Member] = [:]

  enum Member {
    case builtin(Value)
    /// A value that is computed when it is first asked for, and then kept.
    case constant(Builtin)
    case global(Int)
  }

  init(name: String) { self.name = name }

  public var memberNames: [String] { members.keys.filter { !$0.hasPrefix("_") }.sorted() }
}
