import Faults

extension JSON {
  /// Parses one JSON value that fills the whole text.
  ///
  /// Throws `.file` with the line and column of what is wrong, when objects repeat a name, or when values nest
  /// deeper than 200 levels.
  public static func parse(_ text: String) throws(Fault) -> JSON {
    var tree = JSONTree()
    try JSONReader.read(text, into: &tree)
    return tree.value
  }
}

/// Makes a tree of JSON values.
private struct JSONTree: JSONReceiver {
  /// A list or an object that has not ended.
  private enum Open {
    case list([JSON])
    case object([JSONMember], names: Set<String>, last: String)
  }

  private var open: [Open] = []
  /// The whole value, once it is there.
  private(set) var value = JSON.null

  private mutating func add(_ value: JSON) {
    // Taken off the stack while it grows, so that nothing is copied.
    switch open.popLast() {
    case nil: self.value = value
    case .list(var elements):
      elements.append(value)
      open.append(.list(elements))
    case .object(var members, let names, let last):
      members.append(JSONMember(last, value))
      open.append(.object(members, names: names, last: last))
    }
  }

  mutating func null() { add(.null) }
  mutating func bool(_ value: Bool) { add(.bool(value)) }
  mutating func integer(_ value: Int) { add(.integer(value)) }
  mutating func number(_ value: Double) { add(.number(value)) }
  mutating func string(_ value: String) { add(.string(value)) }
  mutating func beginList() { open.append(.list([])) }
  mutating func beginObject() { open.append(.object([], names: [], last: "")) }

  mutating func endList() {
    if case .list(let elements) = open.popLast() { add(.list(elements)) }
  }

  mutating func name(_ name: String, isASCII: Bool) -> Bool {
    guard case .object(let members, var names, _) = open.popLast() else { return false }
    let isNew = names.insert(name).inserted
    open.append(.object(members, names: names, last: name))
    return isNew
  }

  mutating func endObject() {
    if case .object(let members, _, _) = open.popLast() { add(.object(members)) }
  }
}
