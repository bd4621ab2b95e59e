// Reading JSON as hostile text: every malformation is a fault with its place, and nesting is bounded.

import Faults

/// What makes values of a JSON text as it is read. Each list and object ends with its `end`, unless a fault comes before.
public protocol JSONReceiver {
  mutating func null()
  mutating func bool(_ value: Bool)
  mutating func integer(_ value: Int)
  mutating func number(_ value: Double)
  mutating func string(_ value: String)
  mutating func beginList()
  mutating func endList()
  mutating func beginObject()
  /// A member's name, before its value; false where the object has that name already.
  mutating func name(_ name: String, isASCII: Bool) -> Bool
  mutating func endObject()
}

/// Reads one JSON value that fills a whole text, from its bytes and straight into what a receiver makes of it.
public struct JSONReader<Receiver: JSONReceiver> {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var offset = 0
  private var valuesUntilCheck = Self.valuesBetweenChecks
  private var receiver: Receiver

  private static var valuesBetweenChecks: Int { 16_384 }
  private static var deepest: Int { 200 }

  /// Tells a receiver what the text holds, and gives it back.
  ///
  /// Throws `.file` with the line and column of what is wrong, when objects repeat a name, or when values nest deeper than
  /// 200 levels; `.interrupt` when the user has asked to stop.
  public static func read(_ text: String, into receiver: inout Receiver) throws(Fault) {
    try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(Fault) in
      var reader = JSONReader(bytes: bytes, receiver: receiver)
      // What was begun is the receiver's to let go, also after a fault.
      defer { receiver = reader.receiver }
      try reader.value(depth: 0)
      reader.skipSpace()
      if reader.offset < bytes.count { throw reader.fault("text after the end of the value") }
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, receiver: Receiver) {
    self.bytes = bytes
    self.receiver = receiver
  }

  @inline(never)
  private func fault(_ found: String) -> Fault {
    let before = bytes[..<min(offset, bytes.count)]
    let line = 1 + before.count { $0 == 10 }
    // Columns count characters, as an editor does: bytes that go on a character count for none.
    let column = 1 + before[((before.lastIndex(of: 10) ?? -1) + 1)...].count { $0 & 0xC0 != 0x80 }
    return Fault(.file, "malformed JSON", label: "\(found) on line \(line), column \(column)")
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 32 || byte == 10 || byte == 13 || byte == 9 { offset += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    if current != UInt8(ascii: character) { return false }
    offset += 1
    return true
  }

  private mutating func acceptWord(_ word: StaticString) -> Bool {
    let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    if bytes.count - offset < letters.count { return false }
    for place in letters.indices where bytes[offset + place] != letters[place] { return false }
    offset += letters.count
    return true
  }

  // MARK: values

  private mutating func value(depth: Int) throws(Fault) {
    if depth > Self.deepest { throw fault("values nested deeper than \(Self.deepest) levels") }
    valuesUntilCheck -= 1
    if valuesUntilCheck == 0 {
      valuesUntilCheck = Self.valuesBetweenChecks
      try Interrupt.check()
    }
    skipSpace()
    switch current {
    case nil: throw fault("the end of the text instead of a value")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return receiver.string(try string().text)
    case let digit? where isDigit(digit): return try number()
    default: break
    }
    if acceptWord("null") { return receiver.null() }
    if acceptWord("true") { return receiver.bool(true) }
    if acceptWord("false") { return receiver.bool(false) }
    if acceptWord("NaN") { return receiver.number(.nan) }
    if acceptWord("Infinity") { return receiver.number(.infinity) }
    if acceptWord("-Infinity") { return receiver.number(-.infinity) }
    try number()
  }

  private mutating func object(depth: Int) throws(Fault) {
    offset += 1
    receiver.beginObject()
    if accept("}") { return receiver.endObject() }
    repeat {
      skipSpace()
      if current != UInt8(ascii: "\"") { throw fault("something else than a member's name") }
      let (name, isASCII) = try string()
      if !receiver.name(name, isASCII: isASCII) { throw fault("a second member of the same name") }
      if !accept(":") { throw fault("no colon after a member's name") }
      try value(depth: depth + 1)
    } while accept(",")
    if !accept("}") { throw fault("no comma or brace after a member") }
    receiver.endObject()
  }

  private mutating func list(depth: Int) throws(Fault) {
    offset += 1
    receiver.beginList()
    if accept("]") { return receiver.endList() }
    repeat { try value(depth: depth + 1) } while accept(",")
    if !accept("]") { throw fault("no comma or bracket after an element") }
    receiver.endList()
  }

  // MARK: numbers

  private mutating func number() throws(Fault) {
    if acceptShortNumber() { return }
    let start = offset
    while let byte = current, isNumberByte(byte) { offset += 1 }
    let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
    if let whole = Int(text), !text.hasPrefix("+") { return receiver.integer(whole) }
    let startsWell = text.hasPrefix("-") || text.utf8.first.map(isDigit) ?? false
    let isWhole = text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "-") }
    if startsWell, let value = Double(text), value.isFinite {
      if isWhole {
        offset = start
        throw fault("a whole number that no int of 64 bits holds")
      }
      return receiver.number(value)
    }
    offset = start
    throw fault("something that is no value")
  }

  /// Most numbers: of so few digits that they, and the power of ten which divides them, are exact as doubles; the quotient
  /// is then the double nearest to what was written (W. D. Clinger, "How to read floating point numbers accurately", 1990).
  private mutating func acceptShortNumber() -> Bool {
    var place = offset
    let isNegative = bytes[place] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    let first = place
    var digits = 0
    var fraction: Int?
    while place < bytes.count {
      let byte = bytes[place]
      if isDigit(byte) {
        digits = digits &* 10 &+ Int(byte &- 48)
      } else if byte == UInt8(ascii: "."), fraction == nil, place > first {
        fraction = place + 1
      } else {
        if isNumberByte(byte) { return false }
        break
      }
      place += 1
      // The point counts for one.
      if place - first > 16 { return false }
    }
    if place == first { return false }
    if let fraction {
      let behind = place - fraction
      if behind == 0 { return false }
      let value = Double(digits) / powersOfTen[behind]
      receiver.number(isNegative ? -value : value)
    } else {
      receiver.integer(isNegative ? -digits : digits)
    }
    offset = place
    return true
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  private func isNumberByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == 43 || byte == 45 || byte == 46 || byte == 69 || byte == 101
  }

  // MARK: texts

  private mutating func string() throws(Fault) -> (text: String, isASCII: Bool) {
    offset += 1
    let start = offset
    var seen: UInt8 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\"") {
        let part = UnsafeBufferPointer(rebasing: bytes[start..<offset - 1])
        if seen < 0x80 { return (String(decoding: part, as: UTF8.self), true) }
        return (try decoded(part), false)
      }
      if byte == UInt8(ascii: "\\") { return (try stringWithEscapes(from: start), false) }
      if byte < 32 { throw fault("a control character in a string") }
      seen |= byte
      if offset & 0xFFFFF == 0 { try Interrupt.check() }
    }
    throw fault("the end of the text inside a string")
  }

  private func decoded(_ text: some Collection<UInt8>) throws(Fault) -> String {
    guard let decoded = String(validating: text, as: UTF8.self) else { throw fault("a string that is not UTF-8") }
    return decoded
  }

  /// The rest of a string, from the letter behind its first backslash on.
  private mutating func stringWithEscapes(from start: Int) throws(Fault) -> String {
    var text = Array(bytes[start..<offset - 1])
    try escape(into: &text)
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return try decoded(text)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<32: throw fault("a control character in a string")
      default: text.append(byte)
      }
      if offset & 0xFFFFF == 0 { try Interrupt.check() }
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
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
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

/// Those that a number of at most 16 characters can need; each is exact.
private let powersOfTen: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16]
