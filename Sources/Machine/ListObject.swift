import Faults
import Glibc

/// The elements of a list or a tuple, in memory of their own so that the interpreter can change them in place, or as a part
/// of another list's: `xs[1..]` copies nothing, and a loop that takes elements away is not quadratic.
final class ListObject: HeapObject {
  final private(set) var count: Int
  final private(set) var capacity: Int
  final private(set) var base: UnsafeMutablePointer<Value>
  /// Where its own memory begins, which is before `base` where elements in front were taken away; nil for a part.
  private var memory: UnsafeMutablePointer<Value>?
  /// The list whose memory a part reads; owned.
  private var whole = Value.nil

  init(capacity: Int) {
    self.capacity = max(capacity, 4)
    count = 0
    base = Self.memory(nil, capacity: self.capacity)
    memory = base
  }

  /// The C library grows large blocks by moving pages, where a new block would be touched page by page.
  private static func memory(_ old: UnsafeMutablePointer<Value>?, capacity: Int) -> UnsafeMutablePointer<Value> {
    let grown = realloc(old, capacity * MemoryLayout<Value>.stride)
    if let grown { return grown.bindMemory(to: Value.self, capacity: capacity) }
    // Out of memory: the system has refused, and nothing can go on.
    let message: StaticString = "snn: out of memory\n"
    write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
    exit(70)
  }

  convenience init(_ elements: [Value]) {
    self.init(capacity: elements.count)
    elements.withUnsafeBufferPointer { append(taking: $0) }
  }

  deinit { free(memory) }

  override func dropChildren(into dead: inout [Value]) {
    if isPart {
      Self.drop(whole, into: &dead)
      whole = .nil
    } else {
      for index in 0..<count { Self.drop(base[index], into: &dead) }
    }
    count = 0
  }

  override func forEachChild(_ body: (Value) -> Void) {
    if isPart { return body(whole) }
    for index in 0..<count { body(base[index]) }
  }

  var buffer: UnsafeBufferPointer<Value> { UnsafeBufferPointer(start: base, count: count) }

  // MARK: growing

  /// Takes over the element's reference.
  @inline(__always)
  func append(_ element: Value) {
    if count == capacity { grow(to: count &+ 1) }
    base[count] = element
    count &+= 1
  }

  /// Appends elements whose references it takes over.
  func append(taking elements: UnsafeBufferPointer<Value>) {
    guard let first = elements.baseAddress else { return }
    grow(to: count &+ elements.count)
    (base + count).update(from: first, count: elements.count)
    count &+= elements.count
  }

  /// Appends ints, which need no more than being written.
  func append(_ ints: UnsafeBufferPointer<Int>) {
    grow(to: count &+ ints.count)
    let end = base + count
    for place in ints.indices { end[place] = .int(ints[place]) }
    count &+= ints.count
  }

  func grow(to needed: Int) {
    if needed <= capacity { return }
    let larger = max(needed, capacity * 2)
    if base != memory {
      memory?.update(from: base, count: count)
      base = memory ?? base
    }
    base = Self.memory(memory, capacity: larger)
    memory = base
    capacity = larger
  }

  /// Appends elements of others, which keep them.
  ///
  /// - Throws: `.interrupt` when the user has asked to stop; some are then appended.
  func append(copying elements: UnsafeBufferPointer<Value>) throws(Fault) {
    grow(to: count + elements.count)
    try Interrupt.parts(elements.count) { part in
      for place in part { append(elements[place].retained()) }
    }
  }

  /// A copy of some neighbours that shares the elements, owned; `extra` is the room for more.
  static func copy(of elements: UnsafeBufferPointer<Value>, extra: Int = 0, tag: Value.Tag) throws(Fault) -> Value {
    let result = ListObject(capacity: elements.count + extra)
    let value = Value(owning: result, tag: tag)
    do throws(Fault) { try result.append(copying: elements) } catch {
      value.release()
      throw error
    }
    return value
  }

  // MARK: parts

  /// Fewer elements are copied.
  private static let smallestPart = 32

  /// Some neighbours of a list, owned. Where they are most of its memory they are read from there, without a copy.
  static func part(of list: Value, _ range: Range<Int>) throws(Fault) -> Value {
    let source = list.object(as: ListObject.self)
    let whole = source.isPart ? source.whole : list
    if range.count < smallestPart || range.count < whole.read(ListObject.self, { $0.count }) / 2 {
      return try copy(of: UnsafeBufferPointer(rebasing: source.buffer[range]), tag: list.tag)
    }
    return Value(owning: ListObject(partOf: whole, from: source.base + range.lowerBound, count: range.count), tag: list.tag)
  }

  /// A list without its last element, owned, read from the list's own memory, which others hold too; nil where it is to be
  /// copied or changed in place. Without a reference to any object on the way, which a loop of `pop` would feel.
  static func partWithoutLast(of list: Value) -> Value? {
    list.read(ListObject.self) { source in
      let count = source.count - 1
      if source.references == 1 || count < smallestPart { return nil }
      let whole = source.isPart ? source.whole : list
      if count < whole.read(ListObject.self, { $0.count }) / 2 { return nil }
      return Value(owning: ListObject(partOf: whole, from: source.base, count: count), tag: .list)
    }
  }

  private init(partOf whole: Value, from base: UnsafeMutablePointer<Value>, count: Int) {
    self.whole = whole.retained()
    self.base = base
    self.count = count
    capacity = count
    super.init()
    isPart = true
  }

  /// Takes over the memory that this part reads where nothing else reads it; false where something does.
  private func takeOver() -> Bool {
    let owner = whole.object(as: ListObject.self)
    guard references == 1, owner.references == 1 else { return false }
    let start = base - owner.base
    let outside = [0..<start, start + count..<owner.count]
    memory = owner.memory
    capacity = owner.capacity - start
    owner.memory = nil
    owner.count = 0
    isPart = false
    let old = whole
    whole = .nil
    for range in outside { for place in range { owner.base[place].release() } }
    old.release()
    return true
  }

  /// Whether a list may be changed where it is, because nothing else holds it; a part then gets memory of its own.
  func claim() -> Bool { isUnique || (isPart && takeOver()) }

  // MARK: changing in place

  /// Replaces some neighbours by others, which are borrowed.
  func replace(_ range: Range<Int>, by elements: UnsafeBufferPointer<Value>) {
    if elements.isEmpty, range.upperBound == count || range.lowerBound == 0 { return drop(range) }
    let removed = Array(buffer[range])
    let behind = count - range.upperBound
    grow(to: count - range.count + elements.count)
    memmove(
      base + range.lowerBound + elements.count, base + range.upperBound, behind * MemoryLayout<Value>.stride)
    for (place, element) in elements.enumerated() { base[range.lowerBound + place] = element.retained() }
    count += elements.count - range.count
    removed.forEach { $0.release() }
    shrink()
  }

  /// Takes away elements at one end.
  private func drop(_ range: Range<Int>) {
    let removed = base + range.lowerBound
    if range.upperBound < count {
      base += range.count
      capacity -= range.count
    }
    count -= range.count
    for place in 0..<range.count { removed[place].release() }
    shrink()
  }

  /// Gives back memory of which less than a quarter is in use.
  private func shrink() {
    guard let memory, case let room = base - memory + capacity, room > 1024, count < room / 4 else { return }
    memory.update(from: base, count: count)
    capacity = room / 2
    base = Self.memory(memory, capacity: capacity)
    self.memory = base
  }
}
