import Faults

/// An ordered map: entries in the order of insertion, and an open-addressed table of their places.
///
/// Keys are strings, ints and floats; a float that is a whole number is the same key as the int.
public final class MapObject: HeapObject {
  public override init() {}

  struct Entry {
    var hash: Int
    /// Undefined where the entry was removed.
    var key: Value
    var value: Value
  }

  /// Room for `entryCapacity` of them; nothing is there, and nothing is read, while that is zero.
  private var entries = UnsafeMutablePointer<Entry>(bitPattern: MemoryLayout<Entry>.alignment).unsafelyUnwrapped
  private var entryCount = 0
  private var entryCapacity = 0
  /// Places in `entries`, -1 where empty; a power of two long. It is there where entries are.
  private var table = UnsafeMutablePointer<Int32>(bitPattern: MemoryLayout<Int32>.alignment).unsafelyUnwrapped
  private var tableSize = 0
  public private(set) var count = 0

  deinit { deallocate() }

  private func deallocate() {
    if entryCapacity == 0 { return }
    entries.deallocate()
    table.deallocate()
  }

  static func isKey(_ value: Value) -> Bool {
    if value.tag == .tracked { return isKey(value.plain) }
    return value.tag == .string || value.tag == .int || (value.tag == .float && !value.rawFloat.isNaN)
  }

  private static func normalised(_ key: Value) -> Value {
    if key.tag == .tracked { return normalised(key.plain) }
    if key.tag == .float, let whole = Int(exactly: key.rawFloat) { return .int(whole) }
    return key
  }

  private static func hash(_ key: Value) -> Int {
    if key.tag == .string { return key.read(StringObject.self) { $0.hash } }
    let mixed = key.payload &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed ^ (mixed >> 29))
  }

  private static func same(_ a: Value, _ b: Value) -> Bool {
    // A key that a gradient flows through is kept as it is, and found by its value.
    if a.tag != b.tag { return a.tag == .tracked && same(normalised(a), b) }
    if a.payload == b.payload { return true }
    return a.tag == .string && sameText(a, b)
  }

  /// Out of line, since most keys are found by identity.
  @inline(never)
  private static func sameText(_ a: Value, _ b: Value) -> Bool {
    a.read(StringObject.self) { first in b.read(StringObject.self) { first.text == $0.text } }
  }

  override func dropChildren(into dead: inout [Value]) {
    for place in 0..<entryCount where entries[place].key.tag != .undefined {
      Self.drop(entries[place].key, into: &dead)
      Self.drop(entries[place].value, into: &dead)
    }
    entryCount = 0
    tableSize = 0
    count = 0
  }

  override func forEachChild(_ body: (Value) -> Void) {
    for place in 0..<entryCount where entries[place].key.tag != .undefined { body(entries[place].value) }
  }

  // MARK: look-up

  private func find(_ key: Value, hash: Int) -> UnsafeMutablePointer<Entry>? {
    if tableSize == 0 { return nil }
    let mask = tableSize &- 1
    var probe = hash & mask
    while true {
      let place = Int(table[probe])
      if place < 0 { return nil }
      let entry = entries + place
      if entry.pointee.hash == hash, Self.same(entry.pointee.key, key) { return entry }
      probe = (probe &+ 1) & mask
    }
  }

  /// The value of a key, borrowed.
  public func get(_ key: Value) -> Value? { place(of: key)?.pointee }

  /// Where the value of a key is, to be changed in place; nil when the key is not there.
  func place(of key: Value) -> UnsafeMutablePointer<Value>? {
    let key = Self.normalised(key)
    guard let entry = find(key, hash: Self.hash(key)) else { return nil }
    return withUnsafeMutablePointer(to: &entry.pointee.value) { $0 }
  }

  public func get(_ key: String) -> Value? {
    let key = Value.string(key)
    defer { key.release() }
    return get(key)
  }

  // MARK: change

  /// Lets go of all keys and values.
  public func clear() {
    var dead: [Value] = []
    dropChildren(into: &dead)
    dead.forEach { HeapObject.destroy($0) }
  }

  /// Takes over the references of both.
  public func set(_ newKey: Value, _ value: Value) {
    let key = Self.normalised(newKey)
    let hash = Self.hash(key)
    if let entry = find(key, hash: hash) {
      let old = entry.pointee.value
      entry.pointee.value = value
      old.release()
      newKey.release()
      return
    }
    append(Entry(hash: hash, key: newKey.tag == .tracked ? newKey : key, value: value))
  }

  /// Adds a text as a key behind all others, with nil; takes over its reference. False, and nothing done, where it is there.
  public func add(_ key: Value) -> Bool {
    let hash = Self.hash(key)
    if find(key, hash: hash) != nil { return false }
    append(Entry(hash: hash, key: key, value: .nil))
    return true
  }

  /// Gives the key that was added last its value; takes over the reference.
  public func setLast(_ value: Value) {
    if entryCount == 0 { return value.release() }
    let old = entries[entryCount - 1].value
    entries[entryCount - 1].value = value
    old.release()
  }

  /// Adds an entry whose key is not there.
  private func append(_ entry: Entry) {
    if (entryCount + 1) * 4 > tableSize * 3 { rebuild() }
    insertPlace(entryCount, hash: entry.hash)
    (entries + entryCount).initialize(to: entry)
    entryCount += 1
    count += 1
  }

  public func remove(_ key: Value) -> Bool {
    let key = Self.normalised(key)
    guard let place = find(key, hash: Self.hash(key)) else { return false }
    let entry = place.pointee
    // The table keeps the place, so that probing goes on past it.
    place.pointee = Entry(hash: 0, key: .undefined, value: .nil)
    count -= 1
    entry.key.release()
    entry.value.release()
    return true
  }

  private func insertPlace(_ place: Int, hash: Int) {
    let mask = tableSize - 1
    var probe = hash & mask
    while table[probe] >= 0 { probe = (probe + 1) & mask }
    table[probe] = Int32(truncatingIfNeeded: place)
  }

  /// Drops removed entries and makes room for as many more as there are.
  private func rebuild() {
    var size = 8
    while size * 3 < (count + 1) * 8 { size *= 2 }
    let capacity = size * 3 / 4 + 1
    let kept = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    var keptCount = 0
    for place in 0..<entryCount where entries[place].key.tag != .undefined {
      (kept + keptCount).initialize(to: entries[place])
      keptCount += 1
    }
    deallocate()
    entries = kept
    entryCount = keptCount
    entryCapacity = capacity
    table = .allocate(capacity: size)
    table.initialize(repeating: -1, count: size)
    tableSize = size
    for place in 0..<entryCount { insertPlace(place, hash: entries[place].hash) }
  }

  // MARK: going through

  /// A copy that shares keys and values, owned.
  func copy() throws(Fault) -> Value {
    let result = MapObject()
    let value = Value(owning: result, tag: .map)
    if entryCapacity == 0 { return value }
    result.entries = .allocate(capacity: entryCapacity)
    result.table = .allocate(capacity: max(tableSize, 1))
    result.table.initialize(from: table, count: tableSize)
    result.entryCapacity = entryCapacity
    result.tableSize = tableSize
    do throws(Fault) {
      try Interrupt.parts(entryCount) { part in
        for place in part {
          entries[place].key.retain()
          entries[place].value.retain()
          (result.entries + place).initialize(to: entries[place])
        }
        result.entryCount = part.upperBound
      }
    } catch {
      value.release()
      throw error
    }
    result.count = count
    return value
  }

  /// Calls a body with keys and values in order, borrowed, and listens for a request to stop.
  public func forEachPair(_ body: (Value, Value) throws(Fault) -> Void) throws(Fault) {
    try Interrupt.parts(entryCount) { (part) throws(Fault) in
      for place in part where entries[place].key.tag != .undefined { try body(entries[place].key, entries[place].value) }
    }
  }

  /// The first entry at or after a place, and the place behind it.
  func entry(from place: Int) -> (entry: Entry, next: Int)? {
    var place = place
    while place < entryCount {
      if entries[place].key.tag != .undefined { return (entries[place], place + 1) }
      place += 1
    }
    return nil
  }

  /// Keys and values in order, borrowed.
  public var pairs: [(key: Value, value: Value)] {
    (0..<entryCount).filter { entries[$0].key.tag != .undefined }.map { (entries[$0].key, entries[$0].value) }
  }

  public var stringKeys: [String] { pairs.compactMap(\.key.asString) }
}
