import Faults
import Tensors

/// What `for` and comprehensions keep while they go through a value.
final class IteratorObject: HeapObject {
  var source: Value
  var position = 0
  let count: Int
  var characters: String.Iterator

  /// Takes over the source's reference.
  init(_ source: Value, count: Int) {
    self.source = source
    self.count = count
    characters = (source.asString ?? "").makeIterator()
  }

  override func dropChildren(into dead: inout [Value]) {
    Self.drop(source, into: &dead)
    source = .nil
  }
}

extension Machine {
  @inline(never)
  func makeIterator(_ place: UnsafeMutablePointer<Value>) -> Bool {
    let source = place.pointee
    guard let count = iterationCount(source) else { return fail(cannotIterate(source)) }
    place.pointee = Value(owning: IteratorObject(source, count: count), tag: .iterator)
    return true
  }

  private func cannotIterate(_ value: Value) -> Fault {
    let help: String? =
      switch value.tag {
      case .int: "a range counts: `for i in 0..\(value.rawInt)`"
      case .function, .native: "call it first: `f(…)`"
      default: nil
      }
    return Fault(
      .type, "\(value.description(of: .kind)) cannot be gone through",
      label: value.asRange?.isOpen == true ? "this range has an open end" : "not a list, range, map, string or tensor", help: help)
  }

  func iterationCount(_ value: Value) -> Int? {
    switch value.tag {
    case .list, .tuple: return value.object(as: ListObject.self).count
    case .range:
      let range = value.object(as: RangeObject.self)
      return range.isOpen ? nil : range.count
    case .string, .map: return 0
    case .tensor: return value.asTensor?.shape.first
    case .spikes: return value.asSignal?.spikes.shape.first
    case .foreign: return value.asForeign?.isStream == true ? 0 : value.asForeign?.count
    default: return nil
    }
  }

  /// Puts the next element into a register: true, or false at the end, or nil on a fault.
  @inline(never)
  func advance(_ iteratorPlace: UnsafeMutablePointer<Value>, _ target: UnsafeMutablePointer<Value>) -> Bool? {
    let iterator = iteratorPlace.pointee.object(as: IteratorObject.self)
    switch iterator.source.tag {
    case .list, .tuple:
      let list = iterator.source.object(as: ListObject.self)
      if iterator.position < list.count {
        Machine.store(target, list.base[iterator.position].retained())
        iterator.position += 1
        return true
      }
    case .range:
      if iterator.position < iterator.count {
        let range = iterator.source.object(as: RangeObject.self)
        Machine.store(target, .int(range.number(at: iterator.position)))
        iterator.position += 1
        return true
      }
    default:
      do throws(Fault) {
        if let value = try nextElement(iterator) {
          Machine.store(target, value)
          return true
        }
      } catch {
        _ = fail(error)
        return nil
      }
    }
    Machine.store(iteratorPlace, .nil)
    return false
  }

  private func nextElement(_ iterator: IteratorObject) throws(Fault) -> Value? {
    switch iterator.source.tag {
    case .string: return iterator.characters.next().map { .string(String($0)) }
    case .map:
      guard let (entry, next) = iterator.source.object(as: MapObject.self).entry(from: iterator.position) else { return nil }
      iterator.position = next
      return .tuple([entry.key.retained(), entry.value.retained()])
    default:
      if let stream = iterator.source.asForeign, stream.isStream { return try stream.next() }
      if iterator.position >= iterator.count { return nil }
      iterator.position += 1
      if let tensor = iterator.source.asTensor, tensor.rank == 1, !tensor.isTracked {
        let number = tensor.withUnsafeBuffer { $0[iterator.position - 1] }
        return tensor.isMask ? .bool(number != 0) : .float(Double(number))
      }
      return try element(of: iterator.source, .int(iterator.position - 1))
    }
  }

  /// Goes through any iterable; the body takes over each element and may stop by giving false.
  public func forEach(_ source: Value, _ body: (Value) throws(Fault) -> Bool) throws(Fault) {
    guard let count = iterationCount(source) else { throw cannotIterate(source) }
    let iterator = IteratorObject(source.retained(), count: count)
    var place = Value(owning: iterator, tag: .iterator)
    defer { place.release() }
    var element = Value.nil
    while true {
      switch advance(&place, &element) {
      case .some(true):
        let value = element
        element = .nil
        if !(try body(value)) { return }
      case .some(false): return
      case nil: throw takeFault()
      }
      try Interrupt.check()
    }
  }

  /// The elements of any iterable, owned.
  public func collect(_ source: Value) throws(Fault) -> [Value] {
    if let count = iterationCount(source) { try checkSize(count, of: .list) }
    return try Self.gathered { (elements) throws(Fault) in
      try forEach(source) { (value) throws(Fault) in
        elements.append(value)
        return true
      }
    }
  }

  /// What a body gives for each element of any iterable, as a list, owned; it takes over the elements.
  public func list(of source: Value, _ body: (Value) throws(Fault) -> Value) throws(Fault) -> Value {
    let count = iterationCount(source) ?? 0
    try checkSize(count, of: .list)
    return try ListBuilder.build(capacity: count) { (list) throws(Fault) in
      try forEach(source) { (value) throws(Fault) in
        try list.append(try body(value))
        return true
      }
    }
  }

  /// The elements of any iterable, borrowed: those of a list as they are, others gathered.
  public func withElements<Result>(
    of source: Value, _ body: (UnsafeBufferPointer<Value>) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    if let elements = source.elements { return try body(elements) }
    let gathered = try list(of: source) { $0 }
    defer { gathered.release() }
    return try body(gathered.object(as: ListObject.self).buffer)
  }

  /// The values that a body gathers, owned; a fault lets them go.
  public static func gathered(_ body: (inout [Value]) throws(Fault) -> Void) throws(Fault) -> [Value] {
    var values: [Value] = []
    do throws(Fault) {
      try body(&values)
    } catch {
      values.forEach { $0.release() }
      throw error
    }
    return values
  }
}
