// The arguments by which layers, neurons, encoders and optimisers are told apart, in descriptions and in files.

/// One argument's value.
public enum Setting: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case texts([String])
  case integers([Int])

  /// As the language writes it; numbers with the digits of a 32-bit float.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isNaN ? "nan" : "\(Float(value))"
    case .flag(let value): "\(value)"
    case .text(let value): "\"\(value)\""
    case .texts(let values): "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
    }
  }

  /// A number of either kind.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .flag, .text, .texts, .integers: nil
    }
  }

  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  public var flag: Bool? {
    if case .flag(let value) = self { value } else { nil }
  }

  public var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  public var texts: [String]? {
    if case .texts(let values) = self { values } else { nil }
  }

  public var integers: [Int]? {
    if case .integers(let values) = self { values } else { nil }
  }
}

/// Something that a call in the language makes: its name and its arguments.
public protocol Described {
  /// The name in the language.
  var name: String { get }
  var settings: [(name: String, value: Setting)] { get }
  /// As it would be called: "hybrid(steps=20, alpha=0.5)".
  var callText: String { get }
}

extension Described {
  public var callText: String {
    name + "(" + settings.map { "\($0.name)=\($0.value.description)" }.joined(separator: ", ") + ")"
  }
}
