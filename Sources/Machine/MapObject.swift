/// An ordered map: entries in the order of insertion, and an open-addressed table of their places.
///
/// Keys are strings, ints and floats; a float that is a whole number is the same key as the int.
public final class MapObject: HeapObject {
  struct Entry {
    var hash: Int
    var key: Value
    var value: Value
  }

  private var entries: [Entry?] = []
  private var table: [Int32] = []
  public private(set) var count = 0

  static func isKey(_ value: Value) -> Bool {
    value.tag == .string || value.tag == .int || (value.tag == .float && !value.rawFloat.isNaN)
  }

  private static func normalised(_ key: Value) -> Value {
    if key.tag == .float, let whole = Int(exactly: key.rawFloat) { return .int(whole) }
    return key
  }

  private static func hash(_ key: Value) -> Int {
    if key.tag == .string { return key.object(as: StringObject.self).hash }
    let mixed = key.payload &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed ^ (mixed >> 29))
  }

  private static func same(_ a: Value, _ b: Value) -> Bool {
    if a.tag != b.tag { return false }
    if a.payload == b.payload { return true }
    return a.tag == .string && a.object(as: StringObject.self).text == b.object(as: StringObject.self).text
  }

  override func takeChildren(into pending: inout [Value]) {
    for case let entry? in entries {
      pending.append(entry.key)
      pending.append(entry.value)
    }
    entries = []
    table = []
    count = 0
  }

  // MARK: look-up

  private func find(_ key: Value, hash: Int) -> Int? {
    if table.isEmpty { return nil }
    let mask = table.count - 1
    var probe = hash & mask
    while true {
      let place = Int(table[probe])
      if place < 0 { return nil }
      if let entry = entries[place], entry.hash == hash, Self.same(entry.key, key) { return place }
      probe = (probe + 1) & mask
    }
  }

  /// The value of a key, borrowed.
  public func get(_ key: Value) -> Value? {
    let key = Self.normalised(key)
    return find(key, hash: Self.hash(key)).flatMap { entries[$0]?.value }
  }

  public func get(_ key: String) -> Value? {
    let key = Value.string(key)
    defer { key.release() }
    return get(key)
  }

  /// Runs the body on the value's own memory, so that it can be changed in place; nil when the key is not there.
  func withValue<Result>(of key: Value, _ body: (UnsafeMutablePointer<Value>) -> Result) -> Result? {
    let key = Self.normalised(key)
    guard let place = find(key, hash: Self.hash(key)), var value = entries[place]?.value else { return nil }
    let result = body(&value)
    entries[place]?.value = value
    return result
  }

  // MARK: change

  /// Takes over the references of both.
  public func set(_ newKey: Value, _ value: Value) {
    let key = Self.normalised(newKey)
    let hash = Self.hash(key)
    if let place = find(key, hash: hash) {
      entries[place]?.value.release()
      entries[place]?.value = value
      newKey.release()
      return
    }
    if (entries.count + 1) * 4 > table.count * 3 { rebuild() }
    insertPlace(entries.count, hash: hash)
    entries.append(Entry(hash: hash, key: key, value: value))
    count += 1
  }

  public func remove(_ key: Value) -> Bool {
    let key = Self.normalised(key)
    guard let place = find(key, hash: Self.hash(key)), let entry = entries[place] else { return false }
    entry.key.release()
    entry.value.release()
    // The table keeps the place, so that probing goes on past it.
    entries[place] = nil
    count -= 1
    return true
  }

  private func insertPlace(_ place: Int, hash: Int) {
    let mask = table.count - 1
    var probe = hash & mask
    while table[probe] >= 0 { probe = (probe + 1) & mask }
    table[probe] = Int32(truncatingIfNeeded: place)
  }

  private func rebuild() {
    entries.removeAll { $0 == nil }
    var size = 8
    while size * 3 < (entries.count + 1) * 8 { size *= 2 }
    table = [Int32](repeating: -1, count: size)
    for (place, entry) in entries.enumerated() { if let entry { insertPlace(place, hash: entry.hash) } }
  }

  // MARK: going through

  func copy() -> MapObject {
    let result = MapObject()
    result.entries = entries
    result.table = table
    result.count = count
    for case let entry? in entries {
      entry.key.retain()
      entry.value.retain()
    }
    return result
  }

  /// The first entry at or after a place, and the place behind it.
  func entry(from place: Int) -> (entry: Entry, next: Int)? {
    var place = place
    while place < entries.count {
      if let entry = entries[place] { return (entry, place + 1) }
      place += 1
    }
    return nil
  }

  /// Keys and values in order, borrowed.
  public var pairs: [(key: Value, value: Value)] { entries.compactMap { $0.map { ($0.key, $0.value) } } }

  public var stringKeys: [String] { pairs.compactMap(\.key.asString) }
}
