import Language
import Tensors

/// A value of the language: sixteen bytes of plain data, so that numbers move without reference counting.
///
/// Heap values point to a `HeapObject` whose count is kept by hand. The rule for everybody: a function's arguments
/// are borrowed; what it returns or stores is owned, so a borrowed value is stored or returned `retained()`.
public struct Value {
  /// The value's type; tags from `string` on have a heap object as payload. An int's is zero, so that one test tells
  /// whether two values are ints.
  public struct Tag: Equatable, Sendable {
    @usableFromInline let raw: UInt8
    @inline(__always) init(_ raw: UInt8) { self.raw = raw }

    @inline(__always) public static var int: Tag { Tag(0) }
    /// An argument that was not given, or a global that has no value yet. No program can hold it.
    @inline(__always) public static var undefined: Tag { Tag(1) }
    @inline(__always) public static var bool: Tag { Tag(2) }
    @inline(__always) public static var `nil`: Tag { Tag(3) }
    @inline(__always) public static var float: Tag { Tag(4) }
    @inline(__always) public static var string: Tag { Tag(8) }
    @inline(__always) public static var list: Tag { Tag(9) }
    @inline(__always) public static var tuple: Tag { Tag(10) }
    @inline(__always) public static var map: Tag { Tag(11) }
    @inline(__always) public static var range: Tag { Tag(12) }
    @inline(__always) public static var function: Tag { Tag(13) }
    @inline(__always) public static var native: Tag { Tag(14) }
    @inline(__always) public static var quantity: Tag { Tag(15) }
    @inline(__always) public static var tensor: Tag { Tag(16) }
    @inline(__always) public static var spikes: Tag { Tag(17) }
    @inline(__always) public static var module: Tag { Tag(18) }
    @inline(__always) public static var error: Tag { Tag(19) }
    @inline(__always) public static var foreign: Tag { Tag(20) }
    /// A variable shared with closures. No program can hold it.
    @inline(__always) static var cell: Tag { Tag(21) }
    @inline(__always) static var iterator: Tag { Tag(22) }
    /// A number or a quantity that a gradient flows through. To a program it is the plain value.
    @inline(__always) public static var tracked: Tag { Tag(23) }

    @inline(__always) var isHeap: Bool { raw >= 8 }

    @inline(__always) static func areInts(_ a: Tag, _ b: Tag) -> Bool { _fastPath(a.raw | b.raw == 0) }
  }

  @usableFromInline var payload: UInt64
  public var tag: Tag

  @inline(__always) init(payload: UInt64, tag: Tag) {
    self.payload = payload
    self.tag = tag
  }

  /// Takes over the object's one reference.
  @inline(__always) init(owning object: HeapObject, tag: Tag) {
    payload = UInt64(UInt(bitPattern: Unmanaged.passRetained(object).toOpaque()))
    self.tag = tag
  }

  // MARK: plain values

  public static var `nil`: Value { Value(payload: 0, tag: .nil) }
  static var undefined: Value { Value(payload: 0, tag: .undefined) }
  @inline(__always) public static func bool(_ value: Bool) -> Value { Value(payload: value ? 1 : 0, tag: .bool) }
  @inline(__always) public static func int(_ value: Int) -> Value {
    Value(payload: UInt64(bitPattern: Int64(value)), tag: .int)
  }
  @inline(__always) public static func float(_ value: Double) -> Value { Value(payload: value.bitPattern, tag: .float) }

  @inline(__always) var rawInt: Int { Int(Int64(bitPattern: payload)) }
  @inline(__always) var rawFloat: Double { Double(bitPattern: payload) }
  @inline(__always) var rawBool: Bool { payload != 0 }

  public var isNil: Bool { tag == .nil }
  /// Whether an optional argument was left out.
  public var isUndefined: Bool { tag == .undefined }
  public var asBool: Bool? { tag == .bool ? rawBool : nil }
  public var asInt: Int? { tag == .int ? rawInt : tag == .tracked ? untracked?.asInt : nil }
  /// An int or a float as a double.
  public var asNumber: Double? {
    if tag == .float { return rawFloat }
    if tag == .tracked { return untracked?.asNumber }
    return tag == .int ? Double(rawInt) : nil
  }

  // MARK: heap values

  @inline(__always) var unmanaged: Unmanaged<HeapObject> {
    Unmanaged<HeapObject>.fromOpaque(UnsafeRawPointer(bitPattern: UInt(payload)).unsafelyUnwrapped)
  }

  @inline(__always) func object<T: HeapObject>(as type: T.Type) -> T {
    unsafeDowncast(unmanaged._withUnsafeGuaranteedRef { $0 }, to: T.self)
  }

  /// Reads an object's fields without counting a reference to it.
  @inline(__always) func read<T: HeapObject, Result>(_ type: T.Type, _ body: (T) -> Result) -> Result {
    unmanaged._withUnsafeGuaranteedRef { body(unsafeDowncast($0, to: T.self)) }
  }

  @inline(__always) public func retain() {
    if tag.isHeap { unmanaged._withUnsafeGuaranteedRef { $0.references &+= 1 } }
  }

  /// The same value with one more reference, to be stored or returned.
  @inline(__always) public func retained() -> Value {
    retain()
    return self
  }

  @inline(__always) public func release() {
    if tag.isHeap, unmanaged._withUnsafeGuaranteedRef({ $0.dropReference() }) { HeapObject.destroy(self) }
  }

  @inline(__always) var isUnique: Bool { unmanaged._withUnsafeGuaranteedRef { $0.isUnique } }

  public static func string(_ text: String) -> Value { Value(owning: StringObject(text), tag: .string) }
  /// Takes over the elements' references.
  public static func list(_ elements: [Value]) -> Value { Value(owning: ListObject(elements), tag: .list) }
  /// Takes over the elements' references.
  public static func tuple(_ elements: [Value]) -> Value { Value(owning: ListObject(elements), tag: .tuple) }
  /// A list of elements that are copied from where they are; takes over their references.
  public static func list(taking elements: UnsafeBufferPointer<Value>) -> Value {
    let list = ListObject(capacity: elements.count)
    list.append(taking: elements)
    return Value(owning: list, tag: .list)
  }
  /// A tuple of two; takes over their references.
  public static func pair(_ first: Value, _ second: Value) -> Value {
    let pair = ListObject(capacity: 2)
    pair.append(first)
    pair.append(second)
    return Value(owning: pair, tag: .tuple)
  }
  /// Takes over the values' references.
  public static func map(_ entries: KeyValuePairs<String, Value>) -> Value {
    map(entries.map { ($0.key, $0.value) })
  }
  public static func map(_ entries: [(String, Value)]) -> Value {
    let object = MapObject()
    for (key, value) in entries { object.set(.string(key), value) }
    return Value(owning: object, tag: .map)
  }
  public static func tensor(_ tensor: Tensor) -> Value { Value(owning: TensorObject(tensor), tag: .tensor) }
  public static func spikes(_ spikes: Spikes) -> Value { Value(owning: SpikesObject(spikes), tag: .spikes) }
  /// Spikes that a gradient flows through: the same as a tracked tensor.
  public static func spikes(_ spikes: Spikes, tracked: Tensor) -> Value {
    Value(owning: SpikesObject(spikes, tracked: tracked), tag: .spikes)
  }
  /// A quantity from its amount in base units; a plain float where nothing of a dimension is left.
  public static func quantity(_ amount: Double, _ dimension: Dimension, unit: String? = nil) -> Value {
    dimension == .none ? .float(amount) : Value(owning: QuantityObject(amount, dimension, unit: unit), tag: .quantity)
  }
  public static func foreign(_ value: any ForeignValue) -> Value { Value(owning: ForeignObject(value), tag: .foreign) }
  public static func range(_ low: Int, _ high: Int, step: Int = 1) -> Value {
    Value(owning: RangeObject(low: low, high: high, step: step), tag: .range)
  }

  public var asString: String? { tag == .string ? object(as: StringObject.self).text : nil }
  /// Whether this is a text that equals another.
  public func hasText(_ text: String) -> Bool { tag == .string && read(StringObject.self) { $0.text == text } }
  /// The elements of a list or a tuple, borrowed.
  public var elements: UnsafeBufferPointer<Value>? {
    if tag == .list || tag == .tuple { return object(as: ListObject.self).buffer }
    return tag == .foreign ? asForeign?.asList?.elements : nil
  }
  public var asMap: MapObject? { tag == .map ? object(as: MapObject.self) : nil }
  public var asRange: RangeObject? { tag == .range ? object(as: RangeObject.self) : nil }
  public var asTensor: Tensor? { tag == .tensor ? object(as: TensorObject.self).tensor : nil }
  /// Plain spikes; nil for those that a gradient flows through, which are taken as a tensor.
  public var asSpikes: Spikes? {
    guard tag == .spikes else { return nil }
    let object = object(as: SpikesObject.self)
    return object.tracked?.isTracked == true ? nil : object.spikes
  }
  /// Spikes with the tensor by which a gradient flows through them, if one does.
  public var asSignal: (spikes: Spikes, tracked: Tensor?)? {
    guard tag == .spikes else { return nil }
    let object = object(as: SpikesObject.self)
    return (object.spikes, object.tracked?.isTracked == true ? object.tracked : nil)
  }
  public var asQuantity: (amount: Double, dimension: Dimension)? {
    guard tag == .quantity else { return tag == .tracked ? untracked?.asQuantity : nil }
    let object = object(as: QuantityObject.self)
    return (object.amount, object.dimension)
  }
  /// The unit that a quantity was written in or converted to.
  public var unitName: String? { tag == .quantity ? object(as: QuantityObject.self).unit : nil }
  public var asForeign: (any ForeignValue)? { tag == .foreign ? object(as: ForeignObject.self).value : nil }
  public func asForeign<T: ForeignValue>(_ type: T.Type) -> T? { asForeign as? T }
  public var isCallable: Bool {
    tag == .function || tag == .native || (asForeign?.isCallable ?? false)
  }
}
