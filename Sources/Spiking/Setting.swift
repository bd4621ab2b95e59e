// The arguments by which layers, neurons, encoders and optimisers are told apart, in descriptions and in files.

import Tensors

/// One argument's value.
public enum Setting: Sendable, Equatable {
  /// Left open: `nil`.
  case none
  case integer(Int)
  case number(Double)
  /// A number in base units, and what it measures.
  case quantity(Double, ParameterUnit)
  case flag(Bool)
  case text(String)
  case texts([String])
  case integers([Int])
  case numbers([Double])

  /// To the last bit, as it is written: 0 and -0 are two settings.
  public static func == (a: Setting, b: Setting) -> Bool {
    switch (a, b) {
    case (.none, .none): true
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a.bitPattern == b.bitPattern
    case (.quantity(let a, let unit), .quantity(let b, let other)): a.bitPattern == b.bitPattern && unit == other
    case (.flag(let a), .flag(let b)): a == b
    case (.text(let a), .text(let b)): a == b
    case (.texts(let a), .texts(let b)): a == b
    case (.integers(let a), .integers(let b)): a == b
    case (.numbers(let a), .numbers(let b)): a.map(\.bitPattern) == b.map(\.bitPattern)
    default: false
    }
  }

  /// A 32-bit float as the shortest decimal that stands for it: 0.9, not 0.8999999761581421.
  public static func single(_ value: Float) -> Setting { .number(Double("\(value)") ?? Double(value)) }

  /// As the language writes it, to the last bit: settings that differ are written differently.
  public var description: String {
    switch self {
    case .none: "nil"
    case .integer(let value): "\(value)"
    case .number(let value): NumberText.whole(value)
    case .quantity(let value, let unit): unit.text(value)
    case .flag(let value): "\(value)"
    case .text(let value): "\"\(value)\""
    case .texts(let values): "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
    case .numbers(let values): "[" + values.map(NumberText.whole).joined(separator: ", ") + "]"
    }
  }

  /// A number of either kind.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value), .quantity(let value, _): value
    case .none, .flag, .text, .texts, .integers, .numbers: nil
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

  /// A list of numbers of either kind.
  public var numbers: [Double]? {
    switch self {
    case .integers(let values): values.map(Double.init)
    case .numbers(let values): values
    default: nil
    }
  }
}

/// Something that a call in the language makes: its name and its arguments.
public protocol Described {
  /// The name in the language.
  var name: String { get }
  var settings: [(name: String, value: Setting)] { get }
  /// Settings that go without saying: `callText` leaves out those that are as they are here.
  var standardSettings: [(name: String, value: Setting)] { get }
  /// As it would be called: "hybrid(steps=20, alpha=0.5)". What differs in a setting differs in this text.
  var callText: String { get }
}

extension Described {
  /// Whether both are the same call: one name, and the same settings to the last bit.
  public func isSame(as other: any Described) -> Bool {
    name == other.name && settings.elementsEqual(other.settings) { $0.name == $1.name && $0.value == $1.value }
  }

  public var standardSettings: [(name: String, value: Setting)] { [] }

  public var callText: String {
    let standard = standardSettings
    let told = settings.filter { setting in !standard.contains { $0.name == setting.name && $0.value == setting.value } }
    return name + "(" + told.map { "\($0.name)=\($0.value.description)" }.joined(separator: ", ") + ")"
  }
}
