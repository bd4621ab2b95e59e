import Faults

/// A list that is being made, which listens for a request to stop while it grows.
public struct ListBuilder {
  let list: ListObject

  /// Takes over the value's reference.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop.
  public func append(_ value: Value) throws(Fault) {
    list.append(value)
    if list.count & 0xFFFF == 0 { try Interrupt.check() }
  }

  /// Appends many ints; with as much capacity it takes no memory on the way.
  public func append(_ ints: [Int]) throws(Fault) {
    try ints.withUnsafeBufferPointer { (ints) throws(Fault) in
      try Interrupt.parts(ints.count) { part in list.append(UnsafeBufferPointer(rebasing: ints[part])) }
    }
  }

  public var count: Int { list.count }
  /// What has been appended, borrowed.
  public subscript(place: Int) -> Value { list.base[place] }

  /// The list that a body makes, owned; a fault lets go of it.
  public static func build(
    _ tag: Value.Tag = .list, capacity: Int = 0, _ body: (ListBuilder) throws(Fault) -> Void
  ) throws(Fault) -> Value {
    let builder = ListBuilder(list: ListObject(capacity: capacity))
    let value = Value(owning: builder.list, tag: tag)
    do throws(Fault) { try body(builder) } catch {
      value.release()
      throw error
    }
    return value
  }
}
