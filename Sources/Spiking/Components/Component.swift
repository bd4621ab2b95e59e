// A component is declared once: from its settings follow its argument list, its checks, its help, its printed form, its
// equality and its form in files.

import Faults

/// Something with settings that a call in the language makes: a loss, an optimiser, a schedule, a surrogate.
///
/// The default of a setting is the value that its property begins with, and stands nowhere else.
public protocol Component: Described, Sendable {
  /// With each setting at its default.
  init()
  static var declaration: Declaration<Self> { get }
}

/// The name of a kind of component, what it is, and its settings.
public struct Declaration<Whole>: Sendable {
  /// The name in the language.
  public let name: String
  public let documentation: String
  public let settings: [SettingDeclaration<Whole>]
  /// Lines that run as they stand, for its help; checked by the tests.
  public let example: String

  public init(_ name: String, _ documentation: String, _ settings: [SettingDeclaration<Whole>] = [], example: String = "") {
    self.name = name
    self.documentation = documentation
    self.settings = settings
    self.example = example
  }
}

/// What a setting may be.
public enum SettingForm: Sendable {
  case number(Bounds)
  case integer(ClosedRange<Int>)
  case flag
  /// One of some words.
  case choice([String])
  /// A list of numbers.
  case numbers(Bounds)
}

/// One setting: how it is read and written, what it may be, and what it means.
public struct SettingDeclaration<Whole>: Sendable {
  public let name: String
  public let form: SettingForm
  public let mayBeNil: Bool
  public let documentation: String
  public let read: @Sendable (Whole) -> Setting
  let write: @Sendable (inout Whole, Setting) -> Bool

  private init(
    _ name: String, _ form: SettingForm, mayBeNil: Bool = false, _ documentation: String,
    read: @escaping @Sendable (Whole) -> Setting, write: @escaping @Sendable (inout Whole, Setting) -> Bool
  ) {
    self.name = name
    self.form = form
    self.mayBeNil = mayBeNil
    self.documentation = documentation
    self.read = read
    self.write = write
  }

  /// The same setting of something larger that holds a `Whole`.
  func inside<Outer>(_ path: WritableKeyPath<Outer, Whole> & Sendable) -> SettingDeclaration<Outer> {
    let (read, write) = (read, write)
    return SettingDeclaration<Outer>(
      name, form, mayBeNil: mayBeNil, documentation, read: { read($0[keyPath: path]) }) { whole, setting in
        write(&whole[keyPath: path], setting)
      }
  }

  public static func number(
    _ name: String, _ path: WritableKeyPath<Whole, Double> & Sendable, _ bounds: Bounds, _ documentation: String
  ) -> Self {
    Self(name, .number(bounds), documentation, read: { .number($0[keyPath: path]) }) { whole, setting in
      setting.number.map { whole[keyPath: path] = $0 } != nil
    }
  }

  public static func number(
    _ name: String, _ path: WritableKeyPath<Whole, Float> & Sendable, _ bounds: Bounds, _ documentation: String
  ) -> Self {
    Self(name, .number(bounds), documentation, read: { .single($0[keyPath: path]) }) { whole, setting in
      setting.number.map { whole[keyPath: path] = Float($0) } != nil
    }
  }

  public static func number(
    _ name: String, _ path: WritableKeyPath<Whole, Double?> & Sendable, _ bounds: Bounds, _ documentation: String
  ) -> Self {
    Self(name, .number(bounds), mayBeNil: true, documentation, read: { $0[keyPath: path].map { .number($0) } ?? .none }) {
      whole, setting in
      whole[keyPath: path] = setting.number
      return setting == .none || setting.number != nil
    }
  }

  public static func integer(
    _ name: String, _ path: WritableKeyPath<Whole, Int> & Sendable, _ range: ClosedRange<Int>, _ documentation: String
  ) -> Self {
    Self(name, .integer(range), documentation, read: { .integer($0[keyPath: path]) }) { whole, setting in
      setting.integer.map { whole[keyPath: path] = $0 } != nil
    }
  }

  public static func flag(
    _ name: String, _ path: WritableKeyPath<Whole, Bool> & Sendable, _ documentation: String
  ) -> Self {
    Self(name, .flag, documentation, read: { .flag($0[keyPath: path]) }) { whole, setting in
      setting.flag.map { whole[keyPath: path] = $0 } != nil
    }
  }

  public static func choice<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ path: WritableKeyPath<Whole, Word> & Sendable, _ documentation: String
  ) -> Self {
    Self(name, .choice(Word.allCases.map(\.rawValue)), documentation, read: { .text($0[keyPath: path].rawValue) }) {
      whole, setting in
      setting.text.flatMap(Word.init).map { whole[keyPath: path] = $0 } != nil
    }
  }

  /// A list of numbers, or nil for none.
  public static func numbers(
    _ name: String, _ path: WritableKeyPath<Whole, [Double]?> & Sendable, _ bounds: Bounds, _ documentation: String
  ) -> Self {
    Self(name, .numbers(bounds), mayBeNil: true, documentation, read: { $0[keyPath: path].map { .numbers($0) } ?? .none }) {
      whole, setting in
      whole[keyPath: path] = setting.numbers
      return setting == .none || setting.numbers != nil
    }
  }
}

extension Component {
  public static var componentName: String { declaration.name }
  public var name: String { Self.declaration.name }

  public var settings: [(name: String, value: Setting)] {
    Self.declaration.settings.map { (name: $0.name, value: $0.read(self)) }
  }

  /// The defaults: what holds a default goes without saying.
  public var standardSettings: [(name: String, value: Setting)] { Self().settings }

  /// A component with some settings; the others are at their defaults.
  ///
  /// - Throws: `.call` for a name that is none of its settings, `.value` for a value that a setting cannot have.
  public init(_ given: [(name: String, value: Setting)]) throws(Fault) {
    self.init()
    for (name, value) in given {
      guard let setting = Self.declaration.settings.first(where: { $0.name == name }) else {
        throw Fault(.call, "`\(Self.declaration.name)` has no setting `\(name)`")
      }
      guard setting.write(&self, value) else {
        throw Fault(
          .value, "`\(name)` of `\(Self.declaration.name)` cannot be \(value.description)",
          label: "it must be \(setting.form.text)")
      }
    }
    try check()
  }

  /// A `.value` fault for the first setting that is out of its bounds.
  public func check() throws(Fault) {
    for setting in Self.declaration.settings {
      let value = setting.read(self)
      if setting.mayBeNil, value == .none { continue }
      guard setting.form.allows(value) else {
        throw Fault(
          .value, "`\(setting.name)` of `\(name)` must be \(setting.form.text)",
          label: "\(setting.name) is \(value.description)")
      }
    }
  }
}

extension SettingForm {
  func allows(_ value: Setting) -> Bool {
    switch self {
    case .number(let bounds): value.number.map(bounds.contains) ?? false
    case .integer(let range): value.integer.map(range.contains) ?? false
    case .flag: value.flag != nil
    case .choice(let words): value.text.map(words.contains) ?? false
    case .numbers(let bounds): value.numbers.map { $0.allSatisfy(bounds.contains) } ?? false
    }
  }

  /// What a value must be: "greater than 0".
  var text: String {
    switch self {
    case .number(let bounds): return bounds.text
    case .integer(let range):
      if range.upperBound == Int.max { return "\(range.lowerBound) or more" }
      return "from \(range.lowerBound) to \(range.upperBound)"
    case .flag: return "true or false"
    case .choice(let words):
      let quoted = words.map { "\"\($0)\"" }
      return quoted.dropLast().joined(separator: ", ") + (quoted.count > 1 ? " or " : "") + (quoted.last ?? "")
    case .numbers(let bounds): return "a list of numbers, each \(bounds.text)"
    }
  }
}
