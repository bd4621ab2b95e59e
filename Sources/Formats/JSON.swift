// The descriptions inside checkpoints are JSON (RFC 8259), so that any tool can read what a network is.

/// A JSON value whose objects keep the order in which they were written.
///
/// Two steps beyond the standard: whole numbers stay integers, and `NaN`, `Infinity` and `-Infinity` are numbers.
public indirect enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case list([JSON])
  case object([JSONMember])

  /// The member of an object by its name; nil for other values and unknown names.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string.
  public var stringValue: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The value of a whole number.
  public var integerValue: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value of any number.
  public var numberValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The elements of a list.
  public var listValue: [JSON]? {
    if case .list(let elements) = self { return elements }
    return nil
  }
}

/// One name and value of a JSON object.
public struct JSONMember: Equatable, Sendable {
  public var name: String
  public var value: JSON

  public init(_ name: String, _ value: JSON) {
    self.name = name
    self.value = value
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .list(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
}

extension JSON {
  /// The value as text on one line.
  public var text: String { text(indent: nil) }

  /// The value as text: on one line, or each element and member on a line of its own, so many blanks further in than what
  /// holds it.
  public func text(indent: Int?) -> String {
    var out = ""
    write(to: &out, indent: indent, level: 0)
    return out
  }

  private func write(to out: inout String, indent: Int?, level: Int) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += Self.text(of: value)
    case .string(let value): Self.writeQuoted(value, to: &out)
    case .list(let elements):
      out += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { out += "," }
        Self.writeBreak(to: &out, indent, level + 1)
        element.write(to: &out, indent: indent, level: level + 1)
      }
      if !elements.isEmpty { Self.writeBreak(to: &out, indent, level) }
      out += "]"
    case .object(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { out += "," }
        Self.writeBreak(to: &out, indent, level + 1)
        Self.writeQuoted(member.name, to: &out)
        out += indent == nil ? ":" : ": "
        member.value.write(to: &out, indent: indent, level: level + 1)
      }
      if !members.isEmpty { Self.writeBreak(to: &out, indent, level) }
      out += "}"
    }
  }

  private static func writeBreak(to out: inout String, _ indent: Int?, _ level: Int) {
    guard let indent else { return }
    out += "\n" + String(repeating: " ", count: indent * level)
  }

  private static func text(of value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return value.description
  }

  private static func writeQuoted(_ text: String, to out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        out += "\\u00" + hexadecimal(UInt8(scalar.value))
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}
