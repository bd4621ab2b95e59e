// Writing JSON, value by value.

/// The bytes of a JSON text that grows: on one line, or each element and member on a line of its own.
///
/// Whoever writes begins and ends lists and objects, and gives each member's name before its value.
public struct JSONWriter {
  private var bytes: [UInt8] = []
  /// The blanks by which each level stands further in; nil for a text on one line.
  private let indent: Int?
  private var level = 0
  /// Whether nothing was written yet in the list or object that is open.
  private var isFirst = true
  private var isBehindName = false

  public init(indent: Int? = nil) { self.indent = indent }

  /// The size so far, in bytes.
  public var count: Int { bytes.count }

  /// What was written.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  // MARK: values

  public mutating func null() {
    beginValue()
    append("null")
  }

  public mutating func bool(_ value: Bool) {
    beginValue()
    append(value ? "true" : "false")
  }

  public mutating func integer(_ value: Int) {
    beginValue()
    append(digitsOf: value)
  }

  /// A number with a point; those that JSON does not have as Python writes them.
  public mutating func number(_ value: Double) {
    beginValue()
    // Most of those are whole in practice, and a text of any other takes longer.
    if value.magnitude < 1e15, value != 0, case let whole = Int(value), Double(whole) == value {
      append(digitsOf: whole)
      append(".0")
    } else if value.isNaN {
      append("NaN")
    } else if value.isInfinite {
      append(value < 0 ? "-Infinity" : "Infinity")
    } else {
      append(contentsOf: value.description)
    }
  }

  /// A number of 32 bits, in as few digits as tell it from its neighbours.
  public mutating func number(_ value: Float) {
    // Larger ones, which a double writes with other exponents, are those that a double would be read as.
    guard value.magnitude < 0x1p24 else { return number(Double(value.description) ?? Double(value)) }
    beginValue()
    append(contentsOf: value.description)
  }

  public mutating func string(_ value: String) {
    beginValue()
    append(quoted: value)
  }

  public mutating func beginList() { begin("[") }
  public mutating func endList() { end("]") }
  public mutating func beginObject() { begin("{") }
  public mutating func endObject() { end("}") }

  /// A member's name, before its value.
  public mutating func name(_ name: String) {
    beginValue()
    append(quoted: name)
    append(indent == nil ? ":" : ": ")
    isBehindName = true
  }

  // MARK: parts

  /// What stands between a value and the one before it.
  private mutating func beginValue() {
    if isBehindName {
      isBehindName = false
      return
    }
    if !isFirst { append(",") }
    isFirst = false
    if level > 0 { appendBreak() }
  }

  private mutating func begin(_ bracket: StaticString) {
    beginValue()
    append(bracket)
    level += 1
    isFirst = true
  }

  private mutating func end(_ bracket: StaticString) {
    level -= 1
    if !isFirst { appendBreak() }
    append(bracket)
    isFirst = false
  }

  private mutating func appendBreak() {
    guard let indent else { return }
    bytes.append(10)
    bytes.append(contentsOf: repeatElement(32, count: indent * level))
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func append(contentsOf text: String) {
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  private mutating func append(digitsOf value: Int) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var place = digits.count
      var rest = value.magnitude
      repeat {
        place -= 1
        digits[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      if value < 0 {
        place -= 1
        digits[place] = UInt8(ascii: "-")
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[place...]))
    }
  }

  /// A text in quotes: what must be escaped is one byte long, and all between is copied as it is.
  private mutating func append(quoted text: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { source in
      var copied = 0
      for (place, byte) in source.enumerated() where byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: source[copied..<place]))
        copied = place + 1
        append(escaped: byte)
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: source[copied...]))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(escaped byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 10: append("\\n")
    case 13: append("\\r")
    case 9: append("\\t")
    default: append(contentsOf: "\\u00" + hexadecimal(byte))
    }
  }
}
