// The builtins of components: their arguments, checks and help follow from what a component declares.

import Faults
import Machine
import Spiking

extension Component {
  /// A parameter for each setting, by name or in order.
  static var parameters: [BuiltinParameter] {
    let standard = Self()
    return declaration.settings.map { setting in
      .optional(
        setting.name, setting.mayBeNil ? setting.form.kind | .nil : setting.form.kind,
        default: setting.read(standard).description, setting.documentation)
    }
  }

  /// A component with the settings of a call, whose parameters from `first` on are those of its declaration.
  static func read(_ call: Call, from first: Int = 0) throws(Fault) -> Self {
    var given: [(name: String, value: Setting)] = []
    for (place, setting) in declaration.settings.enumerated() where call.has(first + place) {
      let index = first + place
      if call[index].isNil {
        given.append((setting.name, .none))
        continue
      }
      switch setting.form {
      case .number: given.append((setting.name, .number(try call.number(index))))
      case .integer: given.append((setting.name, .integer(try call.int(index))))
      case .flag: given.append((setting.name, .flag(try call.bool(index))))
      case .choice(let words):
        let word = try call.string(index)
        guard words.contains(word) else {
          let list = words.map { "\"\($0)\"" }.joined(separator: ", ")
          throw call.wrong(index, "is not known: \"\(word)\"", help: didYouMean(word, among: words) ?? "it is one of \(list)")
        }
        given.append((setting.name, .text(word)))
      case .numbers:
        var numbers: [Double] = []
        for element in try call.elements(index) {
          guard let number = element.asNumber else { throw call.mismatch(index, "a list of numbers") }
          numbers.append(number)
        }
        given.append((setting.name, .numbers(numbers)))
      }
    }
    return try Self(given)
  }

  /// The builtin that makes such a component.
  ///
  /// - Parameter value: the component as a value of the language.
  static func builtin(
    returns: String, subject: String = "training", _ value: @escaping @Sendable (Self) -> any ForeignValue
  ) -> Builtin {
    Builtin(
      declaration.name, parameters, returns: returns, subject: subject, declaration.documentation,
      example: declaration.example
    ) { (call) throws(Fault) in .foreign(value(try read(call))) }
  }
}

extension Call {
  /// The components in an argument, which is one, a list of them, or nil for none.
  ///
  /// - Parameters:
  ///   - expected: what each must be, for the message.
  ///   - read: the component that a value stands for; nil where it is none.
  func parts<Part>(_ index: Int, _ expected: String, _ read: (Value) -> Part?) throws(Fault) -> [Part] {
    guard has(index), !self[index].isNil else { return [] }
    var found: [Part] = []
    for value in self[index].elements.map({ Array($0) }) ?? [self[index]] {
      guard let part = read(value) else { throw mismatch(index, "\(expected), or a list of them") }
      found.append(part)
    }
    return found
  }
}

extension SettingForm {
  /// What kinds of value may be given.
  var kind: Kind {
    switch self {
    case .number: .number
    case .integer: .int
    case .flag: .bool
    case .choice: .string
    case .numbers: .array
    }
  }
}
