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
    var writer = JSONWriter(indent: indent)
    write(to: &writer)
    return writer.text
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.null()
    case .bool(let value): writer.bool(value)
    case .integer(let value): writer.integer(value)
    case .number(let value): writer.number(value)
    case .string(let value): writer.string(value)
    case .list(let elements):
      writer.beginList()
      for element in elements { element.write(to: &writer) }
      writer.endList()
    case .object(let members):
      writer.beginObject()
      for member in members {
        writer.name(member.name)
        member.value.write(to: &writer)
      }
      writer.endObject()
    }
  }
}
