// Reading JSON as hostile text: every malformation is a fault with its place, and nesting is bounded.

import Faults

extension JSON {
  /// Parses one JSON value that fills the whole text.
  ///
  /// Throws `.file` with the line and column of what is wrong, when objects repeat a name, or when values nest
  /// deeper than 200 levels.
  public static func parse(_ text: String) throws(Fault) -> JSON {
    var parser = JSONParser(bytes: Array(text.utf8))
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    if parser.offset < parser.bytes.count { throw parser.fault("text after the end of the value") }
    return value
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  func fault(_ found: String) -> Fault {
    let before = bytes[..<min(offset, bytes.count)]
    let line = 1 + before.count { $0 == 10 }
    // Columns count characters, as an editor does: bytes that go on a character count for none.
    let column = 1 + before[((before.lastIndex(of: 10) ?? -1) + 1)...].count { $0 & 0xC0 != 0x80 }
    return Fault(.file, "malformed JSON", label: "\(found) on line \(line), column \(column)")
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func skipSpace() {
    while let byte = current, byte == 32 || byte == 10 || byte == 13 || byte == 9 { offset += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    if current != UInt8(ascii: character) { return false }
    offset += 1
    return true
  }

  private mutating func acceptWord(_ word: StaticString) -> Bool {
    word.withUTF8Buffer { letters in
      if bytes.count - offset < letters.count || !bytes[offset..<(offset + letters.count)].elementsEqual(letters) {
        return false
      }
      offset += letters.count
      return true
    }
  }

  mutating func value(depth: Int) throws(Fault) -> JSON {
    if depth > 200 { throw fault("values nested deeper than 200 levels") }
    skipSpace()
    switch current {
    case nil: throw fault("the end of the text instead of a value")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    default: break
    }
    if acceptWord("null") { return .null }
    if acceptWord("true") { return .bool(true) }
    if acceptWord("false") { return .bool(false) }
    if acceptWord("NaN") { return .number(.nan) }
    if acceptWord("Infinity") { return .number(.infinity) }
    if acceptWord("-Infinity") { return .number(-.infinity) }
    return try number()
  }

  private mutating func object(depth: Int) throws(Fault) -> JSON {
    offset += 1
    var members: [JSONMember] = []
    var names: Set<String> = []
    if accept("}") { return .object([]) }
    repeat {
      skipSpace()
      if current != UInt8(ascii: "\"") { throw fault("something else than a member's name") }
      let name = try string()
      if !names.insert(name).inserted { throw fault("a second member of the same name") }
      if !accept(":") { throw fault("no colon after a member's name") }
      members.append(JSONMember(name, try value(depth: depth + 1)))
    } while accept(",")
    if !accept("}") { throw fault("no comma or brace after a member") }
    return .object(members)
  }

  private mutating func list(depth: Int) throws(Fault) -> JSON {
    offset += 1
    var elements: [JSON] = []
    if accept("]") { return .list([]) }
    repeat { elements.append(try value(depth: depth + 1)) } while accept(",")
    if !accept("]") { throw fault("no comma or bracket after an element") }
    return .list(elements)
  }

  private mutating func number() throws(Fault) -> JSON {
    let start = offset
    while let byte = current, isNumberByte(byte) { offset += 1 }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if let whole = Int(text), !text.hasPrefix("+") { return .integer(whole) }
    let startsWell = text.hasPrefix("-") || text.utf8.first.map { (48...57).contains($0) } ?? false
    let isWhole = text.utf8.allSatisfy { (48...57).contains($0) || $0 == 45 }
    if startsWell, let value = Double(text), value.isFinite {
      if isWhole {
        offset = start
        throw fault("a whole number that no int of 64 bits holds")
      }
      return .number(value)
    }
    offset = start
    throw fault("something that is no value")
  }

  private func isNumberByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || byte == 43 || byte == 45 || byte == 46 || byte == 69 || byte == 101
  }

  private mutating func string() throws(Fault) -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = current {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let decoded = String(validating: text, as: UTF8.self) else { throw fault("a string that is not UTF-8") }
        return decoded
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<32: throw fault("a control character in a string")
      default: text.append(byte)
      }
    }
    throw fault("the end of the text inside a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(Fault) {
    guard let letter = current else { throw fault("the end of the text inside a string") }
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if 0xd800..<0xdc00 ~= code {
        guard acceptWord("\\u") else { throw fault("half of a surrogate pair") }
        let low = try codeUnit()
        guard 0xdc00..<0xe000 ~= low else { throw fault("half of a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw fault("an unknown escape")
    }
  }

  private mutating func codeUnit() throws(Fault) -> UInt32 {
    guard bytes.count - offset >= 4,
      let code = UInt32(String(decoding: bytes[offset..<(offset + 4)], as: UTF8.self), radix: 16),
      bytes[offset] != 43
    else { throw fault("an escape without four hexadecimal digits") }
    offset += 4
    return code
  }
}
