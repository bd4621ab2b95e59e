import Faults
import Language
import Tensors
import Texts

/// The machine's services that builtins call.
extension Machine {
  /// A value as a condition.
  public func isTrue(_ value: Value) throws(Fault) -> Bool { try truth(value) }

  public func sum(_ a: Value, _ b: Value) throws(Fault) -> Value { try arithmetic(.add, a, b) }
  public func product(_ a: Value, _ b: Value) throws(Fault) -> Value { try arithmetic(.multiply, a, b) }
  public func difference(_ a: Value, _ b: Value) throws(Fault) -> Value { try arithmetic(.subtract, a, b) }

  public func isKey(_ value: Value) -> Bool { MapObject.isKey(value) }

  /// A map without a key, owned; nil when the key is not there.
  public func removing(key: Value, from map: Value) throws(Fault) -> Value? {
    guard let object = map.asMap, MapObject.isKey(key), object.get(key) != nil else { return nil }
    let rest = map.isUnique ? map.retained() : try object.copy()
    _ = rest.object(as: MapObject.self).remove(key)
    return rest
  }

  /// The number of elements, or nil for what has none.
  public func count(of value: Value) throws(Fault) -> Int? {
    switch value.tag {
    case .string: return try value.object(as: StringObject.self).count()
    case .list, .tuple: return value.object(as: ListObject.self).count
    case .map: return value.object(as: MapObject.self).count
    case .range:
      let range = value.object(as: RangeObject.self)
      return range.isOpen ? nil : range.count
    case .tensor:
      guard let first = value.asTensor?.shape.first else {
        throw Fault(.type, "a tensor without axes has no length", help: "it is a single number")
      }
      return first
    case .spikes: return value.asSignal?.spikes.shape.first
    case .foreign: return value.asForeign?.count
    default: return nil
    }
  }

  /// A member by name, owned; a fault that names those there are when it is missing.
  public func memberValue(of value: Value, _ name: String) throws(Fault) -> Value {
    let key = Value.string(name)
    defer { key.release() }
    if let member = try member(value, key) { return member }
    throw noMember(value, name)
  }
}

extension Value {
  /// Whether two values are one object on the heap.
  public func isSameObject(as other: Value) -> Bool { tag == other.tag && tag.isHeap && payload == other.payload }

  /// A builtin as a function value, owned.
  public static func function(_ builtin: Builtin) -> Value { Value(owning: NativeObject(builtin), tag: .native) }

  /// Texts as a list, owned.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  public static func list(of texts: [String]) throws(Fault) -> Value {
    try ListBuilder.build(capacity: texts.count) { (list) throws(Fault) in
      for text in texts { try list.append(.string(text)) }
    }
  }

  /// A list's last element, borrowed; nil where it is empty, and for what is no list.
  public var last: Value? {
    if tag != .list { return elements?.last }
    return read(ListObject.self) { $0.count > 0 ? $0.base[$0.count - 1] : nil }
  }

  /// A list without its last element, owned; it is changed where it is when nothing but its one holder knows it.
  public func withoutLast() throws(Fault) -> Value {
    if tag == .list, let part = ListObject.partWithoutLast(of: self) { return part }
    let count = elements?.count ?? 0
    return try list(replacing: max(0, count - 1)..<count, by: UnsafeBufferPointer(start: nil, count: 0))
  }

  /// A list with some neighbours replaced by other values, owned; it is changed where it is when nothing but its one holder
  /// knows it, which then must not use it any more. The values are borrowed.
  public func list(replacing range: Range<Int>, by values: UnsafeBufferPointer<Value>) throws(Fault) -> Value {
    let elements = self.elements ?? UnsafeBufferPointer(start: nil, count: 0)
    let isList = tag == .list
    if isList, object(as: ListObject.self).claim() {
      let list = object(as: ListObject.self)
      try Self.checkMemory(for: elements.count - range.count + values.count, beyond: list.capacity)
      list.replace(range, by: values)
      return retained()
    }
    if isList, values.isEmpty, range.lowerBound == 0 || range.upperBound == elements.count {
      let rest = range.lowerBound == 0 ? range.upperBound..<elements.count : 0..<range.lowerBound
      return try ListObject.part(of: self, rest)
    }
    try Self.checkMemory(for: elements.count - range.count + values.count, beyond: 0)
    return try ListBuilder.build(capacity: elements.count - range.count + values.count) { (list) throws(Fault) in
      try list.list.append(copying: UnsafeBufferPointer(rebasing: elements[..<range.lowerBound]))
      for value in values { try list.append(value.retained()) }
      try list.list.append(copying: UnsafeBufferPointer(rebasing: elements[range.upperBound...]))
    }
  }

  /// Throws `.limit` where a list of so many elements needs memory which it does not have yet, and which is not to be had.
  private static func checkMemory(for count: Int, beyond capacity: Int) throws(Fault) {
    if count > capacity { try MemoryLimit.check(count * MemoryLayout<Value>.stride, for: "a list of \(groupedDigits(count))") }
  }

  public var asBuiltin: Builtin? { tag == .native ? object(as: NativeObject.self).builtin : nil }

  /// The names of the parameters of a function of the language or of a builtin; nil for anything else.
  public var parameterNames: [String]? {
    if tag == .function { return object(as: FunctionObject.self).prototype.parameterNames }
    return asBuiltin?.parameters.map(\.name)
  }
}

/// A value in a format as it stands behind the colon of `{x:.3}`.
public func formatValue(_ value: Value, by format: String) throws(Fault) -> String {
  try FormatSpecification(parsing: format).format(value)
}
