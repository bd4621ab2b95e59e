import Faults
import Machine
import Tensors

/// The elements of a call's first argument in order: numbers and texts by their digits, others by comparing.
func sorted(_ call: Call) throws(Fault) -> Value {
  let descending = try call.bool(2, default: false)
  if let tensor = call[0].asTensor, !call.has(1) { return .tensor(try tensor.sorted(along: -1, descending: descending)) }
  return try call.machine.withElements(of: call[0]) { (elements) throws(Fault) in
    if !call.has(1) { return try sorted(elements, by: elements, call, descending: descending) }
    let keys = try call.machine.list(of: call[0]) { (element) throws(Fault) in
      defer { element.release() }
      return try call.invoke(call[1], [element])
    }
    defer { keys.release() }
    return try sorted(elements, by: keys.elements ?? elements, call, descending: descending)
  }
}

private func sorted(
  _ elements: UnsafeBufferPointer<Value>, by keys: UnsafeBufferPointer<Value>, _ call: Call, descending: Bool
) throws(Fault) -> Value {
  let order = try places(in: keys, call, descending: descending)
  return try ListBuilder.build(capacity: order.count) { (list) throws(Fault) in
    for place in order { try list.append(elements[place].retained()) }
  }
}

/// The places of keys in the order of these; equal ones keep theirs, and nan comes last.
private func places(in keys: UnsafeBufferPointer<Value>, _ call: Call, descending: Bool) throws(Fault) -> [Int] {
  if keys.allSatisfy({ $0.tag == .int }) {
    return try RadixSort.order(of: try collected(keys) { $0.asInt ?? 0 }, descending: descending)
  }
  if keys.allSatisfy({ $0.tag == .float }) {
    return try RadixSort.order(of: try collected(keys) { $0.asNumber ?? .nan }, descending: descending)
  }
  if keys.allSatisfy({ $0.tag == .string }) {
    let texts = try collected(keys) { $0.asString ?? "" }
    if let order = try plainOrder(of: texts, descending: descending) { return order }
  }
  return try sortedPlaces(keys.count) { (a, b) throws(Fault) in
    guard let order = try call.machine.order(keys[a], keys[b], "<") else {
      // Without an order, as nan is: those go to the end.
      let (isFirstOdd, isSecondOdd) = (keys[a].plain.asNumber?.isNaN == true, keys[b].plain.asNumber?.isNaN == true)
      return isFirstOdd == isSecondOdd ? a < b : isSecondOdd
    }
    if order == 0 { return a < b }
    return descending ? order > 0 : order < 0
  }
}

private func collected<Key>(_ values: UnsafeBufferPointer<Value>, _ key: (Value) -> Key) throws(Fault) -> [Key] {
  var keys: [Key] = []
  keys.reserveCapacity(values.count)
  try Interrupt.parts(values.count) { part in for place in part { keys.append(key(values[place])) } }
  return keys
}

/// The order of texts of ASCII: by their first eight bytes, and by comparing where those are the same; nil for other texts.
private func plainOrder(of texts: [String], descending: Bool) throws(Fault) -> [Int]? {
  var starts: [UInt64] = []
  starts.reserveCapacity(texts.count)
  var isPlain = true
  try Interrupt.parts(texts.count) { part in
    for place in part {
      var start: UInt64 = 0
      var count = 0
      for byte in texts[place].utf8 {
        if byte >= 0x80 { isPlain = false }
        if count < 8 { start |= UInt64(byte) << UInt64(56 - 8 * count) }
        count += 1
      }
      starts.append(start)
    }
  }
  guard isPlain else { return nil }
  var order = try RadixSort.order(of: starts, descending: descending)
  var first = 0
  while first < order.count {
    var end = first + 1
    while end < order.count, starts[order[end]] == starts[order[first]] { end += 1 }
    if end - first > 1 {
      let group = Array(order[first..<end])
      let inner = try sortedPlaces(group.count) { (a, b) throws(Fault) in
        let (left, right) = (texts[group[a]], texts[group[b]])
        return left == right ? a < b : (left < right) != descending
      }
      for (place, chosen) in inner.enumerated() { order[first + place] = group[chosen] }
    }
    first = end
  }
  return order
}

/// The numbers 0..<count in the order that a comparison gives; its fault ends the sorting.
private func sortedPlaces(_ count: Int, _ isBefore: (Int, Int) throws(Fault) -> Bool) throws(Fault) -> [Int] {
  var comparisons = 0
  do {
    return try (0..<count).sorted { a, b in
      comparisons += 1
      if comparisons & 0xFFF == 0 { try Interrupt.check() }
      return try isBefore(a, b)
    }
  } catch let fault as Fault {
    throw fault
  } catch {
    throw Fault(.value, "the elements cannot be sorted")
  }
}

/// The elements without repetitions, in the order of their first occurrence.
func uniqueElements(_ call: Call) throws(Fault) -> Value {
  if let tensor = call[0].asTensor, tensor.rank == 1, !tensor.isTracked { return try uniqueNumbers(tensor) }
  if let elements = call[0].elements, elements.count > 64, elements.allSatisfy({ $0.tag == .int }) {
    let numbers = try collected(elements) { $0.asInt ?? 0 }
    let places = try firstPlaces(numbers.count, bits: { UInt64(bitPattern: Int64(numbers[$0])) }, isOwn: { _ in false })
    return try ListBuilder.build(capacity: places.count) { (list) throws(Fault) in
      for place in places { try list.append(.int(numbers[place])) }
    }
  }
  return try ListBuilder.build { (kept) throws(Fault) in
    // What can be a key is found by its hash; only other values are compared one by one.
    let keys = UniqueKeys()
    var others: [Int] = []
    try call.machine.forEach(call[0]) { (value) throws(Fault) in
      defer { value.release() }
      let isKey = call.machine.isKey(value)
      if isKey, keys.contains(value) { return true }
      for place in isKey ? others : Array(0..<kept.count) where try call.machine.equal(kept[place], value) { return true }
      if isKey { keys.insert(value) } else { others.append(kept.count) }
      try kept.append(value.retained())
      return true
    }
  }
}

/// The same for the numbers of a tensor; no nan equals another.
private func uniqueNumbers(_ tensor: Tensor) throws(Fault) -> Value {
  let kept = try tensor.withUnsafeBuffer { (numbers) throws(Fault) in
    try firstPlaces(
      numbers.count, bits: { UInt64(numbers[$0] == 0 ? 0 : numbers[$0].bitPattern) }, isOwn: { numbers[$0].isNaN }
    ).map { numbers[$0] }
  }
  return try nestedList(kept[...], nil, shape: [kept.count], isMask: tensor.isMask)
}

/// Where each of the different keys stands first, in order, by an open-addressing table of places.
///
/// - Parameters:
///   - bits: the key at a place; equal bits are equal keys.
///   - isOwn: whether the key at a place equals no other.
@inline(__always)
private func firstPlaces(_ count: Int, bits: (Int) -> UInt64, isOwn: (Int) -> Bool) throws(Fault) -> [Int] {
  var width = 4
  while width < 40, 1 << width < 2 * count { width += 1 }
  try MemoryLimit.check(8 << width + 8 * count, for: "a table of the different numbers")
  let free = -1
  var table = [Int](repeating: free, count: 1 << width)
  var kept: [Int] = []
  try Interrupt.parts(count) { part in
    table.withUnsafeMutableBufferPointer { table in
      next: for place in part {
        if !isOwn(place) {
          let key = bits(place)
          var probe = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - width))
          while table[probe] != free {
            if bits(table[probe]) == key { continue next }
            probe = (probe &+ 1) & (1 << width - 1)
          }
          table[probe] = place
        }
        kept.append(place)
      }
    }
  }
  return kept
}

/// Keys that have been met, held as long as this is.
private struct UniqueKeys: ~Copyable {
  private let map = MapObject()

  func contains(_ key: Value) -> Bool { map.get(key) != nil }
  func insert(_ key: Value) { map.set(key.retained(), .nil) }

  deinit { map.clear() }
}
